import { readFileSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Instant } from "./database/tables";
import { FAULT } from "./stop";

/** The version of the program, as in package.json. */
export const VERSION: string = JSON.parse(
  readFileSync(path.resolve(__dirname, "../package.json"), "utf8"),
).version;

/** The run of the program that is under way. */
export interface Run {
  startedAt: Instant;
  /** Whether the one before it ended without being asked to: a crash, a power cut. */
  isAfterCrash: boolean;
  /** The file that has the log; none where it goes to the terminal alone. */
  logFile?: string;
}

/**
 * Notes in the data folder that the program runs, until it ends by itself, and finds out how the run before ended. A folder
 * that cannot be written is no reason not to run: then it is not known.
 */
export async function beginRun(dataDir: string, startedAt: Instant): Promise<Run> {
  const note = path.join(dataDir, "running");
  const before = await readFile(note, "utf8").catch(() => undefined);
  await writeFile(note, `${process.pid}\n`, { mode: 0o600 }).catch(() => {});
  process.once("exit", (code) => {
    if (code !== FAULT) rmSync(note, { force: true });
  });
  return { startedAt, isAfterCrash: before !== undefined && !isRunning(Number(before)) };
}

/** Whether another process of this number is there: somebody may have started the booth twice. */
function isRunning(pid: number): boolean {
  // In a container every run has the same number.
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
