import type { Selectable } from "kysely";
import { uuidv7 } from "uuidv7";
import { type Lists, listsOf } from "../catalog/store";
import { compiledOnce } from "../database/compiled";
import type { Writer } from "../database/door";
import type { Database, Reader } from "../database/open";
import type {
  ActorKind,
  ContactConsentsTable,
  ContactsTable,
  Instant,
  Purpose,
  QuestionsTable,
  VisitsTable,
} from "../database/tables";
import { Problem } from "../errors";
import { localTime } from "../events/rules";
import { chosenEvent, type Event, eventById } from "../events/store";
import { type Say, sayInEnglish } from "../languages/say";
import { bindOwnCode, ownCodesOf } from "./codes/store";
import {
  isDisputed,
  keepAsLeft,
  keepDisplaced,
  keepForChoice,
  keepToRead,
  settle,
  versionOf,
  waitingVersions,
} from "./conflicts/store";
import {
  type ConsentShown,
  checkRest,
  checkVisit,
  type Result,
  type SentVisit,
  type VisitRecord,
} from "./form";
import { type Arrival, insertVisit, replaceVisit } from "./record/store";
import {
  brightness,
  compare,
  contentHash,
  decide,
  type Incoming,
  type Kept,
  knows,
  LEFT_OUT,
  questionIds,
  type Resolved,
  resolve,
} from "./rules";
import { codeInGroups } from "./slips/rules";
import { bindSlip, newSlip, slipOf, slipsOf } from "./slips/store";

export type Visit = Selectable<VisitsTable>;

/** The name under which the organizer's own visits and steps are kept. */
export const ORGANIZER = "organizer";

/** Who logs visits: a paired device, or the organizer on the laptop. */
export type Staff =
  | { kind: "device"; id: string; eventId: string; boothId: string | null; staffName: string }
  | { kind: "organizer" };

/**
 * The event that staff log for: a device's own, or the one that the organizer names, else the one of the day.
 * Throws `conflict` where a device names another event than its own: what waited on it from before is not mixed in.
 */
export async function eventOfStaff(read: Reader, caller: Staff, slug: unknown, now: Instant): Promise<Event> {
  if (caller.kind === "device") return asNamed(await eventById(read, caller.eventId), slug);
  const event = await chosenEvent(read, slug, now);
  if (!event) throw new Problem("missing", "refused.no-event");
  return event;
}

/** A device's own event, where that is the one that it names, or it names none. Throws `conflict` where it names another. */
export function asNamed(own: Event, slug: unknown): Event {
  if (typeof slug === "string" && slug !== "" && slug !== own.slug) {
    throw new Problem("conflict", "refused.other-event", [], { event: own.name });
  }
  return own;
}

/**
 * Records visits one by one, so that one bad record never holds up its neighbours.
 * Takes unknown input in the order made; answers one result a record, same order, once all are on disk.
 * Throws only where the database itself fails: then nothing of the batch is acknowledged.
 */
export function recordVisits(db: Database, arrival: Arrival, sent: unknown[]): Promise<Result[]> {
  return Promise.all(
    sent.map(async (input): Promise<Result> => {
      const checked = checkVisit(input, arrival.say);
      if (!checked.ok) {
        const rest = checkRest(input, checked.problems, arrival.say);
        const more = rest.ok ? resolve(rest.value, arrival.lists, arrival.say).problems : [];
        return { id: idOf(input), status: "invalid", problems: [...checked.problems, ...more] };
      }
      const visit = checked.value;
      const { resolved, problems } = resolve(visit, arrival.lists, arrival.say);
      if (problems.length > 0) return { id: visit.id, status: "invalid", problems };
      return db.write((writer) => recordVisit(writer, arrival, visit, resolved, input));
    }),
  );
}

/**
 * Records one visit that has passed all checks, from inside a transaction. `sent` is kept word by word where it is a
 * conflict.
 */
export async function recordVisit(
  writer: Writer,
  arrival: Arrival,
  visit: VisitRecord,
  resolved: Resolved,
  sent: unknown,
): Promise<Result> {
  const result = await recordWords(writer, arrival, visit, resolved, sent);
  if (result.status === "invalid") return result;
  // The codes of somebody who was erased lead nowhere.
  if (result.status === "gone" && (await isGone(writer, visit.id))) return result;
  // Also of what is not put in place, and of what was here: the visitor has it in their hand.
  const code = visit.contact?.ownCode;
  if (code && result.status !== "gone") await bindOwnCode(writer, code, { visitId: visit.id });
  const slips = await keepSlips(writer, arrival, visit);
  return slips.length > 0 ? { ...result, slips } : result;
}

