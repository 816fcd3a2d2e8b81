import {
  asWritten,
  type Contact,
  isSameNumber,
  PHONE,
  UNSPACED,
  withoutAccents,
} from "../../questions/personal/rules";
import { fold, LEFT_OUT } from "../../visits/rules";

/** Somebody, by whatever is known of them. */
export type Person = Partial<Contact>;

/**
 * How sure it is that a piece of a text is somebody. `sure`: what they can be reached by, their badge's number, their whole name;
 * nobody else is meant by that. `maybe`: a part of their name as it is written, which may be somebody else's. `own`: in a text
 * that is about them anyway, also such a part in small letters, and the name of their organization.
 */
export type Level = "sure" | "maybe" | "own";

/** What each character of a text is to somebody: the higher, the surer. */
const KIND = { none: 0, own: 1, maybe: 2, sure: 3 } as const;
const FROM: Record<Level, number> = { sure: KIND.sure, maybe: KIND.maybe, own: KIND.own };

/** Words of names that are words of languages. */
const PARTICLES = new Set(
  "van von der den de del della di da do dos das du la le les el al bin ibn ben y e and und et of the mr mrs ms dr prof".split(
    " ",
  ),
);

/** Whether a text mentions one of these people. */
export function isMentioned(text: string, people: Person[], level: Level): boolean {
  return kindsIn(text, people).some((kind) => kind >= FROM[level]);
}

/** A text without these people: what was said of them is replaced by "…". A text that does not mention them stays as it is. */
export function withoutPeople(text: string, people: Person[], level: Level): string {
  return piecesOf(text, people, level)
    .map((piece) => (piece.isTheirs ? LEFT_OUT : piece.text))
    .join("");
}

/** A text cut where somebody is mentioned. The pieces put together are the text. */
export function piecesOf(
  text: string,
  people: Person[],
  level: Level,
): { text: string; isTheirs: boolean }[] {
  const kinds = kindsIn(text, people);
  const from = FROM[level];
  const pieces: { text: string; isTheirs: boolean }[] = [];
  for (let at = 0; at < text.length; ) {
    const isTheirs = (kinds[at] as number) >= from;
    let until = at + 1;
    while (until < text.length && (kinds[until] as number) >= from === isTheirs) until += 1;
    pieces.push({ text: text.slice(at, until), isTheirs });
    at = until;
  }
  return pieces;
}

interface Sign {
  pattern: RegExp;
  kind: number;
  isMeant?: (found: string) => boolean;
}

/** Made once for each: making them takes longer than looking through a text. */
const SIGNS = new WeakMap<Person, Sign[]>();

function signsOf(person: Person): Sign[] {
  const known = SIGNS.get(person);
  if (known) return known;
  const phone = person.phone?.trim();
  const name = person.name?.trim() ?? "";
  const signs: Sign[] = [
    ...reachedBy(person).map((each) => ({ pattern: asWritten(each), kind: KIND.sure })),
    ...(phone
      ? [{ pattern: PHONE, kind: KIND.sure, isMeant: (found: string) => isSameNumber(found, phone) }]
      : []),
    ...[name, turned(name)].filter(isWhole).map((each) => ({ pattern: asWritten(each), kind: KIND.sure })),
    ...partsOf(name).flatMap((part) => [
      { pattern: asWritten(part, "", "gu"), kind: KIND.maybe },
      ...(part.length > 2 ? [{ pattern: asWritten(part), kind: KIND.own }] : []),
    ]),
    ...[person.organization, person.handle, person.badge].flatMap((each) => {
      const words = each?.trim() ?? "";
      return words.length > 2 ? [{ pattern: asWritten(words), kind: KIND.own }] : [];
    }),
  ];
  SIGNS.set(person, signs);
  return signs;
}

function kindsIn(text: string, people: Person[]): Uint8Array {
  const kinds = new Uint8Array(text.length);
  if (text === "") return kinds;
  const plain = withoutAccents(text);
  // The same places with and without accents: one is as long as the other.
  const ways = plain === text ? [text] : [text, plain];
  for (const { pattern, kind, isMeant = () => true } of people.flatMap(signsOf)) {
    for (const within of ways) {
      for (const { 0: found, index } of within.matchAll(pattern)) {
        if (found === "" || !isMeant(found)) continue;
        for (let at = index; at < index + found.length; at++) kinds[at] = Math.max(kinds[at] as number, kind);
      }
    }
  }
  return kinds;
}

