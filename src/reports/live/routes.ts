import type { Request, Response } from "express";
import type { Deps } from "../../deps";
import { dayInWords, daysBetween, localTime, momentInWords } from "../../events/rules";
import { chosenEvent } from "../../events/store";
import { show } from "../../http/pages";
import { brightness } from "../../visits/rules";
import { countAsked } from "../../visits/store";
import { barsOf, CATEGORY_SERIES, stackedColumns } from "../charts/rules";
import { hoursOf, type Table, whenOf } from "../rules";
import { figuresOfDay, lastDayOf, latestVisits, openQuestions, pairedCount, visitsBetween } from "../store";

/** How many of the latest visits today's picture shows. */
const LATEST = 10;
const HOUR = 3_600_000;

/** Today's picture of the event that `?event=` names, or of the one of the day. Mounted at `/` for the organizer. */
export function todayPage({ db, now }: Deps): (req: Request, res: Response) => Promise<void> {
  return async (req, res) => {
    const event = await chosenEvent(db.read, req.query.event, now());
    if (!event) return res.redirect(303, "/events/new");
    const at = now();
    const today = localTime(at, event.time_zone).day;
    const lastDay = await lastDayOf(db.read, event);
    const when = whenOf(event, today, lastDay);
    const figures = await figuresOfDay(db.read, event, when.day);
    const lastHour = await visitsBetween(db.read, event, at - HOUR, at);
    const latest = await latestVisits(db.read, event, LATEST);
    show(res, "reports/today", {
      title: when.isNow ? "Today" : event.name,
      section: "today",
      styles: ["reports"],
      event,
      when,
      day: dayInWords(when.day),
      starts: { on: dayInWords(event.starts_on), inDays: daysBetween(today, event.starts_on).length - 1 },
      figures,
      lastHour,
      level: brightness(lastHour),
      hours: hoursChart(figures.hourByCategory),
      latest: latest.map((visit) => ({ ...visit, at: momentInWords(visit.at, event.time_zone, at) })),
      open: await openQuestions(db.read, event),
      asked: await countAsked(db.read, event.id),
      paired: await pairedCount(db.read, event),
    });
  };
}

function hoursChart(hourByCategory: Table) {
  const hours = hoursOf(Object.fromEntries(Object.keys(hourByCategory).map((hour) => [hour, 1])));
  if (hours.length === 0) return undefined;
  const bars = barsOf(hourByCategory, hours.map(String), (hour) => `${hour}:00`);
  return {
    label: "Conversations by hour and category",
    head: "Hour",
    columns: CATEGORY_SERIES,
    rows: bars,
    wide: stackedColumns(bars, CATEGORY_SERIES, 640, 380),
    narrow: stackedColumns(bars, CATEGORY_SERIES, 326, 220),
  };
}
