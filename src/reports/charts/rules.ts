import { createHash } from "node:crypto";
import { NONE } from "../../exports/rules";
import { sayInEnglish } from "../../languages/say";
import {
  type Counts,
  daysOf,
  nameOf,
  nameOfDay,
  OTHER_DAYS,
  type Report,
  ranked,
  type Table,
  total as totalOf,
  withOtherDays,
} from "../rules";

/**
 * One kind of thing that bars are made of: its colour, what is written on it, its shape, and its pattern for eyes and
 * printers without colour.
 */
export interface Series {
  key: string;
  name: string;
  color: string;
  ink: string;
  mark: string;
  pattern: Pattern;
}

type Pattern = "plain" | "lines" | "dots" | "grid";

/** The categories: the same colours and shapes as everywhere (`public/styles/tokens.css`). */
export const CATEGORY_SERIES: Series[] = [
  {
    key: "existing",
    name: sayInEnglish("category.existing"),
    color: "var(--existing)",
    ink: "var(--on-accent)",
    mark: "●",
    pattern: "plain",
  },
  {
    key: "curious",
    name: sayInEnglish("category.curious"),
    color: "var(--curious)",
    ink: "var(--curious-ink)",
    mark: "◆",
    pattern: "lines",
  },
  {
    key: "new",
    name: sayInEnglish("category.new"),
    color: "var(--new)",
    ink: "var(--on-accent)",
    mark: "✸",
    pattern: "dots",
  },
];

/** The states of a question: the circle fills as it goes. */
export const STATE_SERIES: Series[] = [
  {
    key: "open",
    name: "Open",
    color: "var(--light)",
    ink: "var(--curious-ink)",
    mark: "○",
    pattern: "lines",
  },
  {
    key: "routed",
    name: "Routed",
    color: "var(--accent)",
    ink: "var(--on-accent)",
    mark: "◐",
    pattern: "dots",
  },
  {
    key: "answered",
    name: "Answered",
    color: "var(--good)",
    ink: "var(--on-accent)",
    mark: "●",
    pattern: "plain",
  },
  {
    key: "closed",
    name: "Closed",
    color: "var(--ink-soft)",
    ink: "var(--surface)",
    mark: "✓",
    pattern: "grid",
  },
];

/** How far the light went on, the brightest first, in the words of the tablet. */
export const INTEREST_SERIES: Series[] = [
  { key: "3", name: "Lit up", color: "var(--lit-3)", ink: "var(--lit-ink)", mark: "●", pattern: "plain" },
  { key: "2", name: "Interested", color: "var(--lit-2)", ink: "var(--lit-ink)", mark: "◐", pattern: "lines" },
  { key: "1", name: "A little", color: "var(--lit-1)", ink: "var(--lit-ink)", mark: "○", pattern: "dots" },
];

export interface Bar {
  name: string;
  values: Counts;
  /** It stands for what has no name of its own: it comes last, and never among "others". */
  isApart?: boolean;
}

/** Bars from a table of counts, in the order of `keys`. */
export function barsOf(table: Table, keys: string[], nameOf: (key: string) => string): Bar[] {
  return keys.map((key) => ({
    name: nameOf(key),
    values: table[key] ?? {},
    isApart: key === NONE || key === OTHER_DAYS,
  }));
}

/** As many bars as a page has room for; what staff wrote down beyond that is in the table. */
const MOST_BARS = 14;

/** The first bars, the others together in one, and last the one that stands apart. */
export function withOthers(bars: Bar[]): Bar[] {
  if (bars.length <= MOST_BARS) return bars;
  const apart = bars.filter((bar) => bar.isApart);
  const named = bars.filter((bar) => !bar.isApart);
  const room = MOST_BARS - 1 - apart.length;
  return [...named.slice(0, room), together(named.slice(room)), ...apart];
}

/** Several bars as one. */
function together(bars: Bar[]): Bar {
  const values: Counts = {};
  for (const bar of bars) {
    for (const [key, count] of Object.entries(bar.values)) values[key] = (values[key] ?? 0) + count;
  }
  return { name: `${bars.length} others`, values };
}

const TEXT = 14;

/** Below this width names stand above their bars. */
const SIDE_BY_SIDE = 500;

/** How rows are drawn: how long they are against one another. */
interface Rows {
  /** All equally long, so that shares can be compared; what they are shares of stands behind them. */
  areShares?: boolean;
}

/**
 * Bars side by side in parts, one row a bar, as SVG to be put into a page: colours come from the page's
 * tokens. `width` in CSS pixels; the height follows from the number of bars.
 */
