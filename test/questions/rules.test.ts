import type { QuestionState } from "../../src/database/tables";
import {
  lastStep,
  STATES,
  STEPS,
  type Standing,
  type Step,
  standingAfter,
  stepsFrom,
  type Taker,
} from "../../src/questions/rules";

const ORGANIZER: Taker = { kind: "organizer", name: "organizer" };
const PROGRAM: Taker = { kind: "program", name: "Boothlight" };
const KAI: Taker = { kind: "expert", name: "Kai", expertId: "kai" };
const LOU: Taker = { kind: "expert", name: "Lou", expertId: "lou" };
const TAKERS = {
  organizer: ORGANIZER,
  "the expert who has it": KAI,
  "another expert": LOU,
  "the program": PROGRAM,
  staff: { kind: "staff", name: "Ada" },
  visitor: { kind: "visitor", name: "" },
} as const satisfies Record<string, Taker>;

type Walk = Record<QuestionState, Partial<Record<Step, QuestionState>>>;
const NOWHERE: Walk = { open: {}, routed: {}, answered: {}, closed: {} };

/** Where each step leads from each state for each taker; what is not named cannot be taken. */
const WALKS: Record<keyof typeof TAKERS, Walk> = {
  organizer: {
    open: { routed: "routed", answered: "answered", closed: "closed" },
    routed: { "passed on": "routed", "given back": "open", answered: "answered", closed: "closed" },
    answered: { answered: "answered", closed: "closed", reopened: "open" },
    closed: { reopened: "open" },
  },
  "the expert who has it": {
    ...NOWHERE,
    routed: { "passed on": "routed", claimed: "routed", "given back": "open", answered: "answered" },
    answered: { answered: "answered" },
  },
  "another expert": NOWHERE,
  "the program": { ...NOWHERE, open: { routed: "routed" }, routed: { "timed out": "open" } },
  staff: NOWHERE,
  visitor: NOWHERE,
};

describe.each(STATES)("a question that is %s", (state) => {
  const now: Standing = { state, expertId: state === "open" ? null : "kai" };

  test.each(
    Object.entries(TAKERS).flatMap(([who, taker]) => STEPS.map((step) => [who, step, taker] as const)),
  )("by %s and %s", (who, step, taker) => {
    const leads = WALKS[who as keyof typeof TAKERS][state][step];
    const after = standingAfter(step, now, taker, "max");
    expect(after?.state).toBe(leads);
    // An expert sees what they have alone, so what they can do is asked of that alone.
    if (taker !== LOU && !(taker === KAI && state === "open")) {
      expect(stepsFrom(state, taker.kind).includes(step)).toBe(leads !== undefined);
    }
    // Who routes names somebody; who is open is with nobody; routed is always with somebody.
    if (after?.state === "open") expect(after.expertId).toBeNull();
    if (after?.state === "routed") expect(after.expertId).toBe(step === "claimed" ? "kai" : "max");
    if (after?.state === "answered" || after?.state === "closed") expect(after.expertId).toBe(now.expertId);
  });
});

test("nobody gets a question without being named, or twice in a row", () => {
  expect(standingAfter("routed", { state: "open", expertId: null }, ORGANIZER)).toBeUndefined();
  expect(standingAfter("passed on", { state: "routed", expertId: "kai" }, KAI, "kai")).toBeUndefined();
});

test("from every state there is a way on: a question never gets stuck", () => {
  for (const state of STATES) expect(stepsFrom(state)).not.toEqual([]);
});

test("the last step that can be undone is the last one that changed something and was not taken back", () => {
  const step = (id: string, before: string | null = "{}", undoes: string | null = null) => ({
    id,
    step: "routed",
    before,
    undoes,
  });
  const trail = [step("topic", null), step("undo", null, "second"), step("second"), step("first")];
  expect(lastStep(trail)?.id).toBe("first");
  expect(lastStep(trail.slice(2))?.id).toBe("second");
  expect(lastStep([step("undo", null, "first"), step("first")])).toBeUndefined();
  expect(lastStep([])).toBeUndefined();
});
