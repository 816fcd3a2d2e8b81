import type { Instant } from "../database/tables";

/** How long a message waits before it goes, so that a slip of the finger can be undone. */
export const GRACE = 2 * 60_000;
/** How long it waits at most while more is put into it. */
export const MOST_GRACE = 10 * 60_000;
/** How long a try may take before somebody else may send it. */
export const CLAIM = 2 * 60_000;

/** When a message goes that is put together from `createdAt` on, and to which something was added at `now`. */
export function goesAt(createdAt: Instant, now: Instant): Instant {
  return Math.min(now + GRACE, Math.max(createdAt + MOST_GRACE, now));
}
