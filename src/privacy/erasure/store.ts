import type { Writer } from "../../database/door";
import type { Reader } from "../../database/open";
import type { ActorKind, ErasedKind, Instant } from "../../database/tables";

/** Who or what is to be erased. `device`: the staff member who used it. */
export interface Erased {
  kind: Exclude<ErasedKind, "staff-of-visit">;
  id: string;
}

/** On whose behalf somebody is erased. */
export interface By {
  actor: string;
  actorKind: ActorKind;
  why: "asked" | "expired";
}

/** What is kept of an erasure: enough to do it again, without personal data. */
export interface Erasure {
  kind: ErasedKind;
  id: string;
  erasedAt: Instant;
}

/**
 * Removes a person everywhere, within the caller's transaction. What counts goes on counting: a visit stays without the
 * visitor, a question without the expert. Erasing what is not there, or was erased, only keeps that it is to stay so.
 */
export async function erase(writer: Writer, what: Erased, by: By, now: Instant): Promise<void> {
  await writer
    .insertInto("erasures")
    .values({ ...what, erased_at: now, why: by.why })
    .onConflict((known) => known.doNothing())
    .execute();
}

/** All that was ever erased, oldest first: for keeping beside the backups. */
export async function keptErasures(read: Reader): Promise<Erasure[]> {
  const rows = await read
    .selectFrom("erasures")
    .select(["kind", "id", "erased_at"])
    .orderBy("erased_at")
    .orderBy("kind")
    .orderBy("id")
    .execute();
  return rows.map(({ kind, id, erased_at }) => ({ kind, id, erasedAt: erased_at }));
}

/**
 * Erases again what was erased after a backup was made, once that backup is in place. Takes what `keptErasures` gave, in
 * any order, also twice.
 */
export async function eraseAgain(writer: Writer, erasures: Erasure[], _now: Instant): Promise<void> {
  for (const { kind, id, erasedAt } of erasures) {
    const by = { actor: "Boothlight", actorKind: "program", why: "asked" } as const;
    if (kind !== "staff-of-visit") await erase(writer, { kind, id }, by, erasedAt);
  }
}
