// `npm test`: sets up what is missing, a browser included, then runs every test.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { built, findBrowser, installed, run, say } from "./set-up.mjs";

/** What makes a browser trust the certificate of a test's booth. */
function hasCertutil() {
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

installed();
// Goes on by itself while the program is built.
const installing = install([
  // Without windows to draw, it takes half of the processor's time that Chromium takes.
  ...(findBrowser() ? [] : ["chromium-headless-shell"]),
  ...(hasCertutil() ? [] : ["libnss3-tools"]),
  // 6 MB. Where it cannot be had, the two tests that need it say so.
  ...(hasAge() ? [] : ["age"]),
  // 72 MB, which take a quarter of a minute. Where it cannot be had, the one test that needs it says so.
  ...(hasOffice() ? [] : ["libreoffice-calc-nogui"]),
]);
built();
await installing;
// Not every Debian has a browser without windows.
if (!findBrowser()) await install(["chromium"]);
const browser = findBrowser();
if (!browser) {
  say(
    "The browser tests need Chrome or Chromium, and none was found.\n" +
      "Install one (Debian, Ubuntu: sudo apt-get install chromium), or set CHROME_PATH to where it is, and run npm test again.",
  );
  process.exit(1);
}
if (!hasCertutil()) {
  say(
    "The tests of the trusted address need certutil, which makes a browser trust a certificate, and none was found.\n" +
      "Install it (Debian, Ubuntu: sudo apt-get install libnss3-tools), and run npm test again.",
  );
  process.exit(1);
}
run("npx", ["--no-install", "jest", ...process.argv.slice(2)], {
  env: { ...process.env, CHROME_PATH: browser },
});
