import { LEFT_OUT } from "../../visits/rules";

/** What a visitor left of themselves. */
export interface Contact {
  name: string | null;
  organization: string | null;
  role: string | null;
  email: string | null;
  phone: string | null;
  handle: string | null;
  website: string | null;
  badge: string | null;
}

/** A piece of a text. `maybe`: it looks as if it told who somebody is; `detail`: it is what a visitor left of themselves. */
export interface Segment {
  text: string;
  is: "plain" | "maybe" | "detail";
}

const MAIL =
  /[\p{L}\p{N}._%+'-]+(?:[@＠]|\s?[([{<]at[)\]}>]\s?)[\p{L}\p{N}-]+(?:(?:\.|\s?[([{<]dot[)\]}>]\s?)[\p{L}\p{N}-]+)+/giu;
/** The same in words alone. */
const SPOKEN_MAIL =
  /(?<![\p{L}\p{N}._%+'-])[\p{L}\p{N}._%+'-]+\s+at\s+[\p{L}\p{N}-]+(?:\s+dot\s+[\p{L}\p{N}-]+)+/giu;
/** Digits as phone numbers group them. What has too few, or is a date or an address of a machine, is sorted out below. */
export const PHONE = /(?<![\p{L}\p{N}.:/-])(?:\+|\(|00)?\d[\d\s()/.\u2010-\u2015-]{5,}\d(?![\p{L}\p{N}])/gu;
/** Numbers with dots that are of no version: as the United States and France write them. */
const DOTTED_PHONE = /^(?:\d{3}\.\d{3}\.\d{4}|0\d(?:\.\d\d){4})$/;
const NO_PHONE = [
  /^\d{4}-\d{2}-\d{2}/,
  /^\d{1,3}(\.\d{1,3}){3}$/,
  /^\d{1,2}[./]\d{1,2}[./]\d{4}$/,
  /^\d+(\.\d+)+(-[\d.]+)?$/,
];
/** @name, @name@server, @name:server: as chats and social networks write them. */
const HANDLE =
  /(?<![\p{L}\p{N}@._-])@[\p{L}\p{N}_][\p{L}\p{N}._-]+(?:[:@][\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+)?/gu;
/** Pages that are about one person. */
const PROFILE =
  /(?<![\w-])(?:https?:\/\/)?(?:[\w-]+\.)?(?:linkedin\.com\/in|xing\.com\/profile|bsky\.app\/profile|facebook\.com|instagram\.com|twitter\.com|x\.com|t\.me|wa\.me)\/[^\s<>"')]+|(?:https?:\/\/)?(?:www\.)?(?:github\.com|gitlab\.com|codeberg\.org)\/[\w-]+\/?(?=$|[\s<>"'),.;])/giu;

/** The parts of a contact by which somebody can be reached; the other ones say who somebody is. */
const REACHED = ["email", "phone", "handle", "website"] as const;
const NAMED = ["name", "organization", "badge"] as const;

/**
 * Cuts a text where something in it looks personal: mail addresses, phone numbers, names in chats, pages about one
 * person; and what is known of the visitors who asked. The segments put together are the text.
 */
export function markPersonal(text: string, known: Partial<Contact>[] = []): Segment[] {
  const names = ["plain", "maybe", "maybe", "detail"] as const;
  return runs(text, kindsIn(text, known), (kind) => names[kind] as Segment["is"]).map(([text, is]) => ({
    text,
    is,
  }));
}

/** What each character is part of: nothing, what looks personal, the visitor's name, what they can be reached by. */
type Kind = 0 | 1 | 2 | 3;

function kindsIn(text: string, known: Partial<Contact>[]): Uint8Array {
  const kinds = new Uint8Array(text.length);
  const mark = (
    pattern: RegExp,
    kind: Kind,
    isMeant: (found: string) => boolean = () => true,
    within: string = text,
  ) => {
    for (const { 0: found, index } of within.matchAll(pattern)) {
      if (!isMeant(found)) continue;
      for (let at = index; at < index + found.length; at++) kinds[at] = Math.max(kinds[at] as number, kind);
    }
  };
  mark(MAIL, 1);
  mark(SPOKEN_MAIL, 1);
  mark(HANDLE, 1);
  mark(PROFILE, 1);
  mark(
    PHONE,
    1,
    (found) =>
      // No number on earth has more than 15 digits (E.164).
      /^.{7,15}$/.test(found.replace(/\D/g, "")) &&
      (DOTTED_PHONE.test(found) || !NO_PHONE.some((each) => each.test(found))),
  );
  const plain = withoutAccents(text);
  for (const contact of known) {
    for (const field of NAMED) {
      for (const each of namesIn(contact[field])) {
        mark(each, 1);
        mark(each, 1, undefined, plain);
      }
    }
    const name = contact.name?.trim() ?? "";
    if (name.length > 2) mark(asWritten(name), 2);
    // "Dear Zoë Müller," or "Zoë:" at the beginning of a line: of a name that is a word too ("Will", "Rose").
    for (const part of name.split(/\s+/)) if (part.length > 1) mark(asWritten(part, "(?=\\s*[,:!])"), 2);
    for (const field of REACHED) {
      const value = contact[field]?.trim();
      if (!value) continue;
      if (field === "phone") {
        mark(PHONE, 3, (found) => isSameNumber(found, value));
      }
      mark(asWritten(value), 3);
      // A page with its name alone is the same page.
      if (field === "website") mark(asWritten(value.replace(/^https?:\/\/(www\.)?|\/+$/gi, "")), 3);
    }
  }
  return kinds;
}

/** A text cut where what it is changes. */
function runs<Is>(text: string, kinds: Uint8Array, isOf: (kind: number) => Is): [text: string, is: Is][] {
  const found: [string, Is][] = [];
  for (let from = 0; from < text.length; ) {
    const is = isOf(kinds[from] as number);
    let until = from + 1;
    while (until < text.length && isOf(kinds[until] as number) === is) until += 1;
    found.push([text.slice(from, until), is]);
    from = until;
  }
  return found;
}

/**
 * Finds a name, and the words of it that stand out: of "Zoë van Dyk-Li", also "Zoë", "Dyk-Li", "Dyk" and "Li". Words of two
 * letters only as they are written in the name: "an" and "Jo" are words and syllables elsewhere.
 */
function namesIn(name: string | null | undefined): RegExp[] {
  const whole = name?.trim();
  if (!whole) return [];
  const words = [...whole.split(/[\s,]+/), ...whole.split(/[\s,-]+/)].filter(
    (word) => /^\p{Lu}/u.test(word) && word.length > 1,
  );
  return [
    asWritten(whole),
    ...[...new Set(words)].map((word) => asWritten(word, "", word.length > 2 ? "giu" : "gu")),
  ];
}

/** The same text, character by character, without the accents that are part of a letter. */
export function withoutAccents(text: string): string {
  return text.replace(/[^\p{ASCII}]/gu, (letter) => {
    const plain = letter.normalize("NFD").replace(/\p{M}/gu, "");
    return plain.length === letter.length ? plain : letter;
  });
}

/** Scripts that put no spaces around a name. */
export const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}]/u;

/** Finds words in whatever case they are written, and whether an accent is a character of its own, part of a letter, or left out. */
export function asWritten(words: string, after = "", flags = "giu"): RegExp {
  if (words === "") return /(?!)/g;
  const composed = words.normalize("NFC");
  const escaped = [...new Set([words, composed, words.normalize("NFD"), withoutAccents(composed)])].map(
    (each) => each.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&").replace(/\s+/g, "\\s+"),
  );
  const [start, end] = UNSPACED.test(words) ? ["", ""] : ["(?<![\\p{L}\\p{N}])", "(?![\\p{L}\\p{N}\\p{M}])"];
  return new RegExp(`${start}(?:${escaped.join("|")})${end}${after}`, flags);
}

/** Whether two phone numbers are the same, with the country's code or without. */
export function isSameNumber(one: string, other: string): boolean {
  const [a, b] = [one, other].map((each) => each.replace(/\D/g, "").replace(/^0+/, "")) as [string, string];
  return a.length >= 6 && b.length >= 6 && (a.endsWith(b) || b.endsWith(a));
}

/** From which kind on something is left out. */
const FROM: Record<"all" | "known" | "details", Kind> = { all: 1, known: 2, details: 3 };

/**
 * A text without what tells who somebody is. `all`: whatever looks personal, and every part of the names and organizations
 * of those who are known. `known`: what these left to be reached by, and their names where they stand whole or are
 * addressed, so that words that are names too stay. `details`: what they left to be reached by alone.
 */
export function withoutPersonal(
  text: string,
  known: Partial<Contact>[],
  which: "all" | "known" | "details" = "all",
): string {
  return runs(text, kindsIn(text, known), (kind) => kind >= FROM[which])
    .map(([each, isPersonal]) => (isPersonal ? LEFT_OUT : each))
    .join("");
}

/** What a visitor left of themselves that stands in a text. Empty where nothing does. */
export function detailsIn(text: string, known: Partial<Contact>[]): string[] {
  const found = markPersonal(text, known).filter((segment) => segment.is === "detail");
  return [...new Set(found.map((segment) => segment.text))];
}
