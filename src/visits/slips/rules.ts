/*
 * The codes that visitors take away: of a slip, and of their own page, which is longer. The tablet makes codes too, so this
 * knows nothing of the laptop. Why these characters, why so many, and how long guessing takes: docs/decisions/0025-slips.md;
 * for the own page, 0039-what-a-visitor-sees-of-themselves.md.
 */

/** As many as a prime number: so a weighted sum finds every slip of the pen. A character's value is its place. */
export const ALPHABET = "2346789FKLMPQRWXY";
/** What is read for something else by eye; none of these is in the alphabet itself. */
const LOOKS_LIKE: Record<string, string> = { "0": "Q", O: "Q", "1": "L", I: "L", Z: "2", G: "6", B: "8" };
const LENGTH = 10;
/** Under it there are somebody's details, so it takes longer to guess. */
const OWN_LENGTH = 12;
/** A primitive root of 17: the places of a code have weights of which no two are the same. */
const BASE = 3;
const SIZE = ALPHABET.length;

/** What somebody typed: a code, or why it is none. */
export type TypedCode =
  | { kind: "code"; code: string }
  /** Of the right length, with a character that is wrong, or two that changed places. */
  | { kind: "slip" }
  /** Nothing that could be one. */
  | { kind: "none" };

/**
 * Reads a code however it was typed: in small letters, with blanks, hyphens or dots, with O for Q. Looks nothing up: says
 * the same of every code, whether it was ever given to anybody.
 */
export const readCode = (typed: string): TypedCode => readCodeOf(LENGTH, typed);

/** Reads the code of a visitor's own page, as `readCode` does that of a slip: no code is both. */
export const readOwnCode = (typed: string): TypedCode => readCodeOf(OWN_LENGTH, typed);

function readCodeOf(length: number, typed: string): TypedCode {
  const bare = typed
    .normalize("NFKC")
    // Some paste the whole address.
    .replace(/^.*\//s, "")
    .toUpperCase()
    .replace(/[\s\p{Pd}._]+/gu, "");
  if (bare.length !== length || !/^[0-9A-Z]+$/.test(bare)) return { kind: "none" };
  const code = [...bare].map((each) => LOOKS_LIKE[each] ?? each).join("");
  return checkSum(code) === 0 ? { kind: "code", code } : { kind: "slip" };
}

/** A new code of a slip, drawn at random. `draw` gives a whole number from 0 up to, but not, its argument. */
export const newCode = (draw?: (below: number) => number): string => newCodeOf(LENGTH, draw);

/** A new code of a visitor's own page. */
export const newOwnCode = (draw?: (below: number) => number): string => newCodeOf(OWN_LENGTH, draw);

function newCodeOf(length: number, draw: (below: number) => number = drawn): string {
  const drawnPart = Array.from({ length: length - 1 }, () => ALPHABET[draw(SIZE)]).join("");
  // The last place has the weight 1: it takes what is missing to a multiple of the size.
  const rest = checkSum(`${drawnPart}${ALPHABET[0]}`) ?? 0;
  return drawnPart + ALPHABET[(SIZE - rest) % SIZE];
}

/** A code as people read it: in groups of three, three and four; that of an own page in groups of four. */
export function codeInGroups(code: string): string {
  if (code.length === OWN_LENGTH) return [code.slice(0, 4), code.slice(4, 8), code.slice(8)].join("-");
  return [code.slice(0, 3), code.slice(3, 6), code.slice(6)].join("-");
}

/** Undefined where there is a character that no code has. */
function checkSum(code: string): number | undefined {
  let sum = 0;
  for (const each of code) {
    const value = ALPHABET.indexOf(each);
    if (value < 0) return undefined;
    sum = (sum * BASE + value) % SIZE;
  }
  return sum;
}

/** Each number as likely as the others: bytes beyond the last whole round are drawn again. */
function drawn(below: number): number {
  const [byte = 0] = crypto.getRandomValues(new Uint8Array(1));
  return byte < 256 - (256 % below) ? byte % below : drawn(below);
}

/** Where the QR code of a slip leads. */
export type SlipWay =
  /** To the page of the code, at an address without a slash at its end. */
  | { kind: "page"; address: string }
  /** To a mail to the organizers. */
  | { kind: "mail"; to: string }
  /** Nowhere: it says the code alone. */
  | { kind: "code" };

/**
 * Where a slip's QR code can lead. `publicUrl` is good from anywhere, and so is a mail to `mailFrom` ("Name <address>" or an
 * address alone); `nearby`, where phones in the hall reach the laptop, is so only while they are there.
 */
export function slipWay(where: { publicUrl?: string; mailFrom?: string; nearby?: string }): SlipWay {
  if (where.publicUrl) return { kind: "page", address: where.publicUrl };
  const to = where.mailFrom?.replace(/^.*<([^<>]+)>\s*$/, "$1").trim();
  if (to) return { kind: "mail", to };
  return where.nearby ? { kind: "page", address: where.nearby } : { kind: "code" };
}

/** Stands for a code in a link that is filled in later: no code has a zero in it. */
export const ANY_CODE = "000-000-0000";

/** What a slip's QR code says. `code` in groups; `mail`: the words of the mail that it may open. */
export function slipLink(way: SlipWay, code: string, mail: { subject: string; body: string }): string {
  if (way.kind === "page") return `${way.address}/s/${code}`;
  if (way.kind === "code") return code;
  const subject = encodeURIComponent(`${mail.subject} ${code}`);
  return `mailto:${way.to.replace(/[^\w.+@-]/g, encodeURIComponent)}?subject=${subject}&body=${encodeURIComponent(mail.body)}`;
}

/** Stands for the code of an own page in a link that is filled in later. */
export const ANY_OWN_CODE = "0000-0000-0000";
