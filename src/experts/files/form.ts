import { Problem } from "../../errors";
import { csvRead, decoded } from "../../sheets";
import { tidy } from "../../text";
import { checkExpert, type ExpertFields, KINDS, type TypedExpert, usualWay, WAYS } from "../form";
import { languagesToChoose } from "../rules";
import { COLUMNS, type Column, foldedName, type LineProblem, type Match, type ReadLine } from "./rules";

/** The largest file of experts, in bytes: more than ten times what the most lines come to. */
const LARGEST = 2 * 1024 * 1024;
const MOST_LINES = 5000;

/** What a file is read beside: the names that it may use, and who is there. */
export interface Around {
  topics: { slug: string; name: string }[];
  projects: { slug: string; name: string }[];
  experts: Match[];
  /** The time zone of a new expert of whom the file does not say. */
  timeZone: string;
}

/** A file as it was read. */
export interface ReadFile {
  lines: ReadLine[];
  /** The headings of columns that say nothing to this program. */
  unknown: string[];
  /** The encoding had to be guessed: accents may be wrong. */
  isGuess: boolean;
}

/**
 * Reads a CSV file of experts. A line with a problem holds up no other. A column that is left out leaves what is there as
 * it is. Throws a Problem of one sentence where it is no such file.
 */
export function readExperts(bytes: Uint8Array, around: Around): ReadFile {
  if (bytes.length > LARGEST) {
    throw new Problem(
      "invalid",
      "This file is larger than 2 MB: that is no list of experts. Nothing was read.",
    );
  }
  const { text, isGuess } = decoded(bytes);
  const [head, ...rows] = csvRead(text);
  if (!head) throw new Problem("invalid", "There is nothing in this file.");
  const { columns, unknown } = columnsIn(head.cells);
  if (rows.length > MOST_LINES) {
    throw new Problem(
      "invalid",
      `There are ${rows.length} experts in this file; ${MOST_LINES} can be brought in at a time. Nothing was read.`,
    );
  }
  const find = finderOf(around.experts);
  const read = { topics: readerOf(around.topics), projects: readerOf(around.projects) };
  const lines = rows.map(({ line, cells }) => {
    const said = new Map(columns.map((column, index) => [column?.key, tidy(cells[index] ?? "")]));
    const extra = cells.slice(columns.length).some((cell) => cell.trim() !== "");
    return readLine(line, said as Said, extra, { find, read, timeZone: around.timeZone });
  });
  return { lines, unknown, isGuess };
}

type Said = Map<Column["key"], string>;

/** Which columns a file has, by its first line; undefined for one that says nothing to this program. */
function columnsIn(headings: string[]): { columns: (Column | undefined)[]; unknown: string[] } {
  const folded = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
  const columns = headings.map((heading) =>
    COLUMNS.find(({ key, heading: own }) => [folded(key), folded(own)].includes(folded(heading))),
  );
  const twice = columns.find((column, index) => column && columns.indexOf(column) !== index);
  if (twice) throw new Problem("invalid", `The column “${twice.heading}” is in this file twice.`);
  if (!columns.some((column) => column?.key === "name")) {
    throw new Problem(
      "invalid",
      `This file has no column “Name”. Its first line should name its columns: ${COLUMNS.map((column) => column.heading).join(", ")}.`,
    );
  }
  const unknown = headings.filter((heading, index) => !columns[index] && heading.trim() !== "");
  return { columns, unknown };
}

interface Tools {
  find: ReturnType<typeof finderOf>;
  read: Record<"topics" | "projects", ReturnType<typeof readerOf>>;
  timeZone: string;
}

