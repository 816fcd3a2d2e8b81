import type { Lists } from "../catalog/store";
import type { Writer } from "../database/door";
import type { Reader } from "../database/open";
import type { Instant, QuestionState } from "../database/tables";
import { Problem } from "../errors";
import type { Event } from "../events/store";
import { COUNT_UP_TO, PAGE_SIZE, type Place } from "../http/paging";
import { contains } from "../visits/list/store";
import { noteStep, reviseVisit, visitById } from "../visits/store";
import { STATES, type Standing, type Step, standingAfter, whatHappened } from "./rules";

/** What the queue is narrowed down to. Null: none at all. `words` are folded, and each must occur in the visit. */
export interface QueueFilter {
  state?: QuestionState;
  topicId?: string | null;
  expertId?: string | null;
  projectId?: string;
  words: string[];
  /** The only visits that can be meant, where they are few. */
  visitIds?: string[];
}

/** A question's place in the queue. */
export interface QueuePlace extends Place {
  state: QuestionState;
}

export interface QueueTurn {
  before?: QueuePlace;
  after?: QueuePlace;
}

export interface QueuePage {
  ids: string[];
  /** Where the page before this one ends, and where the next one begins. */
  earlier?: QueuePlace;
  later?: QueuePlace;
}

/**
 * A page of an event's queue: state by state as in `STATES`, within a state the longest asked first.
 * Questions of visits in the bin are not in it.
 */
export async function queuePage(
  read: Reader,
  eventId: string,
  filter: QueueFilter,
  { before, after }: QueueTurn,
): Promise<QueuePage> {
  const states = filter.state ? [filter.state] : [...STATES];
  const narrowed = { ...filter, visitIds: filter.visitIds ?? (await fewVisits(read, eventId, filter)) };
  if (narrowed.visitIds?.length === 0) return { ids: [] };
  if (before) {
    const rows = await walk(read, eventId, narrowed, states.reverse(), "backward", before);
    if (rows.length > PAGE_SIZE) {
      const shown = rows.slice(0, PAGE_SIZE).reverse();
      return { ids: shown.map((row) => row.id), earlier: shown[0], later: shown.at(-1) };
    }
    // Nothing comes before this page, so it is the first one.
    return queuePage(read, eventId, narrowed, {});
  }
  const rows = await walk(read, eventId, narrowed, states, "forward", after);
  const shown = rows.slice(0, PAGE_SIZE);
  return {
    ids: shown.map((row) => row.id),
    earlier: after && (shown[0] ?? after),
    later: rows.length > PAGE_SIZE ? shown.at(-1) : undefined,
  };
}

const FEW = 500;

/**
 * The visits that a search or a project leaves, where these are few: found in one pass, instead of a look at the
 * visit of each question. Undefined where they are many; then a page is soon full.
 */
async function fewVisits(read: Reader, eventId: string, filter: QueueFilter): Promise<string[] | undefined> {
  const { words, projectId } = filter;
  if (words.length === 0 && projectId === undefined) return undefined;
  const rows =
    words.length > 0
      ? await read
          .selectFrom("visit_texts")
          .select("visit_id as id")
          .where(({ and }) => and(words.map((word) => contains("text", word))))
          .limit(FEW + 1)
          .execute()
      : await read
          .selectFrom("visits")
          .select("id")
          .where("event_id", "=", eventId)
          .where("project_id", "=", projectId as string)
          .limit(FEW + 1)
          .execute();
  return rows.length > FEW ? undefined : rows.map((row) => row.id);
}

/** One row more than a page, gathered from one state after the other, each in the order of its index. */
async function walk(
  read: Reader,
  eventId: string,
  filter: QueueFilter,
  states: QuestionState[],
  way: "forward" | "backward",
  from: QueuePlace | undefined,
): Promise<QueuePlace[]> {
  const found: QueuePlace[] = [];
  const order = way === "forward" ? "asc" : "desc";
  for (const state of from ? states.slice(states.indexOf(from.state)) : states) {
    let query = matching(read, eventId, filter)
      .where("state", "=", state)
      .orderBy("asked_at", order)
      .orderBy("id", order)
      .limit(PAGE_SIZE + 1 - found.length);
    if (from?.state === state) {
      query = query.where((eb) =>
        eb(eb.refTuple("asked_at", "id"), way === "forward" ? ">" : "<", eb.tuple(from.at, from.id)),
      );
    }
    found.push(...(await query.execute()).map((row) => ({ ...row, state })));
    if (found.length > PAGE_SIZE) break;
  }
  return found;
}

