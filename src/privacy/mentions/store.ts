import { setImmediate as nextTurn } from "node:timers/promises";
import { sql } from "kysely";
import { listsOf } from "../../catalog/store";
import type { Writer } from "../../database/door";
import type { Database, Reader } from "../../database/open";
import { isLikeAny } from "../../database/search";
import type { Instant, TextsToLookAtTable } from "../../database/tables";
import { eventById } from "../../events/store";
import { DETAILS } from "../../exports/rules";
import { LEFT_OUT, searchText } from "../../visits/rules";
import { fullVisits, isGone, reviseVisit } from "../../visits/store";
import {
  inJson,
  inQuery,
  isMentioned,
  keysOf,
  keysOfPerson,
  type Level,
  type Person,
  PLACES,
  type PlaceName,
  patternsOf,
  withoutPeople,
} from "./rules";

/** Where a kind of text is kept. `t` is the table itself; `visit` and `event`: which one a text belongs to, as SQL. */
interface Home {
  column: `${string}.${string}`;
  key?: string;
  joins?: string;
  event: string;
  visit?: string;
  /** Found by the folded words of its visit. */
  isSearched?: true;
}

const OF_STEP = `LEFT JOIN questions AS q ON q.id = t.question_id
  LEFT JOIN visits AS v ON v.id = coalesce(t.visit_id, q.visit_id)`;
const OF_VISIT = "JOIN visits AS v ON v.id = t.visit_id";
const OF_EVENT = { event: "t.event_id" };
const OF_ROW_OF_EVENT = { key: "event_id", event: "t.event_id" };
const OF_ROW_OF_VISIT = { joins: OF_VISIT, event: "v.event_id", visit: "v.id" };
const OF_ROW_OF_STEP = { joins: OF_STEP, event: "v.event_id", visit: "v.id" };

/** Where each of them is kept. */
export const HOMES: Record<PlaceName, Home> = {
  question: { column: "questions.text", ...OF_EVENT, visit: "t.visit_id", isSearched: true },
  answer: { column: "questions.answer", ...OF_EVENT, visit: "t.visit_id" },
  note: { column: "visits.note", ...OF_EVENT, visit: "t.id", isSearched: true },
  step: { column: "activity.note", ...OF_ROW_OF_STEP },
  "before a step": { column: "activity.before", ...OF_ROW_OF_STEP },
  "other version": { column: "visit_conflicts.payload", ...OF_ROW_OF_VISIT },
  "note on a contact": { column: "contacts.note", key: "visit_id", ...OF_ROW_OF_VISIT },
  asked: { column: "visitor_questions.text", ...OF_EVENT },
  "asked by": { column: "visitor_questions.contact", ...OF_EVENT },
  message: { column: "messages.text", event: "NULL", visit: "t.visit_id" },
  journal: { column: "journal.text", ...OF_EVENT },
  "write-up": { column: "write_ups.text", ...OF_ROW_OF_EVENT },
  "head of the write-up": { column: "write_ups.front", ...OF_ROW_OF_EVENT },
  "published write-up": { column: "write_ups.published", ...OF_ROW_OF_EVENT },
  "earlier write-up": { column: "write_up_texts.text", ...OF_EVENT },
  remark: { column: "remarks.name", ...OF_EVENT },
  platform: { column: "platforms.name", ...OF_EVENT },
  "name of a view": { column: "saved_views.name", ...OF_EVENT },
  "saved view": { column: "saved_views.query", ...OF_EVENT },
  "reason for a list": { column: "contact_exports.reason", ...OF_EVENT },
  "list that was taken": { column: "contact_exports.filters", ...OF_EVENT },
  "reason to keep": { column: "retentions.reason", ...OF_ROW_OF_EVENT },
};
const NAMES = Object.keys(PLACES) as PlaceName[];

/** A text somewhere in the database. */
export interface Text {
  place: PlaceName;
  /** Of the row that has it. */
  id: string;
  eventId: string | null;
  visitId: string | null;
  text: string;
}

