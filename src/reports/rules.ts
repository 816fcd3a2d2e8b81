import type { Lists } from "../catalog/store";
import type { Category, Instant, QuestionState } from "../database/tables";
import { type FieldProblem, Problem } from "../errors";
import { dayInWords, daysBetween, momentInWords } from "../events/rules";
import type { Event } from "../events/store";
import { NONE } from "../exports/rules";
import { terms } from "../visits/terms/rules";

export type Counts = Record<string, number>;
export type Table = Record<string, Counts>;

/**
 * What was counted of an event. Counts hold what is not zero; their keys are slugs, days (YYYY-MM-DD) and
 * hours (0 to 23) in the event's zone, in order. Counts are visits, save where the name says otherwise.
 */
export interface Figures {
  event: { slug: string; name: string; venue: string; timeZone: string; startsOn: string; endsOn: string };
  visits: number;
  /** The people of all visits: a group is one visit. */
  people: number;
  category: Counts;
  day: Counts;
  hour: Counts;
  project: Counts;
  platform: Counts;
  /** Visits in which a remark was heard. */
  remark: Counts;
  /** Visits in which a giveaway was given. */
  giveaway: Counts;
  /** Questions by topic. */
  topicOfQuestion: Counts;
  questions: number;
  visitsWithContact: number;
  overviewGiven: number;
  /** How much the light went on: 1 to 3, where it was noted. */
  interest: Counts;
  booth: Counts;
  peopleByDay: Counts;
  dayByCategory: Table;
  hourByCategory: Table;
  hourByDay: Table;
  boothByCategory: Table;
  projectByCategory: Table;
  platformByCategory: Table;
  interestByCategory: Table;
  questionsByState: Counts;
  /** Questions by topic and state. */
  stateByTopic: Table;
  /**
   * How many questions were asked once, twice, …: what was put together, or asks the same in about the same words, is one
   * question, asked as often as it came. Of the whole event; empty where figures are narrowed down.
   */
  questionsByTimesAsked: Counts;
  /** Visits by what they were about. */
  topicOfVisit: Counts;
  /** Visits whose contact may be used for a purpose. */
  consent: Counts;
  /** How much the light went on, by what visitors use today. */
  interestByPlatform: Table;
  /** Visits by who logged them. */
  staff: Counts;
  /** In order of time. */
  shifts: Shift[];
  /** Questions by the expert who has them, or had them last, and state. */
  stateByExpert: Table;
  /** The same questions by the project of their visit, and expert. */
  expertByProject: Table;
  /** From being asked to being routed first. */
  medianToRoute: Median;
  /** From being asked to the answer that counts. */
  medianToAnswer: Median;
}

/** Somebody of the booth on one day: from the first to the last hour in which they logged something. */
export interface Shift {
  staff: string;
  day: string;
  from: number;
  to: number;
  visits: number;
}

export interface Median {
  /** How many questions there is a time of. */
  questions: number;
  /** Null where there are none. */
  minutes: number | null;
}

/** What a report is narrowed down to: a day (YYYY-MM-DD), and slugs, or "(none)" for what has none. */
export interface FigureFilters {
  day?: string;
  booth?: string;
  project?: string;
  category?: Category;
}

/** The same by ids; an empty one is what has none. */
export interface NarrowedFigures {
  day?: string;
  boothId?: string;
  projectId?: string;
  category?: Category;
}

/** Looks the words of the filters up. Throws `invalid` with a message a filter where one names what is not there. */
export function narrowFigures(
  { day, booth, project, category }: FigureFilters,
  lists: Lists,
): NarrowedFigures {
  const problems: FieldProblem[] = [];
  const idOf = (field: "booth" | "project", slug: string | undefined) => {
    if (slug === undefined) return undefined;
    if (slug === NONE) return "";
    const entry = lists[`${field}s`].find((each) => each.slug === slug);
    if (!entry) problems.push({ field, message: `There is no ${field} “${slug}” here.` });
    return entry?.id;
  };
  const narrowed = { day, boothId: idOf("booth", booth), projectId: idOf("project", project), category };
  if (problems.length > 0) throw new Problem("invalid", "This report cannot be made as asked.", problems);
  return narrowed;
}

/** Whether it is less than the whole event. */
export function isNarrowed(narrowed: NarrowedFigures): boolean {
  return Object.values(narrowed).some((value) => value !== undefined);
}

/** Kept counts as they are read: sums come as numbers or, from some engines, as digits. */
export interface KeptRows {
  /** Of `visit`: what every visit is counted under. */
  hours: {
    day: string;
    hour: number;
    category: Category;
    booth_id: string;
    project_id: string;
    visits: number;
    people: number;
  }[];
  /** Of all else, by category alone. */
  details: { what: string; key: string; category: Category; visits: number }[];
  /** Of `visit` again: by who logged it, where somebody did. */
  staff: { key: string; day: string; hour: number; visits: number }[];
  /** Of `expert`: by who and state. */
  experts: { key: string; project_id: string; visits: number }[];
  /** How many questions were asked so many times. */
  times: { times: number; questions: number }[];
}

