import { countedOffset } from "../../access/rules";
import { deviceById, noteRescue } from "../../access/store";
import { listsOf } from "../../catalog/store";
import type { Database } from "../../database/open";
import type { Instant } from "../../database/tables";
import { type FieldProblem, Problem } from "../../errors";
import { type Event, listEvents } from "../../events/store";
import { wasErased } from "../../privacy/erasure/store";
import { isOrganizersName } from "../../text";
import { keepForChoice } from "../../visits/conflicts/store";
import { checkVisitId, type Rescue, type Result, type SentVisit } from "../../visits/form";
import type { Arrival } from "../../visits/record/store";
import { hashOf } from "../../visits/rules";
import { deleteVisit, eventOfVisit, isGone, ORGANIZER, recordVisits } from "../../visits/store";
import { checkRescued } from "./form";
import type { RescueStatus } from "./rules";

/** Records that are handed over in one go. */
const RECORDS_A_BATCH = 100;

/** What became of one record. `refused` is what could not be taken, in full. */
export interface RescueResult {
  /** As in the file; null where none could be read. */
  id: string | null;
  status: RescueStatus;
  /** Whether words of it wait beside the visit. */
  hasVersions: boolean;
  refused: { sent: unknown; problems: FieldProblem[] }[];
}

/** What came of a rescue file: where it went, and a result a record, in the order of the file. */
export interface RescueOutcome {
  event: Event;
  /** Whose tablet it is from, as the file says. */
  staffName: string | undefined;
  /** Milliseconds that were added to what the tablet's clock said. */
  clockOffset: number;
  results: RescueResult[];
}

/**
 * Brings in what waited on a tablet, with the same checks and the same idempotence as if the tablet had sent it; its
 * later sending finds everything here. Records stand alone: one that is bad holds up no other.
 * Throws `missing` where there is no such event on this laptop.
 */
export async function bringIn(db: Database, file: Rescue, now: Instant): Promise<RescueOutcome> {
  const event = (await listEvents(db.read)).find((each) => each.slug === file.event);
  if (!event) {
    throw new Problem(
      "missing",
      `What is in this file was logged for the event “${file.event}”, which this laptop does not have. Nothing was brought in.`,
    );
  }
  const arrival = await arrivalOf(db, file, event, now);
  const results: RescueResult[] = [];
  for (let from = 0; from < file.waiting.length; from += RECORDS_A_BATCH) {
    const batch = file.waiting.slice(from, from + RECORDS_A_BATCH);
    // The door takes them one after another, in the order of the file.
    results.push(...(await Promise.all(batch.map((record) => bringInOne(db, arrival, record)))));
  }
  const { deviceId, clockOffset } = arrival;
  if (deviceId !== null && results.every((result) => result.refused.length === 0)) {
    await db.write((writer) => noteRescue(writer, deviceId, file.savedAt + clockOffset));
  }
  return { event, staffName: file.device?.staffName, clockOffset, results };
}

/** As if the tablet had sent it. A device of another event, or of another laptop, leaves its name alone. */
async function arrivalOf(db: Database, file: Rescue, event: Event, now: Instant): Promise<Arrival> {
  const named = file.device && (await deviceById(db.read, file.device.id));
  const device = named?.event_id === event.id ? named : undefined;
  // Whoever used it may have been erased since.
  const isErased = file.device && (await wasErased(db.read, "device", file.device.id));
  const name = isErased ? undefined : file.device?.staffName;
  return {
    event,
    lists: await listsOf(db.read, event.id),
    boothId: device?.booth_id ?? null,
    deviceId: device?.id ?? null,
    // The organizer's own pages are no device.
    staffName: file.device ? (name && !isOrganizersName(name) ? name : null) : ORGANIZER,
    receivedAt: now,
    clockOffset: countedOffset(file.clockOffset ?? 0),
  };
}

async function bringInOne(db: Database, arrival: Arrival, record: unknown): Promise<RescueResult> {
  const checked = checkRescued(record);
  if (!checked.ok) return refusedWhole(record, checked.problems);
  const { visit, undone, others, draft } = checked.value;
  if (undone) return bringInUndone(db, arrival, visit);
  const versions = others.map((other) => ({ ...other, id: visit.id, revision: visit.revision }));
  const typed = draft && { ...draft, id: visit.id, revision: visit.revision + 1, base: visit.revision };
  const sent = [visit, ...versions, ...(typed ? [typed] : [])];
  const results = await recordVisits(db, arrival, sent);
  const id = checkVisitId(visit.id);
  if (id.ok && (await isGone(db.read, id.value))) {
    return { id: id.value, status: "gone", hasVersions: false, refused: [] };
  }
  const refused: RescueResult["refused"] = [];
  let hasVersions = false;
  for (const [index, { status, problems = [] }] of results.entries()) {
    if (status === "conflict") hasVersions = true;
    if (status !== "invalid") continue;
    // What cannot be taken as it is stands beside the visit, where that is here, to be read.
    if (await keepRaw(db, arrival, visit, sent[index])) hasVersions = true;
    else refused.push({ sent: sent[index], problems });
  }
  const { id: known, status } = results[0] as Result;
  return {
    id: known,
    status: status === "invalid" && hasVersions ? "conflict" : status,
    hasVersions,
    refused,
  };
}

/** Undone on the tablet: it goes into the bin here too; one that never arrived does not come any more. */
async function bringInUndone(db: Database, arrival: Arrival, visit: SentVisit): Promise<RescueResult> {
  const id = checkVisitId(visit.id);
  if (!id.ok) return refusedWhole(visit, id.problems);
  const isDone = await db.write(async (writer) => {
    const eventId = await eventOfVisit(writer, id.value);
    if (eventId !== undefined && eventId !== arrival.event.id) return false;
    await deleteVisit(writer, id.value, arrival.staffName ?? ORGANIZER, arrival.receivedAt);
    return true;
  });
  if (isDone) return { id: id.value, status: "undone", hasVersions: false, refused: [] };
  return refusedWhole(visit, [{ field: "id", message: "This id belongs to a visit of another event." }]);
}

/** Keeps words that break a rule beside their visit. Gives false where the visit is not here. */
async function keepRaw(db: Database, arrival: Arrival, visit: SentVisit, sent: unknown): Promise<boolean> {
  const id = checkVisitId(visit.id);
  if (!id.ok) return false;
  return db.write(async (writer) => {
    if ((await eventOfVisit(writer, id.value)) !== arrival.event.id) return false;
    if (await isGone(writer, id.value)) return false;
    const revision = Number.isInteger(visit.revision) ? visit.revision : 1;
    const { deviceId, receivedAt } = arrival;
    await keepForChoice(writer, {
      visitId: id.value,
      revision,
      hash: hashOf(sent),
      deviceId,
      sent,
      receivedAt,
    });
    return true;
  });
}

function refusedWhole(sent: unknown, problems: FieldProblem[]): RescueResult {
  const id = (sent as { id?: unknown } | null)?.id;
  return {
    id: typeof id === "string" ? id.slice(0, 100) : null,
    status: "invalid",
    hasVersions: false,
    refused: [{ sent, problems }],
  };
}
