// Whether a list of a million rows streams at half the speed of csv-stringify alone, and in how much memory lists are
// written: `npm run bench -- exports`. SQLite, whole downloads over HTTP; each in a process of its own, whose peak is that
// list's. csv-stringify has the same rows beside it, in the same run, and their reading does not count for it. Printed beside
// the limits; ends with 1 where one is missed. `-- exports --share 0.1` tries it with a part of the visits.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import http, { createServer } from "node:http";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { NODE_FLAGS } from "../scripts/keep-running.mjs";
import { tell } from "./support/table.mjs";

const require = createRequire(import.meta.url);
const { createApp } = require("../dist/app.js");
const { openSession } = require("../dist/access/store.js");
const { openDatabase } = require("../dist/database/open.js");
const { eventBySlug } = require("../dist/events/store.js");
const { clockOf } = require("../dist/exports/clock/rules.js");
const { inWords } = require("../dist/exports/formats/rules.js");
const { COLUMNS, namesOf } = require("../dist/exports/rules.js");
const { pagesOf } = require("../dist/exports/rows/store.js");
const { prepareExport } = require("../dist/exports/store.js");
const { SESSION_COOKIE } = require("../dist/http/cookies.js");
const { suggester } = require("../dist/questions/suggestions/store.js");
const BetterSqlite3 = require("better-sqlite3");
const { stringify } = require("csv-stringify");
const pino = require("pino");
const { uuidv7 } = require("uuidv7");

const DAY = 86_400_000;
const START = Date.UTC(2024, 1, 2, 8);
const DAYS = 10;
/** Of csv-stringify's speed; megabytes at the peak. */
const LIMITS = { speed: 0.5, csv: 250, xlsx: 300 };
const ROUNDS = 3;
/** Rows that csv-stringify gets at a time. */
const AT_A_TIME = 20_000;

const LISTS = {
  booths: ["Main hall", "Lounge"],
  projects: ["Lantern", "Wick"],
  topics: [
    "Storage",
    "Networking",
    "Upgrade",
    "Backup",
    "Licence",
    "Cloud",
    "Desktop",
    "Security",
    "Migration",
  ],
  platforms: ["VMware", "Proxmox VE", "Hyper-V", "KVM by hand", "Nutanix", "Bare metal"],
  remarks: [
    "Easier to install these days",
    "Did not know it could do that",
    "The documentation is scattered",
  ],
  giveaways: ["Sticker", "T-shirt", "Flier", "Pen"],
};
const NAMES = [
  "Ada Zając",
  "Jörg Müller",
  "Lucía García",
  "Ito Haruka",
  "Chi Okafor",
  "Åsa Lindqvist",
  "Noël Moreau",
];
const WORDS =
  "they run about forty hosts, want to move off the old platform before its licence ends in spring and asked for a demo of live migration with snapshots; “next year”, comes back tomorrow with a colleague".split(
    " ",
  );

if (process.argv[2] === "--child") await serveOne(process.argv[3]);
else if (process.argv[2] === "--alone") await csvStringifyAlone(process.argv[3]);
else await bench();

async function bench() {
  const shareAt = process.argv.indexOf("--share");
  const count = Math.round(1_000_000 * (shareAt < 0 ? 1 : Number(process.argv[shareAt + 1])));
  const dataDir = mkdtempSync(path.join(os.tmpdir(), "boothlight-bench-"));
  try {
    const session = await fill(dataDir, count);
    const runs = { ours: [], alone: [], xlsx: [] };
    for (let round = 0; round < ROUNDS; round++) {
      runs.ours.push(await download(dataDir, session, "/exports/visits.csv?event=fair"));
      runs.alone.push(await told("--alone", dataDir));
    }
    runs.xlsx.push(await download(dataDir, session, "/exports/visits.xlsx?event=fair&day=2024-02-03"));
    report(count, runs);
  } finally {
    rmSync(dataDir, { recursive: true });
  }
}

