import { areAlike, partsOf } from "../../rules";

/** What was asked in a column or several: the same is one, whatever little words it was asked with. */
export interface Asked {
  text: string;
  /** How often it came in each column. */
  times: number[];
}

/** As many rows a table shows. */
const MOST_ROWS = 12;

/**
 * What was asked, what is nearly the same put together under the words that come first, the most asked of the last
 * column first. `asked`: a few hundred at most, each compared with each.
 */
export function askedRows(asked: Asked[]): Asked[] {
  const rows: (Asked & { parts: Set<string> })[] = [];
  for (const { text, times } of asked) {
    const parts = partsOf(text);
    const row = rows.find((each) => areAlike(each.parts, parts));
    if (row) row.times = row.times.map((count, column) => count + (times[column] ?? 0));
    else rows.push({ text, times, parts });
  }
  return rows.map(({ text, times }) => ({ text, times })).sort((a, b) => inOrder(a.times, b.times));
}

/** Of all rows those that a table shows: half of them what the last column asked most, half what those before it did. */
export function askedMost(rows: Asked[], most = MOST_ROWS): Asked[] {
  const before = ({ times }: Asked) => Math.max(0, ...times.slice(0, -1));
  const first = rows.slice(0, most / 2);
  const rest = rows.slice(most / 2).sort((a, b) => before(b) - before(a));
  return [...first, ...rest.slice(0, most - first.length)].sort((a, b) => inOrder(a.times, b.times));
}

/** The most asked of the last column first; where these are alike, of the one before it. */
function inOrder(a: number[], b: number[]): number {
  for (let column = a.length - 1; column >= 0; column -= 1) {
    const more = (b[column] ?? 0) - (a[column] ?? 0);
    if (more !== 0) return more;
  }
  return 0;
}
