import { DateTime } from "luxon";
import type { Instant } from "../../database/tables";
import { daysBetween } from "../../events/rules";
import { daySpan } from "../../visits/rules";
import { type Counts, digits, ranked } from "../rules";

const MINUTE = 60_000;
/** What "right now" is: long enough to hold a number, short enough to be now. */
export const NOW = 30 * MINUTE;
/** What is usual is looked up in pieces of this length. */
export const HOUR = 60 * MINUTE;

/** From one instant on, up to another. */
export interface Span {
  from: Instant;
  until: Instant;
}

/** An hour of the booth: its visits, and how many people of the booth logged one in it. */
export interface Hour {
  visits: number;
  hands: number;
}

/** What comes in right now, and what there is to compare it with. */
export interface Load {
  /** Visits of the last half hour. */
  visits: number;
  /** How many people logged a visit in the last hour. */
  hands: number;
  /** Hours that tell what is usual: the same one of earlier days, or those just before, today. None: nothing is known. */
  usual: { of: "this hour" | "today"; hours: Hour[] };
}

export interface Pace {
  /** Visits that are usual in half an hour; undefined where nothing is known. */
  usual?: number;
  isBusier: boolean;
  /** How many more would have to log so that each has as many visits as usual, where it is busier. */
  moreHands?: number;
}

/** How likely it may be that the same crowd as ever looks as busy as this by chance. */
const BY_CHANCE = 0.05;
/** Busier by less than half is no reason to call anybody. */
const MARKEDLY = 1.5;
/** Below one visit every five minutes one person is enough, whatever is usual. */
const LEAST = 6;
/** Nobody is short of hands who has ten minutes for each conversation. */
const LEAST_EACH = 3;

/**
 * Whether it is busier than usual, and how many more hands that would take.
 *
 * Visits that arrive independently of one another are a Poisson process. Two counts of it, over half an hour and over the
 * hours to compare with, are compared by the exact conditional test: if both had the same rate, each of all visits together
 * would lie in the half hour with the probability of its share of the time, so that their number there is binomial
 * (J. Przyborowski and H. Wilenski, "Homogeneity of results in testing samples from Poisson series", Biometrika 31, 1940,
 * pages 313 to 323; `poisson.test` of R with two counts and `alternative = "greater"`). That what is usual is itself known from
 * few visits is part of it, so there is no least number of days.
 *
 * Hands: the visits that one person logs in half an hour of the usual ones say how many people this half hour would take. What
 * is usual may be idle, so that each may have `LEAST_EACH` in any case.
 */
export function paceOf({ visits, hands, usual: { hours } }: Load): Pace {
  if (hours.length === 0) return { isBusier: false };
  const seen = sum(hours.map((hour) => hour.visits));
  const usual = (seen / hours.length) * (NOW / HOUR);
  const share = NOW / (NOW + hours.length * HOUR);
  const isBusier =
    visits >= LEAST && visits >= MARKEDLY * usual && atLeast(visits, visits + seen, share) <= BY_CHANCE;
  if (!isBusier) return { usual, isBusier };
  const inHands = Math.max(1, sum(hours.map((hour) => hour.hands)));
  const each = Math.max(LEAST_EACH, (seen / inHands) * (NOW / HOUR));
  return { usual, isBusier, moreHands: Math.max(0, Math.round(visits / each) - hands) };
}

/** The probability that at least `least` of `all` tries succeed, each with `chance`: the upper tail of the binomial distribution. */
export function atLeast(least: number, all: number, chance: number): number {
  if (least <= 0) return 1;
  // From the mean down it is shorter, and as exact, to add up what is not of the tail.
  if (least <= all * chance) return 1 - atLeast(all - least + 1, all, 1 - chance);
  // In logarithms, since the first term alone may be too small for a number.
  let term = least * Math.log(chance) + (all - least) * Math.log1p(-chance);
  for (let drawn = 1; drawn <= least; drawn++) term += Math.log((all - least + drawn) / drawn);
  let tail = 0;
  for (let successes = least; successes <= all; successes++) {
    const each = Math.exp(term);
    tail += each;
    if (each < tail * 1e-12) break;
    term += Math.log(((all - successes) / (successes + 1)) * (chance / (1 - chance)));
  }
  return Math.min(1, tail);
}

/** Days to look back to: what was usual a month ago is not. */
const MOST_DAYS = 7;