/**
 * Binds the slips that a record brings to its questions, whatever became of its words: visitors have them in their hands.
 * Gives the questions whose code another question has, with the one that they got instead.
 */
async function keepSlips(
  writer: Writer,
  arrival: Arrival,
  visit: VisitRecord,
): Promise<Result["slips"] & {}> {
  if (!visit.questions.some((question) => question.slip)) return [];
  const ids = questionIds(visit);
  const instead: Result["slips"] & {} = [];
  for (const [index, { slip }] of visit.questions.entries()) {
    const questionId = ids[index] as string;
    if (!slip || !(await isOfVisit(writer, questionId, visit.id))) continue;
    const now = arrival.receivedAt;
    const actor = visit.staff ?? arrival.staffName ?? ORGANIZER;
    if ((await takeSlip(writer, { code: slip, questionId, actor, now })) === "taken") {
      const note = `Instead of ${codeInGroups(slip)}, which another question has.`;
      instead.push({ question: questionId, slip: await giveSlip(writer, questionId, actor, now, note) });
    }
  }
  return instead;
}

async function isOfVisit(writer: Writer, questionId: string, visitId: string): Promise<boolean> {
  const row = await writer
    .selectFrom("questions")
    .select("id")
    .where("id", "=", questionId)
    .where("visit_id", "=", visitId)
    .executeTakeFirst();
  return row !== undefined;
}

const SLIP_GIVEN = "slip given";

/**
 * The code of a question's slip, which it gets where it has none. A question that a visitor has a slip for has this step
 * in its activity, so no later edit of the visit drops it.
 */
export async function giveSlip(
  writer: Writer,
  questionId: string,
  actor: Actor,
  now: Instant,
  note?: string,
): Promise<string> {
  const there = await slipOf(writer, questionId);
  if (there) return there;
  const code = await newSlip(writer, questionId, now);
  await noteStep(writer, { of: { questionId }, at: now, actor, step: SLIP_GIVEN, note });
  return code;
}

/** Makes the code of a slip that was made or printed elsewhere a question's: see `bindSlip`. */
export async function takeSlip(
  writer: Writer,
  slip: { code: string; questionId: string; actor: Actor; now: Instant },
): Promise<"new" | "known" | "taken"> {
  const { questionId, now, actor } = slip;
  const bound = await bindSlip(writer, slip);
  if (bound === "new") await noteStep(writer, { of: { questionId }, at: now, actor, step: SLIP_GIVEN });
  return bound;
}

async function recordWords(
  writer: Writer,
  arrival: Arrival,
  visit: VisitRecord,
  resolved: Resolved,
  sent: unknown,
): Promise<Result> {
  const { say = sayInEnglish } = arrival;
  const hash = contentHash(visit);
  const gone = await isGone(writer, visit.id);
  const kept = await keptVisit(writer, visit, hash);
  if (kept && kept.eventId !== arrival.event.id) {
    const problems = [{ field: "id", message: say("problem.id-of-other-event") }];
    return { id: visit.id, status: "invalid", problems };
  }
  // Where the organizer has put it meanwhile it may stay.
  const places = [undefined, null, arrival.boothId, kept?.boothId];
  if (arrival.isBound && !places.includes(resolved.boothId)) {
    const problems = [{ field: "booth", message: say("problem.other-booth") }];
    return { id: visit.id, status: "invalid", problems };
  }
  const foreign = await foreignQuestion(writer, visit, say);
  if (foreign) return { id: visit.id, status: "invalid", problems: [foreign] };

  if (gone && kept && arrival.isOrganizers) {
    // What counts of it can be put right; who it was does not come back.
    await replaceVisit(writer, arrival, { ...visit, contact: undefined }, resolved, hash, kept);
    return { id: visit.id, status: "updated" };
  }
  if (gone) {
    // Nothing of its words is kept, not even beside it.
    if (!kept) await countErased(writer, arrival, visit, resolved);
    return { id: visit.id, status: "gone" };
  }

  const incoming = { revision: visit.revision, hash, deviceId: arrival.deviceId, base: visit.base };
  const status = decide(incoming, kept, gone);
  if (status === "recorded") await insertVisit(writer, arrival, visit, resolved, hash);
  if (!kept || status === "recorded") return { id: visit.id, status };

  if (status === "updated") {
    await leaveBeside(writer, arrival, visit, incoming, kept);
    await replaceVisit(writer, arrival, visit, resolved, hash, kept);
    return { id: visit.id, status };
  }
  if (hash !== kept.hash && !kept.wasSaid) {
    // Worded otherwise when it was sent, by a platform's name instead of its short one, it says the same.
    const [here] = await fullVisits(writer, [visit.id]);
    if (here && saysTheSame(here, await listsOf(writer, arrival.event.id), visit)) {
      return { id: visit.id, status: kept.deleted ? "gone" : "replayed" };
    }
    const { deviceId, receivedAt } = arrival;
    const version = { visitId: visit.id, revision: visit.revision, hash, deviceId, sent, receivedAt };
    // An overtaken step of the same edits says nothing new, as a rule; in case it does, it can be read.
    // Words for a visit in the bin wait there too: the organizer may put it back.
    if (compare(incoming, kept) === "replayed") await keepToRead(writer, version);
    else await keepForChoice(writer, version);
  }
  const isShown = status !== "replayed" && (arrival.deviceId === null || kept.deviceId === arrival.deviceId);
  const [there] = isShown ? await fullVisits(writer, [visit.id]) : [];
  if (!there) return { id: visit.id, status };
  return { id: visit.id, status, visit: asSent(there, await listsOf(writer, arrival.event.id)) };
}

