import { existsSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { PGlite } from "@electric-sql/pglite";
import type { PostgresPool, PostgresPoolClient } from "kysely";
import { type Database, openDatabase, openPostgres } from "../../src/database/open";

export const ENGINES = ["sqlite", "postgres"] as const;
export type Engine = (typeof ENGINES)[number];

/** A clock that tests set. It stands at a time in the middle of the test event. */
export const NOON = Date.UTC(2024, 1, 3, 11, 0);

/** A fresh database of the engine, brought to this version; `close` takes its files away too. */
export async function freshDatabase(engine: Engine = "sqlite"): Promise<Database> {
  if (engine === "postgres") return openPostgres(await emptyPostgres(), NOON);
  const dataDir = temporaryFolder();
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

declare global {
  var postgresOfThisFile: () => Promise<PGlite>;
}

/**
 * PostgreSQL in the process, emptied, behind the interface of a pool. It has one connection, so whoever wants
 * it waits until it is given back.
 */
async function emptyPostgres(): Promise<PostgresPool> {
  const server = await globalThis.postgresOfThisFile();
  await server.exec("DROP SCHEMA public CASCADE; CREATE SCHEMA public;");
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
          const result = await server.query(text, [...values]);
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
