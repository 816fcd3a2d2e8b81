import type { Logger } from "pino";
import type { Instant } from "./database/tables";
import { framesOf, kindOf } from "./http/faults";

/** Work that is done again and again while the booth runs. */
export interface Job {
  /** In the log and the metrics; one job a name. */
  name: string;
  /** The folder of `src/` whose work it is. */
  owner: string;
  /** What it does, in words for the organizer. */
  what: string;
  /** Seconds from the end of one run to the start of the next. */
  every: number;
  /** Seconds that a run may take. */
  limit: number;
  /** Does it once. `signal`: the time is up, or the program is asked to stop. What it throws counts as a failed run. */
  work: (signal: AbortSignal) => Promise<unknown>;
}

/** How it stands with a job. */
export interface JobStanding extends Omit<Job, "work"> {
  isRunning: boolean;
  /** Whether the run that is under way has taken more than its time. */
  isLate: boolean;
  startedAt?: Instant;
  endedAt?: Instant;
  /** Milliseconds that the last run took. */
  took?: number;
  /** When the next run begins; none while one is under way. */
  nextAt?: Instant;
  runs: number;
  failures: number;
  /** Runs that took more than their time. */
  lateRuns: number;
  /** Milliseconds that all runs together took. */
  spent: number;
  /** What kind of fault ended the last run, without words that somebody typed; none where it went well. */
  fault?: string;
}

/** A job that was started. */
export interface Running {
  /** Does it as soon as what is under way is done. */
  soon(): void;
  /** Waits for what is under way; nothing begins after it. */
  stop(): Promise<void>;
}

/**
 * Milliseconds after which the clock is looked at again. A timer stands still while the laptop sleeps: by its clock a job may
 * be due long before the timer ends. It is also less than the longest time that a timer can be set to.
 */
const LOOK_AT_CLOCK = 30_000;

/** Every job of the program: each is started here, seen here and stopped here. */
export class Jobs {
  readonly #log: Logger;
  readonly #now: () => Instant;
  readonly #jobs = new Map<string, { standing: JobStanding; running: Running }>();

  constructor({ log, now }: { log: Logger; now: () => Instant }) {
    this.#log = log;
    this.#now = now;
  }

  /**
   * Does a job's work at once and then again and again, one run at a time. What it throws is told in the log by its name and
   * code, once for as long as it stays the same, and the next run comes all the same. A run that takes more than its time is
   * told to end, and nothing of the same job begins before it has. After a sleep of the laptop, and where its clock was put
   * forward, what is due by then runs once. Throws where a job of that name is running.
   */
  start({ work, ...job }: Job): Running {
    if (this.#jobs.has(job.name)) throw new Error(`There is a job ${job.name} already.`);
    const counts = { runs: 0, failures: 0, lateRuns: 0, spent: 0 };
    const standing: JobStanding = { ...job, isRunning: false, isLate: false, ...counts };
    const stopping = new AbortController();
    const running = repeat(() => this.#runOnce(standing, work, stopping.signal), standing, this.#now);
    const stopped = {
      soon: running.soon,
      stop: async () => {
        stopping.abort();
        await running.stop();
        this.#jobs.delete(job.name);
      },
    };
    this.#jobs.set(job.name, { standing, running: stopped });
    return stopped;
  }

  /** How it stands with each job, in the order in which they were started. */
  standing(): JobStanding[] {
    return [...this.#jobs.values()].map(({ standing }) => ({ ...standing }));
  }

  /** Has a job done as soon as what is under way of it is done. Gives whether there is one of that name. */
  soon(name: string): boolean {
    const job = this.#jobs.get(name);
    job?.running.soon();
    return job !== undefined;
  }

  /** Stops all of them; waits for what is under way. */
  async stop(): Promise<void> {
    await Promise.all([...this.#jobs.values()].map(({ running }) => running.stop()));
  }

  async #runOnce(standing: JobStanding, work: Job["work"], stopping: AbortSignal): Promise<void> {
    const timeIsUp = new AbortController();
    standing.isRunning = true;
    standing.startedAt = this.#now();
    standing.nextAt = undefined;
    const late = setTimeout(() => {
      standing.isLate = true;
      standing.lateRuns += 1;
      this.#log.warn({ job: standing.name, limit: standing.limit }, "a job takes more than its time");
      timeIsUp.abort();
    }, standing.limit * 1000).unref();
    const from = performance.now();
    try {
      await work(AbortSignal.any([timeIsUp.signal, stopping]));
      if (standing.fault) this.#log.info({ job: standing.name }, "a job goes well again");
      standing.fault = undefined;
    } catch (error) {
      const { name, code } = kindOf(error);
      const fault = [name, code].filter(Boolean).join(" ") || "Error";
      standing.failures += 1;
      // A disk that is full would be told every few seconds, until the log is full too.
      if (standing.fault !== fault) {
        const frames = framesOf(error);
        this.#log.error({ job: standing.name, name, code, frames }, "a job failed");
      }
      standing.fault = fault;
    } finally {
      clearTimeout(late);
      // By a clock that is never put right: a run of a minute stays one when the laptop learns what time it is.
      standing.took = Math.round(performance.now() - from);
      standing.spent += standing.took;
      standing.runs += 1;
      standing.isRunning = false;
      standing.isLate = false;
      standing.endedAt = this.#now();
    }
  }
}

function repeat(runOnce: () => Promise<void>, standing: JobStanding, now: () => Instant): Running {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isStopped = false;
  let isAskedAgain = false;
  const run = async () => {
    clearTimeout(timer);
    do {
      isAskedAgain = false;
      await runOnce();
    } while (isAskedAgain && !isStopped);
    running = undefined;
    if (!isStopped) wait(performance.now() + standing.every * 1000);
  };
  /** `until`: of `performance.now`, which a clock that is put back does not hold up. */
  const wait = (until: number) => {
    const left = until - performance.now();
    standing.nextAt = Math.min(standing.nextAt ?? Number.POSITIVE_INFINITY, now() + left);
    const isDue = () => performance.now() >= until || (standing.nextAt ?? 0) <= now();
    timer = setTimeout(() => (isDue() ? start() : wait(until)), Math.min(left, LOOK_AT_CLOCK)).unref();
  };
  const start = () => {
    running ??= run();
  };
  start();
  return {
    soon() {
      isAskedAgain = true;
      if (!isStopped) start();
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