/**
 * Lets a visit count that comes from an old tablet, a file or a rescue file after its visitor was erased, and that is not here
 * any more: without the visitor. One that was deleted for good does not come back.
 */
async function countErased(
  writer: Writer,
  arrival: Arrival,
  visit: VisitRecord,
  resolved: Resolved,
): Promise<void> {
  const kinds = await writer.selectFrom("erasures").select("kind").where("id", "=", visit.id).execute();
  if (!kinds.some(({ kind }) => kind === "visit") || kinds.some(({ kind }) => kind === "deleted-visit"))
    return;
  const ids = questionIds(visit);
  const questions = visit.questions.map(({ topic }, index) => ({ id: ids[index], topic, text: LEFT_OUT }));
  const rest = { ...visit, note: undefined, contact: undefined, questions };
  await insertVisit(writer, arrival, rest, resolved, LEFT_OUT);
  // Nobody can answer what nobody can read.
  await writer.updateTable("questions").set({ state: "closed" }).where("visit_id", "=", visit.id).execute();
  const had = visit.contact ? (["contact", ...visit.contact.consent] as const) : [];
  if (had.length > 0) {
    await writer
      .insertInto("erased_contacts")
      .values(had.map((what) => ({ visit_id: visit.id, what })))
      .execute();
  }
}

/**
 * Keeps what a visit says now beside it, before a record takes its place. Words that the sender cannot know wait for
 * the organizer's choice. Where the record settles such a choice, those that it leaves can be read.
 */
async function leaveBeside(
  writer: Writer,
  arrival: Arrival,
  visit: VisitRecord,
  incoming: Incoming,
  kept: Kept,
): Promise<void> {
  const at = arrival.receivedAt;
  const isKnown = incoming.hash === kept.hash || knows(incoming, kept);
  const isChoice = await settleSame(writer, visit, incoming.hash, at);
  if (isKnown && !isChoice) return;
  const [before] = await fullVisits(writer, [visit.id]);
  const lists = await listsOf(writer, arrival.event.id);
  if (!before || saysTheSame(before, lists, visit)) return;
  const version = {
    visitId: before.id,
    revision: before.revision,
    hash: before.content_hash,
    deviceId: before.revised_by,
    sent: asSent(before, lists),
    receivedAt: at,
  };
  await (isKnown ? keepAsLeft(writer, version) : keepDisplaced(writer, version));
  const actor = visit.staff ?? arrival.staffName ?? ORGANIZER;
  const step = isChoice ? "other version used" : "edited";
  await noteStep(writer, { of: { visitId: visit.id }, at, actor, step });
}

/** Settles the choices in which a version waits that says what the visit is going to say. Gives whether there was one. */
async function settleSame(writer: Writer, visit: VisitRecord, hash: string, now: Instant): Promise<boolean> {
  const same = (await waitingVersions(writer, visit.id)).filter((version) => {
    if (version.content_hash === hash) return true;
    const checked = checkVisit(JSON.parse(version.payload));
    return checked.ok && contentHash(checked.value) === hash;
  });
  for (const version of same) await settle(writer, version.id, true, now);
  return same.length > 0;
}

