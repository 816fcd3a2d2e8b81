// What the recording of visits is measured against: Express 5 and better-sqlite3, and nothing else. It writes for each request
// the very rows that Boothlight keeps of such a visit, into Boothlight's own tables with their indexes and triggers, and
// checks nothing: neither who sends, nor what is sent, nor whether it is there already.
// `node bare.mjs each`: a transaction a request. `node bare.mjs shared`: requests that arrive together share one.
import { randomBytes } from "node:crypto";
import path from "node:path";
import BetterSqlite3 from "better-sqlite3";
import express from "express";

const db = new BetterSqlite3(path.join(process.env.DATA_DIR, "boothlight.db"));
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.pragma("foreign_keys = ON");
db.pragma("temp_store = MEMORY");

const device = db.prepare("SELECT * FROM devices").get();
const idsOf = (list) =>
  Object.fromEntries(
    db
      .prepare(`SELECT slug, id FROM ${list} WHERE event_id = ?`)
      .all(device.event_id)
      .map(({ slug, id }) => [slug, id]),
  );
const projects = idsOf("projects");
const topics = idsOf("topics");

const visits = db.prepare(`
  INSERT INTO visits (id, event_id, booth_id, project_id, device_id, staff_name, revision, revised_by, content_hash, category,
    happened_at, said_at, clock_offset, received_at, local_day, local_hour, people)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, 1)`);
const questions = db.prepare(`
  INSERT INTO questions (id, event_id, visit_id, position, text, topic_id, project_id, asked_at, changed_at, likeness)
  VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?)`);
const texts = db.prepare("INSERT INTO visit_texts (visit_id, text) VALUES (?, ?)");
const waiting = db.prepare("DELETE FROM search_waiting WHERE question_id = ?");
const documents = db.prepare("INSERT INTO search_documents (question_id) VALUES (?)");
const words = db.prepare("INSERT INTO search_words (rowid, asked, around) VALUES (?, ?, '')");

function record({ visits: [visit] }) {
  const [question] = visit.questions;
  const at = Date.parse(visit.happenedAt);
  const local = new Date(at).toISOString();
  const text = question.text.toLowerCase();
  const { id: deviceId, event_id: eventId, booth_id: boothId, staff_name: staffName } = device;
  const hash = visit.id + visit.id.slice(0, 28);
  const project = projects[visit.project];
  visits.run(
    visit.id,
    eventId,
    boothId,
    project,
    deviceId,
    staffName,
    visit.revision,
    deviceId,
    hash,
    visit.category,
    at,
    at,
    Date.now(),
    local.slice(0, 10),
    Number(local.slice(11, 13)),
  );
  // What is asked again is alike; of what is asked once, nothing is.
  const likeness = /\d/.test(text) ? randomBytes(16).toString("base64url") : text;
  questions.run(
    question.id,
    eventId,
    visit.id,
    question.text,
    topics[question.topic],
    project,
    at,
    at,
    likeness,
  );
  texts.run(visit.id, text);
  waiting.run(question.id);
  // As many words as Boothlight finds it by: stems, and the words as they stand.
  const { lastInsertRowid: number } = documents.run(question.id);
  words.run(number, `${text} ${text}`);
  return { id: visit.id, status: "recorded" };
}

const together = db.transaction((waiting) => waiting.map(({ body }) => record(body)));
const answer = (res, result) => res.json({ results: [result] });
let queue = [];

const app = express();
app.disable("x-powered-by");
app.use(express.json({ limit: "4mb" }));
app.post("/api/visits", ({ body }, res) => {
  if (process.argv[2] === "each") return answer(res, together([{ body }])[0]);
  queue.push({ body, res });
  if (queue.length > 1) return;
  setImmediate(() => {
    const waiting = queue;
    queue = [];
    for (const [index, result] of together(waiting).entries()) answer(waiting[index].res, result);
  });
});
const server = app.listen(0, "127.0.0.1", () => console.log(`http://localhost:${server.address().port}`));
process.once("SIGTERM", () => {
  server.closeAllConnections();
  server.close(() => db.close());
});
