import type { Deps } from "../deps";
import { datesInWords, momentInWords } from "../events/rules";
import { eventBySlug } from "../events/store";
import { show } from "../http/pages";
import { organizer, type Route } from "../http/route";
import {
  type Bar,
  barsOf,
  CATEGORY_SERIES,
  type Series,
  STATE_SERIES,
  stackedRows,
  withOthers,
} from "./charts/rules";
import {
  type Counts,
  daysOf,
  heatOf,
  hoursOf,
  nameOf,
  nameOfDay,
  type Report,
  ranked,
  sentencesOf,
  stockOf,
  type Table,
  total,
  withOtherDays,
} from "./rules";
import { figuresOf, reportOf } from "./store";

export function reportRoutes({ db }: Deps): Route[] {
  return [
    organizer.get("/events/:slug/report", async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      const report = await reportOf(db.read, event);
      show(res, "reports/report", {
        title: "Report",
        section: "report",
        styles: ["reports"],
        event,
        report,
        said: sentencesOf(report),
        stock: stockOf(report),
        dates: datesInWords(event.starts_on, event.ends_on),
        heat: heatOf(report.figures).map(({ day, cells }) => ({
          day: nameOfDay(report.figures, day),
          cells,
        })),
        hours: hoursOf(report.figures.hour),
        journal: report.journal.map(({ at, text }) => ({ at: momentInWords(at, event.time_zone), text })),
        remarks: ranked(report.figures.remark).map(([slug, count]) => ({
          name: nameOf(report.lists, "remarks", slug),
          count,
        })),
        interest: interestOf(report),
        charts: chartsOf(report),
      });
    }),

    organizer.get("/events/:slug/report.json", async (req, res) => {
      const event = await eventBySlug(db.read, req.params.slug as string);
      res.json(await figuresOf(db.read, event));
    }),
  ];
}

/** How far the light went on, the brightest first; undefined where nobody noted it. */
function interestOf({ figures }: Report) {
  if (total(figures.interest) === 0) return undefined;
  return [
    { level: 10, words: "Fully", count: figures.interest["3"] ?? 0 },
    { level: 6, words: "Half", count: figures.interest["2"] ?? 0 },
    { level: 2, words: "A little", count: figures.interest["1"] ?? 0 },
  ];
}

/** A chart in the two widths in which pages show it, and the table behind it. */
interface Chart {
  label: string;
  wide: string;
  narrow: string;
  head: string;
  columns: Series[];
  rows: Bar[];
}

const WIDE = 720;
const NARROW = 326;

function rowsChart(label: string, head: string, bars: Bar[], columns: Series[]): Chart {
  const shown = withOthers(bars);
  return {
    label,
    head,
    columns,
    rows: bars,
    wide: stackedRows(shown, columns, WIDE),
    narrow: stackedRows(shown, columns, NARROW),
  };
}

/** The charts of the report; those without anything to show are left out. */
function chartsOf({ figures, lists }: Report): Record<string, Chart | undefined> {
  if (figures.visits === 0) return {};
  const chart = (label: string, head: string, bars: Bar[], series = CATEGORY_SERIES) =>
    bars.length > 0 ? rowsChart(label, head, bars, series) : undefined;
  const ofList = (list: keyof typeof lists, counts: Counts, table: Table) =>
    barsOf(
      table,
      ranked(counts).map(([slug]) => slug),
      (slug) => nameOf(lists, list, slug),
    );
  return {
    days: chart(
      "Conversations by day and category",
      "Day",
      barsOf(withOtherDays(figures, figures.dayByCategory), daysOf(figures), (day) =>
        nameOfDay(figures, day),
      ),
    ),
    platforms: chart(
      "What visitors use today, by category",
      "Platform",
      ofList("platforms", figures.platform, figures.platformByCategory),
    ),
    projects: chart(
      "Conversations by project and category",
      "Project",
      ofList("projects", figures.project, figures.projectByCategory),
    ),
    booths: chart(
      "Conversations by booth and category",
      "Booth",
      ofList("booths", figures.booth, figures.boothByCategory),
    ),
    topics: chart(
      "Questions by topic and state",
      "Topic",
      ofList("topics", figures.topicOfQuestion, figures.stateByTopic),
      STATE_SERIES,
    ),
  };
}
