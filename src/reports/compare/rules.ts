import type { Lists } from "../../catalog/store";
import { NONE } from "../../exports/rules";
import { sayInEnglish } from "../../languages/say";
import { type Counts, FEW, type Figures, nameOf, ranked, total } from "../rules";
import {
  ALPHA,
  differenceOf,
  type Hours,
  type Interval,
  judged,
  type Part,
  rateOf,
  ratioOf,
  scoreOfDifference,
  scoreOfRatio,
  unrestOf,
  wilson,
  zOf,
} from "./intervals/rules";

/** More columns than this are no comparison any more, and no page has room for them. */
export const MOST_COLUMNS = 6;

/** An event, or a day of one, as one of several side by side. */
export interface Column {
  /** The event's slug, or the day (YYYY-MM-DD). */
  key: string;
  name: string;
  /** What tells it from another of the same name: dates and venue. */
  about: string;
  /** Its first day, YYYY-MM-DD. */
  startsOn: string;
  isDay: boolean;
  /** Where it stands at this moment. */
  phase: "ahead" | "running" | "over";
  /** Its own report. */
  address: string;
  figures: Figures;
  lists: Lists;
}

/** A figure set against the same figure of a column before it. */
export interface Comparison {
  /** The column that it is set against, by its place: the nearest before it that has enough. */
  since: number;
  /** Set where chance alone is too unlikely to have made the difference. */
  told: "more" | "less" | null;
  /** The interval by which that was decided: of the difference of two shares (0.1: ten points), or of the ratio of two rates. */
  interval: Interval;
  /** Of which probability that interval is: stricter than 0.05, because many are looked at at once. */
  alpha: number;
  /** How far the difference is from none, in standard deviations: the larger, the more telling. */
  score: number;
}

/** A share with what goes with it; without any whole there is no share. */
export interface ShareCell extends Part {
  interval: Interval | null;
  comparison: Comparison | null;
}

export interface ShareRow {
  /** "existing", or list and slug: "platforms/vmware". */
  key: string;
  name: string;
  /** What the whole is: "conversations". */
  of: string;
  /** What is said where there is more of it, or less; where nothing is, it is shown and never compared. */
  more?: string;
  less?: string;
  cells: ShareCell[];
}

/** Figures that belong together: a picture and a table. */
export interface Section {
  key: "who" | "platforms" | "projects" | "remarks" | "topics" | "giveaways";
  title: string;
  /** What the shares are of. */
  of: string;
  rows: ShareRow[];
}

export interface RateCell {
  /** Hours in which there was a visit. */
  hours: number;
  /** Visits an hour; null without any. */
  rate: number | null;
  /** Null where there are too few hours to know how unlike they are. */
  interval: Interval | null;
  comparison: Comparison | null;
}

export interface Compared {
  columns: Column[];
  counts: { key: string; name: string; cells: number[] }[];
  rates: RateCell[];
  sections: Section[];
  /** How many differences were looked at together. */
  comparisons: number;
}

/** Of fewer hours nobody can know how unlike hours are. */
const LEAST_HOURS = 3;
/** What came up less often than this in both together cannot be told from chance: it is not looked at. */
const LEAST_IN_BOTH = 5;

/** All figures of the columns, side by side, each judged against the same figure before it. */
export function comparedFrom(columns: Column[]): Compared {
  const counts = COUNTS.map(({ key, name, of }) => ({
    key,
    name,
    cells: columns.map(({ figures }) => of(figures)),
  }));
  const rates = columns.map(({ figures }) => rateCell(hoursOf(figures)));
  const sections = [whoCame(columns), ...LISTED.map((list) => listSection(columns, list))].filter(
    ({ rows }) => rows.length > 0,
  );
  const comparisons = judge(columns, rates, sections);
  return { columns, counts, rates, sections, comparisons };
}

const COUNTS: { key: string; name: string; of: (figures: Figures) => number }[] = [
  { key: "visits", name: "Conversations", of: ({ visits }) => visits },
  { key: "people", name: "People", of: ({ people }) => people },
  { key: "hours", name: "Hours with a visit", of: (figures) => hoursOf(figures).length },
  { key: "questions", name: "Questions", of: ({ questions }) => questions },
];

