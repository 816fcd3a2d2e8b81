import * as z from "zod";
import { type Checked, check } from "../../errors";
import { EVENT_FIELDS } from "../../events/form";
import { tidy, words } from "../../text";
import type { Front } from "./rules";

/** Longer than any report of a booth; as a form, in any script, within what the laptop takes. */
const MOST_TEXT = 25_000;
const MOST_WORDS = 20;

const line = words(200).overwrite((text) => text.replace(/\s+/g, " "));

/** Words that somebody parted by commas, each once. */
const list = words(1000)
  .default("")
  .transform((text) => [
    ...new Set(
      text
        .split(",")
        .map((each) => each.replace(/\s+/g, " ").trim())
        .filter(Boolean),
    ),
  ])
  .refine((all) => all.every((each) => each.length <= 60), "Each of these should have 60 characters at most.")
  .refine((all) => all.length <= MOST_WORDS, `These should be ${MOST_WORDS} at most.`);

const form = z.object({
  title: line.min(1, "Please give the write-up a title."),
  author: line.default(""),
  date: EVENT_FIELDS.startsOn,
  tags: list,
  categories: list,
  text: z
    .string()
    // Browsers send lines as Windows ends them.
    .overwrite((text) => tidy(text.replace(/\r\n?/g, "\n")))
    .max(MOST_TEXT, `This is longer than ${MOST_TEXT.toLocaleString("en")} characters.`),
});

/** What the organizer writes. */
export interface WriteUpFields {
  front: Front;
  text: string;
}

/** The form of the page: tags and categories are words parted by commas. */
export function checkWriteUp(body: unknown): Checked<WriteUpFields> {
  const checked = check(form, body);
  if (!checked.ok) return checked;
  const { text, ...front } = checked.value;
  return { ok: true, value: { front, text } };
}

/** Which version of the text a window shows; a made-up one is none that there is. */
export function shownVersion(body: unknown): number {
  const version = (body as Record<string, unknown> | undefined)?.version;
  return /^\d{1,9}$/.test(typeof version === "number" ? String(version) : oneWord(version))
    ? Number(version)
    : -1;
}

const oneWord = (value: unknown) => (typeof value === "string" ? value : "");

/** The fields as they were typed, for a page that comes back with them. */
export type TypedWriteUp = Record<"title" | "author" | "date" | "tags" | "categories" | "text", string>;

export function typedWriteUp(body: unknown): TypedWriteUp {
  const given = (body ?? {}) as Record<string, unknown>;
  const text = (name: string) => oneWord(given[name]);
  return {
    title: text("title"),
    author: text("author"),
    date: text("date"),
    tags: text("tags"),
    categories: text("categories"),
    text: text("text").replace(/\r\n?/g, "\n"),
  };
}

export function typedOf({ front, text }: WriteUpFields): TypedWriteUp {
  return { ...front, tags: front.tags.join(", "), categories: front.categories.join(", "), text };
}
