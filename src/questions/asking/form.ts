import * as z from "zod";
import { type Checked, check } from "../../errors";
import type { MessageKey, Say } from "../../languages/say";
import { words } from "../../text";
import { EMAIL, PURPOSES } from "../../visits/form";
import type { Left } from "./rules";

const key = (message: MessageKey) => message;

const optionalWords = (most: number) =>
  words(most)
    .optional()
    .transform((text) => text || undefined);

/** One box ticked comes as a text, several as a list. */
const ticks = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((ticked) => PURPOSES.filter((purpose) => [ticked].flat().includes(purpose)));

const asked = z
  .object({
    /** Made with the form, so that one that is sent twice is one question. */
    id: z.uuid(),
    question: z
      .string(key("ask.question-empty"))
      .overwrite((text) => text.replaceAll("\r\n", "\n"))
      .pipe(words(2000).min(1, key("ask.question-empty"))),
    topic: optionalWords(80),
    name: optionalWords(200),
    email: words(254)
      .refine((text) => text === "" || EMAIL.test(text), key("problem.mail"))
      .optional()
      .transform((text) => text || undefined),
    consent: ticks,
    /** The language of the page when it was shown. */
    language: z.string().max(20).optional(),
    /** People do not see it; machines fill in whatever there is. */
    homepage: z.literal("", key("ask.not-empty")).optional(),
  })
  .transform(({ id, question, topic, name, email, consent, language }) => ({
    id: id.toLowerCase(),
    text: question,
    topic,
    language,
    // Consent without any detail is consent to nothing.
    left: name || email ? ({ name, email, consent } satisfies Left) : undefined,
  }));

/** A question that a visitor asks on their own phone. */
export type Asked = z.output<typeof asked>;

export const checkAsked = (body: unknown, say: Say): Checked<Asked> => check(asked, body ?? {}, say);

const acceptance = z.union([
  z.object({ category: z.enum(["existing", "curious", "new"]) }),
  z.object({ visit: z.uuid().transform((id) => id.toLowerCase()) }),
]);

/** What staff say that a visitor's question belongs to: a visit that it makes, or one that was logged. Undefined where neither. */
export function acceptanceIn(body: unknown): z.output<typeof acceptance> | undefined {
  const form = acceptance.safeParse(body);
  return form.success ? form.data : undefined;
}
