import { DateTime } from "luxon";
import type { ExpertKind, Instant, Priority, Way } from "../database/tables";
import { endOfWorkingDays, localTime } from "../events/rules";
import type { ExpertFields } from "./form";

export const KIND_NAMES: Record<ExpertKind, string> = {
  person: "Person",
  "mailing-list": "Mailing list",
  forum: "Forum",
  chat: "Chat",
};

export const WAY_NAMES: Record<Way, string> = { mail: "By mail", webhook: "By webhook", hand: "By hand" };

/**
 * The languages to choose from: those that people at conferences ask in, by ISO 639-1. More than the languages that the
 * program's own pages have.
 */
export const LANGUAGE_CODES = [
  ...[
    "ar",
    "bg",
    "bn",
    "bs",
    "ca",
    "cs",
    "cy",
    "da",
    "de",
    "el",
    "en",
    "eo",
    "es",
    "et",
    "eu",
    "fa",
    "fi",
    "fr",
    "ga",
  ],
  ...[
    "gl",
    "gu",
    "he",
    "hi",
    "hr",
    "hu",
    "hy",
    "id",
    "is",
    "it",
    "ja",
    "ka",
    "kk",
    "km",
    "ko",
    "lt",
    "lv",
    "mk",
    "ml",
  ],
  ...[
    "mn",
    "mr",
    "ms",
    "my",
    "ne",
    "nl",
    "no",
    "pa",
    "pl",
    "pt",
    "ro",
    "ru",
    "si",
    "sk",
    "sl",
    "sq",
    "sr",
    "sv",
    "sw",
  ],
  ...["ta", "te", "th", "tl", "tr", "uk", "ur", "uz", "vi", "zh"],
] as const;
export type LanguageCode = (typeof LANGUAGE_CODES)[number];

/** A language as people find it: its own name, and the English one. */
export interface LanguageName {
  code: LanguageCode;
  own: string;
  english: string;
}

let languageNames: LanguageName[] | undefined;

/** All languages to choose from, by their English names. */
export function languagesToChoose(): LanguageName[] {
  languageNames ??= LANGUAGE_CODES.map((code) => ({
    code,
    own: nameOf(code, code),
    english: nameOf(code, "en"),
  })).sort((a, b) => a.english.localeCompare(b.english, "en"));
  return languageNames;
}

function nameOf(code: string, inLanguage: string): string {
  return new Intl.DisplayNames([inLanguage], { type: "language" }).of(code) ?? code;
}

/** A language's English name; of one that is not to choose from, what is known of it. */
export function languageInEnglish(code: string): string {
  return languagesToChoose().find((each) => each.code === code)?.english ?? code;
}

/** Whether everybody reads what is written there: no contact details go to such a place. */
export function isPublic(kind: ExpertKind): boolean {
  return kind !== "person";
}

/** When somebody is away: days (YYYY-MM-DD) in their own time zone, each end open where it is not given. */
export interface Absence {
  away_from: string | null;
  away_until: string | null;
}

/** Whether an expert is away on a day. */
export function isAway({ away_from, away_until }: Absence, day: string): boolean {
  if (away_from === null && away_until === null) return false;
  return (away_from === null || away_from <= day) && (away_until === null || day <= away_until);
}

/** In how many working days a question should be answered. */
export const TARGETS: Record<Priority, number> = { high: 1, normal: 3, low: 10 };

/** When an expert who gets a question now should have answered it. */
export function dueAt(expert: Absence & { time_zone: string }, priority: Priority, now: Instant): Instant {
  return endOfWorkingDays(now, TARGETS[priority], expert.time_zone, (day) => isAway(expert, day));
}

/** What choosing an expert goes by. Topics are slugs, the one they would rather answer on first. */
export interface Answerer {
  id: string;
  name: string;
  topics: string[];
}

/**
 * The experts for a question with this topic, and everybody else. Who names the topic earlier comes first,
 * then by name.
 */
