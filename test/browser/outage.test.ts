import { sql } from "kysely";
import type { Browser, Page } from "playwright-core";
import { type Booth, openBooth } from "../support/booth";
import { openBrowser, pairedContext } from "../support/browser";
import { NOON } from "../support/databases";
import { type Device, openDevice } from "../support/device";
import { BAD, openProxy, type Proxy, random } from "../support/proxy";

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
  /** Visits that count, as those knew who had logged them. */
  logged: number;
  there: number;
}

/** Hands at a tablet's page, and eyes on what it says. */
class Hands {
  readonly remembered: Remembered[] = [];
  readonly claims: Claim[] = [];
  page: Page;
  readonly #booth: Booth;
  #undone = 0;

  constructor(page: Page, booth: Booth) {
    this.page = page;
    this.#booth = booth;
  }

  /** Waits until the page can be used, and listens from then on to all that it says. */
  async watch(): Promise<void> {
    await this.page.locator("html.scripted").waitFor();
    await this.page.exposeFunction("claimed", (words: string) => this.#claimed(words)).catch(() => {}); // It is there since an earlier load.
    await this.page.evaluate(`
      const standing = document.querySelector("[data-standing]");
      const said = document.querySelector("[data-said-text]");
      claimed(standing.textContent);
      new MutationObserver(() => claimed(standing.textContent)).observe(standing, { childList: true });
      window.saidNext = (words) => new Promise((resolve) => {
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
    this.#undone += 1;
  }

  /** How many it says wait for the laptop. */
  async waiting(): Promise<number> {
    const words = await this.page.locator("[data-standing]").innerText();
    return words === ALL_THERE ? 0 : Number.parseInt(words, 10);
  }

  get counted(): number {
    return this.remembered.length;
  }

  async #claimed(words: string): Promise<void> {
    const logged = this.counted;
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

/** Looks again until it is so. */
async function until(isSo: () => Promise<boolean>, meanwhile: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await isSo()) return;
    await meanwhile();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("It took too long.");
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
