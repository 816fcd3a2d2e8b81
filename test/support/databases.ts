import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import type { PGlite } from "@electric-sql/pglite";
import type { PostgresPool, PostgresPoolClient } from "kysely";
import { type Database, openDatabase, openPostgres, sqliteFile } from "../../src/database/open";

export const ENGINES = ["sqlite", "postgres"] as const;
export type Engine = (typeof ENGINES)[number];

/** A clock that tests set. It stands at a time in the middle of the test event. */
export const NOON = Date.UTC(2024, 1, 3, 11, 0);

/** A file without anything in it that is of this version. Migrating an empty one takes longer than many a test. */
async function migrated(): Promise<Buffer> {
  const dataDir = temporaryFolder();
  await (await openDatabase({ dataDir }, NOON)).close();
  const file = readFileSync(sqliteFile(dataDir));
  rmSync(dataDir, { recursive: true });
  return file;
}

/** A fresh database of the engine, brought to this version; `close` takes its files away too. */
export async function freshDatabase(engine: Engine = "sqlite"): Promise<Database> {
  if (engine === "postgres") return openPostgres(await emptyPostgres(), NOON);
  const dataDir = temporaryFolder();
  writeFileSync(sqliteFile(dataDir), await globalThis.ofThisProcess("migrated", migrated), { mode: 0o600 });
  const db = await openDatabase({ dataDir }, NOON);
  return {
    ...db,
    close: async () => {
      await db.close();
      rmSync(dataDir, { recursive: true });
    },
  };
}

export function temporaryFolder(): string {
  return mkdtempSync(path.join(root, "boothlight test "));
}

const MEMORY = "/dev/shm";
const ENOUGH = 2 ** 30;

/** In memory where there is enough of it: a test waits for the disk at every commit, thousands of times. */
const root = hasRoom(MEMORY) ? MEMORY : os.tmpdir();

function hasRoom(folder: string): boolean {
  if (!existsSync(folder)) return false;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize > ENOUGH;
}

/** A schema that the program's own migrations made is only emptied: making it again takes longer than most tests. */
async function empty(server: PGlite): Promise<void> {
  // What a test left half done.
  await server.exec("ROLLBACK");
  if (!(await isOwn(server))) {
    await server.exec("DROP SCHEMA public CASCADE; CREATE SCHEMA public;");
    return;
  }
  const { rows } = await server.query<{ tablename: string }>(
    `SELECT tablename FROM pg_tables WHERE schemaname = 'public'
     AND tablename NOT IN ('migrations', 'search_made', 'kept_made')`,
  );
  // Without triggers, foreign keys among them, the order does not matter.
  const deletions = rows.map(({ tablename }) => `DELETE FROM "${tablename}";`).join(" ");
  await server.exec(
    `SET session_replication_role = replica; ${deletions} SET session_replication_role = DEFAULT`,
  );
}

const MIGRATIONS = readdirSync(path.resolve(__dirname, "../../db/migrations")).sort().join(" ");

async function isOwn(server: PGlite): Promise<boolean> {
  const made = await server.query("SELECT 1 FROM pg_tables WHERE tablename IN ('migrations', 'kept_made')");
  if (made.rows.length < 2) return false;
  const { rows } = await server.query<{ name: string }>(
    "SELECT string_agg(name, ' ' ORDER BY name) AS name FROM migrations",
  );
  return rows[0]?.name === MIGRATIONS;
}

declare global {
  var ofThisProcess: <T>(name: string, make: () => T) => T;
  var postgresOfThisProcess: () => Promise<PGlite>;
}

/**
 * PostgreSQL in the process, emptied, behind the interface of a pool. It has one connection, so whoever wants
 * it waits until it is given back.
 */
async function emptyPostgres(): Promise<PostgresPool> {
  const server = await globalThis.postgresOfThisProcess();
  await empty(server);
  let turn: Promise<void> = Promise.resolve();
  return {
    async connect() {
      const before = turn;
      let giveBack = () => {};
      turn = new Promise((resolve) => {
        giveBack = resolve;
      });
      await before;
      const client = {
        async query(text: string, values: readonly unknown[] = []) {
          // With values it takes five turns with the server, without them one.
          const [result] =
            values.length > 0 ? [await server.query(text, [...values])] : await server.exec(text);
          if (!result) throw new Error(`Nothing came of ${text}.`);
          const command = /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase();
          return { command, rows: result.rows, rowCount: result.affectedRows ?? result.rows.length };
        },
        release: () => giveBack(),
      };
      return client as unknown as PostgresPoolClient;
    },
    end: async () => {},
  };
}
