import type { Insertable } from "kysely";
import { uuidv7 } from "uuidv7";
import { entriesOf, type Lists } from "../../catalog/store";
import { compiledOnce } from "../../database/compiled";
import type { Writer } from "../../database/door";
import type { Instant, VisitsTable } from "../../database/tables";
import { freeSlug, localTime, slugOf } from "../../events/rules";
import type { Event } from "../../events/store";
import type { Say } from "../../languages/say";
import type { SentContactRecord, VisitRecord } from "../form";
import { isSameName, type Kept, questionIds, type Resolved, searchText } from "../rules";
import { likenessOf } from "../terms/rules";

/** Where a visit comes from, and when it came. */
export interface Arrival {
  event: Event;
  lists: Lists;
  /** The booth where the record names none. */
  boothId: string | null;
  /** Whether it comes from a device that is paired for that booth: then a record cannot name another one. */
  isBound?: boolean;
  deviceId: string | null;
  staffName: string | null;
  receivedAt: Instant;
  /** Milliseconds to add to the device's clock: see `clockOffset` in rules. */
  clockOffset: number;
  /** The organizer's own hand, which alone can still change the visit of somebody who was erased. */
  isOrganizers?: true;
  /** The language in which the sender is told of problems; English where none is given. What is kept has none. */
  say?: Say;
}

/** The columns that a record decides. */
async function columnsOf(
  writer: Writer,
  arrival: Arrival,
  visit: VisitRecord,
  resolved: Resolved,
  hash: string,
) {
  return {
    booth_id: resolved.boothId ?? arrival.boothId,
    project_id: resolved.projectId,
    platform_id: resolved.newPlatform
      ? await addPlatform(writer, arrival.event.id, resolved.newPlatform)
      : resolved.platformId,
    revision: visit.revision,
    revised_by: arrival.deviceId,
    content_hash: hash,
    category: visit.category,
    people: visit.people,
    interest: visit.interest ?? null,
    overview_given:
      visit.overviewGiven === undefined ? null : visit.overviewGiven ? (1 as const) : (0 as const),
    note: visit.note ?? null,
  };
}

function timesOf(arrival: Arrival, visit: VisitRecord) {
  const happenedAt = visit.happenedAt + arrival.clockOffset;
  const local = localTime(happenedAt, arrival.event.time_zone);
  return {
    happened_at: happenedAt,
    said_at: visit.happenedAt,
    clock_offset: arrival.clockOffset,
    local_day: local.day,
    local_hour: local.hour,
  };
}

type VisitRow = Omit<Insertable<VisitsTable>, "deleted_at">;

const addVisit = compiledOnce((db, visit: VisitRow) =>
  db.insertInto("visits").values({
    id: visit.id,
    event_id: visit.event_id,
    booth_id: visit.booth_id,
    project_id: visit.project_id,
    platform_id: visit.platform_id,
    device_id: visit.device_id,
    staff_name: visit.staff_name,
    revision: visit.revision,
    revised_by: visit.revised_by,
    content_hash: visit.content_hash,
    category: visit.category,
    people: visit.people,
    interest: visit.interest,
    overview_given: visit.overview_given,
    note: visit.note,
    happened_at: visit.happened_at,
    said_at: visit.said_at,
    clock_offset: visit.clock_offset,
    local_day: visit.local_day,
    local_hour: visit.local_hour,
    received_at: visit.received_at,
    deleted_at: null,
  }),
);

/** Adds a visit that is not there yet, with everything it says. `hash` is that of its words. */
export async function insertVisit(
  writer: Writer,
  arrival: Arrival,
  visit: VisitRecord,
  resolved: Resolved,
  hash: string,
): Promise<void> {
  const times = timesOf(arrival, visit);
  await addVisit(writer, {
    id: visit.id,
    event_id: arrival.event.id,
    device_id: arrival.deviceId,
    staff_name: visit.staff ?? arrival.staffName,
    received_at: arrival.receivedAt,
    ...times,
    ...(await columnsOf(writer, arrival, visit, resolved, hash)),
  });
  if (visit.staff) {
    await writer
      .insertInto("staff_names")
      .values({ event_id: arrival.event.id, name: visit.staff })
      .onConflict((known) => known.doNothing())
      .execute();
  }
  if (visit.contact) await replaceContact(writer, arrival, visit.id, visit.contact);
  await insertDetails(writer, arrival, visit, resolved, times.happened_at);
}

