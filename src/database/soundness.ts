import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import BetterSqlite3 from "better-sqlite3";

/** Why a database is not opened. `message` says it in plain words, on one line; the file is left as it was. */
export class UnusableDatabase extends Error {
  constructor(
    readonly file: string,
    /** What is wrong with it, as in "… is damaged: a page is missing". */
    readonly reason: string,
    cause?: unknown,
  ) {
    super(`the database ${file} ${reason}. It was left as it is.`, { cause });
  }
}

/** Files up to this size are looked through at each start: 0.1 s each 100,000 visits (125 MB). Larger ones while the booth runs. */
const LOOKED_THROUGH = 256 * 1024 * 1024;

/** Of the file format: https://sqlite.org/fileformat2.html. Sizes and places in bytes. */
const HEAD = 100;
const MAGIC = "SQLite format 3\0";
const PAGE_SIZE_AT = 16;
const PAGES_AT = 28;
const LOG_HEAD = 32;
const FRAME_HEAD = 24;
const LOG_MAGIC = 0x377f0682;

/**
 * Looks at an SQLite file and its log (WAL) before anything is opened that could change them. SQLite by itself begins afresh
 * where the file is missing or empty, and passes over what it cannot read of the log: here that is said instead.
 * Throws `UnusableDatabase` where records are missing, or nothing can be told of them; a log that a power cut tore is fine.
 */
export function refuseUnsound(file: string): void {
  const there = statOf(file);
  const log = statOf(`${file}-wal`);
  const isLogFilled = (log?.size ?? 0) > LOG_HEAD + FRAME_HEAD;
  if (!there) {
    if (!isLogFilled) return;
    throw new UnusableDatabase(file, `is missing, and its log ${file}-wal is there`);
  }
  if (!there.isFile()) throw new UnusableDatabase(file, "is no file");
  if (there.size === 0) {
    if (!isLogFilled) return;
    throw new UnusableDatabase(file, `is empty, and its log ${file}-wal is not`);
  }
  // Killed while it was made a database with a log: SQLite takes that back as soon as it may write.
  if (statOf(`${file}-journal`)?.size) return;
  const { pages, pageSize } = headOf(file, there);
  const logged = isLogFilled ? readLog(file, pageSize) : undefined;
  const whole = logged?.pages ?? pages;
  const inFile = Math.floor(there.size / pageSize);
  const missing = missingPages(inFile, whole, logged?.has);
  if (missing > 0)
    throw new UnusableDatabase(file, `is damaged: ${missing} of its ${whole} pages are missing`);
  lookThrough(file, there.size <= LOOKED_THROUGH);
}

function statOf(file: string): Stats | undefined {
  return statSync(file, { throwIfNoEntry: false });
}

function headOf(file: string, { size }: Stats): { pages: number; pageSize: number } {
  const head = withFile(file, (descriptor) => bytesAt(descriptor, 0, Math.min(HEAD, size)));
  if (head.toString("latin1", 0, MAGIC.length) !== MAGIC || head.length < HEAD)
    throw new UnusableDatabase(file, "is damaged, or no database: it does not begin as one");
  const said = head.readUInt16BE(PAGE_SIZE_AT);
  const pageSize = said === 1 ? 65_536 : said;
  if (pageSize < 512 || (pageSize & (pageSize - 1)) !== 0)
    throw new UnusableDatabase(file, "is damaged: it does not say how large its pages are");
  return { pages: head.readUInt32BE(PAGES_AT), pageSize };
}

function missingPages(inFile: number, whole: number, logged: Set<number> = new Set()): number {
  let missing = 0;
  for (let page = inFile + 1; page <= whole; page++) if (!logged.has(page)) missing += 1;
  return missing;
}

interface Log {
  /** Pages of the whole database after its last transaction; undefined where the log holds none. */
  pages?: number;
  has: Set<number>;
}

/**
 * Reads the log as SQLite does: transactions count as long as all sums are right. Each was on disk before the next was
 * begun, so after a power cut at most the last can be torn: where more follows what cannot be read, records are lost.
 */