const visitWithId = compiledOnce((db, { id }: { id: string }) =>
  db
    .selectFrom("visits")
    .select(["event_id", "booth_id", "device_id", "revision", "revised_by", "content_hash", "deleted_at"])
    .where("id", "=", id),
);

async function keptVisit(
  writer: Writer,
  visit: VisitRecord,
  hash: string,
): Promise<(Kept & { eventId: string; boothId: string | null; deviceId: string | null }) | undefined> {
  const [row] = await visitWithId(writer, { id: visit.id });
  if (!row) return undefined;
  const earlier =
    visit.revision < row.revision
      ? await writer
          .selectFrom("visit_revisions")
          .select(["revision", "content_hash"])
          .where("visit_id", "=", visit.id)
          .where(({ or, eb }) => or([eb("revision", "=", visit.revision), eb("content_hash", "=", hash)]))
          .execute()
      : [];
  return {
    eventId: row.event_id,
    boothId: row.booth_id,
    deviceId: row.device_id,
    revision: row.revision,
    revisedBy: row.revised_by,
    hash: row.content_hash,
    earlierHash: earlier.find((each) => each.revision === visit.revision)?.content_hash,
    wasSaid: earlier.some((each) => each.content_hash === hash),
    isDisputed: await isDisputed(writer, { visitId: visit.id, ...row }),
    deleted: row.deleted_at !== null,
  };
}

const goneWithId = compiledOnce((db, { id }: { id: string }) =>
  db.selectFrom("gone_visits").select("visit_id").where("visit_id", "=", id),
);

/** Whether an id must not come back: it was undone before it arrived, or its visitor was erased. */
export async function isGone(read: Reader, id: string): Promise<boolean> {
  return (await goneWithId(read, { id })).length > 0;
}

const questionElsewhere = compiledOnce((db, { id, visitId }: { id: string; visitId: string }) =>
  db.selectFrom("questions").select("id").where("id", "=", id).where("visit_id", "<>", visitId),
);

/** A question's id that another visit has already: two questions must never become one. */
async function foreignQuestion(writer: Writer, visit: VisitRecord, say: Say) {
  const ids = visit.questions.map((question) => question.id).filter((id) => id !== undefined);
  if (new Set(ids).size < ids.length) {
    return { field: "questions", message: say("problem.id-twice") };
  }
  for (const [index, { id }] of visit.questions.entries()) {
    const others = id === undefined ? [] : await questionElsewhere(writer, { id, visitId: visit.id });
    if (others.length > 0)
      return { field: `questions.${index}.id`, message: say("problem.id-of-other-visit") };
  }
  return undefined;
}

function idOf(input: unknown): string | null {
  const id = (input as { id?: unknown } | null)?.id;
  return typeof id === "string" ? id.slice(0, 100) : null;
}

/** What a visitor agreed to, and how. */
export type Consent = Omit<Selectable<ContactConsentsTable>, "visit_id">;

/** A visit with everything that belongs to it. Lists hold ids of the event's lists. */
export interface FullVisit extends Visit {
  topicIds: string[];
  remarkIds: string[];
  giveawayIds: string[];
  /** With what they agreed to, and the code of their own page where they have one. */
  contact:
    | (Selectable<ContactsTable> & { consent: Purpose[]; consents: Consent[]; ownCode?: string })
    | undefined;
  /** With the code of the slip that was given for it last. */
  questions: (Selectable<QuestionsTable> & { slip?: string })[];
}

