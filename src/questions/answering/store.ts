import type { Writer } from "../../database/door";
import type { Reader } from "../../database/open";
import { lateExpert } from "../steps/store";
import { type QuestionRow, questionRows } from "../store";
import type { SaidOfTime } from "./form";

/** How many of their answers an expert sees. */
const LATELY = 20;
/** How many of those who asked the same are named. */
const MOST_ASKERS = 20;

/** The questions that an expert has now, the most urgent first. */
export async function questionsWith(read: Reader, expertId: string): Promise<QuestionRow[]> {
  const rows = await read
    .selectFrom("questions")
    .select("id")
    .where("expert_id", "=", expertId)
    .where("state", "=", "routed")
    .where("hidden", "=", 0)
    .where("merged_into", "is", null)
    .orderBy("due_at", (order) => order.asc().nullsLast())
    .orderBy("rank")
    .orderBy("asked_at")
    .orderBy("id")
    .limit(500)
    .execute();
  return questionRows(
    read,
    rows.map((row) => row.id),
  );
}

/** The questions that came back because an expert's time ran out, and that nobody has done anything with since. */
export async function cameBackFrom(read: Reader, expertId: string): Promise<QuestionRow[]> {
  const rows = await read
    .selectFrom("questions")
    .innerJoin("activity", "activity.question_id", "questions.id")
    .select("questions.id")
    .distinct()
    .where("activity.step", "=", "timed out")
    .where("activity.expert_id", "=", expertId)
    .where("questions.state", "=", "open")
    .where("questions.hidden", "=", 0)
    .where("questions.merged_into", "is", null)
    .limit(LATELY)
    .execute();
  const late = await Promise.all(rows.map(async ({ id }) => ({ id, of: await lateExpert(read, id) })));
  return questionRows(
    read,
    late.filter((each) => each.of === expertId).map((each) => each.id),
  );
}

/** The questions of an expert that were answered last, the latest first. */
export async function answeredLately(read: Reader, expertId: string): Promise<QuestionRow[]> {
  const rows = await read
    .selectFrom("questions")
    .select("id")
    .where("expert_id", "=", expertId)
    .where("state", "=", "answered")
    .where("hidden", "=", 0)
    .where("merged_into", "is", null)
    .orderBy("changed_at", "desc")
    .orderBy("id", "desc")
    .limit(LATELY)
    .execute();
  return questionRows(
    read,
    rows.map((row) => row.id),
  );
}

/** A question as an expert finds it who asks for it by its id. */
export type Found =
  /** They have it, answered it, or may still answer it though their time ran out. */
  | { is: "theirs"; row: QuestionRow }
  /** It is asked together with another one, which is theirs. */
  | { is: "merged"; into: string }
  /** They had it once. */
  | { is: "lost"; row: QuestionRow }
  /** There is none, or none that is their business. */
  | { is: "unknown" };

export async function findFor(read: Reader, expertId: string, questionId: string): Promise<Found> {
  const [row] = await questionRows(read, [questionId]);
  if (!row) return { is: "unknown" };
  const isTheirs = (each: QuestionRow) =>
    each.expert_id === expertId && !each.hidden && (each.state === "routed" || each.state === "answered");
  if (row.merged_into !== null) {
    const [head] = await questionRows(read, [row.merged_into]);
    if (head && isTheirs(head)) return { is: "merged", into: head.id };
  } else if (isTheirs(row) || (!row.hidden && (await lateExpert(read, row.id)) === expertId)) {
    return { is: "theirs", row };
  }
  const had = await read
    .selectFrom("activity")
    .select("id")
    .where("question_id", "=", questionId)
    .where("expert_id", "=", expertId)
    .where("step", "in", ["routed", "passed on"])
    .limit(1)
    .executeTakeFirst();
  return had ? { is: "lost", row } : { is: "unknown" };
}

/** How many others asked the same, by the id of the question that stands for them; none: no entry. */
export async function othersAsking(read: Reader, ids: string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await read
    .selectFrom("questions")
    .select(["merged_into", ({ fn }) => fn.countAll<number>().as("count")])
    .where("merged_into", "in", ids)
    .where("hidden", "=", 0)
    .groupBy("merged_into")
    .execute();
  return new Map(rows.map((row) => [row.merged_into as string, Number(row.count)]));
}

/** Those who asked a question and agreed to be written to about it, with the details that they left, the first first. */
export function askersOf(read: Reader, questionId: string) {
  return read
    .selectFrom("questions")
    .innerJoin("contacts", "contacts.visit_id", "questions.visit_id")
    .innerJoin("contact_consents", "contact_consents.visit_id", "questions.visit_id")
    .select([
      "contacts.name",
      "contacts.role",
      "contacts.organization",
      "contacts.email",
      "contacts.phone",
      "contacts.handle",
      "contacts.website",
    ])
    .where(({ or, eb }) =>
      or([eb("questions.id", "=", questionId), eb("questions.merged_into", "=", questionId)]),
    )
    .where("questions.hidden", "=", 0)
    .where("contact_consents.purpose", "=", "follow-up")
    .orderBy("questions.asked_at")
    .orderBy("questions.id")
    .limit(MOST_ASKERS)
    .execute();
}

export type Asker = Awaited<ReturnType<typeof askersOf>>[number];

/** The step by which an expert got a question last. */
export function handOverOf(read: Reader, questionId: string, expertId: string) {
  return read
    .selectFrom("activity")
    .select(["step", "actor", "actor_kind", "note"])
    .where("question_id", "=", questionId)
    .where("expert_id", "=", expertId)
    .where("step", "in", ["routed", "passed on"])
    .orderBy("at", "desc")
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
}

export type HandOver = NonNullable<Awaited<ReturnType<typeof handOverOf>>>;

/** The names of events by their ids. */
export async function eventNames(read: Reader, ids: string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await read.selectFrom("events").select(["id", "name"]).where("id", "in", ids).execute();
  return new Map(rows.map((row) => [row.id, row.name]));
}

/** Keeps what an expert says of their time. */
export async function keepCapacity(
  writer: Writer,
  expertId: string,
  { weekly, away }: SaidOfTime,
): Promise<void> {
  await writer
    .updateTable("experts")
    .set(({ eb }) => ({
      ...(weekly !== undefined && { weekly }),
      ...(away && { away_from: away.from, away_until: away.until }),
      // Who has the expert's form open is told that it was changed.
      revision: eb("revision", "+", 1),
    }))
    .where("id", "=", expertId)
    .execute();
}