function textsIn(name: PlaceName) {
  const place = HOMES[name];
  const [table, column] = place.column.split(".") as [string, string];
  const key = place.key ?? "id";
  const isWritten = sql.raw(`t.${column} IS NOT NULL AND t.${column} <> ''`);
  const select = sql.raw(
    `SELECT t.${key} AS id, ${place.event} AS event_id, ${place.visit ?? "NULL"} AS visit_id, t.${column} AS text
     FROM ${table} AS t ${place.joins ?? ""}`,
  );
  return { place, table, column, key, isWritten, select };
}

interface Row {
  id: string;
  event_id: string | null;
  visit_id: string | null;
  text: string;
}

const asText =
  (place: PlaceName) =>
  ({ id, event_id, visit_id, text }: Row): Text => ({
    place,
    id,
    eventId: event_id,
    visitId: visit_id,
    text,
  });

/** A text without these people, as far as that is sure enough. */
export function redacted(
  { place, text }: Pick<Text, "place" | "text">,
  people: Person[],
  level: Level,
): string {
  const change = (each: string) => withoutPeople(each, people, level);
  const { as } = PLACES[place];
  return as === "json" ? inJson(text, change) : as === "query" ? inQuery(text, change) : change(text);
}

/** Whether a text, as it is read, mentions one of these people. */
export function mentions(text: Pick<Text, "place" | "text">, people: Person[], level: Level): boolean {
  // What is written in another way than it is read is found by that it would change.
  if (PLACES[text.place].as) return redacted(text, people, level) !== text.text;
  return isMentioned(text.text, people, level);
}

/** All texts of a place that may mention these people, whatever event they are of. */
async function likely(read: Reader, name: PlaceName, people: Person[]): Promise<Text[]> {
  const { place, column, isWritten, select } = textsIn(name);
  const patterns = patternsOf(people, { folded: place.isSearched });
  if (patterns.length === 0) return [];
  // A query's blanks and signs are written otherwise than they are read; there are few of these.
  const condition =
    PLACES[name].as === "query" || patterns[0] === "%"
      ? sql`true`
      : place.isSearched
        ? sql`${sql.raw(place.visit as string)} IN (SELECT visit_id FROM visit_texts WHERE ${isLikeAny(read, "text", patterns)})`
        : isLikeAny(read, `t.${column}`, patterns);
  const { rows } = await sql<Row>`${select} WHERE ${isWritten} AND (${condition})`.execute(read);
  return rows.map(asText(name));
}

/**
 * The texts that mention these people, whatever event they are of: those of their own visits, and the others. `level`: how sure
 * it has to be in the others.
 */
export async function textsAbout(
  read: Reader,
  people: Person[],
  { visitIds, level }: { visitIds: string[]; level: Level },
): Promise<Text[]> {
  const own = new Set(visitIds);
  const found: Text[] = [];
  for (const name of NAMES) {
    for (const text of await likely(read, name, people)) {
      const isOwn = text.visitId !== null && own.has(text.visitId);
      if (mentions(text, people, isOwn ? "own" : level)) found.push(text);
    }
  }
  return found;
}

/** All texts of these visits: what was said and written around them. */
export async function textsOfVisits(read: Reader, visitIds: string[]): Promise<Text[]> {
  if (visitIds.length === 0) return [];
  const found: Text[] = [];
  for (const name of NAMES) {
    const { place, isWritten, select } = textsIn(name);
    if (!place.visit) continue;
    const ids = sql.join(visitIds);
    // By the keys that have an index: of a joined table the column is found through it.
    const which =
      place.joins === OF_STEP
        ? sql`t.visit_id IN (${ids}) OR t.question_id IN (SELECT id FROM questions WHERE visit_id IN (${ids}))`
        : sql`${sql.raw(place.joins ? "t.visit_id" : place.visit)} IN (${ids})`;
    const { rows } = await sql<Row>`${select} WHERE ${isWritten} AND (${which})`.execute(read);
    found.push(...rows.map(asText(name)));
  }
  return found;
}

