import * as z from "zod";
import type { QuestionState } from "../database/tables";
import { type Checked, check } from "../errors";
import { oneText, placeFrom } from "../http/paging";
import { words } from "../text";
import { STATES } from "./rules";
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

/** Where a page of the queue begins: "routed.1706958000000.…" goes by state, time and id. */
export function queueTurn(query: Record<string, unknown>): QueueTurn {
  const placeOf = (value: unknown) => {
    const [state = "", ...rest] = oneText(value).split(".");
    const place = placeFrom(rest.join("."));
    return place && isState(state) ? { ...place, state } : undefined;
  };
  return { before: placeOf(query.before), after: placeOf(query.after) };
}

/** What every step's form carries along: how the question stood when the form was shown. */
const shown = z.object({
  state: z.enum(STATES),
  /** The id of the expert who had it; empty where nobody had. */
  holder: words(40),
});

/** How the question stood when a form was shown. Undefined where the form did not come through whole. */
export function shownIn(body: unknown): { state: QuestionState; expertId: string | null } | undefined {
  const form = check(shown, body);
  return form.ok ? { state: form.value.state, expertId: form.value.holder || null } : undefined;
}

/** Several lines; browsers send their breaks as CR LF. */
const note = z
  .string()
  .overwrite((text) => text.replaceAll("\r\n", "\n"))
  .pipe(words(5000));

const routing = z.object({
  expert: z.string("Please choose who gets it.").pipe(words(80).min(1, "Please choose who gets it.")),
});
export const checkRouting = (body: unknown): Checked<{ expert: string }> => check(routing, body ?? {});

const answer = z.object({
  answer: note.pipe(z.string().min(1, "Please say what was answered, or give the address where it is.")),
});
export const checkAnswer = (body: unknown): Checked<{ answer: string }> => check(answer, body ?? {});

const remark = z.object({ note: note.optional() });
/** A step that may be given a reason. */
export const checkRemark = (body: unknown): Checked<{ note?: string }> => check(remark, body ?? {});

const topic = z.object({ topic: z.string("Please choose a topic.").pipe(words(80)) });
/** The topic's slug; empty for none. */
export const checkTopic = (body: unknown): Checked<{ topic: string }> => check(topic, body ?? {});