export function stackedRows(
  bars: Bar[],
  series: Series[],
  width: number,
  { areShares = false }: Rows = {},
): string {
  const isNarrow = width < SIDE_BY_SIDE;
  const longest = Math.max(...bars.map((bar) => bar.name.length));
  const names = isNarrow ? 0 : Math.min(longest * TEXT * 0.66 + 40, width * 0.36);
  const row = isNarrow ? 56 : 40;
  const plot = width - names - 44;
  const largest = Math.max(1, ...bars.map(total));
  const wholeOf = (bar: Bar) => (areShares ? Math.max(1, total(bar)) : largest);
  return draw(width, bars.length * row + 4, {
    // Names above the bars take the upper part of each row: the bars move down by half of it.
    grid: isNarrow
      ? { left: 0, right: 44, top: 14, bottom: -10 }
      : { left: names, right: 44, top: 2, bottom: 2 },
    xAxis: { type: "value", max: 1, show: false },
    yAxis: {
      type: "category",
      inverse: true,
      data: bars.map((bar) => bar.name),
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: {
        show: !isNarrow,
        color: "var(--ink)",
        fontSize: TEXT,
        interval: 0,
        overflow: "truncate",
        margin: 10,
        // Letters of some typefaces are wider than the library thinks.
        width: (names - 22) * 0.86,
      },
    },
    series: [
      ...(isNarrow ? [namesAbove(bars, width)] : []),
      ...series.map((each) => ({
        ...partOf(each),
        barWidth: 26,
        data: bars.map((bar) => {
          const count = bar.values[each.key] ?? 0;
          return withLabel(count, each, {
            along: (count / wholeOf(bar)) * plot,
            value: count / wholeOf(bar),
          });
        }),
      })),
      totals(bars, "right"),
    ],
  });
}

/** Stacked columns over time, such as the hours of a day, as SVG to be put into a page. */
export function stackedColumns(bars: Bar[], series: Series[], width: number, height: number): string {
  const largest = Math.max(1, ...bars.map(total));
  const perVisit = (height - 56) / largest;
  return draw(width, height, {
    grid: { left: 4, right: 4, top: 26, bottom: 30 },
    yAxis: { type: "value", max: largest, show: false },
    xAxis: {
      type: "category",
      data: bars.map((bar) => bar.name),
      axisLine: { lineStyle: { color: "var(--line-strong)" } },
      axisTick: { show: false },
      axisLabel: { color: "var(--ink-soft)", fontSize: TEXT, hideOverlap: true },
    },
    series: [
      ...series.map((each) => ({
        ...partOf(each),
        barCategoryGap: "18%",
        barMaxWidth: 64,
        data: bars.map((bar) => {
          const count = bar.values[each.key] ?? 0;
          return withLabel(count, each, { along: count * perVisit, across: width / bars.length });
        }),
      })),
      totals(bars, "top"),
    ],
  });
}

const total = (bar: Bar) => Object.values(bar.values).reduce((sum, count) => sum + count, 0);

/** What all parts of a kind have in common. The hair of space between parts keeps them apart in black and white. */
function partOf({ name, color, ink, pattern }: Series) {
  return {
    name,
    type: "bar",
    stack: "all",
    silent: true,
    itemStyle: {
      // `withPatterns` makes lines and dots of it.
      color: pattern === "plain" ? color : `${pattern} ${color}`,
      borderColor: "var(--surface)",
      borderWidth: 1.5,
    },
    label: {
      color: ink,
      fontSize: TEXT,
      position: "inside",
      // Letters stand on the colour itself, not on its pattern.
      textBorderColor: color,
      textBorderWidth: pattern === "plain" ? 0 : 4,
    },
  };
}

/**
 * A part says its shape and number where it is large enough for them. `along` and `across` are its pixels; `value` is
 * what its length is drawn from, where that is not the number.
 */
function withLabel(
  count: number,
  series: Series,
  { along, across = 26, value = count }: { along: number; across?: number; value?: number },
) {
  const text = `${series.mark} ${count}`;
  const needed = text.length * TEXT * 0.62 + 6;
  const isRow = across === 26;
  const fits = isRow ? along >= needed : along >= TEXT + 6 && across * 0.82 >= needed;
  return fits && count > 0 ? { value, label: { show: true, formatter: text } } : value;
}

/** The name of each bar above its start. */
function namesAbove(bars: Bar[], width: number) {
  return {
    type: "bar",
    stack: "all",
    silent: true,
    barWidth: 26,
    data: bars.map((bar) => ({
      value: 0,
      label: {
        show: true,
        position: [0, -20],
        formatter: () => bar.name,
        color: "var(--ink)",
        fontSize: TEXT,
        width: width * 0.88,
        overflow: "truncate",
      },
    })),
  };
}

