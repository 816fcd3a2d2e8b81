import { z } from "zod";
import { check } from "../errors";
import { isDay } from "../events/rules";
import { words } from "../text";
import { PAPERS } from "./printing/rules";

/** A filter that may be left out or left empty. */
const word = words(200)
  .optional()
  .transform((text) => text || undefined);

const filters = z.strictObject({
  day: word.refine((day) => day === undefined || isDay(day), "This should be a day, such as 2014-04-15."),
  booth: word,
  project: word,
  category: word.pipe(z.enum(["existing", "curious", "new"]).optional()),
});

/**
 * The filters of a report's address: slugs, or "(none)" for what has none. One that is not known is refused: the report would
 * tell of more than somebody thinks.
 */
export const checkFilters = (query: unknown) => check(filters, { ...(query as object) });

const paper = z.strictObject({ paper: word.pipe(z.enum(PAPERS).default("a4")) });

/** The paper that a report is printed on: A4 where none is named. */
export const checkPaper = (query: unknown) => check(paper, { ...(query as object) });
