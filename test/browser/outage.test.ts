import { sql } from "kysely";
import type { Browser, Page } from "playwright-core";
import { type Booth, openBooth } from "../support/booth";
import { openBrowser, pairedContext, until } from "../support/browser";
import { NOON } from "../support/databases";
import { type Device, openDevice } from "../support/device";
import { BAD, GOOD, type Network, openProxy, random } from "../support/proxy";

const KEYS = { existing: "1", curious: "2", new: "3" } as const;
const NAMES = { existing: "Existing user", curious: "Curious", new: "New" };
type Category = keyof typeof KEYS;
const CATEGORIES = Object.keys(KEYS) as Category[];
const ALL_THERE = "All on the laptop";

/** A visit as the hands that logged it remember it. */
interface Remembered {
  category: Category;
  /** Between these two moments it happened. */
  from: number;
  to: number;
  note?: string;
  question?: string;
}

/** What the line between targets and bar said, and what the laptop had when it said so. */
interface Claim {
  words: string;
  /** Visits that count, as the page had said by then. */
  logged: number;
  there: number;
}

/** Hands at a tablet's page, and eyes on what it says. */
class Hands {
  readonly remembered: Remembered[] = [];
  readonly claims: Claim[] = [];
  page: Page;
  undone = 0;
  readonly #booth: Booth;

  constructor(page: Page, booth: Booth) {
    this.page = page;
    this.#booth = booth;
  }