/** The whole of each bar, written behind its end. */
function totals(bars: Bar[], position: "right" | "top") {
  return {
    type: "bar",
    stack: "all",
    silent: true,
    itemStyle: { color: "none" },
    data: bars.map((bar) => ({
      value: 0,
      label: {
        show: true,
        position,
        formatter: total(bar) === 0 ? "" : String(total(bar)),
        color: "var(--ink)",
        fontSize: TEXT,
        fontWeight: 600,
      },
    })),
  };
}

interface Drawing {
  setOption(option: object): void;
  renderToSVGString(options: { useViewBox: boolean }): string;
  dispose(): void;
}

/**
 * Drawings that were made before, by what they were made from: one takes several milliseconds, a report has a dozen, and
 * most of them are the same the next time that somebody looks. The one that was looked at longest ago goes first.
 */
const drawings = new Map<string, string>();
const MOST_DRAWINGS = 200;

/**
 * An SVG to be put into a page, `width` by `height` CSS pixels, of what the library `echarts` calls an option. A function in
 * it depends on its parameters alone, or has none.
 */
export function draw(width: number, height: number, option: object): string {
  const key = createHash("sha256")
    .update(JSON.stringify([width, height, option], withFunctions))
    .digest("hex");
  const svg = drawings.get(key) ?? drawn(width, height, option);
  drawings.delete(key);
  drawings.set(key, svg);
  const [oldest] = drawings.keys();
  if (drawings.size > MOST_DRAWINGS && oldest) drawings.delete(oldest);
  return svg;
}

function withFunctions(_key: string, value: unknown): unknown {
  if (typeof value !== "function") return value;
  return value.length === 0 ? value() : String(value);
}

function drawn(width: number, height: number, option: object): string {
  // Loading it takes longer than starting the whole program: only a page with a chart waits for it.
  const echarts = require("echarts/dist/echarts.common.min") as {
    init(element: null, theme: null, options: object): Drawing;
  };
  const drawing = echarts.init(null, null, { ssr: true, renderer: "svg", width, height });
  try {
    drawing.setOption({ animation: false, ...option });
    return forThePage(drawing.renderToSVGString({ useViewBox: true }));
  } finally {
    drawing.dispose();
  }
}

/**
 * An SVG that says everything in attributes: the pages' rules of security allow no style inside an element.
 * Type and size of its text are the page's, and screen readers are given the label and the table beside it.
 */
function forThePage(svg: string): string {
  return withPatterns(svg)
    .replace(/<style[\s\S]*?<\/style>/g, "")
    .replace(/ (?:class|ecmeta_\w+)="[^"]*"/g, "")
    .replace(/ style="([^"]*)"/g, (_all, style: string) => attributesOf(style))
    .replace(/<rect [^>]*fill="none"><\/rect>\n?/, "")
    .replace("<svg ", '<svg aria-hidden="true" focusable="false" ');
}

/**
 * Draws the patterns of parts as lines and dots. What SVG has for it, and the library uses, becomes a picture a part where a
 * browser makes a PDF: pages that are not sharp, in a file of megabytes. It also takes the library as long as all the rest.
 */
function withPatterns(svg: string): string {
  return svg.replace(
    /<path d="M(\S+) (\S+)l(\S+) 0l0 (\S+)l\S+ 0Z" fill="(lines|dots|grid) [^"]+"[^>]*><\/path>/g,
    (part, x: string, y: string, width: string, height: string, pattern: Pattern) => {
      const box = { x: +x + 1, y: +y + 1, width: +width - 2, height: +height - 2 };
      return part.replace(`"${pattern} `, '"') + drawnPattern(pattern, box);
    },
  );
}

