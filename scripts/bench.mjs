// `npm run bench -- NAME`: builds what is missing, then runs bench/NAME.mjs; without a name, every bench.
// What comes after the name goes to the bench.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { built, installed, ROOT, say } from "./set-up.mjs";

const folder = path.join(ROOT, "bench");
const all = readdirSync(folder)
  .filter((file) => file.endsWith(".mjs"))
  .map((file) => path.basename(file, ".mjs"));
const [chosen, ...given] = process.argv.slice(2);
if (chosen && !existsSync(path.join(folder, `${chosen}.mjs`))) {
  say(`There is no bench of that name. There are: ${all.join(", ")}.`);
  process.exit(1);
}
installed();
built();
for (const name of chosen ? [chosen] : all) {
  console.log(`\n${name}\n`);
  const { status } = spawnSync(process.execPath, [path.join(folder, `${name}.mjs`), ...given], {
    stdio: "inherit",
  });
  // A figure over its limit holds up no other bench.
  if (status !== 0) process.exitCode = 1;
}
