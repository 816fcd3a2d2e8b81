import path from "node:path";
import * as z from "zod";
import { type Checked, check } from "../errors";

const place = z.object({
  place: z
    .string("Choose a place, or type a folder.")
    .trim()
    .min(1, "Choose a place, or type a folder.")
    .max(1000)
    .refine((text) => !/\p{Cc}/u.test(text) && path.isAbsolute(text), {
      message: "Type the whole path of the folder, from the top: such as /media/ada/STICK.",
    })
    .transform((text) => path.normalize(text)),
});

/** Where backups are to go: a whole path. `other`: typed in the place of one that was offered. */
export function checkPlace(input: unknown): Checked<z.infer<typeof place>> {
  const { place: chosen, other } = (input ?? {}) as { place?: unknown; other?: unknown };
  return check(place, { place: chosen === "other" || chosen === undefined ? other : chosen });
}
