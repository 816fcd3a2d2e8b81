import * as z from "zod";
import { type Checked, check } from "../errors";
import { words } from "../text";

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