function readLine(line: number, said: Said, hasMore: boolean, tools: Tools): ReadLine {
  const name = said.get("name") ?? "";
  const bad = (problems: LineProblem[]): ReadLine => ({ line, name, ok: false, problems });
  if (hasMore) {
    return bad([{ column: "", message: "There are more cells than columns. Is a quotation mark missing?" }]);
  }
  const slug = said.get("slug") || undefined;
  const { match, problem } = tools.find(slug, name);
  if (problem) return bad([problem]);
  const problems: LineProblem[] = [];
  if (slug && !match && !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(slug)) {
    const message = "This should be small letters and digits, with single hyphens between them.";
    problems.push({ column: "Short name", message });
  }
  const typed = typedIn(said, match, tools, problems);
  const checked = checkExpert(typed, said.has("webhook") ? "" : match?.webhook);
  const known = new Set(problems.map(({ column }) => column));
  if (!checked.ok) {
    for (const { field, message } of checked.problems) {
      const [key] = field.split(".");
      const column = COLUMNS.find((each) => each.key === key)?.heading ?? "";
      if (!known.has(column)) problems.push({ column, message: inFile(key, message, said) });
      known.add(column);
    }
  }
  if (!checked.ok || problems.length > 0) return bad(problems);
  return { line, name: checked.value.name, ok: true, fields: checked.value, slug, match };
}

/** A message of the form, where a file's words are others. */
function inFile(field: string | undefined, message: string, said: Said): string {
  if (field === "webhook" && !said.get("webhook")) {
    return "The webhook's address is not in this file. Add it, or write “hand” under “Reached by”.";
  }
  return message;
}

/** What a line says, as if it had been typed; what it does not say is as it is, or as a new expert has it. */
function typedIn(said: Said, match: Match | undefined, tools: Tools, problems: LineProblem[]): TypedExpert {
  const note = (column: string, message: string) => void problems.push({ column, message });
  /** Text that may be empty. */
  const text = (key: "address" | "webhook" | "weekly" | "awayFrom" | "awayUntil") =>
    said.get(key) ?? String(match?.[key] ?? "");
  /** What nobody can be without: an empty cell leaves it as it is. */
  const choice = <T extends string>(key: Column["key"], choices: Record<string, T>, otherwise: T): T => {
    const cell = said.get(key);
    if (!cell) return otherwise;
    const chosen = choices[cell.toLowerCase().replace(/[\s_-]+/g, "")];
    if (chosen === undefined) {
      const names = [...new Set(Object.values(choices))];
      note(
        COLUMNS.find((column) => column.key === key)?.heading ?? "",
        `“${cell}” should be ${names.slice(0, -1).join(", ")} or ${names.at(-1)}.`,
      );
    }
    return chosen ?? otherwise;
  };
  const kind = choice("kind", KIND_WORDS, match?.kind ?? "person");
  const [address, webhook] = [text("address"), text("webhook")];
  return {
    name: said.get("name") ?? "",
    kind,
    address,
    webhook: said.has("webhook") ? webhook : "",
    reachedBy: choice("reachedBy", WAY_WORDS, match?.reachedBy ?? usualWay({ kind, address, webhook })),
    topics: listIn("topics", "Topics"),
    projects: listIn("projects", "Projects"),
    languages: said.has("languages") ? languagesIn(said.get("languages") ?? "") : (match?.languages ?? []),
    timeZone: said.get("timeZone") || (match?.timeZone ?? tools.timeZone),
    weekly: text("weekly"),
    awayFrom: dayIn(text("awayFrom")),
    awayUntil: dayIn(text("awayUntil")),
    hidden: choice("hidden", OFFERED_WORDS, match?.hidden ? "no" : "yes") === "no",
  };

  function listIn(key: "topics" | "projects", heading: string): string[] {
    const cell = said.get(key);
    if (cell === undefined) return match?.[key] ?? [];
    const { slugs, unclear } = tools.read[key](cell);
    if (unclear.length > 0)
      note(heading, `${inQuotes(unclear)} ${unclear.length > 1 ? "are" : "is"} not known here.`);
    return slugs;
  }

  function languagesIn(cell: string): string[] {
    const { slugs, unclear } = languageReader()(cell);
    if (unclear.length > 0) {
      note("Languages", `${inQuotes(unclear)}: write codes such as de, or names such as German.`);
    }
    return slugs;
  }
}

const inQuotes = (texts: string[]) => texts.map((text) => `“${text}”`).join(", ");

