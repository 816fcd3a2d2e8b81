import { readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { checkNewEvent, eventFileSchema, readEventFile } from "../../src/imports/form";
import { endingToday, placeOf, together } from "../../src/imports/rules";
import { checkVisitOfFile } from "../../src/imports/visits/form";

async function all<T>(records: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const record of records) list.push(record);
  return list;
}

const ROOT = path.resolve(__dirname, "../..");
const text = (name: string) => readFileSync(path.join(ROOT, name), "utf8");
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

const EVENT = {
  slug: "autumn-fair",
  name: "Autumn Fair",
  venue: "Town Hall",
  timeZone: "Europe/Brussels",
  startsOn: "2024-10-25",
  endsOn: "2024-10-27",
};
const FILE = { format: "boothlight-event", version: 1, event: EVENT };

test("a record's place reads as in the file", () => {
  expect(placeOf("visits", 17, "contact.email")).toBe("visits[17].contact.email");
  expect(placeOf("visits", 0, "questions.2.text")).toBe("visits[0].questions[2].text");
  expect(placeOf("topics", 3, "")).toBe("topics[3]");
});

test.each([
  ["is not JSON", Buffer.from("slug,name\nfair,Fair"), "This file is not JSON, so nothing was imported."],
  ["is not text", Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), "This file is not JSON, so nothing was imported."],
  [
    "is of another format",
    bytes({ format: "guestbook", version: 1 }),
    "This is not an event file: its “format” should be “boothlight-event”. Nothing was imported.",
  ],
  [
    "is a list",
    bytes([FILE]),
    "This is not an event file: its “format” should be “boothlight-event”. Nothing was imported.",
  ],
  [
    "is newer",
    bytes({ ...FILE, version: 3 }),
    "This event file is of version 3, and this program reads version 2. Nothing was imported: update Boothlight first.",
  ],
  [
    "has no version",
    bytes({ ...FILE, version: undefined }),
    "An event file's “version” should be 1 or 2. Nothing was imported.",
  ],
  [
    "has no event",
    bytes({ ...FILE, event: undefined }),
    "The event in this file is not right, so nothing was imported.",
  ],
  [
    "says something twice",
    Buffer.from('{"format": "boothlight-event", "version": 1, "visits": [], "visits": []}'),
    "“visits” stands in this file twice. Nothing was imported.",
  ],
  [
    "breaks off among its visits",
    Buffer.from('{"format": "boothlight-event", "version": 1, "visits": [{"id": "a"}, {"id"'),
    "This file is not JSON, so nothing was imported.",
  ],
])("a file that %s is refused in one sentence", async (_what, file, sentence) => {
  await expect(readEventFile(file)).rejects.toThrow(sentence);
});

test("every problem of the event is named by its place", async () => {
  const wrong = { ...EVENT, slug: "Autumn Fair", timeZone: "Brussels", hall: 4 };
  await expect(readEventFile(bytes({ ...FILE, event: wrong }))).rejects.toThrow(
    expect.objectContaining({
      fields: [
        expect.objectContaining({ field: "event.slug" }),
        expect.objectContaining({ field: "event.timeZone" }),
        { field: "event.hall", message: "There is no field “hall” here." },
      ],
    }),
  );
});

test("an event cannot take the address of a page", async () => {
  await expect(readEventFile(bytes({ ...FILE, event: { ...EVENT, slug: "new" } }))).rejects.toThrow(
    expect.objectContaining({ fields: [expect.objectContaining({ field: "event.slug" })] }),
  );
});

test("a byte order mark before the file does no harm", async () => {
  const file = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes(FILE)]);
  expect((await readEventFile(file)).event).toEqual(EVENT);
});

