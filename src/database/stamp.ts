import { sql } from "kysely";
import type { Database } from "./open";

/**
 * Says the same as long as nothing has been committed to the database, whoever commits: this program, another one on the
 * same database, or somebody at its command line. One look costs no more than a page of the file's head.
 *
 * On SQLite a number of the reading connection (https://sqlite.org/pragma.html#pragma_data_version), so it is worth nothing
 * to another one; on PostgreSQL the snapshot itself: what is visible follows from it alone
 * (https://www.postgresql.org/docs/current/functions-info.html, `pg_current_snapshot`).
 */
export async function stampOf({ engine, read }: Pick<Database, "engine" | "read">): Promise<string> {
  const query =
    engine === "sqlite"
      ? sql<{ stamp: unknown }>`PRAGMA data_version`
      : sql<{ stamp: unknown }>`SELECT pg_current_snapshot()::text AS stamp`;
  const { rows } = await query.execute(read);
  return JSON.stringify(rows[0]);
}