/** The visits of each hour of each day in which there was one: the hours in which the booth was open. */
function hoursOf({ hourByDay }: Figures): Hours {
  return Object.values(hourByDay).flatMap((hours) => Object.values(hours));
}

function rateCell(hours: Hours): RateCell {
  const count = hours.reduce((sum, visits) => sum + visits, 0);
  return {
    hours: hours.length,
    rate: hours.length > 0 ? count / hours.length : null,
    interval: hours.length >= LEAST_HOURS ? rateOf(hours) : null,
    comparison: null,
  };
}

/** What visitors use or don't: the project's name where all columns have the same one. */
export function subjectOf(columns: Column[]): string {
  const slugs = new Set(columns.flatMap(({ lists }) => lists.projects.map(({ slug }) => slug)));
  return (slugs.size === 1 && columns.at(-1)?.lists.projects[0]?.name) || "the project";
}

function whoCame(columns: Column[]): Section {
  const it = subjectOf(columns);
  const row = (
    key: string,
    name: string,
    of: string,
    part: (figures: Figures) => number | undefined,
    whole: (figures: Figures) => number,
    words: { more?: string; less?: string } = {},
  ): ShareRow => ({
    key,
    name,
    of,
    ...words,
    cells: columns.map(({ figures }) => shareCell(part(figures) ?? 0, whole(figures))),
  });
  const visits = (figures: Figures) => figures.visits;
  const conversations = "conversations";
  const all = [
    row("existing", sayInEnglish("category.existing"), conversations, (f) => f.category.existing, visits, {
      more: `More conversations were with people who use ${it} already`,
      less: `Fewer conversations were with people who use ${it} already`,
    }),
    row("curious", sayInEnglish("category.curious"), conversations, (f) => f.category.curious, visits, {
      more: `More conversations were with people who knew of ${it}, and do not use it`,
      less: `Fewer conversations were with people who knew of ${it}, and do not use it`,
    }),
    row("new", sayInEnglish("category.new"), conversations, (f) => f.category.new, visits, {
      more: `More conversations were with people who had never heard of ${it}`,
      less: `Fewer conversations were with people who had never heard of ${it}`,
    }),
    row(
      "never",
      "Had never heard of it",
      "conversations with people who do not use it yet",
      (f) => f.category.new,
      (f) => (f.category.curious ?? 0) + (f.category.new ?? 0),
      {
        more: `More of those who do not use ${it} yet had never heard of it`,
        less: `Fewer of those who do not use ${it} yet had never heard of it`,
      },
    ),
    row(
      "lit",
      "The light went on fully",
      "conversations in which interest was noted",
      (f) => f.interest["3"],
      (f) => total(f.interest),
      { more: "The light went on fully more often", less: "The light went on fully less often" },
    ),
    row("overview", "Were given an overview", conversations, (f) => f.overviewGiven, visits, {
      more: "Staff gave an overview more often",
      less: "Staff gave an overview less often",
    }),
    row("contact", "Left contact details", conversations, (f) => f.visitsWithContact, visits, {
      more: "More visitors left contact details",
      less: "Fewer visitors left contact details",
    }),
    // Questions of an earlier event had longer to be answered: shown, and never called more or less.
    row(
      "answered",
      "Questions answered by now",
      "questions",
      ({ questionsByState: { answered = 0, closed = 0 } }) => answered + closed,
      (f) => f.questions,
    ),
  ];
  return {
    key: "who",
    title: "Who came",
    of: conversations,
    rows: columns.some(({ figures }) => figures.visits > 0) ? all.filter(isSeen) : [],
  };
}

interface Listed {
  list: "platforms" | "projects" | "remarks" | "topics" | "giveaways";
  title: string;
  of: string;
  counts: (figures: Figures) => Counts;
  whole: (figures: Figures) => number;
  /** Each conversation has one of these: the shares make a whole. */
  isOneOf: boolean;
  more: (name: string) => string;
  less: (name: string) => string;
}

