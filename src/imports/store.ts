import { hashPassphrase, isPassphrase } from "../access/rules";
import { keptPassphrase, setPassphrase } from "../access/store";
import type { NewEntry } from "../catalog/rules";
import { addMissing, LISTS, type ListName, listsOf } from "../catalog/store";
import type { Writer } from "../database/door";
import type { Database } from "../database/open";
import type { Instant } from "../database/tables";
import type { Deps } from "../deps";
import { Problem } from "../errors";
import type { EventFields } from "../events/form";
import { addEvent, addEventOnce, addToJournal, type Event, listEvents } from "../events/store";
import { addExpertOnce } from "../experts/store";
import { checkVisitOfFile, type Result } from "../visits/form";
import { recordVisits } from "../visits/store";
import type { EventFile } from "./form";
import { type BadRecord, badRecords, endingToday } from "./rules";

/** Visits that are handed over in one go: what one commit takes. */
const VISITS_A_BATCH = 100;

/** How many records of one list were new, and how many were there already. */
export interface Tally {
  added: number;
  there: number;
}

/** What came of an import. */
export interface Outcome {
  event: Event;
  isNewEvent: boolean;
  lists: Record<ListName | "experts" | "journal", Tally>;
  visits: Tally & { updated: number; conflict: number; gone: number };
  /** Questions of the visits that were added. */
  questions: number;
  /** In the order of the file. */
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
 * visits of the same revision; so the same file twice changes nothing. The set-up is one transaction; visits
 * follow in batches, and one that is bad holds up no other.
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
  const arrival = {
    event: setUp.event,
    lists: await listsOf(db.read, setUp.event.id),
    boothId: null,
    deviceId: null,
    staffName: null,
    receivedAt: now,
    clockOffset: 0,
  };
  const visits = { added: 0, there: 0, updated: 0, conflict: 0, gone: 0 };
  const bad = [...file.bad];
  let questions = 0;
  for (let from = 0; from < file.visits.length; from += VISITS_A_BATCH) {
    const batch = file.visits.slice(from, from + VISITS_A_BATCH);
    for (const [index, result] of (await recordVisits(db, arrival, batch, checkVisitOfFile)).entries()) {
      const { status, id, problems } = result;
      if (status === "invalid") bad.push(...badRecords("visits", from + index, problems ?? [], id));
      else visits[COUNTED_AS[status]] += 1;
      if (status === "recorded") questions += questionsOf(batch[index]);
    }
    progress(from + batch.length, file.visits.length);
  }
  return { ...setUp, visits, questions, bad };
}

const COUNTED_AS = {
  recorded: "added",
  replayed: "there",
  updated: "updated",
  conflict: "conflict",
  gone: "gone",
} as const satisfies Record<Exclude<Result["status"], "invalid">, string>;

/** A recorded visit has passed its check: its questions are a list, or there are none. */
function questionsOf(visit: unknown): number {
  return (visit as { questions?: unknown[] | null }).questions?.length ?? 0;
}

async function importSetUp(writer: Writer, file: EventFile, now: Instant) {
  const { event, isNew } = await addEventOnce(writer, file.event, now);
  const add = async (list: ListName, entries: NewEntry[]): Promise<Tally> => {
    const added = await addMissing(writer, list, event.id, entries);
    return { added, there: entries.length - added };
  };
  const remarks = file.remarks.map(({ slug, text }) => ({ slug, name: text }));
  return {
    event,
    isNewEvent: isNew,
    lists: {
      booths: await add("booths", file.booths),
      projects: await add("projects", file.projects),
      topics: await add("topics", file.topics),
      platforms: await add("platforms", file.platforms),
      remarks: await add("remarks", remarks),
      giveaways: await add("giveaways", file.giveaways),
      experts: await tally(file.experts, (expert) => addExpert(writer, expert, event, now)),
      journal: await tally(file.journal, (line) => addToJournal(writer, event.id, line)),
    },
  };
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
