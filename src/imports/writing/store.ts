import { setImmediate as nextTurn } from "node:timers/promises";
import { listsOf } from "../../catalog/store";
import type { Database, Reader } from "../../database/open";
import type { Instant } from "../../database/tables";
import { countVisits, type Event, journalOf } from "../../events/store";
import { type Expert, listExperts } from "../../experts/store";
import { trailOf } from "../../exports/trail/store";
import { erasedVisitors } from "../../privacy/erasure/store";
import { controllerOf } from "../../privacy/notice/store";
import { fullVisits } from "../../visits/store";
import {
  AFTER_VISITS,
  type Asked,
  BEFORE_VISITS,
  BETWEEN_VISITS,
  END_OF_FILE,
  type SetUp,
  type Slip,
  startOfFile,
  type Trace,
  visitWriter,
  type WrittenVisit,
} from "./rules";

/** Visits that are read at a time: few enough that a tablet's visit need not wait. */
const PAGE = 500;

/** Who takes an event home, and why. */
export interface Taking {
  actor: "organizer" | "command line";
  /** In their own words; empty: they did not say. */
  reason: string;
  now: Instant;
  /** Told after each page how many visits have been written. */
  progress?: (done: number, of: number) => void;
}

/**
 * The whole event as an event file, piece by piece, with contact details whatever they may be used for. Where there are any,
 * it is recorded before they leave that they do, and how many when the last piece has been taken.
 */
export async function* takeEventFile(
  db: Database,
  event: Event,
  { actor, reason, now, progress }: Taking,
): AsyncGenerator<string> {
  const contacts = await countContacts(db.read, event.id);
  const taking = { eventId: event.id, actor, list: "event", format: "json", filters: "", reason };
  const trail = trailOf(db, { ...taking, purpose: null }, () => now);
  // Before the file is begun: nothing can be written while the database stands still for it.
  await trail.leave(contacts);
  yield* eventFileText(db, event, progress);
  await trail.end();
}

/** Whose details are in an event's file: of visits, and of those who asked by themselves. */
async function countContacts(read: Reader, eventId: string): Promise<number> {
  const { left } = await read
    .selectFrom("contacts")
    .innerJoin("visits", "visits.id", "contacts.visit_id")
    .select(({ fn }) => fn.countAll<number>().as("left"))
    .where("visits.event_id", "=", eventId)
    .where("visits.deleted_at", "is", null)
    .executeTakeFirstOrThrow();
  const asked = await askedOf(read, eventId);
  return Number(left) + asked.filter(({ contact }) => contact !== null).length;
}

/**
 * The event as an event file: what `readEventFile` reads and `importEvent` takes in whole. The same event gives the same
 * bytes. Reads pages of one state of the database, and leaves a turn to everybody else after each; whoever stops taking
 * pieces stops the reading.
 */
export async function* eventFileText(
  db: Pick<Database, "snapshot">,
  { id: eventId }: { id: string },
  progress: (done: number, of: number) => void = () => {},
): AsyncGenerator<string> {
  const { read, close } = await db.snapshot();
  try {
    const setUp = await setUpOf(read, eventId);
    yield startOfFile(setUp);
    const lineOf = visitWriter(setUp.lists, setUp.experts);
    const of = await countVisits(read, eventId, Number.MAX_SAFE_INTEGER);
    let done = 0;
    for await (const page of visitPages(read, eventId)) {
      yield (done === 0 ? BEFORE_VISITS : BETWEEN_VISITS) + page.map(lineOf).join(BETWEEN_VISITS);
      done += page.length;
      progress(done, of);
      await nextTurn();
    }
    yield (done === 0 ? "" : AFTER_VISITS) + END_OF_FILE;
  } finally {
    await close();
  }
}

async function setUpOf(read: Reader, eventId: string): Promise<SetUp> {
  const event = await read
    .selectFrom("events")
    .selectAll()
    .where("id", "=", eventId)
    .executeTakeFirstOrThrow();
  const lists = await listsOf(read, eventId);
  const writeUp = await read
    .selectFrom("write_ups")
    .select(["front", "text", "changed_at", "published_at", "published"])
    .where("event_id", "=", eventId)
    .executeTakeFirst();
  return {
    event,
    controller: await controllerOf(read, eventId),
    lists,
    experts: await expertsOf(
      read,
      eventId,
      lists.topics.map(({ slug }) => slug),
    ),
    journal: await journalOf(read, eventId, Number.MAX_SAFE_INTEGER),
    writeUp,
    asked: await askedOf(read, eventId),
    retention: await read
      .selectFrom("retentions")
      .select(["days", "until", "reason"])
      .where("event_id", "=", eventId)
      .executeTakeFirst(),
  };
}

/**
 * The experts that belong to the event: who answers on one of its topics, and whom one of its questions is or was with. The
 * directory is shared by all events, so the others stay behind.
 */
