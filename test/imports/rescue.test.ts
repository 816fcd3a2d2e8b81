import { readFileSync } from "node:fs";
import path from "node:path";
import { uuidv7 } from "uuidv7";
import { keepStanding } from "../../src/access/store";
import { checkRescued, readRescueFile } from "../../src/imports/rescue/form";
import { type RescueFile, rescuedForm, rescueForm, type SentVisit } from "../../src/visits/form";
import { inFull } from "../../src/visits/rules";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { contentOf } from "../support/catalogue";
import { ENGINES, NOON } from "../support/databases";

const iso = (at: number) => new Date(at).toISOString();

describe.each(ENGINES)("a rescue file, on %s", (engine) => {
  let booth: Booth;
  let ada: Tablet;
  let organizer: Awaited<ReturnType<Booth["organizer"]>>;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    ada = await booth.tablet("Ada");
    organizer = await booth.organizer();
  });
  afterEach(() => booth.close());

  type Entry = Partial<Omit<RescueFile["waiting"][number], "visit">>;
  const fileOf = (entries: (Entry & { visit: unknown })[], given: object = {}): object => ({
    boothlight: "rescue",
    version: 1,
    savedAt: iso(NOON),
    clockOffset: 0,
    event: "winter-camp",
    device: { id: ada.id, staffName: "Ada" },
    waiting: entries.map((entry) => ({ undone: false, others: [], since: iso(NOON), ...entry })),
    ...given,
  });
  const post = (file: object | string | Buffer, event = "winter-camp") =>
    organizer
      .post("/rescue-files")
      .field("event", event)
      .attach(
        "file",
        Buffer.isBuffer(file) ? file : Buffer.from(typeof file === "string" ? file : JSON.stringify(file)),
        "boothlight-rescue.json",
      );
  const bring = async (...args: Parameters<typeof fileOf>) => {
    const { body } = await post(fileOf(...args))
      .set("Accept", "application/json")
      .expect(200);
    return body.results as { id: string; status: string; hasVersions: boolean; refused: unknown[] }[];
  };
  const page = async (file: Parameters<typeof post>[0], status = 200, event?: string) => {
    const { text } = await post(file, event).set("Accept", "text/html").expect(status);
    return text;
  };
  const visits = () => booth.db.read.selectFrom("visits").selectAll().orderBy("happened_at").execute();
  const kept = (id: string) =>
    booth.db.read.selectFrom("visits").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  const versions = () => booth.db.read.selectFrom("visit_conflicts").selectAll().execute();
  const remove = (id: string) =>
    booth.nobody().delete(`/api/visits/${id}`).set("Authorization", `Bearer ${ada.token}`).expect(204);

  test("brings in what waited as if the tablet had sent it, and its later sending finds everything here", async () => {
    const lounge = await booth.db.read
      .selectFrom("booths")
      .select("id")
      .where("slug", "=", "lounge")
      .executeTakeFirstOrThrow();
    await booth.db.write((writer) => writer.updateTable("devices").set({ booth_id: lounge.id }).execute());
    const waiting = Array.from({ length: 230 }, (_, index) =>
      aVisit({
        happenedAt: iso(NOON + index * 1000),
        platform: index % 50 === 0 ? "Kerosene" : undefined,
        questions: [{ text: `Question ${index}?`, topic: "storage" }],
      }),
    );
    const shared = aVisit({ happenedAt: iso(NOON + 500_000), staff: "Grace" });
    const results = await bring([...waiting, shared].map((visit) => ({ visit })));
    expect(results.map(({ id, status }) => [id, status])).toEqual(
      [...waiting, shared].map(({ id }) => [id, "recorded"]),
    );
    const rows = await visits();
    expect(rows.map(({ id }) => id)).toEqual([...waiting, shared].map(({ id }) => id));
    expect(rows[0]).toMatchObject({ device_id: ada.id, staff_name: "Ada", booth_id: lounge.id });
    expect(rows.at(-1)).toMatchObject({ device_id: ada.id, staff_name: "Grace" });
    const sent = await ada.send(...waiting, shared);
    expect(new Set(sent.map(({ status }) => status))).toEqual(new Set(["replayed"]));
  });

  test("brought in twice changes nothing the second time", async () => {
    const [fresh, undone, never, edited] = [aVisit(), aVisit(), aVisit(), aVisit({ note: "one" })];
    await ada.send(undone, edited);
    const file = fileOf([
      { visit: fresh, others: [{ ...fresh, note: "in another tab" }] },
      { visit: undone, undone: true },
      { visit: never, undone: true },
      { visit: { ...edited, revision: 2, base: 1, note: "two" }, draft: { ...edited, people: 0 } },
      { visit: { ...aVisit(), category: "friend" } },
    ]);
    await post(file).expect(200);
    const before = await contentOf(booth.db, ["sessions"]);
    booth.setClock(NOON + 3_600_000);
    const { body } = await post(file).set("Accept", "application/json").expect(200);
    expect(body.results.map(({ status }: { status: string }) => status)).toEqual([
      "replayed",
      "undone",
      "undone",
      "replayed",
      "invalid",
    ]);
    expect(await contentOf(booth.db, ["sessions"])).toEqual(before);
  });

  test("of a tablet whose clock was wrong puts the visits in the right hours", async () => {
    const ahead = 3 * 3_600_000;
    const visit = aVisit({ happenedAt: iso(NOON + ahead) });
    await bring([{ visit }], { clockOffset: -ahead, savedAt: iso(NOON + ahead) });
    expect(await kept(visit.id)).toMatchObject({
      happened_at: NOON,
      said_at: NOON + ahead,
      clock_offset: -ahead,
      local_hour: 12,
    });
    const other = aVisit();
    await bring([{ visit: other }], { clockOffset: 4000 });
    expect((await kept(other.id)).clock_offset).toBe(0);
    const unknown = aVisit();
    await bring([{ visit: unknown }], { clockOffset: null });
    expect((await kept(unknown.id)).clock_offset).toBe(0);
  });

  test("undoes what was undone, also what never arrived and comes later", async () => {
    const [here, never] = [aVisit(), aVisit()];
    await ada.send(here);
    const results = await bring([
      { visit: here, undone: true },
      { visit: never, undone: true },
    ]);
    expect(results.map(({ status }) => status)).toEqual(["undone", "undone"]);
    expect((await kept(here.id)).deleted_at).toBe(NOON);
    expect((await ada.send(never)).map(({ status }) => status)).toEqual(["gone"]);
    const activity = await booth.db.read.selectFrom("activity").selectAll().execute();
    expect(activity).toMatchObject([{ step: "deleted", actor: "Ada", visit_id: here.id }]);
  });

  test("keeps other words for a visit beside it, until the organizer chooses", async () => {
    const visit = aVisit({ note: "one tab" });
    const results = await bring([{ visit, others: [{ ...visit, note: "the other tab" }] }]);
    expect(results).toMatchObject([{ status: "recorded", hasVersions: true, refused: [] }]);
    expect((await kept(visit.id)).note).toBe("one tab");
    const [version] = await versions();
    expect(JSON.parse(version!.payload).note).toBe("the other tab");
    expect(version!.resolved_at).toBeNull();
  });

  test("keeps words for a visit that the organizer has changed meanwhile", async () => {
    const visit = aVisit({ note: "as logged" });
    await ada.send(visit);
    const typed = { revision: 1, category: "new", time: "2024-02-03T12:00", people: "1", note: "desk" };
    await organizer.post(`/visits/${visit.id}`).type("form").send(typed).expect(303);
    const results = await bring([{ visit: { ...visit, revision: 2, base: 1, note: "away" } }]);
    expect(results).toMatchObject([{ status: "conflict", hasVersions: true }]);
    expect((await kept(visit.id)).note).toBe("desk");
    expect(JSON.parse((await versions())[0]!.payload).note).toBe("away");
  });

  test("takes a draft that can be taken by now", async () => {
    const visit = aVisit({ note: "what could be taken" });
    await bring([{ visit, draft: { ...visit, note: "with a topic", topics: ["storage"] } }]);
    expect(await kept(visit.id)).toMatchObject({ revision: 2, note: "with a topic" });
    expect(await ada.send(visit)).toEqual([{ id: visit.id, status: "replayed" }]);
    expect(await versions()).toEqual([]);
  });

  test("shows the organizer a draft that cannot be taken, beside its visit", async () => {
    const visit = aVisit({ note: "what could be taken" });
    const draft = { ...visit, contact: { name: "Zoë", email: "zoe at example", consent: [] } } as SentVisit;
    const results = await bring([{ visit, draft }]);
    expect(results).toMatchObject([{ status: "recorded", hasVersions: true, refused: [] }]);
    const { text } = await organizer.get(`/visits/${visit.id}`).expect(200);
    expect(text).toContain("zoe at example");
    expect(text).toContain("This does not look like a mail address.");
    expect(text).not.toContain('value="use"');
    const [version] = await versions();
    const choice = { choice: "use", revision: 1 };
    await organizer
      .post(`/visits/${visit.id}/conflicts/${version!.id}/resolution`)
      .type("form")
      .send(choice)
      .expect(422);
    await organizer
      .post(`/visits/${visit.id}/conflicts/${version!.id}/resolution`)
      .type("form")
      .send({ ...choice, choice: "keep" })
      .expect(303);
    expect((await organizer.get(`/visits/${visit.id}`)).text).toContain("zoe at example");
  });

  test("keeps what the laptop refused before beside its visit, where that is here", async () => {
    const visit = aVisit({ note: "taken" });
    await ada.send(visit);
    const results = await bring([{ visit: { ...visit, people: 0, note: "refused" } as SentVisit }]);
    expect(results).toMatchObject([{ id: visit.id, status: "conflict", hasVersions: true, refused: [] }]);
    expect((await versions())[0]!.payload).toContain("refused");
  });

  test("shows in full what cannot be taken at all, and takes its neighbours", async () => {
    const bad = {
      ...aVisit(),
      category: "friend",
      note: "Wants <b>light</b>",
      topics: ["storage", "cooking"],
      questions: [{ text: "How?" }],
    };
    const text = await page(fileOf([{ visit: aVisit() }, { visit: bad }, { visit: 7 }]));
    expect(text).toContain("One visit is new.");
    expect(text).toContain("2 records could not be taken");
    expect(text).toContain("3 Feb, 12:00");
    expect(text).toContain("Wants &lt;b&gt;light&lt;/b&gt;");
    expect(text).toContain("storage, cooking");
    expect(text).toContain("How?");
    expect(text).toContain("This should be existing, curious or new.");
    expect(text).toContain("is not in this event&#39;s list of topics");
    expect(await visits()).toHaveLength(1);
  });

  test("goes into the event that it was logged for, and says so", async () => {
    const id = uuidv7();
    await booth.db.write((writer) =>
      writer
        .insertInto("events")
        .values({
          id,
          slug: "autumn-fair",
          name: "Autumn Fair",
          venue: "",
          time_zone: "UTC",
          starts_on: "2024-10-01",
          ends_on: "2024-10-01",
          created_at: NOON,
        })
        .execute(),
    );
    const visit = aVisit();
    const text = await page(fileOf([{ visit }], { event: "autumn-fair" }));
    expect(text).toContain("Autumn Fair");
    expect(text).toContain("That is the event that it was logged for");
    // The device is one of another event: its name is all that is kept of it.
    expect(await kept(visit.id)).toMatchObject({ event_id: id, device_id: null, staff_name: "Ada" });
  });

  test("of an event that is not here is refused with the event's name, and nothing is changed", async () => {
    const before = await contentOf(booth.db, ["sessions"]);
    const text = await page(fileOf([{ visit: aVisit() }], { event: "moon-camp" }), 404);
    expect(text).toContain("moon-camp");
    expect(text).toContain("Nothing was brought in.");
    expect(text).toMatch(/id="file"[^>]*aria-invalid="true"/);
    expect(await contentOf(booth.db, ["sessions"])).toEqual(before);
  });

  test("of nobody's device is the organizer's; one that nobody here knows keeps the name alone", async () => {
    const [laptops, strangers, named] = [aVisit(), aVisit(), aVisit()];
    await bring([{ visit: laptops }], { device: null });
    await bring([{ visit: strangers }], { device: { id: uuidv7(), staffName: "Linus" } });
    await bring([{ visit: named }], { device: { id: "x", staffName: "Organizer" } });
    expect(await kept(laptops.id)).toMatchObject({ device_id: null, staff_name: "organizer" });
    expect(await kept(strangers.id)).toMatchObject({ device_id: null, staff_name: "Linus" });
    expect(await kept(named.id)).toMatchObject({ device_id: null, staff_name: null });
  });

  test("never touches a visit of another event", async () => {
    const visit = aVisit({ note: "here" });
    await ada.send(visit);
    await booth.db.write(async (writer) => {
      const event = await writer.selectFrom("events").selectAll().executeTakeFirstOrThrow();
      await writer
        .insertInto("events")
        .values({ ...event, id: uuidv7(), slug: "other" })
        .execute();
    });
    const results = await bring(
      [{ visit: { ...visit, revision: 2, note: "there" } }, { visit, undone: true }],
      { event: "other" },
    );
    expect(results.map(({ status }) => status)).toEqual(["invalid", "invalid"]);
    expect(await kept(visit.id)).toMatchObject({ note: "here", deleted_at: null });
    expect(await versions()).toEqual([]);
  });

  test("keeps what an undone visit said where the laptop has other words, in the bin", async () => {
    const visit = aVisit({ note: "one" });
    await ada.send(visit);
    await remove(visit.id);
    const results = await bring([{ visit, others: [{ ...visit, note: "other" }] }]);
    expect(results).toMatchObject([{ status: "gone" }]);
    expect(JSON.parse((await versions())[0]!.payload).note).toBe("other");
  });

  test("lets the tablet be unpaired that had said that something waits, unless it has said more since", async () => {
    const say = (at: number) =>
      booth.db.write((writer) =>
        keepStanding(writer, ada.id, { waiting: 1, since: NOON, rescued: false }, at),
      );
    const unpair = () => organizer.post(`/devices/${ada.id}/unpairing?event=winter-camp`).redirects(0);
    await say(NOON + 60_000);
    await bring([{ visit: aVisit() }]);
    expect((await unpair()).status).toBe(409);
    await say(NOON - 60_000);
    await bring([{ visit: aVisit() }]);
    expect((await unpair()).status).toBe(303);
  });

  describe("that is none", () => {
    test.each([
      ["no file at all", "", "Please choose a file."],
      ["half of a file", '{"boothlight": "resc', "it is no rescue file, or it did not come through whole"],
      ["a picture", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0x00]), "This file cannot be read"],
      ["some other JSON", { hello: "world" }, "This is not a rescue file."],
      ["a number", "7", "This is not a rescue file."],
      ["nothing", "null", "This is not a rescue file."],
      ["an event file", { format: "boothlight-event", version: 1 }, "This is an event file."],
      ["one of a later version", { boothlight: "rescue", version: 2 }, "Update Boothlight first."],
      ["one without records", { boothlight: "rescue", version: 1, event: "winter-camp" }, "is damaged"],
    ])("but %s is refused with words", async (_what, file, words) => {
      const before = await contentOf(booth.db, ["sessions"]);
      expect(await page(file as object, 422)).toContain(words);
      expect(await contentOf(booth.db, ["sessions"])).toEqual(before);
    });

    test("but too large is refused with words", async () => {
      const text = await page(Buffer.alloc(64 * 1024 * 1024 + 1, 0x20), 422);
      expect(text).toContain("larger than 64 MB");
    });
  });

  test("is not imported as an event file, which is said", async () => {
    const answer = await organizer
      .post("/events/import")
      .attach("file", Buffer.from(JSON.stringify(fileOf([]))), "rescue.json")
      .expect(422);
    expect(answer.text).toContain("This is a tablet&#39;s rescue file.");
  });

  test("without anything in it says so", async () => {
    expect(await page(fileOf([]))).toContain("Nothing waited on the tablet when this file was saved.");
  });
});

