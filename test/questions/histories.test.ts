import { sql } from "kysely";
import { uuidv7 } from "uuidv7";
import type { Writer } from "../../src/database/door";
import type { Priority } from "../../src/database/tables";
import { Problem } from "../../src/errors";
import { addExpert } from "../../src/experts/store";
import { mergeQuestions, splitQuestion } from "../../src/questions/merging/store";
import { queuePage } from "../../src/questions/queue/store";
import { lastStep, PRIORITIES, PROGRAM, STEPS, type Step, type Taker } from "../../src/questions/rules";
import { changePriority, takeStep, trailOf, undoStep } from "../../src/questions/steps/store";
import { tellIfUntold, untold } from "../../src/questions/watch/store";
import { deleteVisit, restoreVisit } from "../../src/visits/store";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { ENGINES, type Engine, NOON } from "../support/databases";
import fc from "../support/properties";

const ORGANIZER: Taker = { kind: "organizer", name: "organizer" };
const QUESTIONS = 4;

/** Something that happens in a history; questions and experts by their number. */
type Happening =
  | {
      what: "step";
      question: number;
      step: Step;
      by: "organizer" | "holder" | "other" | "program";
      to: number;
    }
  | { what: "undo"; question: number }
  | { what: "merge"; into: number; others: number[] }
  | { what: "split"; question: number }
  | { what: "priority"; question: number; priority: Priority }
  | { what: "bin" | "put back"; question: number }
  | { what: "time" };

const question = fc.nat({ max: QUESTIONS - 1 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant("step" as const),
      question,
      step: fc.constantFrom(...STEPS),
      by: fc.constantFrom("organizer", "holder", "other", "program" as const),
      to: fc.nat({ max: 2 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant("undo" as const), question }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant("merge" as const),
      into: question,
      others: fc.uniqueArray(question, { minLength: 1, maxLength: 2 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("split" as const), question }) },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant("priority" as const),
      question,
      priority: fc.constantFrom(...PRIORITIES),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constantFrom("bin", "put back" as const), question }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("time" as const) }) },
);
const history = fc.array(happening, { minLength: 4, maxLength: 16 });

/** The cast of one history: its own questions, each of a visit of its own, and everybody's experts. */
interface Cast {
  visits: string[];
  questions: string[];
  experts: string[];
}

/** What each question is at a moment. */
async function standing(writer: Writer, { questions }: Cast) {
  const rows = await writer.selectFrom("questions").selectAll().where("id", "in", questions).execute();
  return new Map(rows.map((row) => [row.id, row]));
}

/** Lets one thing happen; gives whether it was allowed. Anything but a refusal in words is thrown. */
async function happen(writer: Writer, cast: Cast, each: Happening, now: number): Promise<boolean> {
  const number = "question" in each ? each.question : "into" in each ? each.into : 0;
  const id = cast.questions[number] as string;
  const rows = await standing(writer, cast);
  const row = rows.get(id);
  if (!row) throw new Error("A question is lost.");
  const told = async () => {
    const left = await writer
      .selectFrom("message_steps")
      .innerJoin("messages", "messages.id", "message_steps.message_id")
      .select("activity_id")
      .where("messages.left_at", "is not", null)
      .execute();
    return new Set(left.map((step) => step.activity_id));
  };
  await sql`savepoint happening`.execute(writer);
  try {
    switch (each.what) {
      case "step": {
        const expertId = cast.experts[each.to] as string;
        const holder = row.expert_id ?? expertId;
        const other = cast.experts.find((expert) => expert !== row.expert_id) as string;
        const by: Taker = {
          organizer: ORGANIZER,
          holder: { kind: "expert" as const, name: "Holder", expertId: holder },
          other: { kind: "expert" as const, name: "Other", expertId: other },
          program: PROGRAM,
        }[each.by];
        await takeStep(writer, id, { step: each.step, shown: row.version, expertId, note: "Why", by, now });
        if (each.by === "other" && row.expert_id !== null)
          throw new Error("An expert took a step with what somebody else has.");
        break;
      }
      case "undo": {
        const last = lastStep(await trailOf(writer, id));
        const before = await told();
        await undoStep(writer, id, { step: last?.id ?? "", shown: row.version, by: ORGANIZER, now });
        if (before.has(last?.id ?? "")) throw new Error("A step that left the house was undone.");
        break;
      }
      case "merge": {
        const others = each.others.map((number) => cast.questions[number] as string);
        const shown = (one: string) => ({ id: one, version: rows.get(one)?.version ?? 0 });
        await mergeQuestions(writer, shown(id), others.map(shown), { by: ORGANIZER, now });
        break;
      }
      case "split":
        await splitQuestion(writer, id, { by: ORGANIZER, now });
        break;
      case "priority": {
        const { priority } = each;
        await changePriority(writer, id, { priority, shown: row.version, by: ORGANIZER, now });
        break;
      }
      case "bin":
        await deleteVisit(writer, row.visit_id, "organizer", now);
        break;
      case "put back":
        await restoreVisit(writer, row.visit_id, "organizer", now);
        break;
      case "time":
        await letTimePass(writer, cast, rows, now);
    }
    await sql`release savepoint happening`.execute(writer);
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    await sql`rollback to savepoint happening`.execute(writer);
    await sql`release savepoint happening`.execute(writer);
    return false;
  }
}

