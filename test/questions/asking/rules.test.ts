import { sayIn } from "../../../src/http/languages";
import { acceptanceIn, checkAsked } from "../../../src/questions/asking/form";
import { Allowance, joinContacts, takesQuestions } from "../../../src/questions/asking/rules";
import { NOON } from "../../support/databases";

const MINUTE = 60_000;
const ID = "018d6f2e-8b2a-7c31-9f3e-2b1f6f0f3a55";

describe("an allowance", () => {
  test("is spent after so many, by each by themselves, and there again when the time is over", () => {
    const allowance = new Allowance({ most: 2, minutes: 10 });
    for (const at of [NOON, NOON + MINUTE]) {
      expect(allowance.isSpent("phone", at)).toBe(false);
      allowance.take("phone", at);
    }
    expect(allowance.isSpent("phone", NOON + 2 * MINUTE)).toBe(true);
    expect(allowance.isSpent("another", NOON + 2 * MINUTE)).toBe(false);
    expect(allowance.isSpent("phone", NOON + 10 * MINUTE)).toBe(false);
    allowance.take("phone", NOON + 10 * MINUTE);
    expect(allowance.isSpent("phone", NOON + 10 * MINUTE)).toBe(true);
    expect(allowance.isSpent("phone", NOON + 11 * MINUTE)).toBe(false);
  });

  test("holds however many come", () => {
    const allowance = new Allowance({ most: 1, minutes: 10 });
    for (let phone = 0; phone < 3000; phone++) allowance.take(`phone ${phone}`, NOON + phone * MINUTE);
    expect(allowance.isSpent("phone 2999", NOON + 3000 * MINUTE)).toBe(true);
    expect(allowance.isSpent("phone 1", NOON + 3000 * MINUTE)).toBe(false);
  });
});

test("an event takes questions up to a fortnight after its last day, by its own clock", () => {
  const event = { ends_on: "2024-02-04", time_zone: "Asia/Tokyo" };
  const end = Date.UTC(2024, 1, 18, 15, 0);
  expect(takesQuestions(event, NOON - 300 * 86_400_000)).toBe(true);
  expect(takesQuestions(event, end - 1)).toBe(true);
  expect(takesQuestions(event, end)).toBe(false);
});

describe("a visit's contact and what the visitor left themselves", () => {
  const left = { name: "Zoë Peeters", email: "zoe@visitor.example", consent: ["follow-up" as const] };

  test("is one contact, in the visitor's words, with nothing lost and all that was agreed to", () => {
    expect(joinContacts({ name: "Zoe", phone: "12", note: "tall", consent: ["news"] }, left)).toEqual({
      name: "Zoë Peeters",
      email: "zoe@visitor.example",
      phone: "12",
      note: "tall\nZoe",
      consent: ["news", "follow-up"],
    });
  });

  test("is what there is of the two", () => {
    expect(joinContacts(undefined, left)).toEqual(left);
    expect(joinContacts({ name: "Zoe", consent: [] }, undefined)).toEqual({ name: "Zoe", consent: [] });
    expect(joinContacts(null, undefined)).toBeUndefined();
  });
});

describe("a visitor's form", () => {
  const read = (body: object) => checkAsked({ id: ID, question: "Why?", ...body }, sayIn("en"));

  test("needs a question and nothing else", () => {
    expect(read({})).toEqual({
      ok: true,
      value: { id: ID, text: "Why?", topic: undefined, left: undefined },
    });
    expect(read({ question: " \r\n" })).toMatchObject({
      ok: false,
      problems: [{ field: "question", message: "Please write your question." }],
    });
  });

  test("takes consent only with something to use, and only for purposes that there are", () => {
    expect(read({ consent: ["follow-up", "news"] })).toMatchObject({ value: { left: undefined } });
    const email = "zoe@visitor.example";
    expect(read({ email, consent: "follow-up" })).toMatchObject({
      value: { left: { email, consent: ["follow-up"] } },
    });
    expect(read({ email, consent: ["sell", "news"] })).toMatchObject({
      value: { left: { consent: ["news"] } },
    });
    expect(read({ name: "Zoë" })).toMatchObject({ value: { left: { name: "Zoë", consent: [] } } });
  });

  test("says what is wrong with a mail address, and that the field for machines is none for people", () => {
    expect(read({ email: "zoe", homepage: "http://spam.example" })).toEqual({
      ok: false,
      problems: [
        { field: "email", message: "This does not look like a mail address." },
        { field: "homepage", message: expect.stringContaining("catch machines") },
      ],
    });
  });

  test("of staff says a category or a visit", () => {
    expect(acceptanceIn({ category: "new" })).toEqual({ category: "new" });
    expect(acceptanceIn({ visit: ID.toUpperCase() })).toEqual({ visit: ID });
    for (const body of [undefined, {}, { category: "old" }, { visit: "x" }])
      expect(acceptanceIn(body)).toBeUndefined();
  });
});
