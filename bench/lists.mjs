// Whether a list pages through 100,000 rows as quickly as through 100: `npm run bench -- lists`.
// Whole requests over HTTP on this machine, SQLite; the limit is the same page over 100 visits, in the same run.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { median, tell } from "./support/table.mjs";

const require = createRequire(import.meta.url);
const { createApp } = require("../dist/app.js");
const { openDatabase } = require("../dist/database/open.js");
const { suggester } = require("../dist/questions/suggestions/store.js");
const { uuidv7 } = require("uuidv7");
const pino = require("pino");

const LOOKS = 15;
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
        // All of one moment would be read anew by whoever asks what changed since.
        changed_at: at,
      });
    }
  }
  await writer.insertInto("visits").values(rows.visits).execute();
  await writer.insertInto("visit_texts").values(rows.texts).execute();
  await writer.insertInto("visit_topics").values(rows.topics).execute();
  await writer.insertInto("questions").values(rows.questions).execute();
}

/** The program over a booth, with all of it indexed. Gives how many milliseconds one of `PAGES` takes. */
async function serve(booth) {
  const config = {
    port: 0,
    host: "127.0.0.1",
    dataDir: "",
    organizerPassphrase: PASSPHRASE,
    logLevel: "silent",
  };
  const { db } = booth;
  const log = pino({ level: "silent" });
  const server = createServer(createApp({ db, config, log, suggester: suggester(), now: () => START }));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const waiting = () => db.read.selectFrom("search_waiting").select("question_id").limit(1).execute();
  while ((await waiting()).length > 0) await pause(50);
  const address = `http://127.0.0.1:${server.address().port}`;
  const body = new URLSearchParams({ passphrase: PASSPHRASE });
  const signedIn = await fetch(`${address}/session`, { method: "POST", body, redirect: "manual" });
  const headers = { cookie: signedIn.headers.get("set-cookie").split(";")[0] };
  const last = await db.read
    .selectFrom("visits")
    .select(["id", "happened_at"])
    .orderBy("happened_at")
    .orderBy("id")
    .limit(1)
    .executeTakeFirstOrThrow();
  return {
    async timed(name) {
      const page = PAGES[name].replace("START", `${last.happened_at}.${last.id}`);
      const begin = performance.now();
      const answer = await fetch(`${address}/events/fair${page}`, { headers });
      await answer.text();
      if (answer.status !== 200) throw new Error(`${page} answered ${answer.status}.`);
      return performance.now() - begin;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await booth.close();
    },
  };
}

const [small, large] = [await serve(await boothWith(100)), await serve(await boothWith(100_000))];
const lines = [];
for (const name of Object.keys(PAGES)) {
  const [few, many] = [[], []];
  for (let look = 0; look < LOOKS + 3; look++) {
    const times = [await small.timed(name), await large.timed(name)];
    // The first ones warm up.
    if (look < 3) continue;
    few.push(times[0]);
    many.push(times[1]);
  }
  const value = median(many) / median(few);
  lines.push({ name: `${name}: over 100,000, of that over 100`, value, unit: "×", atMost: SLOWER });
  lines.push({ name: "… over 100", value: median(few), unit: "ms", isDetail: true });
  lines.push({ name: "… over 100,000", value: median(many), unit: "ms", isDetail: true });
}
await small.close();
await large.close();
tell(lines);
