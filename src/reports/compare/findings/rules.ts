import { daysBetween } from "../../../events/rules";
import { NONE } from "../../../exports/rules";
import { type Counts, counted, digits, FEW, type Figures, listed, total } from "../../rules";
import type { Asked } from "../asked/rules";
import {
  type Column,
  type Compared,
  type Comparison,
  isMirrored,
  latestName,
  latestOf,
  rateInWords,
  type Section,
  shareInWords,
} from "../rules";

/** One sentence, and which columns it is about where there are more than two. */
export interface Finding {
  text: string;
  about?: string;
}

/** What is telling, in sentences, the most telling of each kind first. */
export interface Findings {
  /** The last column with visits, and those before it with enough of them: what "new" and "came back" are about. */
  latest: string | null;
  before: string[];
  changed: (Finding & { told: "more" | "less" })[];
  /** How many more changes there are than sentences. */
  moreChanges: number;
  isNew: Finding[];
  cameBack: Finding[];
  asked: (Finding & { isStill: boolean })[];
  /** What has to be known about the columns themselves. */
  cautions: string[];
}

const MOST_CHANGES = 6;
const MOST_OTHERS = 4;
/** What came up less often is an anecdote. */
const LEAST_HEARD = 3;

export function findingsOf(compared: Compared, askedMost: Asked[]): Findings {
  const { columns } = compared;
  const latest = latestOf(columns);
  const changed = changes(compared, latest);
  return {
    latest: columns[latest]?.name ?? null,
    before: columns.slice(0, Math.max(0, latest)).flatMap((column) => (hasEnough(column) ? column.name : [])),
    changed: changed.slice(0, MOST_CHANGES),
    moreChanges: Math.max(0, changed.length - MOST_CHANGES),
    isNew: newEntries(columns, latest),
    cameBack: entriesAgain(columns, latest),
    asked: questionsAgain(columns, latest, askedMost),
    cautions: cautionsOf(columns),
  };
}

function hasEnough({ figures }: Column): boolean {
  return figures.visits >= FEW;
}

/** When another column was, seen from a later one: "the year before", "at Summit 2012", "on Tue 15 Apr". */
export function whenInWords(columns: Column[], since: number, later: number): string {
  const [a, b] = [columns[since], columns[later]] as [Column, Column];
  if (a.isDay) return daysBetween(a.startsOn, b.startsOn).length === 2 ? "the day before" : `on ${a.name}`;
  const years = Number(b.startsOn.slice(0, 4)) - Number(a.startsOn.slice(0, 4));
  const isNeighbour = later - since === 1 && years === 1;
  return isNeighbour ? "the year before" : `at ${a.name}`;
}

/** What grew and what shrank, as far as chance is no explanation; the most telling first. */
function changes(
  { columns, rates, sections }: Compared,
  latest: number,
): (Finding & { told: "more" | "less" })[] {
  const found: (Finding & { told: "more" | "less"; score: number })[] = [];
  const add = (
    later: number,
    { since, told, score }: Comparison,
    words: string,
    values: [string, string],
  ) => {
    if (!told) return;
    const about = columns.length > 2 ? `${columns[later]?.name}, after ${columns[since]?.name}` : undefined;
    found.push({ told, score, about, text: `${words}: ${values[1]} after ${values[0]}.` });
  };
  for (const [later, { comparison }] of rates.entries()) {
    if (!comparison) continue;
    const value = (place: number) => rateInWords(rates[place] as Compared["rates"][number]);
    const words = comparison.told === "more" ? "It was busier" : "It was quieter";
    const [before, after] = [value(comparison.since), value(later)];
    add(later, comparison, words, [before, `${after} conversations an hour`]);
  }
  for (const section of sections) {
    for (const { key, cells, more, less } of section.rows) {
      for (const [later, { comparison }] of cells.entries()) {
        if (!comparison || isToldAlready(section, key, later)) continue;
        // Where staff could pick it on one side alone, the lists differ and not the visitors.
        if (isOffered(columns[comparison.since], section, key) !== isOffered(columns[later], section, key))
          continue;
        // Of two that make a whole, the one that grew says all.
        if (isMirrored(section) && comparison.told === "less") continue;
        // What is new is told as that.
        if (canBeNew(section) && later === latest && isNewAt(cells, later)) continue;
        const value = (place: number) => shareInWords(cells[place] as (typeof cells)[number]);
        const words = (comparison.told === "more" ? more : less) ?? "";
        add(later, comparison, words, [value(comparison.since), value(later)]);
      }
    }
  }
  return found.sort((a, b) => b.score - a.score).map(({ score: _score, ...finding }) => finding);
}

