import type { RawBuilder, SelectQueryBuilder, SqlBool } from "kysely";
import { uuidv7 } from "uuidv7";
import type { Writer } from "../../database/door";
import type { Reader } from "../../database/open";
import { isOneOf } from "../../database/search";
import type { Instant, Priority, QuestionState, SavedViewsTable, Tables } from "../../database/tables";
import { Problem } from "../../errors";
import { COUNT_UP_TO, PAGE_SIZE, type Place } from "../../http/paging";
import { STATES } from "../rules";
import { isSought } from "../search/store";

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
  const sought = await isSought(read, "questions.id", filter.search ?? "");
  return pageOf(read, { ...filter, sought }, turn);
}

interface Narrowed extends QueueFilter {
  /** Whether a search finds it. */
  sought?: RawBuilder<SqlBool>;
}

async function pageOf(read: Reader, filter: Narrowed, { before, after }: QueueTurn): Promise<QueuePage> {
  const counts = await countByState(read, filter);
  const states = STATES.filter((state) => counts[state] > 0 && (!filter.state || filter.state === state));
  if (before) {
    const rows = await walk(read, filter, states.reverse(), "backward", before);
    if (rows.length > PAGE_SIZE) {
      const shown = rows.slice(0, PAGE_SIZE).reverse();
      return { ids: shown.map((row) => row.id), earlier: shown[0], later: shown.at(-1), counts };
    }
    // Nothing comes before this page, so it is the first one.
    return pageOf(read, filter, {});
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

/** One row more than a page, gathered from one state after the other, each in the order of its index. */
async function walk(
  read: Reader,
  filter: Narrowed,
  states: QuestionState[],
  way: "forward" | "backward",
  from: QueuePlace | undefined,
): Promise<QueuePlace[]> {
  const found: QueuePlace[] = [];
  const order = way === "forward" ? "asc" : "desc";
  const isAhead = (state: QuestionState) => {
    const steps = STATES.indexOf(state) - STATES.indexOf(from?.state ?? state);
    return way === "forward" ? steps >= 0 : steps <= 0;
  };
  for (const state of states.filter(isAhead)) {
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

/** The questions that a filter leaves, but for its state. */
function matching(
  read: Reader,
  filter: Narrowed,
): SelectQueryBuilder<Tables, "questions", { id: string; at: Instant; rank: number }> {
  let query = read
    .selectFrom("questions")
    .select(["questions.id", "asked_at as at", "rank"])
    .where("hidden", "=", 0)
    .where("merged_into", "is", null);
  const { eventId, topicIds, expertId, projectIds, priority, from, until, lateAt, changedAfter } = filter;
  if (filter.sought) query = query.where(filter.sought);
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
  filter: QueueFilter | Narrowed = {},
): Promise<Record<QuestionState, number>> {
  // A search is gone through once for all states; anything else only as far as the count goes.
  if ("sought" in filter && filter.sought) {
    const rows = await read
      .selectFrom(matching(read, filter).select("questions.state").as("some"))
      .select(["state", ({ fn }) => fn.countAll<number>().as("count")])
      .groupBy("state")
      .execute();
    const countOf = new Map(rows.map((row) => [row.state, Number(row.count)]));
    return byState((state) => countOf.get(state) ?? 0);
  }
  const counts = await Promise.all(
    STATES.map(async (state) => {
      const some = matching(read, filter)
        .where("state", "=", state)
        .limit(COUNT_UP_TO + 1);
      const { count } = await read
        .selectFrom(some.as("some"))
        .select(({ fn }) => fn.countAll<number>().as("count"))
        .executeTakeFirstOrThrow();
      return Number(count);
    }),
  );
  return byState((_state, index) => counts[index] ?? 0);
}

function byState(countOf: (state: QuestionState, index: number) => number): Record<QuestionState, number> {
  return Object.fromEntries(STATES.map((state, index) => [state, countOf(state, index)])) as Record<
    QuestionState,
    number
  >;
}

/** How many questions changed after an instant, counted up to `COUNT_UP_TO` + 1. */
export async function countChanged(
  read: Reader,
  eventId: string | undefined,
  after: Instant,
): Promise<number> {
  let some = read
    .selectFrom("questions")
    .select("questions.id")
    .where("changed_at", ">", after)
    .where("hidden", "=", 0)
    .where("merged_into", "is", null)
    .limit(COUNT_UP_TO + 1);
  some =
    eventId === undefined
      ? some.where("event_id", "in", read.selectFrom("events").select("id"))
      : some.where("event_id", "=", eventId);
  // In the order of the index of changes, so that it is the one that is gone through.
  const { count } = await read
    .selectFrom(some.orderBy("changed_at", "desc").as("some"))
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** How many questions ask the same as each of these, by id; those that stand by themselves are left out. */
export async function askedTogether(read: Reader, ids: string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await read
    .selectFrom("questions")
    .select(["merged_into", ({ fn }) => fn.countAll<number>().as("count")])
    .where("merged_into", "in", ids)
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