/** One text, as it stands; undefined where there is none any more. */
export async function textAt(read: Reader, name: PlaceName, id: string): Promise<Text | undefined> {
  const { key, isWritten, select } = textsIn(name);
  const { rows } = await sql<Row>`${select} WHERE t.${sql.raw(key)} = ${id} AND ${isWritten}`.execute(read);
  return rows[0] && asText(name)(rows[0]);
}

const SLICE = 500;

/** Every text of an event, and those of no event, page by page with a turn for everybody else after each. */
export async function* textsOfEvent(
  read: Reader,
  eventId: string,
  signal: AbortSignal,
): AsyncGenerator<Text[]> {
  for (const name of NAMES) {
    const { place, key, isWritten, select } = textsIn(name);
    const id = sql.raw(`t.${key}`);
    const isOfEvent =
      place.event === "NULL"
        ? sql`true`
        : sql`(${sql.raw(place.event)} = ${eventId} OR ${sql.raw(place.event)} IS NULL)`;
    for (let last = ""; !signal.aborted; ) {
      const { rows } = await sql<Row>`${select} WHERE ${isWritten} AND ${id} > ${last} AND ${isOfEvent}
        ORDER BY ${id} LIMIT ${SLICE}`.execute(read);
      if (rows.length > 0) yield rows.map(asText(name));
      await nextTurn();
      const end = rows.at(-1);
      if (rows.length < SLICE || !end) break;
      last = end.id;
    }
  }
}

/**
 * Puts a text in the place of one that is kept, within the caller's transaction. One of a visit is a revision of it, so that no
 * tablet that still has the old words puts them back unnoticed. An empty text stays as "…" where something has to stand.
 */
export async function writeText(
  writer: Writer,
  { place: name, id, visitId }: Pick<Text, "place" | "id" | "visitId">,
  text: string,
  now: Instant,
): Promise<void> {
  const { table, column, key } = textsIn(name);
  const words = text.trim() === "" ? (CAN_BE_LEFT_OUT.has(name) ? null : LEFT_OUT) : text;
  if (
    (name === "question" || name === "note") &&
    visitId &&
    (await revised(writer, name, id, visitId, words, now))
  )
    return;
  const at = sql`${sql.raw(key)} = ${id}`;
  if (name === "journal") {
    // Two lines of one moment that say the same are one.
    await sql`DELETE FROM journal WHERE id <> ${id} AND (event_id, at) IN (SELECT event_id, at FROM journal WHERE id = ${id})
      AND text = ${words}`.execute(writer);
  }
  const also =
    table === "questions"
      ? sql`, changed_at = ${now}, version = version + 1`
      : table === "write_ups"
        ? sql`, version = version + 1`
        : // The short name was made of the words.
          table === "platforms" || table === "remarks"
          ? sql`, slug = 'changed-' || id`
          : sql``;
  await sql`UPDATE ${sql.raw(table)} SET ${sql.raw(column)} = ${words} ${also} WHERE ${at}`.execute(writer);
  if (visitId && (table === "questions" || table === "visits" || table === "contacts"))
    await rewriteVisitText(writer, visitId);
}

const CAN_BE_LEFT_OUT = new Set<PlaceName>([
  "answer",
  "note",
  "step",
  "before a step",
  "note on a contact",
  "asked by",
  "message",
]);

/** Makes the next revision of a visit that is there and nobody's who was erased. Gives whether it could. */
async function revised(
  writer: Writer,
  name: "question" | "note",
  id: string,
  visitId: string,
  words: string | null,
  now: Instant,
): Promise<boolean> {
  const [visit] = await fullVisits(writer, [visitId]);
  if (!visit || visit.deleted_at !== null || (await isGone(writer, visitId))) return false;
  const event = await eventById(writer, visit.event_id);
  const place = { event, lists: await listsOf(writer, event.id), now };
  await reviseVisit(writer, place, visit, (sent) =>
    name === "note"
      ? { ...sent, note: words ?? undefined }
      : {
          ...sent,
          questions: sent.questions?.map((each) =>
            each.id === id ? { ...each, text: words ?? LEFT_OUT } : each,
          ),
        },
  );
  return true;
}

