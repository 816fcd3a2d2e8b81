import type { QuestionState } from "../../database/tables";
import { oneText, placeFrom } from "../../http/paging";
import { STATES } from "../rules";
import type { QueueTurn } from "./store";

/** In an address: the questions without a topic, or with nobody. No slug looks like it. */
export const NONE = "-";

/** What the queue is narrowed down to, as its address says it: slugs, empty where nothing. */
export interface QueueChoice {
  search: string;
  state: string;
  topic: string;
  expert: string;
  project: string;
}

export function queueChoice(query: Record<string, unknown>): QueueChoice {
  const state = oneText(query.state);
  return {
    search: oneText(query.search),
    state: isState(state) ? state : "",
    topic: oneText(query.topic),
    expert: oneText(query.expert),
    project: oneText(query.project),
  };
}

const isState = (text: string): text is QuestionState => (STATES as readonly string[]).includes(text);

/** Where a page of the queue begins: "routed.2.1706958000000.…" goes by state, rank, time and id. */
export function queueTurn(query: Record<string, unknown>): QueueTurn {
  const placeOf = (value: unknown) => {
    const [state = "", rank = "", ...rest] = oneText(value).split(".");
    const place = placeFrom(rest.join("."));
    return place && isState(state) && /^\d$/.test(rank) ? { ...place, state, rank: Number(rank) } : undefined;
  };
  return { before: placeOf(query.before), after: placeOf(query.after) };
}
