import * as z from "zod";
import { check } from "../errors";
import { LOOKS } from "../http/looks";
import { LANGUAGES, type Language, type Say } from "../languages/say";

/** A field that is left out, or empty, changes nothing. */
const choice = <Value extends string>(values: readonly Value[]) =>
  z.preprocess((value) => value || undefined, z.enum(values).optional());

const settings = z.object({
  language: choice(Object.keys(LANGUAGES) as Language[]),
  look: choice(LOOKS),
  next: z.unknown().optional(),
});

/** What somebody chose for a device: its language, its look. */
export const checkSettings = (body: unknown, say: Say) => check(settings, body, say);
