import type { Deps } from "../deps";
import { show } from "../http/pages";
import { organizer, type Route } from "../http/route";
import { datesInWords, phaseOf } from "./rules";
import { countVisits, type Event, listEvents } from "./store";

/** A card counts up to here and then says "more than". */
const MOST_COUNTED = 10_000;

/** The page of all events. One event's own page is in catalog: most of it are the lists. */
export function eventRoutes({ db, now }: Deps): Route[] {
  return [
    organizer.get("/events", async (_req, res) => {
      const events = await listEvents(db.read);
      show(res, "events/list", {
        title: "Events",
        section: "events",
        styles: ["events"],
        events: await Promise.all(events.map(asCard)),
      });
    }),
  ];

  async function asCard(event: Event) {
    const visits = await countVisits(db.read, event.id, MOST_COUNTED + 1);
    return {
      slug: event.slug,
      name: event.name,
      venue: event.venue,
      dates: datesInWords(event.starts_on, event.ends_on),
      phase: phaseOf(event, now()),
      visits: Math.min(visits, MOST_COUNTED),
      isMore: visits > MOST_COUNTED,
    };
  }
}
