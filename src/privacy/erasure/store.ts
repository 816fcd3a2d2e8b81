import { type ExpressionBuilder, sql } from "kysely";
import type { Writer } from "../../database/door";
import type { Reader } from "../../database/open";
import type { ActorKind, ErasedKind, Instant, Purpose, Tables } from "../../database/tables";
import { ASKED_BY_THEMSELVES } from "../../questions/asking/rules";
import { PROGRAM } from "../../questions/rules";
import { THE_ORGANIZER, takeStep } from "../../questions/steps/store";
import { deleteVisit, noteStep, ORGANIZER } from "../../visits/store";
import { inJson, inQuery, type Person } from "../mentions/rules";
import {
  lookAt,
  mentions,
  redacted,
  rewriteVisitText,
  takeOut,
  textsAbout,
  textsOfVisits,
  writeText,
} from "../mentions/store";
import { ERASED_EXPERT, isNameless, nextNameless, peopleOfExpert } from "./rules";

/**
 * Who or what is to be erased: the visitor of a visit; a visit for good; a question that waits for a look; the staff member who
 * used a device, or logged a visit; all staff of an event; an expert. By itself with a visit goes what its visitor had asked
 * before it became part of that visit.
 */
export interface Erased {
  kind: ErasedKind;
  id: string;
}

/** On whose behalf somebody is erased. */
export interface By {
  actor: string;
  actorKind: ActorKind;
  why: "asked" | "expired";
  /** Whether the organizer has read all texts that may name them: what they left in place stays, but for sure details. */
  isReviewed?: boolean;
}

/** What is kept of an erasure: enough to do it again, without personal data. */
export interface Erasure extends Erased {
  erasedAt: Instant;
  why?: By["why"];
}

/** What an erasure writes with. */
interface Work {
  writer: Writer;
  by: By;
  now: Instant;
}

/**
 * Removes a person everywhere, within the caller's transaction. What counts goes on counting: a visit stays without the
 * visitor, a question without the expert. Texts that name them are rid of what is surely theirs; those that may still name them
 * are kept for the organizer to look at. Erasing what is not there, or was erased, only keeps that it is to stay so.
 */
export async function erase(writer: Writer, what: Erased, by: By, now: Instant): Promise<void> {
  const work = { writer, by, now };
  const { kind, id } = what;
  if (kind === "visit") await eraseVisitor(work, id);
  else if (kind === "deleted-visit") await deleteForGood(work, id);
  else if (kind === "visitor-question" || kind === "asked-of-visit") await eraseAsked(work, id);
  else if (kind === "device") await eraseDevice(work, id);
  else if (kind === "staff-of-visit") await eraseLogger(work, id);
  else if (kind === "staff-of-event") await eraseAllStaff(work, id);
  else await eraseExpert(work, id);
  await keep(work, what);
}

async function keep({ writer, by, now }: Work, ...erased: Erased[]): Promise<void> {
  for (const { kind, id } of erased) {
    await writer
      .insertInto("erasures")
      .values({ kind, id, erased_at: now, why: by.why })
      .onConflict((known) => known.doNothing())
      .execute();
  }
}

async function keepGone({ writer, now }: Work, visitId: string): Promise<void> {
  await writer
    .insertInto("gone_visits")
    .values({ visit_id: visitId, gone_at: now })
    .onConflict((known) => known.doNothing())
    .execute();
}

/* Visitors */

/**
 * Keeps that what the visitor of a visit had asked by themselves is not to wait for a look again: in a backup or a file of
 * before somebody looked at it, it is no part of the visit, and has their details in it.
 */
async function keepAskedGone(work: Work, visitId: string): Promise<void> {
  const asked = await work.writer
    .selectFrom("activity")
    .innerJoin("questions", "questions.id", "activity.question_id")
    .select("questions.id")
    .distinct()
    .where("questions.visit_id", "=", visitId)
    .where("activity.step", "=", ASKED_BY_THEMSELVES)
    .execute();
  for (const { id } of asked) {
    await keepGone(work, id);
    await keep(work, { kind: "asked-of-visit", id });
  }
}

