import type { Selectable } from "kysely";
import { uuidv7 } from "uuidv7";
import { compiledOnce } from "../database/compiled";
import type { Writer } from "../database/door";
import type { Reader } from "../database/open";
import type { EventsTable, Instant, JournalTable } from "../database/tables";
import { Problem } from "../errors";
import type { EventFields } from "./form";
import { eventOfTheDay, eventSlugs, hourAround } from "./rules";

export type Event = Selectable<EventsTable>;
export type JournalEntry = Selectable<JournalTable>;

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

const eventWithId = compiledOnce((db, { id }: { id: string }) =>
  db.selectFrom("events").selectAll().where("id", "=", id),
);

/** The event with this id, which some row refers to. */
export async function eventById(read: Reader, id: string): Promise<Event> {
  const [event] = await eventWithId(read, { id });
  if (!event) throw new Error("There is no event with this id.");
  return event;
}

/** The event named by a query parameter, else the one of the day. Undefined where there is no event at all. */
export async function chosenEvent(read: Reader, slug: unknown, now: Instant): Promise<Event | undefined> {
  if (typeof slug === "string" && slug !== "") return eventBySlug(read, slug);
  return eventOfTheDay(await listEvents(read), now);
}

/** Adds an event whose address is made from its name; one that is taken gets a number. */
export async function addEvent(writer: Writer, fields: EventFields, now: Instant): Promise<Event> {
  for (const slug of eventSlugs(fields.name)) {
    const { event, isNew } = await addEventOnce(writer, { ...fields, slug }, now);
    if (isNew) return event;
  }
  throw new Error("unreachable: there is always another address");
}

/** Adds an event under this address; one that is there already stays as it is. */
export async function addEventOnce(
  writer: Writer,
  fields: EventFields & { slug: string },
  now: Instant,
): Promise<{ event: Event; isNew: boolean }> {
  const id = uuidv7();
  await writer
    .insertInto("events")
    .values({ id, slug: fields.slug, created_at: now, ...columnsOf(fields) })
    .onConflict((conflict) => conflict.column("slug").doNothing())
    .execute();
  const event = await writer
    .selectFrom("events")
    .selectAll()
    .where("slug", "=", fields.slug)
    .executeTakeFirstOrThrow();
  return { event, isNew: event.id === id };
}

/** Changes an event's own fields. With its time zone, the days and hours of its visits change. */
export async function changeEvent(writer: Writer, event: Event, fields: EventFields): Promise<void> {
  await writer.updateTable("events").set(columnsOf(fields)).where("id", "=", event.id).execute();
  if (fields.timeZone !== event.time_zone) await recomputeLocalTimes(writer, event.id, fields.timeZone);
}

function columnsOf(fields: EventFields) {
  return {
    name: fields.name,
    venue: fields.venue,
    time_zone: fields.timeZone,
    starts_on: fields.startsOn,
    ends_on: fields.endsOn,
  };
}

/**
 * Writes the days and hours of the event's visits anew, hour by hour: as many statements as the event has hours
 * with visits, however many visits it has. It stands here and not in visits because it belongs into the
 * transaction that changes the zone: a power cut must not leave hours of two zones in one report.
 */
async function recomputeLocalTimes(writer: Writer, eventId: string, timeZone: string): Promise<void> {
  let from: Instant = Number.MIN_SAFE_INTEGER;
  for (;;) {
    const next = await writer
      .selectFrom("visits")
      .select("happened_at")
      .where("event_id", "=", eventId)
      .where("happened_at", ">=", from)
      .orderBy("happened_at")
      .limit(1)
      .executeTakeFirst();
    if (!next) return;
    const { day, hour, until } = hourAround(next.happened_at, timeZone);
    await writer
      .updateTable("visits")
      .set({ local_day: day, local_hour: hour })
      .where("event_id", "=", eventId)
      .where("happened_at", ">=", next.happened_at)
      .where("happened_at", "<", until)
      .execute();
    from = until;
  }
}

/** How many visits an event has; counts to `most` and no further, so that a card costs the same for any event. */
export async function countVisits(read: Reader, eventId: string, most: number): Promise<number> {
  const { visits } = await read
    .selectFrom((from) =>
      from
        .selectFrom("visits")
        .select("id")
        .where("event_id", "=", eventId)
        .where("deleted_at", "is", null)
        .limit(most)
        .as("some"),
    )
    .select(({ fn }) => fn.countAll<number>().as("visits"))
    .executeTakeFirstOrThrow();
  return Number(visits);
}

/** The journal's last entries, the latest first. */
export function journalOf(read: Reader, eventId: string, most: number): Promise<JournalEntry[]> {
  return read
    .selectFrom("journal")
    .selectAll()
    .where("event_id", "=", eventId)
    .orderBy("at", "desc")
    .orderBy("id", "desc")
    .limit(most)
    .execute();
}

/** Adds to the journal. The same words at the same instant are there once; gives whether they were new. */
export async function addToJournal(
  writer: Writer,
  eventId: string,
  entry: { at: Instant; text: string },
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await writer
    .insertInto("journal")
    .values({ id: uuidv7(), event_id: eventId, ...entry })
    .onConflict((conflict) => conflict.columns(["event_id", "at", "text"]).doNothing())
    .executeTakeFirstOrThrow();
  return Number(numInsertedOrUpdatedRows) > 0;
}
