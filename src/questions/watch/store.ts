import { sql } from "kysely";
import type { Writer } from "../../database/door";
import type { Database, Reader } from "../../database/open";
import type { Instant } from "../../database/tables";
import { Problem } from "../../errors";
import { expertById } from "../../experts/store";
import { routeCertain } from "../by-itself/store";
import { PROGRAM } from "../rules";
import { takeStep, tellExpert } from "../steps/store";
import type { Suggester } from "../suggestions/store";

/** One look at everything that must not wait for anybody: see the functions below. `seen` is of `routeCertain`. */
export async function watchQuestions(
  { db, suggester, now }: { db: Database; suggester: Suggester; now: () => Instant },
  seen: Map<string, number>,
): Promise<void> {
  await bringBackOverdue(db, now());
  await routeCertain(db, suggester, now(), seen);
  await tellUntold(db, now());
}

/** So few at a time that nobody waits for them. */
const AT_A_TIME = 100;

/**
 * Takes back the questions whose time has run out: they are with the organizer again, at the top of the queue, and who
 * had them is told. Gives how many there were. Safe to call at any time, and by two programs at once.
 */
export async function bringBackOverdue(db: Database, now: Instant): Promise<number> {
  const late = await overdue(db.read, now);
  const done = await Promise.all(
    late.map(({ id, version }) =>
      db
        .write((writer) => takeStep(writer, id, { step: "timed out", shown: version, by: PROGRAM, now }))
        .catch(whereChanged),
    ),
  );
  return done.filter((step) => step !== undefined).length;
}

/** The questions that are with somebody who should have answered them, those that are late the longest first. */
function overdue(read: Reader, now: Instant) {
  return read
    .selectFrom("questions")
    .select(["id", "version"])
    .where(sql<boolean>`state = 'routed'`)
    .where("due_at", "<=", now)
    .where("hidden", "=", 0)
    .where("merged_into", "is", null)
    .orderBy("due_at")
    .limit(AT_A_TIME)
    .execute();
}

/**
 * Sees to it that whoever has a question is told of it, also where the message was cancelled because nothing was left to
 * tell, and the question came back to them since: by an undone step, or out of the bin. Gives how many there were.
 */
export async function tellUntold(db: Database, now: Instant): Promise<number> {
  const questions = await untold(db.read);
  for (const { id } of questions) await db.write((writer) => tellIfUntold(writer, id, now));
  return questions.length;
}

/** Tells whoever has this question of it, where they were not. */
export async function tellIfUntold(writer: Writer, questionId: string, now: Instant): Promise<void> {
  const [question] = await untold(writer, questionId);
  if (!question?.expert_id) return;
  const steps = await writer
    .selectFrom("activity")
    .select(["id", "step", "expert_id"])
    .where("question_id", "=", questionId)
    .orderBy("at", "desc")
    .orderBy("id", "desc")
    .execute();
  // One that was taken out of those it was asked with has no routing of its own.
  const routing = steps.find((each) => each.expert_id === question.expert_id) ?? steps[0];
  if (!routing) return;
  const expert = await expertById(writer, question.expert_id);
  await tellExpert(writer, expert, { activityId: routing.id, questionIds: [questionId], now });
}

/** The questions that are with somebody who has no message about them, sent or waiting; or whether this one is. */
export function untold(read: Reader, id?: string) {
  const query = read
    .selectFrom("questions")
    .select(["questions.id", "questions.expert_id"])
    .where(sql<boolean>`questions.state = 'routed'`)
    .where("hidden", "=", 0)
    .where("merged_into", "is", null)
    .where("brought", "=", 0)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom("message_steps")
            .innerJoin("messages", "messages.id", "message_steps.message_id")
            .select("messages.id")
            .whereRef("message_steps.question_id", "=", "questions.id")
            .whereRef("messages.expert_id", "=", "questions.expert_id")
            // One that was cancelled tells of nothing, but where the organizer wants it so.
            .where("messages.kind", "in", ["routing", "digest"]),
        ),
      ),
    )
    .limit(AT_A_TIME);
  return (id ? query.where("questions.id", "=", id) : query).execute();
}

/** Somebody took a step in the same moment: that one counts. */
function whereChanged(error: unknown): undefined {
  if (error instanceof Problem && error.kind === "conflict") return undefined;
  throw error;
}