/** What names the ids in kept counts. */
export interface Names {
  lists: Lists;
  experts: { id: string; slug: string }[];
}

/** Figures from what is kept of an event; `kept` may be narrowed down. Names of entries are their slugs. */
export function figuresFrom(event: Event, kept: KeptRows, { lists, experts }: Names): Figures {
  const visits = (row: { visits: number }) => row.visits;
  const category = (row: { category: Category }) => row.category;
  const of = (what: string) => kept.details.filter((row) => row.what === what);
  const slugs = (entries: { id: string; slug: string }[]) => {
    const bySlug = new Map(entries.map(({ id, slug }) => [id, slug]));
    return (id: string) => bySlug.get(id) ?? id;
  };
  const [booth, project, platform] = [slugs(lists.booths), slugs(lists.projects), slugs(lists.platforms)];
  const [topic, expert] = [slugs(lists.topics), slugs(experts)];
  const byBooth = kept.hours.filter((row) => row.booth_id !== "");
  const byProject = kept.hours.filter((row) => row.project_id !== "");
  const lights = of("light").map((row) => ({
    ...row,
    parts: row.key.split(" ") as [string, string, string],
  }));
  const byPlatform = lights.filter((row) => row.parts[0] !== "");
  const byInterest = lights.filter((row) => row.parts[1] !== "");
  const platformOf = (row: (typeof lights)[number]) => platform(row.parts[0]);
  const interestOf = (row: (typeof lights)[number]) => row.parts[1];
  const erased = of("erased");
  const questions = of("question").map((row) => {
    const [id, state] = row.key.split(" ") as [string, string];
    return { visits: row.visits, topic: id === "" ? NONE : topic(id), state };
  });
  const byExpert = kept.experts.map((row) => {
    const [id, state] = row.key.split(" ") as [string, string];
    const of = row.project_id === "" ? NONE : project(row.project_id);
    return { visits: row.visits, expert: expert(id), state, project: of };
  });
  return {
    event: {
      slug: event.slug,
      name: event.name,
      venue: event.venue,
      timeZone: event.time_zone,
      startsOn: event.starts_on,
      endsOn: event.ends_on,
    },
    ...figuresByTime(kept.hours),
    project: tally(byProject, (row) => project(row.project_id), visits),
    platform: tally(byPlatform, platformOf, visits),
    remark: tally(of("remark"), (row) => slugs(lists.remarks)(row.key), visits),
    giveaway: tally(of("giveaway"), (row) => slugs(lists.giveaways)(row.key), visits),
    topicOfVisit: tally(of("topic"), (row) => topic(row.key), visits),
    topicOfQuestion: tally(questions, (row) => row.topic, visits),
    questions: sum(questions, visits),
    visitsWithContact: sum([...of("contact"), ...erased.filter((row) => row.key === "contact")], visits),
    consent: tally(
      [...of("consent"), ...erased.filter((row) => row.key !== "contact")],
      (row) => row.key,
      visits,
    ),
    overviewGiven: sum(
      lights.filter((row) => row.parts[2] === "1"),
      visits,
    ),
    interest: tally(byInterest, interestOf, visits),
    booth: tally(byBooth, (row) => booth(row.booth_id), visits),
    boothByCategory: cross(byBooth, (row) => booth(row.booth_id), category, visits),
    projectByCategory: cross(byProject, (row) => project(row.project_id), category, visits),
    platformByCategory: cross(byPlatform, platformOf, category, visits),
    interestByCategory: cross(byInterest, interestOf, category, visits),
    interestByPlatform: cross(
      byPlatform.filter((row) => row.parts[1] !== ""),
      platformOf,
      interestOf,
      visits,
    ),
    questionsByState: tally(questions, (row) => row.state, visits),
    questionsByTimesAsked: tally(
      kept.times,
      (row) => String(row.times),
      (row) => row.questions,
    ),
    stateByTopic: cross(
      questions,
      (row) => row.topic,
      (row) => row.state,
      visits,
    ),
    stateByExpert: cross(
      byExpert,
      (row) => row.expert,
      (row) => row.state,
      visits,
    ),
    expertByProject: cross(
      byExpert,
      (row) => row.project,
      (row) => row.expert,
      visits,
    ),
    medianToRoute: medianOf(of("to-route")),
    medianToAnswer: medianOf(of("to-answer")),
    ...staffOf(kept.staff),
  };
}

/** Who logged how much, and when: a shift is a day from the first to the last hour in which they logged something. */
function staffOf(rows: KeptRows["staff"]): Pick<Figures, "staff" | "shifts"> {
  const shifts = new Map<string, Shift>();
  for (const row of rows) {
    const key = JSON.stringify([row.day, row.key]);
    const shift = shifts.get(key) ?? { staff: row.key, day: row.day, from: 23, to: 0, visits: 0 };
    shifts.set(key, {
      ...shift,
      from: Math.min(shift.from, row.hour),
      to: Math.max(shift.to, row.hour),
      visits: shift.visits + Number(row.visits),
    });
  }
  const order = (shift: Shift) => `${shift.day} ${String(shift.from).padStart(2, "0")} ${shift.staff}`;
  return {
    staff: tally(
      rows,
      (row) => row.key,
      (row) => row.visits,
    ),
    shifts: [...shifts.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1)),
  };
}

