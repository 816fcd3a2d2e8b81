import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { JobStanding } from "./jobs";

/** What is looked up when somebody reads the metrics: how it stands with the laptop. */
export interface Scraped {
  version: string;
  engine: string;
  /** Since the start: commits, the writes that shared them, and those that failed. */
  writes: { commits: number; writes: number; failures: number };
  jobs: JobStanding[];
  /** By state. */
  messages: Record<string, number>;
  questions: Record<string, number>;
  /** Bytes; undefined where it is not a file of this laptop. */
  database?: number;
  wal?: number;
  room?: number;
  devices: { paired: number; seen: number; waiting: number };
  /** What was checked, and how it is: 0 good, 1 worth a look, 2 records are in danger. */
  findings: Record<string, number>;
}

/** Counted as it happens: name, meaning, labels. */
const COUNTED = {
  requests: [
    "boothlight_http_request_duration_seconds",
    "Time from the head of a request to the end of its answer, without event streams",
    ["method", "route", "status"],
  ],
  visits: ["boothlight_visits_total", "Visits that devices sent, by what became of them", ["status"]],
  streams: ["boothlight_streams_open", "Pages and screens that are told of what is live", []],
} as const;

/** Looked up when it is read. */
const LOOKED_UP: [name: string, help: string, labels?: string[]][] = [
  ["boothlight_info", "Always 1; which version runs on which kind of database", ["version", "engine"]],
  ["boothlight_commits_total", "Transactions that were committed since the start"],
  ["boothlight_writes_total", "Writes that were handed in; divided by the commits, how many share one"],
  [
    "boothlight_write_failures_total",
    "Writes of which nothing was kept because the database or its disk failed",
  ],
  ["boothlight_job_runs_total", "Runs of a background job", ["job"]],
  ["boothlight_job_failures_total", "Runs that ended with a fault", ["job"]],
  ["boothlight_job_late_total", "Runs that took more than their time", ["job"]],
  ["boothlight_job_seconds_total", "Time that all runs took", ["job"]],
  ["boothlight_job_failing", "1 where the last run ended with a fault", ["job"]],
  ["boothlight_job_late", "1 where the run under way takes more than its time", ["job"]],
  ["boothlight_messages", "Messages to experts and visitors", ["state"]],
  ["boothlight_questions", "Questions that are followed up", ["state"]],
  ["boothlight_database_bytes", "Size of the database file"],
  ["boothlight_wal_bytes", "Size of what waits beside the database file (write-ahead log)"],
  ["boothlight_room_bytes", "Free room on the disk of the data folder"],
  ["boothlight_devices_paired", "Paired tablets"],
  ["boothlight_devices_seen", "Paired tablets that were heard of in the last five minutes"],
  ["boothlight_records_waiting", "Records that wait on tablets, as these said last"],
  ["boothlight_finding", "What check finds: 0 good, 1 worth a look, 2 records are in danger", ["of"]],
];

/** Every metric of Boothlight's own: name, meaning, labels. */
export const METRICS: [name: string, help: string, labels: readonly string[]][] = [
  ...Object.values(COUNTED).map(([name, help, labels]): [string, string, readonly string[]] => [
    name,
    help,
    labels,
  ]),
  ...LOOKED_UP.map(([name, help, labels = []]): [string, string, string[]] => [name, help, labels]),
];

/** Seconds: most answers take a few milliseconds, exports and prints a good deal more. */
const BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const METHODS = ["GET", "HEAD", "POST", "DELETE"];

/**
 * What is counted for those who run it longer, in a registry of its own. Labels are words of the program (routes as they are
 * declared, jobs, states), never of an address or of anything that was typed: their number is bounded, and they tell of nobody.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #gauges = new Map<string, Gauge<string>>();
  readonly #requests: Histogram<"method" | "route" | "status">;
  readonly #visits: Counter<"status">;
  readonly #streams: Gauge;
  #hasDefaults = false;

  constructor() {
    const registers = [this.#registry];
    const counted = <Label extends string>([name, help, labels]: readonly [
      string,
      string,
      readonly Label[],
    ]) => ({
      name,
      help,
      labelNames: labels,
      registers,
    });
    this.#requests = new Histogram({ ...counted(COUNTED.requests), buckets: BUCKETS });
    this.#visits = new Counter(counted(COUNTED.visits));
    this.#streams = new Gauge(counted(COUNTED.streams));
    for (const [name, help, labelNames = []] of LOOKED_UP) {
      const Kind = name.endsWith("_total") ? Counter : Gauge;
      this.#gauges.set(name, new Kind({ name, help, labelNames, registers }) as Gauge<string>);
    }
  }

  /** `route`: as it is declared, such as `/visits/:id`. `status`: undefined where the answer was cut off. */
  countRequest(method: string, route: string, status: number | undefined, seconds: number): void {
    const known = METHODS.includes(method) ? method : "other";
    const outcome = status === undefined ? "cut off" : `${Math.floor(status / 100)}xx`;
    this.#requests.labels(known, route, outcome).observe(seconds);
  }

  countVisits(statuses: string[]): void {
    for (const status of statuses) this.#visits.labels(status).inc();
  }

  countStream(change: 1 | -1): void {
    this.#streams.inc(change);
  }

  /** All of it in the text format of Prometheus, with how it stands with the process. */
  async text(now: Scraped): Promise<string> {
    // Watching the garbage collector and the event loop costs a little: nobody pays for it where nobody reads it.
    if (!this.#hasDefaults) collectDefaultMetrics({ register: this.#registry });
    this.#hasDefaults = true;
    for (const gauge of this.#gauges.values()) gauge.reset();
    this.#set("boothlight_info", 1, { version: now.version, engine: now.engine });
    this.#set("boothlight_commits_total", now.writes.commits);
    this.#set("boothlight_writes_total", now.writes.writes);
    this.#set("boothlight_write_failures_total", now.writes.failures);
    for (const job of now.jobs) {
      const label = { job: job.name };
      this.#set("boothlight_job_runs_total", job.runs, label);
      this.#set("boothlight_job_failures_total", job.failures, label);
      this.#set("boothlight_job_late_total", job.lateRuns, label);
      this.#set("boothlight_job_seconds_total", job.spent / 1000, label);
      this.#set("boothlight_job_failing", job.fault === undefined ? 0 : 1, label);
      this.#set("boothlight_job_late", job.isLate ? 1 : 0, label);
    }
    for (const [state, count] of Object.entries(now.messages)) {
      this.#set("boothlight_messages", count, { state });
    }
    for (const [state, count] of Object.entries(now.questions)) {
      this.#set("boothlight_questions", count, { state });
    }
    this.#set("boothlight_database_bytes", now.database);
    this.#set("boothlight_wal_bytes", now.wal);
    this.#set("boothlight_room_bytes", now.room);
    this.#set("boothlight_devices_paired", now.devices.paired);
    this.#set("boothlight_devices_seen", now.devices.seen);
    this.#set("boothlight_records_waiting", now.devices.waiting);
    for (const [of, verdict] of Object.entries(now.findings))
      this.#set("boothlight_finding", verdict, { of });
    return this.#registry.metrics();
  }

  /** The type of that text, for whoever reads it. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  #set(name: string, value: number | undefined, labels: Record<string, string> = {}): void {
    if (value !== undefined) this.#gauges.get(name)?.inc(labels, value);
  }
}
