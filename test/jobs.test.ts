import path from "node:path";
import pino from "pino";
import { type Job, Jobs } from "../src/jobs";
import { filesOf } from "./support/architecture";

const jobs = (log = pino({ level: "silent" })) => new Jobs({ log, now: Date.now });
const aJob = (job: Partial<Job> & Pick<Job, "work">): Job => ({
  name: "slow",
  owner: "visits",
  what: "Takes its time",
  every: 3600,
  limit: 60,
  ...job,
});

/** Work that is done when the test says so. */
function slowWork() {
  const waiting: (() => void)[] = [];
  const started: number[] = [];
  return {
    started,
    work: () => {
      started.push(started.length);
      return new Promise<void>((resolve) => waiting.push(resolve));
    },
    finish: () => waiting.shift()?.(),
  };
}
const aMoment = () => new Promise((resolve) => setTimeout(resolve, 5));

test("work begins at once, again when it is asked for, and never twice at a time", async () => {
  const { started, work, finish } = slowWork();
  const job = jobs().start(aJob({ work }));
  job.soon();
  job.soon();
  await aMoment();
  expect(started).toHaveLength(1);
  finish();
  await aMoment();
  expect(started).toHaveLength(2);
  finish();
  await aMoment();
  expect(started).toHaveLength(2);
  await job.stop();
});

test("stopping waits for what is under way, and nothing begins after it", async () => {
  const { started, work, finish } = slowWork();
  const job = jobs().start(aJob({ work }));
  let isStopped = false;
  const stopped = job.stop().then(() => {
    isStopped = true;
  });
  await aMoment();
  expect(isStopped).toBe(false);
  finish();
  await stopped;
  job.soon();
  await aMoment();
  expect(started).toHaveLength(1);
});

test("what fails is told without its words, and is tried again", async () => {
  const lines: string[] = [];
  let times = 0;
  const work = async () => {
    times += 1;
    throw new Error("zoe@visitor.example");
  };
  const job = jobs(pino({}, { write: (line: string) => void lines.push(line) })).start(
    aJob({ name: "failing", every: 0.001, work }),
  );
  while (times < 3) await aMoment();
  await job.stop();
  expect(lines[0]).toContain('"job":"failing"');
  expect(lines.join()).not.toContain("zoe");
});

test("how it stands with a job is there to see: what it does, how often it ran, what kind of fault it had", async () => {
  const all = jobs();
  let isBroken = true;
  const job = all.start(
    aJob({
      work: async () => {
        if (isBroken) throw Object.assign(new Error("zoe@visitor.example"), { code: "ENOSPC" });
      },
    }),
  );
  await aMoment();
  expect(all.standing()).toEqual([
    expect.objectContaining({
      what: "Takes its time",
      isRunning: false,
      runs: 1,
      failures: 1,
      fault: "Error ENOSPC",
    }),
  ]);
  isBroken = false;
  job.soon();
  await aMoment();
  expect(all.standing()).toEqual([expect.objectContaining({ runs: 2, failures: 1, fault: undefined })]);
  expect(() => all.start(aJob({ work: async () => {} }))).toThrow("There is a job slow already.");
  await all.stop();
  expect(all.standing()).toEqual([]);
});

test("a run that takes more than its time is told to end, and nothing of its job begins beside it", async () => {
  const lines: string[] = [];
  const all = jobs(pino({}, { write: (line: string) => void lines.push(line) }));
  const runs: AbortSignal[] = [];
  let finish = () => {};
  const work = (signal: AbortSignal) => {
    runs.push(signal);
    return new Promise<void>((resolve) => {
      finish = resolve;
    });
  };
  const job = all.start(aJob({ limit: 0.01, work }));
  while (!runs[0]?.aborted) await aMoment();
  job.soon();
  await aMoment();
  expect(runs).toHaveLength(1);
  expect(all.standing()).toEqual([expect.objectContaining({ isRunning: true, isLate: true })]);
  expect(lines.join()).toContain("a job takes more than its time");
  finish();
  await aMoment();
  expect(runs).toHaveLength(2);
  finish();
  await all.stop();
});

test("who stops tells the run that is under way", async () => {
  const all = jobs();
  const work = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve());
    });
  all.start(aJob({ work }));
  await all.stop();
  expect(all.standing()).toEqual([]);
});

test("a fault is told once for as long as it stays the same, and again when it is another one", async () => {
  const lines: string[] = [];
  const all = jobs(pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) }));
  let code: string | undefined = "SQLITE_FULL";
  let runs = 0;
  const work = async () => {
    runs += 1;
    if (code) throw Object.assign(new Error("zoe@visitor.example"), { code });
  };
  const job = all.start(aJob({ work }));
  const again = async () => {
    const before = runs;
    job.soon();
    while (runs === before) await aMoment();
    await aMoment();
  };
  await aMoment();
  await again();
  await again();
  expect(lines).toEqual(["a job failed"]);
  code = "SQLITE_READONLY";
  await again();
  code = undefined;
  await again();
  await again();
  expect(lines).toEqual(["a job failed", "a job failed", "a job goes well again"]);
  await all.stop();
});

