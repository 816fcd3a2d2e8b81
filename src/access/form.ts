import * as z from "zod";
import type { Instant } from "../database/tables";
import { check } from "../errors";
import type { MessageKey, Say } from "../languages/say";
import { isOrganizersName, words } from "../text";
import { LOCK_CHOICES } from "./rules";

/** The key of a message, which `check` turns into words. */
const key = (message: MessageKey) => message;

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
  passphrase: z.string().min(1, key("sign-in.empty")).max(200),
  next: z.unknown().optional(),
});

export const checkSignIn = (body: unknown, say: Say) => check(signIn, body, say);

/** The field in which a form brings the passphrase that opens a locked session. */
export const UNLOCKING = "unlock-with-passphrase";

const locking = z.object({
  minutes: z
    .enum([...LOCK_CHOICES.map(String), "never"], "Please choose one of these.")
    .transform((text) => (text === "never" ? null : Number(text))),
});

/** After how many minutes sessions lock; null: never. */
export const checkLockAfter = (body: unknown) => check(locking, body);

const pairing = z.object({
  name: words(60)
    .min(1, key("pairing.name-empty"))
    .refine((name) => !isOrganizersName(name), key("problem.organizer-name")),
});

/** The name of the staff member who pairs a device. */
export const checkPairing = (body: unknown, say: Say) => check(pairing, body, say);

const instant = z.iso.datetime({ offset: true }).transform((text): Instant => Date.parse(text));

const standing = z.object({
  waiting: z.int().min(0).max(1_000_000),
  since: instant.nullish().transform((at) => at ?? null),
  rescued: z.boolean().default(false),
  sentAt: instant.optional(),
});

/** How it stands on a device, as it says itself; `sentAt` is what its clock shows. */
export const checkStanding = (body: unknown) => check(standing, body);

const LONGEST_PATH = 500;

/** A path of this site, for going back after signing in; anything else becomes the first page. */
export function ownPath(text: unknown): string {
  return typeof text === "string" && text.length <= LONGEST_PATH && /^\/(?![/\\])[^\s\\]*$/.test(text)
    ? text
    : "/";
}
