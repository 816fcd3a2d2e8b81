import type { Browser } from "playwright-core";
import { uuidv7 } from "uuidv7";
import { complaintsAbout } from "../support/axe";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { faultsOf, openBrowser, signIn } from "../support/browser";
import { ENGINES, type Engine, NOON } from "../support/databases";

const PARTS = ["project", "platform", "remark"] as const;
type Entries = Partial<Record<(typeof PARTS)[number], [slug: string, name: string][]>>;

/** Sets an event up, with the entries of its lists that it is about. */
async function addCamp(
  booth: Booth,
  { slug, name = slug, startsOn, ...lists }: { slug: string; name?: string; startsOn: string } & Entries,
): Promise<string> {
  const id = uuidv7();
  await booth.db.write(async (writer) => {
    await writer
      .insertInto("events")
      .values({
        id,
        slug,
        name,
        venue: "Brussels",
        time_zone: "Europe/Brussels",
        starts_on: startsOn,
        ends_on: startsOn,
        created_at: NOON,
      })
      .execute();
    for (const part of PARTS) {
      for (const [index, [entry, words]] of (lists[part] ?? []).entries()) {
        await writer
          .insertInto(`${part}s`)
          .values({ id: uuidv7(), event_id: id, slug: entry, name: words, position: index + 1 })
          .execute();
      }
    }
  });
  return id;
}

/** Logs so many visits of a kind at an event, from nine in the morning of a day on, an hour each six. */
async function log(booth: Booth, eventId: string, day: string, many: number, given: object): Promise<void> {
  const tablet = await booth.tablet();
  await booth.db.write((writer) =>
    writer.updateTable("devices").set({ event_id: eventId }).where("id", "=", tablet.id).execute(),
  );
  const first = Date.parse(`${day}T09:00:00+01:00`);
  const visits = Array.from({ length: many }, (_, index) =>
    aVisit({ happenedAt: new Date(first + Math.floor(index / 6) * 3_600_000).toISOString(), ...given }),
  );
  for (let from = 0; from < many; from += 100) {
    const results = await tablet.send(...visits.slice(from, from + 100));
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(["recorded"]));
  }
}

/** Two camps of Lantern: in the second many more had never heard of it, and something is new. */
async function twoCamps(engine?: Engine): Promise<Booth> {
  const booth = await openBooth({ engine });
  booth.setClock(Date.UTC(2024, 1, 20));
  const earlier = await addCamp(booth, {
    slug: "winter-camp-2023",
    name: "Winter Camp 2023",
    startsOn: "2023-02-03",
    project: [["lantern", "Lantern"]],
    platform: [["vmware", "VMware"]],
    remark: [["easier-install", "Easier to set up"]],
  });
  await addCamp(booth, { slug: "elsewhere", startsOn: "2023-06-01", project: [["candle", "Candle"]] });
  const ask = (text: string) => ({ questions: [{ text }] });
  await log(booth, earlier, "2023-02-03", 40, { category: "curious", remarks: ["easier-install"] });
  await log(booth, earlier, "2023-02-03", 6, { category: "new", platform: "vmware" });
  await log(booth, earlier, "2023-02-03", 4, { category: "curious", ...ask("Does it run on ARM?") });
  await log(booth, booth.eventId, "2024-02-02", 30, { category: "new", remarks: ["easier-install"] });
  await log(booth, booth.eventId, "2024-02-03", 24, { category: "curious", platform: "proxmox" });
  await log(booth, booth.eventId, "2024-02-03", 7, { category: "new", ...ask("Does it run on the ARM?") });
  return booth;
}

const BOTH = "/compare?event=winter-camp&event=winter-camp-2023";
const text = (html: string) =>
  html
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .replaceAll("&#39;", "'");

