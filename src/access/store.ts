import type { Selectable } from "kysely";
import { uuidv7 } from "uuidv7";
import { compiledOnce } from "../database/compiled";
import type { Writer } from "../database/door";
import type { Database, Reader } from "../database/open";
import type { DevicesTable, Instant, InvitationsTable } from "../database/tables";
import {
  hashOfSecret,
  lockMinutes,
  locksIn,
  newCode,
  newSecret,
  PAIRING_LASTS,
  SESSION_LASTS,
  SIGN_IN_ADDRESS_LASTS,
  type Standing,
} from "./rules";
import { forget, keptOr, remember, type Unkept, unkeptOf } from "./unkept/store";

export type Device = Selectable<DevicesTable>;
export type Invitation = Selectable<InvitationsTable>;

/** Names of settings. */
const PASSPHRASE = "passphrase";
const HAS_SIGNED_IN = "has-signed-in";
const LOCK_AFTER = "lock-after";

/** The hash of the organizer's passphrase; undefined before the first sign-in. */
export async function keptPassphrase(read: Reader): Promise<string | undefined> {
  const row = await read
    .selectFrom("settings")
    .select("value")
    .where("name", "=", PASSPHRASE)
    .executeTakeFirst();
  return row?.value;
}

/** Keeps a new passphrase hash and ends every session and sign-in address: who knew the old one is out. */
export async function setPassphrase(writer: Writer, hash: string): Promise<void> {
  await writer
    .insertInto("settings")
    .values({ name: PASSPHRASE, value: hash })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ value: hash }))
    .execute();
  await writer.deleteFrom("sessions").execute();
  await writer
    .deleteFrom("invitations")
    .where("purpose", "=", "sign-in")
    .where("used_at", "is", null)
    .execute();
}