/**
 * The median of minutes of which it is known how often each came, as exact as they are kept (`WHAT` in `database/figures.ts`).
 * Of an even number the lower of the two in the middle.
 */
function medianOf(rows: { key: string; visits: number }[]): Median {
  const counts = rows
    .map((row) => ({ minutes: Number(row.key), questions: Number(row.visits) }))
    .sort((a, b) => a.minutes - b.minutes);
  const questions = sum(counts, (row) => row.questions);
  let before = 0;
  const middle = counts.find((row) => {
    before += row.questions;
    return before * 2 >= questions;
  });
  return { questions, minutes: middle?.minutes ?? null };
}

/** The figures that days and hours have. */
export type FiguresByTime = Pick<
  Figures,
  | "visits"
  | "people"
  | "category"
  | "day"
  | "hour"
  | "peopleByDay"
  | "dayByCategory"
  | "hourByCategory"
  | "hourByDay"
>;

/** A count of visits and people by category, day and hour. */
export interface RowByTime {
  category: Category;
  day: string;
  hour: number;
  visits: number;
  people: number;
}

export function figuresByTime(rows: RowByTime[]): FiguresByTime {
  const visits = (row: { visits: number }) => row.visits;
  const people = (row: { people: number }) => row.people;
  const category = (row: { category: Category }) => row.category;
  const day = (row: { day: string }) => row.day;
  const hour = (row: { hour: number }) => String(row.hour);
  return {
    visits: sum(rows, visits),
    people: sum(rows, people),
    category: tally(rows, category, visits),
    day: tally(rows, day, visits),
    hour: tally(rows, hour, visits),
    peopleByDay: tally(rows, day, people),
    dayByCategory: cross(rows, day, category, visits),
    hourByCategory: cross(rows, hour, category, visits),
    hourByDay: cross(rows, day, hour, visits),
  };
}

/** The sum of a number by key: no zeros, keys in order. */
export function tally<R>(rows: R[], keyOf: (row: R) => string, numberOf: (row: R) => number): Counts {
  const counts = new Map<string, number>();
  for (const row of rows) {
    // Sums arrive as digits from an engine whose numbers are wider than ours.
    const number = Number(numberOf(row));
    if (number !== 0) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + number);
  }
  // Without what every object has: an entry may be called "constructor".
  const inOrder = Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  return Object.setPrototypeOf(inOrder, null);
}

function cross<R>(
  rows: R[],
  outer: (row: R) => string,
  inner: (row: R) => string,
  numberOf: (row: R) => number,
): Table {
  const keys = Object.keys(tally(rows, outer, numberOf));
  return Object.fromEntries(
    keys.map((key) => [
      key,
      tally(
        rows.filter((row) => outer(row) === key),
        inner,
        numberOf,
      ),
    ]),
  );
}

/** The sum of all counts. */
export function total(counts: Counts): number {
  return sum(Object.values(counts), (count) => count);
}

function sum<R>(rows: R[], numberOf: (row: R) => number): number {
  return rows.reduce((total, row) => total + Number(numberOf(row)), 0);
}

/** Instants between which a day (YYYY-MM-DD) lies in any time zone there is: UTC-12 to UTC+14. */
export function widestDay(day: string): { from: Instant; until: Instant } {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  return { from: midnight - 14 * 3_600_000, until: midnight + 36 * 3_600_000 };
}

/** What the report and the write-up tell. */
export interface Report {
  event: Event;
  figures: Figures;
  lists: Lists;
  journal: { at: Instant; text: string }[];
  /** Slugs of the topics on which somebody in the directory answers. */
  topicsWithExpert: string[];
  /** What was asked twice and more, the most often asked first. */
  mostAsked: AskedOften[];
}

/** A question that was asked again and again. */
export interface AskedOften {
  /** As it was asked first. */
  text: string;
  times: number;
  questionId: string;
  /** The topic's slug. */
  topic: string | null;
  state: QuestionState;
  /** What questions that are the same share, at every event. */
  likeness: string;
}

/** From this share of what two questions have in common, they are shown as one. */
const ALIKE = 0.5;

/** Questions that ask nearly the same as one, under the words of the one that was asked most. Gives the `most` first. */
export function groupAlike(asked: AskedOften[], most: number): AskedOften[] {
  const groups: (AskedOften & { parts: Set<string> })[] = [];
  for (const question of asked) {
    const parts = partsOf(question.text);
    const group = groups.find((each) => areAlike(each.parts, parts));
    if (group) group.times += question.times;
    else groups.push({ ...question, parts });
  }
  return groups
    .sort((a, b) => b.times - a.times || (a.text < b.text ? -1 : 1))
    .slice(0, most)
    .map(({ parts, ...question }) => question);
}