/**
 * The same hour of the event's earlier days, the latest first, each with the whole day that it lies in. The hour is the one
 * around the middle of the last half hour, by the clocks of the event's zone.
 */
export function sameHours(
  event: { starts_on: string; ends_on: string; time_zone: string },
  now: Instant,
): { hour: Span; day: Span }[] {
  const middle = DateTime.fromMillis(now - NOW / 2, { zone: event.time_zone });
  const today = DateTime.fromMillis(now, { zone: event.time_zone }).toISODate() as string;
  return daysBetween(event.starts_on, event.ends_on)
    .filter((day) => day < today)
    .slice(-MOST_DAYS)
    .reverse()
    .flatMap((day) => {
      const at = DateTime.fromISO(`${day}T${middle.toFormat("HH:mm:ss")}`, { zone: event.time_zone });
      const whole = daySpan(day, event.time_zone);
      const hour = { from: at.toMillis() - HOUR / 2, until: at.toMillis() + HOUR / 2 };
      return whole ? [{ hour, day: whole }] : [];
    });
}

/** The hours of today before the last half hour, three at most, that lie wholly after the day's first visit. */
export function hoursBefore(now: Instant, first: Instant): Span[] {
  return [1, 2, 3]
    .map((back) => ({ from: now - NOW - back * HOUR, until: now - NOW - (back - 1) * HOUR }))
    .filter(({ from }) => from >= first);
}

const WORDS = ["No", "One", "Two", "Three", "Four", "Five"];

/** What comes in and who is there for it, in plain words; where it is busier than usual, what would help. */
export function paceInWords(load: Load): { text: string; needsHands: boolean } {
  const { visits, hands } = load;
  const { isBusier, usual, moreHands = 0 } = paceOf(load);
  const people = hands === 1 ? "one person is logging" : `${inWords(hands).toLowerCase()} people are logging`;
  const isToday = load.usual.of === "today";
  const known = usual === undefined ? undefined : roughly(usual);
  if (isBusier) {
    const compared = isToday
      ? `Busier than the hours before: ${digits(visits)} in the last half hour, about ${known} in each until then.`
      : `Busier than usual for this hour: ${digits(visits)} in the last half hour, ${known} ${(usual ?? 0) < 1.5 ? "is" : "are"} usual.`;
    return { text: `${compared} ${capital(people)}${aboutHands(moreHands)}.`, needsHands: moreHands > 0 };
  }
  const now =
    visits === 0
      ? "No visit in the last half hour."
      : `${digits(visits)} ${visits === 1 ? "visit" : "visits"} in the last half hour; ${people}.`;
  if (known === undefined) return { text: now, needsHands: false };
  return {
    text: `${now} ${isToday ? "Earlier today" : "Usual at this hour"}: ${known} in half an hour.`,
    needsHands: false,
  };
}

function aboutHands(more: number): string {
  if (more === 0) return ", as many as that takes";
  return `; ${WORDS[more]?.toLowerCase() ?? "several"} more ${more === 1 ? "hand" : "hands"} would help`;
}

function inWords(count: number): string {
  return WORDS[count] ?? digits(count);
}

function capital(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

function roughly(count: number): string {
  if (count < 1) return count > 0 ? "less than 1" : "none";
  return digits(Math.round(count));
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** What at least so many visitors said may stand on the wall: a platform that staff typed once may name somebody. */
const SAID_BY_SEVERAL = 3;

/** What was said most, the most first, for a wall: `share` is how long its bar is, in percent of that of the first. */
export function mostSaid(
  counts: Counts,
  most: number,
  nameOf: (slug: string) => string,
): { name: string; count: number; share: number }[] {
  const said = ranked(counts)
    .filter(([, count]) => count >= SAID_BY_SEVERAL)
    .slice(0, most);
  const largest = said[0]?.[1] ?? 1;
  return said.map(([slug, count]) => ({
    name: nameOf(slug),
    count,
    share: Math.round((count / largest) * 1000) / 10,
  }));
}

/** A day as visitors read it: "Tuesday 15 April". */
export function dayForVisitors(day: string, language: string): string {
  return DateTime.fromISO(day, { zone: "utc" })
    .setLocale(language === "en" ? "en-GB" : language)
    .toLocaleString({ weekday: "long", day: "numeric", month: "long" });
}