function matching(read: Reader, eventId: string, filter: QueueFilter) {
  let query = read
    .selectFrom("questions")
    .select(["questions.id", "asked_at as at"])
    .where("event_id", "=", eventId)
    .where("hidden", "=", 0);
  const { topicId, expertId, projectId, words, visitIds } = filter;
  if (visitIds) query = query.where("visit_id", "in", visitIds);
  if (topicId !== undefined) query = query.where("topic_id", topicId === null ? "is" : "=", topicId);
  if (expertId !== undefined) query = query.where("expert_id", expertId === null ? "is" : "=", expertId);
  if (projectId !== undefined) {
    query = query.where(({ exists, selectFrom }) =>
      exists(
        selectFrom("visits")
          .select("visits.id")
          .whereRef("visits.id", "=", "questions.visit_id")
          .where("project_id", "=", projectId),
      ),
    );
  }
  if (words.length > 0) {
    query = query.where(({ exists, selectFrom, and }) =>
      exists(
        selectFrom("visit_texts")
          .select("visit_texts.visit_id")
          .whereRef("visit_texts.visit_id", "=", "questions.visit_id")
          .where(and(words.map((word) => contains("visit_texts.text", word)))),
      ),
    );
  }
  return query;
}

/** How many questions of an event are in each state, each counted up to `COUNT_UP_TO` + 1. */
export async function countByState(read: Reader, eventId: string): Promise<Record<QuestionState, number>> {
  const counts = await Promise.all(
    STATES.map(async (state) => {
      const rows = await matching(read, eventId, { words: [] })
        .where("state", "=", state)
        .orderBy("asked_at")
        .limit(COUNT_UP_TO + 1)
        .execute();
      return [state, rows.length] as const;
    }),
  );
  return Object.fromEntries(counts) as Record<QuestionState, number>;
}

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

/** What was done with a question, the latest first. */
export function activityOfQuestion(read: Reader, id: string) {
  return read
    .selectFrom("activity")
    .leftJoin("experts", "experts.id", "activity.expert_id")
    .select([
      "activity.id",
      "activity.at",
      "activity.actor",
      "activity.step",
      "activity.note",
      "experts.name as expert",
    ])
    .where("activity.question_id", "=", id)
    .orderBy("activity.at", "desc")
    .orderBy("activity.id", "desc")
    .limit(200)
    .execute();
}

/**
 * Takes a step with a question, and keeps it in its activity. `shown` is how the question stood when somebody
 * decided: where it stands differently now, nothing is changed and `conflict` is thrown.
 * `note` is the answer, or the reason given.
 */
export async function takeStep(
  writer: Writer,
  questionId: string,
  taken: { step: Step; shown: Standing; expertId?: string; note?: string; actor: string; now: Instant },
): Promise<void> {
  const { step, shown, note } = taken;
  const next = standingAfter(step, shown, taken.expertId);
  if (!next) throw new Problem("conflict", "This question stands differently now. Look at it again.");
  const changed = await writer
    .updateTable("questions")
    .set({
      state: next.state,
      expert_id: next.expertId,
      ...(step === "answered" && { answer: note ?? null }),
      ...(step === "reopened" && { answer: null }),
    })
    .where("id", "=", questionId)
    .where("hidden", "=", 0)
    .where("state", "=", shown.state)
    .where("expert_id", shown.expertId === null ? "is" : "=", shown.expertId)
    .executeTakeFirst();
  if (Number(changed.numUpdatedRows) === 0) {
    const now = await questionById(writer, questionId);
    throw new Problem(
      "conflict",
      now.hidden ? "The visit of this question is in the bin. Put it back first." : whatHappened(now.state),
    );
  }
  await noteStep(writer, {
    of: { questionId },
    at: taken.now,
    actor: taken.actor,
    step,
    // Who it was routed to; for the other steps, who had it.
    expertId: next.expertId ?? shown.expertId,
    note: note || null,
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
  change: { topic: string | undefined; actor: string },
): Promise<void> {
  const question = await questionById(writer, questionId);
  const visit = await visitById(writer, question.visit_id);
  const changed = await reviseVisit(writer, place, visit, (sent) => ({
    ...sent,
    questions: sent.questions?.map((each) =>
      each.id === questionId ? { ...each, topic: change.topic } : each,
    ),
  }));
  if (!changed) return;
  await noteStep(writer, {
    of: { questionId },
    at: place.now,
    actor: change.actor,
    step: "topic changed",
    note: place.lists.topics.find((topic) => topic.slug === change.topic)?.name ?? "No topic",
  });
}
