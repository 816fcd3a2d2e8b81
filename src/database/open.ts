import { mkdirSync, statSync } from "node:fs";
import path from "node:path";
import BetterSqlite3 from "better-sqlite3";
import { Kysely, PostgresDialect, type PostgresPool, SqliteDialect, sql } from "kysely";
import { Pool, TypeOverrides } from "pg";
import { openAside } from "./aside";
import { type DoorCounts, WriteDoor, type Writer } from "./door";
import { keepFigures } from "./figures";
import { type Lock, lockData } from "./lock";
import { migrate } from "./migrate";
import { makeSearchable } from "./search";
import { refuseUnsound, UnusableDatabase } from "./soundness";
import type { Tables } from "./tables";
import { lookedInto, StorageTrouble, type Trouble, troubleIn } from "./trouble";

export type Reader = Kysely<Tables>;

export interface Database {
  engine: "sqlite" | "postgres";
  /** For everything that only reads. On SQLite a connection of its own, so that no export holds up a tablet. */
  read: Reader;
  /**
   * For what walks through all rows of something. On SQLite in a thread of its own, so that nobody waits for it; see
   * `openAside`.
   */
  aside: Reader;
  /** The one way to change something: see `WriteDoor.write`. */
  write<T>(work: (writer: Writer) => Promise<T>): Promise<T>;
  /** What was written since the program was started. */
  counts: Readonly<DoorCounts>;
  /** Why nothing can be saved, since when; undefined where the last transaction went through. */
  trouble(): Trouble | undefined;
  /** What is done at the end of each transaction: see `WriteDoor.beforeCommit`. */
  beforeCommit(work: (writer: Writer) => Promise<boolean>, onFault: (error: unknown) => void): void;
  /**
   * Everything as it stands now, for whoever reads it page by page while others write. Has to be closed: PostgreSQL keeps a
   * connection for it, SQLite what has changed since.
   */
  snapshot(): Promise<Snapshot>;
  /**
   * Sees to it that what was deleted or overwritten is gone from the files too. Gives whether it is: not while somebody reads an
   * older state, an export for example. On PostgreSQL its files are the server's affair; this lets it use the space anew.
   */
  forget(): Promise<boolean>;
  /**
   * Waits for the writes under way, ends what is still read, then closes: of SQLite one file is left, with everything in it.
   */
  close(): Promise<void>;
}

/** A state of the database that no write changes. */
export interface Snapshot {
  read: Reader;
  close(): Promise<void>;
}

/** The SQLite file inside a data folder. */
export function sqliteFile(dataDir: string): string {
  return path.join(dataDir, "boothlight.db");
}

/** What is done before a database file that is there already is brought to a newer version. What it throws leaves it as it is. */
export type BeforeUpgrade = (file: string) => Promise<void>;

/**
 * Opens the database that the settings name and brings it to this version.
 * Throws where it cannot be opened, is damaged, or comes from a newer version.
 */
export async function openDatabase(
  where: { dataDir: string; databaseUrl?: string },
  now: number,
  beforeUpgrade?: BeforeUpgrade,
): Promise<Database> {
  if (!where.databaseUrl) return openSqlite(where.dataDir, now, beforeUpgrade);
  const pool = new Pool({ connectionString: where.databaseUrl, types: numbersForInt8() });
  // A connection that breaks while nobody uses it: the pool opens another one for the next query.
  pool.on("error", () => {});
  await pool.query("SELECT 1").catch(async (error: unknown) => {
    await pool.end();
    throw new Error(`the database that DATABASE_URL names cannot be reached: ${reasonOf(error)}.`);
  });
  return openPostgres(pool, now);
}

/** The reason in one line. Where a host has several addresses, the error is about all of them and says nothing. */
function reasonOf(error: unknown): string {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message : String(first);
}

