import type { Reader } from "../../database/open";
import type { QuestionState } from "../../database/tables";
import { COUNT_UP_TO, PAGE_SIZE, type Place } from "../../http/paging";
import { contains } from "../../visits/list/store";
import { STATES } from "../rules";

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
  rank: number;
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
 * A page of an event's queue: state by state as in `STATES`, within a state what came back first, then by
 * priority, then the longest asked. Questions of visits in the bin are not in it, nor those that another one stands for.
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
      .orderBy("rank", order)
      .orderBy("asked_at", order)
      .orderBy("id", order)
      .limit(PAGE_SIZE + 1 - found.length);
    if (from?.state === state) {
      query = query.where((eb) =>
        eb(
          eb.refTuple("rank", "asked_at", "id"),
          way === "forward" ? ">" : "<",
          eb.tuple(from.rank, from.at, from.id),
        ),
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
    .select(["questions.id", "asked_at as at", "rank"])
    .where("event_id", "=", eventId)
    .where("hidden", "=", 0)
    .where("merged_into", "is", null);
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