async function expertsOf(read: Reader, eventId: string, topics: string[]): Promise<Expert[]> {
  const named = new Set<string | null>();
  let last: { at: Instant; id: string } | undefined;
  do {
    let query = read
      .selectFrom("questions")
      .select(["id", "asked_at", "expert_id"])
      .where("event_id", "=", eventId)
      .where("hidden", "=", 0)
      .orderBy("asked_at")
      .orderBy("id")
      .limit(PAGE);
    if (last) {
      const { at, id } = last;
      query = query.where(({ eb, refTuple, tuple }) => eb(refTuple("asked_at", "id"), ">", tuple(at, id)));
    }
    const page = await query.execute();
    const ids = page.map((row) => row.id);
    for (const row of page) named.add(row.expert_id);
    for (const step of await stepsOf(read, "question_id", ids)) named.add(step.expert_id);
    const end = page.at(-1);
    last = page.length === PAGE && end ? { at: end.asked_at, id: end.id } : undefined;
    await nextTurn();
  } while (last);
  const experts = await listExperts(read);
  return experts.filter(
    (expert) => named.has(expert.id) || expert.topics.some((topic) => topics.includes(topic)),
  );
}

/** What visitors asked by themselves and nobody has looked at, in the order asked. What was put aside stays behind. */
async function askedOf(read: Reader, eventId: string): Promise<Asked[]> {
  const rows = await read
    .selectFrom("visitor_questions")
    .select(["id", "code", "text", "topic_id", "contact", "language", "asked_at"])
    .where("event_id", "=", eventId)
    .where("refused_at", "is", null)
    .orderBy("asked_at")
    .orderBy("id")
    .execute();
  const codes = await read
    .selectFrom("visitor_codes")
    .innerJoin("visitor_questions", "visitor_questions.id", "visitor_codes.question_id")
    .select(["visitor_codes.question_id", "visitor_codes.code"])
    .where("visitor_questions.event_id", "=", eventId)
    .orderBy("visitor_codes.code")
    .execute();
  const codesOf = grouped(codes, (row) => row.question_id);
  return rows.map((row) => ({ ...row, ownCodes: (codesOf.get(row.id) ?? []).map(({ code }) => code) }));
}

/** The visits of an event in the order in which they happened, page by page; those in the bin are left out. */
async function* visitPages(read: Reader, eventId: string): AsyncGenerator<WrittenVisit[]> {
  let last: { at: Instant; id: string } | undefined;
  do {
    let query = read
      .selectFrom("visits")
      .select(["id", "happened_at"])
      .where("event_id", "=", eventId)
      .where("deleted_at", "is", null)
      .orderBy("happened_at")
      .orderBy("id")
      .limit(PAGE);
    if (last) {
      const { at, id } = last;
      query = query.where(({ eb, refTuple, tuple }) => eb(refTuple("happened_at", "id"), ">", tuple(at, id)));
    }
    const page = await query.execute();
    const ids = page.map((row) => row.id);
    if (ids.length > 0) yield await written(read, eventId, ids);
    const end = page.at(-1);
    last = page.length === PAGE && end ? { at: end.happened_at, id: end.id } : undefined;
  } while (last);
}

async function written(read: Reader, eventId: string, ids: string[]): Promise<WrittenVisit[]> {
  const visits = await fullVisits(read, ids);
  const questions = visits.flatMap((visit) => visit.questions);
  const questionIds = questions.map(({ id }) => id);
  const codes = await read
    .selectFrom("visitor_codes")
    .select(["visit_id", "code"])
    .where("visit_id", "in", ids)
    .orderBy("code")
    .execute();
  const trails = grouped(await stepsOf(read, "question_id", questionIds), (step) => step.question_id);
  const own = grouped(await stepsOf(read, "visit_id", ids), (step) => step.visit_id);
  const codesOf = grouped(codes, (row) => row.visit_id);
  const slips = await slipsOf(read, questionIds);
  const heads = await headsOf(
    read,
    eventId,
    questions.flatMap((question) => question.merged_into ?? []),
  );
  const erased = await erasedVisitors(read, ids);
  return visits.map((visit) => ({
    visit,
    erased: erased.get(visit.id),
    ownCodes: (codesOf.get(visit.id) ?? []).map(({ code }) => code),
    trail: own.get(visit.id) ?? [],
    trails,
    slips,
    heads,
  }));
}

type Step = Trace & { question_id: string | null; visit_id: string | null };

/** What was done with these questions or visits, in the order in which it was. */
async function stepsOf(read: Reader, of: "question_id" | "visit_id", ids: string[]): Promise<Step[]> {
  if (ids.length === 0) return [];
  return read
    .selectFrom("activity")
    .select(["at", "actor", "actor_kind", "step", "expert_id", "note", "question_id", "visit_id"])
    .where(of, "in", ids)
    .orderBy("at")
    .orderBy("id")
    .execute();
}

async function slipsOf(read: Reader, questionIds: string[]): Promise<Map<string, Slip[]>> {
  if (questionIds.length === 0) return new Map();
  const rows = await read
    .selectFrom("slips")
    .selectAll()
    .where("question_id", "in", questionIds)
    .orderBy("made_at")
    .orderBy("code")
    .execute();
  return grouped(rows, (row) => row.question_id);
}

/** Which of these questions are in the file themselves: those of other events and those in the bin are not. */
async function headsOf(read: Reader, eventId: string, ids: string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await read
    .selectFrom("questions")
    .select("id")
    .where("id", "in", [...new Set(ids)])
    .where("event_id", "=", eventId)
    .where("hidden", "=", 0)
    .execute();
  return new Set(rows.map(({ id }) => id));
}

function grouped<Row>(rows: Row[], by: (row: Row) => string | null): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = by(row) ?? "";
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}
