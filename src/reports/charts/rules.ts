import { NONE } from "../../exports/rules";
import { sayInEnglish } from "../../languages/say";
import { type Counts, OTHER_DAYS, type Table } from "../rules";

/** One kind of thing that bars are made of: its colour, what is written on it, and its shape for eyes without colour. */
export interface Series {
  key: string;
  name: string;
  color: string;
  ink: string;
  mark: string;
}

/** The categories: the same colours and shapes as everywhere (`public/styles/tokens.css`). */
export const CATEGORY_SERIES: Series[] = [
  {
    key: "existing",
    name: sayInEnglish("category.existing"),
    color: "var(--existing)",
    ink: "var(--on-accent)",
    mark: "●",
  },
  {
    key: "curious",
    name: sayInEnglish("category.curious"),
    color: "var(--curious)",
    ink: "var(--curious-ink)",
    mark: "◆",
  },
  { key: "new", name: sayInEnglish("category.new"), color: "var(--new)", ink: "var(--on-accent)", mark: "✸" },
];

/** The states of a question: the circle fills as it goes. */
export const STATE_SERIES: Series[] = [
  { key: "open", name: "Open", color: "var(--light)", ink: "var(--curious-ink)", mark: "○" },
  { key: "routed", name: "Routed", color: "var(--accent)", ink: "var(--on-accent)", mark: "◐" },
  { key: "answered", name: "Answered", color: "var(--good)", ink: "var(--on-accent)", mark: "●" },
  { key: "closed", name: "Closed", color: "var(--ink-soft)", ink: "var(--surface)", mark: "✓" },
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
  const others = named.slice(room);
  const values: Counts = {};
  for (const bar of others) {
    for (const [key, count] of Object.entries(bar.values)) values[key] = (values[key] ?? 0) + count;
  }
  return [...named.slice(0, room), { name: `${others.length} others`, values }, ...apart];
}

const TEXT = 14;

/** Below this width names stand above their bars. */
const SIDE_BY_SIDE = 500;

/**
 * Bars side by side in parts, one row a bar, as SVG to be put into a page: colours come from the page's
 * tokens. `width` in CSS pixels; the height follows from the number of bars.
 */
export function stackedRows(bars: Bar[], series: Series[], width: number): string {
  const isNarrow = width < SIDE_BY_SIDE;
  const longest = Math.max(...bars.map((bar) => bar.name.length));
  const names = isNarrow ? 0 : Math.min(longest * TEXT * 0.56 + 24, width * 0.36);
  const row = isNarrow ? 56 : 40;
  const plot = width - names - 44;
  const largest = Math.max(1, ...bars.map(total));
  return draw(width, bars.length * row + 4, {
    // Names above the bars take the upper part of each row: the bars move down by half of it.
    grid: isNarrow
      ? { left: 0, right: 44, top: 14, bottom: -10 }
      : { left: names, right: 44, top: 2, bottom: 2 },
    xAxis: { type: "value", max: largest, show: false },
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
        width: names - 22,
      },
    },
    series: [
      ...(isNarrow ? [namesAbove(bars, width)] : []),
      ...series.map((each) => ({
        ...partOf(each),
        barWidth: 26,
        data: bars.map((bar) => withLabel(bar.values[each.key] ?? 0, each, plot / largest)),
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
        data: bars.map((bar) => withLabel(bar.values[each.key] ?? 0, each, perVisit, width / bars.length)),
      })),
      totals(bars, "top"),
    ],
  });
}

const total = (bar: Bar) => Object.values(bar.values).reduce((sum, count) => sum + count, 0);

/** What all parts of a kind have in common. The hair of space between parts keeps them apart in black and white. */
function partOf({ name, color }: Series) {
  return {
    name,
    type: "bar",
    stack: "all",
    silent: true,
    itemStyle: { color, borderColor: "var(--surface)", borderWidth: 1.5 },
  };
}

/** A part says its shape and number where it is large enough for them. `scale` is pixels a visit. */
function withLabel(value: number, series: Series, scale: number, across = 26) {
  const along = value * scale;
  const text = `${series.mark} ${value}`;
  const needed = text.length * TEXT * 0.62 + 6;
  const isRow = across === 26;
  const fits = isRow ? along >= needed : along >= TEXT + 6 && across * 0.82 >= needed;
  return {
    value,
    label: {
      show: fits && value > 0,
      formatter: text,
      color: series.ink,
      fontSize: TEXT,
      position: "inside",
    },
  };
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

interface Chart {
  setOption(option: object): void;
  renderToSVGString(options: { useViewBox: boolean }): string;
  dispose(): void;
}

export function draw(width: number, height: number, option: object): string {
  // Loading it takes longer than starting the whole program: only a page with a chart waits for it.
  const echarts = require("echarts/dist/echarts.common.min") as {
    init(element: null, theme: null, options: object): Chart;
  };
  const chart = echarts.init(null, null, { ssr: true, renderer: "svg", width, height });
  try {
    chart.setOption({ animation: false, ...option });
    return forThePage(chart.renderToSVGString({ useViewBox: true }));
  } finally {
    chart.dispose();
  }
}

/**
 * An SVG that says everything in attributes: the pages' rules of security allow no style inside an element.
 * Type and size of its text are the page's, and screen readers are given the label and the table beside it.
 */
function forThePage(svg: string): string {
  return svg
    .replace(/<style[\s\S]*?<\/style>/g, "")
    .replace(/ class="[^"]*"/g, "")
    .replace(/ style="([^"]*)"/g, (_all, style: string) => attributesOf(style))
    .replace(/<rect [^>]*fill="none"><\/rect>\n?/, "")
    .replace("<svg ", '<svg aria-hidden="true" focusable="false" ');
}

function attributesOf(style: string): string {
  return style
    .split(";")
    .map((declaration) => declaration.split(":"))
    .filter(([name]) => name === "font-size" || name === "font-weight")
    .map(([name, value]) => ` ${name}="${value}"`)
    .join("");
}
