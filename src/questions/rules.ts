import type { QuestionState } from "../database/tables";

/** In the order in which the queue shows them: what is with nobody stands on top. */
export const STATES = ["open", "routed", "answered", "closed"] as const satisfies QuestionState[];

export const STATE_NAMES: Record<QuestionState, string> = {
  open: "With nobody yet",
  routed: "Routed",
  answered: "Answered",
  closed: "Closed",
};

/** What can be done with a question; the words of its activity. */
export const STEPS = ["routed", "passed on", "given back", "answered", "closed", "reopened"] as const;
export type Step = (typeof STEPS)[number];

/** Where a question stands, and who has it. */
export interface Standing {
  state: QuestionState;
  expertId: string | null;
}

interface Leads {
  from: QuestionState[];
  to: QuestionState;
  /** Who has it then: another expert, nobody, or whoever had it. */
  holder: "another" | "nobody" | "same";
}

const LEADS: Record<Step, Leads> = {
  routed: { from: ["open"], to: "routed", holder: "another" },
  "passed on": { from: ["routed"], to: "routed", holder: "another" },
  "given back": { from: ["routed"], to: "open", holder: "nobody" },
  // The organizer may know the answer at once, and may put a given answer right.
  answered: { from: ["open", "routed", "answered"], to: "answered", holder: "same" },
  closed: { from: ["open", "routed", "answered"], to: "closed", holder: "same" },
  reopened: { from: ["answered", "closed"], to: "open", holder: "nobody" },
};

/** The steps that a question in this state can take. */
export function stepsFrom(state: QuestionState): Step[] {
  return STEPS.filter((step) => LEADS[step].from.includes(state));
}

/**
 * Where a step leads; undefined where it cannot be taken from here. `expertId` is who gets the question:
 * needed by routing and passing on, which must name somebody who does not have it already.
 */
export function standingAfter(step: Step, now: Standing, expertId?: string): Standing | undefined {
  const { from, to, holder } = LEADS[step];
  if (!from.includes(now.state)) return undefined;
  if (holder === "nobody") return { state: to, expertId: null };
  if (holder === "same") return { state: to, expertId: now.expertId };
  if (!expertId || expertId === now.expertId) return undefined;
  return { state: to, expertId };
}

/** The step by which an expert gets a question. */
export function routingFrom(state: QuestionState): "routed" | "passed on" {
  return state === "routed" ? "passed on" : "routed";
}

/** What somebody else did while a form was open. */
export function whatHappened(now: QuestionState): string {
  const words: Record<QuestionState, string> = {
    open: "given back",
    routed: "routed",
    answered: "answered",
    closed: "closed",
  };
  return `This question was ${words[now]} by somebody else a moment ago.`;
}
