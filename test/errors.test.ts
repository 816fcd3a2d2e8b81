import * as z from "zod";
import { check, Problem, type ProblemKind } from "../src/errors";

/** The message for one input, and the field that it is about. */
function problemOf(schema: z.ZodType, input: unknown) {
  const checked = check(schema, input);
  return checked.ok
    ? undefined
    : checked.problems.map(({ field, message }) => `${field}: ${message}`).join(" | ");
}

test("what is right comes back as the schema makes it", () => {
  expect(check(z.object({ name: z.string().trim() }), { name: " Ada " })).toEqual({
    ok: true,
    value: { name: "Ada" },
  });
});

test("every wrong field is reported at once, each with the path to it", () => {
  const schema = z.strictObject({
    name: z.string().min(1),
    people: z.int().min(1),
    contact: z.strictObject({ email: z.email() }),
    questions: z.array(z.object({ text: z.string() })),
  });
  const input = {
    name: "",
    people: 0,
    contact: { email: "x", fax: "1", telex: "2" },
    questions: [{ text: "a" }, {}],
  };
  expect(check(schema, input)).toEqual({
    ok: false,
    problems: [
      { field: "name", message: "Please fill this in." },
      { field: "people", message: "This should be 1 or more." },
      { field: "contact.email", message: "This does not look like a mail address." },
      { field: "contact.fax", message: "There is no field “fax” here." },
      { field: "contact.telex", message: "There is no field “telex” here." },
      { field: "questions.1.text", message: "This is missing." },
    ],
  });
});

test.each<[string, z.ZodType, unknown, string]>([
  ["nothing", z.string(), undefined, "This is missing."],
  ["another type", z.string(), 7, "This should be text."],
  ["no number", z.number(), "7", "This should be a number."],
  ["half a number", z.int(), 1.5, "This should be a whole number."],
  ["no yes or no", z.boolean(), "yes", "This should be yes or no (true or false)."],
  ["no list", z.array(z.string()), "a", "This should be a list."],
  ["no fields", z.object({}), null, "This should be a set of fields."],
  ["none of the choices", z.enum(["a", "b", "c"]), "d", "This should be a, b or c."],
  ["not the one choice", z.literal("a"), "d", "This should be a."],
  ["a short text", z.string().min(8), "a", "At least 8 characters, please."],
  ["a long text", z.string().max(3), "abcd", "This is too long: 3 characters at most."],
  ["a short list", z.array(z.string()).min(2), [], "At least 2, please."],
  ["a long list", z.array(z.string()).max(1), ["a", "b"], "These are too many: 1 at most."],
  ["a large number", z.number().max(3), 4, "This should be 3 or less."],
  ["no time", z.iso.datetime(), "noon", "This should be a time such as 2014-04-15T17:11:38.203Z."],
  ["another form", z.string().regex(/^a$/), "b", "This does not look right."],
  ["what a schema words itself", z.string().min(1, "Who are you?"), "", "Who are you?"],
])("%s is answered in plain words", (_what, schema, input, message) => {
  expect(problemOf(schema, input)).toBe(`: ${message}`);
});

test.each<[ProblemKind, number]>([
  ["malformed", 400],
  ["sign-in", 401],
  ["forbidden", 403],
  ["missing", 404],
  ["conflict", 409],
  ["gone", 410],
  ["too-large", 413],
  ["unreadable", 415],
  ["invalid", 422],
  ["too-many", 429],
  ["unavailable", 503],
])("a problem of the kind %s is answered with %i", (kind, status) => {
  expect(new Problem(kind, "").status).toBe(status);
});
