import type { FieldProblem } from "../../errors";
import { oneText } from "../../http/paging";
import { MOST_COLUMNS } from "./rules";

/** What is asked to stand side by side: slugs of events, or days, each once; and what is wrong with that. */
export interface Choice {
  values: string[];
  problems: FieldProblem[];
}

/** The values of a query parameter (`event`, `day`) that can be there several times. */
export function choiceOf(field: string, value: unknown): Choice {
  const given = (Array.isArray(value) ? value : [value]).map((each) => oneText(each));
  const values = [...new Set(given.filter((each) => each !== ""))];
  const problems =
    values.length > MOST_COLUMNS
      ? [{ field, message: `These are ${values.length}: choose ${MOST_COLUMNS} at most.` }]
      : [];
  return { values, problems };
}
