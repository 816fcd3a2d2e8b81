import { type RawBuilder, type SelectQueryBuilder, type SqlBool, sql } from "kysely";
import type { Reader } from "../../database/open";
import type { Category, Instant, Tables } from "../../database/tables";
import { COUNT_UP_TO, PAGE_SIZE, type Place, type Turn } from "../../http/paging";
import { ORGANIZER } from "../store";

/** What a list of visits is narrowed down to. `words` are folded, and each must occur. */
export interface VisitFilter {
  span?: { from: Instant; until: Instant };
  category?: Category;
  projectId?: string;
  topicId?: string;
  staffName?: string;
  words: string[];
  /** Only visits of which two versions wait for a choice. */
  withTwoVersions?: boolean;
}

/** A page of a list: the ids in the order shown, and where the pages beside it begin. */
export interface IdPage {
  ids: string[];
  older?: Place;
  newer?: Place;
  /** How many rows there are in all, counted up to `COUNT_UP_TO` + 1; on the first page only. */
  count?: number;
}

/** A page of an event's visits, the latest first. A visit has a topic where it or one of its questions has. */
export function visitPage(read: Reader, eventId: string, filter: VisitFilter, turn: Turn): Promise<IdPage> {
  let query = read
    .selectFrom("visits")
    .select(["happened_at as at", "id"])
    .where("event_id", "=", eventId)
    .where("deleted_at", "is", null);
  if (filter.span) {
    query = query.where("happened_at", ">=", filter.span.from).where("happened_at", "<", filter.span.until);
  }
  if (filter.category) query = query.where("category", "=", filter.category);
  if (filter.projectId !== undefined) query = query.where("project_id", "=", filter.projectId);
  if (filter.staffName !== undefined) query = query.where("staff_name", "=", filter.staffName);
  const { topicId, words } = filter;
  // Lists of ids, not a look at each visit: a rare topic or word costs one pass over the small table.
  if (topicId !== undefined) {
    query = query.where("id", "in", ({ selectFrom }) =>
      selectFrom("visit_topics")
        .select("visit_id")
        .where("topic_id", "=", topicId)
        .unionAll(selectFrom("questions").select("visit_id").where("topic_id", "=", topicId)),
    );
  }
  if (words.length > 0) {
    query = query.where("id", "in", ({ selectFrom, and }) =>
      selectFrom("visit_texts")
        .select("visit_id")
        .where(and(words.map((word) => contains("text", word)))),
    );
  }
  if (filter.withTwoVersions) query = query.where("id", "in", visitsWithTwoVersions(read));
  return turnedPage(query, "happened_at", turn);
}

/** A page of an event's bin, what was deleted last first. */
export function binPage(read: Reader, eventId: string, turn: Turn): Promise<IdPage> {
  const query = read
    .selectFrom("visits")
    .select(["deleted_at as at", "id"])
    .where("event_id", "=", eventId)
    .where("deleted_at", "is not", null) as unknown as PageQuery;
  return turnedPage(query, "deleted_at", turn);
}

type PageQuery = SelectQueryBuilder<Tables, "visits", { at: Instant; id: string }>;

/**
 * The page of `query` that a turn asks for, the latest first. Where nothing is newer than a page, the first page is
 * given instead: it has the same rows, and is full.
 */
async function turnedPage(
  query: PageQuery,
  time: "happened_at" | "deleted_at",
  { before, after }: Turn,
): Promise<IdPage> {
  const place = (row: Place | undefined) => row && { at: row.at, id: row.id };
  if (after) {
    const rows = await query
      .where((eb) => eb(eb.refTuple(time, "id"), ">", eb.tuple(after.at, after.id)))
      .orderBy(time, "asc")
      .orderBy("id", "asc")
      .limit(PAGE_SIZE + 1)
      .execute();
    if (rows.length > PAGE_SIZE) {
      const shown = rows.slice(0, PAGE_SIZE).reverse();
      return { ids: shown.map((row) => row.id), newer: place(shown[0]), older: place(shown.at(-1)) };
    }
  }
  const latest = query.orderBy(time, "desc").orderBy("id", "desc");
  if (before) {
    const rows = await latest
      .where((eb) => eb(eb.refTuple(time, "id"), "<", eb.tuple(before.at, before.id)))
      .limit(PAGE_SIZE + 1)
      .execute();
    const shown = rows.slice(0, PAGE_SIZE);
    return {
      ids: shown.map((row) => row.id),
      newer: shown[0] ? place(shown[0]) : { at: before.at, id: "" },
      older: rows.length > PAGE_SIZE ? place(shown.at(-1)) : undefined,
    };
  }
  const rows = await latest.limit(COUNT_UP_TO + 1).execute();
  const shown = rows.slice(0, PAGE_SIZE);
  return {
    ids: shown.map((row) => row.id),
    older: rows.length > PAGE_SIZE ? place(shown.at(-1)) : undefined,
    count: rows.length,
  };
}

/** Whether a column of folded text has the word in it. */
export function contains(column: string, word: string): RawBuilder<SqlBool> {
  const pattern = `%${word.replace(/[\\%_]/g, "\\$&")}%`;
  return sql<SqlBool>`${sql.ref(column)} like ${pattern} escape '\\'`;
}

function visitsWithTwoVersions(read: Reader) {
  return read.selectFrom("visit_conflicts").select("visit_id").where("resolved_at", "is", null);
}

/** How many visits of an event are in the bin, counted up to `COUNT_UP_TO` + 1. */
export async function countBin(read: Reader, eventId: string): Promise<number> {
  const rows = await read
    .selectFrom("visits")
    .select("id")
    .where("event_id", "=", eventId)
    .where("deleted_at", "is not", null)
    .orderBy("deleted_at", "desc")
    .limit(COUNT_UP_TO + 1)
    .execute();
  return rows.length;
}

/** How many visits of an event wait for a choice between two versions, counted up to `COUNT_UP_TO` + 1. */
export async function countTwoVersions(read: Reader, eventId: string): Promise<number> {
  // From the few that wait to their visits, not the other way round.
  const rows = await visitsWithTwoVersions(read)
    .distinct()
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom("visits")
          .select("visits.id")
          .whereRef("visits.id", "=", "visit_conflicts.visit_id")
          .where("visits.event_id", "=", eventId)
          .where("visits.deleted_at", "is", null),
      ),
    )
    .limit(COUNT_UP_TO + 1)
    .execute();
  return rows.length;
}

/** Those of the visits of which two versions wait for a choice. */
export async function withTwoVersions(read: Reader, ids: string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await visitsWithTwoVersions(read).where("visit_id", "in", ids).execute();
  return new Set(rows.map((row) => row.visit_id));
}

/** Who may have logged visits of an event, by name: the people of its devices, who shared one, and the organizer. */
export async function staffNames(read: Reader, eventId: string): Promise<string[]> {
  const rows = await read
    .selectFrom("devices")
    .select("staff_name as name")
    .where("event_id", "=", eventId)
    .union(read.selectFrom("staff_names").select("name").where("event_id", "=", eventId))
    .orderBy("name")
    .execute();
  return [...new Set([...rows.map((row) => row.name), ORGANIZER])];
}
