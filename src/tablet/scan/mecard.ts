import type { Field, Found } from "./contact";
import { addressesIn, inOrder, phoneOf } from "./vcard";

/** What each name of a short card means: DoCoMo's MECARD, and BIZCARD and MEBKM, which are written alike. */
type Meaning = [label: string, field?: Field];
const MECARD: Record<string, Meaning> = {
  N: ["name", "name"],
  SOUND: ["name as it is spoken"],
  NICKNAME: ["nickname"],
  ORG: ["organization", "organization"],
  COMPANY: ["organization", "organization"],
  TITLE: ["role", "role"],
  TEL: ["phone", "phone"],
  "TEL-AV": ["video phone"],
  EMAIL: ["e-mail", "email"],
  URL: ["website", "website"],
  ADR: ["address"],
  BDAY: ["birthday"],
  NOTE: ["note", "note"],
  MEMORY: ["note", "note"],
};
const BIZCARD: Record<string, Meaning> = {
  N: ["name", "name"],
  X: ["name", "name"],
  T: ["role", "role"],
  C: ["organization", "organization"],
  A: ["address"],
  B: ["phone", "phone"],
  M: ["phone (cell)", "phone"],
  F: ["phone (fax)"],
  E: ["e-mail", "email"],
};
const MEBKM: Record<string, Meaning> = { TITLE: ["title"], URL: ["website", "website"] };
const KINDS: Record<string, Record<string, Meaning>> = { MECARD, BIZCARD, MEBKM };

/** Whether a text is a short card: `MECARD:N:Doe,John;TEL:+1555;;`. */
export const isShortCard = (text: string): boolean => /^(?:MECARD|BIZCARD|MEBKM):/i.test(text);

/** A short card as found things. What is not known by name is kept with its name. */
export function foundInShortCard(text: string): Found[] {
  const [, kind = "", body = ""] = /^(\w+):([\s\S]*)$/.exec(text) ?? [];
  const meanings = KINDS[kind.toUpperCase()] ?? MECARD;
  const found: Found[] = [];
  const names: string[] = [];
  for (const piece of splitAt(body, ";")) {
    const [, key = "", value = ""] = /^\s*([A-Za-z][\w-]*)\s*:([\s\S]*)$/.exec(piece) ?? [];
    const [label, field] = meanings[key.toUpperCase()] ?? [key.toLowerCase()];
    if (key === "") found.push({ label: "", value: unescaped(piece) });
    else if (field === "name" && kind.toUpperCase() === "BIZCARD") names.push(unescaped(value));
    else if (field === "name") found.push({ field, label, value: nameOf(value) });
    else if (field === "email")
      for (const address of addressesIn(unescaped(value))) found.push({ field, label, value: address });
    else if (field === "phone") found.push({ field, label, value: phoneOf(unescaped(value)) });
    else found.push({ field, label: field === "note" ? "" : label, value: unescaped(value) });
  }
  if (names.length > 0) found.unshift({ field: "name", label: "name", value: names.join(" ") });
  return found;
}

/** Family name first, then a comma: "Doe,John" is John Doe. */
function nameOf(value: string): string {
  const [family = "", ...given] = splitAt(value, ",").map((part) => unescaped(part).trim());
  return inOrder(family, given.filter(Boolean).join(" "));
}

function splitAt(text: string, separator: string): string[] {
  const parts = [""];
  for (const piece of text.match(/\\[\s\S]|[\s\S]/g) ?? []) {
    if (piece === separator) parts.push("");
    else parts[parts.length - 1] += piece;
  }
  return parts;
}

const unescaped = (text: string) => text.replace(/\\([\\;:,"])/g, "$1").replace(/\\n/gi, "\n");