export function byTopic<E extends Answerer>(
  experts: E[],
  topic: string | undefined,
): { onTopic: E[]; others: E[] } {
  const place = (expert: E) => (topic === undefined ? -1 : expert.topics.indexOf(topic));
  const byName = (a: E, b: E) => a.name.localeCompare(b.name, "en");
  return {
    onTopic: experts
      .filter((expert) => place(expert) >= 0)
      .sort((a, b) => place(a) - place(b) || byName(a, b)),
    others: experts.filter((expert) => place(expert) < 0).sort(byName),
  };
}

/** The topics on which nobody answers. */
export function unanswered<T extends { slug: string }>(topics: T[], experts: { topics: string[] }[]): T[] {
  const answeredOn = new Set(experts.flatMap((expert) => expert.topics));
  return topics.filter((topic) => !answeredOn.has(topic.slug));
}

/** A topic that somebody answers on, but nobody of them can take a question now. */
export interface ThinTopic<T> {
  topic: T;
  /** Who would answer, and why not now: "Kai is away until 3 May". */
  why: string;
}

/**
 * The topics whose experts are all away or have their hands full. `experts` are those who are offered, `standing` says
 * why an expert cannot take one now, undefined where they can.
 */
export function thinTopics<T extends { slug: string }, E extends { name: string; topics: string[] }>(
  topics: T[],
  experts: E[],
  standing: (expert: E) => string | undefined,
): ThinTopic<T>[] {
  return topics.flatMap((topic) => {
    const answering = experts.filter((expert) => expert.topics.includes(topic.slug));
    const reasons = answering.map((expert) => ({ expert, why: standing(expert) }));
    if (answering.length === 0 || reasons.some(({ why }) => why === undefined)) return [];
    const [first] = reasons;
    const why =
      reasons.length === 1
        ? `${first?.expert.name} ${first?.why}`
        : `${reasons.length} experts, all away or with their hands full`;
    return [{ topic, why }];
  });
}

/** What an expert has to do: questions with them now, and those that they were given in the last seven days and kept. */
export interface Load {
  held: number;
  week: number;
  /** Answers that they gave in the last seven days. */
  answered: number;
}

export const NO_LOAD: Load = { held: 0, week: 0, answered: 0 };

/** How far back the questions count that somebody was given. */
export const WEEK = 7 * 24 * 3_600_000;

/**
 * How much of what an expert can carry in a week is taken: 0 to 1, more where they have more than they wanted; null
 * where they take as many as come. What they have counts, and what they were given in the last seven days: whichever is more.
 */
export function loadOf(
  weekly: number | null,
  { held, week }: Pick<Load, "held" | "week">,
): { share: number | null; isFull: boolean } {
  if (weekly === null) return { share: null, isFull: false };
  const taken = Math.max(held, week);
  return { share: weekly === 0 ? 1 : taken / weekly, isFull: taken >= weekly };
}

/** The day (YYYY-MM-DD) that it is where an expert lives. */
export function todayOf({ time_zone }: { time_zone: string }, now: Instant): string {
  return localTime(now, time_zone).day;
}

/** An expert's absence as people read it, "away until 3 May"; undefined where there is none, or it is over. */
export function awayInWords(absence: Absence, today: string): { text: string; isNow: boolean } | undefined {
  const { away_from: from, away_until: until } = absence;
  const isNow = isAway(absence, today);
  if (isNow) {
    return { text: until ? `away until ${dayMonth(until, today)}` : "away, nobody knows until when", isNow };
  }
  if (from === null || from <= today) return undefined;
  const text = until
    ? `away ${from === until ? "on" : "from"} ${dayMonth(from, today)}${from === until ? "" : ` to ${dayMonth(until, today)}`}`
    : `away from ${dayMonth(from, today)}`;
  return { text, isNow };
}

/** "3 May", and with the year where it is another one. */
function dayMonth(day: string, today: string): string {
  const isThisYear = day.slice(0, 4) === today.slice(0, 4);
  return DateTime.fromISO(day, { zone: "utc" })
    .setLocale("en-GB")
    .toFormat(isThisYear ? "d LLL" : "d LLL yyyy");
}

