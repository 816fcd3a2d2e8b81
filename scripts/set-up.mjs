// Brings a checkout to where the program runs: installs and builds what is missing. Plain Node, because
// it runs before anything is installed.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

/** Installs the locked packages where they are not yet there, or the lock has changed since. */
export function installed() {
  // npm writes this file last, so an install that was broken off is done again.
  const done = path.join(ROOT, "node_modules/.package-lock.json");
  // … but for the lock itself, where the install was one that changes it.
  if (existsSync(done) && statSync(done).mtimeMs + 5000 >= newest("package-lock.json")) return;
  say("Installing packages. The first time takes a minute or two …");
  if (process.platform !== "win32" && /\s/.test(ROOT)) installElsewhere();
  else install(ROOT);
}

function install(cwd) {
  // What has to be compiled may use every core.
  const env = { ...process.env, JOBS: "max" };
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd, env });
}

/**
 * Where no ready-made part fits the machine, a package is compiled, and make does not cope with a space in the
 * name of a folder. So the packages are installed in a folder without one, and moved here.
 */
function installElsewhere() {
  const elsewhere = mkdtempSync(path.join(os.tmpdir(), "boothlight-"));
  process.on("exit", () => rmSync(elsewhere, { recursive: true, force: true }));
  for (const file of ["package.json", "package-lock.json"]) {
    copyFileSync(path.join(ROOT, file), path.join(elsewhere, file));
  }
  install(elsewhere);
  const here = path.join(ROOT, "node_modules");
  rmSync(here, { recursive: true, force: true });
  cpSync(path.join(elsewhere, "node_modules"), here, { recursive: true, verbatimSymlinks: true });
}

/** Builds where a source is newer than what was built. */
export function built() {
  const stamp = path.join(ROOT, "dist", ".built");
  const isWhole = existsSync(stamp) && existsSync(path.join(ROOT, "public/built"));
  const sources = ["src", "scripts", "package-lock.json", "tsconfig.json", "tsconfig.build.json"];
  if (isWhole && statSync(stamp).mtimeMs > Math.max(...sources.map(newest))) return;
  say("Building …");
  run("npm", ["run", "--silent", "build"]);
  writeFileSync(stamp, "");
}

/** Where browsers are usually installed; the program looks there too, to print a report. */
const PLACES = JSON.parse(readFileSync(path.join(ROOT, "scripts/browsers.json"), "utf8"));

/** The Chrome or Chromium of this machine; undefined where there is none. */
export function findBrowser() {
  return [process.env.CHROME_PATH, ...PLACES].find((place) => place && existsSync(place));
}

/** Runs a program and ends this one with its exit code where it fails. */
export function run(program, args, options = {}) {
  const shell = process.platform === "win32";
  const { status, error } = spawnSync(program, args, { cwd: ROOT, stdio: "inherit", shell, ...options });
  if (error || status !== 0) {
    say(`${program} ${args.join(" ")} did not finish${error ? `: ${error.message}` : ""}.`);
    process.exit(status || 1);
  }
}

export function say(text) {
  process.stderr.write(`${text}\n`);
}

function newest(place) {
  const file = path.join(ROOT, place);
  const { mtimeMs } = statSync(file);
  if (!statSync(file).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(file).map((name) => newest(path.join(place, name))));
}