/** What waits goes out, where there is something left to tell; then whoever was not told is. */
async function letTimePass(
  writer: Writer,
  cast: Cast,
  rows: Awaited<ReturnType<typeof standing>>,
  now: number,
): Promise<void> {
  const waiting = await writer
    .selectFrom("messages")
    .innerJoin("message_steps", "message_steps.message_id", "messages.id")
    .select(["messages.id", "messages.kind", "messages.expert_id", "question_id"])
    .where("messages.state", "=", "waiting")
    .where("question_id", "in", cast.questions)
    .execute();
  for (const id of new Set(waiting.map((each) => each.id))) {
    const about = waiting.filter((each) => each.id === id);
    const told = about.filter((each) => {
      const row = rows.get(each.question_id);
      if (each.kind === "answer") return row?.state === "answered" && row.hidden === 0;
      if (each.kind === "time-out") return row?.hidden === 0;
      return row?.expert_id === each.expert_id && row?.state === "routed" && !row.hidden && !row.merged_into;
    });
    const sent = { state: "delivered", left_at: now, attempts: 1 } as const;
    await writer
      .updateTable("messages")
      .set(told.length > 0 ? sent : { state: "cancelled" as const })
      .where("id", "=", id)
      .execute();
    // As delivery does: what it does not tell of is none of its steps.
    const untold = about.filter((each) => !told.includes(each)).map((each) => each.question_id);
    if (untold.length > 0) {
      await writer
        .deleteFrom("message_steps")
        .where("message_id", "=", id)
        .where("question_id", "in", untold)
        .execute();
    }
  }
  for (const { id } of await untold(writer)) await tellIfUntold(writer, id, now);
  const still = await untold(writer);
  if (still.length > 0) throw new Error("Who has a question is not told of it.");
}

/** The whole queue of an event, page by page. */
async function queued(writer: Writer, eventId: string): Promise<string[]> {
  const ids: string[] = [];
  for (let after: Awaited<ReturnType<typeof queuePage>>["later"]; ; ) {
    const page = await queuePage(writer, { eventId }, { after });
    ids.push(...page.ids);
    after = page.later;
    if (!after) return ids;
  }
}

/** Everything that must hold at any time; an Error that says what does not. */
async function check(writer: Writer, cast: Cast): Promise<void> {
  const rows = await standing(writer, cast);
  const must = (holds: boolean, what: string) => {
    if (!holds) throw new Error(what);
  };
  for (const row of rows.values()) {
    must(
      (row.state === "open") ===
        (row.expert_id === null && row.state !== "answered" && row.state !== "closed"),
      "Open is what is with nobody.",
    );
    must(row.state !== "routed" || row.expert_id !== null, "What is routed is with somebody.");
    must(
      (row.state === "routed") === (row.due_at !== null),
      "What is routed has its time, and nothing else.",
    );
    must(row.state !== "answered" || row.answer !== null, "What is answered has an answer.");
    const head = row.merged_into === null ? undefined : rows.get(row.merged_into);
    if (row.merged_into !== null) {
      must(head !== undefined && head.merged_into === null, "Who stands for others stands for itself.");
      must(row.hidden === 1 || head?.hidden === 0, "Nobody waits behind what is in the bin.");
      for (const column of ["state", "expert_id", "answer", "due_at"] as const) {
        must(row[column] === head?.[column], `What is asked together has one ${column}.`);
      }
    }
  }
}

