// What it costs that a booth has logged much already: `npm run bench -- growth`. The whole program over 1,000, 10,000 and 100,000
// visits of one event, all of them indexed and counted; figures beside those of the smallest, in the same run. `--million`: over
// 1,000,000 as well.
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { LISTS, makeFair } from "./support/fair.mjs";
import { signIn, startProgram, told } from "./support/programs.mjs";
import { median, tell } from "./support/table.mjs";

const { uuidv7 } = createRequire(import.meta.url)("uuidv7");

const SIZES = [1000, 10_000, 100_000, ...(process.argv.includes("--million") ? [1_000_000] : [])];
const STARTS = 5;
const LOOKS = 15;
const TURNS = 4;
const AMOUNT = 1000;
/** Milliseconds and megabytes over 100,000 visits. */
const LIMITS = { start: 2000, memory: 250 };
/** Of what it is over 1,000 visits. A report puts what was asked most together, and 1,000 visits ask little. */
const AT_MOST = { record: 1.5, start: 1.5, page: 3 };
const PAGES = {
  report: "/events/fair/report",
  queue: "/events/fair/questions",
  "list of visits": "/events/fair/visits",
};

const folder = mkdtempSync(path.join(os.tmpdir(), "boothlight-bench-"));
const lines = [];
try {
  const booths = new Map();
  for (const visits of SIZES) {
    const dataDir = path.join(folder, String(visits));
    booths.set(visits, { dataDir, token: (await makeFair(dataDir, { visits }))[0] });
  }
  for (const booth of booths.values()) Object.assign(booth, await starts(booth.dataDir));
  for (const booth of booths.values()) booth.program = await startProgram(booth.dataDir);
  await look([...booths.values()]);
  await record([...booths.values()]);
  for (const { program } of booths.values()) await program.stop();
  compare(booths);
} finally {
  rmSync(folder, { recursive: true });
}
tell(lines);

/** Milliseconds from the command until the first page is answered, and the memory then. */
async function starts(dataDir) {
  const times = [];
  const memory = [];
  for (let start = 0; start < STARTS; start++) {
    const begin = performance.now();
    const program = await startProgram(dataDir);
    await fetch(`${program.address}/`).then((answer) => answer.text());
    times.push(performance.now() - begin);
    memory.push(program.megabytes().now);
    await program.stop();
  }
  return { start: median(times), memory: median(memory) };
}

/** The median of each page, looked at in turns. */
async function look(booths) {
  for (const booth of booths) {
    const { address } = booth.program;
    booth.headers = { cookie: await signIn(address) };
    booth.pages = {};
    // All is learnt that was routed before; a page would share the processor with that.
    await fetch(`${address}/questions/suggestions?id=${uuidv7()}`, booth);
  }
  for (const [name, page] of Object.entries(PAGES)) {
    const times = new Map(booths.map((booth) => [booth, []]));
    for (let look = 0; look < LOOKS + 3; look++) {
      for (const booth of booths) {
        const begin = performance.now();
        const answer = await fetch(`${booth.program.address}${page}`, booth);
        await answer.text();
        if (answer.status !== 200) throw new Error(`${page} answered ${answer.status}.`);
        if (look >= 3) times.get(booth).push(performance.now() - begin);
      }
    }
    for (const [booth, all] of times) booth.pages[name] = median(all);
  }
}

/** Visits into each of them in turns, so that a slow moment of the machine meets all. */
async function record(booths) {
  let first = 0;
  for (const booth of booths) booth.runs = [];
  for (let turn = 0; turn <= TURNS; turn++) {
    for (const { program, token, runs } of turn % 2 ? booths : booths.toReversed()) {
      const { address } = program;
      const run = await told("load.mjs", {
        address,
        token,
        connections: 10,
        amount: AMOUNT,
        first,
        ...LISTS,
      });
      first += AMOUNT;
      if (run.recorded !== AMOUNT) throw new Error(`Of ${AMOUNT} visits ${run.recorded} were recorded.`);
      if (turn > 0) runs.push({ second: run.seconds, p99: run.p99 });
    }
  }
}

function compare(booths) {
  const smallest = booths.get(SIZES[0]);
  const line = (name, value, unit, more) => lines.push({ name, value, unit, ...more });
  for (const [visits, booth] of booths) {
    const limit = (atMost) => visits === 100_000 && { atMost };
    line(
      `${visits.toLocaleString("en")} visits: start, until a page is answered`,
      booth.start,
      "ms",
      limit(LIMITS.start),
    );
    line("… memory then", booth.memory, "MB", limit(LIMITS.memory));
    for (const name of Object.keys(PAGES))
      line(`… ${name}, median`, booth.pages[name], "ms", { isDetail: true });
    if (booth === smallest) continue;
    const ratios = (figure) =>
      median(booth.runs.map((run, turn) => run[figure] / smallest.runs[turn][figure]));
    const grown = (name, value, atMost) => line(`… ${name}, of that over 1,000`, value, "×", { atMost });
    grown("time to start", booth.start / smallest.start, AT_MOST.start);
    grown("memory", booth.memory / smallest.memory, AT_MOST.start);
    grown("time to record a visit, 10 connections", ratios("second"), AT_MOST.record);
    grown("its 99th percentile", ratios("p99"), AT_MOST.record);
    for (const name of Object.keys(PAGES))
      grown(name, booth.pages[name] / smallest.pages[name], AT_MOST.page);
  }
}
