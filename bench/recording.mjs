// How fast visits are recorded, and beside what: `npm run bench -- recording`. Each request brings one visit with one question.
// Three programs, each a process of its own on a file of its own on this machine's disk, take turns:
// - Boothlight as it is built, with its standard settings.
// - bare Express with one raw transaction a request that writes the same rows (support/bare.mjs): what it has to keep up with.
// - the same with commits shared, and nothing around it: the limit of what can be reached.
// Ratios are of turns that follow each other, so that it weighs on neither of them when the machine gets slower. With
// `--turns 3` so many; 9 where nothing is said.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { LISTS, makeFair } from "./support/fair.mjs";
import { timeByPart } from "./support/profile.mjs";
import { startProgram, told } from "./support/programs.mjs";
import { at, median, tell } from "./support/table.mjs";

const BARE = path.join(path.dirname(fileURLToPath(import.meta.url)), "support/bare.mjs");
const turnsAt = process.argv.indexOf("--turns");
const TURNS = turnsAt < 0 ? 9 : Number(process.argv[turnsAt + 1]);
const AMOUNT = 2000;
/** Of bare Express's rate, by connections. */
const AT_LEAST = { 10: 1, 100: 1.3 };

/** What a profile is told apart by: the innermost that fits. */
const PARTS = [
  ["garbage", /^\(garbage/],
  ["the words that a question is found by, and is like", /^(documentOf|likenessOf) /],
  ["checks of the form, hash, lists", /^(checkVisit|checkBatch|contentHash|resolve|searchText) /],
  [
    "SQLite: statements, triggers, and commits with the wait for the disk",
    / \S*\/kysely\S*sqlite-driver\.js$/,
  ],
  ["putting queries together and passing them on", / \S*\/(kysely\/|database\/(door|compiled|open)\.js$)/],
  [
    "reading requests, answering, Express and what is mounted",
    /node_modules\/(express|router|body-parser|raw-body|compression|helmet|cookie-parser|on-headers|finalhandler)|node:_http|^parserOn/,
  ],
];

const folder = mkdtempSync(path.join(os.tmpdir(), "boothlight-bench-"));
const lines = [];
let sent = 0;
try {
  const of = (name) => path.join(folder, name);
  const [token] = await makeFair(of("boothlight"), { visits: 1000 });
  for (const name of ["bare", "limit", "profiled"]) cpSync(of("boothlight"), of(name), { recursive: true });
  const programs = {
    boothlight: await startProgram(of("boothlight")),
    bare: await startProgram(of("bare"), { script: BARE, args: ["each"] }),
    limit: await startProgram(of("limit"), { script: BARE, args: ["shared"] }),
  };
  for (const connections of [10, 100]) {
    const runs = { boothlight: [], bare: [], limit: [] };
    // The first turn warms up.
    for (let turn = 0; turn <= TURNS; turn++) {
      const names = Object.keys(programs);
      for (const name of turn % 2 ? names : names.reverse()) {
        const run = await send(programs[name], token, connections);
        if (turn > 0) runs[name].push(run);
      }
    }
    compare(connections, runs);
  }
  for (const program of Object.values(programs)) await program.stop();
  await profile(of("profiled"), token);
} finally {
  rmSync(folder, { recursive: true });
}
tell(lines);

/** One turn: 2,000 requests, all of which have to be recorded. */
async function send(program, token, connections) {
  const before = program.processorSeconds();
  const { address } = program;
  const run = await told("load.mjs", { address, token, connections, amount: AMOUNT, first: sent, ...LISTS });
  sent += AMOUNT;
  if (run.recorded !== AMOUNT)
    throw new Error(`Of ${AMOUNT} visits ${program.address} recorded ${run.recorded}.`);
  const processor = ((program.processorSeconds() - before) * 1000) / AMOUNT;
  return { ...run, rate: AMOUNT / run.seconds, processor };
}

function compare(connections, runs) {
  const ratios = (figure, other) =>
    runs.boothlight.map((run, turn) => run[figure] / runs[other][turn][figure]);
  const spread = (values) => `${at(values, 0).toFixed(2)} to ${at(values, 1).toFixed(2)}`;
  const of = (name, figure) => median(runs[name].map((run) => run[figure]));
  const rates = ratios("rate", "bare");
  const who = `POST /api/visits, ${connections} connections`;
  const line = (name, value, unit, more) => lines.push({ name, value, unit, ...more });
  line(`${who}: rate, of bare Express's`, median(rates), "×", { atLeast: AT_LEAST[connections] });
  line(`… 99th percentile, of bare Express's`, median(ratios("p99", "bare")), "×", { atMost: 1 });
  line("… processor time, of bare Express's", median(ratios("processor", "bare")), "×");
  line("… rate, of what only shares commits and writes", median(ratios("rate", "limit")), "×");
  for (const [name, what] of [
    ["boothlight", "Boothlight"],
    ["bare", "bare Express"],
    ["limit", "shared commits alone"],
  ]) {
    line(`… ${what}: rate`, of(name, "rate"), "/s");
    line(`… ${what}: half of them within`, of(name, "median"), "ms", { isDetail: true });
    line(`… ${what}: 99 % of them within`, of(name, "p99"), "ms");
    line(`… ${what}: processor time a request`, of(name, "processor"), "ms", { isDetail: true });
  }
  line(`… lowest and highest ratio of the rates: ${spread(rates)}, of turns`, rates.length, "", {
    isDetail: true,
  });
}

/** Where Boothlight's time goes, a request. */
async function profile(dataDir, token) {
  const profiles = path.join(folder, "profiles");
  mkdirSync(profiles);
  const program = await startProgram(dataDir, { node: ["--cpu-prof", `--cpu-prof-dir=${profiles}`] });
  const turns = 4;
  for (let turn = 0; turn < turns; turn++) await send(program, token, 100);
  await program.stop();
  for (const [name, time] of timeByPart(profiles, PARTS)) {
    lines.push({
      name: `a request: ${name}`,
      value: time / 1000 / turns / AMOUNT,
      unit: "ms",
      isDetail: true,
    });
  }
}
