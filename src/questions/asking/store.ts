import type { Selectable } from "kysely";
import { uuidv7 } from "uuidv7";
import { type Lists, offered } from "../../catalog/store";
import type { Writer } from "../../database/door";
import type { Reader } from "../../database/open";
import type { Category, Instant, VisitorQuestionsTable } from "../../database/tables";
import { Problem } from "../../errors";
import type { Event } from "../../events/store";
import type { Language } from "../../languages/say";
import { bindOwnCode, codesOfQuestion, giveOwnCode } from "../../visits/codes/store";
import { checkVisit, type SentVisit } from "../../visits/form";
import type { Arrival } from "../../visits/record/store";
import { resolve } from "../../visits/rules";
import { newCode } from "../../visits/slips/rules";
import { bindSlip, slipOf } from "../../visits/slips/store";
import {
  countAsked,
  isGone,
  noteStep,
  recordVisit,
  reviseVisit,
  type Staff,
  visitForStaff,
} from "../../visits/store";
import type { Asked } from "./form";
import { ASKED_BY_THEMSELVES, joinContacts, type Left, MOST_HELD } from "./rules";

type VisitorQuestion = Selectable<VisitorQuestionsTable>;

/** A question on its way into a visit, with the codes of its visitor's own page. */
type Taken = VisitorQuestion & { ownCodes: string[] };

/**
 * Keeps what a visitor asks until staff have looked at it; gives the code of its slip. Sent twice, it is there once. Who left
 * details has a page of their own from then on.
 * Throws `too-many` where so many wait at the event already that nobody gets to look at another one.
 */
