import type { Lists } from "../../catalog/store";
import type { Writer } from "../../database/door";
import type { Reader } from "../../database/open";
import type { Instant, Priority } from "../../database/tables";
import { Problem } from "../../errors";
import type { Event } from "../../events/store";
import { dueAt, isPublic } from "../../experts/rules";
import { type Expert, expertById } from "../../experts/store";
import { enqueue, hasLeft, withdraw } from "../../messages/store";
import { giveOwnCode } from "../../visits/codes/store";
import { noteStep, ORGANIZER, reviseVisit, visitById } from "../../visits/store";
import {
  comesBack,
  isStep,
  lastStep,
  rankOf,
  type Snapshot,
  type Step,
  standingAfter,
  type Taker,
  whatHappened,
} from "../rules";
import { questionById } from "../store";

/** Whoever is signed in as the organizer. */
export const THE_ORGANIZER: Taker = { kind: "organizer", name: ORGANIZER };

const KEPT = [
  "state",
  "expert_id",
  "answer",
  "due_at",
  "claimed_at",
  "rank",
  "merged_into",
  "routed_at",
  "answered_at",
  "brought",
] as const;

/** A question in the midst of a transaction, with those that are asked together with it. */
interface Subject extends Snapshot {
  id: string;
  version: number;
  priority: Priority;
  hidden: number;
  asked_at: Instant;
}

/**
 * The question that a step is taken with, as it stands inside the transaction. Throws `missing` where there is none and
 * `conflict` where it is not as it was `shown` (its version), or takes no steps of its own.
 */
export async function subjectOf(writer: Writer, id: string, shown: number): Promise<Subject> {
  const subject = await writer
    .selectFrom("questions")
    .select(["id", "version", "priority", "hidden", "asked_at", ...KEPT])
    .where("id", "=", id)
    .executeTakeFirst();
  if (!subject) throw new Problem("missing", "There is no such question. It may have been erased.");
  if (subject.hidden) {
    throw new Problem("conflict", "The visit of this question is in the bin. Put it back first.");
  }
  if (subject.version !== shown || subject.merged_into !== null) {
    throw new Problem("conflict", whatHappened(subject.state, subject.merged_into !== null));
  }
  return subject;
}

/** What a question's step changes of it, as it was before. */
export function snapshotOf(subject: Snapshot): Snapshot {
  return Object.fromEntries(KEPT.map((column) => [column, subject[column]])) as unknown as Snapshot;
}

/**
 * Writes what a step changes, for a question and all that are asked together with it. Throws `conflict` where another
 * program has changed it since it was read.
 */
export async function change(
  writer: Writer,
  subject: { id: string; version: number },
  changes: Partial<Snapshot> & { priority?: Priority },
  now: Instant,
): Promise<void> {
  const { numUpdatedRows } = await writer
    .updateTable("questions")
    .set(({ eb }) => ({ ...changes, changed_at: now, version: eb("version", "+", 1) }))
    .where("id", "=", subject.id)
    .where("version", "=", subject.version)
    .executeTakeFirst();
  if (Number(numUpdatedRows) === 0) {
    throw new Problem("conflict", "This question was changed by somebody else a moment ago.");
  }
  const { merged_into, ...shared } = changes;
  await writer
    .updateTable("questions")
    .set(({ eb }) => ({ ...shared, changed_at: now, version: eb("version", "+", 1) }))
    .where("merged_into", "=", subject.id)
    .execute();
}

/** A step that somebody takes with a question. */
export interface TakenStep {
  step: Step;
  /** The question's version when it was decided. */
  shown: number;
  /** Who gets it, where the step hands it to somebody. */
  expertId?: string;
  /** The answer, or the reason given. */
  note?: string;
  by: Taker;
  now: Instant;
}

/**
 * Takes a step with a question, keeps it in its activity and sets going what has to be told. Gives the id of the step.
 * Where the question does not stand as it was shown, nothing is changed and `conflict` is thrown.
 */
