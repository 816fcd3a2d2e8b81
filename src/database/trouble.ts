import { accessSync, constants, mkdtempSync, rmdirSync, statfsSync } from "node:fs";
import path from "node:path";
import { Problem } from "../errors";
import { type Say, sayInEnglish } from "../languages/say";
import type { Instant } from "./tables";

/**
 * Why the database takes or gives nothing: the disk is full; it lets nothing be written; the file is damaged; it is no
 * longer where it was; another program holds it; the disk has another fault; a database server does not answer.
 */
export type TroubleKind = "full" | "read-only" | "damaged" | "gone" | "busy" | "failing" | "away";

/** Trouble that has not passed. */
export interface Trouble {
  kind: TroubleKind;
  since: Instant;
}

/**
 * The database cannot save, or read, for a reason that lies outside the program. Whoever asked is told so in plain words,
 * and that it is worth trying again: nothing of what was asked has been done.
 */
export class StorageTrouble extends Problem {
  readonly trouble: TroubleKind;
  readonly #sentence: "refused.cannot-save" | "refused.cannot-read";

  constructor(trouble: TroubleKind, doing: "save" | "read", cause?: unknown) {
    const sentence = doing === "save" ? "refused.cannot-save" : "refused.cannot-read";
    super("unavailable", sentence, [], { why: sayInEnglish(`trouble.${trouble}`) });
    this.trouble = trouble;
    this.#sentence = sentence;
    this.cause = cause;
  }

  override in(say: Say): string {
    return say(this.#sentence, { why: say(`trouble.${this.trouble}`) });
  }
}

/** SQLite's result codes (https://sqlite.org/rescode.html) by how they begin; the first that fits counts. */
const SQLITE: [begins: string, kind: TroubleKind | undefined][] = [
  ["SQLITE_FULL", "full"],
  ["SQLITE_READONLY_DBMOVED", "gone"],
  ["SQLITE_READONLY", "read-only"],
  ["SQLITE_CORRUPT", "damaged"],
  ["SQLITE_NOTADB", "damaged"],
  ["SQLITE_IOERR_CORRUPTFS", "damaged"],
  ["SQLITE_IOERR_DATA", "damaged"],
  ["SQLITE_BUSY", "busy"],
  ["SQLITE_LOCKED", "busy"],
  // Memory is no matter of the disk.
  ["SQLITE_IOERR_NOMEM", undefined],
  ["SQLITE_IOERR", "failing"],
  ["SQLITE_CANTOPEN", "failing"],
  ["SQLITE_PERM", "failing"],
];

/** PostgreSQL's (https://www.postgresql.org/docs/current/errcodes-appendix.html) and those of a connection. */
const POSTGRES: [begins: string, kind: TroubleKind][] = [
  ["53100", "full"],
  ["25006", "read-only"],
  ["XX001", "damaged"],
  ["XX002", "damaged"],
  ["58", "failing"],
  ["55P03", "busy"],
  ["53", "away"],
  ["57P0", "away"],
  ["08", "away"],
  ["ECONN", "away"],
  ["ETIMEDOUT", "away"],
  ["EPIPE", "away"],
  ["EHOSTUNREACH", "away"],
  ["ENETUNREACH", "away"],
  ["ENOTFOUND", "away"],
  ["EAI_AGAIN", "away"],
];

/** What `pg` says without a code where a connection breaks in the middle of a query, or none can be had in time. */
const BROKEN_OFF =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/** The trouble that an error of a database tells of; undefined for any other error. */
export function troubleIn(error: unknown): TroubleKind | undefined {
  if (error instanceof StorageTrouble) return error.trouble;
  if (!(error instanceof Error)) return undefined;
  const { code } = error as { code?: unknown };
  if (typeof code !== "string") return BROKEN_OFF.test(error.message) ? "away" : undefined;
  return [...SQLITE, ...POSTGRES].find(([begins]) => code.startsWith(begins))?.[1];
}

/**
 * What an IO error of an SQLite file comes from, as far as the file system tells: SQLite says the same of a disk that was
 * made read-only as of one that fails.
 */
export function lookedInto(kind: TroubleKind, file: string): TroubleKind {
  if (kind !== "failing") return kind;
  try {
    const { bavail, bsize } = statfsSync(path.dirname(file));
    // What SQLite adds at once: a page and more for the index of its log.
    if (bavail * bsize < 64 * 1024) return "full";
    accessSync(file, constants.W_OK);
    // What the bits allow, a file system that has given up refuses all the same.
    rmdirSync(mkdtempSync(path.join(path.dirname(file), "trying-")));
    return kind;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOSPC") return "full";
    if (code === "EROFS" || code === "EACCES" || code === "EPERM") return "read-only";
    return code === "ENOENT" || code === "ENOTDIR" || code === "ENODEV" ? "gone" : kind;
  }
}
