import { setImmediate as nextTurn } from "node:timers/promises";
import { phaseOf } from "../../access/rules";
import { pairedDevices } from "../../access/store";
import type { Writer } from "../../database/door";
import type { Database, Reader } from "../../database/open";
import type { Instant } from "../../database/tables";
import type { Deps } from "../../deps";
import { type Event, listEvents } from "../../events/store";
import { forgetStems } from "../../visits/terms/rules";
import { isNameless } from "../erasure/rules";
import { erase, staffOf } from "../erasure/store";
import { sweepTexts } from "../mentions/store";
import {
  BIN_DAYS,
  expiresAt,
  goesAt,
  INVITATION_DAYS,
  isReminded,
  isToBeTold,
  type Retention,
  USUAL,
} from "./rules";

const DAY = 86_400_000;
/** Visitors whose details go in one transaction: few enough that a tablet's visit need not wait. */
const AT_ONCE = 20;
/** People who are looked for in an event's texts at a time. */
const CROWD = 2000;

const BY = { actor: "Boothlight", actorKind: "program", why: "expired" } as const;

/** How long an event keeps contact details. */
export async function retentionOf(read: Reader, eventId: string): Promise<Retention> {
  const row = await read
    .selectFrom("retentions")
    .select(["days", "until", "reason", "seen_at", "told_since", "expired_at", "expired"])
    .where("event_id", "=", eventId)
    .executeTakeFirst();
  return row ?? USUAL;
}

/** Says how long an event keeps contact details. The reminder comes again in its time. */
export async function keepFor(
  writer: Writer,
  eventId: string,
  choice: Pick<Retention, "days" | "until" | "reason">,
): Promise<void> {
  const chosen = { ...choice, seen_at: null };
  await writer
    .insertInto("retentions")
    .values({ event_id: eventId, ...chosen })
    .onConflict((known) => known.column("event_id").doUpdateSet(chosen))
    .execute();
}

/** Sets the reminder of an event aside. */
export async function markSeen(writer: Writer, eventId: string, now: Instant): Promise<void> {
  await writer
    .insertInto("retentions")
    .values({ event_id: eventId, seen_at: now })
    .onConflict((known) => known.column("event_id").doUpdateSet({ seen_at: now }))
    .execute();
}

/** What goes when an event's details have had their time. */
export interface Expiring {
  /** Visitors with details, of visits and of questions that wait for a look. */
  contacts: number;
  /** Their questions that have no answer yet. */
  open: number;
  /** Messages to them that have not left. */
  unsent: number;
  /** Names of the booth's staff. */
  staff: number;
}

/** Contacts of an event's visits. */
function contactsAt(read: Reader, eventId: string) {
  return read
    .selectFrom("contacts")
    .innerJoin("visits", "visits.id", "contacts.visit_id")
    .where("visits.event_id", "=", eventId);
}

/** Counts an event's visitors with details, of visits and of questions that wait for a look. */
export async function contactsOf(read: Reader, eventId: string): Promise<number> {
  const [left, asked] = await Promise.all([
    contactsAt(read, eventId)
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow(),
    read
      .selectFrom("visitor_questions")
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .where("event_id", "=", eventId)
      .where("contact", "is not", null)
      .executeTakeFirstOrThrow(),
  ]);
  return Number(left.count) + Number(asked.count);
}

/** Counts what goes when an event's details have had their time. */
export async function expiringOf(read: Reader, eventId: string): Promise<Expiring> {
  const visits = contactsAt(read, eventId);
  const [contacts, open, unsent, staff] = await Promise.all([
    contactsOf(read, eventId),
    visits
      .innerJoin("questions", "questions.visit_id", "visits.id")
      .where("questions.hidden", "=", 0)
      .where("questions.state", "in", ["open", "routed"])
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow(),
    visits
      .innerJoin("messages", "messages.visit_id", "visits.id")
      .where("messages.state", "in", ["held", "waiting", "sending", "failed", "uncertain"])
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow(),
    staffNamed(read, eventId),
  ]);
  return {
    contacts,
    open: Number(open.count),
    unsent: Number(unsent.count),
    staff: staff.length,
  };
}

