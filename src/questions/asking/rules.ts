import type { Instant } from "../../database/tables";
import type { ConsentShown, ContactRecord, SentContactRecord } from "../../visits/form";
import { daySpan } from "../../visits/rules";

/** So many questions of an event may wait for a look: more than that nobody looks through between two talks. */
export const MOST_HELD = 200;

/** The step with which such a question begins, once it counts. */
export const ASKED_BY_THEMSELVES = "asked by themselves";

/** How much one phone, and one address, may send: a hall's Wi-Fi is one address for all who are in it. */
export const LIMITS = {
  phone: { most: 5, minutes: 60 },
  address: { most: 20, minutes: 10 },
  addressADay: { most: 100, minutes: 24 * 60 },
} as const;

/** Days after the last one on which an event still takes questions: from who took a flier home. */
const DAYS_AFTER = 14;

/** Whether visitors can ask at an event. */
export function takesQuestions(event: { ends_on: string; time_zone: string }, now: Instant): boolean {
  const last = daySpan(event.ends_on, event.time_zone);
  return last !== undefined && now < last.until + DAYS_AFTER * 86_400_000;
}

/** Counts what comes from somewhere within a time, in memory: who sent it is written down nowhere. */
export class Allowance {
  readonly #most: number;
  readonly #lasts: number;
  readonly #taken = new Map<string, Instant[]>();

  constructor({ most, minutes }: { most: number; minutes: number }) {
    this.#most = most;
    this.#lasts = minutes * 60_000;
  }

  /** Whether nothing more may come from there at the moment. */
  isSpent(from: string, now: Instant): boolean {
    return this.#recent(from, now).length >= this.#most;
  }

  take(from: string, now: Instant): void {
    this.#taken.set(from, [...this.#recent(from, now), now]);
    if (this.#taken.size < 1000) return;
    for (const each of this.#taken.keys()) if (this.#recent(each, now).length === 0) this.#taken.delete(each);
  }

  #recent(from: string, now: Instant): Instant[] {
    return (this.#taken.get(from) ?? []).filter((at) => now - at < this.#lasts);
  }
}

/** What a visitor left on their own phone. */
export interface Left {
  name?: string;
  email?: string;
  consent: ContactRecord["consent"];
  /** The words that they read beside each tick, and when that was; left out where nobody recorded it. */
  consentShown?: ConsentShown;
}

/** A contact as the protocol tells it. */
type Joined = Partial<Omit<SentContactRecord, "consentShown">> & { consentShown?: ConsentShown | null };

/**
 * A visit's contact together with what the visitor left themselves: their own words count for name and mail address, and
 * what staff had typed instead stays to be read. What they agreed to is added; nothing that was agreed to is taken back.
 */
export function joinContacts(there: Joined | null | undefined, left: Left | undefined): Joined | undefined {
  if (!left) return there ?? undefined;
  if (!there) return left;
  const replaced = (["name", "email"] as const).flatMap((field) => {
    const before = there[field];
    return before && left[field] && before !== left[field] ? [before] : [];
  });
  return {
    ...there,
    name: left.name ?? there.name,
    email: left.email ?? there.email,
    note: [there.note, ...replaced].filter(Boolean).join("\n") || undefined,
    consent: [...new Set([...(there.consent ?? []), ...left.consent])],
    ...((there.consentShown || left.consentShown) && {
      // What they had agreed to before keeps how that was.
      consentShown: { ...left.consentShown, ...there.consentShown },
    }),
  };
}
