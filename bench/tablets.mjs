// A hundred tablets at one laptop, for five minutes: `npm run bench -- tablets`. Each logs a visit every 20 seconds and half of
// them say more a moment later; it asks how the day goes, and says how it stands with it. One answer in 50 is lost. For a
// fifth of the time nobody reaches the laptop, then all come back at once. The organizer has the queue, the report, the
// visits, today's picture and four live pages open. `--seconds 30`: that in so many seconds.
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { LISTS, makeFair } from "./support/fair.mjs";
import { signIn, startProgram, told } from "./support/programs.mjs";
import { at, median, tell } from "./support/table.mjs";

const require = createRequire(import.meta.url);
const BetterSqlite3 = require("better-sqlite3");

const TABLETS = 100;
const secondsAt = process.argv.indexOf("--seconds");
const SECONDS = secondsAt < 0 ? 300 : Number(process.argv[secondsAt + 1]);
/** Milliseconds; the memory of the last fifth of the time, of that of the second one. */
const LIMITS = { visits: 100, burst: 1000, pages: 500, growth: 1.25 };
const LOOK_EVERY = 500;

const dataDir = mkdtempSync(path.join(os.tmpdir(), "boothlight-bench-"));
try {
  const tokens = await makeFair(dataDir, { visits: 1000, devices: TABLETS });
  const program = await startProgram(dataDir);
  const session = await signIn(program.address);
  const { address } = program;
  const memory = [];
  const looking = setInterval(() => memory.push(program.megabytes().now), LOOK_EVERY);
  const before = program.processorSeconds();
  const begin = performance.now();
  const day = await told("tablets.mjs", { address, tokens, session, seconds: SECONDS, ...LISTS });
  const busy = (program.processorSeconds() - before) / ((performance.now() - begin) / 1000);
  clearInterval(looking);
  await program.stop();
  if (day.faults.length > 0) throw new Error(`Visits were refused: ${day.faults.slice(0, 3).join("; ")}`);
  const fifth = (number) => memory.slice((memory.length * (number - 1)) / 5, (memory.length * number) / 5);
  const { visits, burst, asked, pages } = day.times;
  tell([
    {
      name: `100 tablets for ${SECONDS} s: visits acknowledged and not there`,
      value: lost(day.acknowledged),
      atMost: 0,
    },
    { name: "… visits made", value: day.made, isDetail: true },
    {
      name: "… a visit recorded, 99th percentile",
      value: at(visits, 0.99),
      unit: "ms",
      atMost: LIMITS.visits,
    },
    { name: "… a visit recorded, median", value: median(visits), unit: "ms", isDetail: true },
    { name: "… all come back at once, slowest", value: at(burst, 1), unit: "ms", atMost: LIMITS.burst },
    {
      name: "… the tablets' other questions, 99th percentile",
      value: at(asked, 0.99),
      unit: "ms",
      isDetail: true,
    },
    {
      name: "… the organizer's pages, 99th percentile",
      value: at(pages, 0.99),
      unit: "ms",
      atMost: LIMITS.pages,
    },
    { name: "… live pages told of changes", value: day.events, isDetail: true },
    { name: "… share of one processor", value: busy, unit: "%" },
    { name: "… memory at the end", value: median(fifth(5)), unit: "MB" },
    {
      name: "… that, of what it was in the second fifth of the time",
      value: median(fifth(5)) / median(fifth(2)),
      unit: "×",
      atMost: LIMITS.growth,
    },
  ]);
} finally {
  rmSync(dataDir, { recursive: true });
}

/** How many of these the database does not have, each as `[id, revision]`. */
function lost(acknowledged) {
  const db = new BetterSqlite3(path.join(dataDir, "boothlight.db"), { readonly: true });
  const revisionOf = db.prepare("SELECT revision FROM visits WHERE id = ?").pluck();
  const count = acknowledged.filter(([id, revision]) => !(revisionOf.get(id) >= revision)).length;
  db.close();
  return count;
}
