import { existsSync } from "node:fs";
import path from "node:path";
import BetterSqlite3 from "better-sqlite3";

/** A file that lies in a data folder while its data is being replaced, with what is to stay erased. */
export const UNFINISHED = "restore-under-way";

/** What is held as long as somebody works on a data folder. */
export interface Lock {
  release(): void;
}

/**
 * Says that somebody works on the data of a folder: any number may at a time. Whoever wants to take the data itself away
 * asks for it `alone`, and gets undefined while anybody works on it.
 *
 * It is a lock of the operating system on an empty file, by way of SQLite, which knows how on every system: it ends with
 * the program that holds it, however that ends, so that none is ever left over. Throws where the folder cannot be written,
 * or its data is being taken away.
 */
export function lockData(dataDir: string, alone = false): Lock | undefined {
  if (!alone && existsSync(path.join(dataDir, UNFINISHED))) {
    throw new Error("a restore was broken off half way. Nothing is lost: run boothlight restore once more");
  }
  const lock = new BetterSqlite3(path.join(dataDir, "in-use.lock"), { timeout: alone ? 0 : 1000 });
  try {
    // Nothing is ever written to it, so a lock is all that comes of this.
    lock.exec(alone ? "BEGIN EXCLUSIVE" : "BEGIN; SELECT count(*) FROM sqlite_master");
  } catch (error) {
    lock.close();
    if ((error as { code?: string }).code !== "SQLITE_BUSY") throw error;
    if (alone) return undefined;
    throw new Error("a backup is being restored to it at this moment");
  }
  return { release: () => lock.close() };
}