/** Whether what a row is about stood on the column's list; what is of no list could be said at all times. */
function isOffered(column: Column | undefined, { key: list }: Section, key: string): boolean {
  return list === "who" || Boolean(column?.lists[list].some(({ slug }) => key === `${list}/${slug}`));
}

function canBeNew({ key }: Section): boolean {
  return SAID.some(({ list }) => list === key);
}

function isNewAt(cells: { part: number }[], later: number): boolean {
  return cells.slice(0, later).every(({ part }) => part === 0);
}

/** Whether the sentence about those who had never heard of it, of those who do not use it, has said as much. */
function isToldAlready(section: Section, key: string, column: number): boolean {
  if (key !== "new" && key !== "curious") return false;
  const never = section.rows.find((row) => row.key === "never");
  return Boolean(never?.cells[column]?.comparison?.told);
}

/** The lists of which entries can be new or come back, and what is said of a count. */
const SAID: {
  list: "platforms" | "projects" | "remarks" | "topics";
  counts: (figures: Figures) => Counts;
  whole: (figures: Figures) => number;
  quoted?: true;
  verb: string;
  unit: string;
}[] = [
  {
    list: "platforms",
    counts: ({ platform }) => platform,
    whole: ({ platform }) => total(platform),
    verb: "was named in",
    unit: "conversation",
  },
  {
    list: "projects",
    counts: ({ project }) => project,
    whole: ({ project }) => total(project),
    verb: "was talked about in",
    unit: "conversation",
  },
  {
    list: "remarks",
    counts: ({ remark }) => remark,
    whole: ({ visits }) => visits,
    quoted: true,
    verb: "was heard in",
    unit: "conversation",
  },
  {
    list: "topics",
    counts: ({ topicOfQuestion }) => topicOfQuestion,
    whole: ({ questions }) => questions,
    verb: "was asked about in",
    unit: "question",
  },
];

/** What came up in the latest column, and in none before it although enough was noted there. */
function newEntries(columns: Column[], latest: number): Finding[] {
  const before = columns.slice(0, Math.max(0, latest));
  const column = columns[latest];
  if (!column) return [];
  const found = SAID.flatMap(({ list, counts, whole, quoted, verb, unit }) => {
    const noted = before.reduce((sum, { figures }) => sum + whole(figures), 0);
    if (noted < FEW) return [];
    return Object.entries(counts(column.figures))
      .filter(([slug, count]) => slug !== NONE && count >= LEAST_HEARD)
      .filter(([slug]) => before.every(({ figures }) => !counts(figures)[slug]))
      .map(([slug, count]) => {
        const wasOffered = before.some(({ lists }) => lists[list].some((entry) => entry.slug === slug));
        const name = quote(latestName(columns, list, slug), quoted);
        const where = `${counted(count, unit)}, and in none of ${digits(noted)} before`;
        const reason = wasOffered ? "." : ": it was not on the list then.";
        return { count, text: `${name} ${verb} ${where}${reason}` };
      });
  });
  return largest(found);
}

