import { sql } from "kysely";
import { uuidv7 } from "uuidv7";
import { isPassphrase } from "../../src/access/rules";
import { keptPassphrase } from "../../src/access/store";
import type { Database } from "../../src/database/open";
import type { Deps } from "../../src/deps";
import { listEvents } from "../../src/events/store";
import { listExperts } from "../../src/experts/store";
import { readEventFile } from "../../src/imports/form";
import { outcomeInWords } from "../../src/imports/rules";
import { DEMO_PASSPHRASE, fillDemo, importEvent } from "../../src/imports/store";
import { aVisit } from "../support/booth";
import { ENGINES, freshDatabase, NOON } from "../support/databases";

const ada = aVisit({
  project: "lantern",
  platform: "A wall of candles",
  people: 2,
  topics: ["storage"],
  remarks: ["bright"],
  giveaways: ["pin"],
  note: "Came back.",
  contact: { name: "Ada Zając", email: "ada@visitor.example", consent: ["follow-up"] },
  questions: [{ id: uuidv7(), text: "Does it dim?", topic: "storage" }, { text: "Is it safe?" }],
});
const grace = aVisit({ category: "existing", booth: "hall" });

const FAIR = {
  format: "boothlight-event",
  version: 1,
  event: {
    slug: "autumn-fair",
    name: "Autumn Fair",
    venue: "Town Hall",
    timeZone: "Europe/Brussels",
    startsOn: "2024-02-02",
    endsOn: "2024-02-04",
  },
  booths: [{ slug: "hall", name: "Hall" }],
  projects: [{ slug: "lantern", name: "Lantern" }],
  topics: [{ slug: "storage", name: "Storage", keywords: ["disk"] }],
  platforms: [{ slug: "oil", name: "Oil" }],
  remarks: [{ slug: "bright", text: "So bright" }],
  giveaways: [{ slug: "pin", name: "Pin", shipped: 100 }],
  experts: [
    { slug: "list", name: "List", kind: "mailing-list", address: "list@lists.example", topics: ["storage"] },
  ],
  journal: [{ at: "2024-02-02T09:00:00Z", text: "Lights on" }],
  visits: [ada, grace],
};

const read = (file: object) => readEventFile(Buffer.from(JSON.stringify(file)));

