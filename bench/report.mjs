// Whether a report costs the same however many visits there are, and what keeping its figures costs a recording:
// `npm run bench -- report`. A million visits in SQLite; whole requests over HTTP on this machine; printed beside the limits.
// Ends with 1 where one is missed. `-- report --share 0.05` tries it with a part of the visits.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { fillDecade } from "./support/decade.mjs";
import { median, tell } from "./support/table.mjs";

const require = createRequire(import.meta.url);
const { createApp } = require("../dist/app.js");
const { pairDevice } = require("../dist/access/store.js");
const { listsOf } = require("../dist/catalog/store.js");
const { checkFigures } = require("../dist/database/figures.js");
const { openDatabase } = require("../dist/database/open.js");
const { suggester } = require("../dist/questions/suggestions/store.js");
const { recordVisits } = require("../dist/visits/store.js");
const { sql } = require("kysely");
const { uuidv7 } = require("uuidv7");
const pino = require("pino");

const PASSPHRASE = "four words are good";
const NOW = Date.UTC(2024, 1, 4, 15);
const RUNS = 15;
/** Milliseconds, at the median. */
const LIMITS = { report: 150, "report.json": 50 };
/** How much slower a recording may be with kept figures than without. */
const SLOWER = 1.25;

const shareAt = process.argv.indexOf("--share");
const share = shareAt < 0 ? 1 : Number(process.argv[shareAt + 1]);
const results = [];

const temporary = () => mkdtempSync(path.join(os.tmpdir(), "boothlight-bench-"));

await reports();
await recordings();

tell(results);

async function reports() {
  const dataDir = temporary();
  const db = await openDatabase({ dataDir }, NOW);
  const { visits, counting } = await fillDecade(db, { share });
  const { address, close } = await serve(db, dataDir);
  const body = new URLSearchParams({ passphrase: PASSPHRASE });
  const signedIn = await fetch(`${address}/session`, { method: "POST", body, redirect: "manual" });
  const headers = { cookie: signedIn.headers.get("set-cookie").split(";")[0] };
  const timed = async (page) => {
    const begin = performance.now();
    const answer = await fetch(`${address}${page}`, { headers });
    await answer.text();
    if (answer.status !== 200) throw new Error(`${page} answered ${answer.status}.`);
    return performance.now() - begin;
  };
  const arrivals = new Map();
  for (const slug of ["camp", "congress"]) {
    const event = await db.read
      .selectFrom("events")
      .selectAll()
      .where("slug", "=", slug)
      .executeTakeFirstOrThrow();
    arrivals.set(slug, arrivalAt(event, await listsOf(db.read, event.id)));
  }
  for (const [page, limit] of Object.entries(LIMITS)) {
    for (const slug of ["camp", "congress"]) {
      const where = `/events/${slug}/${page}`;
      for (let run = 0; run < 3; run++) await timed(where);
      const times = [];
      const changed = [];
      for (let run = 0; run < RUNS; run++) {
        times.push(await timed(where));
        // A visit in between: nothing that was made for an earlier look is good any more.
        await recordVisits(db, arrivals.get(slug), [aVisit(run)]);
        changed.push(await timed(where));
      }
      const size =
        slug === "camp" ? "5,000 visits" : `${Math.round(500_000 * share).toLocaleString("en")} visits`;
      for (const [how, all] of [
        ["", times],
        [", after a visit came", changed],
      ]) {
        const value = median(all);
        results.push({
          name: `${page} of ${size}${how}`,
          value,
          unit: "ms",
          atMost: limit,
          isDetail: slug === "camp",
        });
      }
    }
  }
  close();
  const begin = performance.now();
  const differences = await checkFigures(db.read);
  if (differences.length > 0) throw new Error(`Kept figures are wrong: ${JSON.stringify(differences)}`);
  const all = visits.toLocaleString("en");
  results.push({
    name: `checking the figures of ${all} visits`,
    value: (performance.now() - begin) / 1000,
    unit: "s",
    isDetail: true,
  });
  results.push({ name: `counting ${all} visits anew`, value: counting / 1000, unit: "s", isDetail: true });
  await db.close();
  rmSync(dataDir, { recursive: true });
}