/** Fine enough to leave a part its colour, plain enough to be told apart without. Measures in pixels. */
function drawnPattern(
  pattern: Pattern,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
): string {
  if (width <= 0 || height <= 0) return "";
  const [right, bottom] = [x + width, y + height];
  const strokes: string[] = [];
  const at = (first: number, second: number) =>
    `${Math.round(first * 10) / 10} ${Math.round(second * 10) / 10}`;
  if (pattern === "lines") {
    for (let foot = x - height + 4; foot < right; foot += 7) {
      const [from, to] = [Math.max(foot, x), Math.min(foot + height, right)];
      strokes.push(`M${at(from, bottom - (from - foot))}L${at(to, bottom - (to - foot))}`);
    }
  } else {
    const isGrid = pattern === "grid";
    for (let row = 0; y + 3 + row * 5 < bottom; row++) {
      const line = y + 3 + row * 5;
      if (isGrid) strokes.push(`M${at(x, line)}H${Math.round(right * 10) / 10}`);
      else
        for (let dot = x + (row % 2 ? 7.5 : 2.5); dot < right - 1; dot += 10)
          strokes.push(`M${at(dot, line)}h0`);
    }
  }
  const thick = { lines: 2, dots: 3.4, grid: 1.2, plain: 0 }[pattern];
  return `<path d="${strokes.join("")}" fill="none" stroke="var(--surface)" stroke-opacity="0.3" stroke-width="${thick}" stroke-linecap="${pattern === "dots" ? "round" : "butt"}"></path>`;
}

function attributesOf(style: string): string {
  return style
    .split(";")
    .map((declaration) => declaration.split(":"))
    .filter(([name]) => name === "font-size" || name === "font-weight")
    .map(([name, value]) => ` ${name}="${value}"`)
    .join("");
}

/** A chart in the two widths in which pages show it, and the table behind it. */
export interface Chart {
  label: string;
  wide: string;
  narrow: string;
  head: string;
  columns: Series[];
  rows: Bar[];
}

export const WIDE = 820;
export const NARROW = 326;

/** The charts of a report, by what they show. */
export type ChartName = "days" | "platforms" | "interest" | "projects" | "booths" | "topics" | "experts";

/** Below this nobody can tell a platform's visitors from chance: they are shown together. */
const FEW_NOTED = 5;

/**
 * The charts of a report; those without anything to show are left out. `nameOfExpert` gives the name behind an expert's
 * slug.
 */
export function chartsOf(
  { figures, lists }: Report,
  nameOfExpert: (slug: string) => string,
): Partial<Record<ChartName, Chart>> {
  if (figures.visits === 0) return {};
  const ofList = (list: keyof typeof lists, counts: Counts, table: Table) =>
    barsOf(
      table,
      ranked(counts).map(([slug]) => slug),
      (slug) => nameOf(lists, list, slug),
    );
  return {
    days: chartOf(
      "Conversations by day and category",
      "Day",
      barsOf(withOtherDays(figures, figures.dayByCategory), daysOf(figures), (day) =>
        nameOfDay(figures, day),
      ),
      CATEGORY_SERIES,
    ),
    platforms: chartOf(
      "What visitors use today, by category",
      "Platform",
      ofList("platforms", figures.platform, figures.platformByCategory),
      CATEGORY_SERIES,
    ),
    interest: chartOf(
      "How far the light went on, by what visitors use today",
      "Platform",
      ofList("platforms", totalsOf(figures.interestByPlatform), figures.interestByPlatform),
      INTEREST_SERIES,
      { areShares: true },
    ),
    projects: chartOf(
      "Conversations by project and category",
      "Project",
      ofList("projects", figures.project, figures.projectByCategory),
      CATEGORY_SERIES,
    ),
    booths: chartOf(
      "Conversations by booth and category",
      "Booth",
      ofList("booths", figures.booth, figures.boothByCategory),
      CATEGORY_SERIES,
    ),
    topics: chartOf(
      "Questions by topic and state",
      "Topic",
      ofList("topics", figures.topicOfQuestion, figures.stateByTopic),
      STATE_SERIES,
    ),
    experts: chartOf(
      "Questions by expert and state",
      "Expert",
      barsOf(
        figures.stateByExpert,
        ranked(totalsOf(figures.stateByExpert)).map(([slug]) => slug),
        nameOfExpert,
      ),
      STATE_SERIES,
    ),
  };
}

function chartOf(label: string, head: string, bars: Bar[], columns: Series[], how: Rows = {}) {
  if (bars.length === 0) return undefined;
  const shown = withOthers(how.areShares ? withoutFew(bars) : bars);
  return {
    label,
    head,
    columns,
    rows: bars,
    wide: stackedRows(shown, columns, WIDE, how),
    narrow: stackedRows(shown, columns, NARROW, how),
  };
}

/** Bars of which shares are shown: those of a handful are one. */
function withoutFew(bars: Bar[]): Bar[] {
  const few = bars.filter((bar) => total(bar) < FEW_NOTED);
  if (few.length < 2) return bars;
  return [...bars.filter((bar) => total(bar) >= FEW_NOTED), together(few)];
}

/** How much each row of a table is in all. */
export function totalsOf(table: Table): Counts {
  return Object.fromEntries(Object.entries(table).map(([key, counts]) => [key, totalOf(counts)]));
}
