import * as z from "zod";
import { type Checked, check } from "../../errors";
import { words } from "../../text";

const sending = z.object({
  text: z
    .string()
    .overwrite((text) => text.replaceAll("\r\n", "\n"))
    .pipe(words(20_000).min(1, "There is nothing to send."))
    .optional(),
});

/** What a message says, where the organizer was shown its words to change. */
export const checkSending = (body: unknown): Checked<{ text?: string }> => check(sending, body ?? {});