describe.each(ENGINES)("two events on %s", (engine) => {
  let booth: Booth;
  beforeAll(async () => {
    booth = await twoCamps(engine);
  });
  afterAll(() => booth.close());
  const look = async (address: string) => (await booth.organizer()).get(address);

  test("stand side by side in order of time, and the page says what is telling", async () => {
    const page = await look(BOTH);
    expect(page.status).toBe(200);
    const said = text(page.text);
    expect(said).toMatch(
      /◇ Winter Camp 2023 3 Feb 2023 · Brussels · 50 conversations .* ● Winter Camp 2 – 4 Feb 2024/,
    );
    expect(said).toContain(
      "More of those who do not use the project yet had never heard of it: 61% (48–72) after 12% (6–24).",
    );
    expect(said).toContain(
      "“Easier to install these days” was heard in 30 of 61 conversations, and in 40 of 50 the year before.",
    );
    expect(said).toContain("was asked 7 times in 7 questions, and 4 times in 4 the year before.");
  });

  test("are the same for programs, with the level at which each difference was judged", async () => {
    const { body } = await look(BOTH.replace("?", ".json?"));
    expect(body.columns.map(({ key }: { key: string }) => key)).toEqual(["winter-camp-2023", "winter-camp"]);
    expect(body.counts).toMatchObject({ visits: [50, 61], questions: [4, 7], hours: [7, 9] });
    const never = body.shares.find(({ key }: { key: string }) => key === "never");
    expect(never.cells[1]).toMatchObject({
      part: 37,
      whole: 61,
      comparison: { since: "winter-camp-2023", told: "more" },
    });
    expect(never.cells[1].comparison.low).toBeGreaterThan(0);
    expect(never.cells[1].comparison.level).toBeGreaterThan(0.95);
    expect(body.asked).toEqual([{ text: "Does it run on the ARM?", times: [4, 7] }]);
  });

  test("are found by themselves: this one, and the one before it that shows one of its projects", async () => {
    const json = async (address: string) =>
      (await look(address)).body.columns?.map(({ key }: { key: string }) => key);
    expect(await json("/compare.json")).toEqual(["winter-camp-2023", "winter-camp"]);
    expect(await json("/compare.json?event=winter-camp")).toEqual(["winter-camp-2023", "winter-camp"]);
    const alone = await look("/compare?event=elsewhere");
    expect(text(alone.text)).toContain("no earlier event with one of the projects of elsewhere");
    expect((await look("/compare.json?event=elsewhere")).status).toBe(422);
  });

  test("that are not there are missing, and more than six come back as they were chosen", async () => {
    expect((await look("/compare?event=winter-camp&event=nowhere")).status).toBe(404);
    for (let year = 2010; year < 2015; year += 1) {
      await addCamp(booth, { slug: `camp-${year}`, startsOn: `${year}-01-01` });
    }
    const slugs = [2010, 2011, 2012, 2013, 2014].map((year) => `camp-${year}`);
    const query = [...slugs, "winter-camp", "elsewhere"].map((slug) => `event=${slug}`).join("&");
    const page = await look(`/compare?${query}`);
    expect(page.status).toBe(422);
    expect(page.text).toContain("These are 7: choose 6 at most.");
    // What was chosen stays chosen, so that one can be taken out.
    for (const slug of ["camp-2010", "elsewhere"]) expect(page.text).toContain(`value="${slug}" checked`);
    const answer = await look(`/compare.json?${query}`);
    expect([answer.status, answer.text]).toEqual([422, expect.stringContaining("Name two to 6")]);
  });

  test("days of one are compared by themselves, those outside the event's too where they are named", async () => {
    const days = await look("/events/winter-camp/compare.json");
    expect(days.body.columns.map(({ key }: { key: string }) => key)).toEqual(["2024-02-02", "2024-02-03"]);
    expect(days.body.counts.visits).toEqual([30, 31]);
    expect(days.body.asked).toEqual([{ text: "Does it run on the ARM?", times: [0, 7] }]);
    const page = await look(
      "/events/winter-camp/compare?day=2024-02-03&day=2024-02-02&day=2024-02-09&day=nonsense",
    );
    expect(page.status).toBe(200);
    expect(text(page.text)).toContain("not one of the event's days · 0 conversations");
    expect(text(page.text)).toContain("No conversation was logged on Fri 9 Feb.");
    expect(text(page.text)).toContain("Proxmox VE");
  });
});

