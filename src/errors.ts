import { type $ZodErrorMap, type $ZodType, type output, safeParse } from "zod/v4/core";

const STATUS = {
  malformed: 400,
  "sign-in": 401,
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

/** What the caller can mend. Anything else that is thrown is a fault of the program. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  readonly status: number;
  readonly fields: FieldProblem[];

  constructor(kind: ProblemKind, message: string, fields: FieldProblem[] = []) {
    super(message);
    this.kind = kind;
    this.status = STATUS[kind];
    this.fields = fields;
  }
}

export type Checked<T> = { ok: true; value: T } | { ok: false; problems: FieldProblem[] };

/** Unknown input → the schema's value, or every problem with it at once, in plain words. */
export function check<S extends $ZodType>(schema: S, input: unknown): Checked<output<S>> {
  const result = safeParse(schema, input, { error: inPlainWords });
  if (result.success) return { ok: true, value: result.data };
  const problems = result.error.issues.flatMap((issue): FieldProblem[] => {
    const at = issue.path.map(String);
    return issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({
          field: [...at, key].join("."),
          message: `There is no field “${key}” here.`,
        }))
      : [{ field: at.join("."), message: issue.message }];
  });
  return { ok: false, problems };
}

/** The messages that a schema does not word itself. */
const inPlainWords: $ZodErrorMap = (issue) => {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? "This is missing." : `This should be ${named(issue.expected)}.`;
    case "invalid_value":
      return `This should be ${oneOf(issue.values.map(String))}.`;
    case "too_small":
      if (issue.origin === "string")
        return issue.minimum === 1 ? "Please fill this in." : `At least ${issue.minimum} characters, please.`;
      if (issue.origin === "array") return `At least ${issue.minimum}, please.`;
      return `This should be ${issue.minimum} or more.`;
    case "too_big":
      if (issue.origin === "string") return `This is too long: ${issue.maximum} characters at most.`;
      if (issue.origin === "array") return `These are too many: ${issue.maximum} at most.`;
      return `This should be ${issue.maximum} or less.`;
    case "invalid_format":
      if (issue.format === "email") return "This does not look like a mail address.";
      if (issue.format === "datetime") return "This should be a time such as 2014-04-15T17:11:38.203Z.";
      return "This does not look right.";
    default:
      return "This does not look right.";
  }
};

function named(type: string): string {
  const words: Record<string, string> = {
    string: "text",
    number: "a number",
    int: "a whole number",
    boolean: "yes or no (true or false)",
    array: "a list",
    object: "a set of fields",
  };
  return words[type] ?? type;
}

function oneOf(values: string[]): string {
  return values.length < 2 ? values.join("") : `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
}
