import type { Request, RequestHandler, Response } from "express";
import type { Deps } from "../../deps";
import type { FieldProblem } from "../../errors";
import { dayInWords, momentInWords } from "../../events/rules";
import { type Event, eventBySlug } from "../../events/store";
import { cookieOf, SESSION_COOKIE } from "../../http/cookies";
import { show } from "../../http/pages";
import { oneText } from "../../http/paging";
import { organizer, type Route } from "../../http/route";
import { checkRetention } from "./form";
import {
  BIN_DAYS,
  daysLeft,
  furthestDay,
  isExpired,
  isReminded,
  lastDayOf,
  lastDayThere,
  MOST_DAYS_KEPT,
  REMINDS_BEFORE,
} from "./rules";
import {
  contactsOf,
  expireEvent,
  expiringOf,
  forgetErased,
  keepFor,
  markSeen,
  nextReminder,
  retentionOf,
} from "./store";

/** How long an event keeps contact details: to see, to choose, to let them go now. */
export function retentionRoutes(deps: Deps): Route[] {
  const { db, now, log } = deps;

  return [
    organizer.get("/events/:slug/retention", async (req, res) => {
      await showRetention(res, await eventOf(req), { said: oneText(req.query.said) });
    }),

    organizer.post("/events/:slug/retention", async (req, res) => {
      const event = await eventOf(req);
      const form = checkRetention(req.body, event, await retentionOf(db.read, event.id));
      if (!form.ok) {
        return showRetention(res.status(422), event, { typed: req.body, problems: form.problems });
      }
      await db.write((writer) => keepFor(writer, event.id, form.value));
      res.redirect(303, `/events/${event.slug}/retention?said=saved`);
    }),

    organizer.post("/events/:slug/retention/seen", async (req, res) => {
      const event = await eventOf(req);
      await db.write((writer) => markSeen(writer, event.id, now()));
      res.redirect(303, `/events/${event.slug}/retention`);
    }),

    organizer.post("/events/:slug/retention/expiry", async (req, res) => {
      const event = await eventOf(req);
      if (oneText(req.body.sure) !== "yes") {
        const problems = [{ field: "sure", message: "Please tick that they are to go." }];
        return showRetention(res.status(422), event, { problems });
      }
      await expireEvent(db, event, now());
      await forgetErased(deps).catch(() => log.warn("what was erased is still in the database's files"));
      res.redirect(303, `/events/${event.slug}/retention?said=gone`);
    }),
  ];

  function eventOf(req: Request): Promise<Event> {
    return eventBySlug(db.read, req.params.slug as string);
  }

  async function showRetention(
    res: Response,
    event: Event,
    { typed, problems, said }: { typed?: Record<string, unknown>; problems?: FieldProblem[]; said?: string },
  ): Promise<void> {
    const retention = await retentionOf(db.read, event.id);
    show(res, "privacy/retention", {
      title: "How long details are kept",
      section: "events",
      styles: ["privacy"],
      width: "narrow",
      event,
      said,
      problems: problems ?? [],
      fields: {
        days: typed?.days ?? retention.days,
        until: typed?.until ?? retention.until ?? "",
        reason: typed?.reason ?? retention.reason,
      },
      chosen: retention,
      last: dayInWords(lastDayOf(event, retention)),
      lastThere: dayInWords(lastDayThere(event, retention, now())),
      left: daysLeft(event, retention, now()),
      isOver: isExpired(event, retention, now()),
      isReminded: isReminded(event, retention, now()),
      ends: dayInWords(event.ends_on),
      first: event.ends_on,
      furthest: furthestDay(event),
      mostDays: MOST_DAYS_KEPT,
      remindsBefore: REMINDS_BEFORE,
      binDays: BIN_DAYS,
      goes: await expiringOf(db.read, event.id),
      wentAt:
        retention.expired_at === null
          ? undefined
          : momentInWords(retention.expired_at, event.time_zone, now()),
    });
  }
}

/** Milliseconds for which the number of contacts that a reminder tells is not counted again. */
const COUNTED_FOR = 60_000;

/** The organizer's pages say when contact details are about to go, until that was seen. */
export function remindOfExpiry({ db, now }: Deps): RequestHandler {
  const counted = new Map<string, { at: number; contacts: number }>();
  const contactsIn = async (eventId: string) => {
    const known = counted.get(eventId);
    // None may be known only for this moment: a reminder must not wait.
    if (known && known.contacts > 0 && performance.now() - known.at < COUNTED_FOR) return known.contacts;
    const contacts = await contactsOf(db.read, eventId);
    counted.set(eventId, { at: performance.now(), contacts });
    return contacts;
  };
  return async (req, res, next) => {
    // Whose request it is comes out later: only the organizer's pages show it.
    if (req.method === "GET" && cookieOf(req, SESSION_COOKIE) && req.accepts(["html", "json"]) === "html") {
      const reminder = await nextReminder(db.read, now(), contactsIn);
      if (reminder) {
        const { event, contacts } = reminder;
        res.locals.aboutToGo = {
          slug: event.slug,
          name: event.name,
          contacts,
          last: dayInWords(lastDayThere(event, await retentionOf(db.read, event.id), now())),
        };
      }
    }
    next();
  };
}
