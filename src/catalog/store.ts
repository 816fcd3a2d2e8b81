import type { Selectable } from "kysely";
import { uuidv7 } from "uuidv7";
import { compiledOnce } from "../database/compiled";
import type { Writer } from "../database/door";
import type { Reader } from "../database/open";
import type { EntryTable, GiveawaysTable, TopicsTable } from "../database/tables";
import type { EntryWords, ListEdit } from "./form";
import { moved, type NewEntry, withSlugs } from "./rules";

/** The lists of an event: each is a table of entries with a slug, a name and a place in the order. */
export const LISTS = ["booths", "projects", "topics", "platforms", "remarks", "giveaways"] as const;
export type ListName = (typeof LISTS)[number];

export type Entry = Selectable<EntryTable>;
export type Topic = Selectable<TopicsTable>;
export type Giveaway = Selectable<GiveawaysTable>;

/** All lists of an event, hidden entries included: what was counted once keeps its name. */
export interface Lists {
  booths: Entry[];
  projects: Entry[];
  topics: Topic[];
  platforms: Entry[];
  remarks: Entry[];
  giveaways: Giveaway[];
}

/** The lists of an event, each in the order in which staff see it. */
export async function listsOf(read: Reader, eventId: string): Promise<Lists> {
  const rows = await Promise.all(LISTS.map((list) => entriesOf(read, list, eventId)));
  return Object.fromEntries(LISTS.map((list, index) => [list, rows[index]])) as unknown as Lists;
}

const entriesIn = (list: ListName) =>
  compiledOnce((db, { eventId }: { eventId: string }) =>
    db
      .selectFrom(list as "topics")
      .selectAll()
      .where("event_id", "=", eventId)
      .orderBy("position")
      .orderBy("slug"),
  );
const ENTRIES = Object.fromEntries(LISTS.map((list) => [list, entriesIn(list)])) as Record<
  ListName,
  ReturnType<typeof entriesIn>
>;

/** One list of an event, in the order in which staff see it. */
export function entriesOf<Name extends ListName>(
  read: Reader,
  list: Name,
  eventId: string,
): Promise<Lists[Name]> {
  return ENTRIES[list](read, { eventId }) as Promise<Lists[Name]>;
}

/** What is offered today: the entries that the organizer has not hidden. */
export function offered<E extends { hidden: number }>(entries: E[]): E[] {
  return entries.filter((entry) => !entry.hidden);
}

/** The words of a topic that point to it. */
export function keywordsOf(topic: { keywords: string }): string[] {
  return JSON.parse(topic.keywords);
}

/** Rows that one statement brings: engines limit how many values it may have. */
const ROWS_A_STATEMENT = 500;

/**
 * Adds the entries whose slug the event's list does not have yet, behind those that are there.
 * Entries that are there stay as they are. Gives how many were added.
 */
export async function addMissing(
  writer: Writer,
  list: ListName,
  eventId: string,
  entries: NewEntry[],
): Promise<number> {
  const kept = await entriesOf(writer, list, eventId);
  const slugs = new Set(kept.map((entry) => entry.slug));
  const last = Math.max(0, ...kept.map((entry) => entry.position));
  const rows = entries
    .filter((entry) => !slugs.has(entry.slug))
    .map((entry, index) => ({
      id: uuidv7(),
      event_id: eventId,
      slug: entry.slug,
      name: entry.name,
      position: last + 1 + index,
      hidden: entry.hidden ? (1 as const) : (0 as const),
      ...columnsOf(list, { keywords: [], shipped: null, arrived: null, ...entry }),
      ...(list === "giveaways" && { ran_out_at: entry.ranOutAt ?? null }),
    }));
  let added = 0;
  for (let from = 0; from < rows.length; from += ROWS_A_STATEMENT) {
    const { numInsertedOrUpdatedRows } = await writer
      .insertInto(list as "topics")
      .values(rows.slice(from, from + ROWS_A_STATEMENT))
      .onConflict((conflict) => conflict.columns(["event_id", "slug"]).doNothing())
      .executeTakeFirstOrThrow();
    added += Number(numInsertedOrUpdatedRows);
  }
  return added;
}

/** What is offered in one event's lists, for another event to start from. Pieces are counted anew each time. */
export async function entriesToCopy(read: Reader, eventId: string): Promise<Record<ListName, NewEntry[]>> {
  const lists = await listsOf(read, eventId);
  const copies = LISTS.map((list) => [
    list,
    offered<Entry>(lists[list]).map((entry): NewEntry => {
      const { slug, name } = entry;
      return list === "topics" ? { slug, name, keywords: keywordsOf(entry as Topic) } : { slug, name };
    }),
  ]);
  return Object.fromEntries(copies);
}

/** Does what the form of a list says: words, new entries, what is offered, the order. Nothing is ever taken out. */
export async function changeList(
  writer: Writer,
  list: ListName,
  eventId: string,
  edit: ListEdit,
): Promise<void> {
  const table = list as "topics";
  const kept = await entriesOf(writer, list, eventId);
  for (const { id, ...words } of edit.changed) {
    await writer
      .updateTable(table)
      .set({ name: words.name, ...columnsOf(list, words) })
      .where("id", "=", id)
      .where("event_id", "=", eventId)
      .execute();
  }
  const taken = kept.map((entry) => entry.slug);
  await addMissing(writer, list, eventId, withSlugs(list, edit.added, taken));
  for (const [id, hidden] of [[edit.hide, 1] as const, [edit.show, 0] as const]) {
    if (!id) continue;
    await writer
      .updateTable(table)
      .set({ hidden })
      .where("id", "=", id)
      .where("event_id", "=", eventId)
      .execute();
  }
  const entry = edit.up ?? edit.down;
  if (!entry) return;
  const ids = (await entriesOf(writer, list, eventId)).map((each) => each.id);
  for (const [index, id] of moved(ids, entry, edit.up ? "up" : "down").entries()) {
    await writer
      .updateTable(table)
      .set({ position: index + 1 })
      .where("id", "=", id)
      .execute();
  }
}

/** The columns that this list has besides the common ones; what is not said is left as it is. */
function columnsOf(list: ListName, words: Omit<EntryWords, "id">) {
  if (list === "topics") return words.keywords && { keywords: JSON.stringify(words.keywords) };
  if (list === "giveaways") {
    return { shipped: words.shipped, arrived: words.arrived, ran_out_at: words.ranOutAt };
  }
  return {};
}