const KIND_WORDS = {
  ...Object.fromEntries(KINDS.map((kind) => [kind.replace("-", ""), kind])),
  list: "mailing-list",
  channel: "chat",
  chatchannel: "chat",
} as Record<string, ExpertFields["kind"]>;
const WAY_WORDS = {
  ...Object.fromEntries(WAYS.flatMap((way) => [way, `by${way}`].map((word) => [word, way]))),
  email: "mail",
  byemail: "mail",
} as Record<string, ExpertFields["reachedBy"]>;
const OFFERED_WORDS: Record<string, "yes" | "no"> = {
  yes: "yes",
  no: "no",
  true: "yes",
  false: "no",
  "1": "yes",
  "0": "no",
};

/** A day as spreadsheets save it again: 2026-05-03, 2026/05/03 or 3.5.2026. With slashes nobody can tell day and month apart. */
function dayIn(cell: string): string {
  const [, day, month, year] = /^(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})$/.exec(cell) ?? [];
  if (day && month && year) return `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  return cell.replace(/^(\d{4})\/(\d\d)\/(\d\d)$/, "$1-$2-$3");
}

/** Reads cells with several short names or names in them. */
function readerOf(known: { slug: string; name: string }[]) {
  const slugOf = new Map([
    ...known.map(({ slug, name }): [string, string] => [foldedName(name), slug]),
    ...known.map(({ slug }): [string, string] => [slug, slug]),
  ]);
  const find = (word: string) =>
    slugOf.get(foldedName(word)) ?? (/^[a-z0-9]+(-[a-z0-9]+)*$/.test(word) ? word : undefined);
  return (cell: string): { slugs: string[]; unclear: string[] } => {
    const words = partsOf(cell, (word) => find(word) !== undefined);
    const slugs = words.flatMap((word) => find(word) ?? []);
    return { slugs: [...new Set(slugs)], unclear: words.filter((word) => find(word) === undefined) };
  };
}

let readLanguages: ReturnType<typeof readerOf> | undefined;

/** The same for languages, of which all are known. */
function languageReader(): ReturnType<typeof readerOf> {
  readLanguages ??= (() => {
    const names = languagesToChoose();
    const codeOf = new Map<string, string>(
      names.flatMap(({ code, own, english }) =>
        [code, foldedName(own), foldedName(english)].map((word) => [word, code]),
      ),
    );
    const find = (word: string) => codeOf.get(foldedName(word));
    return (cell: string) => {
      const words = partsOf(cell, (word) => find(word) !== undefined);
      const slugs = words.flatMap((word) => find(word) ?? []);
      return { slugs: [...new Set(slugs)], unclear: words.filter((word) => find(word) === undefined) };
    };
  })();
  return readLanguages;
}

/** The words of a cell: parted by semicolons or lines, or by commas where it has neither and is no word as a whole. */
function partsOf(cell: string, isKnown: (word: string) => boolean): string[] {
  const parts = (mark: RegExp) =>
    cell
      .split(mark)
      .map((part) => part.trim())
      .filter(Boolean);
  return /[;\n\r]/.test(cell) || isKnown(cell) ? parts(/[;\n\r]/) : parts(/,/);
}

/** Finds who a line is about: by the short name where there is one, else by the name. */
function finderOf(experts: Match[]) {
  const bySlug = new Map(experts.map((expert) => [expert.slug, expert]));
  const byName = new Map<string, Match[]>();
  for (const expert of experts) {
    const name = foldedName(expert.name);
    byName.set(name, [...(byName.get(name) ?? []), expert]);
  }
  return (slug: string | undefined, name: string): { match?: Match; problem?: LineProblem } => {
    if (slug) return { match: bySlug.get(slug) };
    const [first, second] = byName.get(foldedName(name)) ?? [];
    if (!second) return { match: first };
    const message = `There are several experts of this name. Say which by the short name: ${(byName.get(foldedName(name)) ?? []).map((each) => each.slug).join(", ")}.`;
    return { problem: { column: "Name", message } };
  };
}
