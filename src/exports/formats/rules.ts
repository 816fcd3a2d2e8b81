import { csvCell, csvHead } from "../../sheets";
import { asText, type Column, type Context, type Value } from "../rules";

/** A format that a list can be written in: what stands before the rows, for some rows, and after them. */
export interface Format<Row> {
  start: string;
  rows(rows: Row[], isFirst: boolean): string;
  end: string;
}

const isNothing = (value: Value) => value === null || (Array.isArray(value) && value.length === 0);

/** A value of a column as people read it; empty where there is none. Several names are parted by semicolons, texts by lines. */
export function inWords(column: Column<never>, value: Value, { clock }: Context): string {
  if (value === null) return "";
  switch (column.type) {
    case "instant":
      return clock.minute(value as number);
    case "yes-no":
      return value ? "yes" : "no";
    case "names":
      return (value as string[]).join("; ");
    case "texts":
      return (value as string[]).join("\n");
    default:
      return String(value);
  }
}

/** More different names than these come from typing, and are not worth keeping. */
const MOST_NAMES = 1000;

/** Cells of names, which come again and again: each is made once. */
function namesOnce(write: (name: string) => string): (name: string) => string {
  const made = new Map<string, string>();
  return (name) => {
    let cell = made.get(name);
    if (cell === undefined) {
      cell = write(name);
      if (made.size < MOST_NAMES) made.set(name, cell);
    }
    return cell;
  };
}

/** How a column is written as CSV. */
function csvColumn<Row>(column: Column<Row>, context: Context): (row: Row) => string {
  const cell = namesOnce(csvCell);
  switch (column.type) {
    case "text":
      return (row) => csvCell(column.get(row, context) as string | null);
    case "name":
      return (row) => {
        const name = column.get(row, context) as string | null;
        return name === null ? "" : cell(name);
      };
    case "names":
      return (row) => {
        const names = column.get(row, context) as string[];
        if (names.length === 0) return "";
        return names.length === 1 ? cell(names[0] as string) : csvCell(names.join("; "));
      };
    case "texts":
      return (row) => {
        const texts = column.get(row, context) as string[];
        return texts.length === 0 ? "" : csvCell(texts.join("\n"));
      };
    case "instant": {
      // Rows come in order of time, and a busy booth has many in a minute.
      let [minute, text] = [Number.NaN, ""];
      return (row) => {
        const at = column.get(row, context) as number | null;
        if (at === null) return "";
        const of = Math.floor(at / 60_000);
        if (of !== minute) [minute, text] = [of, context.clock.minute(at)];
        return text;
      };
    }
    case "yes-no":
      return (row) => inWords(column, column.get(row, context), context);
    default:
      // What the program made by itself needs no quotes, and no spreadsheet takes it for anything else.
      return (row) => {
        const value = column.get(row, context) as string | number | null;
        return value === null ? "" : String(value);
      };
  }
}

/** CSV for spreadsheets. */
export function csv<Row>(columns: Column<Row>[], context: Context): Format<Row> {
  const writers = columns.map((column) => csvColumn(column, context));
  const [first, ...others] = writers as [(typeof writers)[number], ...typeof writers];
  return {
    start: csvHead(columns.map(({ heading }) => heading)),
    rows: (rows) => {
      // Adding piece by piece is what the engine does fastest: a list to join takes half as long again.
      let text = "";
      for (const row of rows) {
        text += first(row);
        for (const write of others) {
          text += ",";
          text += write(row);
        }
        text += "\r\n";
      }
      return text;
    },
    end: "",
  };
}

/** A row as JSON: every text as it was typed, lists as lists, instants in ISO 8601 with the event's offset. */
function jsonRow<Row>(columns: Column<Row>[], context: Context): (row: Row) => string {
  return (row) => {
    const entries = columns.map((column) => {
      const value = column.get(row, context);
      return [
        column.key,
        column.type === "instant" && value !== null ? context.clock.iso(value as number) : value,
      ];
    });
    return JSON.stringify(Object.fromEntries(entries));
  };
}

/** A JSON list with an object a row. */
export function json<Row>(columns: Column<Row>[], context: Context): Format<Row> {
  const write = jsonRow(columns, context);
  return {
    start: "[",
    rows: (rows, isFirst) => `${isFirst ? "" : ","}\n${rows.map(write).join(",\n")}`,
    end: "\n]\n",
  };
}

/** JSON Lines: the same objects, one a line. */
export function jsonLines<Row>(columns: Column<Row>[], context: Context): Format<Row> {
  const write = jsonRow(columns, context);
  return { start: "", rows: (rows) => rows.map((row) => `${write(row)}\n`).join(""), end: "" };
}

/**
 * A checklist in Markdown, to paste into an issue tracker: the question, ticked where it is answered, and what is known
 * under it.
 */
export function checklist<Row>(columns: Column<Row>[], context: Context, title: string): Format<Row> {
  const column = (key: string) => columns.find((each) => each.key === key) as Column<Row>;
  const [question, state] = [column("question"), column("state")];
  const shown = columns.filter(({ key }) => !["event", "question", "question_id", "visit_id"].includes(key));
  return {
    start: `# ${inTracker(title)}\n`,
    rows: (rows) =>
      rows
        .map((row) => {
          const isDone = ["answered", "closed"].includes(state.get(row, context) as string);
          const facts = shown.flatMap((each) => {
            const value = each.get(row, context);
            if (isNothing(value)) return [];
            return `    - ${each.heading}: ${inTracker(inWords(each, value, context))}\n`;
          });
          return `\n- [${isDone ? "x" : " "}] ${inTracker(String(question.get(row, context)))}\n${facts.join("")}`;
        })
        .join(""),
    end: "",
  };
}

/**
 * What an issue tracker acts upon, wherever it stands in a text: "@ada" calls a person, "#12", "!12", "GH-12" and
 * "some/project#12" leave a trace in somebody else's issue (GitHub, GitLab and Gitea read them all but in code).
 */
const CALLS = /(?<!\w)(\\?@\w(?:[\w.-]|\\_)*|(?:(?:[\w.-]|\\_)+\/(?:[\w.-]|\\_)+)?\\?[#!]\d+|GH-\d+)/gi;

/** A text as Markdown that shows it, does nothing else, and calls nobody. In code nothing is escaped. */
export function inTracker(typed: string): string {
  return asText(typed)
    .split(CALLS)
    .map((part, index) => (index % 2 === 1 ? `\`${part.replaceAll("\\", "")}\`` : part))
    .join("");
}
