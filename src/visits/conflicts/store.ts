import type { Selectable } from "kysely";
import { uuidv7 } from "uuidv7";
import type { Writer } from "../../database/door";
import type { Reader } from "../../database/open";
import type { Instant, VisitConflictsTable } from "../../database/tables";

/** Words for a visit beside those that count. */
export interface Version {
  visitId: string;
  revision: number;
  hash: string;
  /** Who said them; null: the laptop. */
  deviceId: string | null;
  /** The words as they were sent, kept one by one; what breaks a rule can be read all the same. */
  sent: unknown;
  receivedAt: Instant;
}

function rowOf(version: Version) {
  return {
    id: uuidv7(),
    visit_id: version.visitId,
    revision: version.revision,
    content_hash: version.hash,
    payload: JSON.stringify(version.sent),
    device_id: version.deviceId,
    received_at: version.receivedAt,
  };
}

/** Keeps words that lost, until the organizer chooses. Words that are kept already stay as they are. */
export async function keepForChoice(writer: Writer, version: Version): Promise<void> {
  await writer
    .insertInto("visit_conflicts")
    .values({ ...rowOf(version), resolved_at: null, chosen: null })
    .onConflict((known) => known.columns(["visit_id", "content_hash"]).doNothing())
    .execute();
}

/** Keeps words that counted and were replaced unseen, until the organizer chooses: also where they had been settled. */
export async function keepDisplaced(writer: Writer, version: Version): Promise<void> {
  const waiting = { resolved_at: null, chosen: null };
  await writer
    .insertInto("visit_conflicts")
    .values({ ...rowOf(version), ...waiting })
    .onConflict((known) => known.columns(["visit_id", "content_hash"]).doUpdateSet(waiting))
    .execute();
}

/** Keeps words to be read, where nobody has to choose. Words that are kept already stay as they are. */
export async function keepToRead(writer: Writer, version: Version): Promise<void> {
  await writer
    .insertInto("visit_conflicts")
    .values({ ...rowOf(version), resolved_at: version.receivedAt, chosen: 0 })
    .onConflict((known) => known.columns(["visit_id", "content_hash"]).doNothing())
    .execute();
}

/** Keeps words that counted until now and were left for others: to be read, also where they had been chosen before. */
export async function keepAsLeft(writer: Writer, version: Version): Promise<void> {
  const settled = { resolved_at: version.receivedAt, chosen: 0 as const };
  await writer
    .insertInto("visit_conflicts")
    .values({ ...rowOf(version), ...settled })
    .onConflict((known) => known.columns(["visit_id", "content_hash"]).doUpdateSet(settled))
    .execute();
}

/** A version of a visit; undefined where there is none. */
export function versionOf(
  read: Reader,
  visitId: string,
  id: string,
): Promise<Selectable<VisitConflictsTable> | undefined> {
  return read
    .selectFrom("visit_conflicts")
    .selectAll()
    .where("id", "=", id)
    .where("visit_id", "=", visitId)
    .executeTakeFirst();
}

/** The versions of a visit that wait for a choice. */
export function waitingVersions(read: Reader, visitId: string): Promise<Selectable<VisitConflictsTable>[]> {
  return read
    .selectFrom("visit_conflicts")
    .selectAll()
    .where("visit_id", "=", visitId)
    .where("resolved_at", "is", null)
    .execute();
}

/** Whether who said a revision that counts has sent other words as the same revision, too. */
export async function isDisputed(
  read: Reader,
  kept: { visitId: string; revision: number; revised_by: string | null; content_hash: string },
): Promise<boolean> {
  const other = await read
    .selectFrom("visit_conflicts")
    .select("id")
    .where("visit_id", "=", kept.visitId)
    .where("revision", "=", kept.revision)
    .where("device_id", kept.revised_by === null ? "is" : "=", kept.revised_by)
    .where("content_hash", "<>", kept.content_hash)
    .executeTakeFirst();
  return other !== undefined;
}

/** Notes what was chosen: a version that is used, or one that is set aside. */
export async function settle(writer: Writer, id: string, isUsed: boolean, now: Instant): Promise<void> {
  await writer
    .updateTable("visit_conflicts")
    .set({ resolved_at: now, chosen: isUsed ? 1 : 0 })
    .where("id", "=", id)
    .execute();
}

/** Other versions of a visit, the latest first. */
export function otherVersions(read: Reader, visitId: string) {
  return read
    .selectFrom("visit_conflicts")
    .leftJoin("devices", "devices.id", "visit_conflicts.device_id")
    .select([
      "visit_conflicts.id",
      "visit_conflicts.revision",
      "visit_conflicts.payload",
      "visit_conflicts.received_at",
      "visit_conflicts.resolved_at",
      "visit_conflicts.chosen",
      "devices.staff_name",
    ])
    .where("visit_id", "=", visitId)
    .orderBy("received_at", "desc")
    .orderBy("visit_conflicts.id")
    .execute();
}
