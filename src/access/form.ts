import * as z from "zod";
import { check } from "../errors";
import { isOrganizersName, words } from "../text";

const PASSPHRASE = z.string().min(8, "At least 8 characters, please. Four words are good.").max(200);

/** The organizer's own passphrase at the first sign-in, typed twice. */
const newPassphrase = z
  .object({ passphrase: PASSPHRASE, again: z.string() })
  .refine((form) => form.passphrase === form.again, {
    path: ["again"],
    message: "This is not the same as above.",
  });

export const checkNewPassphrase = (body: unknown) => check(newPassphrase, body);
export const checkPassphrase = (text: unknown) => check(PASSPHRASE, text);

const signIn = z.object({
  passphrase: z.string().min(1, "Please type the passphrase.").max(200),
  next: z.unknown().optional(),
});

export const checkSignIn = (body: unknown) => check(signIn, body);

const pairing = z.object({
  name: words(60)
    .min(1, "Please say who uses this tablet.")
    .refine((name) => !isOrganizersName(name), "problem.organizer-name"),
});

/** The name of the staff member who pairs a device. */
export const checkPairing = (body: unknown) => check(pairing, body);

const LONGEST_PATH = 500;

/** A path of this site, for going back after signing in; anything else becomes the first page. */
export function ownPath(text: unknown): string {
  return typeof text === "string" && text.length <= LONGEST_PATH && /^\/(?![/\\])[^\s\\]*$/.test(text)
    ? text
    : "/";
}
