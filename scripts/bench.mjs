// `npm run bench`: builds what is missing, runs every bench of bench/, and prints one table: what was measured, each figure
// beside its limit. Ends with 1 where a limit is broken. `-- NAME`: that bench alone, with its details; what comes after
// the name goes to it. `-- --readme`: every bench, and the table is put into the README.
import { fork } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { built, installed, ROOT, say } from "./set-up.mjs";

const folder = path.join(ROOT, "bench");
const all = readdirSync(folder)
  .filter((file) => file.endsWith(".mjs"))
  .map((file) => path.basename(file, ".mjs"));
const isForReadme = process.argv[2] === "--readme";
const [chosen, ...given] = isForReadme ? [] : process.argv.slice(2);
if (chosen && !existsSync(path.join(folder, `${chosen}.mjs`))) {
  say(`There is no bench of that name. There are: ${all.join(", ")}.`);
  process.exit(1);
}
installed();
built();
const { inMarkdown, inText, isBroken } = await import("../bench/support/table.mjs");
const lines = [];
for (const name of chosen ? [chosen] : all) {
  if (!chosen) say(`${name} …`);
  const bench = fork(path.join(folder, `${name}.mjs`), given, {
    // Alone it prints its own table, with the details.
    stdio: chosen ? "inherit" : ["ignore", 2, 2, "ipc"],
  });
  bench.on("message", (message) => lines.push(...message.lines.map((line) => ({ ...line, bench: name }))));
  const code = await new Promise((resolve) => bench.once("exit", resolve));
  // A figure over its limit, or a bench that cannot be run, holds up no other one.
  if (code !== 0) process.exitCode = 1;
  if (!chosen && code !== 0 && !lines.some((line) => line.bench === name && isBroken(line))) {
    say(`${name} did not finish.`);
  }
}
if (!chosen) console.log(`${inText(lines)}\n\n${where()}`);
if (isForReadme) intoReadme(`${where()}\n\n${inMarkdown(lines)}`);

/** On what all of it was measured. */
function where() {
  const [{ model }] = os.cpus();
  const day = new Date().toISOString().slice(0, 10);
  const memory = Math.round(os.totalmem() / 2 ** 30);
  return `Measured on ${day} with \`npm run bench\`: ${os.cpus().length} cores (${model.trim()}), ${memory} GB, ${os.type()}, Node ${process.versions.node}.`;
}

function intoReadme(text) {
  const file = path.join(ROOT, "README.md");
  const [begin, end] = ["<!-- bench: begin -->", "<!-- bench: end -->"];
  const readme = readFileSync(file, "utf8");
  const between = new RegExp(`${begin}[^]*${end}`);
  if (!between.test(readme)) throw new Error(`README.md has no place between ${begin} and ${end}.`);
  writeFileSync(
    file,
    readme.replace(between, () => `${begin}\n${text}\n${end}`),
  );
}