  /** Waits until the page can be used, and listens from then on to all that it says. */
  async watch(): Promise<void> {
    await this.page.locator("html.scripted").waitFor();
    // It is there since an earlier load of the page.
    await this.page
      .exposeFunction("claim", (words: string, logged: number) => this.#hear(words, logged))
      .catch(() => {});
    await this.page.evaluate(`
      const standing = document.querySelector("[data-standing]");
      const said = document.querySelector("[data-said-text]");
      let logged = ${this.counted};
      new MutationObserver(() => {
        if (said.textContent.startsWith("Logged: ")) logged += 1;
        if (said.textContent.startsWith("Undone: ")) logged -= 1;
      }).observe(said, { childList: true });
      claim(standing.textContent, logged);
      new MutationObserver(() => claim(standing.textContent, logged)).observe(standing, { childList: true });
      window.saidNext = (words) => new Promise((resolve, reject) => {
        setTimeout(() => reject(new Error("It never said “" + words + "”, but “" + said.textContent + "”.")), 15_000);
        const listening = new MutationObserver(() => {
          if (!said.textContent.startsWith(words)) return;
          listening.disconnect();
          resolve();
        });
        listening.observe(said, { childList: true });
      });
    `);
  }

  async log(category: Category): Promise<void> {
    const from = Date.now();
    const said = this.page.evaluate(`saidNext("Logged: ${NAMES[category]}")`);
    await this.page.keyboard.press(KEYS[category]);
    await said;
    this.remembered.push({ category, from, to: Date.now() });
  }

  /** Types into the visit that is open, and leaves the field: from then on the words are as safe as the visit. */
  async type(field: "note" | "question", words: string): Promise<void> {
    const place = this.page.getByLabel(field === "note" ? "Note" : "Question 1", { exact: true });
    await place.fill(words);
    await place.blur();
    Object.assign(this.remembered.at(-1) as Remembered, { [field]: words });
  }

  async undo(): Promise<void> {
    const said = this.page.evaluate(`saidNext("Undone: ")`);
    await this.page.getByRole("button", { name: "Undo" }).click();
    await said;
    this.remembered.pop();
    this.undone += 1;
  }

  /** How many it says wait for the laptop. */
  async waiting(): Promise<number> {
    const words = await this.page.locator("[data-standing]").innerText();
    return words === ALL_THERE ? 0 : Number.parseInt(words, 10);
  }

  get counted(): number {
    return this.remembered.length;
  }

  async #hear(words: string, logged: number): Promise<void> {
    this.claims.push({ words, logged, there: (await visitsOf(this.#booth)).length });
  }
}

/** All that counts on the laptop, in the order in which it arrived. */
async function visitsOf(booth: Booth) {
  return booth.db.read
    .selectFrom("visits")
    .leftJoin("questions", "questions.visit_id", "visits.id")
    .select([
      "visits.id",
      "visits.category",
      "visits.happened_at",
      "visits.note",
      "visits.device_id",
      "visits.local_day",
      "visits.local_hour",
      "questions.text as question",
    ])
    .where("visits.deleted_at", "is", null)
    .orderBy(sql`visits.rowid`)
    .execute();
}

/** What arrived is what was logged: each once, in this order, of this kind, at this time, with these words. */
function expectAll(there: Awaited<ReturnType<typeof visitsOf>>, logged: Remembered[]): void {
  expect(there.map(({ category, note, question }) => ({ category, note, question }))).toEqual(
    logged.map(({ category, note = null, question = null }) => ({ category, note, question })),
  );
  const wrong = logged.filter(({ from, to }, index) => {
    const at = there[index]?.happened_at ?? 0;
    return at < from || at > to;
  });
  expect(wrong).toEqual([]);
  expect(new Set(there.map((visit) => visit.id)).size).toBe(logged.length);
}

/** Nothing was said of the laptop that was not so: what waits and what is there is together all that was logged. */
function expectHonest(claims: Claim[]): void {
  const lies = claims.filter(({ words, logged, there }) => {
    const waiting = words === ALL_THERE ? 0 : Number.parseInt(words, 10);
    return !(waiting + there >= logged);
  });
  expect(lies).toEqual([]);
}

/** The tablet hears that its network is back. */
const networkIsBack = (page: Page) => page.evaluate(`dispatchEvent(new Event("online"))`);

describe("200 visits while the laptop is out of reach, the page loaded anew and the browser killed in between,", () => {
  let booth: Booth;
  let device: Device;

  beforeAll(async () => {
    booth = await openBooth({ now: Date.now });
    device = await openDevice();
  });
  afterAll(async () => {
    await device?.remove();
    await booth.close();
  });

  test("arrive once each, in order, with their times and words", async () => {
    const tablet = await booth.tablet();
    await device.context.addCookies([
      {
        name: "boothlight_device",
        value: tablet.token,
        url: booth.address,
        httpOnly: true,
        expires: Date.now() / 1000 + 3600,
      },
    ]);
    await device.page.goto(`${booth.address}/capture`);
    await device.page.getByText("This page starts without network").waitFor({ state: "attached" });
    // The evening before: the browser has its cookie on the disk by then.
    await device.close();
    await booth.goAway();

    await device.start();
    await device.page.goto(`${booth.address}/capture`);
    const hands = new Hands(device.page, booth);
    await hands.watch();
    const luck = random(200);
    const logTo = async (count: number) => {
      while (hands.counted < count) {
        await hands.log(CATEGORIES[Math.floor(luck() * 3)] as Category);
        if (hands.counted % 25 === 0) await hands.type("note", `said while away, ${hands.counted}`);
        if (hands.counted % 40 === 0) await hands.type("question", `Question of visit ${hands.counted}?`);
      }
    };
    await logTo(70);
    await device.page.reload();
    await hands.watch();
    expect(await hands.waiting()).toBe(70);
    await logTo(140);

    // One more, and in the middle of it the browser dies: the one visit of which nobody was told that it is logged.
    const from = Date.now();
    await Promise.all([
      device.page.keyboard.press(KEYS.new).catch(() => {}),
      new Promise((resolve) => setTimeout(resolve, 5)).then(() => device.kill()),
    ]);
    await device.start();
    hands.page = device.page;
    await device.page.goto(`${booth.address}/capture`);
    await hands.watch();
    const kept = await hands.waiting();
    expect([140, 141]).toContain(kept);
    if (kept === 141) hands.remembered.push({ category: "new", from, to: Date.now() });
    await logTo(200);
    expect(await hands.waiting()).toBe(200);
    expect(await visitsOf(booth)).toEqual([]);

    await booth.comeBack();
    await networkIsBack(device.page);
    await device.page.getByText(ALL_THERE).waitFor();
    expectAll(await visitsOf(booth), hands.remembered);
    expect(hands.remembered).toHaveLength(200);
    expect(await booth.db.read.selectFrom("visit_conflicts").select("id").execute()).toEqual([]);

    expectHonest(hands.claims);
    const first = new Date(hands.remembered[0]!.from).toLocaleTimeString("en", {
      timeZone: "Europe/Brussels",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
    const whileAway = new Set(hands.claims.map(({ words }) => words.replace(/^\d+/, "#")));
    expect([...whileAway].filter((words) => /waiting/.test(words))).toEqual([
      `# waiting for the laptop since ${first}: out of reach`,
    ]);
  });
});

describe("through a network that loses three requests in ten and three answers in ten, and delays the rest,", () => {
  let browser: Browser;
  let booth: Booth;
  let network: Network;

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    booth = await openBooth({ now: Date.now });
    network = await openProxy(booth.address, 30);
  });
  afterEach(async () => {
    await network.close();
    await booth.close();
  });

  /** A paired tablet whose page was opened before the network got bad. */
  async function openTablet(): Promise<Hands> {
    const context = await pairedContext(browser, booth);
    const page = await context.newPage();
    await page.goto(`${network.address}/capture`);
    const hands = new Hands(page, booth);
    await hands.watch();
    return hands;
  }

  /** Until all is said to be on the laptop. Wi-Fi of that kind comes and goes. */
  const untilAllIsThere = (...tablets: Hands[]) =>
    until(
      () => Promise.all(tablets.map((hands) => hands.waiting())),
      (waiting) => waiting.every((count) => count === 0),
      () => Promise.all(tablets.map((hands) => networkIsBack(hands.page))),
    );

  test("200 visits arrive once each, with all that was added and without what was undone meanwhile", async () => {
    const hands = await openTablet();
    network.become(BAD);
    const luck = random(201);
    while (hands.counted < 200) {
      await hands.log(CATEGORIES[Math.floor(luck() * 3)] as Category);
      const turn = Math.floor(luck() * 24);
      if (turn === 0) await hands.type("note", `note of ${hands.counted}`);
      if (turn === 1) await hands.type("question", `question of ${hands.counted}?`);
      if (turn === 2) await hands.undo();
    }
    await untilAllIsThere(hands);
    // A slow laptop gets fewer requests, of which fewer are lost: what waits meanwhile goes together.
    let more = 0;
    for (; Math.min(network.counts.lostRequests, network.counts.lostAnswers) <= 10; more++) {
      await hands.log("new");
      await untilAllIsThere(hands);
    }
    expectAll(await visitsOf(booth), hands.remembered);
    expect(hands.remembered).toHaveLength(200 + more);
    expect(hands.undone).toBeGreaterThan(2);
    expect(await booth.db.read.selectFrom("visit_conflicts").select("id").execute()).toEqual([]);
    expectHonest(hands.claims);
    expect(network.counts.lostRequests).toBeGreaterThan(10);
    expect(network.counts.lostAnswers).toBeGreaterThan(10);
  });

  test("two tablets log 50 visits each, and each of them arrives once", async () => {
    const tablets = [await openTablet(), await openTablet()];
    network.become(BAD);
    await Promise.all(
      tablets.map(async (hands, which) => {
        for (let count = 0; count < 50; count++) {
          await hands.log(CATEGORIES[(count + which) % 3] as Category);
          if (count % 10 === 9) await hands.type("note", `note ${count} of tablet ${which}`);
        }
      }),
    );
    await untilAllIsThere(...tablets);
    network.become(GOOD);
    const there = await visitsOf(booth);
    expect(there).toHaveLength(100);
    const devices = [...new Set(there.map((visit) => visit.device_id))];
    const ofEach = devices.map((id) => there.filter((visit) => visit.device_id === id));
    // Whose first visit came first was the network's choice.
    if (ofEach[0]?.[0]?.category !== "existing") ofEach.reverse();
    for (const [which, hands] of tablets.entries()) expectAll(ofEach[which] ?? [], hands.remembered);
  });
});

describe("with a tablet's clock", () => {
  const HOUR = 3_600_000;
  let browser: Browser;
  let booth: Booth;
  /** How far the booth's clock is from the clock of this machine. */
  let later: number;

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    later = NOON - Date.now();
    booth = await openBooth({ now: () => Date.now() + later });
  });
  afterEach(() => booth.close());

  test.each([
    ["three hours fast", 3, 3],
    ["three hours slow", -3, -3],
    ["three hours fast until somebody puts it right while visits wait", 3, 0],
    ["three hours slow until somebody puts it right while visits wait", -3, 0],
    ["right until somebody puts it three hours off while visits wait", 0, 3],
  ])("%s the report has the visits in the right hours", async (_name, offBefore, offAfter) => {
    const context = await pairedContext(browser, booth);
    await context.addInitScript(`
      const Real = Date;
      window.wrongBy = ${later + offBefore * HOUR};
      window.Date = class extends Real {
        constructor(...given) { given.length > 0 ? super(...given) : super(Real.now() + wrongBy); }
        static now() { return Real.now() + wrongBy; }
      };`);
    const page = await context.newPage();
    await Promise.all([page.waitForResponse("**/api/today*"), page.goto(`${booth.address}/capture`)]);
    const hands = new Hands(page, booth);
    await hands.watch();
    /** Time goes by while the tablet sleeps, and its clock is wrong by so many hours from then on. */
    const hoursGoBy = async (hours: number, off: number) => {
      later += hours * HOUR;
      await page.evaluate(`wrongBy = ${later + off * HOUR}`);
    };
    const logSome = async (count: number) => {
      for (let some = 0; some < count; some++) await hands.log("curious");
    };

    // It is noon at the booth.
    await logSome(2);
    await page.getByText(ALL_THERE).waitFor();
    await booth.goAway();
    await hoursGoBy(1, offBefore);
    await logSome(3);
    await hoursGoBy(1, offAfter);
    await logSome(4);
    await hoursGoBy(2, offAfter);
    await booth.comeBack();
    await networkIsBack(page);
    await page.getByText(ALL_THERE).waitFor();
    await logSome(1);
    await until(
      () => visitsOf(booth),
      (found) => found.length === 10,
    );

    const organizer = await booth.organizer();
    const { body } = await organizer.get("/events/winter-camp/report.json").expect(200);
    expect(body.hour).toEqual({ 12: 2, 13: 3, 14: 4, 16: 1 });
    expect(body.day).toEqual({ "2024-02-03": 10 });
    await context.close();
  });
});

test("a tap that comes before the page is ready is logged, with the time of the tap", async () => {
  const browser = await openBrowser();
  const booth = await openBooth({ now: Date.now });
  const context = await pairedContext(browser, booth);
  const page = await context.newPage();
  // The tablet's disk takes its time.
  await page.addInitScript(`
    const open = IDBFactory.prototype.open;
    IDBFactory.prototype.open = function (...given) {
      const before = Date.now();
      while (Date.now() - before < 20);
      const opening = open.apply(this, given);
      const listen = opening.addEventListener;
      opening.addEventListener = (type, listener) =>
        listen.call(opening, type, (event) =>
          type === "success" ? setTimeout(() => listener.call(opening, event), 1500) : listener.call(opening, event));
      return opening;
    };`);
  await page.goto(`${booth.address}/capture`);
  const from = Date.now();
  await page.locator("[data-targets]").getByRole("button", { name: "Curious" }).tap();
  const to = Date.now();
  expect(await page.locator("html.scripted").count()).toBe(0);
  await page.getByText("Logged: Curious").waitFor();
  await page.getByText(ALL_THERE).waitFor();
  expectAll(await visitsOf(booth), [{ category: "curious", from, to }]);
  await browser.close();
  await booth.close();
});