/** Why an expert can take no question now, as it goes on after their name; undefined where they can. */
export function whyNotNow(
  expert: Absence & { time_zone: string; weekly: number | null },
  load: Load,
  now: Instant,
): string | undefined {
  const away = awayInWords(expert, todayOf(expert, now));
  if (away?.isNow) return `is ${away.text}`;
  return loadOf(expert.weekly, load).isFull ? "has as many as they can carry" : undefined;
}

/** A web address that is a secret, so that two can be told apart and neither can be used: "chat.example.org/…x7Qa". */
export function shortened(webhook: string): string {
  if (webhook === "") return "";
  if (!URL.canParse(webhook)) return "…";
  const { host, pathname, search } = new URL(webhook);
  const rest = pathname + search;
  return rest.length >= 20 ? `${host}/…${rest.slice(-4)}` : `${host}/…`;
}

/** What the organizer says of an expert, by the names that pages give it, in their order. */
export const FIELD_NAMES: Record<keyof ExpertFields, string> = {
  name: "Name",
  kind: "Kind",
  address: "Address",
  reachedBy: "Reached by",
  webhook: "Webhook",
  topics: "Topics",
  projects: "Projects",
  languages: "Languages",
  timeZone: "Time zone",
  weekly: "Questions a week",
  awayFrom: "Away from",
  awayUntil: "Away until",
  hidden: "Offered",
};

/** A field of an expert in which two versions differ, each in words. */
export interface Difference {
  field: keyof ExpertFields;
  label: string;
  before: string;
  after: string;
}

/** In what an expert would be another than before, in the order of the fields. A webhook's address is not told. */
export function differences(before: ExpertFields, after: ExpertFields): Difference[] {
  return (Object.keys(FIELD_NAMES) as (keyof ExpertFields)[])
    .filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]))
    .map((field) => {
      const [old, changed] = [fieldInWords(before, field), fieldInWords(after, field)];
      return {
        field,
        label: FIELD_NAMES[field],
        before: old,
        after: old === changed ? "another address" : changed,
      };
    });
}

/** A field as pages tell it. */
function fieldInWords(fields: ExpertFields, field: keyof ExpertFields): string {
  switch (field) {
    case "kind":
      return KIND_NAMES[fields.kind];
    case "reachedBy":
      return WAY_NAMES[fields.reachedBy];
    case "webhook":
      return shortened(fields.webhook) || "none";
    case "topics":
      return fields.topics.join(", ") || "none";
    case "projects":
      return fields.projects.join(", ") || "all";
    case "languages":
      return fields.languages.map(languageInEnglish).join(", ") || "whatever is asked";
    case "weekly":
      return fields.weekly === null ? "as many as come" : String(fields.weekly);
    case "hidden":
      return fields.hidden ? "no" : "yes";
    default:
      return fields[field] || "none";
  }
}

/** A list with one of its entries a place further up, where it is in it. */
export function oneUp(list: string[], entry: string): string[] {
  const at = list.indexOf(entry);
  if (at < 1) return list;
  const moved = [...list];
  moved.splice(at - 1, 2, entry, list[at - 1] as string);
  return moved;
}

/** The experts that a list is narrowed down to: by a part of the name or the address, by a topic, by what they are. */
export function narrowed<E extends Pick<Answerer, "name" | "topics"> & { kind: ExpertKind; address: string }>(
  experts: E[],
  choice: { search: string; topic: string; kind: string },
): E[] {
  const folded = (text: string) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const wanted = folded(choice.search);
  return experts.filter(
    ({ name, address, topics, kind }) =>
      (wanted === "" || folded(name).includes(wanted) || folded(address).includes(wanted)) &&
      (choice.topic === "" || topics.includes(choice.topic)) &&
      (choice.kind === "" || kind === choice.kind),
  );
}