/** Puts a record in the place of the revision that is kept of it. */
export async function replaceVisit(
  writer: Writer,
  arrival: Arrival,
  visit: VisitRecord,
  resolved: Resolved,
  hash: string,
  kept: Kept,
): Promise<void> {
  const before = await writer
    .selectFrom("visits")
    .select(["said_at", "happened_at"])
    .where("id", "=", visit.id)
    .executeTakeFirstOrThrow();
  // An edit that leaves the time alone must not move a visit because the clock was set in between.
  const times = before.said_at === visit.happenedAt ? undefined : timesOf(arrival, visit);
  await writer
    .insertInto("visit_revisions")
    .values({ visit_id: visit.id, revision: kept.revision, content_hash: kept.hash })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await writer
    .updateTable("visits")
    .set({ ...times, ...(await columnsOf(writer, arrival, visit, resolved, hash)) })
    .where("id", "=", visit.id)
    .execute();
  for (const table of ["visit_topics", "visit_remarks", "visit_giveaways", "visit_texts"] as const) {
    await writer.deleteFrom(table).where("visit_id", "=", visit.id).execute();
  }
  await replaceContact(writer, arrival, visit.id, visit.contact);
  await dropQuestions(writer, visit);
  // Those on their way stay, also where the record no longer has them.
  await writer
    .updateTable("questions")
    .set({ project_id: resolved.projectId })
    .where("visit_id", "=", visit.id)
    .execute();
  await insertDetails(writer, arrival, visit, resolved, times?.happened_at ?? before.happened_at);
}

const addText = compiledOnce((db, { visitId, text }: { visitId: string; text: string }) =>
  db.insertInto("visit_texts").values({ visit_id: visitId, text }),
);

/** What a visit has besides its row and its contact; what is there of it already has been taken out. */
async function insertDetails(
  writer: Writer,
  arrival: Arrival,
  visit: VisitRecord,
  resolved: Resolved,
  askedAt: Instant,
): Promise<void> {
  const visitId = visit.id;
  if (resolved.topicIds.length > 0) {
    const rows = resolved.topicIds.map((id) => ({ visit_id: visitId, topic_id: id }));
    await writer.insertInto("visit_topics").values(rows).execute();
  }
  if (resolved.remarkIds.length > 0) {
    const rows = resolved.remarkIds.map((id) => ({ visit_id: visitId, remark_id: id }));
    await writer.insertInto("visit_remarks").values(rows).execute();
  }
  if (resolved.giveawayIds.length > 0) {
    const rows = resolved.giveawayIds.map((id) => ({ visit_id: visitId, giveaway_id: id }));
    await writer.insertInto("visit_giveaways").values(rows).execute();
  }
  if (visit.questions.length > 0) await upsertQuestions(writer, arrival, visit, resolved, askedAt);
  const text = searchText(visit);
  if (text) await addText(writer, { visitId, text });
}

/** Adds what a visitor uses to the event's list; gives its id. Two tablets that hear it at once get the same. */
async function addPlatform(writer: Writer, eventId: string, name: string): Promise<string> {
  const list = await entriesOf(writer, "platforms", eventId);
  const there = list.find((entry) => isSameName(entry.name, name));
  if (there) return there.id;
  const id = uuidv7();
  const slug = freeSlug(slugOf(name) || "platform", (taken) => list.some((entry) => entry.slug === taken));
  const position = Math.max(0, ...list.map((entry) => entry.position)) + 1;
  await writer.insertInto("platforms").values({ id, event_id: eventId, slug, name, position }).execute();
  return id;
}

/**
 * Keeps the contact as it is now. Consent that was there before keeps the time at which it was given, and the words that
 * were shown then.
 */