const LISTED: Listed[] = [
  {
    list: "platforms",
    title: "Where they come from",
    of: "conversations that told it",
    counts: ({ platform }) => platform,
    whole: ({ platform }) => total(platform),
    isOneOf: true,
    more: (name) => `More visitors came from ${name}`,
    less: (name) => `Fewer visitors came from ${name}`,
  },
  {
    list: "projects",
    title: "What it was about",
    of: "conversations that named a project",
    counts: ({ project }) => project,
    whole: ({ project }) => total(project),
    isOneOf: true,
    more: (name) => `More conversations were about ${name}`,
    less: (name) => `Fewer conversations were about ${name}`,
  },
  {
    list: "remarks",
    title: "Heard again and again",
    of: "conversations",
    counts: ({ remark }) => remark,
    whole: ({ visits }) => visits,
    isOneOf: false,
    more: (name) => `“${name}” was heard more often`,
    less: (name) => `“${name}” was heard less often`,
  },
  {
    list: "topics",
    title: "What they asked about",
    of: "questions",
    counts: ({ topicOfQuestion }) => topicOfQuestion,
    whole: ({ questions }) => questions,
    isOneOf: true,
    more: (name) => `More questions were about ${name}`,
    less: (name) => `Fewer questions were about ${name}`,
  },
  {
    list: "giveaways",
    title: "What they took along",
    of: "conversations",
    counts: ({ giveaway }) => giveaway,
    whole: ({ visits }) => visits,
    isOneOf: false,
    more: (name) => `${name} was given more often`,
    less: (name) => `${name} was given less often`,
  },
];

/** A list's entries by their slugs: of each the latest name, the most counted over all columns first. */
function listSection(columns: Column[], { list, title, of, counts, whole, more, less }: Listed): Section {
  const sums: Counts = {};
  for (const { figures } of columns) {
    for (const [slug, count] of Object.entries(counts(figures))) sums[slug] = (sums[slug] ?? 0) + count;
  }
  const slugs = ranked(sums).map(([slug]) => slug);
  const rows = slugs.map((slug) => {
    const name = latestName(columns, list, slug);
    const cells = columns.map(({ figures }) => shareCell(counts(figures)[slug] ?? 0, whole(figures)));
    const words = slug === NONE ? {} : { more: more(name), less: less(name) };
    return { key: `${list}/${slug}`, name, of, cells, ...words };
  });
  // One project alone says nothing about whose booth it was.
  return { key: list, title, of, rows: list === "projects" && rows.length < 2 ? [] : rows };
}

/** The name of an entry as of the latest column that has it: lists belong to events, slugs to all. */
export function latestName(columns: Column[], list: keyof Lists, slug: string): string {
  const owner = columns.findLast(({ lists }) => lists[list].some((entry) => entry.slug === slug));
  return nameOf((owner ?? (columns.at(-1) as Column)).lists, list, slug);
}

function isSeen({ cells }: ShareRow): boolean {
  return cells.some(({ part }) => part > 0);
}

function shareCell(part: number, whole: number): ShareCell {
  // A list's counts can be of more than one a conversation, and never of more than all.
  const within = Math.min(part, whole);
  return {
    part: within,
    whole,
    interval: whole > 0 ? wilson({ part: within, whole }) : null,
    comparison: null,
  };
}

/** One difference, before it is judged. */
interface Pair {
  cell: { comparison: Comparison | null };
  since: number;
  score: number;
  isMore: boolean;
  intervalAt: (z: number) => Interval;
}

/** Judges all differences together, and writes into the cells what came out. Gives how many there were. */
function judge(columns: Column[], rates: RateCell[], sections: Section[]): number {
  const rows = sections.flatMap((section) => section.rows).filter(({ more }) => more !== undefined);
  const pairs = [...ratePairs(columns, rates), ...rows.flatMap(sharePairs)];
  const verdicts = judged(pairs.map(({ score }) => score));
  for (const [index, { cell, since, score, isMore, intervalAt }] of pairs.entries()) {
    const { isTold, alpha } = verdicts[index] ?? { isTold: false, alpha: ALPHA };
    const told = isTold ? (isMore ? "more" : "less") : null;
    cell.comparison = { since, told, interval: intervalAt(zOf(alpha)), alpha, score };
  }
  return pairs.length;
}