/**
 * What a question has in common with others that ask nearly the same: terms, and neighbouring pairs of terms. With the
 * pairs "from here to there" is not "from there to here".
 */
export function partsOf(text: string): Set<string> {
  const words = terms(text);
  return new Set([...words, ...words.slice(1).map((word, index) => `${words[index]} ${word}`)]);
}

/** Whether two questions, by their parts, ask nearly the same: they share half of all that either has (Jaccard). */
export function areAlike(a: Set<string>, b: Set<string>): boolean {
  return shareOf(a, b) >= ALIKE;
}

function shareOf(a: Set<string>, b: Set<string>): number {
  const common = [...a].filter((part) => b.has(part)).length;
  const all = a.size + b.size - common;
  return all === 0 ? 0 : common / all;
}

/** The name of an entry of one of the event's lists; a slug that is in none stands for itself. */
export function nameOf(lists: Lists, list: keyof Lists, slug: string): string {
  if (slug === NONE) return "No topic yet";
  return lists[list].find((entry) => entry.slug === slug)?.name ?? slug;
}

/** The largest first; equal ones in the order of their keys; what has no topic comes last. */
export function ranked(counts: Counts): [key: string, count: number][] {
  return Object.entries(counts).sort(
    ([a, x], [b, y]) => Number(a === NONE) - Number(b === NONE) || y - x || (a < b ? -1 : 1),
  );
}

/** The key of the row that sums up many days outside the event's. */
export const OTHER_DAYS = "(other days)";

/** More days than this outside the event's are one row: a page of slips in dates tells nobody anything. */
const MOST_OTHER_DAYS = 14;

/**
 * The rows of a table by day, in order: each of the event's days, and beside them only the days on which
 * something was logged. Where those are many, `OTHER_DAYS` stands for all of them.
 */
export function daysOf(figures: Figures): string[] {
  if (Object.keys(figures.day).length === 0) return [];
  const days = daysBetween(figures.event.startsOn, figures.event.endsOn);
  const others = daysOutside(figures);
  return others.length > MOST_OTHER_DAYS ? [...days, OTHER_DAYS] : [...days, ...others].sort();
}

/** The days outside the event's on which something was logged. */
function daysOutside({ day, event }: Figures): string[] {
  return Object.keys(day).filter((each) => each < event.startsOn || each > event.endsOn);
}

/** A table by day, with the row of `OTHER_DAYS` added. */
export function withOtherDays(figures: Figures, table: Table): Table {
  const others = daysOutside(figures).flatMap((day) => Object.entries(table[day] ?? {}));
  const sums = tally(
    others,
    ([key]) => key,
    ([, count]) => count,
  );
  return { ...table, [OTHER_DAYS]: sums };
}

/** A row of `daysOf` as people read it: "Tue 15 Apr", with its year where that is not the event's. */
export function nameOfDay({ event }: Figures, day: string): string {
  if (day === OTHER_DAYS) return "Other days";
  const year = day.slice(0, 4);
  const isOfItsYears = event.startsOn.slice(0, 4) <= year && year <= event.endsOn.slice(0, 4);
  return isOfItsYears ? shortDay(day) : dayInWords(day);
}

/** The hours from the first to the last in which something was logged, without gaps. */
export function hoursOf(hours: Counts): number[] {
  const logged = Object.keys(hours).map(Number);
  if (logged.length === 0) return [];
  const first = Math.min(...logged);
  return Array.from({ length: Math.max(...logged) - first + 1 }, (_, index) => first + index);
}

export interface HeatCell {
  hour: number;
  visits: number;
  /** How bright the light is: 0 is dark, 10 the busiest hour. */
  level: number;
}

/** The event's hours by day as lights: the busiest hour is the brightest, and an hour with one visit is not dark. */
export function heatOf(figures: Figures): { day: string; cells: HeatCell[] }[] {
  const hours = hoursOf(figures.hour);
  const days = daysOf(figures);
  const hourByDay = withOtherDays(figures, figures.hourByDay);
  const busiest = Math.max(1, ...days.flatMap((day) => Object.values(hourByDay[day] ?? {})));
  return days.map((day) => ({
    day,
    cells: hours.map((hour) => {
      const visits = hourByDay[day]?.[hour] ?? 0;
      return { hour, visits, level: Math.ceil((visits / busiest) * 10) };
    }),
  }));
}

/**
 * Which day today's picture shows: today while the event runs or something is logged, else the last day on
 * which something was, else the event's first day.
 */
export function whenOf(
  event: { starts_on: string; ends_on: string },
  today: string,
  lastDay: string | undefined,
): { day: string; isNow: boolean; isBefore: boolean } {
  const isNow = lastDay === today || (event.starts_on <= today && today <= event.ends_on);
  return {
    day: isNow ? today : (lastDay ?? event.starts_on),
    isNow,
    isBefore: !isNow && lastDay === undefined && today < event.starts_on,
  };
}

