import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { PASSPHRASE } from "./booth";

export const PROGRAM = path.resolve(__dirname, "../../dist/main.js");

export interface Program {
  process: ChildProcess;
  address: string;
  /** What it has printed so far. */
  printed(): string;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** Asks it to stop; gives its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/**
 * Starts the built program on a data folder; resolves when it says where to open it. `env`: settings of its own;
 * `script`: what is run in its place; `onSpawn` gets the process before it has started.
 */
export async function startProgram(
  dataDir: string,
  env: Record<string, string> = {},
  script = PROGRAM,
  onSpawn: (child: ChildProcess) => void = () => {},
): Promise<Program> {
  const child = spawn(process.execPath, [script, "start"], {
    env: {
      PATH: process.env.PATH,
      DATA_DIR: dataDir,
      PORT: "0",
      HOST: "127.0.0.1",
      ORGANIZER_PASSPHRASE: PASSPHRASE,
      LOG_LEVEL: "error",
      LOG_FILE: "off",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onSpawn(child);
  let text = "";
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const port = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      text += chunk;
      const found = /On this laptop: +http:\/\/localhost:(\d+)/.exec(text)?.[1];
      if (found) resolve(found);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    void ended.then(() => reject(new Error(`The program ended before it was running:\n${text}`)));
  });
  return {
    process: child,
    address: `http://127.0.0.1:${port}`,
    printed: () => text,
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return ended;
    },
  };
}
