import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Config } from "../../config";
import type { Instant } from "../../database/tables";
import { Problem } from "../../errors";
import { isWholePdf, printArguments } from "./rules";

/** A browser that takes longer than that, in milliseconds, has got stuck. */
const PRINT_WITHIN = 60_000;
/** Where browsers are usually installed: the tests look there too. */
const PLACES: string[] = JSON.parse(
  readFileSync(path.resolve(__dirname, "../../../scripts/browsers.json"), "utf8"),
);

const FOLDER = "boothlight-print-";
/** What a print left behind is cleared away when it is that old, in milliseconds: long after any print has ended. */
const LEFT_AFTER = 3_600_000;

/** The Chrome or Chromium that prints: the one that CHROME_PATH names, else one that is installed; undefined: there is none. */
export function browserOf({ chromePath }: Pick<Config, "chromePath">): string | undefined {
  return chromePath ?? PLACES.find((place) => existsSync(place));
}

/**
 * Prints a page that needs no other file to a PDF. One at a time: a browser takes a good part of the laptop. The page and
 * the browser's profile lie in a folder that only this user can read, and are gone afterwards, as is the browser.
 * Throws `unavailable` where there is no browser, or it does not print in time; the message says what to do.
 */
export async function printed(
  page: string,
  config: Pick<Config, "chromePath" | "dataDir">,
  within = PRINT_WITHIN,
): Promise<Buffer> {
  const browser = browserOf(config);
  if (!browser) {
    throw new Problem(
      "unavailable",
      "No Chrome or Chromium was found, and that is what makes the PDF. Install one, or set CHROME_PATH to where it is; or open the report and print it from there.",
    );
  }
  const print = before.then(() => printWith(browser, page, { dataDir: config.dataDir, within }));
  before = print.catch(() => undefined);
  return print;
}

let before: Promise<unknown> = Promise.resolve();

async function printWith(
  browser: string,
  page: string,
  { dataDir, within }: { dataDir: string; within: number },
): Promise<Buffer> {
  const folder = await privateFolder(browser, dataDir);
  const files = {
    page: path.join(folder, "report.html"),
    pdf: path.join(folder, "report.pdf"),
    profile: path.join(folder, "profile"),
  };
  try {
    await writeFile(files.page, page, { mode: 0o600 });
    const isRoot = process.getuid?.() === 0;
    const options = printArguments({ ...files, page: pathToFileURL(files.page).href }, { isRoot });
    await run(browser, options, within);
    const pdf = await readFile(files.pdf).catch(() => Buffer.alloc(0));
    if (!isWholePdf(pdf)) throw failed(browser, "it wrote no PDF");
    return pdf;
  } finally {
    // The browser's last children may still write for a moment.
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** A folder for one print, that nobody else can look into. What is installed as a snap does not see the system's own. */
async function privateFolder(browser: string, dataDir: string): Promise<string> {
  const isSnap = browser.startsWith("/snap/");
  if (isSnap) await mkdir(dataDir, { recursive: true });
  return mkdtemp(path.join(isSnap ? dataDir : os.tmpdir(), FOLDER));
}

/**
 * Clears away what prints left behind that a power cut or a crash ended: the report's page, and the browser's profile.
 * Gives how many folders there were.
 */
export async function clearPrints({ dataDir }: Pick<Config, "dataDir">, now: Instant): Promise<number> {
  const own = process.getuid?.();
  let cleared = 0;
  for (const parent of [os.tmpdir(), dataDir]) {
    const names = await readdir(parent).catch(() => []);
    for (const name of names.filter((each) => each.startsWith(FOLDER))) {
      const folder = path.join(parent, name);
      // Another user's, or gone meanwhile.
      const { mtimeMs, uid } = await stat(folder).catch(() => ({ mtimeMs: now, uid: -1 }));
      if (now - mtimeMs < LEFT_AFTER || (own !== undefined && uid !== own)) continue;
      await rm(folder, { recursive: true, force: true });
      cleared += 1;
    }
  }
  return cleared;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs the browser to its end; its children end with it, also where it gets stuck or the program is asked to stop. */
function run(browser: string, options: string[], within: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(browser, options, { detached: os.platform() !== "win32", stdio: "ignore" });
    const done = (error?: Error) => {
      clearTimeout(timer);
      for (const signal of SIGNALS) process.off(signal, stop);
      end(child);
      if (error) reject(error);
      else resolve();
    };
    const stop = () => done(failed(browser, "it was stopped"));
    const timer = setTimeout(
      () => done(failed(browser, `it was not done within ${within / 1000} seconds`)),
      within,
    );
    for (const signal of SIGNALS) process.once(signal, stop);
    child.once("error", (error: NodeJS.ErrnoException) =>
      done(failed(browser, `it cannot be started: ${error.code}`)),
    );
    child.once("exit", (code) => done(code === 0 ? undefined : failed(browser, "it ended with an error")));
  });
}

function end(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    // All that it started is in its own group.
    if (os.platform() === "win32") child.kill();
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

function failed(browser: string, why: string): Problem {
  return new Problem(
    "unavailable",
    `${browser} did not make the PDF: ${why}. Open the report and print it from there, or set CHROME_PATH to another Chrome or Chromium.`,
  );
}