/** Staff of an event who still have their names. */
async function staffNamed(read: Reader, eventId: string): Promise<string[]> {
  return (await staffOf(read, eventId)).filter((name) => !isNameless(name));
}

/** An event whose details are about to go, for the organizer to be reminded of. */
export interface Reminder {
  event: Event;
  /** Visitors with details. */
  contacts: number;
}

/**
 * The event whose details go next, where the organizer is to be reminded of it: one of which there are any, and that was not
 * set aside. `contactsIn` counts them; for an event of a hundred thousand it takes a while.
 */
export async function nextReminder(
  read: Reader,
  now: Instant,
  contactsIn = (eventId: string) => contactsOf(read, eventId),
): Promise<Reminder | undefined> {
  const reminded: { event: Event; at: Instant }[] = [];
  for (const event of await listEvents(read)) {
    const retention = await retentionOf(read, event.id);
    if (isReminded(event, retention, now)) reminded.push({ event, at: goesAt(event, retention, now) });
  }
  for (const { event } of reminded.sort((a, b) => a.at - b.at)) {
    const contacts = await contactsIn(event.id);
    if (contacts > 0) return { event, contacts };
  }
  return undefined;
}

/**
 * Does what its time has come for: contact details and names of staff of events that are long over, visits that lie in the bin
 * for long, invitations and sign-ins that are of no use. Stops where it is told to; the next run goes on.
 */
export async function expire(
  { db, now }: Pick<Deps, "db" | "now">,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  await emptyBins(db, now(), signal);
  await dropOldEntries(db, now());
  for (const event of await listEvents(db.read)) {
    if (signal.aborted) return;
    const retention = await retentionOf(db.read, event.id);
    await noteTold(db, event, retention, now());
    if (goesAt(event, retention, now()) > now()) continue;
    if (await isUsedAgain(db.read, event, retention, now())) continue;
    await expireEvent(db, event, now(), signal);
  }
}

/** Whether somebody paired a tablet with an event after its details had their time: it is used, whatever its dates say. */
async function isUsedAgain(read: Reader, event: Event, retention: Retention, now: Instant): Promise<boolean> {
  const devices = await pairedDevices(read, event.id);
  return devices.some(
    (device) =>
      device.paired_at >= expiresAt(event, retention) &&
      phaseOf({ ...event, paired_at: device.paired_at }, now) !== "ended",
  );
}

/** Keeps since when the organizer is told that details are about to go. */
async function noteTold(db: Database, event: Event, retention: Retention, now: Instant): Promise<void> {
  const { told_since } = retention;
  const isNoted = told_since !== null && told_since <= now;
  if (isToBeTold(event, retention, now) ? isNoted : told_since === null) return;
  const told = { told_since: isToBeTold(event, retention, now) ? now : null };
  await db.write((writer) =>
    writer
      .insertInto("retentions")
      .values({ event_id: event.id, ...told })
      .onConflict((known) => known.column("event_id").doUpdateSet(told))
      .execute(),
  );
}

/** Lets the details of one event go, as if their time had come. Gives how many visitors' went. */
export async function expireEvent(
  db: Database,
  event: Event,
  now: Instant,
  signal: AbortSignal = new AbortController().signal,
): Promise<number> {
  let gone = 0;
  for (;;) {
    const people = await db.read
      .selectFrom("contacts")
      .innerJoin("visits", "visits.id", "contacts.visit_id")
      .selectAll("contacts")
      .where("visits.event_id", "=", event.id)
      .orderBy("contacts.visit_id")
      .limit(CROWD)
      .execute();
    if (people.length === 0) break;
    // While it is known whom to look for.
    const crowd = people.map((person) => ({ person, visitId: person.visit_id }));
    if (!(await sweepTexts(db, event.id, crowd, { now, signal }))) return gone;
    for (let from = 0; from < people.length; from += AT_ONCE) {
      if (signal.aborted) return gone;
      const some = people.slice(from, from + AT_ONCE);
      await db.write(async (writer) => {
        for (const { visit_id } of some) await erase(writer, { kind: "visit", id: visit_id }, BY, now);
        await countExpired(writer, event.id, some.length, now);
      });
      gone += some.length;
      await nextTurn();
    }
  }
  await expireAsked(db, event.id, now);
  if ((await staffNamed(db.read, event.id)).length > 0) {
    await db.write((writer) => erase(writer, { kind: "staff-of-event", id: event.id }, BY, now));
  }
  return gone;
}