/** The visits with these ids and all that belongs to them, in the order of the ids; unknown ids are left out. */
export async function fullVisits(read: Reader, ids: string[]): Promise<FullVisit[]> {
  if (ids.length === 0) return [];
  const [visits, topics, remarks, giveaways, contacts, consents, codes, questions, slips] = await Promise.all(
    [
      read.selectFrom("visits").selectAll().where("id", "in", ids).execute(),
      read.selectFrom("visit_topics").selectAll().where("visit_id", "in", ids).execute(),
      read.selectFrom("visit_remarks").selectAll().where("visit_id", "in", ids).execute(),
      read.selectFrom("visit_giveaways").selectAll().where("visit_id", "in", ids).execute(),
      read.selectFrom("contacts").selectAll().where("visit_id", "in", ids).execute(),
      read
        .selectFrom("contact_consents")
        .selectAll()
        .where("visit_id", "in", ids)
        .orderBy("purpose")
        .execute(),
      ownCodesOf(read, ids),
      read.selectFrom("questions").selectAll().where("visit_id", "in", ids).orderBy("position").execute(),
      slipsOf(read, ids),
    ],
  );
  const topicsOf = byVisit(topics);
  const remarksOf = byVisit(remarks);
  const giveawaysOf = byVisit(giveaways);
  const contactOf = new Map(contacts.map((row) => [row.visit_id, row]));
  const consentsOf = byVisit(consents);
  const questionsOf = byVisit(questions.map((row) => ({ ...row, slip: slips.get(row.id) })));
  const visitOf = new Map(visits.map((row) => [row.id, row]));
  return ids.flatMap((id) => {
    const visit = visitOf.get(id);
    const contact = contactOf.get(id);
    if (!visit) return [];
    return {
      ...visit,
      topicIds: topicsOf.get(id)?.map((row) => row.topic_id) ?? [],
      remarkIds: remarksOf.get(id)?.map((row) => row.remark_id) ?? [],
      giveawayIds: giveawaysOf.get(id)?.map((row) => row.giveaway_id) ?? [],
      contact: contact && {
        ...contact,
        consent: consentsOf.get(id)?.map((row) => row.purpose) ?? [],
        consents: (consentsOf.get(id) ?? []).map(({ visit_id, ...consent }) => consent),
        ownCode: codes.get(id),
      },
      questions: questionsOf.get(id) ?? [],
    };
  });
}

function byVisit<Row extends { visit_id: string }>(rows: Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.visit_id);
    if (group) group.push(row);
    else groups.set(row.visit_id, [row]);
  }
  return groups;
}

/** A visit as the protocol tells it: what a device would have to send to say the same. */
export function asSent(visit: FullVisit, lists: Lists): SentVisit {
  const slugOfId = (list: keyof Lists, id: string | null) =>
    lists[list].find((entry) => entry.id === id)?.slug;
  const slugsOfIds = (list: keyof Lists, ids: string[]) => {
    const slugs = lists[list].filter((entry) => ids.includes(entry.id)).map((entry) => entry.slug);
    return slugs.length > 0 ? slugs : undefined;
  };
  const { visit_id, consent, consents, ...details } = visit.contact ?? { consent: [], consents: [] };
  return withoutEmpty({
    id: visit.id,
    revision: visit.revision,
    category: visit.category,
    happenedAt: new Date(visit.said_at).toISOString(),
    booth: slugOfId("booths", visit.booth_id),
    project: slugOfId("projects", visit.project_id),
    people: visit.people === 1 ? undefined : visit.people,
    platform: slugOfId("platforms", visit.platform_id),
    interest: visit.interest ?? undefined,
    overviewGiven: visit.overview_given === null ? undefined : visit.overview_given === 1,
    topics: slugsOfIds("topics", visit.topicIds),
    remarks: slugsOfIds("remarks", visit.remarkIds),
    giveaways: slugsOfIds("giveaways", visit.giveawayIds),
    note: visit.note ?? undefined,
    contact: visit.contact && {
      ...withoutEmpty(details),
      consent,
      ...(consents.length > 0 && { consentShown: shownOf(consents, visit.clock_offset) }),
    },
    questions:
      visit.questions.length > 0
        ? visit.questions.map((question) =>
            withoutEmpty({
              id: question.id,
              text: question.text,
              topic: slugOfId("topics", question.topic_id),
              slip: question.slip,
            }),
          )
        : undefined,
  });
}

/** How they agreed, as a device would tell it: by its own clock. */
function shownOf(consents: Consent[], clockOffset: number): ConsentShown {
  return Object.fromEntries(
    consents.map(({ purpose, words, language, given_by, given_at }) => {
      const at = new Date(given_at - clockOffset).toISOString();
      return [purpose, withoutEmpty({ words, language, by: given_by, at })];
    }),
  );
}

function withoutEmpty<T extends object>(value: T): T {
  return Object.fromEntries(
    Object.entries(value).filter(([, part]) => part !== undefined && part !== null),
  ) as T;
}

/** The last visits that a device logged (null: the laptop itself), the latest first. */
export async function ownVisitIds(
  read: Reader,
  eventId: string,
  deviceId: string | null,
  most: number,
): Promise<string[]> {
  const rows = await read
    .selectFrom("visits")
    .select("id")
    .where("device_id", deviceId === null ? "is" : "=", deviceId)
    .where("event_id", "=", eventId)
    .where("deleted_at", "is", null)
    .orderBy("happened_at", "desc")
    .orderBy("id", "desc")
    .limit(most)
    .execute();
  return rows.map((row) => row.id);
}

