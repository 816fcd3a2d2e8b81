import { type $ZodRawIssue, type $ZodType, type output, safeParse } from "zod/v4/core";
import { type MessageKey, type Say, sayInEnglish } from "./languages/say";

const STATUS = {
  malformed: 400,
  "sign-in": 401,
  ended: 401,
  forbidden: 403,
  missing: 404,
  conflict: 409,
  gone: 410,
  "too-large": 413,
  unreadable: 415,
  invalid: 422,
  "too-many": 429,
  unavailable: 503,
} as const;

export type ProblemKind = keyof typeof STATUS;

/** What is wrong with one field: its path, such as `contact.email`, and a sentence for the person who typed it. */
export interface FieldProblem {
  field: string;
  message: string;
}

/**
 * What the caller can mend. Anything else that is thrown is a fault of the program.
 * `words` is a key of the message files where staff or visitors can meet it, with the `values` that go into it; the
 * organizer's desk alone is told in a plain sentence. `message` is always in English.
 */
export class Problem extends Error {
  readonly kind: ProblemKind;
  readonly status: number;
  readonly fields: FieldProblem[];
  readonly #words: MessageKey | (string & {});
  readonly #values: Record<string, string | number>;

  constructor(
    kind: ProblemKind,
    words: MessageKey | (string & {}),
    fields: FieldProblem[] = [],
    values: Record<string, string | number> = {},
  ) {
    super(sayInEnglish(words as MessageKey, values));
    this.kind = kind;
    this.status = STATUS[kind];
    this.fields = fields;
    this.#words = words;
    this.#values = values;
  }

  /** The message in another language. */
  in(say: Say): string {
    return say(this.#words as MessageKey, this.#values);
  }
}

export type Checked<T> = { ok: true; value: T } | { ok: false; problems: FieldProblem[] };

/**
 * Unknown input → the schema's value, or every problem with it at once, in plain words of `say`'s language.
 * A message that a schema gives itself is a sentence, or the key of one.
 */
export function check<S extends $ZodType>(
  schema: S,
  input: unknown,
  say: Say = sayInEnglish,
): Checked<output<S>> {
  const result = safeParse(schema, input, { error: (issue) => inPlainWords(issue, say) });
  if (result.success) return { ok: true, value: result.data };
  const problems = result.error.issues.flatMap((issue): FieldProblem[] => {
    const at = issue.path.map(String);
    return issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({
          field: [...at, key].join("."),
          message: say("problem.unknown-field", { field: key }),
        }))
      : [{ field: at.join("."), message: say(issue.message as MessageKey) }];
  });
  return { ok: false, problems };
}

/** The messages that a schema does not word itself. */
function inPlainWords(issue: $ZodRawIssue, say: Say): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? say("problem.missing")
        : say("problem.type", { type: typeInWords(issue.expected, say) });
    case "invalid_value":
      return say("problem.choice", { choices: choicesInWords(issue.values.map(String), say) });
    case "too_small": {
      const least = Number(issue.minimum);
      if (issue.origin === "string")
        return least === 1 ? say("problem.empty") : say("problem.text-short", { least });
      return say(issue.origin === "array" ? "problem.list-short" : "problem.amount-least", { least });
    }
    case "too_big": {
      const most = Number(issue.maximum);
      if (issue.origin === "string") return say("problem.text-long", { most });
      return say(issue.origin === "array" ? "problem.list-long" : "problem.amount-most", { most });
    }
    case "invalid_format":
      if (issue.format === "email") return say("problem.mail");
      if (issue.format === "datetime") return say("problem.datetime");
      return say("problem.unknown");
    default:
      return say("problem.unknown");
  }
}

const TYPES: Record<string, MessageKey> = {
  string: "problem.type-string",
  number: "problem.type-number",
  int: "problem.type-int",
  boolean: "problem.type-boolean",
  array: "problem.type-array",
  object: "problem.type-object",
  record: "problem.type-object",
};

function typeInWords(type: string, say: Say): string {
  const key = TYPES[type];
  return key ? say(key) : type;
}

function choicesInWords(values: string[], say: Say): string {
  return values.length < 2
    ? values.join("")
    : `${values.slice(0, -1).join(", ")}${say("problem.or")}${values.at(-1)}`;
}