/** Questions that nobody looked at in all that time go as a whole: they count nowhere. */
async function expireAsked(db: Database, eventId: string, now: Instant): Promise<void> {
  const asked = await db.read
    .selectFrom("visitor_questions")
    .select("id")
    .where("event_id", "=", eventId)
    .execute();
  for (const { id } of asked) {
    await db.write((writer) => erase(writer, { kind: "visitor-question", id }, BY, now));
  }
}

async function countExpired(writer: Writer, eventId: string, count: number, now: Instant): Promise<void> {
  await writer
    .insertInto("retentions")
    .values({ event_id: eventId, expired_at: now, expired: count })
    .onConflict((known) =>
      known
        .column("event_id")
        .doUpdateSet(({ eb }) => ({ expired_at: now, expired: eb("retentions.expired", "+", count) })),
    )
    .execute();
}

/** Since when a visit lies in a bin that goes by the next day: see `goesAt`, for the same reason. */
const BINS_DUE = "bins-due-since";

/** Visits that were deleted long ago go for good, once that was known for a day: a clock may be wrong. */
async function emptyBins(db: Database, now: Instant, signal: AbortSignal): Promise<void> {
  const deletedBefore = (at: Instant) =>
    db.read.selectFrom("visits").select("id").where("deleted_at", "<", at).limit(AT_ONCE);
  const ends = now - BIN_DAYS * DAY;
  const [due] = await deletedBefore(ends + DAY).execute();
  const noted = Number(await settingOf(db.read, BINS_DUE));
  if (!due) {
    if (noted)
      await db.write((writer) => writer.deleteFrom("settings").where("name", "=", BINS_DUE).execute());
    return;
  }
  // The clock was put back since.
  const isNoted = noted > 0 && noted <= now;
  if (!isNoted) await db.write((writer) => keepSetting(writer, BINS_DUE, String(now)));
  if (!isNoted || noted + DAY > now) return;
  while (!signal.aborted) {
    const old = await deletedBefore(ends).execute();
    if (old.length === 0) return;
    await db.write(async (writer) => {
      for (const { id } of old) await erase(writer, { kind: "deleted-visit", id }, BY, now);
    });
    await nextTurn();
  }
}

/** Sign-ins that are over, and invitations that nobody will open any more. */
async function dropOldEntries(db: Database, now: Instant): Promise<void> {
  await db.write(async (writer) => {
    await writer.deleteFrom("sessions").where("expires_at", "<=", now).execute();
    await writer
      .deleteFrom("invitations")
      .where("expires_at", "<", now - INVITATION_DAYS * DAY)
      .execute();
  });
}

/* Out of the files, and out of memory */

/** Up to which erasure the files have been rid of what was erased. */
const FORGOTTEN = "forgotten-until";

/**
 * Sees to it that what was erased is gone from the database's files, and from what the program has learnt. Gives whether it is:
 * somebody may be reading an older state just now.
 */
export async function forgetErased({ db, suggester }: Pick<Deps, "db" | "suggester">): Promise<boolean> {
  const { last } = await db.read
    .selectFrom("erasures")
    .select(({ fn }) => [fn.countAll<number>().as("last")])
    .executeTakeFirstOrThrow();
  const known = await settingOf(db.read, FORGOTTEN);
  const value = String(last);
  if (Number(last) === 0 || known === value) return true;
  suggester.forgetAll();
  forgetStems();
  if (!(await db.forget())) return false;
  await db.write((writer) => keepSetting(writer, FORGOTTEN, value));
  return true;
}

async function settingOf(read: Reader, name: string): Promise<string | undefined> {
  const kept = await read.selectFrom("settings").select("value").where("name", "=", name).executeTakeFirst();
  return kept?.value;
}

async function keepSetting(writer: Writer, name: string, value: string): Promise<void> {
  await writer
    .insertInto("settings")
    .values({ name, value })
    .onConflict((there) => there.column("name").doUpdateSet({ value }))
    .execute();
}
