import type { Reader } from "../database/open";
import { Problem } from "../errors";

/** Questions with what is known around them, in the order of the ids; unknown ids are left out. */
export async function questionRows(read: Reader, ids: string[]) {
  if (ids.length === 0) return [];
  const rows = await read
    .selectFrom("questions")
    .innerJoin("visits", "visits.id", "questions.visit_id")
    .leftJoin("topics", "topics.id", "questions.topic_id")
    .leftJoin("projects", "projects.id", "visits.project_id")
    .leftJoin("platforms", "platforms.id", "visits.platform_id")
    .leftJoin("experts", "experts.id", "questions.expert_id")
    .leftJoin("contacts", "contacts.visit_id", "questions.visit_id")
    .select([
      "questions.id",
      "questions.event_id",
      "questions.visit_id",
      "questions.text",
      "questions.state",
      "questions.expert_id",
      "questions.answer",
      "questions.asked_at",
      "questions.hidden",
      "questions.version",
      "questions.priority",
      "questions.rank",
      "questions.due_at",
      "questions.claimed_at",
      "questions.merged_into",
      "questions.changed_at",
      "visits.category",
      "visits.people",
      "visits.note",
      "visits.staff_name",
      "topics.slug as topic",
      "topics.name as topic_name",
      "projects.name as project",
      "platforms.name as platform",
      "experts.name as expert",
      "contacts.visit_id as contact_of",
      "contacts.name as contact",
      "contacts.organization",
      "contacts.email",
    ])
    .where("questions.id", "in", ids)
    .execute();
  const rowOf = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => rowOf.get(id) ?? []);
}

export type QuestionRow = Awaited<ReturnType<typeof questionRows>>[number];

/** The question with this id. Throws `missing` where there is none. */
export async function questionById(read: Reader, id: string): Promise<QuestionRow> {
  const [question] = await questionRows(read, [id]);
  if (!question) throw new Problem("missing", "There is no such question. It may have been erased.");
  return question;
}

/** The questions that are asked together with one that stands for them, in the order asked. */
export async function askedWith(read: Reader, headId: string): Promise<QuestionRow[]> {
  const rows = await read
    .selectFrom("questions")
    .select("id")
    .where("merged_into", "=", headId)
    .where("hidden", "=", 0)
    .orderBy("asked_at")
    .orderBy("id")
    .limit(200)
    .execute();
  return questionRows(
    read,
    rows.map((row) => row.id),
  );
}

/** What was done with a question, the latest first. */
export function activityOfQuestion(read: Reader, id: string) {
  return read
    .selectFrom("activity")
    .leftJoin("experts", "experts.id", "activity.expert_id")
    .select([
      "activity.id",
      "activity.at",
      "activity.actor",
      "activity.actor_kind",
      "activity.step",
      "activity.note",
      "activity.before",
      "activity.undoes",
      "experts.name as expert",
    ])
    .where("activity.question_id", "=", id)
    .orderBy("activity.at", "desc")
    .orderBy("activity.id", "desc")
    .limit(200)
    .execute();
}