/** Whether the organizer has ever signed in on this installation. */
export async function hasEverSignedIn(read: Reader): Promise<boolean> {
  const row = await read
    .selectFrom("settings")
    .select("name")
    .where("name", "in", [PASSPHRASE, HAS_SIGNED_IN])
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Opens a session; gives the value of its cookie, of which only the hash is kept. `token`: of one that is open already. */
export async function openSession(
  writer: Writer,
  now: Instant,
  token: string = newSecret(),
): Promise<string> {
  await writer.deleteFrom("sessions").where("expires_at", "<=", now).execute();
  await writer
    .insertInto("sessions")
    .values({
      token_hash: hashOfSecret(token),
      created_at: now,
      expires_at: now + SESSION_LASTS,
      used_at: now,
      locked_at: null,
    })
    .execute();
  await writer
    .insertInto("settings")
    .values({ name: HAS_SIGNED_IN, value: "yes" })
    .onConflict((conflict) => conflict.column("name").doNothing())
    .execute();
  return token;
}

/** How a session stands. */
export interface SessionStanding {
  usedAt: Instant;
  /** Milliseconds until it locks, if nothing is done: 0 where it is locked, null where it never does by itself. */
  locksIn: number | null;
}

/** The session behind a cookie; undefined where it ran out or there is none. */
export async function sessionOf(
  read: Reader,
  token: string,
  now: Instant,
): Promise<SessionStanding | undefined> {
  const hash = hashOfSecret(token);
  const row = await read
    .selectFrom("sessions")
    .select(["used_at", "locked_at"])
    .select((eb) => eb.selectFrom("settings").select("value").where("name", "=", LOCK_AFTER).as("lock_after"))
    .where("token_hash", "=", hash)
    .where("expires_at", ">", now)
    .executeTakeFirst();
  const unkept = unkeptOf(read, hash);
  if (unkept) return unkept.isEnded ? undefined : withUnkept(read, row, unkept, now);
  return row && { usedAt: row.used_at, locksIn: locksIn(row, lockMinutes(row.lock_after), now) };
}

async function withUnkept(
  read: Reader,
  row: { used_at: Instant; locked_at: Instant | null } | undefined,
  { opened, used_at = 0, locked_at }: Unkept,
  now: Instant,
): Promise<SessionStanding | undefined> {
  if (!row && !(opened && opened.expires_at > now)) return undefined;
  if (!row && (await keptPassphrase(read)) !== opened?.passphrase) return undefined;
  const usedAt = Math.max(used_at, row?.used_at ?? 0);
  const standing = { used_at: usedAt, locked_at: row?.locked_at ?? locked_at ?? null };
  return { usedAt, locksIn: locksIn(standing, await lockAfter(read), now) };
}

/** Opens a session in the place of the one before; in memory, where the disk takes nothing. Gives the value of its cookie. */
export async function openInstead(db: Database, before: string | undefined, now: Instant): Promise<string> {
  if (before) await endAnyway(db, [before]);
  return keptOr(
    db.write((writer) => openSession(writer, now)),
    async () => {
      const token = newSecret();
      const opened = { expires_at: now + SESSION_LASTS, passphrase: await keptPassphrase(db.read) };
      remember(db.read, hashOfSecret(token), { opened, used_at: now });
      return token;
    },
  );
}

/** Notes that somebody does something with sessions, those of these that are open. */
export async function noteUses(db: Database, tokens: string[], now: Instant): Promise<void> {
  const { read } = db;
  for (const token of tokens) {
    if (!(await isSessionOpen(read, token, now))) continue;
    const hash = hashOfSecret(token);
    const isOnNoDisk = unkeptOf(read, hash)?.opened !== undefined;
    const keep = db.write(async (writer) => {
      const kept = await sessionOf(writer, token, now);
      // One that was locked meanwhile is not opened by that.
      if (kept && kept.locksIn !== 0) await noteUse(writer, token, now);
      if (!kept && isOnNoDisk && (await isSessionOpen(read, token, now)))
        await openSession(writer, now, token);
    });
    const isKept = await keptOr(
      keep.then(() => true),
      () => false,
    );
    if (!isKept) remember(read, hash, { used_at: now });
    else if (await isSessionOpen(read, token, now)) forget(read, hash);
  }
}

/** Locks sessions, at once, whether or not the disk takes it. */
export function lockAnyway(db: Database, tokens: string[], now: Instant): Promise<void> {
  const keep = (writer: Writer) => lockSessions(writer, tokens, now);
  return changeAnyway(db, tokens, keep, { locked_at: now });
}

/** Ends sessions, at once, whether or not the disk takes it. */
export function endAnyway(db: Database, tokens: string[]): Promise<void> {
  const keep = async (writer: Writer) => {
    for (const token of tokens) await closeSession(writer, token);
  };
  return changeAnyway(db, tokens, keep, { isEnded: true });
}

async function changeAnyway(
  db: Database,
  tokens: string[],
  keep: (writer: Writer) => Promise<void>,
  change: Unkept,
): Promise<void> {
  const hashes = tokens.map(hashOfSecret);
  // Before anything is waited for: nobody may put one on the disk meanwhile as it was.
  for (const hash of hashes) if (unkeptOf(db.read, hash)) remember(db.read, hash, change);
  await keptOr(db.write(keep), () => {
    for (const hash of hashes) remember(db.read, hash, change);
  });
}

/** Whether a session opens the organizer's pages: it is there, and not locked. */
export async function isSessionOpen(read: Reader, token: string, now: Instant): Promise<boolean> {
  const session = await sessionOf(read, token, now);
  return session !== undefined && session.locksIn !== 0;
}

/** Notes that somebody did something with a session. One that was locked meanwhile stays so. */
export async function noteUse(writer: Writer, token: string, now: Instant): Promise<void> {
  await writer
    .updateTable("sessions")
    .set({ used_at: now })
    .where("token_hash", "=", hashOfSecret(token))
    .where("locked_at", "is", null)
    .execute();
}

/** Locks sessions: they open nothing until the passphrase is typed. */
export async function lockSessions(writer: Writer, tokens: string[], now: Instant): Promise<void> {
  if (tokens.length === 0) return;
  await writer
    .updateTable("sessions")
    .set({ locked_at: now })
    .where("token_hash", "in", tokens.map(hashOfSecret))
    .where("locked_at", "is", null)
    .execute();
}

/** Minutes without anything done after which sessions lock; null: never. */
export async function lockAfter(read: Reader): Promise<number | null> {
  const row = await read
    .selectFrom("settings")
    .select("value")
    .where("name", "=", LOCK_AFTER)
    .executeTakeFirst();
  return lockMinutes(row?.value);
}

/** Keeps after how many minutes sessions lock (null: never). One that had locked by the time before stays locked. */
export async function setLockAfter(writer: Writer, minutes: number | null, now: Instant): Promise<void> {
  const before = await lockAfter(writer);
  if (before !== null) {
    await writer
      .updateTable("sessions")
      .set({ locked_at: now })
      .where("locked_at", "is", null)
      .where("used_at", "<=", now - before * 60_000)
      .execute();
  }
  const value = minutes === null ? "never" : String(minutes);
  await writer
    .insertInto("settings")
    .values({ name: LOCK_AFTER, value })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
    .execute();
}

export async function closeSession(writer: Writer, token: string): Promise<void> {
  await writer.deleteFrom("sessions").where("token_hash", "=", hashOfSecret(token)).execute();
}

/** Makes an address that signs the organizer in once; gives the code in it. */
export function inviteToSignIn(writer: Writer, now: Instant): Promise<string> {
  return invite(writer, now, SIGN_IN_ADDRESS_LASTS, { purpose: "sign-in", event_id: null, booth_id: null });
}

/** Makes an address that pairs one device with an event's booth; gives the code in it. */
export function inviteToPair(
  writer: Writer,
  place: { eventId: string; boothId: string | null },
  now: Instant,
): Promise<string> {
  return invite(writer, now, PAIRING_LASTS, {
    purpose: "pairing",
    event_id: place.eventId,
    booth_id: place.boothId,
  });
}

async function invite(
  writer: Writer,
  now: Instant,
  lasts: number,
  what: Pick<Invitation, "purpose" | "event_id" | "booth_id">,
): Promise<string> {
  const code = newCode();
  // Codes that ran out unused are of no interest to anybody.
  await writer
    .deleteFrom("invitations")
    .where("expires_at", "<=", now)
    .where("used_at", "is", null)
    .execute();
  await writer
    .insertInto("invitations")
    .values({
      ...what,
      code_hash: hashOfSecret(code),
      created_at: now,
      expires_at: now + lasts,
      used_at: null,
    })
    .execute();
  return code;
}

/** The invitation behind a code, where it can still be used. */
export function openInvitation(
  read: Reader,
  purpose: Invitation["purpose"],
  code: string,
  now: Instant,
): Promise<Invitation | undefined> {
  return read
    .selectFrom("invitations")
    .selectAll()
    .where("code_hash", "=", hashOfSecret(code))
    .where("purpose", "=", purpose)
    .where("expires_at", ">", now)
    .where("used_at", "is", null)
    .executeTakeFirst();
}

/** Uses an invitation up. Of two who try at once, one gets it; the other gets undefined. */
export function useInvitation(
  writer: Writer,
  purpose: Invitation["purpose"],
  code: string,
  now: Instant,
): Promise<Invitation | undefined> {
  return writer
    .updateTable("invitations")
    .set({ used_at: now })
    .where("code_hash", "=", hashOfSecret(code))
    .where("purpose", "=", purpose)
    .where("expires_at", ">", now)
    .where("used_at", "is", null)
    .returningAll()
    .executeTakeFirst();
}

/** Pairs a device; gives its id and its token, of which only the hash is kept. */
export async function pairDevice(
  writer: Writer,
  place: { eventId: string; boothId: string | null },
  staffName: string,
  now: Instant,
): Promise<{ id: string; token: string }> {
  const id = uuidv7();
  const token = newSecret();
  await writer
    .insertInto("devices")
    .values({
      id,
      event_id: place.eventId,
      booth_id: place.boothId,
      staff_name: staffName,
      token_hash: hashOfSecret(token),
      paired_at: now,
      last_seen_at: now,
      unpaired_at: null,
    })
    .execute();
  return { id, token };
}

const pairedWith = compiledOnce((db, { hash }: { hash: string }) =>
  db
    .selectFrom("devices")
    .innerJoin("events", "events.id", "devices.event_id")
    .select(["devices.id", "devices.event_id", "devices.booth_id", "devices.staff_name"])
    .select(["devices.paired_at", "devices.last_seen_at", "events.ends_on", "events.time_zone"])
    .where("token_hash", "=", hash)
    .where("unpaired_at", "is", null),
);

/** The paired device that holds this token, with what says when its pairing ends. */
export async function deviceByToken(read: Reader, token: string) {
  const [device] = await pairedWith(read, { hash: hashOfSecret(token) });
  return device;
}

export async function markSeen(writer: Writer, deviceId: string, now: Instant): Promise<void> {
  await writer.updateTable("devices").set({ last_seen_at: now }).where("id", "=", deviceId).execute();
}

/** An event's devices that are paired, in the order of pairing. */
export function pairedDevices(read: Reader, eventId: string): Promise<Device[]> {
  return read
    .selectFrom("devices")
    .selectAll()
    .where("event_id", "=", eventId)
    .where("unpaired_at", "is", null)
    .orderBy("paired_at")
    .execute();
}

/** Devices whose pairing was ended, of all events. */
export function unpairedDevices(read: Reader): Promise<Pick<Device, "id" | "unpaired_at">[]> {
  return read
    .selectFrom("devices")
    .select(["id", "unpaired_at"])
    .where("unpaired_at", "is not", null)
    .execute();
}

/** A device, paired or not any more; undefined where there is none. */
export function deviceById(read: Reader, id: string): Promise<Device | undefined> {
  return read.selectFrom("devices").selectAll().where("id", "=", id).executeTakeFirst();
}

/** Keeps how it stands on a device, in the place of what it said before. */
export async function keepStanding(
  writer: Writer,
  deviceId: string,
  { waiting, since, rescued }: Standing,
  now: Instant,
): Promise<void> {
  await writer
    .updateTable("devices")
    .set({
      waiting,
      waiting_since: waiting === 0 ? null : since,
      rescued: rescued ? 1 : 0,
      standing_at: now,
    })
    .where("id", "=", deviceId)
    .execute();
}

/** Notes that what waited on a device is in a rescue file of this time, where it has not said anything since. */
export async function noteRescue(writer: Writer, deviceId: string, savedAt: Instant): Promise<void> {
  await writer
    .updateTable("devices")
    .set({ rescued: 1 })
    .where("id", "=", deviceId)
    .where("waiting", ">", 0)
    .where("standing_at", "<=", savedAt)
    .execute();
}

/**
 * Ends a pairing: the token opens nothing from now on. Its visits stay. Gives whether it has ended: not while
 * records wait on the device that are in no rescue file, unless `anyway`.
 */
export async function unpairDevice(
  writer: Writer,
  deviceId: string,
  now: Instant,
  { anyway = false }: { anyway?: boolean } = {},
): Promise<boolean> {
  let pairing = writer.updateTable("devices").set({ unpaired_at: now }).where("id", "=", deviceId);
  if (!anyway) {
    pairing = pairing.where(({ or, eb }) =>
      or([eb("waiting", "is", null), eb("waiting", "=", 0), eb("rescued", "=", 1)]),
    );
  }
  const result = await pairing.where("unpaired_at", "is", null).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
