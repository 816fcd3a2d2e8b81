import * as z from "zod";
import type { Priority, QuestionState } from "../../database/tables";
import { type Checked, check } from "../../errors";
import { oneText, placeFrom } from "../../http/paging";
import { someWords } from "../../text";
import { PRIORITIES, STATES } from "../rules";
import type { QueueTurn } from "./store";

/** In an address: the questions without a topic, or with nobody. No slug looks like it. */
export const NONE = "-";

/** Asked today; asked three days ago and earlier; with somebody who should have answered by now. */
export const AGES = ["today", "older", "late"] as const;
export type Age = (typeof AGES)[number];

/** What the queue is narrowed down to, as its address says it: slugs, empty where nothing. */
export interface QueueChoice {
  search: string;
  state: QuestionState | "";
  topic: string;
  expert: string;
  project: string;
  priority: Priority | "";
  age: Age | "";
  /** "changed": what changed since this browser's organizer last looked. */
  show: string;
  /** One event of the queue over all of them. */
  event: string;
}

export function queueChoice(query: Record<string, unknown>): QueueChoice {
  const oneOf = <T extends string>(value: unknown, allowed: readonly T[]) =>
    allowed.find((each) => each === oneText(value)) ?? "";
  return {
    search: oneText(query.search),
    state: oneOf(query.state, STATES),
    topic: oneText(query.topic),
    expert: oneText(query.expert),
    project: oneText(query.project),
    priority: oneOf(query.priority, PRIORITIES),
    age: oneOf(query.age, AGES),
    show: oneOf(query.show, ["changed"]),
    event: oneText(query.event),
  };
}

const isState = (text: string): text is QuestionState => (STATES as readonly string[]).includes(text);

/** Where a page of the queue begins: "routed.2.1706958000000.…" goes by state, rank, time and id. */
export function queueTurn(query: Record<string, unknown>): QueueTurn {
  const placeOf = (value: unknown) => {
    const [state = "", rank = "", ...rest] = oneText(value).split(".");
    const place = placeFrom(rest.join("."));
    return place && isState(state) && /^\d$/.test(rank) ? { ...place, state, rank: Number(rank) } : undefined;
  };
  return { before: placeOf(query.before), after: placeOf(query.after) };
}

/** The path and query of a queue that a form belongs to; undefined where it names none. */
export function queueAddress(back: unknown): URL | undefined {
  if (typeof back !== "string" || !/^(\/events\/[\w-]+)?\/questions(\?|$)/.test(back)) return undefined;
  return URL.canParse(back, "http://booth") ? new URL(back, "http://booth") : undefined;
}

const view = z.object({
  name: z.string("Please give it a name.").pipe(someWords(60)),
});

/** The name of a saved view. */
export const checkView = (body: unknown): Checked<{ name: string }> => check(view, body ?? {});

/** When somebody looked, as a form or an address says it: milliseconds, `now` at the latest. */
export function lookedAt(text: unknown, now: number): number | undefined {
  const given = oneText(text);
  return /^\d{1,15}$/.test(given) ? Math.min(Number(given), now) : undefined;
}