export async function takeStep(writer: Writer, questionId: string, taken: TakenStep): Promise<string> {
  const { step, note, by, now } = taken;
  const subject = await subjectOf(writer, questionId, taken.shown);
  const lateExpertId = by.kind === "expert" ? await lateExpert(writer, questionId) : undefined;
  const standing = { state: subject.state, expertId: subject.expert_id, lateExpertId };
  const next = standingAfter(step, standing, by, taken.expertId);
  if (!next) throw new Problem("conflict", "This question stands differently now. Look at it again.");
  const isHandedOver = next.state === "routed" && next.expertId !== standing.expertId;
  const getter = isHandedOver && next.expertId ? next.expertId : undefined;
  const expert = getter ? await expertById(writer, getter) : undefined;
  if (expert?.hidden) throw new Problem("invalid", `${expert.name} is no longer offered.`);
  await change(
    writer,
    subject,
    {
      state: next.state,
      expert_id: next.expertId,
      rank: rankOf(subject.priority, comesBack(step)),
      due_at: expert ? dueAt(expert, subject.priority, now) : next.state === "routed" ? subject.due_at : null,
      claimed_at: step === "claimed" ? now : next.state === "routed" && !expert ? subject.claimed_at : null,
      ...(expert && subject.routed_at === null && { routed_at: now }),
      ...(step === "answered" && { answer: note ?? null, answered_at: now }),
      ...(step === "reopened" && { answer: null, answered_at: null }),
      ...(expert && { brought: 0 }),
    },
    now,
  );
  const activityId = await noteStep(writer, {
    of: { questionId },
    at: now,
    actor: by.name,
    actorKind: by.kind,
    step,
    // Who it was routed to; for the other steps, who had it.
    expertId: next.expertId ?? standing.expertId,
    note: note || null,
    before: snapshotOf(subject),
  });
  const occasion = { activityId, questionIds: await together(writer, questionId), now };
  if (expert) await tellExpert(writer, expert, occasion);
  // Who was told of it elsewhere is not told from here that it went back.
  if (step === "timed out" && standing.expertId && !subject.brought) {
    const late = await expertById(writer, standing.expertId);
    // A forum is not told that it was slow.
    if (!isPublic(late.kind)) {
      const to = { expertId: late.id };
      await enqueue(writer, {
        ...occasion,
        kind: "time-out",
        via: late.reached_by,
        to,
        isHeld: false,
        joins: true,
      });
    }
  }
  if (step === "answered") await tellVisitors(writer, occasion);
  return activityId;
}

/** Whose time ran out with a question, where nothing was done with it since; an open question's only. */
export async function lateExpert(read: Reader, questionId: string): Promise<string | undefined> {
  const last = await read
    .selectFrom("activity")
    .innerJoin("questions", "questions.id", "activity.question_id")
    .select(["activity.step", "activity.expert_id"])
    .where("question_id", "=", questionId)
    .where("questions.state", "=", "open")
    .where("activity.before", "is not", null)
    .orderBy("activity.at", "desc")
    .orderBy("activity.id", "desc")
    .limit(1)
    .executeTakeFirst();
  return last?.step === "timed out" ? (last.expert_id ?? undefined) : undefined;
}

/** A question goes to an expert: in one message with others to the same person, or by itself to a place. */
export async function tellExpert(
  writer: Writer,
  expert: Pick<Expert, "id" | "kind" | "reached_by">,
  occasion: { activityId: string; questionIds: string[]; now: Instant },
): Promise<void> {
  // Everybody reads what is posted there: the organizer looks at each before it goes.
  const isHeld = isPublic(expert.kind);
  const to = { expertId: expert.id };
  await enqueue(writer, { ...occasion, kind: "routing", via: expert.reached_by, to, isHeld, joins: !isHeld });
}

/** The ids of a question and of those that are asked together with it; those in the bin only where asked for. */
export async function together(writer: Writer, questionId: string, withBin = false): Promise<string[]> {
  const rows = await writer
    .selectFrom("questions")
    .select(["id", "hidden"])
    .where(({ or, eb }) => or([eb("id", "=", questionId), eb("merged_into", "=", questionId)]))
    .orderBy("id")
    .execute();
  return rows.filter((row) => withBin || row.hidden === 0).map((row) => row.id);
}

/** An answer goes to each visitor who asked, left a way to be reached and agreed to be written to. */
export async function tellVisitors(
  writer: Writer,
  { activityId, questionIds, now }: { activityId: string; questionIds: string[]; now: Instant },
): Promise<void> {
  const visitors = await writer
    .selectFrom("questions")
    .innerJoin("contacts", "contacts.visit_id", "questions.visit_id")
    .innerJoin("contact_consents", "contact_consents.visit_id", "questions.visit_id")
    .select(["questions.id", "questions.visit_id", "contacts.email"])
    .where("questions.id", "in", questionIds)
    .where("contact_consents.purpose", "=", "follow-up")
    .where(({ or, eb }) =>
      or([
        eb("contacts.email", "is not", null),
        eb("contacts.phone", "is not", null),
        eb("contacts.handle", "is not", null),
      ]),
    )
    .orderBy("questions.id")
    .execute();
  for (const { id, visit_id, email } of visitors) {
    const via = email === null ? "hand" : "mail";
    // The message tells them where they see what is kept of them.
    await giveOwnCode(writer, { visitId: visit_id });
    const to = { visitId: visit_id };
    const rest = { isHeld: false, joins: false, now };
    await enqueue(writer, { kind: "answer", via, to, activityId, questionIds: [id], ...rest });
  }
}

