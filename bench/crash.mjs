// Kills the booth 200 times while ten devices log visits: `npm run bench -- crash`, or with a number of rounds after it. What
// is in a round, and what is looked at after it, is in test/support/crash.ts, which `npm test` shares.
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { build } from "esbuild";
import { ROOT } from "../scripts/set-up.mjs";
import { at, median, tell } from "./support/table.mjs";

const require = createRequire(import.meta.url);
const ROUNDS = Number(process.argv[2] ?? 200);
const START_LIMIT = 2000;
/** After so many rounds the booth begins anew: looking at all of it takes longer the more there is. */
const ROUNDS_A_BOOTH = 20;

const { CrashingBooth, openDisk, TROUBLES, whyNoDisks } = await sharedCode();
const noDisks = whyNoDisks();
if (noDisks) console.log(`Without rounds on a full disk: ${noDisks}.\n`);
const troubles = TROUBLES.filter((trouble) => trouble !== "disk full");
const plan = Array.from({ length: ROUNDS }, (_, round) => ({
  isOnDisk: !noDisks && round % 5 === 4,
  trouble: troubles[round % troubles.length],
}));
const rounds = [];
const faults = [];
let acknowledged = 0;
// Those on a small disk have a booth of their own.
for (const isOnDisk of [false, true]) {
  const these = plan.filter((each) => each.isOnDisk === isOnDisk);
  for (let from = 0; from < these.length; from += ROUNDS_A_BOOTH)
    await crashOften(these.slice(from, from + ROUNDS_A_BOOTH), isOnDisk);
}
for (const fault of faults.slice(0, 20)) console.log(fault.slice(0, 300));
tellAll();

async function crashOften(these, isOnDisk) {
  const disk = isOnDisk ? openDisk(64) : undefined;
  const folder = disk ? disk.folder : mkdtempSync(path.join(os.tmpdir(), "boothlight-crash-"));
  const booth = await CrashingBooth.open(folder, {}, disk);
  try {
    let last;
    for (const { trouble } of these) {
      last = await booth.crash(isOnDisk ? "disk full" : trouble);
      rounds.push(last);
      faults.push(...last.faults);
      if (process.stderr.isTTY) process.stderr.write(`\r${rounds.length} of ${ROUNDS} rounds`);
    }
    faults.push(...(await booth.close()));
    acknowledged += last.acknowledged;
  } finally {
    await booth.end();
    disk?.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

function tellAll() {
  const lost = faults.filter((each) => each.startsWith("lost")).length;
  const starts = rounds.map(({ startedIn }) => startedIn);
  tell([
    { name: `${rounds.length} crashes under load: acknowledged and lost`, value: lost, atMost: 0 },
    { name: "… anything else half, damaged or miscounted", value: faults.length - lost, atMost: 0 },
    { name: "… acknowledged visits, changes and undoings", value: acknowledged },
    { name: "… start after a crash, worst", value: at(starts, 1), unit: "ms", atMost: START_LIMIT },
    { name: "… start after a crash, median", value: median(starts), unit: "ms", isDetail: true },
    {
      name: "… requests refused because of a full or held disk, and sent again",
      value: rounds.reduce((sum, { refused }) => sum + refused, 0),
      isDetail: true,
    },
    ...TROUBLES.map((trouble) => ({
      name: `… rounds: ${trouble}`,
      value: rounds.filter((round) => round.trouble === trouble).length,
      isDetail: true,
    })),
  ]);
}

/** What tests share is written in TypeScript: it is bundled, two folders deep as it is, and uses the built program. */
async function sharedCode() {
  const outdir = path.join(ROOT, "dist/bench");
  await build({
    stdin: {
      contents: `export * from "./test/support/crash"; export * from "./test/support/small-disk";`,
      resolveDir: ROOT,
      loader: "ts",
    },
    outfile: path.join(outdir, "crash.js"),
    bundle: true,
    platform: "node",
    packages: "external",
    plugins: [{ name: "built", setup: useBuilt }],
    logLevel: "error",
  });
  return require(path.join(outdir, "crash.js"));
}

function useBuilt(bundling) {
  bundling.onResolve({ filter: /\/src\// }, ({ path: name, resolveDir }) => {
    const source = path.relative(path.join(ROOT, "src"), path.resolve(resolveDir, name));
    return { path: path.join(ROOT, "dist", `${source}.js`), external: true };
  });
}
