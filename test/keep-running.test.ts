import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

const KEEP = pathToFileURL(path.resolve(__dirname, "../scripts/keep-running.mjs")).href;

let folder: string;
let keeper: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "boothlight test "));
});
afterEach(() => {
  keeper?.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** Keeps a program running that does what `script` says; gives its exit code, what was said, and how often it was started. */
function keep(script: string, args: string[] = [], stopAfter?: (said: string) => boolean) {
  const program = path.join(folder, "program.js");
  const started = path.join(folder, "started");
  writeFileSync(started, "");
  writeFileSync(program, `require("node:fs").appendFileSync(${JSON.stringify(started)}, "x");\n${script}`);
  const code = `import { keepRunning } from ${JSON.stringify(KEEP)};
    const say = (text) => console.log(text);
    const stop = keepRunning(${JSON.stringify(program)}, process.argv.slice(1), { say, firstPause: 20 });
    process.on("SIGTERM", stop);`;
  keeper = spawn(process.execPath, ["--input-type=module", "-e", code, ...args]);
  let said = "";
  let isAsked = false;
  keeper.stdout?.on("data", (chunk) => {
    said += chunk;
    if (isAsked || !stopAfter?.(said)) return;
    isAsked = true;
    keeper?.kill("SIGTERM");
  });
  return new Promise<{ code: number | null; said: string[]; starts: number }>((resolve) => {
    keeper?.once("close", (exitCode) => {
      const lines = said.split("\n").filter((line) => line !== "");
      resolve({ code: exitCode, said: lines, starts: readFileSync(started, "utf8").length });
    });
  });
}

/** What a program does at its first start, and what at each later one. */
const first = (then: string, later: string) =>
  `if (require("node:fs").readFileSync(${JSON.stringify(path.join(folder, "started"))}, "utf8").length === 1) { ${then} } else { ${later} }`;

test("a booth, and each command, runs as its memory is measured", async () => {
  const { said } = await keep("console.log(process.execArgv.join())", ["start"]);
  expect(said).toEqual(["--no-allocation-site-pretenuring"]);
});

test.each([
  ["ended by a fault of its own", "process.exit(70)"],
  ["was ended by the system", 'process.kill(process.pid, "SIGKILL")'],
])("a booth that %s is started again, and people are told", async (_what, fault) => {
  const { code, said, starts } = await keep(first(fault, "process.exit(0)"), ["start"]);
  expect({ code, starts }).toEqual({ code: 0, starts: 2 });
  expect(said).toEqual(["Boothlight stopped unexpectedly. It is started again in 1 s."]);
});

test.each([
  ["with wrong settings, or a port that is taken", [], "process.exit(1)", 1],
  ["that was told to stop", ["start"], 'process.kill(process.pid, "SIGINT")', 130],
  ["that is another command, which must not be done twice", ["import", "event.json"], "process.exit(70)", 70],
])("one %s is not, and its exit code is kept", async (_what, args, script, expected) => {
  const { code, said, starts } = await keep(script, args);
  expect({ code, said, starts }).toEqual({ code: expected, said: [], starts: 1 });
});

test("one that ends by a fault again and again is given up, with the exit code of the last time", async () => {
  const { code, said, starts } = await keep("process.exit(70)");
  expect({ code, starts }).toEqual({ code: 70, starts: 6 });
  expect(said.at(-1)).toBe("Boothlight stopped unexpectedly 6 times in a row, and is not started again.");
});

test("one that is told to stop stops in its own time, and a fault on the way starts nothing again", async () => {
  const script = `process.on("SIGTERM", () => setTimeout(() => process.exit(70), 50));
    setTimeout(() => {}, 20_000);
    console.log("running");`;
  const { code, starts } = await keep(script, [], (said) => said.includes("running"));
  expect({ code, starts }).toEqual({ code: 70, starts: 1 });
});
