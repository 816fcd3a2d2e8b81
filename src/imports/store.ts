import { hashPassphrase, isPassphrase } from "../access/rules";
import { keptPassphrase, setPassphrase } from "../access/store";
import type { NewEntry } from "../catalog/rules";
import { addMissing, entriesOf, LISTS, type ListName } from "../catalog/store";
import type { Writer } from "../database/door";
import type { Database } from "../database/open";
import type { Instant } from "../database/tables";
import type { Deps } from "../deps";
import { type FieldProblem, Problem } from "../errors";
import type { EventFields } from "../events/form";
import { addEvent, addEventOnce, addToJournal, type Event, listEvents } from "../events/store";
import { addExpertOnce } from "../experts/store";
import { setController } from "../privacy/notice/store";
import { USUAL_DAYS } from "../privacy/retention/rules";
import { bindOwnCode } from "../visits/codes/store";
import type { ConsentShown } from "../visits/form";
import { codeInGroups } from "../visits/slips/rules";
import type { EventFile } from "./form";
import { type BadRecord, endingToday, placeOf } from "./rules";
import { importVisits, type VisitsImported } from "./visits/store";

/** How many records of one list were new, and how many were there already. */
export interface Tally {
  added: number;
  there: number;
}

/** What came of an import. */
export interface Outcome extends Pick<VisitsImported, "visits" | "questions"> {
  event: Event;
  isNewEvent: boolean;
  lists: Record<ListName | "experts" | "journal" | "writeUp" | "asked", Tally>;
  /** The names of new experts who are reached by a webhook whose address the file does not have. */
  withoutWebhook: string[];
  /** In the order of the file; what is wrong between its visits comes last. */
  bad: BadRecord[];
}

export const DEMO_PASSPHRASE = "look around";

/**
 * Fills the demo's own database from its event file, as if the event's last day were today in `timeZone`.
 * Where the event is there already, or a passphrase is set, that stays. Gives whether the demo's passphrase counts.
 */
export async function fillDemo(
  { db, config, now }: Deps,
  file: EventFile,
  timeZone: string,
): Promise<boolean> {
  const events = await listEvents(db.read);
  if (!events.some((event) => event.slug === file.event.slug)) {
    await importEvent(db, endingToday(file, timeZone, now()), now());
  }
  if (config.organizerPassphrase) return false;
  const kept = await keptPassphrase(db.read);
  if (kept) return isPassphrase(DEMO_PASSPHRASE, kept);
  const hash = await hashPassphrase(DEMO_PASSPHRASE);
  await db.write((writer) => setPassphrase(writer, hash));
  return true;
}

/** Adds an event with the lists that it starts from; gives the event. */
export async function startEvent(
  writer: Writer,
  fields: EventFields,
  lists: Record<ListName, NewEntry[]>,
  now: Instant,
): Promise<Event> {
  const event = await addEvent(writer, fields, now);
  for (const list of LISTS) await addMissing(writer, list, event.id, lists[list]);
  return event;
}

/**
 * Takes an event file in. What is there already stays as it is: the event's own values, its entries, experts,
 * visits of the same revision with their questions; so the same file twice changes nothing. The set-up is one transaction;
 * visits follow in batches, and one that is bad holds up no other. Nobody is told of anything, and nothing is routed.
 * `progress` is told after each batch how many visits have been handled. With `mustBeNew` an event that is
 * there already is a `conflict`, and nothing is changed.
 */
export async function importEvent(
  db: Database,
  file: EventFile,
  now: Instant,
  {
    mustBeNew = false,
    progress = () => {},
  }: { mustBeNew?: boolean; progress?: (done: number, of: number) => void } = {},
): Promise<Outcome> {
  const setUp = await db.write(async (writer) => {
    const done = await importSetUp(writer, file, now);
    if (mustBeNew && !done.isNewEvent) {
      throw new Problem("conflict", "There is an event of this name already. Please give this one another.");
    }
    return done;
  });
  const { visits, questions, bad } = await importVisits(db, setUp.event, file.visits, now, (done) =>
    progress(done, file.visitCount),
  );
  return { ...setUp, visits, questions, bad: [...file.bad, ...setUp.bad, ...bad] };
}

async function importSetUp(writer: Writer, file: EventFile, now: Instant) {
  const { event, isNew } = await addEventOnce(writer, file.event, now);
  if (isNew && file.event.routesItself) {
    await writer.updateTable("events").set({ routes_itself: 1 }).where("id", "=", event.id).execute();
  }
  const { contactsDays, contactsUntil, contactsReason } = file.event;
  if (isNew && (typeof contactsDays === "number" || contactsUntil)) {
    await writer
      .insertInto("retentions")
      .values({
        event_id: event.id,
        days: contactsDays ?? USUAL_DAYS,
        until: contactsUntil ?? null,
        reason: contactsReason ?? "",
      })
      .execute();
  }
  if (isNew && file.event.responsible) await setController(writer, event.id, file.event.responsible);
  const add = async (list: ListName, entries: NewEntry[]): Promise<Tally> => {
    const added = await addMissing(writer, list, event.id, entries);
    return { added, there: entries.length - added };
  };
  const remarks = file.remarks.map(({ text, ...remark }) => ({ ...remark, name: text }));
  const withoutWebhook: string[] = [];
  const bad: BadRecord[] = [];
  const lists = {
    booths: await add("booths", file.booths),
    projects: await add("projects", file.projects),
    topics: await add("topics", file.topics),
    platforms: await add("platforms", file.platforms),
    remarks: await add("remarks", remarks),
    giveaways: await add("giveaways", file.giveaways),
    experts: await tally(file.experts, async (expert) => {
      const isAdded = await addExpert(writer, expert, event, now);
      if (isAdded && expert.reachedBy === "webhook" && expert.webhook === "")
        withoutWebhook.push(expert.name);
      return isAdded;
    }),
    journal: await tally(file.journal, (line) => addToJournal(writer, event.id, line)),
    writeUp: await tally(file.writeUp ? [file.writeUp] : [], (writeUp) =>
      addWriteUp(writer, event.id, writeUp),
    ),
    asked: { added: 0, there: 0 },
  };
  for (const [index, asked] of file.asked.entries()) {
    const came = await addAsked(writer, event.id, asked);
    if (typeof came === "boolean") lists.asked[came ? "added" : "there"] += 1;
    else bad.push({ place: placeOf("asked", index, came.field), id: asked.id, message: came.message });
  }
  return { event, isNewEvent: isNew, lists, withoutWebhook, bad };
}

