import type { Selectable } from "kysely";
import type { Reader } from "../database/open";
import type { EventsTable, Instant } from "../database/tables";
import { Problem } from "../errors";
import { eventOfTheDay } from "./rules";

export type Event = Selectable<EventsTable>;

/** All events, the latest first. */
export function listEvents(read: Reader): Promise<Event[]> {
  return read.selectFrom("events").selectAll().orderBy("starts_on", "desc").orderBy("slug").execute();
}

/** The event with this slug. Throws `missing` where there is none. */
export async function eventBySlug(read: Reader, slug: string): Promise<Event> {
  const event = await read.selectFrom("events").selectAll().where("slug", "=", slug).executeTakeFirst();
  if (!event) throw new Problem("missing", "There is no event of this name.");
  return event;
}

/** The event with this id, which some row refers to. */
export function eventById(read: Reader, id: string): Promise<Event> {
  return read.selectFrom("events").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
}

/** The event named by a query parameter, else the one of the day. Undefined where there is no event at all. */
export async function chosenEvent(read: Reader, slug: unknown, now: Instant): Promise<Event | undefined> {
  if (typeof slug === "string" && slug !== "") return eventBySlug(read, slug);
  return eventOfTheDay(await listEvents(read), now);
}
