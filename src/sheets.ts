import { CsvError, parse } from "csv-parse/sync";
import { Problem } from "./errors";

/** What a cell holds: text, a number, or nothing. */
export type Cell = string | number | null;

/** What a spreadsheet starts to calculate with; also after blanks, and in the wide forms that some normalize. */
const FORMULA = /^[\s\p{C}]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/u;
/**
 * Digits and what stands around them, currencies too: a spreadsheet takes it for a number, a date or a time. The first digit can
 * be one alone, so that a long text is read once and not from each of its digits.
 */
const LOOKS_LIKE_A_NUMBER = /^[\s.,:;/()'%+\p{Sc}-]*\d[\d\s.,:;/()'%+\p{Sc}-]*$|^\d+(\.\d+)?e[+-]?\d+$/iu;
/** A number that a spreadsheet shows as it was written. */
const SAFE_NUMBER = /^(0|[1-9]\d{0,10})$/;
/** Our own days and times, which should become days and times, and ids, which no spreadsheet takes for anything. */
const OUR_OWN = /^\d{4}-\d\d-\d\d( \d\d:\d\d)?$|^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** What becomes a date ("Mar 1", "1 May 2014", the badge "MAR1"), a time ("5 pm") or a truth value. */
const LOOKS_LIKE_A_DATE =
  /^(\d{1,4}[\s.,/-]*)?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?([\s.,/-]*\d{1,4}){0,2}$/i;
const LOOKS_LIKE_A_TIME = /^\d{1,2}(:\d\d){0,2}\s*[ap]\.?(m\.?)?$/i;
const LOOKS_LIKE_TRUTH = /^(true|false)$/i;
const LONGEST_DATE = 24;
const BEGINS_WITH_A_LETTER = /^[a-z]/i;
const NEEDS_QUOTES = /[",\r\n]/;

/** Whether a spreadsheet would make something else of a text, were it not for an apostrophe. */
function isMistaken(text: string): boolean {
  const isWord = text.length <= LONGEST_DATE && isMistakenWord(text);
  // Most texts begin so, and are told apart without a look at the rest of them.
  if (isWord || BEGINS_WITH_A_LETTER.test(text)) return isWord;
  return (
    FORMULA.test(text) || (LOOKS_LIKE_A_NUMBER.test(text) && !SAFE_NUMBER.test(text) && !OUR_OWN.test(text))
  );
}

function isMistakenWord(text: string): boolean {
  return (
    (/\d/.test(text) && (LOOKS_LIKE_A_DATE.test(text) || LOOKS_LIKE_A_TIME.test(text))) ||
    LOOKS_LIKE_TRUTH.test(text)
  );
}

/**
 * A cell for a spreadsheet that reads CSV. Text that it would run as a formula (OWASP, "CSV Injection") or
 * turn into another number or a date (a phone number's "+" and leading zeros) gets an apostrophe in front, which
 * keeps it text everywhere and leaves it readable; so does such a text that has apostrophes already, so that
 * `fromSheets` gives back what was there. All other text, and numbers, stay as they are.
 */
export function forSheets(cell: Cell): Cell {
  if (typeof cell !== "string") return cell;
  return isMistaken(cell.startsWith("'") ? cell.replace(/^'+/, "") : cell) ? `'${cell}` : cell;
}

/** A text as it was before `forSheets` put an apostrophe in front of it. */
export function fromSheets(text: string): string {
  return text.startsWith("'") && isMistaken(text.replace(/^'+/, "")) ? text.slice(1) : text;
}

/**
 * The first line of a CSV file as RFC 4180 has it, with a byte order mark: without it Excel takes the accents for
 * something else.
 */
export function csvHead(headings: string[]): string {
  return `\uFEFF${csvLines([headings])}`;
}

/** Rows of such a file. */
export function csvLines(rows: Cell[][]): string {
  return rows.map((cells) => `${cells.map(csvCell).join(",")}\r\n`).join("");
}

/**
 * A cell of such a file, made fit for spreadsheets and quoted where RFC 4180 wants it: a lone line break too, at which
 * readers part rows. Why not by a library: docs/decisions/0027-exports.md.
 */
export function csvCell(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  const text = forSheets(cell) as string;
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A line of a CSV file: its number, as an editor counts, and its cells as they were before they were made fit for spreadsheets. */
export interface Line {
  line: number;
  cells: string[];
}

/** The text of a file, and whether its encoding had to be guessed. */
export interface DecodedText {
  text: string;
  isGuess: boolean;
}

/**
 * The text of a CSV file, whoever wrote it: UTF-8 with a byte order mark or without, UTF-16 with one ("Unicode text" of
 * Excel), and as a guess what Excel writes by itself in western countries. Throws a Problem where it is no text.
 */
export function decoded(bytes: Uint8Array): DecodedText {
  const [first, second, third, fourth] = bytes;
  if (first === 0x50 && second === 0x4b && third === 0x03 && fourth === 0x04) {
    throw new Problem(
      "invalid",
      "This is a spreadsheet's own file. Save it as “CSV UTF-8” there, and bring that in.",
    );
  }
  if (first === 0xff && second === 0xfe) return sure("utf-16le", bytes);
  if (first === 0xfe && second === 0xff) return sure("utf-16be", bytes);
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), isGuess: false };
  } catch {
    // Windows-1252 has a letter for nearly every byte: what no text has tells that it is none.
    if (bytes.some((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)) {
      throw new Problem(
        "invalid",
        "This is not a text file. Save the list as “CSV UTF-8”, and bring that in.",
      );
    }
    return { text: new TextDecoder("windows-1252").decode(bytes), isGuess: true };
  }
}

function sure(encoding: string, bytes: Uint8Array): DecodedText {
  return { text: new TextDecoder(encoding).decode(bytes), isGuess: false };
}

/**
 * The lines of a CSV file that are not empty. Cells are parted by commas, semicolons or tabs, whichever the first line has
 * most of; lines end as on Windows, Linux or an old Mac. Throws a Problem where a quotation mark is never closed.
 */
export function csvRead(text: string): Line[] {
  const said = /^\uFEFF?sep=([,;\t])(\r\n|\n|\r)/.exec(text);
  const body = said ? text.slice(said[0].length) : text.replace(/^\uFEFF/, "");
  try {
    const records = parse(body, {
      delimiter: said?.[1] ?? delimiterOf(body),
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      relax_quotes: true,
      info: true,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    let line = said ? 2 : 1;
    return records.flatMap(({ record }) => {
      const at = line;
      // The library counts where a record ends; people look for where it begins.
      line += 1 + record.reduce((sum, cell) => sum + (cell.match(/\r\n|\n|\r/g)?.length ?? 0), 0);
      const cells = record.map(fromSheets);
      return cells.every((cell) => cell.trim() === "") ? [] : [{ line: at, cells }];
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new Problem(
      "invalid",
      "A quotation mark in this file is opened and never closed, so nobody can tell where its cells end.",
    );
  }
}

function delimiterOf(text: string): string {
  const head = (/^(?:"(?:[^"]|"")*"|[^\r\n"])*/.exec(text)?.[0] ?? "").replace(/"(?:[^"]|"")*"/g, "");
  const count = (mark: string) => head.split(mark).length;
  return [",", ";", "\t"].sort((a, b) => count(b) - count(a))[0] as string;
}
