// Runs the program to its end, and starts it again where it ended by a fault: a booth has nobody who looks at its terminal.
import { spawn } from "node:child_process";
import os from "node:os";

/** What the program ends with where it had to, by a fault that nobody took care of; 134: Node itself gave up, as without memory. */
const FAULTS = [70, 134];
/** By what a system ends a program that does something wrong, or takes too much memory. */
const FAULT_SIGNALS = ["SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGKILL", "SIGSEGV", "SIGTRAP"];
/** Commands that run until they are told to stop. Others are never done a second time. */
const RUN_ON = ["start", "demo"];
/** A run of so many milliseconds went well: what ends it is counted from one again. */
const WENT_WELL = 60_000;
/** How often it is started again at most, in a row. */
const MOST_STARTS = 5;

/**
 * How Node runs the program. By itself its engine guesses early of what is made at some place in the code that it lasts, and then
 * collects it late: writing a million rows took 270 MB in place of 180, one time in eight.
 */
export const NODE_FLAGS = ["--no-allocation-site-pretenuring"];

/** `firstPause`: milliseconds before the first new start; each further one in a row waits twice as long. */
export function keepRunning(script, args, { say, firstPause = 1000 }) {
  const [command = "start"] = args;
  const runsOn = RUN_ON.includes(command) || command.startsWith("-");
  let program;
  let waiting;
  let inARow = 0;
  let isTold = false;

  const run = () => {
    waiting = undefined;
    const began = performance.now();
    program = spawn(process.execPath, [...NODE_FLAGS, script, ...args], { stdio: "inherit" });
    program.on("exit", (code, signal) => {
      const isFault = FAULTS.includes(code) || FAULT_SIGNALS.includes(signal);
      if (performance.now() - began > WENT_WELL) inARow = 0;
      if (!isFault || !runsOn || isTold) return end(code, signal);
      if (inARow === MOST_STARTS) {
        say(`Boothlight stopped unexpectedly ${MOST_STARTS + 1} times in a row, and is not started again.`);
        return end(code, signal);
      }
      const pause = firstPause * 2 ** inARow;
      inARow += 1;
      say(`Boothlight stopped unexpectedly. It is started again in ${Math.ceil(pause / 1000)} s.`);
      waiting = setTimeout(run, pause);
    });
  };
  const end = (code, signal) => process.exit(code ?? 128 + os.constants.signals[signal]);

  run();
  // The program stops by itself, in its own time: this one only passes the word on and waits. Once, and as SIGTERM: a
  // terminal sends Ctrl+C to both, npm sends it again, and a second one would not wait for requests under way.
  return () => {
    if (waiting) {
      clearTimeout(waiting);
      process.exit(0);
    }
    if (!isTold) program.kill("SIGTERM");
    isTold = true;
  };
}
