import {
  type Bar,
  barsOf,
  CATEGORY_SERIES,
  type Series,
  STATE_SERIES,
  stackedColumns,
  stackedRows,
  withOthers,
} from "../../charts/rules";
import {
  type Counts,
  daysOf,
  digits,
  hoursOf,
  listed,
  nameOf,
  nameOfDay,
  type Report,
  ranked,
  type Table,
  total,
  withOtherDays,
} from "../../rules";

/** A chart of the write-up: what it shows, before it is drawn. */
export interface WriteUpChart {
  /** In its file's name: `days` → `charts/days.svg`. */
  name: string;
  title: string;
  /** What the first column of its table is. */
  head: string;
  bars: Bar[];
  series: Series[];
  isOverTime: boolean;
}

/** The charts that a write-up can show, with the names of the report's lists. */
export function chartsOf({ figures, lists }: Report): WriteUpChart[] {
  const ofList = (list: keyof typeof lists, counts: Counts, table: Table) =>
    barsOf(
      table,
      ranked(counts).map(([slug]) => slug),
      (slug) => nameOf(lists, list, slug),
    );
  return [
    {
      name: "days",
      title: "Conversations by day",
      head: "Day",
      bars: barsOf(withOtherDays(figures, figures.dayByCategory), daysOf(figures), (day) =>
        nameOfDay(figures, day),
      ),
      series: CATEGORY_SERIES,
      isOverTime: false,
    },
    {
      name: "hours",
      title: "Conversations by hour",
      head: "Hour",
      bars: barsOf(figures.hourByCategory, hoursOf(figures.hour).map(String), (hour) => `${hour}:00`),
      series: CATEGORY_SERIES,
      isOverTime: true,
    },
    {
      name: "platforms",
      title: "What visitors use today",
      head: "Platform",
      bars: ofList("platforms", figures.platform, figures.platformByCategory),
      series: CATEGORY_SERIES,
      isOverTime: false,
    },
    {
      name: "projects",
      title: "Conversations by project",
      head: "Project",
      bars: ofList("projects", figures.project, figures.projectByCategory),
      series: CATEGORY_SERIES,
      isOverTime: false,
    },
    {
      name: "booths",
      title: "Conversations by booth",
      head: "Booth",
      bars: ofList("booths", figures.booth, figures.boothByCategory),
      series: CATEGORY_SERIES,
      isOverTime: false,
    },
    {
      name: "topics",
      title: "Questions by topic",
      head: "Topic",
      bars: ofList("topics", figures.topicOfQuestion, figures.stateByTopic),
      series: STATE_SERIES,
      isOverTime: false,
    },
  ];
}

/** Whether a chart has nothing to show. */
export const isEmpty = ({ bars }: WriteUpChart) => bars.every(({ values }) => total(values) === 0);

/** What a chart shows, for who does not see it: "Wed 16 Apr: 20 existing users and 4 new. …" */
export function inSentences({ bars, series }: WriteUpChart): string {
  return withOthers(bars)
    .map(({ name, values }) => {
      const parts = series.flatMap(({ key, name: words }) =>
        values[key] ? `${digits(values[key])} ${inAlt(key, words, values[key])}` : [],
      );
      return `${name}: ${parts.length > 0 ? listed(parts) : "none"}.`;
    })
    .join(" ");
}

/** "20 existing users", "4 new" */
function inAlt(key: string, words: string, count: number): string {
  return `${words.toLowerCase()}${key === "existing" && count > 1 ? "s" : ""}`;
}

/** Of its text enough is left on a phone, and in a column of a blog it stays as it is. */
const WIDTH = 540;
const HEIGHT_OVER_TIME = 260;

/** A chart as the report draws it, in the colours of the page's tokens. */
export function drawn({ bars, series, isOverTime }: WriteUpChart): string {
  return isOverTime
    ? stackedColumns(bars, series, WIDTH, HEIGHT_OVER_TIME)
    : stackedRows(withOthers(bars), series, WIDTH);
}

/** The colours of light pages by the names of their tokens, as `public/styles/tokens.css` declares them. */
export function lightColours(css: string): Record<string, string> {
  const declared = css.matchAll(
    /--([a-z-]+):\s*(?:light-dark\(\s*(#[\da-f]{3,8})\s*,[^)]*\)|(#[\da-f]{3,8}))\s*;/gi,
  );
  return Object.fromEntries([...declared].map(([, name, light, both]) => [name, light ?? both]));
}

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";
const TEXT = 14;
/** What stands above a chart: its title, and what its colours and shapes mean. */
const HEAD = 66;
/** On either side: letters are never exactly as wide as a server without a screen thinks. */
const MARGIN = 10;

/**
 * Makes a picture of a chart of a page that says everything by itself: with its title and what its colours mean, with title
 * and description for who does not see it, and its own size. `svg` is a chart that has a viewBox. With `colours`, by the
 * names of the tokens, it is for any viewer, on white; without, it stays in the page's colours.
 */
export function standalone(
  svg: string,
  colours: Record<string, string> | undefined,
  { title, desc, series }: { title: string; desc: string; series: Series[] },
): string {
  const [, opening = "", body = ""] = /^\s*(<svg[^>]*>)([\s\S]*)<\/svg>\s*$/.exec(svg) ?? [];
  const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(opening)?.map(Number) ?? [];
  if (!width || !height) throw new Error("A chart without a size cannot stand by itself.");
  const [wide, high] = [width + 2 * MARGIN, height + HEAD];
  const size = `width="${wide}" height="${high}" viewBox="0 0 ${wide} ${high}"`;
  const picture = [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" font-family="${FONT}">`,
    `<title>${escaped(title)}</title>`,
    `<desc>${escaped(desc)}</desc>`,
    colours ? '<rect width="100%" height="100%" fill="#ffffff"/>' : "",
    `<g aria-hidden="true">`,
    `<text x="${MARGIN}" y="22" font-size="17" font-weight="600" fill="var(--ink)">${escaped(title)}</text>`,
    legend(series),
    `<g transform="translate(${MARGIN} ${HEAD})">${body.replace(/ ecmeta_\w+="[^"]*"/g, "").trim()}</g>`,
    "</g></svg>",
  ]
    .join("\n")
    // What people can type, and XML cannot hold.
    .replace(/[^\t\n\u0020-\uFFFD\u{10000}-\u{10FFFF}]/gu, " ");
  return colours ? `${withColours(picture, colours)}\n` : picture;
}

function legend(series: Series[]): string {
  let x = MARGIN;
  const parts = series.map(({ name, mark, color, ink }) => {
    const at = x;
    x += Math.round(52 + name.length * TEXT * 0.56);
    return [
      `<rect x="${at}" y="36" width="20" height="20" rx="4" fill="${color}"/>`,
      `<text x="${at + 10}" y="51" font-size="${TEXT}" text-anchor="middle" fill="${ink}">${mark}</text>`,
      `<text x="${at + 28}" y="51" font-size="${TEXT}" fill="var(--ink)">${escaped(name)}</text>`,
    ].join("");
  });
  return parts.join("\n");
}

function withColours(svg: string, colours: Record<string, string>): string {
  return svg.replace(/var\(--([a-z-]+)\)/g, (_all, name: string) => {
    const colour = colours[name];
    if (!colour) throw new Error(`The tokens have no colour --${name}.`);
    return colour;
  });
}

function escaped(text: string): string {
  return text.replace(
    /[&<>]/g,
    (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[character] as string,
  );
}
