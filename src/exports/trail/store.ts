import { uuidv7 } from "uuidv7";
import type { Database, Reader } from "../../database/open";
import type { Instant, Purpose } from "../../database/tables";
import { PAGE_SIZE, type Place } from "../../http/paging";

/** Who takes contact details home, what of, and why. */
export interface Taking {
  eventId: string;
  actor: "organizer" | "command line";
  list: string;
  format: string;
  /** What it was narrowed down to, as in its address. */
  filters: string;
  /** What these visitors agreed to; null: all details. */
  purpose: Purpose | null;
  /** In the words of who takes them; empty: they did not say. */
  reason: string;
}

/** An export whose contact details are written down. */
export interface Trail {
  /**
   * So many contacts are about to leave. With the first one the export is recorded, and on disk before this resolves: a
   * list that has none leaves no trail, and none leaves without it.
   */
  leave(contacts: number): Promise<void>;
  /** All of it has left: how many there were is recorded too. Where this is never called, it was broken off. */
  end(): Promise<void>;
}

export function trailOf(db: Database, taking: Taking, now: () => Instant): Trail {
  let recorded: string | undefined;
  let contacts = 0;
  return {
    async leave(more) {
      contacts += more;
      if (more === 0 || recorded !== undefined) return;
      const id = uuidv7();
      const { eventId: event_id, ...taken } = taking;
      await db.write((writer) =>
        writer
          .insertInto("contact_exports")
          .values({ id, event_id, at: now(), ...taken, contacts: null })
          .execute(),
      );
      recorded = id;
    },
    async end() {
      const id = recorded;
      if (id === undefined) return;
      await db.write((writer) =>
        writer.updateTable("contact_exports").set({ contacts }).where("id", "=", id).execute(),
      );
    },
  };
}

/** The times that contact details of an event were taken, the latest first: a page of them, and one more if there is. */
export function takingsOf(read: Reader, eventId: string, before?: Place) {
  return read
    .selectFrom("contact_exports")
    .selectAll()
    .where("event_id", "=", eventId)
    .$if(before !== undefined, (query) =>
      query.where((eb) =>
        eb(eb.refTuple("at", "id"), "<", eb.tuple((before as Place).at, (before as Place).id)),
      ),
    )
    .orderBy("at", "desc")
    .orderBy("id", "desc")
    .limit(PAGE_SIZE + 1)
    .execute();
}
