import type { Instant } from "../../database/tables";
import {
  datesInWords,
  dayInWords,
  daysBetween,
  localTime,
  momentForSheets,
  momentInWords,
} from "../../events/rules";
import type { Expert } from "../../experts/store";
import { NONE } from "../../exports/rules";
import { sayInEnglish } from "../../languages/say";
import { CATEGORY_SERIES, chartsOf, type Series, STATE_SERIES, totalsOf } from "../charts/rules";
import type { Paper } from "../printing/rules";
import {
  type Counts,
  counted,
  daysOf,
  digits,
  type FigureFilters,
  heatOf,
  hoursOf,
  listed,
  nameOf,
  nameOfDay,
  narrowedInWords,
  OTHER_DAYS,
  type Report,
  ranked,
  sentencesOf,
  stockOf,
  total,
} from "../rules";
import { gapsOf, type Quote, type Unanswered } from "../voices/rules";

/** What the report tells beyond its figures. */
export interface Voices {
  /** By the remark's slug. */
  quotes: Map<string, Quote[]>;
  unanswered: Unanswered[];
  /** What questions ask, fit to print, by their id. */
  words: Map<string, string>;
  /** The directory: all experts, also those who are no longer offered. */
  experts: Pick<Expert, "slug" | "name" | "projects">[];
}

/** So many remarks have quotes under them. */
export const MOST_QUOTED = 8;

/** Everything that the page of the report shows, in words. `filters`: what it is narrowed down to; `at`: when it was made. */
export function pageOf(report: Report, voices: Voices, filters: FigureFilters, at: Instant) {
  const { event, figures, lists } = report;
  const nameOfExpert = (slug: string) => voices.experts.find((expert) => expert.slug === slug)?.name ?? slug;
  const said = sentencesOf(report, filters);
  const charts = chartsOf(report, nameOfExpert);
  // Of one day there is nothing to show over the days, and of one project no share.
  if (filters.day) delete charts.days;
  if (filters.project || lists.projects.length < 2) delete charts.projects;
  if (filters.booth || lists.booths.length < 2) delete charts.booths;
  const days = daysOf(figures).filter((day) => !filters.day || day === filters.day);
  return {
    event,
    figures,
    filters,
    query: queryOf(filters),
    narrowed: narrowedInWords(report, filters),
    choices: choicesOf(report, filters),
    dates: datesInWords(event.starts_on, event.ends_on),
    asOf: dayAndTime(at, event.time_zone),
    said,
    charts,
    categories: countsOf(CATEGORY_SERIES, figures.category).filter(
      ({ key }) => !filters.category || key === filters.category,
    ),
    states: countsOf(STATE_SERIES, figures.questionsByState),
    heat: heatOf(figures)
      .filter(({ day }) => days.includes(day))
      .map(({ day, cells }) => ({ day: nameOfDay(figures, day), cells })),
    hours: hoursOf(figures.hour),
    shifts: shiftsOf(report, days),
    interest: interestOf(report),
    remarks: remarksOf(report, voices),
    asked: report.mostAsked.map(({ questionId, text, times, topic }) => ({
      id: questionId,
      text: voices.words.get(questionId) ?? text,
      times,
      topic: topic && nameOf(lists, "topics", topic),
    })),
    gaps: gapsOf(
      {
        open: Object.fromEntries(
          Object.entries(figures.stateByTopic).map(([topic, states]) => [topic, states.open ?? 0]),
        ),
        asked: figures.topicOfQuestion,
        covered: report.topicsWithExpert,
      },
      voices.unanswered,
    ).map((gap) => ({ ...gap, name: nameOf(lists, "topics", gap.topic) })),
    load: loadInWords(report, nameOfExpert),
    sent: sentOf(report, voices.experts),
    stock: stockOf(report),
    journal: report.journal
      .filter((entry) => !filters.day || localTime(entry.at, event.time_zone).day === filters.day)
      .map((entry) => ({ at: momentInWords(entry.at, event.time_zone), text: entry.text })),
  };
}

