import { DateTime } from "luxon";
import type { Instant } from "../../database/tables";
import { localTime } from "../../events/rules";
import { daySpan } from "../../visits/rules";

/** Days after an event's last day for which contact details are kept, where nobody said otherwise. */
export const USUAL_DAYS = 180;
/** Three years: whoever wants to keep somebody for longer asks them. */
export const MOST_DAYS_KEPT = 1095;
/** So many days before they go the organizer is told. */
export const REMINDS_BEFORE = 14;
/** Days for which a deleted visit can be put back. */
export const BIN_DAYS = 30;
/** Days for which used and unused invitations are kept. */
export const INVITATION_DAYS = 30;

/** How long an event keeps contact details. */
export interface Retention {
  days: number;
  /** A last day of its own, YYYY-MM-DD, instead of so many days. */
  until: string | null;
  reason: string;
  seen_at: Instant | null;
  told_since: Instant | null;
  expired_at: Instant | null;
  expired: number;
}

export const USUAL: Retention = {
  days: USUAL_DAYS,
  until: null,
  reason: "",
  seen_at: null,
  told_since: null,
  expired_at: null,
  expired: 0,
};

interface Days {
  ends_on: string;
  time_zone: string;
  /** When the event came to this laptop; left out, before its details had their time. */
  created_at?: Instant;
}

/**
 * The last day, in the event's zone, on which contact details are kept: never before the event is over. Details that an event
 * file brings after their time stay as long as a reminder does: nothing goes of which nobody was told.
 */
export function lastDayOf(event: Days, { days, until }: Pick<Retention, "days" | "until">): string {
  const after = (day: string, count: number) =>
    DateTime.fromISO(day, { zone: "utc" }).plus({ days: count }).toISODate() as string;
  const chosen = until ?? after(event.ends_on, days);
  const last = chosen < event.ends_on ? event.ends_on : chosen;
  const came = event.created_at === undefined ? "" : localTime(event.created_at, event.time_zone).day;
  return came > last ? after(came, REMINDS_BEFORE) : last;
}

/** When they go: as the day after the last one begins in the event's zone. */
export function expiresAt(event: Days, retention: Pick<Retention, "days" | "until">): Instant {
  const day = lastDayOf(event, retention);
  return daySpan(day, event.time_zone)?.until ?? Number.MAX_SAFE_INTEGER;
}

/** Whether contact details of an event have had their time. */
export function isExpired(event: Days, retention: Pick<Retention, "days" | "until">, now: Instant): boolean {
  return now >= expiresAt(event, retention);
}

/** Nothing goes before the organizer's pages have said so for that long, in milliseconds, and the day is over then. */
const TOLD_FOR = 24 * 3_600_000;

/**
 * When they go in fact: a laptop that lay in a drawer tells of it first, and one whose clock was set to another year by mistake
 * must not let everything go with the next run. As a rule that is when their time is over.
 */
export function goesAt(event: Days, retention: Retention, now: Instant): Instant {
  const { told_since } = retention;
  // The clock was put back since.
  const since = told_since === null || told_since > now ? now : told_since;
  const day = localTime(since + TOLD_FOR, event.time_zone).day;
  const told = daySpan(day, event.time_zone)?.until ?? Number.MAX_SAFE_INTEGER;
  return Math.max(expiresAt(event, retention), told);
}

/** The last day, in the event's zone, on which they are there in fact: see `goesAt`. */
export function lastDayThere(event: Days, retention: Retention, now: Instant): string {
  return localTime(goesAt(event, retention, now) - 1, event.time_zone).day;
}

/** Whether their time is so close to its end, or over, that the organizer has to be told. */
export function isToBeTold(event: Days, retention: Pick<Retention, "days" | "until">, now: Instant): boolean {
  return daysLeft(event, retention, now) <= REMINDS_BEFORE;
}

/** How many days are left, today not counted; none: the last one is today, or over. */
export function daysLeft(event: Days, retention: Pick<Retention, "days" | "until">, now: Instant): number {
  const today = localTime(now, event.time_zone).day;
  const last = lastDayOf(event, retention);
  const days = DateTime.fromISO(last, { zone: "utc" }).diff(
    DateTime.fromISO(today, { zone: "utc" }),
    "days",
  ).days;
  return Math.max(0, Math.round(days));
}

/** Whether the organizer is to be reminded: close to the end or after it, and not set aside since then. */
export function isReminded(event: Days, retention: Retention, now: Instant): boolean {
  return isToBeTold(event, retention, now) && retention.seen_at === null;
}

/** The last day that can be chosen, YYYY-MM-DD. */
export function furthestDay(event: Pick<Days, "ends_on">): string {
  return DateTime.fromISO(event.ends_on, { zone: "utc" })
    .plus({ days: MOST_DAYS_KEPT })
    .toISODate() as string;
}