/** A name as lists have it, and back: "Lovelace, Ada" is "Ada Lovelace". */
function turned(name: string): string {
  const [last, first, ...more] = name.split(",").map((part) => part.trim());
  if (last && first && more.length === 0) return `${first} ${last}`;
  const words = name.split(/\s+/);
  return words.length > 1 ? `${words.at(-1)}, ${words.slice(0, -1).join(" ")}` : name;
}

/** What somebody is reached or known by, as far as it can be nobody else: "max" is a name in a chat and a word. */
function reachedBy(person: Person): string[] {
  const website = person.website?.trim() ?? "";
  const bare = website.replace(/^https?:\/\/(www\.)?|\/+$/gi, "");
  const handle = person.handle?.trim() ?? "";
  const badge = person.badge?.trim() ?? "";
  const phone = person.phone?.trim() ?? "";
  return [
    person.email?.trim() ?? "",
    website,
    bare.length > 4 ? bare : "",
    /^@|[\d@_.:-]/.test(handle) && handle.length > 3 ? handle : "",
    badge.length > 4 ? badge : "",
    phone.length > 5 ? phone : "",
  ].filter(Boolean);
}

/** Whether a name is a whole one, that nobody takes for a word: of two words and more, or in a script that puts none between. */
function isWhole(name: string): boolean {
  return UNSPACED.test(name) ? [...name].length > 2 : /\S\s+\S/.test(name) && name.length > 4;
}

/** The words of a name that stand out: of "Zoë van Dyk-Li" Zoë, Dyk-Li, Dyk and Li. */
function partsOf(name: string): string[] {
  const words = [...name.split(/[\s,]+/), ...name.split(/[\s,-]+/)].map((word) =>
    word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, ""),
  );
  return [...new Set(words)].filter(
    (word) => [...word].length > 1 && !PARTICLES.has(word.toLowerCase()) && !/^\d+$/.test(word),
  );
}

/**
 * What a text must have in it to be looked at for these people, for `LIKE`: of the list any. More texts have it than mention
 * them, but every text that does has it. Empty where nothing is known of them. `folded`: for texts as `fold` makes them, of which
 * fewer are found in vain.
 */
export function patternsOf(people: Person[], { folded = false }: { folded?: boolean } = {}): string[] {
  const pattern = (words: string, isName: boolean) => {
    if (folded) return containing(fold(words), ANYTHING);
    return containing(words, isName ? NEVER_ACCENTED : ASCII);
  };
  const patterns = people.flatMap((person) => [
    ...reachedBy(person).map((each) => pattern(each, false)),
    ...(person.phone ? [digitsInOrder(person.phone)] : []),
    ...partsOf(person.name?.trim() ?? "").map((each) => pattern(each, true)),
  ]);
  return patterns.includes("%") ? ["%"] : [...new Set(patterns)];
}

const ANYTHING = /[^%_\\\s]/u;
const ASCII = /[a-z0-9@.:/-]/i;
/** Letters of Latin script that hardly any language puts an accent on, and those of scripts that have neither accents nor cases. */
const NEVER_ACCENTED = /[bfmpqvx]|[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]/iu;

/** The letters that are written in one way alone; the others stand for anything, whatever accents they have, in whatever case. */
function containing(words: string, writtenOneWay: RegExp): string {
  const open = [...words].map((letter) => (writtenOneWay.test(letter) ? letter : "%"));
  return `%${open.join("")}%`.replace(/%+/g, "%");
}

/** The last digits of a number, whatever stands between them. */
function digitsInOrder(phone: string): string {
  const digits = phone.replace(/\D/g, "").slice(-6);
  return digits.length < 6 ? "%" : `%${[...digits].join("%")}%`;
}

