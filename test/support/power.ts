import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** One thing that a program asked the system to do, as far as it matters for what is on the disk. */
type Step =
  | { does: "write"; file: string; at: number; bytes: Buffer }
  | { does: "cut"; file: string; size: number }
  | { does: "sync"; file: string }
  /** It said something over the network. */
  | { does: "say"; text: string };

type Change = Exclude<Step, { does: "sync" | "say" }>;

/** What is being written down of a running program. */
export interface Watch {
  /** Stops watching; gives all that it did, in order. */
  stop(): Promise<Step[]>;
}

/** Why this machine lets nobody look at what a program does; undefined where it does. */
export function whyNoWatch(): string | undefined {
  const { status, error } = spawnSync("strace", ["-f", "-o", "/dev/null", "true"]);
  if (error) return "strace is not installed";
  return status === 0 ? undefined : "this machine lets no program be traced";
}

/** Writes down what a running program writes, syncs and says, with strace. */
export async function watch(pid: number, trace: string): Promise<Watch> {
  const calls = "trace=write,writev,sendmsg,pwrite64,ftruncate,fsync,fdatasync";
  const child = spawn(
    "strace",
    ["-f", "-y", "-xx", "-s", "100000", "-e", calls, "-o", trace, "-p", `${pid}`],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (chunk) => {
      said += chunk;
      if (said.includes("attached")) resolve();
    });
    void ended.then(() => reject(new Error(`strace has ended: ${said}`)));
  });
  return {
    async stop() {
      child.kill("SIGINT");
      await ended;
      return stepsIn(readFileSync(trace, "latin1"));
    },
  };
}

const LINE = /^\d+ +(\w+)\((\d+)<((?:\\x[0-9a-f]{2})*)>(?:, )?(.*)\) += (-?\d+)/;

function stepsIn(trace: string): Step[] {
  const steps: Step[] = [];
  const unfinished = new Map<string, string>();
  for (const line of trace.split("\n")) {
    const [pid = ""] = line.split(" ", 1);
    // Another thread did something meanwhile: a call counts when it has come back.
    if (line.endsWith("<unfinished ...>")) {
      unfinished.set(pid, line.slice(0, -"<unfinished ...>".length).trimEnd());
      continue;
    }
    const resumed = /<\.\.\. \w+ resumed>(.*)$/.exec(line)?.[1];
    const step = stepIn(resumed === undefined ? line : `${unfinished.get(pid) ?? ""}${resumed}`);
    if (step) steps.push(step);
  }
  return steps;
}

function stepIn(line: string): Step | undefined {
  const [, call, , place = "", given = "", gave] = LINE.exec(line) ?? [];
  if (!call || Number(gave) < 0) return undefined;
  const where = unescaped(place).toString();
  const texts = [...given.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, text = ""]) => unescaped(text));
  if (call === "pwrite64") {
    const at = Number(/, (\d+)$/.exec(given)?.[1]);
    return { does: "write", file: where, at, bytes: texts[0] as Buffer };
  }
  if (call === "ftruncate") return { does: "cut", file: where, size: Number(given) };
  if (call === "fsync" || call === "fdatasync") return { does: "sync", file: where };
  return { does: "say", text: Buffer.concat(texts).toString() };
}

const unescaped = (text: string) => Buffer.from(text.replaceAll("\\x", ""), "hex");

/** What a power cut may leave: what was synced is there, and of the rest nothing, or any part in any order. */
export class Disk {
  readonly #folder: string;
  readonly #files = new Map<string, Buffer>();
  #pending: Change[] = [];
  readonly #doesSync: boolean;

  /** Begins with the files of a folder. `doesSync: false`: a disk that only says so. */
  constructor(folder: string, names: string[], { doesSync = true } = {}) {
    this.#folder = folder;
    this.#doesSync = doesSync;
    for (const name of names) {
      const file = path.join(folder, name);
      this.#files.set(file, existsSync(file) ? readFileSync(file) : Buffer.alloc(0));
    }
  }

  do(step: Step): void {
    if (step.does === "say" || !this.#files.has(step.file)) return;
    if (step.does !== "sync") this.#pending.push(step);
    else if (this.#doesSync) {
      for (const each of this.#pending) if (each.file === step.file) carryOut(this.#files, each);
      this.#pending = this.#pending.filter((each) => each.file !== step.file);
    }
  }

  /** Writes what is left into another folder. `of`: what became of what was not synced. */
  leave(folder: string, of: "nothing" | "some"): void {
    const files = new Map([...this.#files].map(([file, bytes]) => [file, Buffer.from(bytes)]));
    if (of === "some") {
      // In sectors of 512 bytes, each of which arrives or does not.
      const sectors: Change[] = [];
      for (const step of this.#pending) sectors.push(...(step.does === "write" ? sectorsOf(step) : [step]));
      for (const sector of sectors) if (Math.random() < 0.6) carryOut(files, sector);
    }
    for (const [file, bytes] of files)
      writeFileSync(path.join(folder, path.relative(this.#folder, file)), bytes);
  }
}

/** Changes a file in place; one that grows becomes another buffer. */
function carryOut(files: Map<string, Buffer>, step: Change): void {
  const before = files.get(step.file) as Buffer;
  const size = step.does === "cut" ? step.size : Math.max(before.length, step.at + step.bytes.length);
  let after = before;
  if (size < before.length) after = Buffer.from(before.subarray(0, size));
  else if (size > before.length) after = Buffer.concat([before, Buffer.alloc(size - before.length)]);
  if (step.does === "write") step.bytes.copy(after, step.at);
  files.set(step.file, after);
}

function* sectorsOf(step: Extract<Step, { does: "write" }>): Generator<Extract<Step, { does: "write" }>> {
  for (let from = 0; from < step.bytes.length; ) {
    const until = Math.min(step.bytes.length, from + 512 - ((step.at + from) % 512));
    yield { ...step, at: step.at + from, bytes: step.bytes.subarray(from, until) };
    from = until;
  }
}
