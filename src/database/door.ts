import { setTimeout as aMoment, setImmediate as nextTurn } from "node:timers/promises";
import { CompiledQuery, type Kysely } from "kysely";
import type { Tables } from "./tables";
import { StorageTrouble, type Trouble, type TroubleKind, troubleIn } from "./trouble";

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
  /** Writes of which nothing was kept because the database could not take them. */
  failures: number;
}

/** What the door has to know of the engine behind it. */
export interface Behind {
  /** The engine's way to open a transaction that is going to write. */
  begin: "begin" | "begin immediate";
  /** Looked at in each transaction, before it counts: throws where what is written would be written into nothing. */
  stand?: () => void;
  /** How many rows were changed over a connection since it was opened; where it is not told, each transaction counts as one. */
  changes?: (connection: Kysely<Tables>) => Promise<number>;
  /** What lies behind trouble, where more can be known than the engine says. */
  lookInto?: (kind: TroubleKind) => TroubleKind;
}

/** How long another program may hold the database until those who wait are told, and how often it is tried, in milliseconds. */
const HELD_FOR = 5000;
const TRY_EVERY = 25;

// Compiled once: each of them is run with every job or commit.
const COMMIT = CompiledQuery.raw("commit");
const ROLLBACK = CompiledQuery.raw("rollback");
const SAVEPOINT = CompiledQuery.raw("savepoint job");
const RELEASE = CompiledQuery.raw("release savepoint job");
const ROLLBACK_TO = CompiledQuery.raw("rollback to savepoint job");

/** So few that a request which comes meanwhile hardly waits for them. */
const MOST_JOBS_A_COMMIT = 100;

/**
 * The one door for writes. Jobs that arrive together share a transaction and its single sync to disk,
 * each under a savepoint of its own: one that fails takes nobody with it.
 */
export class WriteDoor {
  readonly #connection: Kysely<Tables>;
  readonly #behind: Behind;
  readonly #begins: CompiledQuery;
  readonly #waiting: Job[] = [];
  #running: Promise<void> | undefined;
  #beforeCommit: BeforeCommit | undefined;
  readonly counts: DoorCounts = { commits: 0, writes: 0, failures: 0 };
  #trouble: Trouble | undefined;

  constructor(connection: Kysely<Tables>, behind: Behind) {
    this.#connection = connection;
    this.#behind = behind;
    this.#begins = CompiledQuery.raw(behind.begin);
  }

  /** Why nothing can be saved, since when; undefined where the last transaction went through. */
  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  /**
   * Runs `work` in a transaction and resolves with its result once that is on disk.
   * Rejects with what `work` threw, or with `StorageTrouble` where the database could not take it;
   * in both cases nothing of this job was acknowledged. No network or file work inside.
   */
  write<T>(work: (writer: Writer) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
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
        await this.#begin(connection);
        try {
          this.#behind.stand?.();
          const before = this.#trouble && (await this.#behind.changes?.(connection));
          for (const job of jobs) answers.push(await runUnderSavepoint(writer, job));
          isMore = await this.#follow(writer);
          await connection.executeQuery(COMMIT);
          const after = this.#trouble && (await this.#behind.changes?.(connection));
          this.#wentThrough(after === undefined || after !== before);
        } catch (error) {
          // The engine may have rolled back by itself (a full disk): then there is nothing to roll back.
          await connection.executeQuery(ROLLBACK).catch(() => {});
          throw error;
        }
      });
    } catch (error) {
      const told = this.#told(error);
      if (told instanceof StorageTrouble) this.counts.failures += jobs.length;
      for (const job of jobs) job.reject(told);
      return;
    }
    this.counts.commits += 1;
    for (const answer of answers) answer();
    if (isMore) void this.write(async () => {}).catch(() => {});
  }

  /**
   * Opens the transaction. While another program holds the database, it waits without holding up anybody: SQLite's own way
   * of waiting would stop all of this program.
   */
  async #begin(connection: Kysely<Tables>): Promise<void> {
    const until = performance.now() + HELD_FOR;
    for (;;) {
      try {
        await connection.executeQuery(this.#begins);
        return;
      } catch (error) {
        if (troubleIn(error) !== "busy" || performance.now() > until) throw error;
        await aMoment(TRY_EVERY);
      }
    }
  }

  /** A transaction that changed nothing needs no room on the disk: it shows only that the file is there, and free. */
  #wentThrough(isChanged: boolean): void {
    if (isChanged || this.#trouble?.kind === "gone" || this.#trouble?.kind === "busy")
      this.#trouble = undefined;
  }

  /** What those are told whose transaction failed; what is wrong with the database stays known until one goes through. */
  #told(error: unknown): unknown {
    const said = troubleIn(error);
    if (!said) return error;
    const kind = this.#behind.lookInto?.(said) ?? said;
    if (this.#trouble?.kind !== kind) this.#trouble = { kind, since: Date.now() };
    return new StorageTrouble(kind, "save", error);
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
  await writer.executeQuery(SAVEPOINT);
  try {
    const value = await job.work(writer);
    await writer.executeQuery(RELEASE);
    return () => job.resolve(value);
  } catch (error) {
    // With the disk full, the engine has rolled back all of it: no savepoint is left to say why.
    if (troubleIn(error)) throw error;
    await writer.executeQuery(ROLLBACK_TO);
    await writer.executeQuery(RELEASE);
    return () => job.reject(error);
  }
}
