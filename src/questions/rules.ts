import type { ActorKind, Flag, Instant, Priority, QuestionState } from "../database/tables";
import { momentInWords } from "../events/rules";
import { type Answerer, byTopic } from "../experts/rules";
import type { QuestionRow } from "./store";

/** In the order in which the queue shows them: what is with nobody stands on top. */
export const STATES = ["open", "routed", "answered", "closed"] as const satisfies QuestionState[];

export const STATE_NAMES: Record<QuestionState, string> = {
  open: "With nobody yet",
  routed: "Routed",
  answered: "Answered",
  closed: "Closed",
};

export const PRIORITIES = ["high", "normal", "low"] as const satisfies Priority[];

/** What can be done with a question; the words of its activity. */
export const STEPS = [
  "routed",
  "passed on",
  "claimed",
  "given back",
  "timed out",
  "answered",
  "closed",
  "reopened",
] as const;
export type Step = (typeof STEPS)[number];

export const isStep = (text: string): text is Step => (STEPS as readonly string[]).includes(text);

/** Who takes a step, by the name that its activity keeps. */
export type Taker =
  | { kind: Exclude<ActorKind, "expert">; name: string }
  | { kind: "expert"; name: string; expertId: string };

/** The name under which the program's own steps are kept. */
export const PROGRAM: Taker = { kind: "program", name: "Boothlight" };

/** Where a question stands, and who has it. */
export interface Standing {
  state: QuestionState;
  expertId: string | null;
  /** While it is open: whose time ran out. An answer that comes late is welcome all the same. */
  lateExpertId?: string | null;
}

interface Leads {
  from: QuestionState[];
  to: QuestionState;
  /** Who has it then: another expert, nobody, or whoever had it. */
  holder: "another" | "nobody" | "same";
  by: ActorKind[];
}

const LEADS: Record<Step, Leads> = {
  routed: { from: ["open"], to: "routed", holder: "another", by: ["organizer", "program"] },
  "passed on": { from: ["routed"], to: "routed", holder: "another", by: ["organizer", "expert"] },
  claimed: { from: ["routed"], to: "routed", holder: "same", by: ["expert"] },
  "given back": { from: ["routed"], to: "open", holder: "nobody", by: ["organizer", "expert"] },
  "timed out": { from: ["routed"], to: "open", holder: "nobody", by: ["program"] },
  // The organizer may know the answer at once, and may put a given answer right; so may the expert who gave it.
  answered: {
    from: ["open", "routed", "answered"],
    to: "answered",
    holder: "same",
    by: ["organizer", "expert"],
  },
  closed: { from: ["open", "routed", "answered"], to: "closed", holder: "same", by: ["organizer"] },
  reopened: { from: ["answered", "closed"], to: "open", holder: "nobody", by: ["organizer"] },
};

/** The steps that somebody can take with a question in this state. */
export function stepsFrom(state: QuestionState, who: ActorKind = "organizer"): Step[] {
  return STEPS.filter((step) => LEADS[step].from.includes(state) && LEADS[step].by.includes(who));
}

/**
 * Where a step leads; undefined where it cannot be taken from here, or not by this taker: an expert takes steps with
 * what they have alone. `expertId` is who gets the question: needed by routing and passing on, which must name somebody
 * who does not have it already.
 */
export function standingAfter(
  step: Step,
  now: Standing,
  taker: Taker,
  expertId?: string,
): Standing | undefined {
  const { from, to, holder, by } = LEADS[step];
  if (!from.includes(now.state) || !by.includes(taker.kind)) return undefined;
  if (taker.kind === "expert" && taker.expertId !== now.expertId) {
    const isLate = step === "answered" && now.state === "open" && taker.expertId === now.lateExpertId;
    return isLate ? { state: to, expertId: taker.expertId } : undefined;
  }
  if (holder === "nobody") return { state: to, expertId: null };
  if (holder === "same") return { state: to, expertId: now.expertId };
  if (!expertId || expertId === now.expertId) return undefined;
  return { state: to, expertId };
}

/** The step by which an expert gets a question. */
export function routingFrom(state: QuestionState): "routed" | "passed on" {
  return state === "routed" ? "passed on" : "routed";
}

/** A question's place among those in the same state: what came back comes first, then by priority. */
export function rankOf(priority: Priority, cameBack: boolean): number {
  return cameBack ? 0 : PRIORITIES.indexOf(priority) + 1;
}

/** Whether a question comes back to the organizer by this step. */
export function comesBack(step: Step): boolean {
  return step === "given back" || step === "timed out" || step === "reopened";
}

/** What a step changes of a question: kept with the step, so that it can be undone. */
export interface Snapshot {
  state: QuestionState;
  expert_id: string | null;
  answer: string | null;
  due_at: Instant | null;
  claimed_at: Instant | null;
  rank: number;
  merged_into: string | null;
  routed_at: Instant | null;
  answered_at: Instant | null;
  /** 1: who has it was told elsewhere. Steps that were kept before event files brought questions do not say. */
  brought?: Flag;
}

/** A step as the trail has it. */
export interface Trace {
  id: string;
  step: string;
  /** What it changed as it was before; null: nothing of where the question stands. */
  before: string | null;
  /** The id of the step that it takes back. */
  undoes: string | null;
}

/**
 * The step that can be undone next: the last one that changed where the question stands and was not taken back.
 * `trail` is the latest first. Undefined where there is none.
 */
export function lastStep<T extends Trace>(trail: T[]): T | undefined {
  const undone = new Set(trail.flatMap((each) => each.undoes ?? []));
  return trail.find((each) => each.before !== null && each.undoes === null && !undone.has(each.id));
}

/** What somebody else did while a form was open. */
export function whatHappened(now: QuestionState, isMerged = false): string {
  const words: Record<QuestionState, string> = {
    open: "given back",
    routed: "routed",
    answered: "answered",
    closed: "closed",
  };
  return isMerged
    ? "This question was put together with another one a moment ago."
    : `This question was ${words[now]} by somebody else a moment ago.`;
}

/** Where a question stands, in a few words: "Routed to Kai". */
export function standingInWords(row: Pick<QuestionRow, "state" | "expert" | "merged_into">): string {
  if (row.merged_into !== null) return "Put together with another one";
  return row.state === "routed" && row.expert ? `Routed to ${row.expert}` : STATE_NAMES[row.state];
}

/** A question as the pages show it. */
export function inWords(row: QuestionRow, event: { time_zone: string }, now: Instant) {
  return {
    ...row,
    stateName: STATE_NAMES[row.state],
    asked: momentInWords(row.asked_at, event.time_zone, now),
    who: [row.contact ?? row.email, row.organization].filter(Boolean).join(", "),
  };
}

/** A question as its own page shows it, with the experts who could take it. */
export function rowInWords<E extends Answerer & { hidden: number }>(
  row: QuestionRow,
  event: { time_zone: string },
  experts: E[],
  now: Instant,
) {
  const offered = experts.filter((expert) => !expert.hidden);
  const free = offered.filter((expert) => row.state !== "routed" || expert.id !== row.expert_id);
  return { ...inWords(row, event, now), experts: byTopic(free, row.topic ?? undefined) };
}
