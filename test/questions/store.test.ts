import { uuidv7 } from "uuidv7";
import { listsOf } from "../../src/catalog/store";
import { eventById } from "../../src/events/store";
import { addExpert } from "../../src/experts/store";
import {
  countByState,
  type QueueFilter,
  type QueuePage,
  type QueuePlace,
  queuePage,
} from "../../src/questions/queue/store";
import type { Step, Taker } from "../../src/questions/rules";
import { changeTopic, takeStep } from "../../src/questions/steps/store";
import { activityOfQuestion, questionById } from "../../src/questions/store";
import { asSent, deleteVisit, visitById } from "../../src/visits/store";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { ENGINES, NOON } from "../support/databases";

const THE_ORGANIZER: Taker = { kind: "organizer", name: "organizer" };

describe.each(ENGINES)("the queue on %s", (engine) => {
  let booth: Booth;
  let tablet: Tablet;
  let kai: string;
  let lou: string;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    tablet = await booth.tablet("Ada");
    const expert = (name: string, topics: string[]) =>
      booth.db.write((writer) =>
        addExpert(writer, { name, kind: "person", address: "", topics, hidden: false }, NOON),
      );
    kai = await expert("Kai", ["storage"]);
    lou = await expert("Lou", []);
  });
  afterEach(() => booth.close());

  /** Logs one visit a question, a minute apart; gives the questions' ids. */
  async function ask(...questions: { text?: string; topic?: string; project?: string; note?: string }[]) {
    const visits = questions.map(({ text = "How?", topic, project, note }, index) =>
      aVisit({
        project,
        note,
        happenedAt: new Date(NOON + index * 60_000).toISOString(),
        questions: [{ id: uuidv7(), text, topic }],
      }),
    );
    for (const result of await tablet.send(...visits)) expect(result.status).toBe("recorded");
    return visits.map((visit) => visit.questions?.[0]?.id as string);
  }

  async function step(id: string, step: Step, expertId?: string, note?: string) {
    const { version } = await questionById(booth.db.read, id);
    await booth.db.write((writer) =>
      takeStep(writer, id, {
        step,
        shown: version,
        expertId,
        note,
        by: THE_ORGANIZER,
        now: NOON,
      }),
    );
  }

  const find = async (filter: QueueFilter) =>
    (await queuePage(booth.db.read, { eventId: booth.eventId, ...filter }, {})).ids;

  test("what is with nobody stands on top, the longest asked first", async () => {
    const [a, b, c, d] = (await ask({}, {}, {}, {})) as [string, string, string, string];
    await step(a, "closed");
    await step(b, "routed", kai);
    expect(await find({})).toEqual([c, d, b, a]);
    await step(b, "given back");
    expect(await find({})).toEqual([b, c, d, a]);
  });

  test.each([
    ["in the order of the queue", undefined],
    ["of a search", "how"],
  ])(
    "paging over 120 questions in four states, %s, shows each exactly once, there and back",
    async (_what, search) => {
      const ids = await ask(...Array.from({ length: 120 }, () => ({})));
      for (const [index, id] of ids.entries()) {
        if (index % 4 === 1) await step(id, "routed", kai);
        if (index % 4 === 2) await step(id, "answered", undefined, "Yes.");
        if (index % 4 === 3) await step(id, "closed");
      }
      const page = (turn: { before?: QueuePlace; after?: QueuePlace }) =>
        queuePage(booth.db.read, { eventId: booth.eventId, search }, turn);
      const pages: QueuePage[] = [await page({})];
      for (let last = pages[0]; last?.later; ) {
        last = await page({ after: last.later });
        pages.push(last);
      }
      expect(pages.map((each) => each.ids.length)).toEqual([50, 50, 20]);
      const seen = pages.flatMap((each) => each.ids);
      expect([...seen].sort()).toEqual([...ids].sort());
      expect(pages[0]?.earlier).toBeUndefined();
      const second = await page({ before: pages[2]?.earlier });
      expect(second.ids).toEqual(pages[1]?.ids);
      expect((await page({ before: second.earlier })).ids).toEqual(pages[0]?.ids);
      expect(await countByState(booth.db.read, { eventId: booth.eventId })).toEqual({
        open: 30,
        routed: 30,
        answered: 30,
        closed: 30,
      });
    },
  );

  test("filters narrow down, alone and together", async () => {
    const [disk, net, plain] = (await ask(
      { text: "Which disk?", topic: "storage", project: "wick" },
      { text: "Which cable?", topic: "networking", project: "lantern" },
      { text: "Who are you?", note: "from Łódź" },
    )) as [string, string, string];
    await step(net, "routed", kai);
    const idOf = async (table: "topics" | "projects", slug: string) =>
      (await booth.db.read.selectFrom(table).select("id").where("slug", "=", slug).executeTakeFirstOrThrow())
        .id;
    expect(await find({ topicIds: [await idOf("topics", "storage")] })).toEqual([disk]);
    expect(await find({ topicIds: null })).toEqual([plain]);
    expect(await find({ expertId: kai })).toEqual([net]);
    expect(await find({ expertId: null })).toEqual([disk, plain]);
    expect(await find({ projectIds: [await idOf("projects", "wick")] })).toEqual([disk]);
    expect(await find({ state: "routed" })).toEqual([net]);
    expect(await find({ search: "WHICH cable" })).toEqual([net]);
    expect(await find({ search: "lodz" })).toEqual([plain]);
    expect(await find({ search: "which", expertId: null })).toEqual([disk]);
  });

  test("a question of a visit in the bin is out of the queue and takes no step", async () => {
    const [id] = (await ask({})) as [string];
    const { visit_id } = await questionById(booth.db.read, id);
    await booth.db.write((writer) => deleteVisit(writer, visit_id, "organizer", NOON));
    expect(await find({})).toEqual([]);
    await expect(step(id, "routed", kai)).rejects.toThrow("is in the bin");
  });

  test("of two who route at once, one is taken and the other is told; the activity has one step", async () => {
    const [id] = (await ask({})) as [string];
    const route = (expertId: string) =>
      booth.db.write((writer) =>
        takeStep(writer, id, {
          step: "routed",
          shown: 1,
          expertId,
          by: THE_ORGANIZER,
          now: NOON,
        }),
      );
    const [first, second] = await Promise.allSettled([route(kai), route(lou)]);
    expect(first.status).toBe("fulfilled");
    expect(second).toMatchObject({
      status: "rejected",
      reason: { kind: "conflict", message: "This question was routed by somebody else a moment ago." },
    });
    expect(await questionById(booth.db.read, id)).toMatchObject({ state: "routed", expert: "Kai" });
    expect(await activityOfQuestion(booth.db.read, id)).toHaveLength(1);
  });

  test("passing on from somebody who no longer has it is refused", async () => {
    const [id] = (await ask({})) as [string];
    await step(id, "routed", kai);
    const passOn = booth.db.write((writer) =>
      takeStep(writer, id, {
        step: "passed on",
        shown: 1,
        expertId: kai,
        by: THE_ORGANIZER,
        now: NOON,
      }),
    );
    await expect(passOn).rejects.toMatchObject({ kind: "conflict" });
  });

  test("the trail says who had it, and keeps an answer that was replaced", async () => {
    const [id] = (await ask({})) as [string];
    await step(id, "routed", kai);
    await step(id, "passed on", lou);
    await step(id, "answered", undefined, "Yes");
    await step(id, "answered", undefined, "Yes, since 3.4");
    expect((await questionById(booth.db.read, id)).answer).toBe("Yes, since 3.4");
    await step(id, "reopened", undefined, "They asked again");
    const question = await questionById(booth.db.read, id);
    expect(question).toMatchObject({ state: "open", expert_id: null, answer: null });
    const trail = await activityOfQuestion(booth.db.read, id);
    expect(trail.map(({ step: taken, expert, note }) => [taken, expert, note])).toEqual([
      ["reopened", "Lou", "They asked again"],
      ["answered", "Lou", "Yes, since 3.4"],
      ["answered", "Lou", "Yes"],
      ["passed on", "Lou", null],
      ["routed", "Kai", null],
    ]);
  });

  test("a topic given by the organizer is not undone by the tablet's next edit", async () => {
    const questionId = uuidv7();
    const visit = aVisit({ note: "First", questions: [{ id: questionId, text: "How?" }] });
    await tablet.send(visit);
    const event = await eventById(booth.db.read, booth.eventId);
    const lists = await listsOf(booth.db.read, booth.eventId);
    const change = (topic: string | undefined) =>
      booth.db.write((writer) =>
        changeTopic(writer, { event, lists, now: NOON }, questionId, { topic, by: THE_ORGANIZER }),
      );
    await change("storage");
    await change("storage");
    const kept = asSent(await visitById(booth.db.read, visit.id), lists);
    expect(kept).toMatchObject({ revision: 2, note: "First", questions: [{ topic: "storage" }] });
    const [result] = await tablet.send({ ...visit, revision: 2, note: "Second" });
    expect(result?.status).toBe("conflict");
    expect(await questionById(booth.db.read, questionId)).toMatchObject({ topic: "storage" });
    expect(await activityOfQuestion(booth.db.read, questionId)).toMatchObject([
      { step: "topic changed", note: "Storage" },
    ]);
    await change(undefined);
    expect((await questionById(booth.db.read, questionId)).topic).toBeNull();
  });
});
