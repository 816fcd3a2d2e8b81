import * as z from "zod/mini";
import { type Checked, check } from "../../errors";
import type { Say } from "../../languages/say";
import { contactForm, PURPOSES } from "../../visits/form";

/** What visitors can put right themselves. What is on their badge, and what staff noted, is no word of theirs. */
export const CORRECTABLE = ["name", "organization", "role", "email", "phone", "handle", "website"] as const;

const { name, organization, role, email, phone, handle, website } = contactForm.shape;
const detailsForm = z.object({ name, organization, role, email, phone, handle, website });
export type Corrected = z.output<typeof detailsForm>;

/** The details as the visitor corrects them; what is left empty is taken out. Problems are in the language of `say`. */
export const checkDetails = (body: unknown, say: Say): Checked<Corrected> =>
  check(detailsForm, body ?? {}, say);

const consentForm = z.object({ purpose: z.enum(PURPOSES), language: z.string() });

/** The purpose that a visitor agrees to, and the language in which they read it. Undefined where the form is none of ours. */
export function consentIn(body: unknown): z.output<typeof consentForm> | undefined {
  const form = consentForm.safeParse(body);
  return form.success ? form.data : undefined;
}

/** The purpose in an address; undefined where it is none. */
export const purposeIn = (text: unknown) => PURPOSES.find((each) => each === text);