export async function keepAsked(
  writer: Writer,
  asked: Omit<Asked, "language" | "left"> & {
    left?: Left;
    eventId: string;
    topicId: string | null;
    language: Language;
    now: Instant;
  },
): Promise<string> {
  const there = await codeOf(writer, asked.id);
  if (there) return there;
  if ((await countAsked(writer, asked.eventId)) >= MOST_HELD) throw new Problem("too-many", "ask.full");
  for (;;) {
    const code = newCode();
    const isTaken = await writer
      .selectFrom("slips")
      .select("code")
      .where("code", "=", code)
      .executeTakeFirst();
    if (isTaken) continue;
    const { numInsertedOrUpdatedRows } = await writer
      .insertInto("visitor_questions")
      .values({
        id: asked.id,
        event_id: asked.eventId,
        code,
        text: asked.text,
        topic_id: asked.topicId,
        contact: asked.left ? JSON.stringify(asked.left) : null,
        language: asked.language,
        asked_at: asked.now,
        refused_at: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow();
    if (Number(numInsertedOrUpdatedRows) > 0) {
      if (asked.left) await giveOwnCode(writer, { questionId: asked.id });
      return code;
    }
    // The same form came in by another connection meanwhile; else it was the code.
    const other = await codeOf(writer, asked.id);
    if (other) return other;
  }
}

/** The code that a question asked with this form has, whether anybody has looked at it or not. */
async function codeOf(writer: Writer, id: string): Promise<string | undefined> {
  const held = await writer
    .selectFrom("visitor_questions")
    .select("code")
    .where("id", "=", id)
    .executeTakeFirst();
  return held?.code ?? slipOf(writer, id);
}

/** The questions of an event that wait for a look, the oldest first, or those that were put aside, the latest first. */
export async function askedAt(read: Reader, eventId: string, which: "held" | "aside") {
  const rows = await read
    .selectFrom("visitor_questions")
    .leftJoin("topics", "topics.id", "visitor_questions.topic_id")
    .selectAll("visitor_questions")
    .select("topics.name as topic")
    .where("visitor_questions.event_id", "=", eventId)
    .where("refused_at", which === "held" ? "is" : "is not", null)
    .orderBy(which === "held" ? "asked_at" : "refused_at", which === "held" ? "asc" : "desc")
    .orderBy("visitor_questions.id")
    .limit(MOST_HELD)
    .execute();
  return rows.map(({ contact, ...row }) => ({ ...row, left: leftIn(contact) }));
}

/** Whether a question with this id is of the event: one that waits, or that counts by now. */
export async function isAskedAt(read: Reader, eventId: string, id: string): Promise<boolean> {
  for (const table of ["visitor_questions", "questions"] as const) {
    const row = await read
      .selectFrom(table)
      .select("id")
      .where("id", "=", id)
      .where("event_id", "=", eventId)
      .executeTakeFirst();
    if (row) return true;
  }
  return false;
}

function leftIn(contact: string | null): Left | undefined {
  return contact === null ? undefined : (JSON.parse(contact) as Left);
}

/**
 * Lets a visitor's question count, as a visit of its own that happened when they asked. It keeps its id and its code. Gives
 * whether it was still to be looked at: accepted twice it counts once.
 */
export async function acceptAsVisit(
  writer: Writer,
  arrival: Arrival,
  id: string,
  category: Category,
): Promise<boolean> {
  const asked = await takeOut(writer, arrival.event.id, id);
  if (!asked) return false;
  const projects = offered(arrival.lists.projects);
  const sent = {
    id: uuidv7(),
    revision: 1,
    category,
    // Where the booth shows one project, a visit is about that.
    project: projects.length === 1 ? projects[0]?.slug : undefined,
    happenedAt: new Date(asked.asked_at).toISOString(),
    contact: leftIn(asked.contact),
    questions: [questionOf(asked, arrival.lists)],
  };
  const checked = checkVisit(sent);
  if (!checked.ok) throw new Problem("invalid", "refused.title-invalid", checked.problems);
  const { resolved } = resolve(checked.value, arrival.lists);
  await recordVisit(writer, arrival, checked.value, resolved, sent);
  await count(writer, asked, sent.id, { staffName: arrival.staffName ?? "", now: arrival.receivedAt });
  return true;
}

/**
 * Lets a visitor's question count as part of a visit that was logged, so that one conversation is not counted twice.
 * Throws `missing` where the visit is none of the caller's. Gives whether the question was still to be looked at.
 */
export async function acceptIntoVisit(
  writer: Writer,
  place: { event: Event; lists: Lists; now: Instant; caller: Staff; staffName: string },
  id: string,
  visitId: string,
): Promise<boolean> {
  const visit = await visitForStaff(writer, visitId, place.caller);
  // What they left now would not be kept with the visit of somebody who was erased.
  if (visit.event_id !== place.event.id || (await isGone(writer, visit.id)))
    throw new Problem("missing", "refused.not-here");
  const asked = await takeOut(writer, place.event.id, id);
  if (!asked) return false;
  await reviseVisit(writer, place, visit, (sent) => ({
    ...sent,
    contact: joinContacts(sent.contact as Left | undefined, leftIn(asked.contact)),
    questions: [...(sent.questions ?? []), questionOf(asked, place.lists)],
  }));
  await count(writer, asked, visit.id, place);
  return true;
}

/** Who deletes the row is the one who looks at it: somebody else at the same moment finds none. */
async function takeOut(writer: Writer, eventId: string, id: string): Promise<Taken | undefined> {
  // They go with the row.
  const ownCodes = await codesOfQuestion(writer, id);
  const asked = await writer
    .deleteFrom("visitor_questions")
    .where("id", "=", id)
    .where("event_id", "=", eventId)
    .returningAll()
    .executeTakeFirst();
  return asked && { ...asked, ownCodes };
}

function questionOf(asked: VisitorQuestion, lists: Lists): NonNullable<SentVisit["questions"]>[number] {
  const topic = lists.topics.find((each) => each.id === asked.topic_id)?.slug;
  return { id: asked.id, text: asked.text, topic };
}

/** What a question that counts from now on has besides its visit: the slip that is out already, and who did what. */
async function count(
  writer: Writer,
  asked: Taken,
  visitId: string,
  { staffName, now }: { staffName: string; now: Instant },
): Promise<void> {
  const of = { questionId: asked.id };
  for (const code of asked.ownCodes) await bindOwnCode(writer, code, { visitId });
  await bindSlip(writer, {
    code: asked.code,
    questionId: asked.id,
    now: asked.asked_at,
    language: asked.language,
  });
  await noteStep(writer, {
    of,
    at: asked.asked_at,
    actor: "visitor",
    actorKind: "visitor",
    step: ASKED_BY_THEMSELVES,
  });
  await noteStep(writer, { of, at: now, actor: staffName, step: "looked at" });
}

/** Puts a question aside (or, with null, back): it does not count, and its slip leads nowhere. */
export async function setAside(
  writer: Writer,
  eventId: string,
  id: string,
  refusedAt: Instant | null,
): Promise<boolean> {
  const { numUpdatedRows } = await writer
    .updateTable("visitor_questions")
    .set({ refused_at: refusedAt })
    .where("id", "=", id)
    .where("event_id", "=", eventId)
    .where("refused_at", refusedAt === null ? "is not" : "is", null)
    .executeTakeFirst();
  return Number(numUpdatedRows) > 0;
}