test("without an event, with one, and with one that is ahead, the page says what it takes", async () => {
  const booth = await openBooth();
  const look = async (address: string) => (await booth.organizer()).get(address);
  booth.setClock(Date.UTC(2024, 0, 1));
  expect(text((await look("/compare")).text)).toContain("no earlier event");
  expect(text((await look("/events/winter-camp/compare")).text)).toContain("Nothing has been logged yet");
  await addCamp(booth, { slug: "before", startsOn: "2023-01-01", project: [["wick", "Wick"]] });
  const page = text((await look("/compare?event=winter-camp")).text);
  expect(page).toContain("Winter Camp has not begun yet.");
  expect(page).toContain("There is too little to tell a change from chance.");
  await booth.db.write(async (writer) => {
    for (const list of ["booths", "projects", "topics", "platforms", "remarks", "giveaways"] as const) {
      await writer.deleteFrom(list).execute();
    }
    await writer.deleteFrom("devices").execute();
    await writer.deleteFrom("events").execute();
  });
  expect(text((await look("/compare")).text)).toContain("There is no event yet.");
  await booth.close();
});

describe("in a browser", () => {
  const LONG = "Donaudampfschifffahrtsgesellschaftskapitänswitwentreffen";
  let browser: Browser;
  let booth: Booth;
  beforeAll(async () => {
    browser = await openBrowser();
    booth = await twoCamps();
    for (const year of [2021, 2022]) {
      const camp = await addCamp(booth, {
        slug: `camp-${year}`,
        name: `${LONG} ${year}`,
        startsOn: `${year}-02-03`,
        platform: [[`p-${year}`, `<b>${LONG}</b> ${year}`]],
      });
      await log(booth, camp, `${year}-02-03`, 5, { platform: `p-${year}`, category: "existing" });
    }
  });
  afterAll(async () => {
    await browser.close();
    await booth.close();
  });

  test("four events with long names can be read by everybody on a phone, the first column always in sight", async () => {
    const context = await browser.newContext({
      viewport: { width: 390, height: 844 },
      colorScheme: "dark",
      reducedMotion: "reduce",
    });
    const faults = faultsOf(context);
    const page = await context.newPage();
    await signIn(page, booth.address);
    await page.goto(`${booth.address}${BOTH}&event=camp-2021&event=camp-2022`);
    await page.evaluate("for (const fold of document.querySelectorAll('main details')) fold.open = true");
    expect(await complaintsAbout(page)).toEqual([]);
    const frame = page.getByRole("region", { name: "How busy it was" });
    const [name, last] = [frame.locator("tbody th").first(), frame.locator("tbody td").nth(3)];
    await last.scrollIntoViewIfNeeded();
    const boxes = await Promise.all([frame, name, last].map((each) => each.boundingBox()));
    const [around, first, scrolledTo] = boxes.map((box) => box ?? { x: Number.NaN, width: Number.NaN });
    expect(first!.x - around!.x).toBeLessThan(2);
    expect(scrolledTo!.x).toBeGreaterThan(first!.x + first!.width - 2);
    expect(scrolledTo!.x + scrolledTo!.width).toBeLessThanOrEqual(390);
    expect(faults).toEqual([]);
    await context.close();
  });

  test("other events are chosen with a plain form", async () => {
    const context = await browser.newContext({
      viewport: { width: 1366, height: 800 },
      javaScriptEnabled: false,
    });
    const page = await context.newPage();
    await signIn(page, booth.address);
    await page.goto(`${booth.address}/events/winter-camp/report`);
    await page.getByRole("link", { name: "Compare" }).click();
    await page.getByText("Choose events").click();
    await page.getByRole("checkbox", { name: "Winter Camp 2023" }).uncheck();
    await page.getByRole("checkbox", { name: `${LONG} 2022` }).check();
    await page.getByRole("button", { name: "Compare" }).click();
    expect(page.url()).toBe(`${booth.address}/compare?event=winter-camp&event=camp-2022`);
    await page.getByText("the numbers are shown, and nothing is concluded from them").waitFor();
    await context.close();
  });
});
