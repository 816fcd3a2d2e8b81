import type { SelectQueryBuilder } from "kysely";
import { uuidv7 } from "uuidv7";
import type { Writer } from "../../database/door";
import type { Reader } from "../../database/open";
import { isOneOf } from "../../database/search";
import type { Instant, Priority, QuestionState, SavedViewsTable, Tables } from "../../database/tables";
import { Problem } from "../../errors";
import { COUNT_UP_TO, PAGE_SIZE, type Place } from "../../http/paging";
import { STATES } from "../rules";
import { findQuestions } from "../search/store";

/** What the queue is narrowed down to. Null: none at all. */
export interface QueueFilter {
  /** Left out: of all events. */
  eventId?: string;
  state?: QuestionState;
  /** One of these; over all events a topic of the same name has an id at each. */
  topicIds?: string[] | null;
  expertId?: string | null;
  projectIds?: string[];
  priority?: Priority;
  /** Asked then or later, and before. */
  from?: Instant;
  until?: Instant;
  /** With somebody who should have answered before. */
  lateAt?: Instant;
  /** Changed after this. */
  changedAfter?: Instant;
  search?: string;
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
  /** How many questions are in each state, whatever state is shown; each counted up to `COUNT_UP_TO` + 1. */
  counts: Record<QuestionState, number>;
}

/**
 * A page of the queue: state by state as in `STATES`, within a state what came back first, then by priority, then the
 * longest asked. Questions of visits in the bin are not in it, nor those that another one stands for.
 */
export async function queuePage(read: Reader, filter: QueueFilter, turn: QueueTurn): Promise<QueuePage> {
  const found = await findQuestions(read, filter.search ?? "");
  if (found) return pageOfFound(read, filter, found, turn);
  const states = filter.state ? [filter.state] : [...STATES];
  const counts = await countByState(read, filter);
  const { before, after } = turn;
  if (before) {
    const rows = await walk(read, filter, states.reverse(), "backward", before);
    if (rows.length > PAGE_SIZE) {
      const shown = rows.slice(0, PAGE_SIZE).reverse();
      return { ids: shown.map((row) => row.id), earlier: shown[0], later: shown.at(-1), counts };
    }
    // Nothing comes before this page, so it is the first one.
    return queuePage(read, filter, {});
  }
  const rows = await walk(read, filter, states, "forward", after);
  const shown = rows.slice(0, PAGE_SIZE);
  return {
    ids: shown.map((row) => row.id),
    earlier: after && (shown[0] ?? after),
    later: rows.length > PAGE_SIZE ? shown.at(-1) : undefined,
    counts,
  };
}

/** So few that looking each of them up is quicker than reading the queue. */
const FEW = 1000;

/** A page of what a search has found: a list in memory, because no index has its words and its order. */
async function pageOfFound(
  read: Reader,
  filter: QueueFilter,
  found: string[],
  { before, after }: QueueTurn,
): Promise<QueuePage> {
  let query = matching(read, filter).select(["questions.state"]);
  if (found.length <= FEW) query = query.where(isOneOf(read, "questions.id", found));
  const sought = new Set(found);
  const rows = (await query.execute()).filter((row) => sought.has(row.id)).sort(byPlace);
  const counts = Object.fromEntries(
    STATES.map((state) => [state, rows.filter((row) => row.state === state).length]),
  ) as QueuePage["counts"];
  const all = filter.state ? rows.filter((row) => row.state === filter.state) : rows;
  const past = after ? all.findIndex((row) => byPlace(row, after) > 0) : 0;
  const reached = before ? all.findIndex((row) => byPlace(row, before) >= 0) : -1;
  const start = before
    ? Math.max(0, (reached < 0 ? all.length : reached) - PAGE_SIZE)
    : past < 0
      ? all.length
      : past;
  const shown = all.slice(start, start + PAGE_SIZE);
  return {
    ids: shown.map((row) => row.id),
    earlier: start > 0 ? (shown[0] ?? after) : undefined,
    later: start + PAGE_SIZE < all.length ? shown.at(-1) : undefined,
    counts,
  };
}

function byPlace(one: QueuePlace, other: QueuePlace): number {
  return (
    STATES.indexOf(one.state) - STATES.indexOf(other.state) ||
    one.rank - other.rank ||
    one.at - other.at ||
    (one.id < other.id ? -1 : one.id > other.id ? 1 : 0)
  );
}

