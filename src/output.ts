import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Presets, SingleBar } from "cli-progress";

type Content = Readable | Iterable<string | Buffer> | AsyncIterable<string>;

/**
 * Writes to a file that only its owner may read, or to the terminal. A file is there when all of it is: until then it has
 * another name beside it, and what fails leaves what was there before. Resolves with whether all of it arrived: whoever
 * stops reading has enough. Throws an Error of one line where the file cannot be written.
 */
export async function writeOut(content: Content, output: string | undefined): Promise<boolean> {
  const from = content instanceof Readable ? content : Readable.from(content);
  if (output) {
    await writeFile(from, output);
    return true;
  }
  try {
    await pipeline(from, process.stdout, { end: false });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
    return false;
  }
}

async function writeFile(content: Readable, output: string): Promise<void> {
  const part = `${output}.${randomBytes(4).toString("hex")}.part`;
  // Who stops the program in between does not want half a file left.
  const stop = () => void rm(part, { force: true }).finally(() => process.exit(130));
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    await pipeline(content, createWriteStream(part, { mode: 0o600, flags: "wx" }));
    await rename(part, output);
  } catch (error) {
    await rm(part, { force: true });
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === "open" || syscall === "rename" || syscall === "write") {
      throw new Error(`${output} cannot be written: ${code}.`);
    }
    throw error;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

/** How far something is, shown to people. */
export interface Progress {
  /** So much of it is done. */
  reach(done: number, of: number): void;
  end(): void;
}

/** A bar below what is written; undefined where nobody is at a terminal. */
export function progressOf(unit: string): Progress | undefined {
  if (!process.stderr.isTTY) return undefined;
  const format = `{bar} {percentage} % · {value} of {total} ${unit} · {eta_formatted} left`;
  const bar = new SingleBar({ format, stream: process.stderr, hideCursor: true }, Presets.shades_classic);
  return {
    reach(done, of) {
      if (!bar.isActive) bar.start(of, 0);
      bar.setTotal(of);
      bar.update(done);
    },
    end: () => bar.stop(),
  };
}
