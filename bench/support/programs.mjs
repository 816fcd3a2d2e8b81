// Programs that a bench measures from outside, each in a process of its own: Boothlight as it is built, what it is compared
// with, and what sends requests.
import { fork, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { NODE_FLAGS } from "../../scripts/keep-running.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
export const BOOTHLIGHT = path.join(HERE, "../../dist/main.js");
export const PASSPHRASE = "four words are good";
/** A second of a processor in the numbers of /proc, on every Linux that Node runs on. */
const TICKS = 100;

/**
 * Starts Boothlight, as it is where nothing is set but where it listens, on a folder of data; with another `script`, what
 * is run in its place. Resolves when it says where it listens. `startUp` is how many milliseconds that took.
 */
export async function startProgram(dataDir, { script = BOOTHLIGHT, args = ["start"], node = [] } = {}) {
  const begin = performance.now();
  const child = spawn(process.execPath, [...NODE_FLAGS, ...node, script, ...args], {
    env: {
      PATH: process.env.PATH,
      DATA_DIR: dataDir,
      PORT: "0",
      HOST: "127.0.0.1",
      ORGANIZER_PASSPHRASE: PASSPHRASE,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const ended = new Promise((resolve) => child.once("exit", resolve));
  // A bench that fails leaves nothing running.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  ended.then(() => process.off("exit", kill));
  const port = await new Promise((resolve, reject) => {
    const read = (chunk) => {
      text = (text + chunk).slice(-10_000);
      const found = /http:\/\/localhost:(\d+)/.exec(text)?.[1];
      if (found) resolve(found);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    ended.then(() => reject(new Error(`The program ended before it was running:\n${text}`)));
  });
  return {
    address: `http://127.0.0.1:${port}`,
    startUp: performance.now() - begin,
    /** Seconds of a processor that it has used so far, in all of its threads. */
    processorSeconds() {
      const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      return (Number(fields[11]) + Number(fields[12])) / TICKS;
    },
    /** What it has in memory now, and the most that it ever had. */
    megabytes() {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      const of = (name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
      return { now: of("VmRSS"), most: of("VmHWM") };
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Runs one of the scripts beside this one in a process of its own; gives what it sends back. */
export function told(script, task) {
  return new Promise((resolve, reject) => {
    const child = fork(path.join(HERE, script), { stdio: "inherit" });
    let answer;
    child.once("message", (message) => {
      answer = message;
    });
    child.once("exit", (code) =>
      answer === undefined ? reject(new Error(`${script} ended with ${code}.`)) : resolve(answer),
    );
    child.send(task);
  });
}

/** Signs the organizer in; gives the cookie. */
export async function signIn(address) {
  const body = new URLSearchParams({ passphrase: PASSPHRASE });
  const answer = await fetch(`${address}/session`, { method: "POST", body, redirect: "manual" });
  return answer.headers.get("set-cookie").split(";")[0];
}