async function eraseVisitor(work: Work, id: string): Promise<void> {
  const { writer, by, now } = work;
  const visit = await writer
    .selectFrom("visits")
    .select(["deleted_at", "content_hash"])
    .where("id", "=", id)
    .executeTakeFirst();
  if (!visit) return keepGone(work, id);
  // Nobody sees it any more: there is nothing that it would have to stay for.
  if (visit.deleted_at !== null) {
    await deleteForGood(work, id);
    return keep(work, { kind: "deleted-visit", id });
  }
  const contact = await writer
    .selectFrom("contacts")
    .selectAll()
    .where("visit_id", "=", id)
    .executeTakeFirst();
  const isThere = contact !== undefined || visit.content_hash !== ERASED_HASH;
  await keepGone(work, id);
  await keepAskedGone(work, id);
  if (!isThere) return;
  const people = contact ? [contact] : [];
  await withdrawMessages(writer, "visit_id", id, "The visitor was erased.");
  await dropVersions(writer, id);
  await clearOwnTexts(work, id, people);
  if (by.why === "asked") {
    await clearElsewhere(work, people, [id]);
    await writer
      .deleteFrom("slips")
      .where((eb) => isOfVisit(eb, id))
      .execute();
  }
  if (contact) await countOn(writer, id);
  await writer.deleteFrom("contacts").where("visit_id", "=", id).execute();
  // A hash of all that was said: who guesses right could tell that it was.
  await writer.updateTable("visits").set({ content_hash: ERASED_HASH }).where("id", "=", id).execute();
  await rewriteVisitText(writer, id);
  await noteStep(writer, {
    of: { visitId: id },
    at: now,
    actor: by.actor,
    actorKind: by.actorKind,
    step: by.why === "expired" ? "expired" : "erased",
  });
}

/** In the place of the hash of a visit whose visitor was erased. */
const ERASED_HASH = "erased";

const isOfVisit = (eb: ExpressionBuilder<Tables, "slips">, visitId: string) =>
  eb("question_id", "in", eb.selectFrom("questions").select("questions.id").where("visit_id", "=", visitId));

/** Takes back what has not left, and what the organizer wrote into any of it. What is under way finds nobody at its next try. */
async function withdrawMessages(
  writer: Writer,
  whose: "visit_id" | "expert_id",
  id: string,
  problem: string,
): Promise<void> {
  await writer.updateTable("messages").set({ text: null }).where(whose, "=", id).execute();
  await writer
    .updateTable("messages")
    .set({ state: "cancelled", problem })
    .where(whose, "=", id)
    .where("state", "in", ["held", "waiting", "failed", "uncertain"])
    .execute();
}

async function dropVersions(writer: Writer, visitId: string): Promise<void> {
  await writer.deleteFrom("visit_conflicts").where("visit_id", "=", visitId).execute();
  await writer.deleteFrom("visit_revisions").where("visit_id", "=", visitId).execute();
}

/** Takes somebody out of what was said and written around their visit. */
async function clearOwnTexts({ writer, by, now }: Work, visitId: string, people: Person[]): Promise<void> {
  const { isReviewed } = by;
  for (const text of await textsOfVisits(writer, [visitId])) {
    const { place } = text;
    if (place === "note on a contact" || place === "message") continue;
    if (place === "note" && by.why === "asked" && !isReviewed) {
      // It was written about them, not by them.
      await writeText(writer, text, "", now);
      continue;
    }
    const rest = redacted(text, people, isReviewed ? "sure" : "own");
    if (rest !== text.text) await writeText(writer, text, rest, now);
    if (by.why === "asked" && !isReviewed) await lookAt(writer, text, "theirs", now);
  }
  const told = await writer
    .selectFrom("message_steps")
    .innerJoin("questions", "questions.id", "message_steps.question_id")
    .select("message_steps.message_id as id")
    .distinct()
    .where("questions.visit_id", "=", visitId)
    .execute();
  for (const { id } of told) await takeOut(writer, { place: "message", id }, people, [], now);
}

/** Takes people out of all other texts: what is surely theirs at once. What may still name them is for the organizer to look at. */
async function clearElsewhere(
  { writer, by, now }: Work,
  people: Person[],
  visitIds: string[],
): Promise<void> {
  if (people.length === 0) return;
  const level = by.isReviewed ? "sure" : "maybe";
  for (const text of await textsAbout(writer, people, { visitIds, level })) {
    if (text.visitId !== null && visitIds.includes(text.visitId)) continue;
    if (!by.isReviewed) await takeOut(writer, text, [], people, now);
    else if (mentions(text, people, "sure")) {
      await writeText(writer, text, redacted(text, people, "sure"), now);
    }
  }
}