test("bad records are left out, each with its place and reason, and hold up no other", async () => {
  const file = await readEventFile(
    bytes({
      ...FILE,
      topcis: [],
      booths: "Hall",
      topics: [
        { slug: "storage", name: "Storage" },
        { slug: "Backup", name: "" },
        { slug: "storage", name: "Again" },
        { slug: "network", name: "Network", colour: "blue" },
        7,
        { slug: "cloud", name: "Cloud", keywords: ["cloud", "cloud"] },
      ],
      experts: [
        { slug: "list", name: "List", kind: "mailing-list", topics: ["anything"] },
        { slug: "ada", name: "Ada", kind: "wizard" },
        {
          slug: "bob",
          name: "Bob",
          kind: "person",
          languages: ["de", "elvish"],
          weekly: -1,
          timeZone: "Mars",
        },
        { slug: "cy", name: "Cy", kind: "chat", address: "https://c.example", reachedBy: "mail" },
        { slug: "di", name: "Di", kind: "person", reachedBy: "mail" },
        { slug: "ed", name: "Ed", kind: "person", awayFrom: "2024-05-03", awayUntil: "2024-05-02" },
        { slug: "flo", name: "Flo", kind: "person", reachedBy: "webhook", webhook: "flo@example.org" },
      ],
      journal: [
        { at: "yesterday", text: "Rain" },
        { at: "2024-10-25T08:00:00+02:00", text: "Lights on" },
      ],
      giveaways: [{ slug: "pin", name: "Pin", shipped: -1 }],
    }),
  );
  expect(file.topics).toEqual([
    { slug: "storage", name: "Storage", keywords: [] },
    { slug: "cloud", name: "Cloud", keywords: ["cloud"] },
  ]);
  expect(file.experts.map((expert) => expert.slug)).toEqual(["list"]);
  expect(file.journal).toEqual([{ at: Date.UTC(2024, 9, 25, 6), text: "Lights on" }]);
  expect(file.bad.map(({ place, message }) => `${place}: ${message}`)).toEqual([
    "topcis: There is no field “topcis” here.",
    "booths: This should be a list.",
    "topics[1].slug: This should be small letters and digits, with single hyphens between them.",
    "topics[1].name: Please fill this in.",
    "topics[2].slug: “storage” is in this list already.",
    "topics[3].colour: There is no field “colour” here.",
    "topics[4]: This should be a set of fields.",
    "giveaways[0].shipped: This should be 0 or more.",
    "experts[1].kind: This should be person, mailing-list, forum or chat.",
    "experts[2].languages[1]: This should be the code of a language, such as de.",
    "experts[2].timeZone: This is not a time zone. Choose one from the list, such as Europe/Brussels.",
    "experts[2].weekly: This should be 0 or more.",
    "experts[3].reachedBy: A forum or a chat has no mailbox. Choose a webhook, or by hand.",
    "experts[4].reachedBy: There is no mail address to write to.",
    "experts[5].awayUntil: The last day away is before the first.",
    "experts[6].webhook: This should be an address that starts with https:// or http://.",
    "journal[0].at: This should be a time such as 2014-04-15T17:11:38.203Z.",
  ]);
});

test("values of one's own count instead of the file's", async () => {
  const own = { slug: "spring-fair", name: "Spring Fair" };
  expect((await readEventFile(bytes(FILE), own)).event).toEqual({ ...EVENT, ...own });
});

test("a name that is in both lists is taken once, from the first", () => {
  const first = [{ name: "Hall", slug: "h" }];
  expect(together<{ name: string; slug?: string }>(first, [{ name: "hall" }, { name: "Lounge" }])).toEqual([
    { name: "Hall", slug: "h" },
    { name: "Lounge" },
  ]);
});

test("a line of a new event's booths that is too long stands at that field", () => {
  const form = checkNewEvent({ source: "sensible", booths: `Hall\n${"x".repeat(201)}`, projects: "" });
  expect(form).toMatchObject({ ok: false, problems: [{ field: "booths" }] });
});

