import * as z from "zod";
import type { Priority } from "../database/tables";
import { type Checked, check } from "../errors";
import { words } from "../text";
import type { Shown } from "./merging/store";
import { PRIORITIES } from "./rules";

const shown = z.object({ version: words(10).regex(/^[1-9]\d{0,8}$/) });

/**
 * The version of the question that a form was shown for: every step's form carries it along. Undefined where the form
 * did not come through whole.
 */
export function shownIn(body: unknown): number | undefined {
  const form = check(shown, body);
  return form.ok ? Number(form.value.version) : undefined;
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

export const answer = z.object({
  answer: note.pipe(z.string().min(1, "Please say what was answered, or give the address where it is.")),
});
export const checkAnswer = (body: unknown): Checked<{ answer: string }> => check(answer, body ?? {});

export const remark = z.object({ note: note.optional() });
/** A step that may be given a reason. */
export const checkRemark = (body: unknown): Checked<{ note?: string }> => check(remark, body ?? {});

const topic = z.object({ topic: z.string("Please choose a topic.").pipe(words(80)) });
/** The topic's slug; empty for none. */
export const checkTopic = (body: unknown): Checked<{ topic: string }> => check(topic, body ?? {});

const priority = z.object({ priority: z.enum(PRIORITIES, "Please choose how soon.") });
export const checkPriority = (body: unknown): Checked<{ priority: Priority }> => check(priority, body ?? {});

/** A question and the version of it that was shown: "ID.VERSION". */
export const shownQuestion = z
  .string("Please choose a question.")
  .regex(/^[0-9a-f-]{36}\.[1-9]\d{0,8}$/, "Please choose a question.")
  .transform((text): Shown => ({ id: text.slice(0, 36), version: Number(text.slice(37)) }));

const merging = z.object({ other: shownQuestion });
/** The question that another one is put together with. */
export const checkMerging = (body: unknown): Checked<{ other: Shown }> => check(merging, body ?? {});

/** The id that a field of a form has; undefined where it has none. */
export function idIn(body: unknown, field: string): string | undefined {
  const value = (body as Record<string, unknown> | undefined)?.[field];
  return typeof value === "string" && /^[0-9a-f-]{36}$/.test(value) ? value : undefined;
}