/** Keeps that there were details, and consent, so that figures go on counting them. */
async function countOn(writer: Writer, visitId: string): Promise<void> {
  const consents = await writer
    .selectFrom("contact_consents")
    .select("purpose")
    .where("visit_id", "=", visitId)
    .execute();
  const had = ["contact" as const, ...consents.map(({ purpose }) => purpose)];
  await writer
    .insertInto("erased_contacts")
    .values(had.map((what) => ({ visit_id: visitId, what })))
    .onConflict((known) => known.doNothing())
    .execute();
}

/** Takes a visit out of the bin for good, with all that belongs to it. One that is not in the bin stays. */
async function deleteForGood(work: Work, id: string): Promise<void> {
  const { writer } = work;
  const visit = await writer
    .selectFrom("visits")
    .select("deleted_at")
    .where("id", "=", id)
    .executeTakeFirst();
  if (visit && visit.deleted_at === null) return;
  await keepGone(work, id);
  if (!visit) return;
  await keepAskedGone(work, id);
  const own = writer.selectFrom("questions").select("id").where("visit_id", "=", id);
  await writer
    .updateTable("questions")
    .set({ merged_into: null })
    .where((eb) => eb("merged_into", "in", own))
    .execute();
  await writer
    .deleteFrom("texts_to_look_at")
    .where(({ or, eb }) => or([eb("id", "=", id), eb("id", "in", own)]))
    .execute();
  await writer.deleteFrom("questions").where("visit_id", "=", id).execute();
  await writer.deleteFrom("visits").where("id", "=", id).execute();
}

async function eraseAsked(work: Work, id: string): Promise<void> {
  const { writer } = work;
  const asked = await writer
    .deleteFrom("visitor_questions")
    .where("id", "=", id)
    .returning("contact")
    .executeTakeFirst();
  await writer.deleteFrom("texts_to_look_at").where("place", "=", "asked").where("id", "=", id).execute();
  // An event file that has it does not bring it again.
  await keepGone(work, id);
  const left = asked?.contact ? (JSON.parse(asked.contact) as { name?: string; email?: string }) : undefined;
  if (left) await clearElsewhere(work, [left], []);
}

/* Staff */

async function eraseDevice(work: Work, id: string): Promise<void> {
  const device = await work.writer
    .selectFrom("devices")
    .select(["event_id", "staff_name"])
    .where("id", "=", id)
    .executeTakeFirst();
  if (device) await eraseStaff(work, device.event_id, device.staff_name);
}

async function eraseLogger(work: Work, visitId: string): Promise<void> {
  const visit = await work.writer
    .selectFrom("visits")
    .select(["event_id", "staff_name"])
    .where("id", "=", visitId)
    .executeTakeFirst();
  if (visit?.staff_name) await eraseStaff(work, visit.event_id, visit.staff_name);
}

/**
 * Removes a staff member from an event: the name, wherever it stands, and the pairing of their devices. What they logged goes on
 * counting as somebody's.
 */
async function eraseStaff(work: Work, eventId: string, name: string): Promise<void> {
  if (name === ORGANIZER || isNameless(name)) return;
  const { writer, by, now } = work;
  const devices = await writer
    .selectFrom("devices")
    .select("id")
    .where("event_id", "=", eventId)
    .where("staff_name", "=", name)
    .execute();
  await keep(work, ...devices.map(({ id }) => ({ kind: "device" as const, id })));
  await sql`INSERT INTO erasures (kind, id, erased_at, why) SELECT 'staff-of-visit', id, CAST(${now} AS BIGINT), ${by.why}
    FROM visits WHERE event_id = ${eventId} AND staff_name = ${name} ON CONFLICT DO NOTHING`.execute(writer);
  const names = await staffOf(writer, eventId);
  await renameStaff(writer, eventId, name, nextNameless(names), now);
  if (by.why === "asked") await clearElsewhere(work, [{ name }], []);
}

async function eraseAllStaff({ writer, now }: Work, eventId: string): Promise<void> {
  const names = await staffOf(writer, eventId);
  for (const name of names.filter((each) => !isNameless(each))) {
    const nameless = nextNameless(names);
    names.push(nameless);
    await renameStaff(writer, eventId, name, nameless, now);
  }
}