function sharePairs({ cells }: ShareRow): Pair[] {
  return neighbours(cells, ({ whole }) => whole >= FEW).flatMap(([since, before, cell]) => {
    const part = before.part + cell.part;
    const rest = before.whole + cell.whole - part;
    if (Math.min(part, rest) < LEAST_IN_BOTH) return [];
    return {
      cell,
      since,
      score: scoreOfDifference(before, cell),
      isMore: cell.part / cell.whole > before.part / before.whole,
      intervalAt: (z) => differenceOf(before, cell, z),
    };
  });
}

function ratePairs(columns: Column[], rates: RateCell[]): Pair[] {
  const booths = columns.map(({ figures }, index) => {
    const hours = hoursOf(figures);
    return { hours, rate: { count: figures.visits, hours: hours.length }, cell: rates[index] as RateCell };
  });
  const hasEnough = ({ rate }: { rate: { count: number; hours: number } }) =>
    rate.count >= FEW && rate.hours >= LEAST_HOURS;
  return neighbours(booths, hasEnough).map(([since, before, after]) => {
    const unrest = unrestOf(before.hours, after.hours);
    return {
      cell: after.cell,
      since,
      score: scoreOfRatio(before.rate, after.rate, unrest),
      isMore: after.rate.count / after.rate.hours > before.rate.count / before.rate.hours,
      intervalAt: (z) => ratioOf(before.rate, after.rate, unrest, z),
    };
  });
}

/** Those that have enough, each with the nearest one before it that has too, and the place of that. */
function neighbours<Item>(items: Item[], hasEnough: (item: Item) => boolean): [number, Item, Item][] {
  const enough = items.map((item, place) => ({ item, place })).filter(({ item }) => hasEnough(item));
  return enough.slice(1).map(({ item }, index) => {
    const before = enough[index] as (typeof enough)[number];
    return [before.place, before.item, item];
  });
}

/** Whether the two entries of a list make a whole: what one has more, the other has less. */
export function isMirrored({ key, rows }: Section): boolean {
  return rows.length === 2 && LISTED.some(({ list, isOneOf }) => list === key && isOneOf);
}

/**
 * Which events are set side by side where one is named: this one, and the nearest before it that shows one of its
 * projects. Gives them in order of time; this one alone where there is none. `projects`: slugs by an event's id.
 */
export function withTheOneBefore<E extends { id: string; starts_on: string; slug: string }>(
  event: E,
  events: E[],
  projects: ReadonlyMap<string, ReadonlySet<string>>,
): E[] {
  const own = projects.get(event.id) ?? new Set();
  const earlier = inTime(events).filter((each) => inTime([each, event])[0] === each && each !== event);
  const before = earlier.findLast(({ id }) => [...(projects.get(id) ?? [])].some((slug) => own.has(slug)));
  return before ? [before, event] : [event];
}

/** The place of the last column in which anything was logged, from which all is seen; -1 where nothing was. */
export function latestOf(columns: Column[]): number {
  return columns.findLastIndex(({ figures }) => figures.visits > 0);
}

/** Events in order of time. */
export function inTime<E extends { starts_on: string; slug: string }>(events: E[]): E[] {
  const order = ({ starts_on, slug }: E) => `${starts_on} ${slug}`;
  return [...events].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/* Words */

/**
 * "45% (39–51)"; of a few "5 of 12"; without any whole nothing. With a decimal where the interval is narrow, or where
 * some would be rounded to none or to all.
 */
export function shareInWords({ part, whole, interval }: ShareCell): string {
  if (!interval) return "–";
  if (whole < FEW) return `${part} of ${whole}`;
  const share = part / whole;
  const isHidden = (part > 0 && share < 0.005) || (part < whole && share >= 0.995);
  const places = isHidden || interval.high - interval.low < 0.02 ? 1 : 0;
  const percent = (of: number) => (of * 100).toFixed(of === 0 || of === 1 ? 0 : places);
  return `${percent(share)}% (${percent(interval.low)}–${percent(interval.high)})`;
}

/** "17.2 (13.1–22.0)", of visits an hour. */
export function rateInWords({ rate, interval }: RateCell): string {
  if (rate === null) return "–";
  const said = rate.toFixed(1);
  return interval ? `${said} (${interval.low.toFixed(1)}–${interval.high.toFixed(1)})` : said;
}
