import type { Request, Response } from "express";
import type { Deps } from "../../deps";
import { Problem } from "../../errors";
import { datesInWords, isDay, localTime, phaseOf } from "../../events/rules";
import { type Event, eventBySlug, listEvents } from "../../events/store";
import { show } from "../../http/pages";
import { organizer, type Route } from "../../http/route";
import { daysOf, digits, FEW, nameOfDay, OTHER_DAYS } from "../rules";
import { figuresOf } from "../store";
import { type Asked, askedMost, askedRows } from "./asked/rules";
import { countBars, intervalDots, MOST_DRAWN, type Sign, signsOf } from "./charts/rules";
import { findingsOf, whenInWords } from "./findings/rules";
import { type Choice, choiceOf } from "./form";
import {
  type Column,
  type Compared,
  type Comparison,
  comparedFrom,
  inTime,
  latestOf,
  MOST_COLUMNS,
  rateInWords,
  type Section,
  type ShareCell,
  shareInWords,
  withTheOneBefore,
} from "./rules";
import { askedAt, askedOn, projectsByEvent, sideOf } from "./store";

/** What stands side by side, and what else could. */
interface Sides {
  columns: Column[];
  asked: Asked[];
  choices: { value: string; name: string; about: string; isChosen: boolean }[];
  choice: Choice;
}

export function compareRoutes({ db, now }: Deps): Route[] {
  return [
    organizer.get("/compare", async (req, res) => {
      const sides = await eventsOf(req);
      showPage(res, sides, {
        title: "Compare events",
        section: "events",
        field: "event",
        action: "/compare",
      });
    }),

    organizer.get("/compare.json", async (req, res) => {
      res.json(asJson(await eventsOf(req)));
    }),

    organizer.get("/events/:slug/compare", async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      const action = `/events/${event.slug}/compare`;
      const sides = await daysOfEvent(event, req);
      showPage(res, sides, { title: "Compare days", section: "report", field: "day", action, event });
    }),

    organizer.get("/events/:slug/compare.json", async (req, res) => {
      res.json(asJson(await daysOfEvent(await eventBySlug(db.read, req.params.slug as string), req)));
    }),
  ];

  /** The events that an address names; of one alone, or none, the one before it is found. */
  async function eventsOf(req: Request): Promise<Sides> {
    const events = await listEvents(db.read);
    const choice = choiceOf("event", req.query.event);
    const named = await Promise.all(
      choice.values.map(
        async (slug) => events.find((each) => each.slug === slug) ?? eventBySlug(db.read, slug),
      ),
    );
    const first = named[0] ?? events.find((event) => phaseOf(event, now()) !== "ahead") ?? events[0];
    const chosen =
      named.length > 1 || !first ? named : withTheOneBefore(first, events, await projectsByEvent(db.read));
    const choices = events.map((event) => ({
      value: event.slug,
      name: event.name,
      about: aboutEvent(event),
      isChosen: chosen.some(({ id }) => id === event.id),
    }));
    if (choice.problems.length > 0) return { columns: [], asked: [], choices, choice };
    const inOrder = inTime(chosen);
    const columns = await Promise.all(inOrder.map(eventColumn));
    const asked = columns.length > 1 ? await askedAt(db.read, inOrder) : [];
    return { columns, asked, choices, choice };
  }

  async function eventColumn(event: Event): Promise<Column> {
    return {
      key: event.slug,
      name: event.name,
      about: aboutEvent(event),
      startsOn: event.starts_on,
      isDay: false,
      phase: phaseOf(event, now()),
      address: `/events/${event.slug}/report`,
      ...(await sideOf(db.read, event)),
    };
  }

  /** The days that an address names; of none, the last ones on which something was logged. */
  async function daysOfEvent(event: Event, req: Request): Promise<Sides> {
    const all = await figuresOf(db.read, event);
    const logged = daysOf(all).filter((day) => day !== OTHER_DAYS && (all.day[day] ?? 0) > 0);
    const choice = choiceOf("day", req.query.day);
    const named = choice.values.filter(isDay).sort();
    const days = named.length > 0 ? named : logged.slice(-MOST_COLUMNS);
    const today = localTime(now(), event.time_zone).day;
    const isOutside = (day: string) => day < event.starts_on || day > event.ends_on;
    const about = (day: string) => (isOutside(day) ? "not one of the event's days" : "");
    const choices = [...new Set([...logged, ...named])].sort().map((day) => ({
      value: day,
      name: nameOfDay(all, day),
      about: about(day),
      isChosen: days.includes(day),
    }));
    if (choice.problems.length > 0) return { columns: [], asked: [], choices, choice };
    const columns = await Promise.all(
      days.map(
        async (day): Promise<Column> => ({
          key: day,
          name: nameOfDay(all, day),
          about: about(day),
          startsOn: day,
          isDay: true,
          phase: day > today ? "ahead" : day === today ? "running" : "over",
          address: `/events/${event.slug}/report?day=${day}`,
          ...(await sideOf(db.read, event, day)),
        }),
      ),
    );
    return { columns, asked: await askedOn(db.read, event, days), choices, choice };
  }
}

function aboutEvent(event: Event): string {
  return [datesInWords(event.starts_on, event.ends_on), event.venue].filter(Boolean).join(" · ");
}

