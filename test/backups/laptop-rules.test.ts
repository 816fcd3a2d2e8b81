import { durationInWords, faultInWords, jobRow, overall, runFindings } from "../../src/backups/laptop/rules";
import type { JobStanding } from "../../src/jobs";
import { NOON } from "../support/databases";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const AT_NOON = { now: NOON, zone: "Europe/Brussels" };

const aStanding = (given: Partial<JobStanding> = {}): JobStanding => ({
  name: "backup",
  owner: "backups",
  what: "Writes a backup",
  every: 600,
  limit: 120,
  isRunning: false,
  isLate: false,
  runs: 1,
  failures: 0,
  lateRuns: 0,
  spent: 1200,
  startedAt: NOON - 4 * MINUTE,
  endedAt: NOON - 4 * MINUTE + 1200,
  took: 1200,
  nextAt: NOON + 6 * MINUTE,
  ...given,
});

test.each([
  ["SqliteError SQLITE_FULL", "The disk was full."],
  ["Error ENOSPC", "The disk was full."],
  ["error 53100", "The disk was full."],
  [
    "SqliteError SQLITE_READONLY_DBMOVED",
    "The disk could only be read: a switch on a stick or card, or a disk that fails.",
  ],
  ["SqliteError SQLITE_CORRUPT", "The database file is damaged."],
  ["SqliteError SQLITE_IOERR_WRITE", "The disk did not answer. Was a stick pulled out?"],
  ["Error ENOENT", "A file or folder was not there. Was a stick pulled out?"],
  ["error 57P01", "The other end did not answer."],
  ["TypeError", "Something went wrong in the program. The log says where."],
])("the fault %s is: %s", (fault, sentence) => {
  expect(faultInWords(fault)).toBe(sentence);
});

test.each([
  [0.2, "1 ms"],
  [830, "830 ms"],
  [1200, "1.2 s"],
  [3000, "3 s"],
  [59_999, "59 s"],
  [4 * MINUTE, "4 min"],
  [3 * HOUR + 20 * MINUTE, "3 h 20 min"],
  [6 * HOUR, "6 h"],
  [72 * HOUR, "3 days"],
])("%d ms are %s", (span, words) => {
  expect(durationInWords(span)).toBe(words);
});

test.each<[string, Partial<JobStanding>, object]>([
  ["that went well", {}, { state: "good", last: "3 min ago, took 1.2 s", next: "In 6 min", canRun: true }],
  [
    "that failed",
    { failures: 1, fault: "Error ENOSPC" },
    { state: "failed", fault: "The disk was full.", last: "3 min ago, took 1.2 s", canRun: true },
  ],
  [
    "that runs for too long",
    { isRunning: true, isLate: true, startedAt: NOON - 5 * MINUTE, nextAt: undefined },
    {
      state: "late",
      last: "Under way for 5 min, longer than it may take",
      next: "When it has ended",
      canRun: false,
    },
  ],
  [
    "that runs for the first time",
    { isRunning: true, runs: 0, endedAt: undefined, took: undefined, nextAt: undefined },
    { state: "first", last: "Not yet", next: "Under way", canRun: false },
  ],
  [
    "that is done every few seconds",
    { every: 3, nextAt: NOON + 2000 },
    { next: "In a moment", canRun: false },
  ],
  ["that is done once a day", { every: 86_400, nextAt: NOON + 23 * HOUR }, { next: "At 4 Feb, 11:00" }],
])("a job %s says so", (_what, given, row) => {
  expect(jobRow(aStanding(given), AT_NOON)).toMatchObject(row);
});

test("all of it is one sentence, as bad as the worst of it", () => {
  const of = (verdict: "good" | "look" | "bad") => ({ verdict });
  const [good, failed, late] = [{ state: "good" }, { state: "failed" }, { state: "late" }] as const;
  expect(overall([of("good")], [good])).toEqual({ verdict: "good", words: "All is well." });
  expect(overall([], [])).toEqual({ verdict: "good", words: "All is well." });
  expect(overall([of("good"), of("look")], [good, late])).toEqual({
    verdict: "look",
    words: "2 things to look at, when there is time.",
  });
  expect(overall([of("bad"), of("look")], [failed])).toEqual({
    verdict: "bad",
    words: "One thing to see to now. 2 things more to look at.",
  });
});

test("that the program stopped unexpectedly is said for a day", () => {
  const run = { startedAt: NOON - HOUR, isAfterCrash: true };
  expect(runFindings(run, AT_NOON)).toEqual([
    expect.objectContaining({ verdict: "look", words: expect.stringContaining("started again at 11:00") }),
  ]);
  expect(runFindings({ ...run, isAfterCrash: false }, AT_NOON)).toEqual([]);
  expect(runFindings(run, { ...AT_NOON, now: NOON + 24 * HOUR })).toEqual([]);
  expect(runFindings(undefined, AT_NOON)).toEqual([]);
});