test("a record is told in full whatever is in it, each problem beside its field", () => {
  const sent = {
    id: "x",
    revision: 2,
    note: "a\nb",
    overviewGiven: false,
    topics: [],
    contact: { email: "none", consent: ["news", "follow-up"] },
    questions: [{ id: "q", text: "Why?", topic: "dark" }, { text: "" }],
    shoeSize: { left: 38 },
  };
  const problems = [
    { field: "contact.email", message: "No address." },
    { field: "questions.0.topic", message: "No topic." },
    { field: "questions.1.text", message: "No words." },
    { field: "category", message: "This is missing." },
  ];
  expect(inFull(sent, problems)).toEqual([
    { name: "Note", text: "a\nb" },
    { name: "Overview given", text: "no" },
    { name: "E-mail", text: "none", message: "No address." },
    { name: "Agreed to", text: "news, follow-up" },
    { name: "Question 1", text: "Why?" },
    { name: "Question 1, topic", text: "dark", message: "No topic." },
    { name: "shoeSize.left", text: "38" },
    { name: "Question 2", text: "", message: "No words." },
    { name: "Category", text: "", message: "This is missing." },
  ]);
  expect(inFull("just words", [{ field: "", message: "No record." }])).toEqual([
    { name: "The record", text: "just words", message: "No record." },
  ]);
});

test("docs/rescue-file.md shows one that can be read, and names every field", () => {
  const text = readFileSync(path.resolve(__dirname, "../../docs/rescue-file.md"), "utf8");
  const example = text.split("```json\n")[1]!.split("```")[0]!;
  const file = readRescueFile(Buffer.from(example));
  expect(file.waiting.map((record) => checkRescued(record).ok)).toEqual([true]);
  for (const field of [...Object.keys(rescueForm.shape), ...Object.keys(rescuedForm.shape)]) {
    expect(text).toContain(`\`${field}\``.replace(/`(boothlight|version)`/, '"$1"'));
  }
});
