// What the tests need beside npm's packages. Plain Node, because it runs before anything is installed.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { findBrowser, say } from "./set-up.mjs";

/** What makes a browser trust the certificate of a test's booth. */
export function hasCertutil() {
  return spawnSync("certutil", ["-H"], { stdio: "ignore" }).error === undefined;
}

/** What opens the spreadsheets that we write. */
function hasOffice() {
  const office = process.env.SOFFICE_PATH ?? "soffice";
  return spawnSync(office, ["--version"], { stdio: "ignore" }).error === undefined;
}

/** What opens the backups that we encrypt, and encrypts what we open. */
function hasAge() {
  return spawnSync("age", ["--version"], { stdio: "ignore" }).error === undefined;
}

/** Packages of Debian, where we may install them: resolves when it was tried with each. */
async function install(packages) {
  if (packages.length === 0) return;
  if (process.platform !== "linux" || process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return;
  say(`Not everything that the tests need is here: installing Debian's ${packages.join(", ")} …`);
  // One by one: what cannot be had keeps nothing else away.
  const commands = ["update", ...packages.map((name) => `install -y --no-install-recommends ${name}`)];
  const child = spawn("sh", ["-c", commands.map((command) => `apt-get ${command}`).join("; ")], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  await once(child, "exit");
}

/** Installs what is missing, where we may. Gives no error: who needs what is not there says so. */
export async function neededByTests() {
  await install([
    // Without windows to draw, it takes half of the processor's time that Chromium takes.
    ...(findBrowser() ? [] : ["chromium-headless-shell"]),
    ...(hasCertutil() ? [] : ["libnss3-tools"]),
    // 6 MB. Where it cannot be had, the two tests that need it say so.
    ...(hasAge() ? [] : ["age"]),
    // 72 MB, which take a quarter of a minute. Where it cannot be had, the one test that needs it says so.
    ...(hasOffice() ? [] : ["libreoffice-calc-nogui"]),
  ]);
  // Not every Debian has a browser without windows.
  if (!findBrowser()) await install(["chromium"]);
}
