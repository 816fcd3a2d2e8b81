import { DateTime, IANAZone } from "luxon";
import type { Instant } from "../database/tables";

/** The day (YYYY-MM-DD) and the hour (0 to 23) of an instant in a time zone, daylight saving included. */
export function localTime(at: Instant, timeZone: string): { day: string; hour: number } {
  const local = DateTime.fromMillis(at, { zone: timeZone });
  return { day: local.toISODate() as string, hour: local.hour };
}

/** Whether `name` is a time zone of the IANA database. */
export function isTimeZone(name: string): boolean {
  return IANAZone.isValidZone(name);
}

/** Whether `text` is a day of the calendar as YYYY-MM-DD. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && DateTime.fromISO(text).isValid;
}

/** The days from the first to the last, both included, as YYYY-MM-DD. */
export function daysBetween(first: string, last: string): string[] {
  const end = DateTime.fromISO(last, { zone: "utc" });
  const days: string[] = [];
  for (let day = DateTime.fromISO(first, { zone: "utc" }); day <= end; day = day.plus({ days: 1 })) {
    days.push(day.toISODate() as string);
  }
  return days;
}

/** A day as people read it: "Tue 15 Apr 2014". */
export function dayInWords(day: string): string {
  return DateTime.fromISO(day, { zone: "utc" }).setLocale("en-GB").toFormat("ccc d LLL yyyy");
}

/** An event's days as people read them: "15 – 17 Apr 2014". */
export function datesInWords(first: string, last: string): string {
  const from = DateTime.fromISO(first, { zone: "utc" }).setLocale("en-GB");
  const to = DateTime.fromISO(last, { zone: "utc" }).setLocale("en-GB");
  if (first === last) return to.toFormat("d LLL yyyy");
  if (from.year !== to.year) return `${from.toFormat("d LLL yyyy")} – ${to.toFormat("d LLL yyyy")}`;
  return `${from.toFormat(from.month === to.month ? "d" : "d LLL")} – ${to.toFormat("d LLL yyyy")}`;
}

/** An instant as people at the event read it: "15 Apr, 10:11". */
export function momentInWords(at: Instant, timeZone: string): string {
  return DateTime.fromMillis(at, { zone: timeZone }).setLocale("en-GB").toFormat("d LLL, HH:mm");
}

/** An instant as text for a spreadsheet: "2014-04-15 10:11" in the time zone. */
export function momentForSheets(at: Instant, timeZone: string): string {
  return DateTime.fromMillis(at, { zone: timeZone }).toFormat("yyyy-MM-dd HH:mm");
}

/**
 * The event that the laptop is about: the one that is running, else the next one, else the last one.
 * `events` in any order; undefined where there is none.
 */
export function eventOfTheDay<E extends { starts_on: string; ends_on: string; time_zone: string }>(
  events: E[],
  now: Instant,
): E | undefined {
  const distance = (event: E) => {
    const today = localTime(now, event.time_zone).day;
    if (today < event.starts_on) return 1;
    return today > event.ends_on ? 2 : 0;
  };
  return [...events].sort(
    (a, b) =>
      distance(a) - distance(b) ||
      (distance(a) === 2 ? b.ends_on.localeCompare(a.ends_on) : a.starts_on.localeCompare(b.starts_on)),
  )[0];
}

/** A short name for addresses and exports: "Moscone Café" → "moscone-cafe". Empty where nothing is left of it. */
export function slugOf(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60)
    .replace(/-+$/, "");
}