/** One row more than a page, gathered from one state after the other, each in the order of its index. */
async function walk(
  read: Reader,
  filter: QueueFilter,
  states: QuestionState[],
  way: "forward" | "backward",
  from: QueuePlace | undefined,
): Promise<QueuePlace[]> {
  const found: QueuePlace[] = [];
  const order = way === "forward" ? "asc" : "desc";
  for (const state of from ? states.slice(Math.max(0, states.indexOf(from.state))) : states) {
    let query = matching(read, filter)
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

/** The questions that a filter leaves, but for its state and its search. */
function matching(
  read: Reader,
  filter: QueueFilter,
): SelectQueryBuilder<Tables, "questions", { id: string; at: Instant; rank: number }> {
  let query = read
    .selectFrom("questions")
    .select(["questions.id", "asked_at as at", "rank"])
    .where("hidden", "=", 0)
    .where("merged_into", "is", null);
  const { eventId, topicIds, expertId, projectIds, priority, from, until, lateAt, changedAfter } = filter;
  if (eventId !== undefined) query = query.where("event_id", "=", eventId);
  if (topicIds === null) query = query.where("topic_id", "is", null);
  else if (topicIds) query = query.where("topic_id", "in", oneAtLeast(topicIds));
  if (expertId !== undefined) query = query.where("expert_id", expertId === null ? "is" : "=", expertId);
  if (projectIds) query = query.where("project_id", "in", oneAtLeast(projectIds));
  if (priority) query = query.where("priority", "=", priority);
  if (from !== undefined) query = query.where("asked_at", ">=", from);
  if (until !== undefined) query = query.where("asked_at", "<", until);
  if (lateAt !== undefined) query = query.where("state", "=", "routed").where("due_at", "<", lateAt);
  if (changedAfter !== undefined) query = query.where("changed_at", ">", changedAfter);
  return query;
}

/** A list that nothing is in is no SQL. */
const oneAtLeast = (ids: string[]) => (ids.length > 0 ? ids : [""]);

/** How many questions that a filter leaves are in each state, whatever state it names. */
export async function countByState(
  read: Reader,
  filter: QueueFilter = {},
): Promise<Record<QuestionState, number>> {
  const counts = await Promise.all(
    STATES.map(async (state) => {
      const some = matching(read, filter)
        .where("state", "=", state)
        .limit(COUNT_UP_TO + 1);
      const { count } = await read
        .selectFrom(some.as("some"))
        .select(({ fn }) => fn.countAll<number>().as("count"))
        .executeTakeFirstOrThrow();
      return [state, Number(count)] as const;
    }),
  );
  return Object.fromEntries(counts) as Record<QuestionState, number>;
}

/** How many questions ask the same as each of these, by id; those that stand by themselves are left out. */
export async function askedTogether(read: Reader, ids: string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await read
    .selectFrom("questions")
    .select(["merged_into", ({ fn }) => fn.countAll<number>().as("count")])
    .where(isOneOf(read, "merged_into", ids))
    .where("hidden", "=", 0)
    .groupBy("merged_into")
    .execute();
  return new Map(rows.map((row) => [row.merged_into as string, 1 + Number(row.count)]));
}

/** The last step that was taken with each of these questions after an instant, by the question's id. */
export async function lastSteps(read: Reader, ids: string[], after: Instant) {
  if (ids.length === 0) return new Map();
  const rows = await read
    .selectFrom("activity")
    .leftJoin("experts", "experts.id", "activity.expert_id")
    .select(["question_id", "step", "actor", "actor_kind", "experts.name as expert", "activity.at"])
    .where(isOneOf(read, "question_id", ids))
    .where("activity.at", ">", after)
    .orderBy("activity.at")
    .orderBy("activity.id")
    .execute();
  return new Map(rows.map((row) => [row.question_id as string, row]));
}

export type LastStep = NonNullable<ReturnType<Awaited<ReturnType<typeof lastSteps>>["get"]>>;

/** Questions of an event (left out: of all) that changed after an instant, those that did last first. */
export async function changedQuestions(
  read: Reader,
  eventId: string | undefined,
  after: Instant,
  most: number,
) {
  let query = read
    .selectFrom("questions")
    .leftJoin("experts", "experts.id", "questions.expert_id")
    .select(["questions.id", "version", "state", "questions.hidden", "merged_into", "changed_at"])
    .select(["experts.name as expert"])
    .where("changed_at", ">", after)
    .orderBy("changed_at", "desc")
    .limit(most);
  query =
    eventId === undefined
      ? query.where("event_id", "in", read.selectFrom("events").select("id"))
      : query.where("event_id", "=", eventId);
  return query.execute();
}

/** The views of an event's queue (undefined: of the one over all events), by name. */
export function savedViews(read: Reader, eventId: string | undefined): Promise<SavedViewsTable[]> {
  return read
    .selectFrom("saved_views")
    .selectAll()
    .where("event_id", eventId === undefined ? "is" : "=", eventId ?? null)
    .orderBy("name")
    .orderBy("id")
    .execute();
}

/** The view with this id. Throws `missing` where there is none. */
export async function viewById(read: Reader, id: string): Promise<SavedViewsTable> {
  const view = await read.selectFrom("saved_views").selectAll().where("id", "=", id).executeTakeFirst();
  if (!view) throw new Problem("missing", "There is no such view any more.");
  return view;
}

/** Keeps a filter under a name. One of the same name is replaced: who saves twice has it once. */
export async function saveView(
  writer: Writer,
  view: { eventId: string | undefined; name: string; query: string; now: Instant },
): Promise<void> {
  const { eventId, name, query, now } = view;
  const known = (await savedViews(writer, eventId)).find((each) => each.name === name);
  if (known) {
    await writer.updateTable("saved_views").set({ query }).where("id", "=", known.id).execute();
    return;
  }
  await writer
    .insertInto("saved_views")
    .values({ id: uuidv7(), event_id: eventId ?? null, name, query, created_at: now })
    .execute();
}

export async function renameView(writer: Writer, id: string, name: string): Promise<void> {
  await writer.updateTable("saved_views").set({ name }).where("id", "=", id).execute();
}

export async function deleteView(writer: Writer, id: string): Promise<void> {
  await writer.deleteFrom("saved_views").where("id", "=", id).execute();
}

/** What topics or projects are called in any event: once a slug, under the name of the latest event, with their ids. */
export async function listOverEvents(
  read: Reader,
  list: "topics" | "projects",
): Promise<{ slug: string; name: string; ids: string[] }[]> {
  const rows = await read
    .selectFrom(list)
    .innerJoin("events", "events.id", `${list}.event_id`)
    .select([`${list}.id`, `${list}.slug`, `${list}.name`])
    .orderBy("events.starts_on")
    .orderBy("events.slug")
    .execute();
  const found = new Map<string, { slug: string; name: string; ids: string[] }>();
  for (const { id, slug, name } of rows) {
    found.set(slug, { slug, name, ids: [...(found.get(slug)?.ids ?? []), id] });
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name, "en"));
}