/**
 * Takes a question's last step back, where nothing of it has left the house. Gives the id of the step that says so.
 * `shown` is the question's version, `step` the id of the step that was shown as the last one.
 * Throws `conflict` where something left, or another step came after it.
 */
export async function undoStep(
  writer: Writer,
  questionId: string,
  { step, shown, by, now }: { step: string; shown: number; by: Taker; now: Instant },
): Promise<string> {
  const subject = await subjectOf(writer, questionId, shown);
  const trail = await trailOf(writer, questionId);
  const kept = lastStep(trail);
  if (!kept?.before || kept.id !== step || !isStep(kept.step)) {
    throw new Problem("conflict", "There is another step after this one. Take that back first.");
  }
  // Who asked the same and was put together with this one since then was told by that step.
  const since = trail.slice(0, trail.indexOf(kept)).filter((each) => each.step === "merged");
  const told = [kept, ...since].map((each) => each.id);
  if (await hasLeft(writer, told)) {
    throw new Problem("conflict", "The message about this step has gone out, so it cannot be taken back.");
  }
  for (const id of told) await withdraw(writer, id);
  const { merged_into, ...before } = JSON.parse(kept.before) as Snapshot;
  const rank = before.rank === 0 ? 0 : rankOf(subject.priority, false);
  await change(writer, subject, { ...before, rank }, now);
  return noteStep(writer, {
    of: { questionId },
    at: now,
    actor: by.name,
    actorKind: by.kind,
    step: "undone",
    note: kept.step,
    undoes: kept.id,
  });
}

/** A question's steps, the latest first. */
export function trailOf(writer: Writer, questionId: string) {
  return writer
    .selectFrom("activity")
    .select(["id", "at", "step", "before", "undoes"])
    .where("question_id", "=", questionId)
    .orderBy("at", "desc")
    .orderBy("id", "desc")
    .execute();
}

/** Says how soon a question should be answered. Whoever has it gets the time that this priority gives from now on. */
export async function changePriority(
  writer: Writer,
  questionId: string,
  { priority, shown, by, now }: { priority: Priority; shown: number; by: Taker; now: Instant },
): Promise<void> {
  const subject = await subjectOf(writer, questionId, shown);
  if (subject.priority === priority) return;
  const expert = subject.state === "routed" && subject.expert_id;
  const due = expert ? dueAt(await expertById(writer, expert), priority, now) : subject.due_at;
  const rank = rankOf(priority, subject.rank === 0);
  await change(writer, subject, { priority, rank, due_at: due }, now);
  await noteStep(writer, {
    of: { questionId },
    at: now,
    actor: by.name,
    actorKind: by.kind,
    step: "priority changed",
    note: priority,
  });
}

/**
 * Gives a question another topic (undefined: none). The topic is part of what the visit says, so the visit gets its
 * next revision: a tablet that still has the old one cannot undo it without a word.
 */
export async function changeTopic(
  writer: Writer,
  place: { event: Event; lists: Lists; now: Instant },
  questionId: string,
  given: { topic: string | undefined; by: Taker },
): Promise<void> {
  const question = await questionById(writer, questionId);
  const visit = await visitById(writer, question.visit_id);
  const changed = await reviseVisit(writer, place, visit, (sent) => ({
    ...sent,
    questions: sent.questions?.map((each) =>
      each.id === questionId ? { ...each, topic: given.topic } : each,
    ),
  }));
  if (!changed) return;
  const { version } = await questionById(writer, questionId);
  await change(writer, { id: questionId, version }, {}, place.now);
  await noteStep(writer, {
    of: { questionId },
    at: place.now,
    actor: given.by.name,
    actorKind: given.by.kind,
    step: "topic changed",
    note: place.lists.topics.find((topic) => topic.slug === given.topic)?.name ?? "No topic",
  });
}