/** The names under which staff of an event are kept, but for the organizer's own. */
export async function staffOf(read: Reader, eventId: string): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    SELECT staff_name AS name FROM devices WHERE event_id = ${eventId}
    UNION SELECT name FROM staff_names WHERE event_id = ${eventId}
    UNION SELECT staff_name FROM visits WHERE event_id = ${eventId} AND staff_name IS NOT NULL`.execute(read);
  return rows.map(({ name }) => name).filter((name) => name !== ORGANIZER && name !== "");
}

/** Gives a staff member of an event another name, wherever the old one stands by itself. */
async function renameStaff(
  writer: Writer,
  eventId: string,
  from: string,
  to: string,
  now: Instant,
): Promise<void> {
  await writer
    .updateTable("devices")
    .set(({ ref, fn, val }) => ({
      staff_name: to,
      // What the name opened goes with it.
      token_hash: sql<string>`'erased ' || ${ref("id")}`,
      unpaired_at: fn.coalesce(ref("unpaired_at"), val(now)),
    }))
    .where("event_id", "=", eventId)
    .where("staff_name", "=", from)
    .execute();
  await writer
    .updateTable("staff_names")
    .set({ name: to })
    .where("event_id", "=", eventId)
    .where("name", "=", from)
    .execute();
  await sql`UPDATE activity SET actor = ${to} WHERE actor_kind = 'staff' AND actor = ${from} AND (
    visit_id IN (SELECT id FROM visits WHERE event_id = ${eventId})
    OR question_id IN (SELECT id FROM questions WHERE event_id = ${eventId}))`.execute(writer);
  const versions = await writer
    .selectFrom("visit_conflicts")
    .innerJoin("visits", "visits.id", "visit_conflicts.visit_id")
    .select(["visit_conflicts.id", "visit_conflicts.payload"])
    .where("visits.event_id", "=", eventId)
    .where("visit_conflicts.payload", "like", '%"staff"%')
    .execute();
  for (const { id, payload } of versions) {
    const version = JSON.parse(payload) as { staff?: unknown };
    if (version.staff !== from) continue;
    await writer
      .updateTable("visit_conflicts")
      .set({ payload: JSON.stringify({ ...version, staff: to }) })
      .where("id", "=", id)
      .execute();
  }
  await writer
    .updateTable("visits")
    .set({ staff_name: to })
    .where("event_id", "=", eventId)
    .where("staff_name", "=", from)
    .execute();
}

/* Experts */

async function eraseExpert(work: Work, id: string): Promise<void> {
  const { writer } = work;
  const expert = await writer.selectFrom("experts").selectAll().where("id", "=", id).executeTakeFirst();
  if (!expert || expert.name === ERASED_EXPERT) return;
  await giveBack(work, id);
  await withdrawMessages(writer, "expert_id", id, "The expert was erased.");
  const slug = `erased-${id}`;
  await writer
    .updateTable("experts")
    .set(({ eb }) => ({
      slug,
      name: ERASED_EXPERT,
      address: "",
      webhook: "",
      languages: "[]",
      time_zone: "UTC",
      weekly: null,
      away_from: null,
      away_until: null,
      reached_by: "hand",
      hidden: 1,
      link_open: 0,
      link_number: eb("link_number", "+", 1),
      revision: eb("revision", "+", 1),
    }))
    .where("id", "=", id)
    .execute();
  await writer.deleteFrom("expert_topics").where("expert_id", "=", id).execute();
  await writer.deleteFrom("expert_projects").where("expert_id", "=", id).execute();
  await writer
    .updateTable("activity")
    .set({ actor: ERASED_EXPERT })
    .where("actor_kind", "=", "expert")
    .where(({ or, and, eb }) =>
      or([
        eb("actor", "=", expert.name),
        // Under an earlier name.
        and([eb("expert_id", "=", id), eb("step", "<>", "passed on")]),
      ]),
    )
    .execute();
  await renameInFilters(writer, expert.slug, slug);
  await clearElsewhere(work, peopleOfExpert(expert), []);
}

/** What an expert has goes back to the organizer. */
async function giveBack({ writer, now }: Work, expertId: string): Promise<void> {
  const held = await writer
    .selectFrom("questions")
    .select(["id", "version", "hidden"])
    .where("expert_id", "=", expertId)
    .where("state", "=", "routed")
    .where("merged_into", "is", null)
    .execute();
  for (const { id, version, hidden } of held) {
    if (!hidden) await takeStep(writer, id, { step: "given back", shown: version, by: THE_ORGANIZER, now });
  }
  // In the bin they take no steps.
  await writer
    .updateTable("questions")
    .set({ state: "open", expert_id: null, due_at: null, claimed_at: null })
    .where("expert_id", "=", expertId)
    .where("state", "=", "routed")
    .execute();
}

/** Saved views and lists that were taken name an expert by their short name. */
async function renameInFilters(writer: Writer, from: string, to: string): Promise<void> {
  const renamed = (query: string) => inQuery(query, (value) => (value === from ? to : value));
  for (const { id, query } of await writer.selectFrom("saved_views").select(["id", "query"]).execute()) {
    if (renamed(query) === query) continue;
    await writer
      .updateTable("saved_views")
      .set({ query: renamed(query) })
      .where("id", "=", id)
      .execute();
  }
  for (const { id, filters } of await writer
    .selectFrom("contact_exports")
    .select(["id", "filters"])
    .where("filters", "<>", "")
    .execute()) {
    if (renamed(filters) === filters) continue;
    await writer
      .updateTable("contact_exports")
      .set({ filters: renamed(filters) })
      .where("id", "=", id)
      .execute();
  }
  for (const { event_id, published } of await writer
    .selectFrom("write_ups")
    .select(["event_id", "published"])
    .where("published", "is not", null)
    .execute()) {
    const after = inJson(published as string, (text) => (text === from ? to : text));
    if (after === published) continue;
    await writer
      .updateTable("write_ups")
      .set({ published: after })
      .where("event_id", "=", event_id)
      .execute();
  }
}

/* Tombstones */

/** Whether this was erased, and is to stay so. */
export async function wasErased(read: Reader, kind: ErasedKind, id: string): Promise<boolean> {
  const row = await read
    .selectFrom("erasures")
    .select("id")
    .where("kind", "=", kind)
    .where("id", "=", id)
    .executeTakeFirst();
  return row !== undefined;
}

/** How many people were erased, each once a visit. */
export async function countErasures(read: Reader): Promise<number> {
  const { count } = await read
    .selectFrom("erasures")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("kind", "in", ["visit", "visitor-question", "device", "expert"])
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** That the visitor of a visit was erased, as an event file tells it: when, why, and what they had left or agreed to. */
export interface ErasedVisitor {
  at: Instant;
  why: By["why"];
  had: ("contact" | Purpose)[];
}

/** How the visitors of these visits were erased, by the visit's id. */
export async function erasedVisitors(read: Reader, ids: string[]): Promise<Map<string, ErasedVisitor>> {
  if (ids.length === 0) return new Map();
  const rows = await read
    .selectFrom("erasures")
    .select(["id", "erased_at", "why"])
    .where("kind", "=", "visit")
    .where("id", "in", ids)
    .execute();
  if (rows.length === 0) return new Map();
  const had = await read
    .selectFrom("erased_contacts")
    .selectAll()
    .where("visit_id", "in", ids)
    .orderBy("what")
    .execute();
  return new Map(
    rows.map(({ id, erased_at, why }) => [
      id,
      { at: erased_at, why, had: had.filter((row) => row.visit_id === id).map(({ what }) => what) },
    ]),
  );
}

/** Keeps of a visit that was just recorded without its visitor that they were erased elsewhere. */
export async function keepErased(writer: Writer, visitId: string, erased: ErasedVisitor): Promise<void> {
  const { at, why, had } = erased;
  const work = { writer, now: at, by: { actor: "", actorKind: "program", why } } as const;
  await keepGone(work, visitId);
  await keep(work, { kind: "visit", id: visitId });
  await writer.updateTable("visits").set({ content_hash: ERASED_HASH }).where("id", "=", visitId).execute();
  if (had.length === 0) return;
  await writer
    .insertInto("erased_contacts")
    .values(had.map((what) => ({ visit_id: visitId, what })))
    .onConflict((known) => known.doNothing())
    .execute();
}

/** All that was ever erased, oldest first: for keeping beside the backups. */
export async function keptErasures(read: Reader): Promise<Required<Erasure>[]> {
  const rows = await read
    .selectFrom("erasures")
    .selectAll()
    .orderBy("erased_at")
    .orderBy("kind")
    .orderBy("id")
    .execute();
  return rows.map(({ kind, id, erased_at, why }) => ({ kind, id, erasedAt: erased_at, why }));
}

/**
 * Erases again what was erased after a backup was made, once that backup is in place. Takes what `keptErasures` gave, in
 * any order, also twice. What was erased by then already costs next to nothing.
 */
export async function eraseAgain(writer: Writer, erasures: Erasure[], now: Instant): Promise<void> {
  for (const { kind, id, erasedAt, why = "asked" } of erasures) {
    // The backup may be from before it was deleted.
    if (kind === "deleted-visit") await deleteVisit(writer, id, PROGRAM.name, now);
    const by = { actor: PROGRAM.name, actorKind: PROGRAM.kind, why };
    await erase(writer, { kind, id }, by, erasedAt);
  }
}
