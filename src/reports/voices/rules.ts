import type { Category } from "../../database/tables";
import { NONE } from "../../exports/rules";

/** What somebody of the booth wrote beside a visit. */
export interface Note {
  visitId: string;
  text: string;
  category: Category;
  /** YYYY-MM-DD in the event's zone. */
  day: string;
  /** Slugs of the remarks that were heard in the same visit. */
  remarks: string[];
}

/** A note as it stands in the report: word for word, but for what tells who it was. */
export interface Quote {
  text: string;
  category: Category;
  day: string;
}

/** So many quotes stand under a remark. */
const MOST_QUOTES = 2;
/** Three words and a letter to begin with: less than that says nothing to somebody who was not there. */
const QUOTABLE = /^["“”«»‘’„'(]*\p{L}\S*\s+\S+\s+\S+/u;

/**
 * Which notes speak for which remark, by its slug. A note stands under one remark alone, and before those of visits in
 * which several were heard come those that can mean this one only. The same words do not stand twice.
 * `notes`: the newest first. `remarks`: slugs, those that choose first.
 */
export function notesByRemark(notes: Note[], remarks: string[]): Map<string, Note[]> {
  const used = new Set<string>();
  const sure = [...notes].sort((a, b) => a.remarks.length - b.remarks.length);
  const chosen = remarks.map((remark): [string, Note[]] => {
    const own: Note[] = [];
    for (const note of sure) {
      const words = note.text.replace(/\s+/g, " ").toLowerCase();
      if (own.length === MOST_QUOTES) break;
      if (!note.remarks.includes(remark) || used.has(words) || !QUOTABLE.test(note.text)) continue;
      used.add(words);
      own.push(note);
    }
    return [remark, own];
  });
  return new Map(chosen);
}

/** A question that is with nobody. */
export interface Unanswered {
  id: string;
  text: string;
  /** The topic's slug, or "(none)". */
  topic: string;
  /** Somebody had it and gave it back, or their time ran out. */
  cameBack: boolean;
}

/** A topic on which questions are left, with some of them. */
export interface Gap {
  topic: string;
  /** Somebody in the directory answers on it. */
  isCovered: boolean;
  asked: number;
  open: number;
  questions: Unanswered[];
}

/** So many topics are shown with their questions, and so many questions of each. */
const MOST_GAPS = 6;
export const MOST_EXAMPLES = 3;

/**
 * Where the expertise was missing: topics that were asked about and nobody in the directory answers on come first, then those
 * of which most questions are with nobody; what has no topic comes last. `open` and `asked`: questions by topic.
 */
export function gapsOf(
  {
    open,
    asked,
    covered,
  }: { open: Record<string, number>; asked: Record<string, number>; covered: string[] },
  unanswered: Unanswered[],
): Gap[] {
  const gaps = Object.entries(asked).map(
    ([topic, count]): Gap => ({
      topic,
      isCovered: topic === NONE || covered.includes(topic),
      asked: count,
      open: open[topic] ?? 0,
      questions: unanswered.filter((question) => question.topic === topic).slice(0, MOST_EXAMPLES),
    }),
  );
  return gaps
    .filter((gap) => gap.open > 0 || !gap.isCovered)
    .sort(
      (a, b) =>
        Number(a.topic === NONE) - Number(b.topic === NONE) ||
        Number(a.isCovered) - Number(b.isCovered) ||
        b.open - a.open ||
        b.asked - a.asked ||
        (a.topic < b.topic ? -1 : 1),
    )
    .slice(0, MOST_GAPS);
}

/** Rows by what they belong to, in the order in which they come. */
export function grouped<Row>(rows: Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
}

/** The first of each group of rows. */
export function firstOfEach<Row>(rows: Row[], keyOf: (row: Row) => string): Row[] {
  return [...grouped(rows, keyOf).values()].flatMap((same) => same.slice(0, 1));
}
