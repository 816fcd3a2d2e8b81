import { terms } from "../../../questions/terms/rules";

/** One of the questions that were asked most in a column: similar ones are one. */
export interface Asked {
  text: string;
  /** What it has in common with all that ask the same in other order or form, at any event; null where it was not indexed. */
  likeness: string | null;
  times: number;
}

/** A question over all columns: as it was worded last, and how often it came in each. */
export interface AskedRow {
  text: string;
  times: number[];
}

/** As many of the most asked questions of each column are looked at. */
export const TOP = 20;
/** A question that came once is no "top question". */
const LEAST_TIMES = 2;
/** As many rows a table shows. */
const MOST_ROWS = 12;

/** So much of all their terms have two questions to share to be taken for one. */
const NEAR = 0.6;
const LEAST_SHARED = 2;

interface Group {
  text: string;
  likenesses: Set<string>;
  terms: Set<string>;
  times: number[];
}

/**
 * The questions that were asked more than once somewhere, each with how often it came in every column, the most asked
 * of the last column first. `asked`: of each column in time its most asked ones; `timesOf`: how often questions of a
 * likeness came in each column, asked most or not. Those of different likeness are one where most of their words are.
 */
export function askedRows(asked: Asked[][], timesOf: ReadonlyMap<string, number[]>): AskedRow[] {
  const groups: Group[] = [];
  // The latest first: a question is shown as it was worded last.
  for (const [column, questions] of [...asked.entries()].reverse()) {
    for (const question of questions) addTo(groups, question, column, asked.length, timesOf);
  }
  return groups
    .filter(({ times }) => Math.max(...times) >= LEAST_TIMES)
    .map(({ text, times }) => ({ text, times }))
    .sort((a, b) => inOrder(a.times, b.times))
    .slice(0, MOST_ROWS);
}

function addTo(
  groups: Group[],
  { text, likeness, times }: Asked,
  column: number,
  columns: number,
  timesOf: ReadonlyMap<string, number[]>,
): void {
  const own = new Set(terms(text));
  let group = groups.find(
    (each) => (likeness !== null && each.likenesses.has(likeness)) || isNear(each.terms, own),
  );
  if (!group) {
    group = { text, likenesses: new Set(), terms: own, times: Array(columns).fill(0) };
    groups.push(group);
  }
  const counted = (likeness !== null && timesOf.get(likeness)) || undefined;
  if (likeness !== null && counted) {
    if (group.likenesses.has(likeness)) return;
    group.likenesses.add(likeness);
    for (const [place, count] of counted.entries()) group.times[place] = (group.times[place] ?? 0) + count;
  } else {
    group.times[column] = (group.times[column] ?? 0) + times;
  }
}

/** Whether two questions share most of their terms. */
function isNear(a: Set<string>, b: Set<string>): boolean {
  const shared = [...a].filter((term) => b.has(term)).length;
  return shared >= LEAST_SHARED && shared / (a.size + b.size - shared) >= NEAR;
}

/** The most asked of the last column first; where these are alike, of the one before it. */
function inOrder(a: number[], b: number[]): number {
  for (let column = a.length - 1; column >= 0; column -= 1) {
    const more = (b[column] ?? 0) - (a[column] ?? 0);
    if (more !== 0) return more;
  }
  return 0;
}