/** The program over a database; gives its address. */
async function serve(db, dataDir) {
  const config = { port: 0, host: "127.0.0.1", dataDir, organizerPassphrase: PASSPHRASE, logLevel: "silent" };
  const server = createServer(
    createApp({ db, config, log: pino({ level: "silent" }), suggester: suggester(), now: () => NOW }),
  );
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { address: `http://127.0.0.1:${server.address().port}`, close };
}

/** Recordings into two databases in turns, of which one keeps no figures. */
async function recordings() {
  const rooms = { kept: await aRoom(true), without: await aRoom(false) };
  for (const [name, batch, rounds] of [
    ["a tablet sends one visit", 1, 400],
    ["a tablet sends 50", 50, 60],
  ]) {
    const times = { kept: [], without: [] };
    for (let round = 0; round < rounds; round++) {
      for (const room of round % 2 ? ["kept", "without"] : ["without", "kept"]) {
        const visits = Array.from({ length: batch }, (_, index) => aVisit(round * batch + index));
        const begin = performance.now();
        await rooms[room].send(visits);
        times[room].push(performance.now() - begin);
      }
    }
    const [kept, without] = [median(times.kept), median(times.without)];
    results.push(
      { name: `${name}: of the time without kept figures`, value: kept / without, unit: "×", atMost: SLOWER },
      { name: "… with them", value: kept, unit: "ms", isDetail: true },
      { name: "… without", value: without, unit: "ms", isDetail: true },
    );
  }
  for (const { db, dataDir, close } of Object.values(rooms)) {
    close();
    await db.close();
    rmSync(dataDir, { recursive: true });
  }
}

async function aRoom(keepsFigures) {
  const dataDir = temporary();
  const db = await openDatabase({ dataDir }, NOW);
  await fillDecade(db, { share: 0 });
  if (!keepsFigures) {
    await db.write(async (writer) => {
      const { rows } = await sql`
        SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'kept_%'`.execute(writer);
      for (const { name } of rows) await sql.raw(`DROP TRIGGER ${name}`).execute(writer);
    });
  }
  const event = await db.read
    .selectFrom("events")
    .selectAll()
    .where("slug", "=", "camp")
    .executeTakeFirstOrThrow();
  const { token } = await db.write((writer) =>
    pairDevice(writer, { eventId: event.id, boothId: null }, "Kim", NOW),
  );
  const { address, close } = await serve(db, dataDir);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const send = async (visits) => {
    const body = JSON.stringify({ sentAt: new Date(NOW).toISOString(), visits });
    const answer = await fetch(`${address}/api/visits`, { method: "POST", headers, body });
    const { results } = await answer.json();
    if (!results.every((result) => result.status === "recorded"))
      throw new Error("A visit was not recorded.");
  };
  return { dataDir, db, close, send };
}

function arrivalAt(event, lists) {
  return { event, lists, boothId: null, deviceId: null, staffName: "Kim", receivedAt: NOW, clockOffset: 0 };
}

/** As visits are: most say little, some say all. */
function aVisit(number) {
  const of = (every, what) => (number % every === 0 ? what : {});
  return {
    id: uuidv7(),
    revision: 1,
    category: ["existing", "curious", "new"][number % 3],
    happenedAt: new Date(Date.UTC(2015, 1, 9, 9 + (number % 8), number % 60)).toISOString(),
    project: ["lantern", "wick"][number % 2],
    ...of(2, { platform: "vmware", interest: 1 + (number % 3), giveaways: ["sticker"] }),
    ...of(3, {
      remarks: ["easier"],
      questions: [{ text: `How do I do thing ${number}?`, topic: "storage" }],
    }),
    ...of(4, { contact: { email: `visitor.${number}@visitor.example`, consent: ["follow-up"] } }),
    ...of(8, { note: "Came back." }),
  };
}
