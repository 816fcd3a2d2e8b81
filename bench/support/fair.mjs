// A booth's data folder as it is in the middle of an event, for the benches that run the whole program.
import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";
import { fillFair } from "./decade.mjs";

const require = createRequire(import.meta.url);
const { pairDevice } = require("../../dist/access/store.js");
const { openDatabase } = require("../../dist/database/open.js");
const { keepSearchable } = require("../../dist/questions/search/store.js");
const { sql } = require("kysely");

/** Short names of the lists that the benches' visits use. */
export const LISTS = { projects: ["lantern", "wick"], topics: ["storage", "networking", "upgrade"] };

/**
 * Fills a folder with an event, `fair`, that has so many visits, all of it indexed, and pairs devices with it. Gives their
 * tokens.
 */
export async function makeFair(dataDir, { visits, devices = 1 }) {
  const db = await openDatabase({ dataDir }, Date.now());
  try {
    await fillFair(db, visits);
    await db.write((writer) =>
      sql`INSERT INTO search_waiting (question_id) SELECT id FROM questions`.execute(writer),
    );
    keepSearchable(db, (error) => {
      throw error;
    });
    const waiting = () => db.read.selectFrom("search_waiting").select("question_id").limit(1).execute();
    while ((await waiting()).length > 0) await pause(20);
    const { id: eventId } = await db.read.selectFrom("events").select("id").executeTakeFirstOrThrow();
    const pair = (_, index) =>
      db.write((writer) => pairDevice(writer, { eventId, boothId: null }, `Staff ${index + 1}`, Date.now()));
    const paired = await Promise.all(Array.from({ length: devices }, pair));
    return paired.map(({ token }) => token);
  } finally {
    await db.close();
  }
}