/** Shipped, arrived and given of each giveaway, null where nobody counted; and when the last piece went, in words. */
export function stockOf({ event, figures, lists }: Report) {
  return lists.giveaways
    .map(({ slug, name, shipped, arrived, ran_out_at: at, hidden }) => ({
      slug,
      name,
      shipped,
      arrived,
      given: figures.giveaway[slug] ?? 0,
      ranOut: typeof at === "number" ? momentInWords(at, event.time_zone) : undefined,
      hidden,
    }))
    .filter(({ hidden, given }) => !hidden || given > 0);
}

/** Topics that were asked about, and nobody in the directory answers on. The most asked first. */
export function topicsWithNobody({ figures, lists, topicsWithExpert }: Report): string[] {
  return ranked(figures.topicOfQuestion)
    .filter(([slug]) => slug !== NONE && !topicsWithExpert.includes(slug))
    .map(([slug]) => nameOf(lists, "topics", slug));
}

/* Sentences. Each is true of what it is given, or is left out. */

const SMALL_NUMBERS = [
  "no",
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
  "ten",
  "eleven",
  "twelve",
];

export function digits(count: number): string {
  return count.toLocaleString("en");
}

/** "1 visit", "1,200 visits". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${digits(count)} ${count === 1 ? one : many}`;
}

/** "one day", "three days", "14 days". */
function countedInWords(count: number, one: string, many = `${one}s`): string {
  return `${SMALL_NUMBERS[count] ?? digits(count)} ${count === 1 ? one : many}`;
}

/** A percentage, which is never rounded to all or nothing where it is not. */
export function percentage(part: number, whole: number): string {
  const percent = Math.round((part / whole) * 100);
  if (percent === 0 && part > 0) return "less than 1%";
  if (percent === 100 && part < whole) return "more than 99%";
  return `${percent}%`;
}

/** Below this a percentage says more than anybody knows: the numbers themselves are said. */
export const FEW = 20;

/** A part of a whole: "45% of the 239", "5 of the 12". */
export function partOf(part: number, whole: number): string {
  return `${whole < FEW ? digits(part) : percentage(part, whole)} of the ${digits(whole)}`;
}

/** "Tue 15 Apr": for where the year is said already. */
export function shortDay(day: string): string {
  return dayInWords(day).replace(/ \d{4}$/, "");
}

/** "12:00–13:00" of the hour 12. */
export function hourInWords(hour: number): string {
  return `${hour}:00–${hour + 1}:00`;
}