describe.each(ENGINES)("on %s", (engine) => {
  let db: Database;
  beforeEach(async () => {
    db = await freshDatabase(engine);
  });
  afterEach(() => db.close());

  /** Every row of every table, in an order of its own. */
  async function everything(): Promise<Record<string, string[]>> {
    const tables = await db.read.introspection.getTables();
    const contents = await Promise.all(
      tables.map(async ({ name }) => {
        const { rows } = await sql`SELECT * FROM ${sql.table(name)}`.execute(db.read);
        return [name, rows.map((row) => JSON.stringify(row)).sort()] as const;
      }),
    );
    return Object.fromEntries(contents);
  }

  test("a file comes in whole", async () => {
    const outcome = await importEvent(db, await read(FAIR), NOON);
    expect(outcome).toMatchObject({
      isNewEvent: true,
      lists: {
        topics: { added: 1, there: 0 },
        experts: { added: 1, there: 0 },
        journal: { added: 1, there: 0 },
      },
      visits: { added: 2, there: 0, updated: 0, conflict: 0, gone: 0 },
      questions: 2,
      bad: [],
    });
    const visits = await db.read.selectFrom("visits").selectAll().orderBy("category").execute();
    expect(visits).toMatchObject([
      { id: grace.id, device_id: null, staff_name: null, clock_offset: 0, received_at: NOON },
      { id: ada.id, local_day: "2024-02-03", local_hour: 12 },
    ]);
    const topics = await db.read.selectFrom("expert_topics").select("topic_slug").execute();
    expect(topics).toEqual([{ topic_slug: "storage" }]);
  });

  test("what it says of experts comes in, and what it does not say is as a new expert has it", async () => {
    const experts = [
      {
        ...{
          slug: "zoe",
          name: "Zoë",
          kind: "person",
          address: "zoe@example.org",
          projects: ["wick", "lantern"],
        },
        ...{ languages: ["ja", "de"], timeZone: "asia/tokyo", weekly: 0, awayUntil: "2024-05-03" },
      },
      {
        slug: "chat",
        name: "Chat",
        kind: "chat",
        address: "https://c.example",
        webhook: "https://c.example/hook",
      },
      { slug: "forum", name: "Forum", kind: "forum", webhook: "https://f.example/hook", reachedBy: "hand" },
    ];
    expect((await importEvent(db, await read({ ...FAIR, experts, visits: [] }), NOON)).bad).toEqual([]);
    const plain = {
      projects: [],
      languages: [],
      time_zone: "Europe/Brussels",
      weekly: null,
      away_until: null,
    };
    expect(await listExperts(db.read)).toMatchObject([
      { ...plain, slug: "chat", reached_by: "webhook", webhook: "https://c.example/hook" },
      { ...plain, slug: "forum", reached_by: "hand", webhook: "" },
      {
        ...{ slug: "zoe", projects: ["lantern", "wick"], languages: ["de", "ja"], time_zone: "Asia/Tokyo" },
        ...{ weekly: 0, away_from: null, away_until: "2024-05-03", reached_by: "mail" },
      },
    ]);
  });

  test("the same file twice changes nothing", async () => {
    await importEvent(db, await read(FAIR), NOON);
    const before = await everything();
    expect(before.visits).toHaveLength(2);
    expect(before.contacts).toHaveLength(1);
    const again = await importEvent(db, await read(FAIR), NOON + 3_600_000);
    expect(again).toMatchObject({ isNewEvent: false, visits: { added: 0, there: 2 }, questions: 0, bad: [] });
    expect(await everything()).toEqual(before);
  });

  test("what is here keeps its own values, what is missing is added", async () => {
    await importEvent(db, await read({ ...FAIR, visits: [] }), NOON);
    const later = {
      ...FAIR,
      event: { ...FAIR.event, name: "Winter Fair", timeZone: "Asia/Tokyo" },
      topics: [
        { slug: "storage", name: "Disks" },
        { slug: "backup", name: "Backup" },
      ],
      experts: [{ slug: "list", name: "Another list", kind: "forum", topics: ["backup"] }],
      visits: [],
    };
    expect((await importEvent(db, await read(later), NOON)).lists).toMatchObject({
      topics: { added: 1, there: 1 },
      experts: { added: 0, there: 1 },
    });
    expect(await listEvents(db.read)).toMatchObject([{ name: "Autumn Fair", time_zone: "Europe/Brussels" }]);
    const topics = await db.read.selectFrom("topics").select("name").orderBy("position").execute();
    expect(topics.map((topic) => topic.name)).toEqual(["Storage", "Backup"]);
    const experts = await db.read.selectFrom("experts").select(["name", "kind"]).execute();
    expect(experts).toEqual([{ name: "List", kind: "mailing-list" }]);
  });

  test("a visit counts as the protocol takes it", async () => {
    await importEvent(db, await read(FAIR), NOON);
    const visits = [
      { ...ada, revision: 2, note: "Came back twice." },
      { ...grace, category: "new" },
      aVisit(),
    ];
    expect((await importEvent(db, await read({ ...FAIR, visits }), NOON)).visits).toEqual({
      added: 1,
      there: 0,
      updated: 1,
      conflict: 1,
      gone: 0,
    });
  });

  test("bad visits are listed with place, id and reason among hundreds of good ones", async () => {
    const visits: unknown[] = Array.from({ length: 1201 }, () => aVisit());
    visits[700] = { ...aVisit({ id: ada.id }), category: "bored" };
    visits[1200] = { ...aVisit({ id: grace.id }), topics: ["storage", "poetry"], colour: "red" };
    visits[3] = "a visit";
    const told: number[] = [];
    const outcome = await importEvent(db, await read({ ...FAIR, visits }), NOON, {
      progress: (done) => told.push(done),
    });
    expect(outcome.visits.added).toBe(1198);
    expect(outcome.bad).toEqual([
      { place: "visits[3]", message: "This should be a set of fields." },
      { place: "visits[700].category", id: ada.id, message: "This should be existing, curious or new." },
      { place: "visits[1200].colour", id: grace.id, message: "There is no field “colour” here." },
      {
        place: "visits[1200].topics",
        id: grace.id,
        message: "“poetry” is not in this event's list of topics.",
      },
    ]);
    expect(told).toEqual([...Array.from({ length: 12 }, (_, n) => 100 * (n + 1)), 1201]);
    expect(outcomeInWords(outcome)).toContain(
      `visits[700].category (id ${ada.id}): This should be existing, curious or new.`,
    );
  });

  test("a visit with a word that is not in the event's lists is listed with the word", async () => {
    const visits = [{ ...grace, booth: "attic" }];
    expect((await importEvent(db, await read({ ...FAIR, visits }), NOON)).bad).toEqual([
      { place: "visits[0].booth", id: grace.id, message: "“attic” is not in this event's list of booths." },
    ]);
  });

  test("an event that must be new and is not changes nothing", async () => {
    await importEvent(db, await read(FAIR), NOON);
    const before = await everything();
    const file = await read({ ...FAIR, topics: [{ slug: "backup", name: "Backup" }] });
    await expect(importEvent(db, file, NOON, { mustBeNew: true })).rejects.toThrow("an event of this name");
    expect(await everything()).toEqual(before);
  });

  describe("the demo", () => {
    let clock = NOON;
    const deps = (organizerPassphrase?: string) =>
      ({ db, config: { organizerPassphrase }, now: () => clock }) as unknown as Deps;

    test("is filled once, and opens with its own passphrase", async () => {
      clock = NOON;
      expect(await fillDemo(deps(), await read(FAIR), "UTC")).toBe(true);
      expect(await listEvents(db.read)).toMatchObject([
        { slug: "autumn-fair", time_zone: "UTC", starts_on: "2024-02-01", ends_on: "2024-02-03" },
      ]);
      expect(await isPassphrase(DEMO_PASSPHRASE, (await keptPassphrase(db.read)) as string)).toBe(true);
      const before = await everything();
      clock += 2 * 86_400_000;
      expect(await fillDemo(deps(), await read(FAIR), "UTC")).toBe(true);
      expect(await everything()).toEqual(before);
    });

    test("leaves a passphrase of the organizer's own alone", async () => {
      expect(await fillDemo(deps("four words are good"), await read(FAIR), "UTC")).toBe(false);
      expect(await keptPassphrase(db.read)).toBeUndefined();
    });
  });
});
