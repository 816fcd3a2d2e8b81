import { mkdirSync } from "node:fs";
import path from "node:path";
import pino, { type Logger } from "pino";
import { createStream, type RotatingFileStream } from "rotating-file-stream";
import type { Config } from "./config";
import { framesOf, kindOf } from "./http/faults";

/** What the program says of itself while it runs. */
export interface Log {
  log: Logger;
  /** Where it is kept; undefined where it goes to the terminal alone. */
  file?: string;
  /** Writes what is still to be written, and ends. Waits two seconds at the most. */
  end(): Promise<void>;
}

/** A file is put aside when it is that large, and so many are kept beside the one that is written. */
const SIZE = "5M";
const KEPT = 5;
/** Bytes that may wait for a slow disk: what is more is left out, and counted. */
const MOST_WAITING = 1024 * 1024;
/** Milliseconds that a disk which did not take the log is left alone. */
const REST = 10_000;
const END_WITHIN = 2000;

/** Where the log goes: a stream as pino wants it. */
interface Place {
  write(line: string): void;
}

/**
 * Opens the log of a booth that runs: all of it in the file, and what needs somebody on the terminal, in words; all of it on
 * the terminal, as JSON, where there is no file. What cannot be written is left out and counted: the log stops nothing.
 */
export function openLog({
  logLevel,
  logFile: chosen,
  dataDir,
}: Pick<Config, "logLevel" | "logFile" | "dataDir">): Log {
  const logFile = chosen === "off" ? undefined : (chosen ?? path.join(dataDir, "logs", "boothlight.log"));
  const terminal: Place = { write: (line) => void process.stderr.write(line) };
  if (!logFile) return { log: makeLog(logLevel, terminal), end: async () => {} };
  const file = new LogFile(logFile, (problem) =>
    terminal.write(`The log cannot be written to ${logFile}: ${problem}. Boothlight goes on without.\n`),
  );
  const level = logLevel as pino.Level;
  const places = pino.multistream([
    { level, stream: file },
    { level: "warn", stream: { write: (line) => terminal.write(inWords(line)) } },
  ]);
  return { log: makeLog(logLevel, places), file: logFile, end: () => file.end() };
}

/** A log that holds nothing private, wherever it goes: of what is thrown only the kind is said, and where it was. */
export function makeLog(level: string, place: Place): Logger {
  // Messages of databases and mail servers quote what they were given.
  const told = (error: unknown) => ({ ...kindOf(error), frames: framesOf(error) });
  return pino({ level, base: null, serializers: { err: told, error: told } }, place);
}

/** Lines to a file that is put aside when it is large. Never throws, and nobody waits for it. */
class LogFile implements Place {
  readonly #file: string;
  readonly #onProblem: (problem: string) => void;
  #stream: RotatingFileStream | undefined;
  #againAt = 0;
  #lost = 0;
  #hasProblem = false;

  constructor(file: string, onProblem: (problem: string) => void) {
    this.#file = file;
    this.#onProblem = onProblem;
  }

  write(line: string): void {
    const stream = this.#stream ?? this.#open();
    if (!stream || stream.writableLength > MOST_WAITING) {
      this.#lost += 1;
      return;
    }
    if (this.#lost > 0) {
      const [lost, msg] = [this.#lost, "lines of the log could not be written"];
      this.#lost = 0;
      this.#put(stream, `${JSON.stringify({ level: 40, time: Date.now(), lost, msg })}\n`, lost);
    }
    this.#put(stream, line, 1);
  }

  #put(stream: RotatingFileStream, text: string, lines: number): void {
    stream.write(text, (error) => {
      if (error) this.#lost += lines;
      else this.#hasProblem = false;
    });
  }

  #open(): RotatingFileStream | undefined {
    if (performance.now() < this.#againAt) return undefined;
    try {
      const folder = path.dirname(this.#file);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const name = path.basename(this.#file);
      const stream = createStream(name, { path: folder, size: SIZE, rotate: KEPT, mode: 0o600 });
      stream.on("error", (error) => this.#failed(error));
      this.#stream = stream;
    } catch (error) {
      this.#failed(error);
    }
    return this.#stream;
  }

  #failed(error: unknown): void {
    this.#stream = undefined;
    this.#againAt = performance.now() + REST;
    if (!this.#hasProblem) this.#onProblem((error as NodeJS.ErrnoException).code ?? "unknown");
    this.#hasProblem = true;
  }

  async end(): Promise<void> {
    const stream = this.#stream;
    if (!stream || stream.closed) return;
    let waited: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      waited = setTimeout(resolve, END_WITHIN);
    });
    const ended = new Promise<void>((resolve) => {
      stream.once("close", resolve);
      stream.once("error", () => resolve());
      stream.end();
    });
    await Promise.race([ended, patience]);
    clearTimeout(waited);
  }
}

const LEVELS: Record<number, string> = { 40: "Warning", 50: "Fault", 60: "Fault" };

/** A line of the log as people read it: when, how bad, what, and what helps to find it. */
function inWords(line: string): string {
  const { time, level, msg, frames: _, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const clock = new Date(time as number).toTimeString().slice(0, 8);
  const more = Object.entries(rest)
    .filter(([, value]) => ["string", "number"].includes(typeof value))
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
  return `${clock} ${LEVELS[level as number] ?? "Warning"}: ${msg}${more ? ` (${more})` : ""}\n`;
}
