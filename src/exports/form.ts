import { z } from "zod";
import { type Checked, check } from "../errors";
import { STATES } from "../questions/rules";
import { words } from "../text";
import { FORMATS, type FormatName, LIST_NAMES, type ListName } from "./rules";

/** A filter that may be left out or left empty. */
const word = words(200)
  .optional()
  .transform((text) => text || undefined);

const filters = z.strictObject({
  event: word,
  project: word,
  expert: word,
  topic: word,
  state: word.pipe(z.enum(STATES).optional()),
});

/** What an export is narrowed down to, in the words of the address: slugs, or "(none)". */
export type Filters = z.output<typeof filters>;

/** The query parameters of an export. One that is not known is refused: it would have left the list as it is. */
export const checkFilters = (query: unknown) => check(filters, { ...(query as object) });

const ALL_FORMATS = [...new Set(Object.values(FORMATS).flat())] as [FormatName, ...FormatName[]];

const command = filters
  .extend({ list: z.enum(LIST_NAMES), format: z.enum(ALL_FORMATS) })
  .refine(({ list, format }) => FORMATS[list].includes(format), {
    path: ["format"],
    message: "This list is not written in this format.",
  });

/** What the command line asks for: a list, a format and filters. */
export function checkExport(
  input: unknown,
): Checked<{ list: ListName; format: FormatName; filters: Filters }> {
  const checked = check(command, input);
  if (!checked.ok) return checked;
  const { list, format, ...rest } = checked.value;
  return { ok: true, value: { list, format, filters: rest } };
}
