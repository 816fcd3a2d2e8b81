import { createHash, randomBytes, randomInt, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { DateTime } from "luxon";
import type { Flag, Instant } from "../database/tables";

/** Invitations to pair hold for ten minutes, the first sign-in for a day, the organizer's session for a week. */
export const PAIRING_LASTS = 10 * 60_000;
export const SIGN_IN_ADDRESS_LASTS = 24 * 3_600_000;
export const SESSION_LASTS = 7 * 24 * 3_600_000;
/** How exact "last heard of" is: saves a write for each request. */
export const SEEN_EVERY = 60_000;

/** Minutes without anything done after which the organizer's session locks: what there is to choose from. */
export const LOCK_CHOICES = [5, 15, 30, 60] as const;
/** Where nobody has chosen. */
export const LOCKS_AFTER = 15;
/** How exact it is when a session was last used: saves a write for each request. */
export const USED_EVERY = 60_000;

/** The setting as it is kept → minutes; null: never. What is no choice counts as none. */
export function lockMinutes(kept: string | null | undefined): number | null {
  if (kept === "never") return null;
  return LOCK_CHOICES.find((minutes) => String(minutes) === kept) ?? LOCKS_AFTER;
}

/**
 * Milliseconds until a session locks, if nothing is done: 0 where it is locked, null where it never does by itself.
 * A clock that was set to another time counts as time that went by, whichever way it went.
 */
export function locksIn(
  session: { used_at: Instant; locked_at: Instant | null },
  minutes: number | null,
  now: Instant,
): number | null {
  if (session.locked_at !== null) return 0;
  return minutes === null ? null : Math.max(0, minutes * 60_000 - Math.abs(now - session.used_at));
}

/** What a device can do: all of it; deliver what waits on it; nothing more. */
export type Phase = "open" | "delivers" | "ended";

/** Days after which a device's pages end, and those after which it cannot deliver any more. */
const PAGES_FOR = 3;
const DELIVERS_FOR = 30;

/**
 * When a pairing ends: at the end of a day of the event's zone, counted from the event's last day. Where it was made
 * later, from the day on which it was made: whoever pairs a tablet with an event that is over wants to use it.
 */
export function pairingEnds(pairing: { ends_on: string; time_zone: string; paired_at: Instant }): {
  pages: Instant;
  delivery: Instant;
} {
  const zone = pairing.time_zone;
  const event = DateTime.fromISO(pairing.ends_on, { zone });
  const paired = DateTime.fromMillis(pairing.paired_at, { zone });
  const last = DateTime.max(event, paired).endOf("day");
  const after = (days: number) => last.plus({ days }).toMillis();
  return { pages: after(PAGES_FOR), delivery: after(DELIVERS_FOR) };
}

/** What a device can do by now. */
export function phaseOf(pairing: Parameters<typeof pairingEnds>[0], now: Instant): Phase {
  // Asked with every request: days are only counted in a zone where it comes to that.
  const surely = Math.max(pairing.paired_at, Date.parse(pairing.ends_on)) + PAGES_FOR * 24 * 3_600_000;
  if (now <= surely) return "open";
  const { pages, delivery } = pairingEnds(pairing);
  return now <= pages ? "open" : now <= delivery ? "delivers" : "ended";
}

/** Less than this is the time a request takes to arrive, not a wrong clock. */
const CLOCK_TOLERANCE = 60_000;

/** Milliseconds to add to what a device's clock said; 0 where it was right, or did not say. */
export function clockOffset(sentAt: Instant | undefined, receivedAt: Instant): number {
  return sentAt === undefined ? 0 : countedOffset(receivedAt - sentAt);
}

/** The difference of two clocks as it counts: 0 where that is no more than a request takes. */
export function countedOffset(difference: number): number {
  return Math.abs(difference) < CLOCK_TOLERANCE ? 0 : difference;
}

/** How it stood on a device when it last said so. */
export interface Standing {
  /** Records that had not reached the laptop. */
  waiting: number;
  /** Since when the oldest of them waits; null where none does. */
  since: Instant | null;
  /** Whether all of them were in a rescue file. */
  rescued: boolean;
}

/**
 * What waits on a device, in words for the organizer. `timeOf` words an instant. `isNear`: it was heard of just now; of
 * one that was not, nobody knows what it logged since.
 */
export function standingInWords(
  device: { waiting: number | null; waiting_since: Instant | null; rescued: Flag },
  { isNear, timeOf }: { isNear: boolean; timeOf: (at: Instant) => string },
): string {
  if (device.waiting === null) return "";
  if (device.waiting === 0) return isNear ? "Nothing waits on it" : "Nothing waited on it then";
  const since = device.waiting_since === null ? "" : ` since ${timeOf(device.waiting_since)}`;
  return `${device.waiting} waiting on it${since}${device.rescued ? ", in a rescue file" : ""}`;
}

/** A secret that cannot be guessed: 192 random bits in letters that fit an address. */
export function newSecret(): string {
  return randomBytes(24).toString("base64url");
}

/** Small letters and digits, without those that look like one another. */
const EASY_TO_TYPE = "abcdefghjkmnpqrstuvwxyz23456789";

/** A code for an address that people may have to type: 20 characters, 99 random bits. */
export function newCode(): string {
  return Array.from({ length: 20 }, () => EASY_TO_TYPE[randomInt(EASY_TO_TYPE.length)]).join("");
}

/** What is kept of a secret of that strength: SHA-256, hex. */
export function hashOfSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

// OWASP's password storage cheat sheet: N = 2^17, r = 8, p = 1 (128 MB, once a sign-in).
const COST = { N: 2 ** 17, r: 8, p: 1 };

/** A passphrase → what is kept of it: `scrypt$N$r$p$salt$key`, salt and key in base64url. */
export async function hashPassphrase(passphrase: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(passphrase, salt, 32, COST);
  return ["scrypt", COST.N, COST.r, COST.p, salt.toString("base64url"), key.toString("base64url")].join("$");
}

/** Whether the passphrase is the one that `kept` was made from. */
export async function isPassphrase(passphrase: string, kept: string): Promise<boolean> {
  const [, n, r, p, salt = "", key = ""] = kept.split("$");
  const expected = Buffer.from(key, "base64url");
  const cost = { N: Number(n), r: Number(r), p: Number(p) };
  const actual = await derive(passphrase, Buffer.from(salt, "base64url"), expected.length, cost);
  return timingSafeEqual(actual, expected);
}

/** Whether two passphrases are the same; takes as long whatever they have in common. */
export function isSamePassphrase(typed: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text.normalize("NFKC")).digest();
  return timingSafeEqual(digest(typed), digest(expected));
}

function derive(passphrase: string, salt: Buffer, length: number, cost: ScryptOptions): Promise<Buffer> {
  // The same words typed on another keyboard must give the same bytes.
  const text = passphrase.normalize("NFKC");
  return new Promise((resolve, reject) => {
    scrypt(text, salt, length, { ...cost, maxmem: 256 * 1024 * 1024 }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
