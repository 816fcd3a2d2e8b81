import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Log, openLog } from "../src/log";

let dataDir: string;
let said: string;
let opened: Log | undefined;
beforeEach(() => {
  dataDir = mkdtempSync(path.join(os.tmpdir(), "boothlight test "));
  said = "";
  jest.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += text;
    return true;
  });
});
afterEach(async () => {
  jest.useRealTimers();
  jest.restoreAllMocks();
  await opened?.end();
  rmSync(dataDir, { recursive: true });
});

function open(settings: { logLevel?: string; logFile?: string } = {}): Log {
  opened = openLog({ dataDir, logLevel: "info", ...settings });
  return opened;
}

const folder = () => path.join(dataDir, "logs");
const lines = () =>
  readFileSync(path.join(folder(), "boothlight.log"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
const aMoment = () => new Promise((resolve) => setTimeout(resolve, 5));
/** Waits until something is so. */
async function until(is: () => boolean): Promise<void> {
  while (!is()) await aMoment();
}

test("all of the log is in a file that only this user can read, and the terminal has what needs somebody, in words", async () => {
  const { log, file, end } = open();
  log.info("running");
  log.warn({ job: "questions", limit: 120 }, "a job takes more than its time");
  await end();
  expect(file).toBe(path.join(folder(), "boothlight.log"));
  expect(lines()).toEqual([
    expect.objectContaining({ level: 30, msg: "running" }),
    expect.objectContaining({ level: 40, job: "questions" }),
  ]);
  expect(statSync(file as string).mode & 0o777).toBe(0o600);
  expect(statSync(folder()).mode & 0o777).toBe(0o700);
  expect(said).toMatch(
    /^\d\d:\d\d:\d\d Warning: a job takes more than its time \(job questions, limit 120\)\n$/,
  );
});

test("a next run goes on in the same file", async () => {
  for (const run of [1, 2]) {
    const { log, end } = open();
    log.info({ run }, "running");
    await end();
  }
  expect(lines().map(({ run }) => run)).toEqual([1, 2]);
});

test("without a file all of it is on the terminal, for programs to read", async () => {
  const { log, file } = open({ logFile: "off" });
  log.info({ run: 1 }, "running");
  expect(file).toBeUndefined();
  expect(JSON.parse(said)).toMatchObject({ run: 1, msg: "running" });
  expect(existsSync(folder())).toBe(false);
});

test("of what was thrown the log has kind and place, however it is handed over", async () => {
  const { log, end } = open();
  const thrown = Object.assign(new Error("duplicate key\nof zoe@visitor.example"), {
    code: "23505",
    detail: "Key (email)=(zoe@visitor.example) already exists.",
  });
  log.error({ error: thrown }, "it failed");
  log.error({ err: thrown }, "it failed");
  log.error({ error: "zoe@visitor.example" }, "it failed");
  await end();
  const [first, second] = lines();
  expect(first.error).toMatchObject({ name: "Error", code: "23505" });
  expect(first.error.frames[0]).toContain("log.test.ts");
  expect(second.err).toEqual(first.error);
  expect(JSON.stringify(lines()) + said).not.toContain("zoe");
});

test("a file that is large is put aside, five of them are kept, and no line is lost by that", async () => {
  const { log, end } = open();
  const text = "x".repeat(100_000);
  const written = () =>
    readdirSync(folder()).reduce((sum, name) => sum + statSync(path.join(folder(), name)).size, 0);
  const total = 40_000_000;
  const isKept = (number: number) =>
    ["boothlight.log", "boothlight.log.1"].some((name) => {
      const file = path.join(folder(), name);
      return existsSync(file) && readFileSync(file, "utf8").includes(`"line":${number},`);
    });
  let line = 0;
  for (let sent = 0; sent < total; line++) {
    log.info({ line, text }, "long");
    sent += 100_000;
    // What a disk cannot take in time is left out: not what this is about.
    if (line % 5 === 4) await until(() => isKept(line));
  }
  await end();
  const names = readdirSync(folder()).sort();
  expect(names).toEqual(["boothlight.log", ...[1, 2, 3, 4, 5].map((number) => `boothlight.log.${number}`)]);
  for (const name of names) {
    const { size, mode } = statSync(path.join(folder(), name));
    expect(size).toBeLessThan(5.5 * 1024 * 1024);
    expect(mode & 0o777).toBe(0o600);
  }
  expect(written()).toBeGreaterThan(25 * 1024 * 1024);
  const numbers = ["boothlight.log.1", "boothlight.log"].flatMap((name) =>
    [...readFileSync(path.join(folder(), name), "utf8").matchAll(/"line":(\d+)/g)].map(([, number]) =>
      Number(number),
    ),
  );
  expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] as number) + index));
  expect(numbers.at(-1)).toBe(line - 1);
});

test("a disk that does not take it stops nothing, is said once, and the log goes on when it does, with how much is missing", async () => {
  // A file is where the folder should be.
  writeFileSync(folder(), "");
  let now = 0;
  jest.spyOn(performance, "now").mockImplementation(() => now);
  const { log, end } = open();
  log.info("one");
  await until(() => said !== "");
  log.info("two");
  expect(said).toBe(
    `The log cannot be written to ${path.join(folder(), "boothlight.log")}: EEXIST. Boothlight goes on without.\n`,
  );
  rmSync(folder());
  now = 11_000;
  log.info("three");
  await end();
  expect(lines()).toEqual([
    expect.objectContaining({ lost: 2, msg: "lines of the log could not be written" }),
    expect.objectContaining({ msg: "three" }),
  ]);
});

test("what is no file stops nothing either", async () => {
  const { log } = open({ logFile: "/dev/full" });
  log.info("one");
  await until(() => said !== "");
  expect(said).toContain("The log cannot be written to /dev/full");
});
