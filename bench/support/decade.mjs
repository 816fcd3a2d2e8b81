// A community's ten years on one laptop, for the benches: 1,000,000 visits and 200,000 questions, of which one event has half.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { countAnew } = require("../../dist/database/figures.js");
const { sql } = require("kysely");
const { uuidv7 } = require("uuidv7");

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FIRST = Date.UTC(2014, 3, 15, 9);
const TOPICS = ["storage", "networking", "upgrade", "backup", "licence", "cloud", "desktop", "security"];
const PLATFORMS = ["vmware", "hyper-v", "proxmox", "openstack", "bare-metal", "ovirt", "xenserver"];
const REMARKS = ["easier", "list-helped", "chat-helped", "not-known-free", "docs-outdated", "slow"];
const GIVEAWAYS = ["flier", "sticker", "t-shirt"];
const PROJECTS = ["lantern", "wick", "glow"];
const STAFF = ["Ada", "Bo", "Cleo", "Dee", "Eli", "Fay", "Gus", "Hua", "Ida", "Jo"];
const NAMES = ["Zając", "Müller", "García", "Ito", "Okafor", "Lindqvist", "Moreau", "Haddad"];
const VERBS = ["upgrade", "migrate", "encrypt", "restore", "monitor", "share", "resize", "clone"];
const NOUNS = ["hosts", "disks", "switches", "nodes", "machines", "tenants", "templates", "snapshots"];
const STATES = ["open", "routed", "answered", "closed"];

