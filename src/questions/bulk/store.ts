import { listsOf } from "../../catalog/store";
import type { Writer } from "../../database/door";
import type { Database } from "../../database/open";
import type { Instant } from "../../database/tables";
import { Problem } from "../../errors";
import { eventById } from "../../events/store";
import { type Expert, listExperts } from "../../experts/store";
import { mergeQuestions, type Shown, splitQuestion } from "../merging/store";
import { routingFrom, type Taker } from "../rules";
import { changePriority, changeTopic, takeStep, undoStep } from "../steps/store";
import { type QuestionRow, questionById, questionRows } from "../store";
import type { BulkAction, Undo } from "./form";

/** A question that something was done with, as it stands now. */
export interface Done {
  question: QuestionRow;
  /** How it is taken back; none where it cannot be. */
  undo?: Undo;
  /** The question that it was put together with, or taken away from. */
  also?: QuestionRow;
}

/** A question that nothing was done with, and why. */
export interface NotDone {
  id: string;
  text: string;
  why: string;
}

export interface Outcome {
  done: Done[];
  notDone: NotDone[];
}

interface By {
  by: Taker;
  now: Instant;
}

/**
 * Does the same with several questions, each by itself: one that changed meanwhile holds up none of the others. Answers
 * with each of them, in their order. Throws only where the database itself fails.
 */
export async function doTogether(
  db: Database,
  questions: Shown[],
  action: BulkAction,
  taken: By,
): Promise<Outcome> {
  if (action.kind === "merge") return mergeTogether(db, questions, taken);
  const experts = await listExperts(db.read);
  return gather(db, questions, (writer, shown) => doOne(writer, shown, action, experts, taken));
}

/** Takes back what was done, the last first; what cannot be is told. */
export async function undoTogether(db: Database, undos: Undo[], taken: By): Promise<Outcome> {
  const last = [...undos].reverse();
  return gather(db, last, (writer, undo) => undoOne(writer, undo, taken));
}

async function gather<T extends { id: string }>(
  db: Database,
  items: T[],
  work: (writer: Writer, item: T) => Promise<Undo | undefined>,
): Promise<Outcome> {
  const outcome: Outcome = { done: [], notDone: [] };
  const results = await Promise.all(
    items.map(async (item) => {
      try {
        return await db.write(async (writer) => {
          const { merged_into: headId } = await questionById(writer, item.id);
          const undo = await work(writer, item);
          const also = headId === null ? undefined : await questionById(writer, headId);
          return { question: await questionById(writer, item.id), undo, also };
        });
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        return error;
      }
    }),
  );
  for (const [index, result] of results.entries()) {
    if (!(result instanceof Problem)) outcome.done.push(result);
    else outcome.notDone.push(await notDone(db, (items[index] as T).id, result));
  }
  return outcome;
}

async function notDone(db: Database, id: string, problem: Problem): Promise<NotDone> {
  const text = await questionById(db.read, id).then(
    (question) => question.text,
    () => "A question that is not there any more",
  );
  return { id, text, why: problem.message };
}

/** The first one stands for all others from then on; where only others have an answer, the first of these. */
async function mergeTogether(db: Database, questions: Shown[], { by, now }: By): Promise<Outcome> {
  const outcome: Outcome = { done: [], notDone: [] };
  const ids = questions.map((each) => each.id);
  const answered = (await questionRows(db.read, ids)).find((row) => row.answer !== null);
  const into = questions.find((each) => each.id === answered?.id) ?? questions[0];
  if (!into) return outcome;
  const others = questions.filter((each) => each !== into);
  if (others.length === 0) {
    const alone = new Problem("invalid", "Select those that ask the same as well.");
    return { done: [], notDone: [await notDone(db, into.id, alone)] };
  }
  let head = into;
  for (const other of others) {
    try {
      const merged = await db.write(async (writer) => {
        await mergeQuestions(writer, head, [other], { by, now });
        return { head: await questionById(writer, head.id), other: await questionById(writer, other.id) };
      });
      head = merged.head;
      outcome.done.push({ question: merged.other, undo: { kind: "split", id: other.id }, also: merged.head });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      outcome.notDone.push(await notDone(db, other.id, error));
    }
  }
  return outcome;
}

async function doOne(
  writer: Writer,
  { id, version: shown }: Shown,
  action: Exclude<BulkAction, { kind: "merge" }>,
  experts: Expert[],
  { by, now }: By,
): Promise<Undo | undefined> {
  const before = await questionById(writer, id);
  const step = async (
    taken: Parameters<typeof takeStep>[2]["step"],
    given: { expertId?: string; note?: string },
  ) => {
    const made = await takeStep(writer, id, { step: taken, shown, ...given, by, now });
    return { kind: "step" as const, id, version: shown + 1, step: made };
  };
  switch (action.kind) {
    case "route":
    case "suggested": {
      const slug = action.kind === "route" ? action.expert : action.experts.get(id);
      if (!slug) throw new Problem("invalid", "Nobody is suggested for it. Choose somebody.");
      const expert = experts.find((each) => each.slug === slug);
      if (!expert) throw new Problem("invalid", "There is no such expert any more.");
      if (before.version === shown && before.state === "routed" && before.expert_id === expert.id) {
        throw new Problem("invalid", `${expert.name} has it already.`);
      }
      return step(routingFrom(before.state), { expertId: expert.id });
    }
    case "answer":
      return step("answered", { note: action.answer });
    case "close":
      return step("closed", { note: action.note });
    case "priority": {
      await changePriority(writer, id, { priority: action.priority, shown, by, now });
      if (before.priority === action.priority) return undefined;
      return { kind: "priority", id, version: shown + 1, priority: before.priority };
    }
    case "topic":
      await giveTopic(writer, before, action.topic, { by, now });
      return before.topic === (action.topic || null)
        ? undefined
        : { kind: "topic", id, topic: before.topic ?? "" };
  }
}

async function undoOne(writer: Writer, undo: Undo, { by, now }: By): Promise<undefined> {
  switch (undo.kind) {
    case "step":
      await undoStep(writer, undo.id, { step: undo.step, shown: undo.version, by, now });
      return;
    case "priority":
      await changePriority(writer, undo.id, { priority: undo.priority, shown: undo.version, by, now });
      return;
    case "topic":
      await giveTopic(writer, await questionById(writer, undo.id), undo.topic, { by, now });
      return;
    case "split":
      await splitQuestion(writer, undo.id, { by, now });
  }
}

/** Gives a question a topic of its own event's list; empty: none. Throws `invalid` where the list has no such topic. */
async function giveTopic(
  writer: Writer,
  question: QuestionRow,
  topic: string,
  { by, now }: By,
): Promise<void> {
  const lists = await listsOf(writer, question.event_id);
  if (topic && !lists.topics.some((entry) => entry.slug === topic)) {
    throw new Problem("invalid", "There is no such topic in this event's list.");
  }
  const event = await eventById(writer, question.event_id);
  await changeTopic(writer, { event, lists, now }, question.id, { topic: topic || undefined, by });
}
