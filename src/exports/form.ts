import { z } from "zod";
import type { Category, Purpose } from "../database/tables";
import { type Checked, check } from "../errors";
import { isDay } from "../events/rules";
import { STATES } from "../questions/rules";
import { words } from "../text";
import { CATEGORIES } from "../visits/form";
import { FORMATS, type FormatName, LIST_NAMES, type ListName, NONE, PARTED_BY, type PartedBy } from "./rules";

/** A filter that may be left out or left empty. */
const word = words(200)
  .optional()
  .transform((text) => text || undefined);

/** One of few words, or none. The problem names the word: it may stand far down in an address. */
const oneOf = <Word extends string>(field: string, all: readonly Word[]) =>
  word.superRefine((text, problems) => {
    if (text !== undefined && !(all as readonly string[]).includes(text)) {
      problems.addIssue({
        code: "custom",
        message: `There is no ${field} “${text}”; there are ${all.join(", ")}.`,
      });
    }
  }) as unknown as z.ZodType<Word | undefined>;

const PURPOSES = ["follow-up", "news"] as const satisfies Purpose[];

const filterFields = {
  event: word,
  booth: word,
  project: word,
  topic: word,
  expert: word,
  state: oneOf("state", STATES),
  category: oneOf<Category>("category", CATEGORIES),
  day: word.superRefine((text, problems) => {
    if (text !== undefined && !isDay(text)) {
      problems.addIssue({ code: "custom", message: `“${text}” is no day as 2014-04-15.` });
    }
  }),
  consent: oneOf("consent", [...PURPOSES, NONE] as const),
};
const filters = z.strictObject(filterFields);

/** What an export is narrowed down to, in the words of the address: slugs, or "(none)". */
export type Filters = z.output<typeof filters>;
export const FILTER_NAMES = Object.keys(filterFields) as (keyof Filters)[];

const MOST_OF_A_REASON = 300;
const why = { why: words(MOST_OF_A_REASON).default("") };
const parted = { by: z.enum(PARTED_BY).optional() };
const formatOf = (list: ListName) => z.enum(FORMATS[list] as unknown as [FormatName, ...FormatName[]]);

/** What is asked for: what to narrow a list down to, and why somebody takes it. */
export interface Asked {
  filters: Filters;
  why: string;
}

function split<Rest extends { why: string } & Filters>(
  checked: Checked<Rest>,
): Checked<Asked & Omit<Rest, keyof Filters>> {
  if (!checked.ok) return checked;
  const rest: Record<string, unknown> = { ...checked.value };
  const found: Record<string, unknown> = {};
  for (const name of FILTER_NAMES) {
    found[name] = rest[name];
    delete rest[name];
  }
  return { ok: true, value: { ...rest, filters: found } as Asked & Omit<Rest, keyof Filters> };
}

const query = filters.extend(why);
/** The query parameters of an export. One that is not known is refused: it would have left the list as it is. */
export const checkQuery = (given: unknown): Checked<Asked> => split(check(query, { ...(given as object) }));

const zipQuery = filters.extend({
  ...why,
  by: z.enum(PARTED_BY),
  format: formatOf("follow-ups").default("csv"),
});
/** The query parameters of a list that is taken apart into a file an expert or project. */
export const checkZipQuery = (given: unknown): Checked<Asked & { by: PartedBy; format: FormatName }> =>
  split(check(zipQuery, { ...(given as object) }));

const ALL_FORMATS = [...new Set(Object.values(FORMATS).flat())] as [FormatName, ...FormatName[]];

const command = filters
  .extend({ ...why, ...parted, list: z.enum(LIST_NAMES), format: z.enum(ALL_FORMATS).optional() })
  .transform((all) => ({ ...all, format: all.format ?? ("csv" as FormatName) }))
  .refine(({ list, format }) => (FORMATS[list] as readonly FormatName[]).includes(format), {
    path: ["format"],
    message: "This list is not written in this format.",
  })
  .refine(({ list, by }) => !by || list === "follow-ups", {
    path: ["by"],
    message: "Follow-ups alone come in a file an expert or project.",
  });

/** What the command line asks for; `by`: a file each, in a ZIP. */
export interface ExportAsked extends Asked {
  list: ListName;
  format: FormatName;
  by?: PartedBy;
}

export function checkExport(input: unknown): Checked<ExportAsked> {
  return split(check(command, input));
}
