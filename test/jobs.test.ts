import pino from "pino";
import { type Job, Jobs } from "../src/jobs";

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