/**
 * What tells that a text may be about somebody, so that of many people those are found whom a text may mention without a look at
 * each: texts and people that have none of these in common have nothing to do with one another.
 */
export function keysOf(text: string): Set<string> {
  const keys = new Set<string>();
  for (const word of fold(text).match(/[\p{L}\p{N}]+/gu) ?? []) {
    if (!UNSPACED.test(word)) keys.add(word);
    else for (let at = 0; at < word.length - 1; at++) keys.add(word.slice(at, at + 2));
  }
  for (const run of text.match(/\d[\d\s()/.\u2010-\u2015-]*\d/g) ?? []) {
    const digits = run.replace(/\D/g, "");
    if (digits.length >= 6) keys.add(`#${digits.slice(-6)}`);
  }
  return keys;
}

/** The keys of which a text must have one to mention this person. */
export function keysOfPerson(person: Person): Set<string> {
  const keys = new Set<string>();
  for (const each of [...reachedBy(person), ...partsOf(person.name?.trim() ?? "")]) {
    for (const key of keysOf(each)) if (!key.startsWith("#")) keys.add(key);
  }
  const digits = person.phone?.replace(/\D/g, "") ?? "";
  if (digits.length >= 6) keys.add(`#${digits.slice(-6)}`);
  return keys;
}

/** JSON of which every text was changed. What is no JSON is changed as a whole. */
export function inJson(json: string, change: (text: string) => string): string {
  const changed = (part: unknown): unknown => {
    if (typeof part === "string") return change(part);
    if (Array.isArray(part)) return part.map(changed);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, value]) => [change(key), changed(value)]));
  };
  try {
    return JSON.stringify(changed(JSON.parse(json)));
  } catch {
    return change(json);
  }
}

/** The query of an address of which every value was changed; what is not changed stays as it was written. */
export function inQuery(query: string, change: (text: string) => string): string {
  const values = new URLSearchParams(query);
  let isChanged = false;
  const changed = new URLSearchParams();
  for (const [name, value] of values) {
    const after = change(value);
    isChanged ||= after !== value;
    changed.append(name, after);
  }
  return isChanged ? changed.toString() : query;
}

/** The names of these kinds of text. */
export type PlaceName =
  | "question"
  | "answer"
  | "note"
  | "step"
  | "before a step"
  | "other version"
  | "note on a contact"
  | "asked"
  | "asked by"
  | "message"
  | "journal"
  | "write-up"
  | "head of the write-up"
  | "published write-up"
  | "earlier write-up"
  | "remark"
  | "platform"
  | "name of a view"
  | "saved view"
  | "reason for a list"
  | "list that was taken"
  | "reason to keep";

/** A kind of text that people type. */
interface Place {
  /** What it is called on a page; none: it is nothing to read, and is changed without anybody. */
  title?: string;
  /** How somebody is looked for in it. */
  as?: "json" | "query";
}

/** Every text that people type, wherever it is kept, apart from contact details themselves. */
export const PLACES: Record<PlaceName, Place> = {
  question: { title: "Question" },
  answer: { title: "Answer" },
  note: { title: "Note on the visit" },
  step: { title: "Note on a step" },
  "before a step": { as: "json" },
  "other version": { as: "json" },
  "note on a contact": { title: "Note on somebody else's details" },
  asked: { title: "Question that waits for a look" },
  "asked by": { as: "json" },
  message: { title: "Message" },
  journal: { title: "Journal" },
  "write-up": { title: "Write-up" },
  "head of the write-up": { as: "json" },
  "published write-up": { as: "json" },
  "earlier write-up": { title: "Earlier write-up" },
  remark: { title: "Remark" },
  platform: { title: "Platform" },
  "name of a view": { title: "Name of a saved view" },
  "saved view": { as: "query" },
  "reason for a list": { title: "Why a list was taken" },
  "list that was taken": { as: "query" },
  "reason to keep": { title: "Why details are kept longer" },
};

export const isPlace = (name: string): name is PlaceName => Object.hasOwn(PLACES, name);

/** What a kind of text is called on a page; undefined where it is nothing to read. */
export const titleOf = (name: PlaceName): string | undefined => PLACES[name].title;
