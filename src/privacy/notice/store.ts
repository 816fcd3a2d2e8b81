import type { Writer } from "../../database/door";
import type { Reader } from "../../database/open";
import type { Event } from "../../events/store";
import { lastDayOf } from "../retention/rules";
import { retentionOf } from "../retention/store";
import type { ControllerFields } from "./form";

/** Who is responsible for what an event's booth keeps. */
export type Controller = ControllerFields;

/** Who is responsible at an event; undefined where nobody has said. */
export function controllerOf(read: Reader, eventId: string): Promise<Controller | undefined> {
  return read
    .selectFrom("controllers")
    .select(["name", "reach", "link"])
    .where("event_id", "=", eventId)
    .executeTakeFirst();
}

/** Who was responsible at the event that was added last of those that say it: most often it is the same again. */
export function lastController(read: Reader): Promise<Controller | undefined> {
  return read
    .selectFrom("controllers")
    .innerJoin("events", "events.id", "controllers.event_id")
    .select(["controllers.name", "controllers.reach", "controllers.link"])
    .orderBy("events.created_at", "desc")
    .orderBy("events.id", "desc")
    .limit(1)
    .executeTakeFirst();
}

/** Keeps who is responsible at an event from now on. */
export async function setController(
  writer: Writer,
  eventId: string,
  controller: ControllerFields,
): Promise<void> {
  await writer
    .insertInto("controllers")
    .values({ event_id: eventId, ...controller })
    .onConflict((known) => known.column("event_id").doUpdateSet(controller))
    .execute();
}

/** The last day on which an event keeps contact details, YYYY-MM-DD in its zone. */
export async function keptUntil(read: Reader, event: Event): Promise<string> {
  return lastDayOf(event, await retentionOf(read, event.id));
}
