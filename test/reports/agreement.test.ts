import Papa from "papaparse";
import { uuidv7 } from "uuidv7";
import { readEventFile } from "../../src/imports/form";
import { importEvent } from "../../src/imports/store";
import type { SentVisit } from "../../src/visits/form";
import { type Booth, openBooth } from "../support/booth";
import { ENGINES, NOON } from "../support/databases";

/* An event in the night in which Lisbon's clocks go forward: at 01:00 of the 31st it is 02:00 at once. */
const ZONE = "Europe/Lisbon";
const EVENT = { slug: "night", name: "Night of Lights", venue: "Lisbon", timeZone: ZONE };
const DAYS = { startsOn: "2024-03-30", endsOn: "2024-03-31" };

const named = (...slugs: string[]) => slugs.map((slug) => ({ slug, name: slug.toUpperCase() }));
const LISTS = {
  booths: named("hall"),
  projects: named("lantern", "wick"),
  topics: named("storage", "upgrade"),
  platforms: named("vmware", "proxmox"),
  remarks: [{ slug: "easier", text: "EASIER" }],
  giveaways: named("sticker", "shirt"),
};

/** 120 visits, one every 17 minutes: from the morning of the first day to the evening of the second, over the change. */
const VISITS: SentVisit[] = Array.from({ length: 120 }, (_, n) => {
  const of = <T>(every: number, what: T) => (n % every === 0 ? what : undefined);
  return {
    id: uuidv7(),
    revision: 1,
    category: (["existing", "curious", "new"] as const)[(n * 7) % 3],
    happenedAt: new Date(Date.UTC(2024, 2, 30, 8) + n * 17 * 60_000).toISOString(),
    project: ["lantern", "wick", undefined][n % 3],
    people: 1 + (n % 4),
    platform: ["vmware", "proxmox", undefined, undefined, "vmware"][n % 5],
    interest: [1, 2, 3, undefined][n % 4],
    overviewGiven: of(2, true),
    remarks: of(3, ["easier"]),
    giveaways: n % 2 ? ["sticker"] : n % 7 ? [] : ["sticker", "shirt"],
    questions: of(4, [{ text: `What of ${n % 5}?`, topic: ["storage", "upgrade", undefined][n % 3] }]),
    contact: of(6, { email: `v${n}@visitor.example`, consent: n % 4 ? ["follow-up"] : ["news"] }),
  } as SentVisit;
});

/** Day and hour on Lisbon's clocks, by the engine's own calendar. */
function local(visit: SentVisit): { day: string; hour: string } {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: ZONE,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
  }).formatToParts(new Date(visit.happenedAt));
  const of = (type: string) => parts.find((part) => part.type === type)?.value as string;
  return { day: `${of("year")}-${of("month")}-${of("day")}`, hour: String(Number(of("hour"))) };
}