export type ReportPage = ReturnType<typeof pageOf>;

/** The same as a document to be printed: no links, nothing to press, and the numbers behind the charts at its end. */
export function asPrinted(page: ReportPage, paper: Paper) {
  return { ...page, title: "Report", styles: ["reports"], isPrinted: true, paper };
}

function dayAndTime(at: Instant, timeZone: string): string {
  const [day, time] = momentForSheets(at, timeZone).split(" ");
  return `${dayInWords(day as string)}, ${time}`;
}

/** The filters as they stand in an address: "?day=2014-04-15", or nothing. */
export function queryOf(filters: FigureFilters): string {
  const set = new URLSearchParams(Object.entries(filters).filter(([, value]) => value));
  return set.size > 0 ? `?${set}` : "";
}

/** More days than that to choose from are slips in dates. */
const MOST_DAYS = 60;

/** What the report can be narrowed down to. A list of one is no choice. */
function choicesOf(report: Report, filters: FigureFilters) {
  const { event, figures, lists } = report;
  const logged = filters.day ? [filters.day] : Object.keys(figures.day);
  const days = [...new Set([...daysBetween(event.starts_on, event.ends_on), ...logged])].sort();
  const ofList = (list: "projects" | "booths", chosen: string | undefined) =>
    lists[list]
      .filter(({ hidden, slug }) => !hidden || slug === chosen)
      .map(({ slug, name }) => ({ value: slug, name }));
  const choices = [
    {
      field: "day",
      label: "Day",
      all: "All days",
      options: days.slice(0, MOST_DAYS).map((day) => ({ value: day, name: nameOfDay(figures, day) })),
    },
    { field: "project", label: "Project", all: "All projects", options: ofList("projects", filters.project) },
    { field: "booth", label: "Booth", all: "All booths", options: ofList("booths", filters.booth) },
    {
      field: "category",
      label: "Category",
      all: "Everybody",
      options: CATEGORY_SERIES.map(({ key, name }) => ({ value: key, name })),
    },
  ] as const;
  return choices.filter(({ field, options }) => options.length > 1 || filters[field] !== undefined);
}

function countsOf(series: Series[], counts: Counts) {
  return series.map(({ key, name, mark }) => ({ key, name, mark, count: counts[key] ?? 0 }));
}

/** How far the light went on, the brightest first; undefined where nobody noted it. */
function interestOf({ figures }: Report) {
  if (total(figures.interest) === 0) return undefined;
  return [
    { level: 10, words: "Lit up", count: figures.interest["3"] ?? 0 },
    { level: 6, words: "Interested", count: figures.interest["2"] ?? 0 },
    { level: 2, words: "A little", count: figures.interest["1"] ?? 0 },
  ];
}

/** Remarks, those heard most often first, with how long their bars are (percent of the longest) and who said it how. */
function remarksOf({ figures, lists }: Report, { quotes }: Voices) {
  const remarks = ranked(figures.remark);
  const most = Math.max(1, ...remarks.map(([, count]) => count));
  return remarks.map(([slug, count]) => ({
    name: nameOf(lists, "remarks", slug),
    count,
    share: percentOf(count, most),
    quotes: (quotes.get(slug) ?? []).map(({ text, category, day }) => ({
      text,
      who: `${sayInEnglish(`category.${category}`)}, ${nameOfDay(figures, day)}`,
    })),
  }));
}

function percentOf(part: number, whole: number): number {
  return Math.round((part / whole) * 1000) / 10;
}

/** More people than that are in the figures alone. */
const MOST_STAFF = 24;

/**
 * Who stood at the booth when: a row a person, those who logged most first, a cell a day. Where a shift lies in the day,
 * from the first to the last hour of the event, is told in percent.
 */
