import * as z from "zod";

/** Text as it is kept: without blanks around it, and as `storable` makes it. */
export function tidy(text: string): string {
  return storable(text).trim();
}

/**
 * Text without what no database and no page can hold: a zero character is left out, half of a surrogate pair becomes
 * U+FFFD.
 */
export function storable(text: string): string {
  return wellFormed(text).replaceAll("\0", "");
}

/** Text of a form or a file, `most` characters at most, tidied. */
export const words = (most: number): z.ZodString => z.string().overwrite(tidy).max(most);

/** Text that may not be empty. */
export const someWords = (most: number): z.ZodString => words(most).min(1);

/** Whether a name is the one under which the organizer's own visits and steps are kept, however it is written. */
export function isOrganizersName(name: string): boolean {
  return (
    name
      .normalize("NFKC")
      .replace(/[\s\p{Cf}]+/gu, "")
      .toLowerCase() === "organizer"
  );
}

/** `String.prototype.toWellFormed`, which a tablet of some years ago does not have. */
function wellFormed(text: string): string {
  return text.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, "\uFFFD");
}
