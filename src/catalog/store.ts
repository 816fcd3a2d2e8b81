import type { Selectable } from "kysely";
import type { Reader } from "../database/open";
import type { EntryTable, GiveawaysTable, TopicsTable } from "../database/tables";

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

/** One list of an event, in the order in which staff see it. */
export function entriesOf<Name extends ListName>(
  read: Reader,
  list: Name,
  eventId: string,
): Promise<Lists[Name]> {
  return read
    .selectFrom(list as "topics")
    .selectAll()
    .where("event_id", "=", eventId)
    .orderBy("position")
    .orderBy("slug")
    .execute() as Promise<Lists[Name]>;
}

/** What is offered today: the entries that the organizer has not hidden. */
export function offered<E extends { hidden: number }>(entries: E[]): E[] {
  return entries.filter((entry) => !entry.hidden);
}
