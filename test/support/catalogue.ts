import { sql } from "kysely";
import type { Database } from "../../src/database/open";

/**
 * The database's own word for its tables, each with its columns; both sorted. What the search is made of is another on
 * each engine, and follows from the rest: only what waits to be indexed is named, and the figures that are kept.
 */
export async function catalogueOf(db: Database): Promise<Record<string, string[]>> {
  const { rows } =
    db.engine === "sqlite"
      ? await sql<{ table: string; column: string }>`
          SELECT tables.name AS "table", columns.name AS "column"
          FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns
          WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%'
            AND (tables.name NOT LIKE 'search_%' OR tables.name = 'search_waiting') AND tables.name <> 'kept_made'
        `.execute(db.read)
      : await sql<{ table: string; column: string }>`
          SELECT table_name AS "table", column_name AS "column"
          FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT IN ('search_documents', 'search_made', 'kept_made')
        `.execute(db.read);
  const tables: Record<string, string[]> = {};
  for (const { table, column } of rows) tables[table] = [...(tables[table] ?? []), column];
  return Object.fromEntries(
    Object.entries(tables)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([table, columns]) => [table, columns.sort()]),
  );
}

/** Everything that the database holds, table by table: two of these tell whether anything was changed. */
export async function contentOf(db: Database, except: string[] = []): Promise<Record<string, string[]>> {
  const content: Record<string, string[]> = {};
  for (const table of Object.keys(await catalogueOf(db))) {
    if (except.includes(table)) continue;
    const { rows } = await sql`SELECT * FROM ${sql.table(table)}`.execute(db.read);
    content[table] = rows.map((row) => JSON.stringify(row)).sort();
  }
  return content;
}