/** At the end of a history each question that counts by itself stands in the queue once, and no other. */
async function checkQueue(writer: Writer, cast: Cast, eventId: string): Promise<void> {
  const queue = await queued(writer, eventId);
  for (const row of (await standing(writer, cast)).values()) {
    const times = queue.filter((id) => id === row.id).length;
    const isShown = row.hidden === 0 && row.merged_into === null;
    if (times !== (isShown ? 1 : 0)) throw new Error(`A question stands in the queue ${times} times.`);
  }
}

async function activityOf(writer: Writer, { questions, visits }: Cast) {
  const rows = await writer
    .selectFrom("activity")
    .selectAll()
    .where(({ or, eb }) => or([eb("question_id", "in", questions), eb("visit_id", "in", visits)]))
    .orderBy("id")
    .execute();
  return rows.map((row) => JSON.stringify(row));
}

/** Thrown at the end of a history, so that the next one begins as this one did. */
class Over extends Error {}

/** Plays a history in one transaction, which is taken back; gives how many of its happenings were allowed. */
async function play(booth: Booth, cast: Cast, happenings: Happening[]): Promise<number> {
  let allowed = 0;
  const played = booth.db.write(async (writer) => {
    let trail = await activityOf(writer, cast);
    for (const [index, each] of happenings.entries()) {
      if (!(await happen(writer, cast, each, NOON + index * 60_000))) continue;
      allowed += 1;
      await check(writer, cast);
      const now = await activityOf(writer, cast);
      if (trail.some((row, place) => row !== now[place])) throw new Error("Activity was lost or changed.");
      trail = now;
    }
    await checkQueue(writer, cast, booth.eventId);
    throw new Over();
  });
  await played.catch((error: unknown) => {
    if (!(error instanceof Over)) throw error;
  });
  return allowed;
}

async function aCast(tablet: Tablet, experts: string[]): Promise<Cast> {
  const visits = Array.from({ length: QUESTIONS }, (_, index) =>
    aVisit({
      questions: [{ id: uuidv7(), text: `Question ${index}?` }],
      contact: index % 2 ? { email: "zoe@visitor.example", consent: ["follow-up"] } : undefined,
    }),
  );
  await tablet.send(...visits);
  return {
    visits: visits.map((visit) => visit.id),
    questions: visits.map((visit) => visit.questions?.[0]?.id as string),
    experts,
  };
}

/** The queue that the next history looks at is its own: it takes as long as the first one. */
async function takeAway(booth: Booth, { questions, visits }: Cast): Promise<void> {
  await booth.db.write(async (writer) => {
    await writer.deleteFrom("questions").where("id", "in", questions).execute();
    await writer.deleteFrom("visits").where("id", "in", visits).execute();
  });
}

const HISTORIES: Record<Engine, number> = { sqlite: 400, postgres: 20 };

test.each(ENGINES)(
  "whatever happens, no question is with nobody and no step is lost, on %s",
  async (engine) => {
    const booth = await openBooth({ engine });
    const tablet = await booth.tablet();
    const experts = await Promise.all(
      ["Kai", "Lou", "Max"].map((name) =>
        booth.db.write((writer) =>
          addExpert(writer, { name, kind: "person", address: "", topics: [], hidden: false }, NOON),
        ),
      ),
    );
    await booth.db.write((writer) => writer.updateTable("experts").set({ reached_by: "mail" }).execute());
    let allowed = 0;
    await fc.assert(
      fc.asyncProperty(history, async (happenings) => {
        const cast = await aCast(tablet, experts);
        allowed += await play(booth, cast, happenings);
        await takeAway(booth, cast);
      }),
      { numRuns: HISTORIES[engine], endOnFailure: true },
    );
    // Histories in which nothing is allowed would show nothing.
    expect(allowed).toBeGreaterThan(HISTORIES[engine]);
    await booth.close();
  },
  300_000,
);
