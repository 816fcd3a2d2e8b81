import type { Reader } from "../../database/open";
import type { Instant } from "../../database/tables";
import { StorageTrouble } from "../../database/trouble";

/**
 * What of a session is on no disk, because the disk took nothing at that moment: somebody has to get in who can make room, and a
 * session that is locked or ended has to be so at once. It lasts as long as the program.
 */
export interface Unkept {
  /** Of one that was opened then: when it runs out, and the hash of the passphrase of then, with which it ends. */
  opened?: { expires_at: Instant; passphrase: string | undefined };
  used_at?: Instant;
  locked_at?: Instant;
  isEnded?: boolean;
}

/** By the database, and the hash of a session's token. */
const unkept = new WeakMap<Reader, Map<string, Unkept>>();

/** What is known of a session that is on no disk. */
export function unkeptOf(read: Reader, hash: string): Unkept | undefined {
  return unkept.get(read)?.get(hash);
}

/** Remembers more of a session. */
export function remember(read: Reader, hash: string, more: Unkept): void {
  const all = unkept.get(read) ?? new Map<string, Unkept>();
  unkept.set(read, all.set(hash, { ...all.get(hash), ...more }));
}

/** It is on the disk now. */
export function forget(read: Reader, hash: string): void {
  unkept.get(read)?.delete(hash);
}

/** Does what `keep` does, or `instead` where the disk takes nothing. */
export async function keptOr<T>(keep: Promise<T>, instead: () => T | Promise<T>): Promise<T> {
  try {
    return await keep;
  } catch (error) {
    if (!(error instanceof StorageTrouble)) throw error;
    return instead();
  }
}