/** Adds the write-up where the event has none; gives whether it had none. */
async function addWriteUp(
  writer: Writer,
  eventId: string,
  writeUp: NonNullable<EventFile["writeUp"]>,
): Promise<boolean> {
  const { front, text, changedAt, publishedAt, published } = writeUp;
  const added = await writer
    .insertInto("write_ups")
    .values({
      event_id: eventId,
      version: 1,
      front: JSON.stringify(front),
      text,
      changed_at: changedAt,
      published_at: publishedAt ?? null,
      published: published ? JSON.stringify(published) : null,
    })
    .onConflict((conflict) => conflict.column("event_id").doNothing())
    .executeTakeFirstOrThrow();
  return Number(added.numInsertedOrUpdatedRows) > 0;
}

/**
 * Keeps a question that a visitor asked by themselves for staff to look at. Gives whether it was new, as opposed to one that
 * waits here, or that somebody has looked at; or what is wrong with it.
 */
async function addAsked(
  writer: Writer,
  eventId: string,
  asked: EventFile["asked"][number],
): Promise<boolean | FieldProblem> {
  const { id, code, text, topic, name, email, consent, language, askedAt } = asked;
  for (const [table, column] of [
    ["visitor_questions", "id"],
    ["questions", "id"],
    ["gone_visits", "visit_id"],
  ] as const) {
    const there = await writer
      .selectFrom(table as "questions")
      .select(column as "id")
      .where(column as "id", "=", id)
      .executeTakeFirst();
    if (there) return false;
  }
  const taken = await writer
    .selectFrom("slips")
    .select("code")
    .where("code", "=", code)
    .union(writer.selectFrom("visitor_questions").select("code").where("code", "=", code))
    .executeTakeFirst();
  if (taken) {
    return { field: "code", message: `${codeInGroups(code)} leads to another question here already.` };
  }
  const topics = topic
    ? (await entriesOf(writer, "topics", eventId)).filter((each) => each.slug === topic)
    : [];
  if (topic && topics.length === 0) {
    return { field: "topic", message: `“${topic}” is not in this event's list of topics.` };
  }
  const left = { name: name || undefined, email: email || undefined, consent, ...shownIn(asked) };
  await writer
    .insertInto("visitor_questions")
    .values({
      id,
      event_id: eventId,
      code,
      text,
      topic_id: topics[0]?.id ?? null,
      // Consent without any detail is consent to nothing.
      contact: left.name || left.email ? JSON.stringify(left) : null,
      language,
      asked_at: askedAt,
      refused_at: null,
    })
    .execute();
  for (const [index, own] of (asked.ownCodes ?? []).entries()) {
    if ((await bindOwnCode(writer, own, { questionId: id })) !== "taken") continue;
    const message = `${codeInGroups(own)} opens another visitor's page here already: this one came in without it.`;
    return { field: `ownCodes.${index}`, message };
  }
  return true;
}

/** How a visitor agreed, as their form would have said it. */
function shownIn(asked: EventFile["asked"][number]): { consentShown?: ConsentShown } {
  const { consent, consentAt, consentShown, askedAt } = asked;
  const shown = consent.flatMap((purpose) => {
    const each = consentShown?.[purpose];
    if (!each && !consentAt?.[purpose]) return [];
    const at = new Date(consentAt?.[purpose] ?? askedAt).toISOString();
    return [[purpose, { ...each, at }]];
  });
  return shown.length > 0 ? { consentShown: Object.fromEntries(shown) } : {};
}

/** Adds records one by one; `add` gives whether it was new. */
async function tally<T>(records: T[], add: (record: T) => Promise<boolean>): Promise<Tally> {
  let added = 0;
  for (const record of records) if (await add(record)) added += 1;
  return { added, there: records.length - added };
}

/**
 * Adds an expert whose slug nobody has; all events share the directory, so one who is there stays as they are. Who has no time
 * zone of their own gets the event's.
 */
async function addExpert(
  writer: Writer,
  { timeZone, ...expert }: EventFile["experts"][number],
  event: Event,
  now: Instant,
): Promise<boolean> {
  const webhook = expert.reachedBy === "webhook" ? expert.webhook : "";
  const fields = { ...expert, timeZone: timeZone ?? event.time_zone, webhook };
  return (await addExpertOnce(writer, fields, now)) !== undefined;
}