/** What was heard again in the latest column; first what had been away in between. */
function entriesAgain(columns: Column[], latest: number): Finding[] {
  const column = columns[latest];
  const since = columns.slice(0, Math.max(0, latest)).findLastIndex(hasEnough);
  const last = columns[since];
  if (!column || !last) return [];
  const found = SAID.flatMap(({ list, counts, whole, quoted, verb, unit }) =>
    Object.entries(counts(column.figures)).flatMap(([slug, count]) => {
      if (slug === NONE || count < LEAST_HEARD) return [];
      const now = `${quote(latestName(columns, list, slug), quoted)} ${verb} ${digits(count)} of ${counted(whole(column.figures), unit)}`;
      const lastTime = counts(last.figures)[slug] ?? 0;
      if (lastTime > 0) {
        // What is named each time (VMware, Storage) is no news; what is said each time waits for somebody to act.
        if (list !== "remarks" || lastTime < LEAST_HEARD) return [];
        const then = `${digits(lastTime)} of ${digits(whole(last.figures))} ${whenInWords(columns, since, latest)}`;
        return { count, text: `${now}, and in ${then}.` };
      }
      const earlier = columns
        .slice(0, since)
        .findLastIndex(({ figures }) => (counts(figures)[slug] ?? 0) >= LEAST_HEARD);
      if (earlier < 0 || whole(last.figures) < FEW) return [];
      const times = counts((columns[earlier] as Column).figures)[slug] ?? 0;
      const pause = `in none ${whenInWords(columns, since, latest)}, and in ${digits(times)} ${whenInWords(columns, earlier, latest)}`;
      // Ahead of all that never was away.
      return { count: count + 1e9, text: `${now}, ${pause}.` };
    }),
  );
  return largest(found);
}

function quote(name: string, isQuoted?: true): string {
  return isQuoted ? `“${name}”` : name;
}

function largest(found: { count: number; text: string }[]): Finding[] {
  return found
    .sort((a, b) => b.count - a.count)
    .slice(0, MOST_OTHERS)
    .map(({ text }) => ({ text }));
}

/** Whether what was asked most the time before is still asked. */
function questionsAgain(columns: Column[], latest: number, rows: Asked[]): Findings["asked"] {
  const column = columns[latest];
  const since = columns.slice(0, Math.max(0, latest)).findLastIndex(({ figures }) => figures.questions > 0);
  const last = columns[since];
  if (!column || !last || column.figures.questions === 0) return [];
  const when = whenInWords(columns, since, latest);
  const then = (times: number) => `${timesInWords(times)} in ${digits(last.figures.questions)} ${when}`;
  return rows
    .map(({ text, times }) => ({ text, now: times[latest] ?? 0, before: times[since] ?? 0 }))
    .filter(({ before }) => before >= 2)
    .sort((a, b) => b.before - a.before)
    .slice(0, MOST_OTHERS)
    .map(({ text, now, before }) =>
      now > 0
        ? {
            isStill: true,
            text: `“${text}” was asked ${timesInWords(now)} in ${counted(column.figures.questions, "question")}, and ${then(before)}.`,
          }
        : { isStill: false, text: `“${text}” was not asked again; it came ${then(before)}.` },
    )
    .sort((a, b) => Number(b.isStill) - Number(a.isStill));
}

function timesInWords(times: number): string {
  return times === 1 ? "once" : times === 2 ? "twice" : `${digits(times)} times`;
}

/** What a reader has to know before believing anything. */
function cautionsOf(columns: Column[]): string[] {
  const isEmpty = ({ figures }: Column) => figures.visits === 0;
  const names = (which: Column[]) => listed(which.map(({ name }) => name));
  const ahead = columns.filter((column) => isEmpty(column) && column.phase === "ahead");
  const without = columns.filter((column) => isEmpty(column) && column.phase !== "ahead");
  const few = columns.filter((column) => !isEmpty(column) && !hasEnough(column));
  const running = columns.filter((column) => !isEmpty(column) && column.phase === "running");
  const zones = new Set(columns.map(({ figures }) => figures.event.timeZone));
  const verb = (which: Column[], one: string, many: string) => (which.length === 1 ? one : many);
  return [
    ahead.length > 0 && `${names(ahead)} ${verb(ahead, "has", "have")} not begun yet.`,
    without.length > 0 && `No conversation was logged ${columns[0]?.isDay ? "on" : "at"} ${names(without)}.`,
    few.length > 0 &&
      `${names(few)} ${verb(few, "has", "have")} fewer than ${FEW} conversations: the numbers are shown, and nothing is concluded from them.`,
    running.length > 0 && `${names(running)} ${verb(running, "is", "are")} still running.`,
    zones.size > 1 && "Days and hours are those of each event's own time zone.",
  ].filter((caution) => caution !== false);
}
