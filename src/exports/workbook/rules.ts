import { once } from "node:events";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import type { Style, stream, Worksheet } from "exceljs";
import type { Column, ColumnType, Context, Value } from "../rules";

/** Of a sheet, the head included: ECMA-376, as all spreadsheets have it. */
const MOST_ROWS = 1_048_576;
/** Of a cell, in UTF-16 units. */
const MOST_CHARACTERS = 32_767;
const CUT = " … (cut here: a spreadsheet's cell holds no more; CSV and JSON have all of it)";

/** Rows between two turns of everybody else, in which what was written is taken: a millisecond. */
const ROWS_A_TURN = 20;

/** What XML cannot hold (XML 1.0, "Char"), or changes (a carriage return). */
const NOT_IN_XML = /(?![\t\n\u007F-\u009F])\p{Cc}|[\uFFFE\uFFFF]|_(?=x[\dA-Fa-f]{4}_)/gu;

/**
 * A text as a cell holds it, where lines end with a line feed. What XML cannot hold is written as ECMA-376 has it ("ST_Xstring": `_x000D_`), which
 * spreadsheets read back to what it was; so is what somebody typed that looks like that. (A delete character, U+007F, exceljs leaves out.) What is too long for a cell is
 * cut, and says so.
 */
export function textForWorkbook(text: string): string {
  let fitting = text.replaceAll("\r\n", "\n");
  if (fitting.length > MOST_CHARACTERS) {
    // Never within a character of two halves.
    fitting = `${fitting.slice(0, MOST_CHARACTERS - CUT.length).replace(/[\uD800-\uDBFF]$/, "")}${CUT}`;
  }
  return fitting.replace(
    NOT_IN_XML,
    (each) => `_x${each.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}_`,
  );
}

/** A cell of exceljs: texts as runs, which it writes as texts; a plain one it would write as a formula's result. */
const textCell = (text: string) => ({ richText: [{ text: textForWorkbook(text) }] });

/** Undefined: no cell at all. */
function cellOf(type: ColumnType, value: Value, { clock }: Context) {
  if (value === null) return undefined;
  switch (type) {
    case "number":
      return value as number;
    case "instant":
      return clock.wall(value as number);
    case "day":
      return new Date(`${value}T00:00:00Z`);
    case "yes-no":
      return textCell(value ? "yes" : "no");
    case "names":
    case "texts": {
      const all = value as string[];
      return all.length === 0 ? undefined : textCell(all.join(type === "names" ? "; " : "\n"));
    }
    default:
      return textCell(value as string);
  }
}

const TOP = { alignment: { vertical: "top" } } as const;
const WRAPPED = { alignment: { vertical: "top", wrapText: true } } as const;
/** How wide the columns of a type are, in characters, and how they are shown. */
const LOOKS: Record<ColumnType, { width: number; style: Partial<Style> }> = {
  text: { width: 32, style: WRAPPED },
  texts: { width: 48, style: WRAPPED },
  names: { width: 28, style: WRAPPED },
  name: { width: 18, style: TOP },
  id: { width: 38, style: TOP },
  number: { width: 10, style: TOP },
  "yes-no": { width: 10, style: TOP },
  instant: { width: 17, style: { ...TOP, numFmt: "yyyy-mm-dd hh:mm" } },
  day: { width: 12, style: { ...TOP, numFmt: "yyyy-mm-dd" } },
};
/** What people write most in has more room. */
const WIDE = ["question", "answer", "note"];

/**
 * A list as a workbook (XLSX), written while it is read: typed cells, a head that stays in view and filters. `made`: when.
 * Whoever stops reading it stops the reading of `pages`; what fails there ends it.
 */
export function workbook<Row>(
  { title, columns, context, made }: { title: string; columns: Column<Row>[]; context: Context; made: Date },
  pages: AsyncIterable<Row[]>,
): Readable {
  const out = new PassThrough();
  const left = new AbortController();
  out.once("close", () => left.abort());
  write(out, left.signal).catch((error) => out.destroy(error));
  return out;

  async function write(file: Writable, isLeft: AbortSignal): Promise<void> {
    // A large library, which few runs of the program need.
    const { default: exceljs } = await import("exceljs");
    const options = { stream: file, useStyles: true, useSharedStrings: false, created: made, modified: made };
    const book = new exceljs.stream.xlsx.WorkbookWriter({
      ...options,
      creator: "Boothlight",
    } as typeof options);
    let [sheet, rows, sheets] = [newSheet(book, title), 1, 1];
    for await (const page of pages) {
      for (const row of page) {
        if (rows === MOST_ROWS) {
          finish(sheet, rows);
          sheets += 1;
          [sheet, rows] = [newSheet(book, `${title} ${sheets}`), 1];
        }
        addTo(sheet, row);
        rows += 1;
        if (rows % ROWS_A_TURN === 0) await roomIn(sheet, isLeft);
        if (isLeft.aborted) return;
      }
    }
    finish(sheet, rows);
    await book.commit();
  }

  function newSheet(book: stream.xlsx.WorkbookWriter, name: string): Worksheet {
    const sheet = book.addWorksheet(name, { views: [{ state: "frozen", ySplit: 1 }] });
    sheet.columns = columns.map(({ type, key }) => ({ width: WIDE.includes(key) ? 60 : LOOKS[type].width }));
    const head = sheet.addRow(columns.map(({ heading }) => textCell(heading)));
    head.eachCell((cell) => {
      cell.style = { font: { bold: true }, alignment: { vertical: "middle" } };
    });
    head.commit();
    return sheet;
  }

  function addTo(sheet: Worksheet, values: Row): void {
    const row = sheet.addRow(columns.map(({ type, get }) => cellOf(type, get(values, context), context)));
    row.eachCell((cell, place) => {
      // One look for all cells of a type: exceljs writes out each one that it has not seen, and remembers it.
      cell.style = LOOKS[(columns[place - 1] as Column<Row>).type].style;
    });
    row.commit();
  }

  function finish(sheet: Worksheet, rows: number): void {
    sheet.autoFilter = { from: { row: 1, column: 1 }, to: { row: rows, column: columns.length } };
    (sheet as Worksheet & { commit(): void }).commit();
  }
}

/** A stream as exceljs's parts have it, of an age in which streams did not say yet how full they are. */
type OldStream = Writable & { _writableState: { needDrain: boolean } };

/** What exceljs writes a sheet into keeps whatever is not taken from it yet: so we wait until it was. */
async function roomIn(sheet: Worksheet, isLeft: AbortSignal): Promise<void> {
  await nextTurn();
  const { pipes } = (sheet as Worksheet & { stream: { pipes: OldStream[] } }).stream;
  // A second sheet is taken once the first one is through.
  while (pipes.length === 0 && !isLeft.aborted) await pause(5);
  const [zip] = pipes;
  if (zip?._writableState.needDrain) await once(zip, "drain", { signal: isLeft }).catch(() => {});
}
