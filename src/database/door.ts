import { setImmediate as nextTurn } from "node:timers/promises";
import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables";

declare const insideTheDoor: unique symbol;

/** A connection inside a transaction of the door. Queries that change something ask for it by this type. */
export type Writer = Kysely<Tables> & { readonly [insideTheDoor]: true };

interface Job {
  work: (writer: Writer) => Promise<unknown>;
  resolve: (value: unknown) => void;
  reject: (reason: unknown) => void;
}

/** What follows from the writes of a commit; see `WriteDoor.beforeCommit`. */
interface BeforeCommit {
  work: (writer: Writer) => Promise<boolean>;
  onFault: (error: unknown) => void;
}

/** What went through the door since the program was started. */
export interface DoorCounts {
  /** Transactions that were committed. */
  commits: number;
  /** Writes that were handed in. */
  writes: number;
  /** Writes of which nothing was kept because the database or its disk failed. */
  failures: number;
  /** When the last of those was (`performance.now`), and its code. */
  failed?: { at: number; code: string };
}

/** The disk is full or read-only, or the file is damaged; on PostgreSQL, it is out of room or its system fails. */
const DISK_FAILS = /^SQLITE_(FULL|IOERR|READONLY|CORRUPT|NOTADB|CANTOPEN)|^(53|58)...$/;

/** So few that a request which comes meanwhile hardly waits for them. */
const MOST_JOBS_A_COMMIT = 100;

/**
 * The one door for writes. Jobs that arrive together share a transaction and its single sync to disk,
 * each under a savepoint of its own: one that fails takes nobody with it.
 */
export class WriteDoor {
  readonly #connection: Kysely<Tables>;
  readonly #begin: string;
  readonly #waiting: Job[] = [];
  #running: Promise<void> | undefined;
  #beforeCommit: BeforeCommit | undefined;
  readonly counts: DoorCounts = { commits: 0, writes: 0, failures: 0 };

  /** `begin` is the engine's way to open a transaction that is going to write. */
  constructor(connection: Kysely<Tables>, begin: "begin" | "begin immediate") {
    this.#connection = connection;
    this.#begin = begin;
  }

  /**
   * Runs `work` in a transaction and resolves with its result once that is on disk.
   * Rejects with what `work` threw, or with the database's error where the commit itself failed;
   * in both cases nothing of this job was kept. No network or file work inside.
   */
  write<T>(work: (writer: Writer) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, refuse) => {
      const reject = (error: unknown) => {
        this.#noteFailure(error);
        refuse(error);
      };
      this.counts.writes += 1;
      this.#waiting.push({ work, resolve: resolve as (value: unknown) => void, reject });
      this.#running ??= this.#drain();
    });
  }

  /**
   * Has `work` done at the end of each transaction, once for all that share it: what follows from their writes, whoever
   * made them. It gives whether there is more to do than it took on; that has a turn of its own then. What it throws goes
   * to `onFault` and holds up nobody: the writes are kept without it.
   */
  beforeCommit(work: BeforeCommit["work"], onFault: BeforeCommit["onFault"]): void {
    this.#beforeCommit = { work, onFault };
  }

  /** Resolves when every job that was handed in has been answered. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#gather();
      await this.#commitTogether(this.#waiting.splice(0, MOST_JOBS_A_COMMIT));
    }
    this.#running = undefined;
  }

  /**
   * Lets requests that are on their way gather into a commit, and others be answered: turns of the event loop, for as long as
   * each brings one more.
   */
  async #gather(): Promise<void> {
    for (let known = 0; known < Math.min(this.#waiting.length, MOST_JOBS_A_COMMIT); ) {
      known = this.#waiting.length;
      await nextTurn();
    }
  }

  async #commitTogether(jobs: Job[]): Promise<void> {
    const answers: (() => void)[] = [];
    let isMore = false;
    try {
      await this.#connection.connection().execute(async (connection) => {
        const writer = connection as Writer;
        await sql.raw(this.#begin).execute(connection);
        try {
          for (const job of jobs) answers.push(await runUnderSavepoint(writer, job));
          isMore = await this.#follow(writer);
          await sql`commit`.execute(connection);
        } catch (error) {
          // The engine may have rolled back by itself (a full disk): then there is nothing to roll back.
          await sql`rollback`.execute(connection).catch(() => {});
          throw error;
        }
      });
    } catch (error) {
      for (const job of jobs) job.reject(error);
      return;
    }
    this.counts.commits += 1;
    for (const answer of answers) answer();
    if (isMore) void this.write(async () => {}).catch(() => {});
  }

  #noteFailure(error: unknown): void {
    const code = String((error as { code?: unknown } | undefined)?.code);
    if (!DISK_FAILS.test(code)) return;
    this.counts.failures += 1;
    this.counts.failed = { at: performance.now(), code };
  }

  /** Does what follows from the writes of a commit. Gives whether there is more of it. */
  async #follow(writer: Writer): Promise<boolean> {
    const { work, onFault } = this.#beforeCommit ?? {};
    if (!work) return false;
    return new Promise<boolean>((resolve, reject) => {
      const fail = (error: unknown) => {
        onFault?.(error);
        resolve(false);
      };
      const job: Job = { work, resolve: resolve as (value: unknown) => void, reject: fail };
      runUnderSavepoint(writer, job).then((answer) => answer(), reject);
    });
  }
}

/** Runs one job; gives what to tell its caller after the commit. Throws only where the transaction is lost. */
async function runUnderSavepoint(writer: Writer, job: Job): Promise<() => void> {
  await sql`savepoint job`.execute(writer);
  try {
    const value = await job.work(writer);
    await sql`release savepoint job`.execute(writer);
    return () => job.resolve(value);
  } catch (error) {
    await sql`rollback to savepoint job`.execute(writer);
    await sql`release savepoint job`.execute(writer);
    return () => job.reject(error);
  }
}