function shiftsOf({ figures }: Report, days: string[]) {
  const hours = hoursOf(figures.hour);
  const [first, last] = [hours[0], hours.at(-1)];
  const staff = ranked(figures.staff);
  if (staff.length === 0 || first === undefined || last === undefined) return undefined;
  const width = last - first + 1;
  const shown = days.filter((day) => day !== OTHER_DAYS && figures.shifts.some((shift) => shift.day === day));
  const rows = staff.slice(0, MOST_STAFF).map(([name, visits]) => ({
    name,
    visits,
    days: shown.map((day) => {
      const shift = figures.shifts.find((each) => each.staff === name && each.day === day);
      return (
        shift && {
          hours: `${shift.from}–${shift.to + 1}`,
          visits: shift.visits,
          from: percentOf(shift.from - first, width),
          width: percentOf(shift.to - shift.from + 1, width),
        }
      );
    }),
  }));
  return {
    days: shown.map((day) => nameOfDay(figures, day)),
    hours: `${first}:00–${last + 1}:00`,
    rows,
    others: staff.length - rows.length,
  };
}

/** How questions spread over experts, in a sentence. */
function loadInWords({ figures }: Report, nameOfExpert: (slug: string) => string): string | undefined {
  const load = totalsOf(figures.stateByExpert);
  const [first, second] = ranked(load);
  if (!first) return undefined;
  const all = total(load);
  const start = `${counted(all, "question")} went to`;
  if (!second) return `${start} ${nameOfExpert(first[0])}.`;
  const most = first[1] > second[1] ? `, ${digits(first[1])} of them to ${nameOfExpert(first[0])}` : "";
  return `${start} ${counted(Object.keys(load).length, "expert")}${most}.`;
}

/** More experts than that are in the chart of their load. */
const MOST_SENT_TO = 12;

/**
 * Of a shared booth: whose visitors' questions went to whom. A column a project, a row an expert; `isAcross` where the expert
 * answers for other projects than this one. Undefined where there is one project, or nothing was sent.
 */
function sentOf({ figures, lists }: Report, experts: Voices["experts"]) {
  const columns = Object.keys(figures.expertByProject).sort(
    (a, b) => Number(a === NONE) - Number(b === NONE) || (a < b ? -1 : 1),
  );
  if (lists.projects.length < 2 || columns.length === 0) return undefined;
  const nameOfProject = (slug: string) => (slug === NONE ? "No project" : nameOf(lists, "projects", slug));
  const sums: Counts = {};
  for (const byExpert of Object.values(figures.expertByProject)) {
    for (const [slug, count] of Object.entries(byExpert)) sums[slug] = (sums[slug] ?? 0) + count;
  }
  const across: Counts = {};
  const rows = ranked(sums).map(([slug, count]) => {
    const expert = experts.find((each) => each.slug === slug);
    const answersFor = expert?.projects ?? [];
    return {
      name: expert?.name ?? slug,
      answersFor: answersFor.map(nameOfProject),
      count,
      cells: columns.map((project) => {
        const sent = figures.expertByProject[project]?.[slug] ?? 0;
        const isAcross =
          sent > 0 && project !== NONE && answersFor.length > 0 && !answersFor.includes(project);
        if (isAcross) {
          const pair = JSON.stringify([project, answersFor]);
          across[pair] = (across[pair] ?? 0) + sent;
        }
        return { count: sent, isAcross };
      }),
    };
  });
  return {
    columns: columns.map(nameOfProject),
    rows: rows.slice(0, MOST_SENT_TO),
    said: ranked(across)
      .slice(0, 4)
      .map(([pair, count]) => {
        const [project, answersFor] = JSON.parse(pair) as [string, string[]];
        const whose = listed(answersFor.map(nameOfProject));
        return `${counted(count, "question")} of ${nameOfProject(project)}’s visitors went to experts of ${whose}.`;
      }),
  };
}
