import { stat, statfs } from "node:fs/promises";
import { sql } from "kysely";
import { type Database, sqliteFile } from "./open";

/** Bytes. What is not a file of this laptop, or cannot be found out, is undefined. */
export interface Sizes {
  /** All that is kept. */
  database?: number;
  /** What is written and not in the database's file yet. */
  wal?: number;
  /** Free on the disk of the data folder, for this user. */
  room?: number;
  /** All of that disk. */
  disk?: number;
}

/** How large the database is, and how much room there is for more. Cheap: no table is read. */
export async function sizesOf({ engine, read }: Database, dataDir: string): Promise<Sizes> {
  const disk = await statfs(dataDir).catch(() => undefined);
  const room = disk && { room: disk.bavail * disk.bsize, disk: disk.blocks * disk.bsize };
  if (engine === "postgres") {
    const { rows } = await sql<{
      bytes: number;
    }>`SELECT pg_database_size(current_database()) AS bytes`.execute(read);
    return { database: Number(rows[0]?.bytes), ...room };
  }
  const pages = await sql<{ page_count: number }>`PRAGMA page_count`.execute(read);
  const size = await sql<{ page_size: number }>`PRAGMA page_size`.execute(read);
  const wal = await stat(`${sqliteFile(dataDir)}-wal`).catch(() => undefined);
  const database = Number(pages.rows[0]?.page_count) * Number(size.rows[0]?.page_size);
  return { database, wal: wal?.size, ...room };
}