describe("by the clock", () => {
  let clock = 0;
  beforeEach(() => {
    jest.useFakeTimers();
    clock = Date.UTC(2024, 1, 3);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** A job that is done every two hours; gives how often it was. */
  async function everyTwoHours() {
    const all = new Jobs({ log: pino({ level: "silent" }), now: () => clock });
    let runs = 0;
    const work = async () => {
      runs += 1;
    };
    all.start(aJob({ every: 7200, work }));
    await jest.advanceTimersByTimeAsync(0);
    const pass = async (seconds: number) => {
      clock += seconds * 1000;
      await jest.advanceTimersByTimeAsync(seconds * 1000);
    };
    return { all, pass, runs: () => runs };
  }

  test("what comes due while the laptop sleeps runs once, soon after it wakes, and then as before", async () => {
    const { all, pass, runs } = await everyTwoHours();
    await pass(3600);
    expect(runs()).toBe(1);
    // A sleep of a night: the clock goes on, timers do not.
    clock += 10 * 3_600_000;
    await pass(60);
    expect(runs()).toBe(2);
    await pass(7100);
    expect(runs()).toBe(2);
    await pass(200);
    expect(runs()).toBe(3);
    await all.stop();
  });

  test("a clock that is put back holds up nothing, and the next time is told by the new one", async () => {
    const { all, pass, runs } = await everyTwoHours();
    await pass(60);
    clock -= 24 * 3_600_000;
    await pass(60);
    expect(all.standing()[0]?.nextAt).toBe(clock + (7200 - 120) * 1000);
    await pass(7200 - 120);
    expect(runs()).toBe(2);
    await all.stop();
  });

  test("a pause longer than a timer can be set to is waited for", async () => {
    const all = new Jobs({ log: pino({ level: "silent" }), now: () => clock });
    let runs = 0;
    const work = async () => {
      runs += 1;
    };
    all.start(aJob({ every: 60 * 24 * 3600, work }));
    clock += 3_600_000;
    await jest.advanceTimersByTimeAsync(3_600_000);
    expect(runs).toBe(1);
    await all.stop();
  });
});

/** Timers that are no job, each with what it belongs to: it ends with that. */
const OTHER_TIMERS: Record<string, string[]> = {
  "backups/routes.ts": ["setTimeout: an answer that waits a little for a backup"],
  "backups/store.ts": ["setTimeout: clearing away that a stuck stick does not hold up"],
  "backups/thread/store.ts": ["setTimeout: a backup that is broken off and stuck in a write to a stick"],
  "database/door.ts": ["setTimeout: a write that another program holds up"],
  "delivery/loop.ts": [
    "setInterval: a message that is on its way stays claimed, inside the job that brings it",
    "setTimeout: a stop that waits for a mail server",
  ],
  "exports/workbook/rules.ts": ["setTimeout: a download waits for its workbook to begin"],
  "http/announce.ts": ["setTimeout: a stop that takes leave of the network"],
  "http/connections.ts": ["setTimeout: a connection on which nothing moves"],
  "http/streams.ts": [
    "setInterval: an event stream gives signs of life",
    "setTimeout: an event stream that nobody reads",
  ],
  "log.ts": ["setTimeout: a stop that waits for the log's disk"],
  "questions/letters/routes.ts": ["setTimeout: an answer that waits a little for a message to go"],
  "questions/queue/routes.ts": ["setTimeout: an answer that waits a little for suggestions"],
  "reports/printing/store.ts": ["setTimeout: a browser that prints and gets stuck"],
  "stop.ts": [
    "setInterval: a stop looks for connections without a request",
    "setTimeout: a stop cuts off requests that do not end",
    "setTimeout: a stop that takes too long ends",
    "setTimeout: a stop tells people what it waits for",
    "setTimeout: a stop ends whatever a library still does",
  ],
};

test("whatever is done in the background is a job: every other timer of the program belongs to something that ends", () => {
  const found: Record<string, string[]> = {};
  for (const [file, text] of Object.entries(filesOf(path.resolve(__dirname, "../src")))) {
    if (file.startsWith("tablet/") || file === "jobs.ts") continue;
    const timers = [...text.matchAll(/\b(setInterval|setTimeout)( as \w+)?(?=[(\s}])/g)].map(
      ([, name]) => name,
    );
    if (timers.length > 0) found[file] = (timers as string[]).sort();
  }
  const explained = Object.entries(OTHER_TIMERS).map(([file, timers]) => [
    file,
    timers.map((timer) => timer.split(":")[0]).sort(),
  ]);
  expect(found).toEqual(Object.fromEntries(explained));
});

test("every job's owner is a folder of the program", () => {
  const files = filesOf(path.resolve(__dirname, "../src"));
  const owners = Object.values(files).flatMap((text) =>
    [...text.matchAll(/\bowner: "([^"]+)"/g)].map(([, owner]) => owner as string),
  );
  expect(owners.length).toBeGreaterThan(4);
  const folders = new Set(Object.keys(files).map((file) => file.split("/")[0]));
  expect(owners.filter((owner) => !folders.has(owner))).toEqual([]);
});