function readLog(file: string, pageSize: number): Log {
  return withFile(`${file}-wal`, (descriptor) => {
    const damaged = (what: string) => new UnusableDatabase(file, `is damaged: its log ${file}-wal ${what}`);
    const { size } = fstatSync(descriptor);
    const head = bytesAt(descriptor, 0, LOG_HEAD);
    const isLittle = head.readUInt32BE(0) === LOG_MAGIC;
    if ((head.readUInt32BE(0) & ~1) !== LOG_MAGIC || head.readUInt32BE(8) !== pageSize)
      throw damaged("does not begin as one");
    const sums = sumsOf(head.subarray(0, 24), isLittle, [0, 0]);
    if (sums[0] !== head.readUInt32BE(24) || sums[1] !== head.readUInt32BE(28))
      throw damaged("does not begin as one");
    const salts = head.subarray(16, 24);
    const has = new Set<number>();
    let begun: number[] = [];
    let pages: number | undefined;
    let isReadable = true;
    let torn = 0;
    for (let at = LOG_HEAD; at + FRAME_HEAD + pageSize <= size; at += FRAME_HEAD + pageSize) {
      const frame = bytesAt(descriptor, at, FRAME_HEAD + pageSize);
      // What was left of the log before this one was begun.
      if (!frame.subarray(8, 16).equals(salts)) {
        isReadable = false;
        continue;
      }
      const ends = frame.readUInt32BE(4);
      if (isReadable) {
        sumsOf(frame.subarray(0, 8), isLittle, sums);
        sumsOf(frame.subarray(FRAME_HEAD), isLittle, sums);
        isReadable = sums[0] === frame.readUInt32BE(16) && sums[1] === frame.readUInt32BE(20);
      }
      if (!isReadable) {
        if (torn > 0) throw damaged("cannot be read to its end, and more was saved after that");
        if (ends > 0) torn += 1;
        continue;
      }
      begun.push(frame.readUInt32BE(0));
      if (ends === 0) continue;
      for (const page of begun) has.add(page);
      begun = [];
      pages = ends;
    }
    return { pages, has };
  });
}

/** SQLite's sums of a log: https://sqlite.org/fileformat2.html#checksum_algorithm. They go on from those that are given. */
function sumsOf(bytes: Buffer, isLittle: boolean, sums: [number, number]): [number, number] {
  let [one, two] = sums;
  for (let at = 0; at < bytes.length; at += 8) {
    const [first, second] = isLittle
      ? [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)]
      : [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)];
    one = (one + first + two) >>> 0;
    two = (two + second + one) >>> 0;
  }
  sums[0] = one;
  sums[1] = two;
  return sums;
}

/** Lets SQLite look through the file, over a connection that cannot write. */
function lookThrough(file: string, isWhole: boolean): void {
  let database: BetterSqlite3.Database | undefined;
  try {
    database = new BetterSqlite3(file, { readonly: true, timeout: 5000 });
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
    if (tables.length > 0 && !tables.includes("migrations"))
      throw new UnusableDatabase(file, "belongs to another program");
    const [fault] = isWhole ? (database.pragma("quick_check(1)") as { quick_check: string }[]) : [];
    if (fault && fault.quick_check !== "ok")
      throw new UnusableDatabase(file, `is damaged: ${oneLine(fault.quick_check)}`);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code?.startsWith("SQLITE_CORRUPT") || code?.startsWith("SQLITE_NOTADB"))
      throw new UnusableDatabase(file, `is damaged: ${message}`, error);
    throw error;
  } finally {
    database?.close();
  }
}

const oneLine = (text: string) =>
  text
    .replace(/\s+/g, " ")
    .replace(/^\*+ in database main \*+ /, "")
    .trim();

function withFile<T>(file: string, work: (descriptor: number) => T): T {
  const descriptor = openSync(file, "r");
  try {
    return work(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function bytesAt(descriptor: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(descriptor, bytes, 0, length, at));
}
