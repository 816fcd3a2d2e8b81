// `npm test`: sets up what is missing, a browser included, then runs every test.
import { createRequire } from "node:module";
import { hasCertutil, neededByTests } from "./needs.mjs";
import { built, findBrowser, installed, run, say } from "./set-up.mjs";

installed();
// Goes on by itself while the program is built.
const installing = neededByTests();
built();
await installing;
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
// There are more of them than cores already: what a thread of its own would clear up is cleared up between. Test files make much
// that lives as long as they do: with more room for it, less is looked through in vain.
const forWorkers = ["--single-threaded-gc", "--max-semi-space-size=64"];
const jest = createRequire(import.meta.url).resolve("jest/bin/jest");
run("node", [...forWorkers, jest, ...process.argv.slice(2)], {
  env: { ...process.env, CHROME_PATH: browser },
});