/** What a visit keeps of who sends it. */
export function placeOf(caller: Staff) {
  return caller.kind === "device"
    ? {
        boothId: caller.boothId,
        isBound: caller.boothId !== null,
        deviceId: caller.id,
        staffName: caller.staffName,
      }
    : { boothId: null, isBound: false, deviceId: null, staffName: ORGANIZER };
}

/** A visit that this caller may see: a device its own, the organizer every one. Throws `missing` for any other. */
export async function visitForStaff(read: Reader, id: string, caller: Staff): Promise<FullVisit> {
  const [visit] = await fullVisits(read, [id]);
  if (!visit || (caller.kind === "device" && visit.device_id !== caller.id)) {
    throw new Problem("missing", "refused.not-here");
  }
  return visit;
}

/**
 * Visits of the event's today: of one device (null: the laptop itself) and of the booth, of the last hour, and how lit that
 * is. And what visitors asked by themselves that nobody has looked at.
 */
export async function todayOf(read: Reader, event: Event, deviceId: string | null, now: Instant) {
  const rows = await read
    .selectFrom("visits")
    .select(["category", "device_id"])
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("event_id", "=", event.id)
    .where("happened_at", ">", now - 36 * 3_600_000)
    .where("local_day", "=", localTime(now, event.time_zone).day)
    .where("deleted_at", "is", null)
    .groupBy(["category", "device_id"])
    .execute();
  const { lastHour } = await read
    .selectFrom("visits")
    .select(({ fn }) => fn.countAll<number>().as("lastHour"))
    .where("event_id", "=", event.id)
    .where("happened_at", ">", now - 3_600_000)
    .where("happened_at", "<=", now + 60_000)
    .where("deleted_at", "is", null)
    .executeTakeFirstOrThrow();
  const count = (mine: boolean) => {
    const counts = { existing: 0, curious: 0, new: 0 };
    for (const row of rows)
      if (!mine || row.device_id === deviceId) counts[row.category] += Number(row.count);
    return counts;
  };
  const visits = Number(lastHour);
  return {
    lastHour: visits,
    light: brightness(visits),
    own: count(true),
    booth: count(false),
    asked: await countAsked(read, event.id),
  };
}

