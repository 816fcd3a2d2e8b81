import type { SentVisit } from "../visits/form";

/** An edit that was on its way to the disk when the page was left. */
export interface LastWords {
  event: string;
  /** With the revision and the base that it would have been put in with. */
  visit: SentVisit;
  /** The stamp of what the edit was made from. */
  seen: string | undefined;
}

const PREFIX = "boothlight-last-words-";

/**
 * Keeps an edit in the moment in which its page is left: the outbox's disk takes longer than such a page has. The next
 * page puts it into the outbox. Never throws.
 */
export function leaveLastWords(words: LastWords): void {
  try {
    localStorage.setItem(PREFIX + words.visit.id, JSON.stringify(words));
  } catch {
    // A browser that keeps nothing, or a full disk: the outbox says so.
  }
}

/** What pages left behind. */
export function lastWords(): LastWords[] {
  try {
    return Object.keys(localStorage)
      .filter((name) => name.startsWith(PREFIX))
      .map((name) => JSON.parse(localStorage.getItem(name) as string));
  } catch {
    return [];
  }
}

export function forgetLastWords(visitId: string): void {
  try {
    localStorage.removeItem(PREFIX + visitId);
  } catch {
    // Then nothing was left there either.
  }
}
