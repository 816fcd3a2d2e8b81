import { isDay } from "../../events/rules";
import { oneText } from "../../http/paging";
import { CATEGORIES } from "../form";

/** What a list of visits is narrowed down to, as its address says it: slugs and names, empty where nothing. */
export interface VisitChoice {
  search: string;
  day: string;
  category: string;
  project: string;
  topic: string;
  staff: string;
  /** "bin": what was deleted; "two-versions": what waits for a choice. */
  show: string;
}

/** The query of the list's address. What it cannot mean is left out, so that an old link still shows something. */
export function visitChoice(query: Record<string, unknown>): VisitChoice {
  const oneOf = (value: string, allowed: readonly string[]) => (allowed.includes(value) ? value : "");
  const day = oneText(query.day);
  return {
    search: oneText(query.search),
    day: isDay(day) ? day : "",
    category: oneOf(oneText(query.category), CATEGORIES),
    project: oneText(query.project),
    topic: oneText(query.topic),
    staff: oneText(query.staff),
    show: oneOf(oneText(query.show), ["bin", "two-versions"]),
  };
}
