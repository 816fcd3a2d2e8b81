import type { Reader } from "../../database/open";
import type { Instant, QuestionState } from "../../database/tables";
import type { Contact } from "../personal/rules";

/** What a visitor has left of themselves, as far as it can stand in an answer. */
type Details = Pick<Contact, "name" | "email" | "phone" | "handle">;

/** What the page of a slip shows. Nothing of it says who asked, but `visitors`, who are to be left out of the answer. */
export interface SlipPage {
  event: string;
  slug: string;
  timeZone: string;
  askedAt: Instant;
  topic: string | null;
  /** Undefined while staff have not looked at what a visitor asked. */
  state?: QuestionState;
  answer: string | null;
  /** Undefined as the state is. For the organizer, to get on from a code that came by mail. */
  questionId?: string;
  /** The id of what a visitor asked by themselves, while staff have not looked at it. */
  askedId?: string;
  visitors: Details[];
}

/**
 * What is under a code. Undefined where there is nothing, or nothing any more: the same question to the database finds out,
 * whether the code never was, was erased with its visit, lies in the bin, or was put aside.
 */
export async function slipPage(read: Reader, code: string): Promise<SlipPage | undefined> {
  const [question, asked] = await Promise.all([
    read
      .selectFrom("slips")
      .innerJoin("questions", "questions.id", "slips.question_id")
      .innerJoin("events", "events.id", "questions.event_id")
      .leftJoin("topics", "topics.id", "questions.topic_id")
      .select([
        "questions.id",
        "questions.merged_into",
        "questions.state",
        "questions.answer",
        "questions.asked_at as askedAt",
        "topics.name as topic",
        "events.name as event",
        "events.slug",
        "events.time_zone as timeZone",
      ])
      .where("slips.code", "=", code)
      .where("questions.hidden", "=", 0)
      .executeTakeFirst(),
    read
      .selectFrom("visitor_questions")
      .innerJoin("events", "events.id", "visitor_questions.event_id")
      .leftJoin("topics", "topics.id", "visitor_questions.topic_id")
      .select([
        "visitor_questions.id as askedId",
        "visitor_questions.asked_at as askedAt",
        "topics.name as topic",
        "events.name as event",
        "events.slug",
        "events.time_zone as timeZone",
      ])
      .where("visitor_questions.code", "=", code)
      .where("visitor_questions.refused_at", "is", null)
      .executeTakeFirst(),
  ]);
  if (asked) return { ...asked, answer: null, visitors: [] };
  if (!question) return undefined;
  const { id, merged_into, ...page } = question;
  return { ...page, questionId: id, visitors: await visitorsOf(read, merged_into ?? id) };
}

/** The visitors who asked a question, or one that is asked together with it: an answer may name any of them. */
export function visitorsOf(read: Reader, headId: string): Promise<Details[]> {
  return read
    .selectFrom("questions")
    .innerJoin("contacts", "contacts.visit_id", "questions.visit_id")
    .select(["contacts.name", "contacts.email", "contacts.phone", "contacts.handle"])
    .where(({ or, eb }) => or([eb("questions.id", "=", headId), eb("questions.merged_into", "=", headId)]))
    .execute();
}

/** Questions of an event to choose from for printing, the latest first: those asked from an instant on. */
export function questionsToPrint(read: Reader, eventId: string, from: Instant, most: number) {
  return read
    .selectFrom("questions")
    .leftJoin("topics", "topics.id", "questions.topic_id")
    .select([
      "questions.id",
      "questions.text",
      "questions.asked_at",
      "questions.visit_id",
      "topics.name as topic",
    ])
    .select(({ exists, selectFrom }) =>
      exists(selectFrom("slips").select("code").whereRef("slips.question_id", "=", "questions.id")).as(
        "hasSlip",
      ),
    )
    .where("questions.event_id", "=", eventId)
    .where("questions.hidden", "=", 0)
    .where("questions.asked_at", ">=", from)
    .orderBy("questions.asked_at", "desc")
    .orderBy("questions.id", "desc")
    .limit(most)
    .execute();
}

/** Which of these questions are of the event and not in the bin, in the order given. */
export async function questionsOfEvent(read: Reader, eventId: string, ids: string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await read
    .selectFrom("questions")
    .select("id")
    .where("id", "in", ids)
    .where("event_id", "=", eventId)
    .where("hidden", "=", 0)
    .execute();
  const known = new Set(rows.map((row) => row.id));
  return ids.filter((id) => known.has(id));
}

/** Which of these codes lead to a question of the event that is not in the bin, in the order given. */
export async function codesOfEvent(read: Reader, eventId: string, codes: string[]): Promise<string[]> {
  if (codes.length === 0) return [];
  const rows = await read
    .selectFrom("slips")
    .innerJoin("questions", "questions.id", "slips.question_id")
    .select("slips.code")
    .where("slips.code", "in", codes)
    .where("questions.event_id", "=", eventId)
    .where("questions.hidden", "=", 0)
    .execute();
  const known = new Set(rows.map((row) => row.code));
  return codes.filter((code) => known.has(code));
}

/** The question that staff want a slip of: whose device logged its visit, and which event it is of. Undefined where there is none. */
export async function questionForSlip(read: Reader, id: string) {
  return read
    .selectFrom("questions")
    .innerJoin("visits", "visits.id", "questions.visit_id")
    .select([
      "questions.id",
      "questions.event_id",
      "questions.visit_id",
      "visits.device_id",
      "questions.hidden",
    ])
    .where("questions.id", "=", id)
    .executeTakeFirst();
}
