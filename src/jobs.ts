import type { Logger } from "pino";
import type { Instant } from "./database/tables";

/** Work that is done again and again while the booth runs. */
export interface Job {
  /** In the log and the metrics; one job a name. */
  name: string;
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
   * code, and the next run comes all the same. A run that takes more than its time is told to end, and nothing of the same
   * job begins before it has. Throws where a job of that name is running.
   */
  start({ work, ...job }: Job): Running {
    if (this.#jobs.has(job.name)) throw new Error(`There is a job ${job.name} already.`);
    const standing: JobStanding = { ...job, isRunning: false, isLate: false, runs: 0, failures: 0 };
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
      this.#log.warn({ job: standing.name, limit: standing.limit }, "a job takes more than its time");
      timeIsUp.abort();
    }, standing.limit * 1000).unref();
    try {
      await work(AbortSignal.any([timeIsUp.signal, stopping]));
      standing.fault = undefined;
    } catch (error) {
      const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
      standing.failures += 1;
      standing.fault = [name, code].filter(Boolean).join(" ") || "Error";
      this.#log.error({ job: standing.name, name, code }, "a job failed");
    } finally {
      clearTimeout(late);
      standing.runs += 1;
      standing.isRunning = false;
      standing.isLate = false;
      standing.endedAt = this.#now();
      standing.took = standing.endedAt - standing.startedAt;
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
    if (isStopped) return;
    standing.nextAt = now() + standing.every * 1000;
    timer = setTimeout(start, standing.every * 1000).unref();
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