/** Always the same numbers, so that two runs measure the same. */
function dice(seed) {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

/** Event slugs and their visits: together a million where `share` is 1. */
const decade = (share) => [
  ["congress", Math.round(500_000 * share), 5],
  ["camp", 5000, 3],
  ...Array.from({ length: 9 }, (_, index) => [`fair-${2014 + index}`, Math.round(55_000 * share), 4]),
];

/**
 * Fills an empty database quickly: its triggers are put aside meanwhile, and the figures counted at the end. A fifth of the
 * visits have a question, as many a contact, a third of these questions ask one of 400 things that come again and again.
 * `share`: a part of it, for trying. Gives how many visits there are, and how many milliseconds the counting took.
 */
export function fillDecade(db, { share = 1 } = {}) {
  return fill(db, decade(share), FIRST);
}

/** The same with one event alone, which began two days ago: `fair`, with this many visits. Nothing of it is late yet. */
export function fillFair(db, visits) {
  return fill(db, [["fair", visits, 2]], Date.now() - 2 * DAY);
}

async function fill(db, events, first) {
  const roll = dice(11);
  const experts = Array.from({ length: 20 }, (_, index) => ({
    id: uuidv7(),
    slug: `expert-${index}`,
    name: `Expert ${index}`,
    kind: "person",
    created_at: FIRST,
  }));
  const triggers = await db.write(async (writer) => {
    const { rows } = await sql`SELECT name, sql FROM sqlite_master WHERE type = 'trigger'`.execute(writer);
    for (const { name } of rows) await sql.raw(`DROP TRIGGER ${name}`).execute(writer);
    await writer.insertInto("experts").values(experts).execute();
    const answersOn = experts.map((expert, index) => ({
      expert_id: expert.id,
      topic_slug: TOPICS[index % TOPICS.length],
      position: 1,
    }));
    await writer.insertInto("expert_topics").values(answersOn).execute();
    return rows;
  });
  let visits = 0;
  for (const [index, [slug, count, days]] of events.entries()) {
    visits += count;
    await fillEvent(db, { slug, count, days, start: first + index * 300 * DAY }, experts, roll);
  }
  let counting = 0;
  await db.write(async (writer) => {
    for (const trigger of triggers) await sql.raw(trigger.sql).execute(writer);
    const begin = performance.now();
    await countAnew(writer);
    counting = performance.now() - begin;
  });
  return { visits, counting };
}

async function fillEvent(db, { slug, count, days, start }, experts, roll) {
  const id = uuidv7();
  const entry = (name, index) => ({ id: uuidv7(), event_id: id, slug: name, name, position: index + 1 });
  const lists = {
    booths: ["hall", "lounge"].map(entry),
    projects: PROJECTS.map(entry),
    topics: TOPICS.map(entry),
    platforms: PLATFORMS.map(entry),
    remarks: REMARKS.map(entry),
    giveaways: GIVEAWAYS.map(entry),
  };
  const day = (number) => new Date(start + number * DAY).toISOString().slice(0, 10);
  await db.write(async (writer) => {
    const event = { id, slug, name: slug, venue: "Hall 2", time_zone: "UTC", created_at: start };
    await writer
      .insertInto("events")
      .values({ ...event, starts_on: day(0), ends_on: day(days - 1) })
      .execute();
    for (const [table, rows] of Object.entries(lists)) await writer.insertInto(table).values(rows).execute();
  });
  const any = (list) => list[roll(list.length)];
  for (let from = 0; from < count; from += 500) {
    const rows = {
      visits: [],
      visit_topics: [],
      visit_remarks: [],
      visit_giveaways: [],
      contacts: [],
      contact_consents: [],
      questions: [],
    };
    for (let index = from; index < Math.min(count, from + 500); index++) {
      const visit = uuidv7();
      const at = start + Math.floor((index / count) * days) * DAY + ((index % 997) / 997) * 8 * HOUR;
      const happened = Math.floor(at);
      const project = roll(5) ? any(lists.projects).id : null;
      rows.visits.push({
        id: visit,
        event_id: id,
        booth_id: any(lists.booths).id,
        project_id: project,
        platform_id: roll(3) ? any(lists.platforms).id : null,
        staff_name: any(STAFF),
        revision: 1,
        content_hash: visit,
        category: any(["existing", "curious", "new"]),
        happened_at: happened,
        said_at: happened,
        received_at: happened,
        local_day: new Date(happened).toISOString().slice(0, 10),
        local_hour: new Date(happened).getUTCHours(),
        people: 1 + (roll(4) ? 0 : roll(5)),
        interest: roll(4) ? 1 + roll(3) : null,
        overview_given: roll(2),
        note: roll(6) ? null : `Came back with ${roll(9) + 1} colleagues, "finally", they said.`,
      });
      if (!roll(2)) rows.visit_topics.push({ visit_id: visit, topic_id: any(lists.topics).id });
      if (!roll(3)) rows.visit_remarks.push({ visit_id: visit, remark_id: any(lists.remarks).id });
      if (!roll(2)) rows.visit_giveaways.push({ visit_id: visit, giveaway_id: any(lists.giveaways).id });
      if (!roll(4)) {
        const name = `${any(NAMES)} ${roll(5000)}`;
        const email = `visitor.${index}@visitor.example`;
        rows.contacts.push({ visit_id: visit, name, organization: "ACME", email });
        if (roll(3))
          rows.contact_consents.push({ visit_id: visit, purpose: "follow-up", given_at: happened });
      }
      if (!roll(5)) {
        const state = any(STATES);
        const again = roll(3) === 0;
        const number = again ? roll(400) : index;
        rows.questions.push({
          id: uuidv7(),
          event_id: id,
          visit_id: visit,
          position: 1,
          text: `Can we ${again ? VERBS[number % 8] : any(VERBS)} ${number} ${again ? NOUNS[number % 7] : any(NOUNS)}?`,
          topic_id: roll(9) ? any(lists.topics).id : null,
          project_id: project,
          state,
          expert_id: state === "open" ? null : any(experts).id,
          answer: state === "answered" || state === "closed" ? "Yes, since version 4." : null,
          asked_at: happened,
          due_at: state === "routed" ? happened + 3 * DAY : null,
          routed_at: state === "open" ? null : happened + roll(900) * 60_000,
          answered_at:
            state === "answered" || state === "closed" ? happened + roll(20_000) * 60_000 + HOUR : null,
          changed_at: happened,
          likeness: again ? `again-${number}` : `once-${slug}-${index}`,
        });
      }
    }
    await db.write(async (writer) => {
      for (const [table, of] of Object.entries(rows)) {
        if (of.length > 0) await writer.insertInto(table).values(of).execute();
      }
    });
  }
}