async function replaceContact(
  writer: Writer,
  arrival: Arrival,
  visitId: string,
  contact: SentContactRecord | undefined,
): Promise<void> {
  if (!contact) {
    await writer.deleteFrom("contacts").where("visit_id", "=", visitId).execute();
    return;
  }
  const details = {
    name: contact.name ?? null,
    organization: contact.organization ?? null,
    role: contact.role ?? null,
    email: contact.email ?? null,
    phone: contact.phone ?? null,
    handle: contact.handle ?? null,
    website: contact.website ?? null,
    badge: contact.badge ?? null,
    note: contact.note ?? null,
  };
  await writer
    .insertInto("contacts")
    .values({ visit_id: visitId, ...details })
    .onConflict((conflict) => conflict.column("visit_id").doUpdateSet(details))
    .execute();
  const withdrawn = writer.deleteFrom("contact_consents").where("visit_id", "=", visitId);
  await (contact.consent.length > 0
    ? withdrawn.where("purpose", "not in", contact.consent)
    : withdrawn
  ).execute();
  if (contact.consent.length > 0) {
    await writer
      .insertInto("contact_consents")
      .values(
        contact.consent.map((purpose) => {
          const { words = null, language = null, by = null, at } = contact.consentShown?.[purpose] ?? {};
          return {
            visit_id: visitId,
            purpose,
            words,
            // A language of no words says nothing.
            language: words === null ? null : language,
            given_by: by,
            given_at: consentTime(arrival, at),
          };
        }),
      )
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** When a consent was given, by the laptop's clock: never later than word of it came. */
function consentTime({ receivedAt, clockOffset }: Arrival, at: Instant | undefined): Instant {
  return at === undefined ? receivedAt : Math.min(at + clockOffset, receivedAt);
}

/** What a record says of a question. */
interface QuestionRow {
  id: string;
  eventId: string;
  visitId: string;
  text: string;
  topicId: string | null;
  projectId: string | null;
  position: number;
  askedAt: Instant;
  receivedAt: Instant;
  likeness: string;
}

const upsertQuestion = compiledOnce((db, question: QuestionRow) => {
  const words = {
    text: question.text,
    topic_id: question.topicId,
    project_id: question.projectId,
    position: question.position,
    asked_at: question.askedAt,
  };
  return db
    .insertInto("questions")
    .values({
      id: question.id,
      event_id: question.eventId,
      visit_id: question.visitId,
      expert_id: null,
      answer: null,
      due_at: null,
      claimed_at: null,
      merged_into: null,
      changed_at: question.receivedAt,
      // What it is the same as once it is there follows from whatever it is asked together with: see `keepSearchable`.
      likeness: question.likeness,
      ...words,
    })
    .onConflict((conflict) =>
      conflict.column("id").doUpdateSet(({ eb, ref, val }) => ({
        ...words,
        changed_at: eb
          .case()
          .when("questions.text", "<>", words.text)
          // `then` takes a value for a part of the statement's text.
          .then(val(question.receivedAt))
          .else(ref("questions.changed_at"))
          .end(),
      })),
    );
});

async function upsertQuestions(
  writer: Writer,
  arrival: Arrival,
  visit: VisitRecord,
  resolved: Resolved,
  askedAt: Instant,
): Promise<void> {
  const ids = questionIds(visit);
  for (const [index, { text }] of visit.questions.entries()) {
    await upsertQuestion(writer, {
      id: ids[index] as string,
      eventId: arrival.event.id,
      visitId: visit.id,
      text,
      topicId: resolved.questionTopicIds[index] ?? null,
      projectId: resolved.projectId,
      position: index + 1,
      askedAt,
      receivedAt: arrival.receivedAt,
      likeness: likenessOf(text),
    });
  }
}

/**
 * Takes out the questions that a record no longer has, while nobody has done anything with them:
 * a question that is on its way never disappears.
 */
async function dropQuestions(writer: Writer, visit: VisitRecord): Promise<void> {
  const kept = questionIds(visit);
  let dropped = writer
    .deleteFrom("questions")
    .where("visit_id", "=", visit.id)
    .where("state", "=", "open")
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom("activity").select("id").whereRef("activity.question_id", "=", "questions.id"))),
    );
  if (kept.length > 0) dropped = dropped.where("id", "not in", kept);
  await dropped.execute();
}
