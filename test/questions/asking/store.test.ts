import { uuidv7 } from "uuidv7";
import { listsOf } from "../../../src/catalog/store";
import { eventById } from "../../../src/events/store";
import { MOST_HELD } from "../../../src/questions/asking/rules";
import {
  acceptAsVisit,
  acceptIntoVisit,
  askedAt,
  keepAsked,
  setAside,
} from "../../../src/questions/asking/store";
import { slipPage } from "../../../src/questions/slips/store";
import { activityOfQuestion, questionById } from "../../../src/questions/store";
import { slipOf } from "../../../src/visits/slips/store";
import { countAsked, visitById } from "../../../src/visits/store";
import { aVisit, type Booth, openBooth, type Tablet } from "../../support/booth";
import { ENGINES, NOON } from "../../support/databases";

const HOUR = 3_600_000;
const ZOE = { name: "Zoë Peeters", email: "zoe@visitor.example", consent: ["follow-up" as const] };

describe.each(ENGINES)("questions that visitors ask on %s", (engine) => {
  let booth: Booth;
  let tablet: Tablet;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    tablet = await booth.tablet("Ada");
  });
  afterEach(() => booth.close());

  const ask = (given: { id?: string; text?: string; left?: typeof ZOE; topicId?: string } = {}) =>
    booth.db.write((writer) =>
      keepAsked(writer, {
        id: uuidv7(),
        text: "Why?",
        topic: undefined,
        left: undefined,
        topicId: null,
        eventId: booth.eventId,
        language: "en",
        now: NOON,
        ...given,
      }),
    );
  const held = () => askedAt(booth.db.read, booth.eventId, "held");
  const visits = () => booth.db.read.selectFrom("visits").selectAll().execute();
  const place = async () => ({
    event: await eventById(booth.db.read, booth.eventId),
    lists: await listsOf(booth.db.read, booth.eventId),
    now: NOON + HOUR,
  });
  const caller = () => ({
    kind: "device" as const,
    id: tablet.id,
    eventId: booth.eventId,
    boothId: null,
    staffName: "Ada",
  });
  async function accept(id: string, category: "existing" | "new" = "new") {
    const { event, lists, now } = await place();
    const arrival = {
      event,
      lists,
      boothId: null,
      deviceId: tablet.id,
      staffName: "Ada",
      receivedAt: now,
      clockOffset: 0,
    };
    return booth.db.write((writer) => acceptAsVisit(writer, arrival, id, category));
  }
  async function acceptInto(id: string, visitId: string) {
    const here = { ...(await place()), caller: caller(), staffName: "Ada" };
    return booth.db.write((writer) => acceptIntoVisit(writer, here, id, visitId));
  }

  test("are held once, however often the form is sent, with the same slip", async () => {
    const id = uuidv7();
    const [first, second] = await Promise.all([ask({ id }), ask({ id })]);
    expect(first).toBe(second);
    expect(await held()).toMatchObject([{ id, code: first, text: "Why?" }]);
    expect(await visits()).toEqual([]);
    await accept(id);
    expect(await ask({ id })).toBe(first);
    expect(await held()).toEqual([]);
  });

  test("are no more than staff can look through, until some were looked at or put aside", async () => {
    const rows = Array.from({ length: MOST_HELD - 1 }, () => ask());
    await Promise.all(rows);
    const last = uuidv7();
    await ask({ id: last });
    await expect(ask()).rejects.toMatchObject({ kind: "too-many" });
    expect(await countAsked(booth.db.read, booth.eventId)).toBe(MOST_HELD);
    await booth.db.write((writer) => setAside(writer, booth.eventId, last, NOON));
    await ask();
  });

  test("become a visit of the time when they were asked, with contact and consent, their id and their code", async () => {
    const lists = await listsOf(booth.db.read, booth.eventId);
    const id = uuidv7();
    const topicId = lists.topics.find((topic) => topic.slug === "storage")?.id;
    const code = await ask({ id, left: ZOE, topicId });
    expect(await accept(id, "existing")).toBe(true);
    const question = await questionById(booth.db.read, id);
    expect(question).toMatchObject({ text: "Why?", topic: "storage", state: "open", category: "existing" });
    const visit = await visitById(booth.db.read, question.visit_id);
    expect(visit).toMatchObject({ happened_at: NOON, staff_name: "Ada", device_id: tablet.id });
    expect(visit.contact).toMatchObject(ZOE);
    expect(await slipOf(booth.db.read, id)).toBe(code);
    expect(await slipPage(booth.db.read, code)).toMatchObject({ state: "open", topic: "Storage" });
    expect(await activityOfQuestion(booth.db.read, id)).toMatchObject([
      { step: "looked at", actor: "Ada", actor_kind: "staff", at: NOON + HOUR },
      { step: "asked by themselves", actor_kind: "visitor", at: NOON },
    ]);
  });

  test("are about the project that the booth shows, where that is one", async () => {
    await booth.db.write((writer) =>
      writer.updateTable("projects").set({ hidden: 1 }).where("slug", "=", "wick").execute(),
    );
    const id = uuidv7();
    await ask({ id });
    await accept(id);
    expect(await questionById(booth.db.read, id)).toMatchObject({ project: "Lantern" });
  });

  test("count once, whoever looks at them at the same moment", async () => {
    const id = uuidv7();
    await ask({ id });
    const accepted = await Promise.all([accept(id), accept(id), accept(id, "existing")]);
    expect(accepted.filter(Boolean)).toHaveLength(1);
    expect(await visits()).toHaveLength(1);
  });

  test("join a visit that was logged, so that one conversation is one visit", async () => {
    const visit = aVisit({
      questions: [{ text: "How?" }],
      contact: { name: "Zoe", phone: "12", consent: [] },
    });
    await tablet.send(visit);
    const id = uuidv7();
    const code = await ask({ id, left: ZOE });
    expect(await acceptInto(id, visit.id)).toBe(true);
    expect(await acceptInto(id, visit.id)).toBe(false);
    expect(await visits()).toHaveLength(1);
    const kept = await visitById(booth.db.read, visit.id);
    expect(kept.questions.map((question) => question.text)).toEqual(["How?", "Why?"]);
    expect(kept.contact).toMatchObject({ ...ZOE, phone: "12", note: "Zoe" });
    expect(await slipPage(booth.db.read, code)).toMatchObject({ state: "open" });
  });

  test("stay with the visit when the tablet, which does not know, sends an edit of it", async () => {
    const visit = aVisit();
    await tablet.send(visit);
    const id = uuidv7();
    await ask({ id });
    await acceptInto(id, visit.id);
    await tablet.send({ ...visit, revision: 2, base: 1, note: "typed meanwhile" });
    await tablet.send({ ...visit, revision: 3, base: 1, note: "typed meanwhile" });
    expect(await questionById(booth.db.read, id)).toMatchObject({ text: "Why?", hidden: 0 });
  });

  test("join no visit of another tablet, and nothing is lost by the try", async () => {
    const visit = aVisit();
    await (await booth.tablet("Bea")).send(visit);
    const id = uuidv7();
    await ask({ id });
    await expect(acceptInto(id, visit.id)).rejects.toMatchObject({ kind: "missing" });
    expect(await held()).toMatchObject([{ id }]);
  });

  test("that were put aside have a slip that leads nowhere, until they are brought back", async () => {
    const id = uuidv7();
    const code = await ask({ id });
    const set = (at: number | null) => booth.db.write((writer) => setAside(writer, booth.eventId, id, at));
    expect(await set(NOON)).toBe(true);
    expect(await set(NOON)).toBe(false);
    expect(await slipPage(booth.db.read, code)).toBeUndefined();
    expect(await held()).toEqual([]);
    expect(await askedAt(booth.db.read, booth.eventId, "aside")).toMatchObject([{ id }]);
    expect(await set(null)).toBe(true);
    expect(await slipPage(booth.db.read, code)).toMatchObject({ answer: null });
    expect(await held()).toMatchObject([{ id }]);
  });
});