/** How many questions that visitors asked by themselves wait for a look, so that staff are told while they log. */
export async function countAsked(read: Reader, eventId: string): Promise<number> {
  const { count } = await read
    .selectFrom("visitor_questions")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("event_id", "=", eventId)
    .where("refused_at", "is", null)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** The device that logged a visit; null: the laptop itself. Undefined where there is no such visit. */
export async function deviceOfVisit(read: Reader, id: string): Promise<string | null | undefined> {
  const row = await read.selectFrom("visits").select("device_id").where("id", "=", id).executeTakeFirst();
  return row?.device_id;
}

/** The event that a visit belongs to. Undefined where there is no such visit. */
export async function eventOfVisit(read: Reader, id: string): Promise<string | undefined> {
  const row = await read.selectFrom("visits").select("event_id").where("id", "=", id).executeTakeFirst();
  return row?.event_id;
}

/** Who changes something: the organizer, or a staff member by name. */
export type Actor = string;

/**
 * Puts a visit into the bin: it is no longer counted, and its questions leave the queue. It can be put back.
 * An id that has not arrived yet is marked, so that its visit is *gone* when it does. Gives whether it was there.
 */
export async function deleteVisit(writer: Writer, id: string, actor: Actor, now: Instant): Promise<boolean> {
  const known = await writer
    .selectFrom("visits")
    .select("deleted_at")
    .where("id", "=", id)
    .executeTakeFirst();
  if (!known) {
    await writer
      .insertInto("gone_visits")
      .values({ visit_id: id, gone_at: now })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return false;
  }
  if (known.deleted_at === null) await markDeleted(writer, id, now, actor, now);
  return true;
}

/** Takes a visit out of the bin. Gives whether it was in there. */
export async function restoreVisit(writer: Writer, id: string, actor: Actor, now: Instant): Promise<boolean> {
  const known = await writer
    .selectFrom("visits")
    .select("deleted_at")
    .where("id", "=", id)
    .executeTakeFirst();
  if (!known || known.deleted_at === null) return false;
  await markDeleted(writer, id, null, actor, now);
  return true;
}

async function markDeleted(
  writer: Writer,
  id: string,
  deletedAt: Instant | null,
  actor: Actor,
  now: Instant,
) {
  const deleted = deletedAt !== null;
  await writer.updateTable("visits").set({ deleted_at: deletedAt }).where("id", "=", id).execute();
  await writer
    .updateTable("questions")
    .set({ hidden: deleted ? 1 : 0, changed_at: now })
    .where("visit_id", "=", id)
    .execute();
  if (deleted) await handOnMerged(writer, id);
  const step = deleted ? "deleted" : "put back";
  await noteStep(writer, { of: { visitId: id }, at: now, actor, step });
}

/**
 * Questions that are asked together with one of this visit, which is in the bin now, must not go with it: the first of
 * them that is still there stands for all of them from now on.
 */
async function handOnMerged(writer: Writer, visitId: string): Promise<void> {
  const heads = await writer
    .selectFrom("questions")
    .select("id")
    .where("visit_id", "=", visitId)
    .where("merged_into", "is", null)
    .execute();
  for (const { id: head } of heads) {
    const next = await writer
      .selectFrom("questions")
      .select("id")
      .where("merged_into", "=", head)
      .where("hidden", "=", 0)
      .orderBy("asked_at")
      .orderBy("id")
      .executeTakeFirst();
    if (!next) continue;
    await writer
      .updateTable("questions")
      .set({ merged_into: next.id })
      .where(({ or, eb }) => or([eb("id", "=", head), eb("merged_into", "=", head)]))
      .execute();
    await writer.updateTable("questions").set({ merged_into: null }).where("id", "=", next.id).execute();
  }
}

/** The visit with this id, in the bin or not. Throws `missing` where there is none. */
export async function visitById(read: Reader, id: string): Promise<FullVisit> {
  const [visit] = await fullVisits(read, [id]);
  if (!visit) throw new Problem("missing", "There is no such visit. It may have been erased.");
  return visit;
}

/** What was done with a visit and its questions, the latest first. */
export function activityOfVisit(read: Reader, id: string) {
  return read
    .selectFrom("activity")
    .leftJoin("experts", "experts.id", "activity.expert_id")
    .select([
      "activity.id",
      "activity.at",
      "activity.actor",
      "activity.actor_kind",
      "activity.step",
      "activity.note",
      "activity.question_id",
      "experts.name as expert",
    ])
    .where(({ or, eb, selectFrom }) =>
      or([
        eb("activity.visit_id", "=", id),
        eb(
          "activity.question_id",
          "in",
          selectFrom("questions").select("questions.id").where("visit_id", "=", id),
        ),
      ]),
    )
    .orderBy("activity.at", "desc")
    .orderBy("activity.id", "desc")
    .limit(200)
    .execute();
}

/** The organizer's hand, on a visit that is there: it changes neither who logged it nor where. */
function organizersArrival(event: Event, lists: Lists, now: Instant): Arrival {
  return {
    event,
    lists,
    boothId: null,
    deviceId: null,
    staffName: ORGANIZER,
    receivedAt: now,
    clockOffset: 0,
    isOrganizers: true,
  };
}

/**
 * Records what the organizer made of a visit, with the same checks as any other record. `shown` is the revision
 * that the organizer saw: where the visit has moved on, nothing is written and the status is `conflict`.
 */
export async function editVisit(
  db: Database,
  event: Event,
  lists: Lists,
  shown: number,
  sent: unknown,
  now: Instant,
): Promise<Result> {
  const checked = checkVisit(sent);
  if (!checked.ok) return { id: idOf(sent), status: "invalid", problems: checked.problems };
  const visit = checked.value;
  const { resolved, problems } = resolve(visit, lists);
  if (problems.length > 0) return { id: visit.id, status: "invalid", problems };
  return db.write(async (writer) => {
    const kept = await keptVisit(writer, visit, contentHash(visit));
    if (!kept || kept.deleted) return { id: visit.id, status: "gone" };
    if (kept.revision !== shown) return { id: visit.id, status: "conflict" };
    if (visit.contact && (await isGone(writer, visit.id))) {
      const message = "The visitor was erased: with this visit no details are kept any more.";
      return { id: visit.id, status: "invalid", problems: [{ field: "contact", message }] };
    }
    const [before] = await fullVisits(writer, [visit.id]);
    if (before && saysTheSame(before, lists, visit)) return { id: visit.id, status: "replayed" };
    const known = { ...visit, base: kept.revision };
    const result = await recordVisit(writer, organizersArrival(event, lists, now), known, resolved, sent);
    if (result.status === "updated") {
      await noteStep(writer, { of: { visitId: visit.id }, at: now, actor: ORGANIZER, step: "edited" });
    }
    return result;
  });
}

/** Whether a record says what the visit says already, however it was worded when it was sent. */
function saysTheSame(visit: FullVisit, lists: Lists, record: VisitRecord): boolean {
  const now = checkVisit(asSent(visit, lists));
  return now.ok && contentHash(now.value) === contentHash(record);
}

/**
 * Changes a visit from inside a transaction: `change` gets it as the protocol tells it. The next revision is recorded
 * with the same checks as any other, so that a device that does not know of it cannot undo it without a word.
 * Gives whether anything changed. Throws where the visit is not there, or in the bin, or would break a rule.
 */
export async function reviseVisit(
  writer: Writer,
  place: { event: Event; lists: Lists; now: Instant; clockOffset?: number; atLeast?: number },
  visit: FullVisit,
  change: (sent: SentVisit) => SentVisit,
): Promise<boolean> {
  if (visit.deleted_at !== null) {
    throw new Problem("conflict", "This visit is in the bin. Put it back first.");
  }
  const { event, lists, now } = place;
  const revision = Math.max(visit.revision, place.atLeast ?? 0) + 1;
  const sent = { ...change(asSent(visit, lists)), id: visit.id, revision, base: visit.revision };
  const checked = checkVisit(sent);
  if (!checked.ok) throw new Problem("invalid", "This version cannot be used.", checked.problems);
  const { resolved, problems } = resolve(checked.value, lists);
  if (problems.length > 0) throw new Problem("invalid", "This version cannot be used.", problems);
  if (saysTheSame(visit, lists, checked.value)) return false;
  const arrival = {
    ...organizersArrival(event, lists, now),
    boothId: visit.booth_id,
    clockOffset: place.clockOffset ?? 0,
  };
  const result = await recordVisit(writer, arrival, checked.value, resolved, sent);
  if (result.status === "invalid") {
    throw new Problem("invalid", "This version cannot be used.", result.problems);
  }
  return true;
}

/**
 * Settles which of two versions of a visit counts. The other one is kept beside it, to be read.
 * `shown` is the revision that the organizer compared with. Throws `conflict` where something changed meanwhile.
 */
export async function chooseVersion(
  writer: Writer,
  place: { event: Event; lists: Lists; now: Instant },
  choice: { visitId: string; conflictId: string; use: boolean; shown: number },
): Promise<void> {
  const { now } = place;
  const conflict = await versionOf(writer, choice.visitId, choice.conflictId);
  if (!conflict) throw new Problem("missing", "There is no such version of this visit.");
  const visit = await visitById(writer, choice.visitId);
  if (conflict.resolved_at !== null || visit.revision !== choice.shown) {
    throw new Problem("conflict", "This visit was changed a moment ago. Look at it again, then choose.");
  }
  const offset = { clockOffset: visit.clock_offset, atLeast: conflict.revision };
  const isNoted =
    choice.use &&
    (await reviseVisit(writer, { ...place, ...offset }, visit, () => JSON.parse(conflict.payload)));
  await settle(writer, conflict.id, choice.use, now);
  if (isNoted) return;
  const step = choice.use ? "other version used" : "version kept";
  await noteStep(writer, { of: { visitId: visit.id }, at: now, actor: ORGANIZER, step });
}

/** One step of the activity: of a question, or of the visit itself. */
export interface ActivityStep {
  of: { questionId: string } | { visitId: string };
  at: Instant;
  actor: Actor;
  /** Left out: the organizer or staff, by the name. */
  actorKind?: ActorKind;
  step: string;
  expertId?: string | null;
  note?: string | null;
  /** What it changed as it was before; left out, it cannot be undone. */
  before?: object;
  /** The id of the step that it takes back. */
  undoes?: string;
}

/** Keeps a step in the activity, in the same transaction as what it tells of; gives its id. */
export async function noteStep(writer: Writer, taken: ActivityStep): Promise<string> {
  const id = uuidv7();
  await writer
    .insertInto("activity")
    .values({
      id,
      question_id: "questionId" in taken.of ? taken.of.questionId : null,
      visit_id: "visitId" in taken.of ? taken.of.visitId : null,
      at: taken.at,
      actor: taken.actor,
      actor_kind: taken.actorKind ?? (taken.actor === ORGANIZER ? "organizer" : "staff"),
      step: taken.step,
      expert_id: taken.expertId ?? null,
      note: taken.note ?? null,
      before: taken.before ? JSON.stringify(taken.before) : null,
      undoes: taken.undoes ?? null,
    })
    .execute();
  return id;
}