/** Widths of pictures in CSS pixels: on a page, and on a phone. */
const WIDE = 720;
const NARROW = 326;

/** What the page of events and the page of days differ in. */
interface Frame {
  title: string;
  section: "events" | "report";
  field: "event" | "day";
  action: string;
  event?: Event;
}

function showPage(res: Response, { columns, asked, choices, choice }: Sides, frame: Frame): void {
  const isEnough = columns.length > 1;
  const compared = comparedFrom(isEnough ? columns : []);
  const rows = askedRows(asked);
  const latest = latestOf(columns);
  const signs = signsOf(columns.length, latest);
  if (choice.problems.length > 0) res.status(422);
  show(res, "reports/compare", {
    ...frame,
    styles: ["reports", "compare"],
    choices,
    problems: choice.problems,
    most: MOST_COLUMNS,
    isEnough,
    columns: columns.map(({ name, about, address, figures, key }, index) => ({
      name,
      about,
      address,
      key,
      sign: signs[index]?.mark,
      isLatest: index === latest,
      visits: figures.visits,
    })),
    found: findingsOf(compared, rows),
    busy: busyRows(compared),
    sections: compared.sections.map((section) => sectionView(compared, section, signs)),
    asked: askedMost(rows),
    comparisons: compared.comparisons,
    json: `${frame.action}.json?${columns.map(({ key }) => `${frame.field}=${key}`).join("&")}`,
  });
}

/** The table of how busy it was: counts with bars, and conversations an hour. */
function busyRows({ columns, counts, rates }: Compared) {
  const bars = (numbers: (number | null)[]) => countBars(numbers);
  const rateBars = bars(rates.map(({ rate }) => rate));
  return [
    ...counts.map(({ name, cells }) => {
      const drawn = bars(cells);
      return { name, cells: cells.map((count, index) => ({ said: digits(count), bar: drawn[index] })) };
    }),
    {
      name: "Conversations an hour",
      cells: rates.map((cell, index) => ({
        ...inParts(rateInWords(cell)),
        bar: rateBars[index],
        ...toldOf(columns, index, cell.comparison),
      })),
    },
  ];
}

function sectionView({ columns }: Compared, section: Section, signs: Sign[]) {
  return {
    title: section.title,
    of: section.of,
    wide: intervalDots(section, signs, WIDE),
    narrow: intervalDots(section, signs, NARROW),
    notDrawn: Math.max(0, section.rows.length - MOST_DRAWN),
    rows: section.rows.map(({ name, of, cells }) => ({
      name,
      of: of === section.of ? "" : `of ${of}`,
      cells: cells.map((cell, index) => ({
        ...inParts(shareInWords(cell)),
        count: countInWords(cell),
        ...toldOf(columns, index, cell.comparison),
      })),
    })),
  };
}

/** The figure itself, and its interval. */
function inParts(words: string): { said: string; interval: string } {
  const [said = "", interval = ""] = words.split(" (");
  return { said, interval: interval.replace(")", "") };
}

/** The numbers behind a share; nothing where they are said instead of it. */
function countInWords({ part, whole }: ShareCell): string {
  return whole < FEW ? "" : `${digits(part)} of ${digits(whole)}`;
}

/** Whether it is more or less than before, in a sign and in words. */
function toldOf(columns: Column[], index: number, comparison: Comparison | null) {
  if (!comparison?.told) return {};
  const when = whenInWords(columns, comparison.since, index);
  return { told: comparison.told, words: `${comparison.told} than ${when}` };
}

/** The same for programs. Throws `invalid` where there are not two to six. */
function asJson({ columns, asked, choice }: Sides) {
  if (choice.problems.length > 0 || columns.length < 2) {
    const message = `Name two to ${MOST_COLUMNS} that have something to be compared.`;
    throw new Problem("invalid", message, choice.problems);
  }
  const compared = comparedFrom(columns);
  const rows = askedRows(asked);
  const { changed, isNew, cameBack, asked: again, cautions } = findingsOf(compared, rows);
  const comparisonOf = (comparison: Comparison | null) =>
    comparison && {
      since: columns[comparison.since]?.key,
      told: comparison.told,
      low: rounded(comparison.interval.low),
      high: rounded(comparison.interval.high),
      level: rounded(1 - comparison.alpha),
    };
  return {
    columns: columns.map(({ key, name, about, startsOn }) => ({ key, name, about, startsOn })),
    findings: { changed, isNew, cameBack, asked: again, cautions },
    counts: Object.fromEntries(compared.counts.map(({ key, cells }) => [key, cells])),
    visitsPerHour: compared.rates.map(({ rate, interval, comparison }) => ({
      rate: rate === null ? null : rounded(rate),
      low: interval && rounded(interval.low),
      high: interval && rounded(interval.high),
      comparison: comparisonOf(comparison),
    })),
    shares: compared.sections.flatMap((section) =>
      section.rows.map(({ key, name, of, cells }) => ({
        key,
        name,
        of,
        cells: cells.map(({ part, whole, interval, comparison }) => ({
          part,
          whole,
          low: interval && rounded(interval.low),
          high: interval && rounded(interval.high),
          comparison: comparisonOf(comparison),
        })),
      })),
    ),
    asked: rows,
  };
}

/** To four places: more would say more than anybody knows. */
function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