/** Makes the words by which a visit is found anew. */
export async function rewriteVisitText(writer: Writer, visitId: string): Promise<void> {
  const [visit] = await fullVisits(writer, [visitId]);
  if (!visit) return;
  const { contact } = visit;
  const left = DETAILS.flatMap((field) => (contact?.[field] ? [[field, contact[field]]] : []));
  const text = searchText({
    note: visit.note ?? undefined,
    contact: contact && { ...Object.fromEntries(left), consent: [] },
    questions: visit.questions.map(({ text }) => ({ id: undefined, text, topic: undefined })),
  });
  await writer.deleteFrom("visit_texts").where("visit_id", "=", visitId).execute();
  if (text) await writer.insertInto("visit_texts").values({ visit_id: visitId, text }).execute();
}

/** Has the organizer look at a text: somebody who was erased may still be named in it. */
export async function lookAt(
  writer: Writer,
  { place, id, eventId }: Pick<Text, "place" | "id" | "eventId">,
  reason: TextsToLookAtTable["reason"],
  now: Instant,
): Promise<void> {
  if (!PLACES[place].title) return;
  await writer
    .insertInto("texts_to_look_at")
    .values({ place, id, event_id: eventId, reason, since: now })
    .onConflict((known) => known.columns(["place", "id"]).doUpdateSet({ reason, since: now }))
    .execute();
}

/** Many people, found by what a text must have in common with them. */
export class Crowd {
  readonly #people: { person: Person; visitId: string }[];
  readonly #byKey = new Map<string, number[]>();

  constructor(people: { person: Person; visitId: string }[]) {
    this.#people = people;
    for (const [index, { person }] of people.entries()) {
      for (const key of keysOfPerson(person)) {
        const known = this.#byKey.get(key);
        if (known) known.push(index);
        else this.#byKey.set(key, [index]);
      }
    }
  }

  /** Those whom a text may mention, and those whose own it is. */
  near({ place, text, visitId }: Text): { own: Person[]; others: Person[] } {
    const words = PLACES[place].as === "query" ? decoded(text) : text;
    const indexes = new Set([...keysOf(words)].flatMap((key) => this.#byKey.get(key) ?? []));
    const near = [...indexes].map((index) => this.#people[index] as { person: Person; visitId: string });
    const isOwn = (each: { visitId: string }) => each.visitId === visitId;
    return {
      own: near.filter(isOwn).map(({ person }) => person),
      others: near.filter((each) => !isOwn(each)).map(({ person }) => person),
    };
  }
}

function decoded(query: string): string {
  return [...new URLSearchParams(query).values()].join("\n");
}

/**
 * Takes many people out of all texts of their event: what is surely theirs at once, and what may still name them is for the
 * organizer to look at. Gives whether it came to the end before it was told to stop.
 */
export async function sweepTexts(
  db: Database,
  eventId: string,
  people: { person: Person; visitId: string }[],
  { now, signal }: { now: Instant; signal: AbortSignal },
): Promise<boolean> {
  const crowd = new Crowd(people);
  for await (const page of textsOfEvent(db.read, eventId, signal)) {
    for (const text of page) {
      const { own, others } = crowd.near(text);
      if (own.length + others.length === 0) continue;
      await db.write((writer) => takeOut(writer, text, own, others, now));
    }
  }
  return !signal.aborted;
}

/** Takes people out of a text, as it stands in the transaction, and has it looked at where they may still be in it. */
export async function takeOut(
  writer: Writer,
  { place, id }: Pick<Text, "place" | "id">,
  own: Person[],
  others: Person[],
  now: Instant,
): Promise<void> {
  const text = await textAt(writer, place, id);
  if (!text) return;
  const withoutOwn = own.length > 0 ? redacted(text, own, "own") : text.text;
  const rest = redacted({ place, text: withoutOwn }, others, "sure");
  if (rest !== text.text) await writeText(writer, text, rest, now);
  if (mentions({ place, text: rest }, others, "maybe")) await lookAt(writer, text, "name", now);
  else if (rest !== withoutOwn) await lookAt(writer, text, "redacted", now);
}
