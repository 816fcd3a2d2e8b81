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

/** Names that the zone database has given up, but that the list of JavaScript still has. */
const TODAYS_NAMES: Record<string, string> = {
  "Africa/Asmera": "Africa/Asmara",
  "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
  "America/Coral_Harbour": "America/Atikokan",
  "America/Godthab": "America/Nuuk",
  "America/Indianapolis": "America/Indiana/Indianapolis",
  "America/Louisville": "America/Kentucky/Louisville",
  "Asia/Calcutta": "Asia/Kolkata",
  "Asia/Katmandu": "Asia/Kathmandu",
  "Asia/Rangoon": "Asia/Yangon",
  "Asia/Saigon": "Asia/Ho_Chi_Minh",
  "Atlantic/Faeroe": "Atlantic/Faroe",
  "Europe/Kiev": "Europe/Kyiv",
  "Pacific/Enderbury": "Pacific/Kanton",
  "Pacific/Ponape": "Pacific/Pohnpei",
  "Pacific/Truk": "Pacific/Chuuk",
};

/** A time zone by the name that it has today, where this machine knows that name. */
export function namedToday(zone: string): string {
  const name = TODAYS_NAMES[zone];
  return name && isTimeZone(name) ? name : zone;
}

/** The time zones to choose from, by the names that they have today. */
export const TIME_ZONES = [...new Set(Intl.supportedValuesOf("timeZone").map(namedToday)), "UTC"].sort();

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

/**
 * An instant as people at the event read it: "15 Apr, 10:11". Where `now` is given and of another year, the
 * year is said too: "15 Apr 2014, 10:11". `language`: of whoever reads it, English where none is given.
 */
export function momentInWords(at: Instant, timeZone: string, now?: Instant, language = "en"): string {
  const local = DateTime.fromMillis(at, { zone: timeZone });
  const isOfAnotherYear =
    now !== undefined && DateTime.fromMillis(now, { zone: timeZone }).year !== local.year;
  if (language === "en") {
    return local.setLocale("en-GB").toFormat(isOfAnotherYear ? "d LLL yyyy, HH:mm" : "d LLL, HH:mm");
  }
  return local.setLocale(language).toLocaleString({
    ...(isOfAnotherYear && { year: "numeric" }),
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
}

/** An instant since which something lasts: "10:11" where that was today, else with the day. */
export function sinceInWords(at: Instant, timeZone: string, now: Instant): string {
  const local = DateTime.fromMillis(at, { zone: timeZone });
  return local.hasSame(DateTime.fromMillis(now, { zone: timeZone }), "day")
    ? local.toFormat("HH:mm")
    : momentInWords(at, timeZone, now);
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

/** The day and the hour of an instant as `localTime` gives them, and the instant up to which both stay the same. */
export function hourAround(at: Instant, timeZone: string): { day: string; hour: number; until: Instant } {
  const { day, hour } = localTime(at, timeZone);
  const local = DateTime.fromMillis(at, { zone: timeZone });
  const intoMinute = local.second * 1000 + local.millisecond;
  const until = at + 3_600_000 - local.minute * 60_000 - intoMinute;
  const last = localTime(until - 1, timeZone);
  // Some zones have moved their clocks in the middle of an hour (St. John's, at one past midnight), none within a minute.
  return last.day === day && last.hour === hour
    ? { day, hour, until }
    : { day, hour, until: at + 60_000 - intoMinute };
}

/** A time as a form tells it, "2014-04-15T12:40" on the clocks of a time zone → the instant; undefined where it is none. */
export function instantOf(text: string, timeZone: string): Instant | undefined {
  const local = DateTime.fromISO(text, { zone: timeZone });
  return local.isValid ? local.toMillis() : undefined;
}

/**
 * The end of the last of so many working days after an instant, in a time zone: Monday to Friday, without the days
 * (YYYY-MM-DD) on which `isOff` says that nobody is there. The day of the instant itself does not count.
 */
export function endOfWorkingDays(
  at: Instant,
  days: number,
  timeZone: string,
  isOff: (day: string) => boolean = () => false,
): Instant {
  let day = DateTime.fromMillis(at, { zone: timeZone });
  // Somebody who is away for good has a last day too.
  for (let left = days, most = 400; left > 0 && most > 0; most -= 1) {
    day = day.plus({ days: 1 });
    if (day.weekday <= 5 && !isOff(day.toISODate() as string)) left -= 1;
  }
  return day.endOf("day").toMillis() + 1;
}

/** Where an event stands at an instant: before its first day, on one of its days, or after its last. */
export function phaseOf(
  event: { starts_on: string; ends_on: string; time_zone: string },
  now: Instant,
): "ahead" | "running" | "over" {
  const today = localTime(now, event.time_zone).day;
  if (today < event.starts_on) return "ahead";
  return today > event.ends_on ? "over" : "running";
}

/** Whether an event cannot have this address, because below /events it is a page of its own. */
export function isReserved(slug: string): boolean {
  return slug === "new" || slug === "import";
}

/** The first of "name", "name-2", "name-3", … that is not taken. */
export function freeSlug(wanted: string, isTaken: (slug: string) => boolean): string {
  if (!isTaken(wanted)) return wanted;
  for (let number = 2; ; number++) if (!isTaken(`${wanted}-${number}`)) return `${wanted}-${number}`;
}

/** The addresses that a new event may get from its name, the best first, without end. */
export function* eventSlugs(name: string): Generator<string> {
  const wanted = slugOf(name) || "event";
  if (!isReserved(wanted)) yield wanted;
  for (let number = 2; ; number++) yield `${wanted}-${number}`;
}
