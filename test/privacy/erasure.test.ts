import { uuidv7 } from "uuidv7";
import { eventById } from "../../src/events/store";
import { readEventFile } from "../../src/imports/form";
import { outcomeInWords } from "../../src/imports/rules";
import { importEvent } from "../../src/imports/store";
import { eventFileText } from "../../src/imports/writing/store";
import { countErasures, erase, eraseAgain, keptErasures } from "../../src/privacy/erasure/store";
import { letterOf } from "../../src/questions/letters/store";
import { takeStep } from "../../src/questions/steps/store";
import { figuresOf } from "../../src/reports/store";
import { giveOwnCode } from "../../src/visits/codes/store";
import { newCode } from "../../src/visits/slips/rules";
import { deleteVisit } from "../../src/visits/store";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { ENGINES, NOON } from "../support/databases";

const ZOE = { name: "Zoë Tannenbaum", email: "zoe@visitor.example", consent: ["follow-up" as const] };
const BY = { actor: "organizer", actorKind: "organizer", why: "asked" } as const;
const BY_HERSELF = { actor: "visitor", actorKind: "visitor", why: "asked" } as const;
const DAY = 86_400_000;

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

describe.each(ENGINES)("on %s", (engine) => {
  let booth: Booth;
  let tablet: Tablet;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    tablet = await booth.tablet("Ada");
  });
  afterEach(() => booth.close());

  const question = () => ({
    id: uuidv7(),
    text: "Does Zoë's disk matter?",
    topic: "storage",
    slip: newCode(),
  });
  const zoesVisit = () => aVisit({ note: "Zoë wants a call", contact: ZOE, questions: [question()] });
  const eraseVisit = (id: string, by: Parameters<typeof erase>[2] = BY, at = NOON) =>
    booth.db.write((writer) => erase(writer, { kind: "visit", id }, by, at));
  const visitOf = (id: string) =>
    booth.db.read.selectFrom("visits").selectAll().where("id", "=", id).executeTakeFirst();
  const contactOf = (id: string) =>
    booth.db.read.selectFrom("contacts").selectAll().where("visit_id", "=", id).executeTakeFirst();
  const figures = async (of: Booth = booth) =>
    figuresOf(of.db.read, await eventById(of.db.read, of.eventId), {});
  const everything = async (of: Booth = booth) =>
    textOf(eventFileText(of.db, await eventById(of.db.read, of.eventId)));

  test("a later revision from an old tablet is gone, and brings nothing back", async () => {
    const visit = zoesVisit();
    await tablet.send(visit);
    const before = await figures();
    await eraseVisit(visit.id);
    expect(await tablet.send({ ...visit, revision: 2, note: "Zoë called again" })).toEqual([
      { id: visit.id, status: "gone" },
    ]);
    expect(await tablet.send(visit)).toEqual([{ id: visit.id, status: "gone" }]);
    expect(await contactOf(visit.id)).toBeUndefined();
    expect((await visitOf(visit.id))?.note).toBeNull();
    expect(await booth.db.read.selectFrom("slips").selectAll().execute()).toEqual([]);
    expect(await figures()).toEqual(before);
  });

  test("what counts of a visit can still be put right, details cannot be added", async () => {
    const visit = zoesVisit();
    await tablet.send(visit);
    await eraseVisit(visit.id);
    const before = await figures();
    const organizer = await booth.organizer();
    const form = { revision: 1, category: "existing", time: "2024-02-03T12:00", people: "2" };
    const post = (more: object) =>
      organizer
        .post(`/visits/${visit.id}`)
        .type("form")
        .send({ ...form, ...more });
    const refused = await post({ "contact.name": "Zoë Tannenbaum" });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain("no details are kept any more");
    expect(refused.text).toContain('value="Zoë Tannenbaum"');
    await post({}).expect(303);
    expect(await visitOf(visit.id)).toMatchObject({ category: "existing", people: 2 });
    expect(await contactOf(visit.id)).toBeUndefined();
    expect((await figures()).visitsWithContact).toBe(before.visitsWithContact);
    expect(await tablet.send({ ...visit, revision: 9 })).toEqual([{ id: visit.id, status: "gone" }]);
  });

  test("a file and a rescue file that have an erased visitor bring them nowhere, and say so", async () => {
    const visit = zoesVisit();
    await tablet.send(visit);
    const file = await everything();
    await eraseVisit(visit.id);
    const outcome = await importEvent(booth.db, await readEventFile(Buffer.from(file)), NOON);
    expect(outcome.visits).toMatchObject({ gone: 1, added: 0 });
    expect(outcomeInWords(outcome)).toContain("its visitor was erased");
    await booth.db.write((writer) => erase(writer, { kind: "device", id: tablet.id }, BY, NOON));
    const rescue = {
      boothlight: "rescue",
      version: 1,
      event: "winter-camp",
      savedAt: new Date(NOON).toISOString(),
      device: { id: tablet.id, staffName: "Ada" },
      // One that cannot be taken as it is would stand beside the visit, to be read; one is new.
      waiting: [{ ...visit, revision: 7, category: "nonsense" }, aVisit()].map((each) => ({
        visit: each,
        undone: false,
        others: [],
        since: new Date(NOON).toISOString(),
      })),
    };
    const organizer = await booth.organizer();
    const { body } = await organizer
      .post("/rescue-files")
      .set("Accept", "application/json")
      .field("event", "winter-camp")
      .attach("file", Buffer.from(JSON.stringify(rescue)), "boothlight-rescue.json")
      .expect(200);
    expect(body.results[0]).toMatchObject({ status: "gone", hasVersions: false, refused: [] });
    expect(await contactOf(visit.id)).toBeUndefined();
    expect(await booth.db.read.selectFrom("visit_conflicts").selectAll().execute()).toEqual([]);
    expect(await everything()).not.toMatch(/zoe@|Ada/);
  });

  test("after an older backup is restored, whoever was erased since is erased again", async () => {
    const [visit, binned] = [zoesVisit(), aVisit({ contact: { name: "Otto Ohm", consent: [] } })];
    await tablet.send(visit, binned);
    const backup = await everything();
    await booth.db.write((writer) => deleteVisit(writer, binned.id, "organizer", NOON));
    await eraseVisit(visit.id);
    await eraseVisit(binned.id);
    await booth.db.write((writer) => erase(writer, { kind: "device", id: tablet.id }, BY, NOON));
    const kept = await keptErasures(booth.db.read);
    expect(JSON.stringify(kept)).not.toMatch(/Zoë|zoe@|Otto|Ada/);

    const restored = await openBooth({ engine: "sqlite" });
    await importEvent(restored.db, await readEventFile(Buffer.from(backup)), NOON);
    const before = await figures(restored);
    expect(JSON.stringify(await everything(restored))).toMatch(/Zoë.*Otto.*Ada|Ada.*Zoë.*Otto/);
    await restored.db.write((writer) => eraseAgain(writer, kept, NOON + DAY));
    await restored.db.write((writer) => eraseAgain(writer, JSON.parse(JSON.stringify(kept)), NOON + DAY));
    expect(await everything(restored)).not.toMatch(/Zoë|zoe@|Otto|Ada/);
    expect((await figures(restored)).visits).toBe(before.visits - 1);
    expect((await keptErasures(restored.db.read)).map(({ kind, id }) => `${kind} ${id}`)).toEqual(
      expect.arrayContaining(kept.map(({ kind, id }) => `${kind} ${id}`)),
    );
    await restored.close();
  });

  test("what a visitor had asked on their phone does not wait again with their details, from before it was part of a visit", async () => {
    const noor = { name: "Noor Ahmadi", email: "noor@visitor.example" };
    const ids = [uuidv7(), uuidv7()];
    for (const id of ids)
      await booth
        .nobody()
        .post("/ask")
        .type("form")
        .send({ id, question: "Why?", ...noor })
        .expect(303);
    const before = await everything();
    expect(before).toContain("noor@");
    const organizer = await booth.organizer();
    for (const id of ids)
      await organizer.post(`/asked/${id}/acceptance`).type("form").send({ category: "new" }).expect(303);
    const visits = await booth.db.read.selectFrom("visits").select("id").execute();
    expect(visits).toHaveLength(2);
    const [asked, binned] = visits as [{ id: string }, { id: string }];
    await eraseVisit(asked.id, BY_HERSELF);
    await booth.db.write((writer) => deleteVisit(writer, binned.id, "organizer", NOON));
    await eraseVisit(binned.id);
    expect(await countErasures(booth.db.read)).toBe(2);

    // A file from before, here: of the one that was deleted for good nothing is left to tell that it is known.
    await importEvent(booth.db, await readEventFile(Buffer.from(before)), NOON);
    expect(await everything()).not.toContain("noor@");
    const kept = await keptErasures(booth.db.read);
    const restored = await openBooth({ engine: "sqlite" });
    await importEvent(restored.db, await readEventFile(Buffer.from(before)), NOON);
    expect(await everything(restored)).toContain("noor@");
    await restored.db.write((writer) => eraseAgain(writer, kept, NOON + DAY));
    expect(await everything(restored)).not.toMatch(/Noor|noor@/);
    expect(await restored.db.read.selectFrom("visitor_codes").selectAll().execute()).toEqual([]);
    await restored.close();
  });

  test("a visit that is not in the restored backup counts when it comes again, without its visitor", async () => {
    const visit = zoesVisit();
    await booth.db.write((writer) =>
      eraseAgain(writer, [{ kind: "visit", id: visit.id, erasedAt: NOON }], NOON + DAY),
    );
    expect(await tablet.send(visit)).toEqual([{ id: visit.id, status: "gone" }]);
    expect(await figures()).toMatchObject({ visits: 1, visitsWithContact: 1, questions: 1 });
    expect(await everything()).not.toMatch(/Zoë|zoe@/);
    // Sent twice it counts once.
    await tablet.send(visit);
    expect((await figures()).visits).toBe(1);
  });

  test("one that was deleted for good does not come back at all", async () => {
    const visit = zoesVisit();
    await tablet.send(visit);
    await booth.db.write((writer) => deleteVisit(writer, visit.id, "organizer", NOON));
    await eraseVisit(visit.id);
    expect(await visitOf(visit.id)).toBeUndefined();
    expect(await tablet.send(visit)).toEqual([{ id: visit.id, status: "gone" }]);
    expect((await figures()).visits).toBe(0);
  });

  test("messages to them are taken back; one that is under way finds nobody at its next try", async () => {
    const visit = zoesVisit();
    await tablet.send(visit);
    const questionId = visit.questions?.[0]?.id as string;
    const version = async () =>
      (
        await booth.db.read
          .selectFrom("questions")
          .select("version")
          .where("id", "=", questionId)
          .executeTakeFirstOrThrow()
      ).version;
    const shown = await version();
    await booth.db.write((writer) =>
      takeStep(writer, questionId, {
        step: "answered",
        note: "It does, Zoë Tannenbaum.",
        shown,
        by: { kind: "organizer", name: "organizer" },
        now: NOON,
      }),
    );
    const message = await booth.db.read.selectFrom("messages").selectAll().executeTakeFirstOrThrow();
    expect(message.state).toBe("waiting");
    await booth.db.write((writer) =>
      writer
        .insertInto("messages")
        .values({ ...message, id: uuidv7(), state: "sending" })
        .execute(),
    );
    await eraseVisit(visit.id);
    const after = await booth.db.read.selectFrom("messages").selectAll().orderBy("state").execute();
    expect(after.map(({ state }) => state)).toEqual(["cancelled", "sending"]);
    for (const each of after) {
      const letter = await letterOf(booth.db, each, { publicUrl: undefined, now: NOON });
      expect(JSON.stringify(letter ?? "")).not.toMatch(/zoe@/);
    }
  });

  test("who erases themselves leaves no note; their questions are for the organizer to look at", async () => {
    const visit = zoesVisit();
    const other = aVisit({ note: "Came with Tannenbaum, knows zoe@visitor.example" });
    await tablet.send(visit, other);
    await eraseVisit(visit.id, BY_HERSELF);
    expect((await visitOf(visit.id))?.note).toBeNull();
    expect((await visitOf(other.id))?.note).toBe("Came with Tannenbaum, knows …");
    const organizer = await booth.organizer();
    const page = await organizer.get("/texts-to-look-at").expect(200);
    expect(page.text).toContain("Does …&#39;s disk matter?");
    expect(page.text).toContain("Came with Tannenbaum");
    expect(page.text).not.toMatch(/zoe@/);
    const seal = /name="id" value="([^"]+)"><input type="hidden" name="seal" value="([^"]+)">/;
    const notes = page.text.slice(page.text.indexOf("Note on the visit"));
    const [, id, sealed] = seal.exec(notes) ?? [];
    const form = { place: "note", id, seal: sealed, text: "Came with somebody" };
    await organizer
      .post("/texts-to-look-at")
      .type("form")
      .send({ ...form, seal: "another" })
      .expect(409);
    await organizer.post("/texts-to-look-at").type("form").send(form).expect(303);
    expect((await visitOf(other.id))?.note).toBe("Came with somebody");
    const rest = await booth.db.read.selectFrom("texts_to_look_at").select("place").execute();
    expect(rest).toEqual([{ place: "question" }]);
    // The tablet that has the words of before cannot put them back unnoticed.
    expect((await tablet.send({ ...other, revision: 2, note: "Tannenbaum came back" }))[0]?.status).toBe(
      "conflict",
    );
  });

  test("the organizer finds somebody, reads all texts and erases them as they left them", async () => {
    const [first, second] = [
      zoesVisit(),
      aVisit({ contact: { name: "Z. T.", email: "ZOE@visitor.example", consent: [] } }),
    ];
    const slip = first.questions?.[0]?.slip as string;
    await tablet.send(first, second);
    const organizer = await booth.organizer();
    const own = await booth.db.write((writer) => giveOwnCode(writer, { visitId: first.id }));
    expect(own).toBeDefined();
    for (const words of [own, "tannenbaum", "zoe tannen", "zoe@visitor", slip]) {
      const { text } = await organizer.get("/people").query({ search: words }).expect(200);
      expect([words, text.includes("Zoë Tannenbaum")]).toEqual([words, true]);
    }
    const found = await organizer.get("/people").query({ search: "zoe@visitor.example" });
    const address = /\/erasures\/new\?[^"]+/.exec(found.text)?.[0]?.replaceAll("&amp;", "&") as string;
    expect(address).toContain(first.id);
    expect(address).toContain(second.id);
    const alone = await organizer.get("/erasures/new").query({ visit: first.id }).expect(200);
    expect(alone.text).toContain("Most likely the same person");
    const preview = await organizer.get(address).expect(200);
    expect(preview.text).toContain("<mark>Zoë</mark> wants a call");
    const hidden = [...preview.text.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)];
    const of = (name: string) => hidden.filter((each) => each[1] === name).map((each) => each[2] as string);
    const texts = of("place").map((place) => (place === "note" ? "Wants a call" : "Does a disk matter?"));
    const form = { visit: of("visit"), place: of("place"), id: of("id"), seal: of("seal"), text: texts };
    await tablet.send({ ...first, revision: 2, note: "Zoë does not want a call" });
    const late = await organizer.post("/erasures").type("form").send(form);
    expect(late.status).toBe(409);
    expect(late.text).toContain("does not want a call");
    expect(late.text).toContain("Does a disk matter?");
    expect(await contactOf(first.id)).toBeDefined();
    const seals = [...late.text.matchAll(/name="seal" value="([^"]*)"/g)].map((each) => each[1]);
    await organizer
      .post("/erasures")
      .type("form")
      .send({ ...form, seal: seals })
      .expect(303);
    expect(await contactOf(first.id)).toBeUndefined();
    expect(await contactOf(second.id)).toBeUndefined();
    expect((await visitOf(first.id))?.note).toBe("Wants a call");
    expect(await everything()).not.toMatch(/Zoë|zoe@/i);
    expect(await booth.db.read.selectFrom("visitor_codes").selectAll().execute()).toEqual([]);
    await organizer.get("/erasures/new").query({ visit: first.id }).expect(200);
    await organizer.get("/erasures/new").query({ visit: uuidv7() }).expect(404);
  });
});
