import type { QuestionState } from "../../src/database/tables";
import { STATES, STEPS, type Standing, type Step, standingAfter, stepsFrom } from "../../src/questions/rules";

/** Where each step leads from each state; what is not named cannot be taken. */
const WALK: Record<QuestionState, Partial<Record<Step, QuestionState>>> = {
  open: { routed: "routed", answered: "answered", closed: "closed" },
  routed: { "passed on": "routed", "given back": "open", answered: "answered", closed: "closed" },
  answered: { answered: "answered", closed: "closed", reopened: "open" },
  closed: { reopened: "open" },
};

describe.each(STATES)("a question that is %s", (state) => {
  const now: Standing = { state, expertId: state === "open" ? null : "kai" };

  test.each(STEPS)("and %s", (step) => {
    const after = standingAfter(step, now, "lou");
    expect(after?.state).toBe(WALK[state][step]);
    expect(stepsFrom(state).includes(step)).toBe(WALK[state][step] !== undefined);
    // Who routes names somebody; who is open is with nobody; routed is always with somebody.
    if (after?.state === "open") expect(after.expertId).toBeNull();
    if (after?.state === "routed") expect(after.expertId).toBe("lou");
    if (after?.state === "answered" || after?.state === "closed") expect(after.expertId).toBe(now.expertId);
  });
});

test("nobody gets a question without being named, or twice in a row", () => {
  expect(standingAfter("routed", { state: "open", expertId: null })).toBeUndefined();
  expect(standingAfter("passed on", { state: "routed", expertId: "kai" }, "kai")).toBeUndefined();
});

test("from every state there is a way on: a question never gets stuck", () => {
  for (const state of STATES) expect(stepsFrom(state)).not.toEqual([]);
});