/** "a", "a and b", "a, b and c". */
export function listed(names: string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

export interface Sentences {
  /** The event in one line. */
  headline: string;
  /** The story in up to three sentences, which the sections below it do not repeat. */
  lead: string[];
  /** The sentences of the story one by one. */
  newcomers?: string;
  interest?: string;
  busiest?: string;
  people?: string;
  /** Where some of the visits are not of the event's days. */
  outside?: string;
  overview?: string;
  platforms?: string;
  projects?: string;
  remarks?: string;
  giveaways: string[];
  questions?: string;
  /** How often the same was asked, where anything was asked twice. */
  askedAgain?: string;
  topics?: string;
  nobody?: string;
  contacts?: string;
  /** What the contact details may be used for. */
  consent?: string;
  /** What was talked about most, whether a question came of it or not. */
  talked?: string;
  /** With whom the light went on most often. */
  lights?: string;
  staff?: string;
  /** How soon half of the questions were routed, and answered. */
  soon: string[];
}

/**
 * What the figures say, in sentences. What cannot be said of these figures is left out. `narrowed`: what they are narrowed
 * down to; the headline says so.
 */
export function sentencesOf(report: Report, narrowed: FigureFilters = {}): Sentences {
  const { figures } = report;
  // Of newcomers alone there is no share of newcomers to tell.
  const newcomers = narrowed.category ? undefined : aboutNewcomers(report);
  const interest = aboutInterest(figures);
  const busiest = aboutTheBusiestHour(figures, narrowed);
  return {
    headline: headlineOf(report, narrowed),
    lead: [newcomers, interest, busiest].filter((sentence) => sentence !== undefined),
    newcomers,
    interest,
    busiest,
    people: aboutPeople(figures),
    outside: aboutOtherDays(figures),
    overview: aboutOverview(figures),
    platforms: aboutPlatforms(report),
    projects: aboutProjects(report),
    remarks: aboutRemarks(report),
    giveaways: aboutGiveaways(report),
    questions: aboutQuestions(figures),
    askedAgain: aboutAskedAgain(report),
    topics: aboutTopics(report),
    nobody: aboutTopicsWithNobody(report),
    contacts: aboutContacts(figures),
    consent: aboutConsent(figures),
    talked: aboutTalk(report),
    lights: aboutLights(report),
    staff: aboutStaff(figures),
    soon: aboutSoon(figures),
  };
}

export function headline({ visits, people, day }: Figures): string {
  if (visits === 0) return "No conversation has been logged yet";
  const withWhom = people === 1 ? "one person" : `${digits(people)} people`;
  const days = Object.keys(day).length;
  const when = days === 1 ? "on one day" : `in ${countedInWords(days, "day")}`;
  return `${visits === 1 ? "One conversation" : counted(visits, "conversation")} with ${withWhom} ${when}`;
}

/** The headline of figures that may be narrowed down: "83 conversations with 120 people on Tue 15 Apr, about oVirt". */
function headlineOf(report: Report, narrowed: FigureFilters): string {
  const parts = narrowedInWords(report, narrowed);
  if (parts.length === 0) return headline(report.figures);
  const { visits, people, day } = report.figures;
  if (visits === 0) return `No conversation was logged ${parts.join(", ")}`;
  const start = visits === 1 ? "One conversation" : counted(visits, "conversation");
  const who = people === 1 ? "one person" : `${digits(people)} people`;
  const kind = narrowed.category ? ` ${kindOf(report, narrowed.category, people === 1)}` : "";
  const days = Object.keys(day).length;
  const when = narrowed.day || days === 1 ? "" : ` in ${countedInWords(days, "day")}`;
  const where = narrowedInWords(report, { ...narrowed, category: undefined });
  const all = kind ? `${start}${when} with ${who}${kind}` : `${start} with ${who}${when}`;
  return where.length > 0 ? `${all}${kind ? "," : ""} ${where.join(", ")}` : all;
}

/** What figures are narrowed down to, a phrase each: "on Tue 15 Apr", "about oVirt", "at Main hall". */
export function narrowedInWords(report: Report, { day, booth, project, category }: FigureFilters): string[] {
  const { figures, lists } = report;
  const phrases = [
    category && `with people ${kindOf(report, category, false)}`,
    day && `on ${nameOfDay(figures, day)}`,
    project === NONE ? "about no project by name" : project && `about ${nameOf(lists, "projects", project)}`,
    booth === NONE ? "at no booth by name" : booth && `at ${nameOf(lists, "booths", booth)}`,
  ];
  return phrases.flatMap((phrase) => phrase || []);
}

function kindOf(report: Report, category: Category, isOne: boolean): string {
  const it = subject(report);
  const kinds = {
    existing: `who ${isOne ? "uses" : "use"} ${it} already`,
    curious: `who knew of ${it}`,
    new: `who had never heard of ${it}`,
  };
  return kinds[category];
}

function aboutPeople({ visits, people }: Figures): string | undefined {
  if (visits === 0) return undefined;
  if (people === visits) return visits === 1 ? undefined : "Everybody came alone.";
  if (visits === 1) return `They came as a group of ${digits(people)}.`;
  const average = (people / visits).toFixed(1);
  if (average === "1.0") return `A few came as a group: ${digits(people)} people in all.`;
  return `Some came as a group: ${average} people a conversation.`;
}

function aboutOtherDays(figures: Figures): string | undefined {
  const visits = daysOutside(figures).reduce((sum, day) => sum + (figures.day[day] ?? 0), 0);
  if (visits === 0) return undefined;
  return `${counted(visits, "visit")} ${visits === 1 ? "was" : "were"} logged outside the event's days.`;
}

/** What visitors use or don't: the project's name where there is one. */
function subject({ lists }: Report): string {
  return lists.projects.length === 1 ? (lists.projects[0]?.name ?? "the project") : "the project";
}

function aboutNewcomers(report: Report): string | undefined {
  const { curious = 0, new: never = 0 } = report.figures.category;
  const notYet = curious + never;
  if (notYet === 0) return undefined;
  const it = subject(report);
  if (notYet === 1) {
    return never === 1
      ? `One conversation was with somebody who had never heard of ${it}.`
      : `One conversation was with somebody who knew of ${it}, and did not use it yet.`;
  }
  const start = `Of the ${digits(notYet)} conversations with people who did not use ${it} yet,`;
  if (never === 0) return `${start} none was with somebody who had never heard of it.`;
  if (never === notYet) return `${start} all were with people who had never heard of it.`;
  if (never === 1) return `${start} one was with somebody who had never heard of it.`;
  const part = notYet < FEW ? digits(never) : percentage(never, notYet);
  return `${start} ${part} were with people who had never heard of it.`;
}

function aboutInterest({ interest }: Figures): string | undefined {
  const noted = total(interest);
  const fully = interest["3"] ?? 0;
  if (noted < 2) return undefined;
  const where = "conversations in which it was noted";
  if (fully === 0) return `The light did not go on fully in any of the ${digits(noted)} ${where}.`;
  if (fully === noted) return `The light went on fully in all ${digits(noted)} ${where}.`;
  return `The light went on fully in ${partOf(fully, noted)} ${where}.`;
}

function aboutOverview({ overviewGiven, visits }: Figures): string | undefined {
  if (overviewGiven === 0) return undefined;
  if (visits > 1 && overviewGiven === visits) return "Staff gave an overview in every conversation.";
  const part = visits < FEW ? "" : `, ${percentage(overviewGiven, visits)} of all`;
  return `Staff gave an overview in ${counted(overviewGiven, "conversation")}${part}.`;
}

function aboutTheBusiestHour(figures: Figures, narrowed: FigureFilters): string | undefined {
  const { hourByDay, visits } = figures;
  const hours = Object.entries(hourByDay).flatMap(([day, counts]) =>
    Object.entries(counts).map(([hour, count]) => ({ day, hour: Number(hour), count })),
  );
  const most = Math.max(0, ...hours.map(({ count }) => count));
  const busiest = hours.filter(({ count }) => count === most);
  // Of a handful of visits, or among many hours alike, no hour stands out.
  if (visits < 5 || busiest.length > 2) return undefined;
  const when = busiest.map(({ day, hour }) =>
    narrowed.day ? hourInWords(hour) : `${hourInWords(hour)} on ${nameOfDay(figures, day)}`,
  );
  const [was, each] = when.length === 1 ? ["hour was", ""] : ["hours were", " each"];
  return `The busiest ${was} ${listed(when)}, with ${counted(most, "conversation")}${each}.`;
}

function aboutPlatforms(report: Report): string | undefined {
  const newcomers = newcomersByPlatform(report.figures);
  const told = total(newcomers);
  const [first, second] = ranked(newcomers);
  if (!first || told < 3 || first[1] === second?.[1]) return undefined;
  const name = nameOf(report.lists, "platforms", first[0]);
  if (first[1] === told) return `All ${digits(told)} newcomers who told what they use today use ${name}.`;
  const part = partOf(first[1], told);
  if (first[1] * 2 > told)
    return `${name} is what most newcomers come from: ${part} who told what they use today.`;
  return `More newcomers come from ${name} than from anything else: ${part} who told what they use today.`;
}

/** Visits of those who do not use the project yet, by what they use today. */
function newcomersByPlatform({ platformByCategory }: Figures): Counts {
  const rows = Object.entries(platformByCategory);
  return tally(
    rows,
    ([slug]) => slug,
    ([, counts]) => (counts.curious ?? 0) + (counts.new ?? 0),
  );
}

function aboutProjects({ figures, lists }: Report): string | undefined {
  const named = total(figures.project);
  const [first, second] = ranked(figures.project);
  if (!first || lists.projects.length < 2 || named < 2 || first[1] === second?.[1]) return undefined;
  const name = nameOf(lists, "projects", first[0]);
  if (first[1] === named)
    return `All ${digits(named)} conversations that named a project were about ${name}.`;
  return `${name} is what ${partOf(first[1], named)} conversations that named a project were about.`;
}

function aboutRemarks({ figures, lists }: Report): string | undefined {
  const [first, second, third] = ranked(figures.remark);
  // Of several that were heard alike, none was heard most often.
  if (!first || first[1] === third?.[1]) return undefined;
  const said = ([slug, count]: [string, number]) =>
    `“${nameOf(lists, "remarks", slug)}” (${count === 1 ? "once" : count === 2 ? "twice" : `${digits(count)} times`})`;
  if (!second) return `Heard at the booth: ${said(first)}.`;
  if (second[1] === third?.[1]) return `Heard most often: ${said(first)}.`;
  return `Heard most often: ${said(first)} and ${said(second)}.`;
}

function aboutGiveaways(report: Report): string[] {
  return stockOf(report).flatMap((stock) => {
    const { name, given, ranOut } = stock;
    const loss =
      aboutLoss(stock) ?? (given > 0 ? `${name}: given in ${counted(given, "conversation")}.` : []);
    // Of what never came none was there to run out.
    return ranOut && stock.arrived !== 0 ? [loss, `${name}: the last went on ${ranOut}.`].flat() : loss;
  });
}

/** What did not arrive of a giveaway; undefined where all did, or nobody counted. */
export function aboutLoss({
  name,
  shipped,
  arrived,
}: ReturnType<typeof stockOf>[number]): string | undefined {
  if (!shipped || arrived === null || arrived >= shipped) return undefined;
  return arrived === 0
    ? `${name}: none of the ${digits(shipped)} shipped arrived.`
    : `${name}: ${digits(shipped - arrived)} of the ${digits(shipped)} shipped did not arrive.`;
}

function aboutQuestions({ questions, questionsByState }: Figures): string | undefined {
  if (questions === 0) return undefined;
  const { open = 0, routed = 0, answered = 0, closed = 0 } = questionsByState;
  const done = answered + closed;
  // What is closed may have been closed without an answer.
  const dealtWith = closed === 0 ? "answered" : answered === 0 ? "closed" : "answered or closed";
  if (questions === 1) {
    const where = open ? "is with nobody yet" : routed ? "is on its way" : `is ${dealtWith}`;
    return `One question was taken home, and it ${where}.`;
  }
  const start = `${digits(questions)} questions were taken home:`;
  if (done === questions) return `${start} all are ${dealtWith}.`;
  if (open === questions) return `${start} none is with anybody yet.`;
  const parts = [
    done > 0 && `${digits(done)} ${done === 1 ? "is" : "are"} ${dealtWith}`,
    routed > 0 && `${digits(routed)} ${routed === 1 ? "is" : "are"} on ${routed === 1 ? "its" : "their"} way`,
    open > 0 && `${digits(open)} ${open === 1 ? "is" : "are"} with nobody yet`,
  ].filter((part) => part !== false);
  return `${start} ${listed(parts)}.`;
}

function aboutAskedAgain({ figures, mostAsked }: Report): string | undefined {
  const { questions, questionsByTimesAsked } = figures;
  const most = Math.max(0, ...Object.keys(questionsByTimesAsked).map(Number));
  const known = Object.entries(questionsByTimesAsked).reduce(
    (sum, [times, count]) => sum + Number(times) * count,
    0,
  );
  // While some wait to be indexed, nobody knows how many things are asked.
  if (most < 2 || known !== questions) return undefined;
  const different = Object.values(questionsByTimesAsked).reduce((sum, count) => sum + count, 0);
  const things = different === 1 ? "one thing" : `${digits(different)} different things`;
  const isOne = questionsByTimesAsked[most] === 1;
  const which = isOne ? "the one that came most often" : "those that came most often";
  // The list of what was asked most takes what is nearly the same as one, which came more often then.
  const isTold = different > 1 && (mostAsked[0]?.times ?? 0) <= most;
  const top = isTold ? `; ${which} came ${timesInWords(most)}${isOne ? "" : " each"}` : "";
  return `The ${digits(questions)} questions ask ${things}${top}.`;
}

function timesInWords(times: number): string {
  return times === 2 ? "twice" : `${digits(times)} times`;
}

function aboutTopics({ figures, lists }: Report): string | undefined {
  const topics = ranked(figures.topicOfQuestion).filter(([slug]) => slug !== NONE);
  const [first, second] = topics;
  if (!first || first[1] < 2 || first[1] === second?.[1]) return undefined;
  return `${nameOf(lists, "topics", first[0])} was asked about most, in ${counted(first[1], "question")}.`;
}

function aboutTopicsWithNobody(report: Report): string | undefined {
  const topics = topicsWithNobody(report);
  if (topics.length === 0) return undefined;
  return `Nobody in the directory answers on ${listed(topics)}.`;
}

function aboutContacts({ visitsWithContact, visits }: Figures): string | undefined {
  if (visitsWithContact === 0) return undefined;
  const part = visits < FEW ? "" : `, ${percentage(visitsWithContact, visits)} of all`;
  return `Contact details were left in ${counted(visitsWithContact, "conversation")}${part}.`;
}

function aboutConsent({ consent }: Figures): string | undefined {
  const { "follow-up": followUp = 0, news = 0 } = consent;
  const parts = [
    followUp > 0 && `${digits(followUp)} to be followed up`,
    news > 0 && `${digits(news)} to get news`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? undefined : `Agreed: ${listed(parts)}.`;
}

function aboutTalk({ figures, lists }: Report): string | undefined {
  const most = ranked(figures.topicOfVisit)
    .filter(([, count]) => count > 1)
    .slice(0, 3);
  if (most.length === 0) return undefined;
  const named = most.map(([slug, count]) => `${nameOf(lists, "topics", slug)} (${digits(count)})`);
  return `Talked about most: ${listed(named)}.`;
}

/** The platform whose visitors' light went on fully most often, where enough of them were noted to say so. */
function aboutLights({ figures, lists }: Report): string | undefined {
  const noted = Object.entries(figures.interestByPlatform)
    .map(([slug, levels]) => ({ slug, fully: levels["3"] ?? 0, all: total(levels) }))
    .filter(({ all }) => all >= FEW)
    .sort((a, b) => b.fully / b.all - a.fully / a.all);
  const [first, second] = noted;
  if (!first || !second || first.fully / first.all === second.fully / second.all) return undefined;
  const part = partOf(first.fully, first.all);
  return `It went on fully most often with those who use ${nameOf(lists, "platforms", first.slug)} today: ${part}.`;
}

function aboutStaff({ staff, shifts }: Figures): string | undefined {
  const people = Object.keys(staff).length;
  if (people < 2) return undefined;
  const most = SMALL_NUMBERS[people] ?? digits(people);
  const start = `${most[0]?.toUpperCase()}${most.slice(1)} people logged the conversations`;
  return shifts.length > people ? `${start}, in ${digits(shifts.length)} shifts.` : `${start}.`;
}

function aboutSoon({ medianToRoute, medianToAnswer }: Figures): string[] {
  const half = ({ questions, minutes }: Median, of: string, did: string) =>
    questions > 1 && minutes !== null
      ? [`Half of the ${digits(questions)} ${of} ${did} within ${durationInWords(minutes)}.`]
      : [];
  return [
    ...half(medianToRoute, "questions that were routed", "were with somebody"),
    ...half(medianToAnswer, "answers", "came"),
  ];
}

/** "a minute", "9 minutes", "about 40 minutes", "about 3 hours", "about 4 days". `minutes`: as exact as they are kept. */
export function durationInWords(minutes: number): string {
  if (minutes < 2) return "a minute";
  if (minutes < 15) return `${minutes} minutes`;
  if (minutes < 120) return `about ${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `about ${hours} hours` : `about ${Math.round(minutes / 1440)} days`;
}