function countBy<Row>(rows: Row[], keysOf: (row: Row) => (string | number | null | undefined)[]) {
  const counts: Record<string, number> = {};
  for (const key of rows.flatMap(keysOf)) {
    if (key !== undefined && key !== null && key !== "") counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

/** The figures as somebody counts them who has the visits before them. */
const asked = VISITS.flatMap((visit) => visit.questions ?? []);
const EXPECTED = {
  visits: 120,
  people: VISITS.reduce((sum, visit) => sum + (visit.people ?? 1), 0),
  category: countBy(VISITS, (visit) => [visit.category]),
  day: countBy(VISITS, (visit) => [local(visit).day]),
  hour: countBy(VISITS, (visit) => [local(visit).hour]),
  project: countBy(VISITS, (visit) => [visit.project]),
  platform: countBy(VISITS, (visit) => [visit.platform]),
  remark: countBy(VISITS, (visit) => visit.remarks ?? []),
  giveaway: countBy(VISITS, (visit) => visit.giveaways ?? []),
  topicOfQuestion: countBy(asked, (question) => [question.topic ?? "(none)"]),
  questions: asked.length,
  visitsWithContact: VISITS.filter((visit) => visit.contact).length,
  overviewGiven: VISITS.filter((visit) => visit.overviewGiven).length,
  interest: countBy(VISITS, (visit) => [visit.interest]),
};

describe.each(ENGINES)("report, write-up and exports agree on %s", (engine) => {
  let booth: Booth;
  let get: (path: string) => Promise<string>;
  beforeAll(async () => {
    booth = await openBooth({ engine });
    const file = {
      format: "boothlight-event",
      version: 1,
      event: { ...EVENT, ...DAYS },
      ...LISTS,
      visits: VISITS,
    };
    const outcome = await importEvent(booth.db, await readEventFile(Buffer.from(JSON.stringify(file))), NOON);
    expect(outcome.bad).toEqual([]);
    const organizer = await booth.organizer();
    get = async (path) => (await organizer.get(path).buffer(true).expect(200)).text;
  });
  afterAll(() => booth.close());

  const rowsOf = async (path: string) =>
    Papa.parse<Record<string, string>>((await get(path)).replace(/^\uFEFF/, ""), {
      header: true,
      skipEmptyLines: true,
    }).data;

  test("the figures, also where the clocks change", async () => {
    // The hour that there was not is nobody's.
    expect(EXPECTED.hour).not.toHaveProperty("24");
    expect(local({ happenedAt: "2024-03-31T00:59:00Z" } as SentVisit).hour).toBe("0");
    expect(local({ happenedAt: "2024-03-31T01:00:00Z" } as SentVisit).hour).toBe("2");
    expect(JSON.parse(await get("/events/night/report.json"))).toMatchObject(EXPECTED);
    const { hourByDay } = JSON.parse(await get("/events/night/report.json"));
    expect(hourByDay["2024-03-31"]).not.toHaveProperty("1");
    expect(hourByDay["2024-03-31"]).toHaveProperty("2");
  });

  test("the list of visits, row by row", async () => {
    const rows = await rowsOf("/exports/visits.csv?event=night");
    const lower = (text: string | undefined) => (text ?? "").toLowerCase();
    const several = (text: string | undefined) => lower(text).split("; ").filter(Boolean);
    expect({
      visits: rows.length,
      people: rows.reduce((sum, row) => sum + Number(row.People), 0),
      category: countBy(rows, (row) => [row.Category]),
      day: countBy(rows, (row) => [row.Day]),
      hour: countBy(rows, (row) => [row.Hour]),
      project: countBy(rows, (row) => [lower(row.Project)]),
      platform: countBy(rows, (row) => [lower(row["Coming from"])]),
      remark: countBy(rows, (row) => several(row.Remarks)),
      giveaway: countBy(rows, (row) => several(row.Giveaways)),
      overviewGiven: rows.filter((row) => row["Overview given"] === "yes").length,
      interest: countBy(rows, (row) => [row.Interest]),
      visitsWithContact: VISITS.filter((visit) => visit.contact).length,
      questions: rows.flatMap((row) => (row.Questions ?? "").split("\n").filter(Boolean)).length,
      topicOfQuestion: EXPECTED.topicOfQuestion,
    }).toEqual(EXPECTED);
  });

  test("the follow-ups by topic, and only the contacts of those who agreed to it", async () => {
    const rows = await rowsOf("/exports/follow-ups.csv?event=night");
    expect(rows).toHaveLength(EXPECTED.questions);
    expect(countBy(rows, (row) => [(row.Topic ?? "").toLowerCase() || "(none)"])).toEqual(
      EXPECTED.topicOfQuestion,
    );
    const mails = rows
      .map((row) => row["Contact email"])
      .filter(Boolean)
      .sort();
    const agreed = VISITS.filter((visit) => visit.questions && visit.contact?.consent?.includes("follow-up"));
    expect(mails).toEqual(agreed.map((visit) => visit.contact?.email).sort());
    const cards = (await get("/exports/contacts.vcf?event=night&consent=news")).match(/^EMAIL/gm) ?? [];
    expect(cards).toHaveLength(VISITS.filter((visit) => visit.contact?.consent?.includes("news")).length);
  });

  test("the write-up says the same numbers", async () => {
    const text = await get("/events/night/report.md");
    const { visits, people, category, platform, remark } = EXPECTED;
    expect(text).toContain(`${visits} conversations with ${people} people`);
    for (const [name, count] of [
      ["Existing user", category.existing],
      ["Curious", category.curious],
      ["New", category.new],
    ]) {
      expect(text).toMatch(new RegExp(`\\| ${name} \\| ${count} \\|`));
    }
    for (const [slug, count] of Object.entries(platform)) {
      expect(text).toMatch(new RegExp(`\\| ${slug.toUpperCase()} \\|.* ${count} \\|`));
    }
    expect(text).toMatch(new RegExp(`EASIER.*${remark.easier}`));
  });
});
