import { draw } from "../../charts/rules";
import { type Section, shareInWords } from "../rules";

/** A column's sign in pictures: told apart by shape and by being filled or not, not by colour. */
export interface Sign {
  mark: string;
  symbol: string;
  rotate?: number;
  isFilled: boolean;
}

const OTHERS: Sign[] = [
  { mark: "◇", symbol: "diamond", isFilled: false },
  { mark: "□", symbol: "rect", isFilled: false },
  { mark: "△", symbol: "triangle", isFilled: false },
  { mark: "▽", symbol: "triangle", rotate: 180, isFilled: false },
  { mark: "○", symbol: "circle", isFilled: false },
];
const LATEST: Sign = { mark: "●", symbol: "circle", isFilled: true };

/** The signs of so many columns in order of time: the one at `latest` is filled, because all is seen from there. */
export function signsOf(columns: number, latest: number): Sign[] {
  const others = [...OTHERS];
  return Array.from({ length: columns }, (_, column) =>
    column === latest ? LATEST : (others.shift() ?? LATEST),
  );
}

/** As many rows a picture shows; the others are in the table. */
export const MOST_DRAWN = 8;

const TEXT = 14;
/** Below this width names stand above their dots. */
const SIDE_BY_SIDE = 500;
/** From one column's dot to the next one's below it. */
const STEP = 20;
const SPAN = 4;
/** What stands behind the end of the longest interval: "100%". */
const BEHIND = 52;

/**
 * Shares as dots in their intervals, the columns of each row below one another, as SVG to be put into a page. `width` in
 * CSS pixels; the height follows from what is in it.
 */
export function intervalDots({ rows }: Section, signs: Sign[], width: number): string {
  const columns = signs.length;
  const shown = rows.slice(0, MOST_DRAWN);
  const isNarrow = width < SIDE_BY_SIDE;
  const longest = Math.max(...shown.map(({ name }) => name.length));
  const names = isNarrow ? 0 : Math.min(longest * TEXT * 0.56 + 24, width * 0.36);
  const row = columns * STEP + (isNarrow ? 36 : 16);
  const ends = shown.flatMap(({ cells }) => cells.map(({ interval }) => interval?.high ?? 0));
  const longestEnd = Math.max(0.1, ...ends);
  const tick = longestEnd > 0.5 ? 0.2 : 0.1;
  const most = Math.min(1, Math.ceil(longestEnd / tick - 1e-9) * tick);
  const height = shown.length * row + 28;
  return draw(width, height, {
    // Names above the dots take the upper part of each row: the dots move down by half of it.
    grid: { left: isNarrow ? 8 : names, right: BEHIND, top: isNarrow ? 12 : 2, bottom: isNarrow ? 14 : 26 },
    xAxis: {
      type: "value",
      max: most,
      interval: tick,
      axisLabel: {
        color: "var(--ink-soft)",
        fontSize: 12,
        formatter: (share: number) => `${Math.round(share * 100)}%`,
        hideOverlap: true,
        margin: isNarrow ? 2 : 8,
      },
      splitLine: { lineStyle: { color: "var(--line)" } },
    },
    yAxis: {
      type: "category",
      inverse: true,
      data: shown.map(({ name }) => name),
      axisLine: { show: !isNarrow, lineStyle: { color: "var(--line-strong)" } },
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
    series: signs.flatMap((sign, column) => {
      const cells = shown.map(({ cells }) => cells[column]);
      const color = sign.isFilled ? "var(--accent)" : "var(--ink-soft)";
      const bar = {
        type: "bar",
        stack: `column ${column}`,
        silent: true,
        barWidth: SPAN,
        barGap: `${((STEP - SPAN) / SPAN) * 100}%`,
      };
      return [
        {
          ...bar,
          itemStyle: { color: "none" },
          data: cells.map((cell, place) => ({
            value: cell?.interval?.low ?? 0,
            label: {
              show: isNarrow && column === 0,
              position: [0, -26],
              formatter: () => shown[place]?.name ?? "",
              color: "var(--ink)",
              fontSize: TEXT,
              width: width * 0.94,
              overflow: "truncate",
            },
          })),
        },
        {
          ...bar,
          itemStyle: { color, borderRadius: SPAN / 2 },
          data: cells.map((cell) => ({
            value: cell?.interval ? cell.interval.high - cell.interval.low : 0,
            label: {
              show: true,
              position: "right",
              distance: 8,
              formatter: () => (cell?.interval ? (shareInWords(cell).split(" (")[0] ?? "") : ""),
              color: sign.isFilled ? "var(--ink)" : "var(--ink-soft)",
              fontSize: TEXT - 1,
              fontWeight: sign.isFilled ? 600 : 400,
            },
          })),
        },
        {
          type: "scatter",
          silent: true,
          z: 3,
          symbol: sign.symbol,
          symbolRotate: sign.rotate ?? 0,
          symbolSize: sign.isFilled ? 11 : 10,
          symbolOffset: [0, (column - (columns - 1) / 2) * STEP],
          itemStyle: {
            color: sign.isFilled ? color : "var(--ground)",
            borderColor: color,
            borderWidth: 2,
            opacity: 1,
          },
          data: cells.flatMap((cell, place) => (cell?.interval ? [[cell.part / cell.whole, place]] : [])),
        },
      ];
    }),
  });
}

/** Counts of one row as small bars on one scale, an SVG each: the largest takes the whole width. */
export function countBars(counts: (number | null)[]): string[] {
  const largest = Math.max(...counts.map((count) => count ?? 0));
  return counts.map((count) => {
    const width = largest > 0 ? Math.round(((count ?? 0) / largest) * 1000) / 10 : 0;
    return `<svg class="count-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect class="track" width="100" height="6"></rect><rect class="fill" width="${width}" height="6"></rect></svg>`;
  });
}
