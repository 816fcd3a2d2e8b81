import { sql } from "kysely";
import type { Database } from "../../src/database/open";

interface Column {
  table: string;
  column: string;
}

/** Text columns that nobody can put a text of their own into, each with the reason; by table, or in all tables. */
const FIXED: { is: RegExp; why: string }[] = [
  { is: /^(search_|kept_|migrations|sqlite_)/, why: "follows from the others, or is the program's own" },
  { is: /^visit_texts\.text$/, why: "follows from the visit" },
  { is: /(_hash|\.token|\.code|\.likeness)$/, why: "made by the program of random bytes, or a hash" },
  { is: /\.slug$|_slug$/, why: "small letters, digits and hyphens, however it comes in" },
  {
    is: /\.(starts_on|ends_on|local_day|away_from|away_until|until|day)$/,
    why: "a day, as it is computed with",
  },
  { is: /\.time_zone$/, why: "one that is known by name" },
  { is: /\.(language|languages)$/, why: "a code out of a list" },
  { is: /^settings\./, why: "secrets and hashes of the program, shown nowhere" },
  { is: /^texts_to_look_at\.place$/, why: "a kind of text, which the program has" },
  { is: /^activity\.step$/, why: "the name of a step, which the program has" },
  { is: /^contact_exports\.(list|format)$/, why: "names that the program has" },
];

/** Columns that hold JSON, with what people typed somewhere in it: what it becomes. */
const PACKED: Record<string, (kept: unknown, text: string) => unknown> = {
  "topics.keywords": (_kept, text) => [text, text.slice(0, 60)],
  "visit_conflicts.payload": (kept, text) => typed(kept, text),
  "visitor_questions.contact": (_kept, text) => ({ name: text, email: text, consent: ["follow-up"] }),
  "write_ups.front": (_kept, text) => ({
    title: text,
    author: text,
    date: text,
    tags: [text],
    categories: [text],
    [text.slice(0, 40)]: text,
  }),
  "write_ups.published": (kept, text) => (kept ? { visits: text, [text.slice(0, 40)]: text } : null),
  "activity.before": (kept, text) => (kept ? { ...(kept as object), answer: text } : null),
};

/** A record as a tablet sent it, with this in each of its fields that are words. */
function typed(kept: unknown, text: string): unknown {
  const record = kept as Record<string, unknown>;
  const contact = Object.fromEntries(
    ["name", "organization", "role", "email", "phone", "handle", "website", "badge", "note"].map((field) => [
      field,
      text,
    ]),
  );
  return {
    ...record,
    note: text,
    platform: text,
    topics: [text],
    contact: { ...contact, consent: ["follow-up"] },
    questions: [{ text, topic: text }],
  };
}

/** Every column of text that somebody can put words into. Throws for one of a table that has no row. */
async function columnsToFill(db: Database): Promise<Column[]> {
  const { rows } = await sql<Column & { made: string; isKey: number }>`
    SELECT tables.name AS "table", columns.name AS "column", tables.sql AS made,
      columns.pk > 0 AND columns.name LIKE '%id' OR EXISTS (
        SELECT 1 FROM pragma_foreign_key_list(tables.name) AS keys WHERE keys."from" = columns.name
      ) AS "isKey"
    FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns
    WHERE tables.type = 'table' AND columns.type = 'TEXT'
  `.execute(db.read);
  return rows.filter(({ table, column, made, isKey }) => {
    const isChoice = new RegExp(`\\b${column}\\s+TEXT[^,;]*?CHECK \\(${column} IN \\('`).test(made);
    return !isKey && !isChoice && !FIXED.some(({ is }) => is.test(`${table}.${column}`));
  });
}

/**
 * Puts a text into every column of text of every row. `textFor`: which one, of a row and a column by their numbers, and the column's name. Gives how
 * many columns these are. Throws where a table has no row for them: then nothing of it would be seen on any page.
 */
export async function fillEverything(
  db: Database,
  textFor: (row: number, column: number, name: string) => string,
): Promise<string[]> {
  const columns = await columnsToFill(db);
  const empty: string[] = [];
  await db.write(async (writer) => {
    for (const [number, { table, column }] of columns.entries()) {
      const name = `${table}.${column}`;
      const { rows } = await sql<{ rowid: number; value: string | null }>`
        SELECT rowid, ${sql.ref(column)} AS value FROM ${sql.table(table)} ORDER BY rowid
      `.execute(writer);
      if (rows.length === 0) empty.push(name);
      for (const [index, { rowid, value }] of rows.entries()) {
        const text = textFor(index, number, name).replaceAll("\0", "");
        const packed = PACKED[name]?.(value === null ? null : JSON.parse(value), text);
        const filled = PACKED[name] ? packed && JSON.stringify(packed) : text;
        await sql`UPDATE ${sql.table(table)} SET ${sql.ref(column)} = ${filled} WHERE rowid = ${rowid}`.execute(
          writer,
        );
      }
    }
  });
  if (empty.length > 0) {
    throw new Error(
      `Nothing is in ${empty.join(", ")}: test/hostile/cast.ts puts something there, or fill.ts says why not.`,
    );
  }
  return columns.map(({ table, column }) => `${table}.${column}`);
}
