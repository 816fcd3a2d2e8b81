import pino from "pino";
import { repeat } from "../src/repeat";

const log = pino({ level: "silent" });

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
  const job = repeat("slow", 3600, work, log);
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
  const job = repeat("slow", 3600, work, log);
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
  const job = repeat("failing", 0.001, work, pino({}, { write: (line: string) => void lines.push(line) }));
  while (times < 3) await aMoment();
  await job.stop();
  expect(lines[0]).toContain('"job":"failing"');
  expect(lines.join()).not.toContain("zoe");
});
