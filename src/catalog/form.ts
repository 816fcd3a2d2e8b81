import { z } from "zod";
import type { Instant } from "../database/tables";
import { type Checked, check, type FieldProblem } from "../errors";
import { instantOf } from "../events/rules";
import { someWords, words } from "../text";
import type { ListName } from "./store";

/** The most entries of one list: what staff can still choose from, and what one form can send. */
export const MOST_ENTRIES = 400;

/** What an entry says, besides its slug. */
export const entryName = someWords(200);
export const keywordList = z.array(someWords(60)).max(40);
export const pieces = z.int().min(0).max(10_000_000);

/** What a form says of a list: entries that are there with their new words, and lines to add. */
export interface ListEdit {
  changed: EntryWords[];
  added: Omit<EntryWords, "id">[];
  /** Entries to take out of sight, or to bring back. */
  hide?: string;
  show?: string;
  up?: string;
  down?: string;
}

export interface EntryWords {
  id: string;
  name: string;
  keywords?: string[];
  shipped?: number | null;
  arrived?: number | null;
  /** When the last piece went; null: there are some. */
  ranOutAt?: Instant | null;
}

const keywordsTyped = words(2000)
  .transform((text) => [...new Set(text.split(",").map((each) => each.trim()))].filter(Boolean))
  .pipe(keywordList);

const piecesTyped = words(12)
  .refine((text) => /^\d*$/.test(text), "This should be a whole number, or empty.")
  .transform((text) => (text === "" ? null : Number(text)))
  .pipe(pieces.nullable());

const plain = z.object({ name: entryName });
const ROWS = {
  booths: plain,
  projects: plain,
  topics: plain.extend({ keywords: keywordsTyped.optional() }),
  platforms: plain,
  remarks: plain,
  giveaways: plain.extend({ shipped: piecesTyped.optional(), arrived: piecesTyped.optional() }),
};
/** What a row of a list has besides its name: the fields of the form, in the order in which they stand. */
export const COLUMNS: Record<ListName, readonly ("keywords" | "shipped" | "arrived")[]> = {
  booths: [],
  projects: [],
  topics: ["keywords"],
  platforms: [],
  remarks: [],
  giveaways: ["shipped", "arrived"],
};

/**
 * Reads the form of one list. A row's fields are named `name.ID`, `keywords.ID`, …; `added` holds new entries,
 * one a line. Problems are named by the same fields. Times are on the clocks of `zone`; a giveaway that has run out has
 * done so `now`, until somebody says better.
 */
export function checkList(
  list: ListName,
  body: Record<string, unknown>,
  kept: { id: string; name: string }[],
  clock: { zone: string; now: Instant },
): Checked<ListEdit> {
  const problems: FieldProblem[] = [];
  const names = new Map(kept.map((entry) => [entry.id, entry.name]));
  const changed: EntryWords[] = [];
  for (const { id } of kept) {
    if (body[`name.${id}`] === undefined) continue;
    const typed = { name: body[`name.${id}`], ...columnsTyped(list, body, id) };
    const row = check<z.ZodType<Omit<EntryWords, "id">>>(ROWS[list], typed);
    const ranOut = list === "giveaways" ? checkRanOut(body, id, clock) : undefined;
    if (ranOut?.problem) problems.push(ranOut.problem);
    if (row.ok) {
      changed.push({ id, ...row.value, ...(ranOut && { ranOutAt: ranOut.at }) });
      names.set(id, row.value.name);
    } else {
      problems.push(...row.problems.map((each) => ({ ...each, field: `${each.field.split(".")[0]}.${id}` })));
    }
  }
  const added = checkLines(list, textOf(body.added));
  if (!added.ok) problems.push({ field: `added.${list}`, message: added.problems[0]?.message as string });
  else if (names.size + added.value.length > MOST_ENTRIES) {
    problems.push({ field: `added.${list}`, message: `A list holds ${MOST_ENTRIES} entries at most.` });
  }
  const seen = new Set<string>();
  const isTwice = (name: string) => seen.size === seen.add(name.toLowerCase()).size;
  for (const [id, name] of names) {
    if (isTwice(name)) {
      problems.push({ field: `name.${id}`, message: `“${name}” is in this list already.` });
    }
  }
  const twice = added.ok && added.value.find(({ name }) => isTwice(name));
  if (twice) problems.push({ field: `added.${list}`, message: `“${twice.name}” is in this list already.` });
  if (problems.length > 0 || !added.ok) return { ok: false, problems };
  const { hide, show, up, down } = body;
  const id = (value: unknown) => (typeof value === "string" && names.has(value) ? value : undefined);
  return {
    ok: true,
    value: { changed, added: added.value, hide: id(hide), show: id(show), up: id(up), down: id(down) },
  };
}

/**
 * Reads new entries, one a line. A topic's keywords stand behind a colon ("Storage: nfs, disk"),
 * a giveaway's shipped pieces as well ("T-shirt: 200").
 */
export function checkLines(list: ListName, text: string): Checked<Omit<EntryWords, "id">[]> {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);
  const entries: Omit<EntryWords, "id">[] = [];
  for (const line of lines) {
    const [first] = COLUMNS[list];
    const cut = first ? line.indexOf(":") : -1;
    const typed =
      cut < 0 ? { name: line } : { name: line.slice(0, cut), [first as string]: line.slice(cut + 1) };
    const entry = check<z.ZodType<Omit<EntryWords, "id">>>(ROWS[list], typed);
    if (!entry.ok) {
      return {
        ok: false,
        problems: entry.problems.map((each) => ({
          field: each.field,
          message: `“${line.slice(0, 60)}”: ${each.message}`,
        })),
      };
    }
    entries.push(entry.value);
  }
  return { ok: true, value: entries };
}

const MINUTE = 60_000;

/** When a giveaway ran out: pressed just now, taken back, or as its field says. Undefined: nothing is said of it. */
function checkRanOut(
  body: Record<string, unknown>,
  id: string,
  { zone, now }: { zone: string; now: Instant },
): { at?: Instant | null; problem?: FieldProblem } {
  if (body.ranOut === id) return { at: Math.floor(now / MINUTE) * MINUTE };
  if (body.restocked === id) return { at: null };
  const field = `ranOutAt.${id}`;
  if (body[field] === undefined) return {};
  const typed = textOf(body[field]).trim();
  const at = typed === "" ? null : instantOf(typed, zone);
  return at === undefined ? { problem: { field, message: "This should be a day and a time." } } : { at };
}

function columnsTyped(list: ListName, body: Record<string, unknown>, id: string) {
  const typed = COLUMNS[list].map((column) => [column, body[`${column}.${id}`]] as const);
  return Object.fromEntries(typed.filter(([, value]) => value !== undefined));
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