describe("an event as if it ended today", () => {
  const read = () =>
    readEventFile(
      bytes({
        ...FILE,
        journal: [{ at: "2024-10-25T08:00:00.000Z", text: "Lights on" }],
        visits: [
          // The clocks in Brussels go back in the night before the last day.
          { id: "a", happenedAt: "2024-10-25T08:30:00.000Z" },
          { id: "b", happenedAt: "2024-10-27T09:30:00.000Z" },
          { id: "c", happenedAt: "2024-10-27T15:30:00.000Z" },
        ],
      }),
    );
  const now = Date.parse("2026-07-10T12:00:00+09:00");
  const visitsOf = async (at: number) => all(endingToday(await read(), "Asia/Tokyo", at).visits);

  test("keeps its hours on the clocks of the place, across daylight saving", async () => {
    const moved = endingToday(await read(), "Asia/Tokyo", now);
    expect(moved.event).toMatchObject({
      timeZone: "Asia/Tokyo",
      startsOn: "2026-07-08",
      endsOn: "2026-07-10",
    });
    expect(moved.journal).toEqual([{ at: Date.parse("2026-07-08T10:00:00+09:00"), text: "Lights on" }]);
    expect((await visitsOf(now)).slice(0, 2)).toEqual([
      { id: "a", happenedAt: new Date("2026-07-08T10:30:00+09:00").toISOString() },
      { id: "b", happenedAt: new Date("2026-07-10T10:30:00+09:00").toISOString() },
    ]);
  });

  test("ends yesterday while today is too young to have something to show", async () => {
    const early = endingToday(await read(), "Asia/Tokyo", now - 3 * 3_600_000);
    expect(early.event.endsOn).toBe("2026-07-09");
    expect(await all(early.visits)).toHaveLength(3);
  });

  test("has no visit that is yet to come", async () => {
    expect(await visitsOf(now)).toHaveLength(2);
    expect(await visitsOf(now + 6 * 3_600_000)).toHaveLength(3);
  });
});

describe("the format's description", () => {
  const schema = JSON.parse(text("docs/event-file.schema.json"));

  test("is the program's own check, written down", () => {
    // Where this fails, `node scripts/event-file-schema.mjs` writes the schema anew.
    expect(schema).toEqual(JSON.parse(JSON.stringify(eventFileSchema())));
  });

  test("has an example that the schema and the program take", async () => {
    const example = JSON.parse(/```json\n([\s\S]*?)```/.exec(text("docs/event-file.md"))?.[1] ?? "");
    const described = z.fromJSONSchema(schema);
    expect(described.safeParse(example).error?.issues).toBeUndefined();
    expect(described.safeParse({ ...example, topics: [{ slug: "Storage" }] }).success).toBe(false);
    expect((await readEventFile(bytes(example))).bad).toEqual([]);
    for (const visit of example.visits) expect(checkVisitOfFile(visit)).toMatchObject({ ok: true });
  });

  test("names and explains every field", () => {
    const guide = text("docs/event-file.md").split("## Fields")[1] ?? "";
    const fieldsOf = (part: unknown): string[] =>
      part && typeof part === "object"
        ? Object.entries(part).flatMap(([key, value]) => [
            ...(key === "properties" ? Object.keys(value) : []),
            ...fieldsOf(value),
          ])
        : [];
    const fields = [...new Set(fieldsOf(schema))];
    expect(fields.length).toBeGreaterThan(40);
    expect(fields.filter((field) => !new RegExp(`\`(event\\.)?${field}[\`.]`).test(guide))).toEqual([]);
  });
});

describe("the demo's event file", () => {
  test("has nothing wrong in it", async () => {
    const file = await readEventFile(readFileSync(path.join(ROOT, "db/demo-event.json")));
    const described = z.fromJSONSchema(JSON.parse(text("docs/event-file.schema.json")));
    expect(described.safeParse(JSON.parse(text("db/demo-event.json"))).error?.issues).toBeUndefined();
    expect(file.bad).toEqual([]);
    expect(file.visitCount).toBeGreaterThan(150);
  });

  test("names nobody who could be written to", () => {
    const hosts = text("db/demo-event.json").match(/(?<=@|\/\/)[a-z.-]+\.[a-z]+/g) ?? [];
    expect(hosts.length).toBeGreaterThan(40);
    expect(hosts.filter((host) => !host.endsWith(".example"))).toEqual([]);
  });
});