async function openSqlite(dataDir: string, now: number, beforeUpgrade?: BeforeUpgrade): Promise<Database> {
  const { writing, reading, lock } = connections(dataDir);
  const writer = new Kysely<Tables>({ dialect: new SqliteDialect({ database: withPreparedOnce(writing) }) });
  const read = new Kysely<Tables>({ dialect: new SqliteDialect({ database: withPreparedOnce(reading) }) });
  const snapshot = async (): Promise<Snapshot> => {
    // Another transaction on the reading connection would be everybody's.
    const database = new BetterSqlite3(sqliteFile(dataDir), { readonly: true, timeout: 5000 });
    const connection = new Kysely<Tables>({
      dialect: new SqliteDialect({ database: withPreparedOnce(database) }),
    });
    return snapshotOn(connection, () => connection.destroy());
  };
  const aside = openAside(sqliteFile(dataDir));
  const door = new WriteDoor(writer, {
    begin: "begin immediate",
    stand: standing(sqliteFile(dataDir)),
    changes: async (connection) =>
      (await sql<{ changes: number }>`SELECT total_changes() AS changes`.execute(connection)).rows[0]
        ?.changes ?? 0,
    lookInto: (kind) => lookedInto(kind, sqliteFile(dataDir)),
  });
  const forget = async () => {
    await door.idle();
    // No transaction begins before the next turn. Whoever reads an older state is not waited for.
    const [log] = writing.pragma("wal_checkpoint(TRUNCATE)") as { busy: number }[];
    return log?.busy === 0;
  };
  const upgrade = beforeUpgrade && (() => beforeUpgrade(sqliteFile(dataDir)));
  try {
    const db = await ready("sqlite", { read, aside, writer, snapshot, forget }, door, now, upgrade);
    const close = async () => {
      await db.close();
      lock.release();
    };
    return { ...db, close };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * Whoever takes the file away under a running program leaves it writing into a file without a name, gone when the program
 * ends. What this gives throws then; two looks at the folder each transaction cost a hundredth of its sync to disk.
 */
function standing(file: string): () => void {
  const places = [file, `${file}-wal`].map((place) => ({ place, was: identityOf(place) }));
  return () => {
    for (const { place, was } of places)
      if (identityOf(place) !== was) throw new StorageTrouble("gone", "save");
  };
}

/** What is another one where a file was replaced; undefined where there is none. */
function identityOf(file: string): string | undefined {
  const { dev, ino } = statSync(file, { throwIfNoEntry: false }) ?? {};
  return ino === undefined ? undefined : `${dev} ${ino}`;
}

/** Bytes of the write-ahead log that stay when all of it is in the database: four times what is there on a usual day. */
const WAL_KEPT = 16 * 1024 * 1024;

function connections(dataDir: string) {
  const file = sqliteFile(dataDir);
  let lock: Lock | undefined;
  const opened: BetterSqlite3.Database[] = [];
  const open = (options: BetterSqlite3.Options) => {
    const database = new BetterSqlite3(file, { timeout: 5000, ...options });
    opened.push(database);
    return database;
  };
  try {
    // Strangers' contact details: nobody else on the laptop may read the folder.
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const held = lockData(dataDir) as Lock;
    lock = held;
    refuseUnsound(file);
    const writing = open({});
    writing.pragma("journal_mode = WAL");
    // The default in WAL mode may lose acknowledged rows in a power cut.
    writing.pragma("synchronous = FULL");
    writing.pragma("foreign_keys = ON");
    // While somebody reads a snapshot, what is written waits beside the file; when they are done it is cut back to this.
    writing.pragma(`journal_size_limit = ${WAL_KEPT}`);
    // What is deleted is overwritten: strangers' details must not be read out of the file afterwards.
    writing.pragma("secure_delete = ON");
    // What a statement with triggers or a savepoint may have to take back would else go through temporary files outside of the
    // data folder: four in five of the writes of a recording, and visitors' words with them.
    writing.pragma("temp_store = MEMORY");
    // From here on the door waits, which holds up nobody.
    writing.pragma("busy_timeout = 0");
    // The log has its file from the first look on.
    writing.pragma("schema_version");
    return { lock: held, writing, reading: open({ readonly: true }) };
  } catch (error) {
    for (const database of opened) database.close();
    lock?.release();
    throw error instanceof UnusableDatabase
      ? error
      : new UnusableDatabase(file, `cannot be opened: ${whyNot(error, file)}`, error);
  }
}

/** Why a file cannot be opened, in words where it is known what they are. */
function whyNot(error: unknown, file: string): string {
  const kind = troubleIn(error);
  const known = kind && WHY_NOT[lookedInto(kind, file)];
  const { code } = (error ?? {}) as { code?: string };
  return known ?? WHY_NOT[code ?? ""] ?? reasonOf(error);
}

const WHY_NOT: Record<string, string> = {
  full: "the disk is full, and a little room is needed to open it",
  "read-only": "its disk or folder lets nothing be written",
  busy: "another program holds it",
  EEXIST: "where its folder should be there is a file",
  ENOTDIR: "where its folder should be there is a file",
  EROFS: "its disk lets nothing be written",
  EACCES: "this account may not read or write it",
  EPERM: "this account may not read or write it",
  ENOSPC: "the disk is full",
  EIO: "the disk has a fault",
};

/** An SQLite file that nobody works on, to look into. Throws where it cannot be opened. */
export function readOnly(file: string): Reader {
  const database = new BetterSqlite3(file, { readonly: true, fileMustExist: true });
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
}

/** Opens PostgreSQL, or what speaks its protocol, behind a pool of connections. */
export async function openPostgres(pool: PostgresPool, now: number): Promise<Database> {
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const forget = async () => {
    for (const table of ["contacts", "contact_consents", "visits", "visit_texts", "questions", "activity"])
      await sql.raw(`VACUUM ${table}`).execute(kysely);
    return true;
  };
  const connections = {
    read: kysely,
    aside: kysely,
    writer: kysely,
    snapshot: () => snapshotOn(kysely),
    forget,
  };
  return ready("postgres", connections, new WriteDoor(kysely, { begin: "begin" }), now);
}

/** Begins a transaction that only reads, and sees one state of the database from its first query on. */
async function snapshotOn(connection: Kysely<Tables>, andThen = async () => {}): Promise<Snapshot> {
  const read = await connection
    .startTransaction()
    .setIsolationLevel("repeatable read")
    .setAccessMode("read only")
    .execute();
  return {
    read,
    close: async () => {
      await read.rollback().execute();
      await andThen();
    },
  };
}

interface Connections {
  read: Reader;
  aside: Reader;
  writer: Kysely<Tables>;
  snapshot(): Promise<Snapshot>;
  forget(): Promise<boolean>;
}

async function ready(
  engine: Database["engine"],
  { snapshot, forget, ...connections }: Connections,
  door: WriteDoor,
  now: number,
  beforeUpgrade?: () => Promise<void>,
): Promise<Database> {
  const { read, aside } = connections;
  /** Who reads a state of the database: on SQLite the last one to leave puts what waits beside the file into it. */
  const open = new Set<Snapshot>();
  const close = async () => {
    await door.idle();
    await Promise.allSettled([...open].map((each) => each.close()));
    // What was handed in meanwhile.
    await door.idle();
    for (const each of new Set(Object.values(connections))) await each.destroy();
  };
  try {
    await migrate(read, door, now, undefined, beforeUpgrade);
    await makeSearchable(read, door);
    await keepFigures(read, door);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    engine,
    read,
    aside,
    write: (work) => door.write(work),
    counts: door.counts,
    trouble: () => door.trouble,
    beforeCommit: (work, onFault) => door.beforeCommit(work, onFault),
    snapshot: async () => {
      const { read: state, close: leave } = await snapshot();
      let left: Promise<void> | undefined;
      const one: Snapshot = {
        read: state,
        close: () => {
          open.delete(one);
          left ??= leave();
          return left;
        },
      };
      open.add(one);
      return one;
    },
    forget,
    close,
  };
}

/**
 * Kysely compiles a statement anew for each query; SQLite takes longer to prepare a small one than to run it.
 * The statements of this program are few, so they are kept.
 */
function withPreparedOnce(database: BetterSqlite3.Database) {
  const prepared = new Map<string, BetterSqlite3.Statement>();
  return {
    prepare(text: string) {
      let statement = prepared.get(text);
      if (!statement) {
        if (prepared.size > 500) prepared.clear();
        statement = database.prepare(text);
        prepared.set(text, statement);
      }
      return statement as BetterSqlite3.Statement & { readonly reader: boolean };
    },
    close: () => database.close(),
  };
}

/** PostgreSQL sends 64-bit integers as text; ours are instants and counts, which fit a number exactly. */
function numbersForInt8(): TypeOverrides {
  const types = new TypeOverrides();
  types.setTypeParser(20, Number);
  return types;
}
