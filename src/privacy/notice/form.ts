import * as z from "zod";
import { type Checked, check } from "../../errors";
import { someWords, words } from "../../text";

const link = words(500)
  .refine(
    (text) => text === "" || (/^https?:\/\//i.test(text) && URL.canParse(text)),
    "This should be a web address, such as https://example.org/privacy.",
  )
  .default("");

const FIELDS = {
  name: words(200).min(1, "Please say who is responsible: an organization, or a person."),
  reach: z
    .string()
    .overwrite((text) => text.replaceAll("\r\n", "\n"))
    .pipe(words(500).min(1, "Please say how visitors reach them: a mail address, or where they are.")),
  link,
};

/** Who is responsible for what an event's booth keeps, as an event file says it. */
export const controllerForm = z.strictObject({
  name: someWords(200),
  reach: someWords(500),
  link: link.nullish().transform((text) => text ?? ""),
});

const typedForm = z.object(FIELDS);
export type ControllerFields = z.output<typeof typedForm>;

/** The same as the organizer types it. */
export const checkController = (body: unknown): Checked<ControllerFields> => check(typedForm, body ?? {});
