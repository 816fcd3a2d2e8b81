import { sql } from "kysely";
import { compiledOnce } from "./compiled";
import type { Database } from "./open";

const STAMP = {
  sqlite: compiledOnce(() => sql`PRAGMA data_version`),
  postgres: compiledOnce(() => sql`SELECT pg_current_snapshot()::text AS stamp`),
};

/**
 * Says the same as long as nothing has been committed to the database, whoever commits: this program, another one on the
 * same database, or somebody at its command line. One look costs no more than a page of the file's head.
 *
 * On SQLite a number of the reading connection (https://sqlite.org/pragma.html#pragma_data_version), so it is worth nothing
 * to another one; on PostgreSQL the snapshot itself: what is visible follows from it alone
 * (https://www.postgresql.org/docs/current/functions-info.html, `pg_current_snapshot`).
 */
export async function stampOf({ engine, read }: Pick<Database, "engine" | "read">): Promise<string> {
  const [row] = await STAMP[engine](read, {});
  return JSON.stringify(row);
}

/**
 * Reads each thing once for as long as nothing is committed: requests that come in one burst share what `load` has read for
 * the first of them. What it gives is everybody's, so nobody may change it.
 */
export function untilCommit<T>(
  db: Pick<Database, "engine" | "read">,
  load: (key: string) => Promise<T>,
): (key: string) => Promise<T> {
  let known = { stamp: "", read: new Map<string, Promise<T>>() };
  return async (key) => {
    const stamp = await stampOf(db);
    if (stamp !== known.stamp) known = { stamp, read: new Map() };
    const { read } = known;
    const there = read.get(key);
    if (there) return there;
    const loading = load(key);
    read.set(key, loading);
    loading.catch(() => read.delete(key));
    return loading;
  };
}
