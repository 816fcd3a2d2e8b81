import { uuidv7 } from "uuidv7";
import { listsOf } from "../../../src/catalog/store";
import { addExpert } from "../../../src/experts/store";
import { mergeQuestions } from "../../../src/questions/merging/store";
import type { Step, Taker } from "../../../src/questions/rules";
import { slipPage } from "../../../src/questions/slips/store";
import { takeStep } from "../../../src/questions/steps/store";
import { activityOfQuestion, questionById } from "../../../src/questions/store";
import { newCode } from "../../../src/visits/slips/rules";
import { bindSlip, newSlip, slipOf } from "../../../src/visits/slips/store";
import { asSent, deleteVisit, giveSlip, restoreVisit, visitById } from "../../../src/visits/store";
import { aVisit, type Booth, openBooth, type Tablet } from "../../support/booth";
import { ENGINES, NOON } from "../../support/databases";

const ORGANIZER: Taker = { kind: "organizer", name: "organizer" };

describe.each(ENGINES)("slips on %s", (engine) => {
  let booth: Booth;
  let tablet: Tablet;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    tablet = await booth.tablet("Ada");
  });
  afterEach(() => booth.close());

  const page = (code: string) => slipPage(booth.db.read, code);
  const slip = (id: string) => slipOf(booth.db.read, id);
  const give = (id: string) => booth.db.write((writer) => giveSlip(writer, id, "Ada", NOON));
  const codes = () => booth.db.read.selectFrom("slips").select(["code", "question_id"]).execute();
  const steps = async (id: string) => (await activityOfQuestion(booth.db.read, id)).map((each) => each.step);

  /** Logs a visit with one question; gives the visit and the question's id. */
  async function ask(given: { text?: string; slip?: string; topic?: string } = {}) {
    const question = { id: uuidv7(), text: "How large can it get?", ...given };
    const visit = aVisit({ questions: [question] });
    const [result] = await tablet.send(visit);
    expect(result?.status).toBe("recorded");
    return { visit, id: question.id, result };
  }

  async function step(id: string, taken: Step, more: { expertId?: string; note?: string } = {}) {
    const { version } = await questionById(booth.db.read, id);
    await booth.db.write((writer) =>
      takeStep(writer, id, { step: taken, shown: version, by: ORGANIZER, now: NOON, ...more }),
    );
  }

  test("a question gets one slip, however often it is asked for, and the activity says so once", async () => {
    const { id } = await ask();
    const code = await give(id);
    expect(await give(id)).toBe(code);
    expect(await codes()).toEqual([{ code, question_id: id }]);
    expect(await steps(id)).toEqual(["slip given"]);
  });

  test("two who ask for a question's slip at once get the same", async () => {
    const { id } = await ask();
    const [one, other] = await Promise.all([give(id), give(id)]);
    expect(one).toBe(other);
  });

  test("a code that comes with its question leads there, and stays when a later record leaves it out", async () => {
    const code = newCode();
    const { visit, id } = await ask({ slip: code });
    expect(await slip(id)).toBe(code);
    const without = { ...visit, revision: 2, note: "more", questions: [{ id, text: "How large?" }] };
    expect(await tablet.send(without)).toMatchObject([{ status: "updated" }]);
    expect(await slip(id)).toBe(code);
    expect(await tablet.send({ ...visit, revision: 3, questions: [] })).toMatchObject([
      { status: "updated" },
    ]);
    expect(await page(code)).toMatchObject({ state: "open" });
  });

  test("a code typed with blanks and small letters is the same code", async () => {
    const code = newCode();
    const { id } = await ask({ slip: ` ${code.slice(0, 3)} ${code.slice(3).toLowerCase()}` });
    expect(await slip(id)).toBe(code);
  });

  test("a code with a wrong character is refused by its field", async () => {
    const code = newCode();
    const wrong = (code.startsWith("2") ? "3" : "2") + code.slice(1);
    const [result] = await tablet.send(aVisit({ questions: [{ text: "How?", slip: wrong }] }));
    expect(result).toMatchObject({
      status: "invalid",
      problems: [{ field: "questions.0.slip", message: expect.stringContaining("not the code of a slip") }],
    });
  });

  test("a code that another question has stays there: the visit counts, and its question gets another", async () => {
    const code = newCode();
    const first = await ask({ slip: code });
    const second = await ask({ slip: code });
    const given = (await slip(second.id)) as string;
    expect(given).not.toBe(code);
    expect(second.result).toMatchObject({
      status: "recorded",
      slips: [{ question: second.id, slip: given }],
    });
    expect(await slip(first.id)).toBe(code);
    const [trace] = await activityOfQuestion(booth.db.read, second.id);
    expect(trace).toMatchObject({
      step: "slip given",
      note: expect.stringContaining("which another question has"),
    });
    // Sent again, it is told the same once more.
    expect(await tablet.send(second.visit)).toMatchObject([
      { status: "replayed", slips: [{ question: second.id, slip: given }] },
    ]);
    expect(await codes()).toHaveLength(2);
  });

  test("a slip that was given on the tablet and one from the laptop are both good", async () => {
    const { visit, id } = await ask();
    const ofLaptop = await give(id);
    const ofTablet = newCode();
    const again = { ...visit, revision: 2, questions: [{ ...visit.questions?.[0], slip: ofTablet }] };
    expect(await tablet.send(again)).toEqual([{ id: visit.id, status: "updated" }]);
    for (const code of [ofLaptop, ofTablet]) expect(await page(code)).toMatchObject({ state: "open" });
  });

  test("a slip is no part of what is said: the same words with it are the same record", async () => {
    const { visit, id } = await ask();
    const code = newCode();
    const same = { ...visit, questions: [{ ...visit.questions?.[0], slip: code }] };
    expect(await tablet.send(same)).toEqual([{ id: visit.id, status: "replayed" }]);
    expect(await slip(id)).toBe(code);
    const lists = await listsOf(booth.db.read, booth.eventId);
    const kept = asSent(await visitById(booth.db.read, visit.id), lists);
    expect(kept.questions).toEqual([{ id, text: "How large can it get?", slip: code }]);
  });

  test("a code that a visitor's own question has is not bound to another", async () => {
    const code = newCode();
    await booth.db.write((writer) =>
      writer
        .insertInto("visitor_questions")
        .values({
          id: uuidv7(),
          event_id: booth.eventId,
          code,
          text: "Why?",
          language: "en",
          asked_at: NOON,
          topic_id: null,
          contact: null,
          refused_at: null,
        })
        .execute(),
    );
    const { id } = await ask();
    expect(await booth.db.write((writer) => bindSlip(writer, { code, questionId: id, now: NOON }))).toBe(
      "taken",
    );
    expect(await booth.db.write((writer) => newSlip(writer, id, NOON))).not.toBe(code);
  });

  test("under a code stand state, topic, day and answer, from asked to closed", async () => {
    const kai = await booth.db.write((writer) =>
      addExpert(writer, { name: "Kai", kind: "person", address: "", topics: [], hidden: false }, NOON),
    );
    const { id } = await ask({ topic: "storage" });
    const code = await give(id);
    const there = { event: "Winter Camp", timeZone: "Europe/Brussels", topic: "Storage", askedAt: NOON };
    expect(await page(code)).toMatchObject({ ...there, state: "open", answer: null });
    await step(id, "routed", { expertId: kai });
    expect(await page(code)).toMatchObject({ state: "routed", answer: null });
    await step(id, "answered", { note: "As large as you like." });
    expect(await page(code)).toMatchObject({ state: "answered", answer: "As large as you like." });
    await step(id, "closed");
    expect(await page(code)).toMatchObject({ state: "closed", answer: "As large as you like." });
  });

  test("one answer is under the codes of all who asked the same, with all of them to be left out of it", async () => {
    const visits = ["Zoë", "Kim"].map((name) =>
      aVisit({ contact: { name }, questions: [{ id: uuidv7(), text: "How?", slip: newCode() }] }),
    );
    await tablet.send(...visits);
    const [head, member] = visits.map((visit) => visit.questions?.[0] as { id: string; slip: string });
    await booth.db.write((writer) =>
      mergeQuestions(writer, { id: head!.id, version: 1 }, [{ id: member!.id, version: 1 }], {
        by: ORGANIZER,
        now: NOON,
      }),
    );
    await step(head!.id, "answered", { note: "Zoë, so." });
    for (const { slip: code } of [head!, member!]) {
      const found = await page(code);
      expect(found).toMatchObject({ state: "answered", answer: "Zoë, so." });
      expect(found?.visitors.map((each) => each.name).sort()).toEqual(["Kim", "Zoë"]);
    }
  });

  test("what is unknown, in the bin or erased is not there; put back, it is", async () => {
    const { visit, id } = await ask();
    const code = await give(id);
    expect(await page(newCode())).toBeUndefined();
    await booth.db.write((writer) => deleteVisit(writer, visit.id, "Ada", NOON));
    expect(await page(code)).toBeUndefined();
    await booth.db.write((writer) => restoreVisit(writer, visit.id, "Ada", NOON));
    expect(await page(code)).toMatchObject({ state: "open" });
    await booth.db.write((writer) => writer.deleteFrom("questions").where("id", "=", id).execute());
    expect(await page(code)).toBeUndefined();
    expect(await codes()).toEqual([]);
  });
});
