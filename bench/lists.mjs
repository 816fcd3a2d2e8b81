// Whether a list pages through 100,000 rows as quickly as through 100: `npm run bench -- lists`.
// Whole requests over HTTP on this machine, SQLite; the limit is the same page over 100 visits, in the same run.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { median, tell } from "./support/table.mjs";

const require = createRequire(import.meta.url);
const { createApp } = require("../dist/app.js");
const { openDatabase } = require("../dist/database/open.js");
const { uuidv7 } = require("uuidv7");
const pino = require("pino");

const PASSPHRASE = "four words are good";
const START = Date.UTC(2024, 1, 2, 9);
/** How many times as long as over 100 visits a page may take. */
const SLOWER = 2;
const PAGES = {
  "visits, first page": "/visits",
  "visits, the oldest": "/visits?after=START",
  "visits of a rare project": "/visits?project=wick",
  "visits on a topic": "/visits?topic=storage",
  "visits, a rare word": "/visits?search=needle",
  "visits, a common word": "/visits?search=hosts",
  "queue, first page": "/questions",
  "queue, a rare word": "/questions?search=needle",
};

/** A booth with `count` visits, every second with words, every fifth with a question; one has the rare word. */
async function boothWith(count) {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), "boothlight-bench-"));
  const db = await openDatabase({ dataDir }, START);
  const event = uuidv7();
  const entry = (slug, position) => ({ id: uuidv7(), event_id: event, slug, name: slug, position });
  const [lantern, wick, storage] = [entry("lantern", 1), entry("wick", 2), entry("storage", 1)];
  await db.write(async (writer) => {
    await writer
      .insertInto("events")
      .values({
        id: event,
        slug: "fair",
        name: "Fair",
        venue: "",
        time_zone: "UTC",
        starts_on: "2024-02-02",
        ends_on: "2024-02-04",
        created_at: START,
      })
      .execute();
    await writer.insertInto("projects").values([lantern, wick]).execute();
    await writer.insertInto("topics").values(storage).execute();
  });
  for (let from = 0; from < count; from += 500) {
    await db.write((writer) =>
      fill(writer, { event, lantern, wick, storage }, from, Math.min(count, from + 500), count),
    );
  }
  return {
    db,
    close: async () => {
      await db.close();
      rmSync(dataDir, { recursive: true });
    },
  };
}

async function fill(writer, { event, lantern, wick, storage }, from, to, count) {
  const rows = { visits: [], texts: [], topics: [], questions: [] };
  for (let index = from; index < to; index++) {
    const [id, at] = [uuidv7(), START + Math.floor((index / count) * 3 * 86_400_000)];
    const words = index === Math.floor(count / 3) ? "a needle in the hay" : `runs ${index} hosts in a school`;
    rows.visits.push({
      id,
      event_id: event,
      booth_id: null,
      project_id: index % 20_000 === 7 ? wick.id : lantern.id,
      platform_id: null,
      device_id: null,
      staff_name: null,
      revision: 1,
      content_hash: id,
      category: ["existing", "curious", "new"][index % 3],
      happened_at: at,
      said_at: at,
      received_at: at,
      local_day: new Date(at).toISOString().slice(0, 10),
      local_hour: new Date(at).getUTCHours(),
      interest: null,
      overview_given: null,
      note: words,
      deleted_at: null,
    });
    if (index % 2 === 0 || words.includes("needle")) rows.texts.push({ visit_id: id, text: words });
    if (index % 4 === 0) rows.topics.push({ visit_id: id, topic_id: storage.id });
    if (index % 5 === 0 || words.includes("needle")) {
      rows.questions.push({
        id: uuidv7(),
        event_id: event,
        visit_id: id,
        position: 1,
        text: words,
        topic_id: storage.id,
        expert_id: null,
        answer: null,
        asked_at: at,
      });
    }
  }
  await writer.insertInto("visits").values(rows.visits).execute();
  await writer.insertInto("visit_texts").values(rows.texts).execute();
  await writer.insertInto("visit_topics").values(rows.topics).execute();
  await writer.insertInto("questions").values(rows.questions).execute();
}

/** The median of 15 requests after 3 that warm up, in milliseconds, for each page. */
async function measure(booth) {
  const config = {
    port: 0,
    host: "127.0.0.1",
    dataDir: "",
    organizerPassphrase: PASSPHRASE,
    logLevel: "silent",
  };
  const server = createServer(
    createApp({ db: booth.db, config, log: pino({ level: "silent" }), now: () => START }),
  );
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${server.address().port}`;
  const body = new URLSearchParams({ passphrase: PASSPHRASE });
  const signedIn = await fetch(`${address}/session`, { method: "POST", body, redirect: "manual" });
  const headers = { cookie: signedIn.headers.get("set-cookie").split(";")[0] };
  const last = await booth.db.read
    .selectFrom("visits")
    .select(["id", "happened_at"])
    .orderBy("happened_at")
    .orderBy("id")
    .limit(1)
    .executeTakeFirstOrThrow();
  const medians = {};
  for (const [name, page] of Object.entries(PAGES)) {
    const target = `${address}/events/fair${page.replace("START", `${last.happened_at}.${last.id}`)}`;
    const times = [];
    for (let run = 0; run < 18; run++) {
      const begin = performance.now();
      const answer = await fetch(target, { headers });
      await answer.text();
      if (answer.status !== 200) throw new Error(`${target} answered ${answer.status}.`);
      if (run >= 3) times.push(performance.now() - begin);
    }
    medians[name] = median(times);
  }
  server.closeAllConnections();
  server.close();
  return medians;
}

const results = [];
for (const count of [100, 100_000]) {
  const booth = await boothWith(count);
  results.push(await measure(booth));
  await booth.close();
}
const [small, large] = results;
tell(
  Object.keys(PAGES).flatMap((name) => [
    {
      name: `${name}: over 100,000, of that over 100`,
      value: large[name] / small[name],
      unit: "×",
      atMost: SLOWER,
    },
    { name: "… over 100", value: small[name], unit: "ms", isDetail: true },
    { name: "… over 100,000", value: large[name], unit: "ms", isDetail: true },
  ]),
);