function report(count, { ours, alone, xlsx }) {
  const [quickest] = [...ours].sort((a, b) => a.seconds - b.seconds);
  const seconds = Math.min(...alone.map((each) => each.seconds));
  const peak = Math.max(...ours.map((each) => each.megabytes));
  const [workbook] = xlsx;
  const rows = count.toLocaleString("en");
  const sheet = Math.round(count / DAYS).toLocaleString("en");
  tell([
    {
      name: `visits.csv, ${rows} rows: speed, of csv-stringify's alone`,
      value: seconds / quickest.seconds,
      unit: "×",
      atLeast: LIMITS.speed,
    },
    { name: "… rows", value: count / quickest.seconds, unit: "/s" },
    { name: "… csv-stringify alone", value: count / seconds, unit: "/s" },
    { name: "… its peak of memory", value: peak, unit: "MB", atMost: LIMITS.csv },
    {
      name: `visits.xlsx, ${sheet} rows: peak of memory`,
      value: workbook.megabytes,
      unit: "MB",
      atMost: LIMITS.xlsx,
    },
    { name: "… it takes", value: workbook.seconds, unit: "s", isDetail: true },
  ]);
}

/** A process of its own that does one thing and tells of it. */
function child(...given) {
  const process_ = fork(fileURLToPath(import.meta.url), given, {
    execArgv: NODE_FLAGS,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const messages = [];
  const waiting = [];
  process_.on("message", (message) => (waiting.length ? waiting.shift()(message) : messages.push(message)));
  const next = () =>
    messages.length ? Promise.resolve(messages.shift()) : new Promise((resolve) => waiting.push(resolve));
  return { process: process_, next };
}

async function told(...given) {
  const { process: process_, next } = child(...given);
  const message = await next();
  await new Promise((resolve) => process_.once("exit", resolve));
  return message;
}

/** Downloads a list from a program of its own; gives how long that took and how much memory the program had at most. */
async function download(dataDir, session, address) {
  const { process: process_, next } = child("--child", dataDir);
  const { port } = await next();
  const begin = performance.now();
  await new Promise((resolve, reject) => {
    const headers = { cookie: `${SESSION_COOKIE}=${session}` };
    http
      .get({ port, path: address, headers }, (answer) => {
        if (answer.statusCode !== 200) reject(new Error(`${address} answered ${answer.statusCode}.`));
        answer.on("error", reject).on("end", resolve).resume();
      })
      .on("error", reject);
  });
  const seconds = (performance.now() - begin) / 1000;
  process_.send("end");
  const { megabytes } = await next();
  await new Promise((resolve) => process_.once("exit", resolve));
  return { seconds, megabytes };
}

/** In the process of a list: the program itself, until it is told to end. */
async function serveOne(dataDir) {
  const db = await openDatabase({ dataDir }, START);
  const config = { port: 0, host: "127.0.0.1", dataDir, logLevel: "silent" };
  const log = pino({ level: "silent" });
  const server = createServer(createApp({ db, config, log, suggester: suggester(), now: () => START }));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  process.send({ port: server.address().port });
  await new Promise((resolve) => process.once("message", resolve));
  process.send({ megabytes: (process.resourceUsage().maxRSS * 1024) / 1e6 });
  server.closeAllConnections();
  server.close();
  await db.close();
  process.disconnect();
}

/** The same rows through csv-stringify and nothing else. */
async function csvStringifyAlone(dataDir) {
  const db = await openDatabase({ dataDir }, START);
  const event = await eventBySlug(db.read, "fair");
  const what = await prepareExport(db.read, { list: "visits", event, filters: {} });
  const context = { event, names: namesOf(what.lists), clock: clockOf(event.time_zone) };
  let milliseconds = 0;
  let rows = [];
  const write = async () => {
    const begin = performance.now();
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    await pipeline(Readable.from(rows), stringify(), nowhere);
    milliseconds += performance.now() - begin;
    rows = [];
  };
  for await (const page of pagesOf(db.aside, "visits", what)) {
    for (const row of page) {
      rows.push(COLUMNS.visits.map((column) => inWords(column, column.get(row, context), context)));
    }
    if (rows.length >= AT_A_TIME) await write();
  }
  if (rows.length > 0) await write();
  await db.close();
  process.send({ seconds: milliseconds / 1000 });
  process.disconnect();
}

/** Always the same numbers, so that two runs measure the same. */
function dice(seed) {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

/**
 * An event of ten days: half of the visits with a note, a quarter with a contact, a fifth with a question. Written past the
 * program, without its triggers: figures and search do not matter here. Gives a session of the organizer.
 */
async function fill(dataDir, count) {
  const db = await openDatabase({ dataDir }, START);
  const session = await db.write((writer) => openSession(writer, START));
  await db.close();
  const sqlite = new BetterSqlite3(path.join(dataDir, "boothlight.db"));
  sqlite.pragma("synchronous = OFF");
  const triggers = sqlite.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all();
  for (const { name } of triggers) sqlite.exec(`DROP TRIGGER ${name}`);
  sqlite.transaction(() => fillEvent(sqlite, count))();
  for (const { sql } of triggers) sqlite.exec(sql);
  sqlite.pragma("wal_checkpoint(TRUNCATE)");
  sqlite.close();
  return session;
}

function fillEvent(sqlite, count) {
  const roll = dice(7);
  const some = (list) => list[roll(list.length)];
  const kept = new Map();
  const insert = (table, row) => {
    const names = Object.keys(row);
    const key = `${table} ${names}`;
    const places = names.map((name) => `@${name}`);
    const statement = kept.get(key) ?? sqlite.prepare(`INSERT INTO ${table} (${names}) VALUES (${places})`);
    kept.set(key, statement);
    statement.run(row);
  };
  const words = (length) => {
    const from = roll(WORDS.length);
    return Array.from({ length }, (_, index) => WORDS[(from + 3 * index) % WORDS.length]).join(" ");
  };
  const event = uuidv7();
  const days = { starts_on: "2024-02-02", ends_on: "2024-02-11" };
  const about = { slug: "fair", name: "Open Source Fair", venue: "Hall 4", time_zone: "Europe/Brussels" };
  insert("events", { id: event, ...about, ...days, created_at: START });
  const ids = {};
  for (const [table, names] of Object.entries(LISTS)) {
    ids[table] = names.map((name, index) => {
      const id = uuidv7();
      insert(table, { id, event_id: event, slug: `${table}-${index}`, name, position: index + 1 });
      return id;
    });
  }
  for (let index = 0; index < count; index++) {
    const at = START + Math.floor((index / count) * DAYS * DAY);
    const time = at.toString(16).padStart(12, "0");
    const end = index.toString(16).padStart(12, "0");
    const id = `${time.slice(0, 8)}-${time.slice(8)}-7${roll(900) + 100}-8${roll(900) + 100}-${end}`;
    const local = new Date(at + 3_600_000).toISOString();
    insert("visits", {
      id,
      event_id: event,
      booth_id: some(ids.booths),
      project_id: roll(10) ? some(ids.projects) : null,
      platform_id: roll(10) < 7 ? some(ids.platforms) : null,
      staff_name: some(NAMES).split(" ")[0],
      revision: 1,
      content_hash: `${id}${id}`.slice(0, 64),
      category: some(["existing", "curious", "new"]),
      happened_at: at,
      said_at: at,
      received_at: at,
      local_day: local.slice(0, 10),
      local_hour: Number(local.slice(11, 13)),
      people: roll(5) ? 1 : 2 + roll(4),
      interest: roll(3) ? 1 + roll(3) : null,
      overview_given: roll(2) ? roll(2) : null,
      note: roll(2) ? words(8 + roll(16)) : null,
    });
    for (const topic of new Set(Array.from({ length: roll(3) }, () => some(ids.topics)))) {
      insert("visit_topics", { visit_id: id, topic_id: topic });
    }
    if (roll(10) < 4) insert("visit_remarks", { visit_id: id, remark_id: some(ids.remarks) });
    if (roll(10) < 4) insert("visit_giveaways", { visit_id: id, giveaway_id: some(ids.giveaways) });
    if (roll(4) === 0) {
      insert("contacts", {
        visit_id: id,
        name: some(NAMES),
        organization: `Institute ${roll(9000)}`,
        role: roll(2) ? "Administrator" : null,
        email: `visitor.${index}@visitor.example`,
        phone: roll(2) ? `+49 170 ${1_000_000 + roll(8_999_999)}` : null,
        handle: roll(4) ? null : `@handle${index}`,
        badge: roll(3) ? null : String(roll(1e6)).padStart(6, "0"),
        note: roll(4) ? null : words(6),
      });
      if (roll(10) < 8) insert("contact_consents", { visit_id: id, purpose: "follow-up", given_at: at });
      if (roll(10) < 3) insert("contact_consents", { visit_id: id, purpose: "news", given_at: at });
    }
    if (roll(5) === 0) {
      const question = { id: uuidv7(), event_id: event, visit_id: id, position: 1, asked_at: at };
      insert("questions", { ...question, text: `${words(10 + roll(10))}?`, topic_id: some(ids.topics) });
    }
  }
}
