import { safeParse } from "zod/v4/core";
import { tidy } from "../../text";
import { contactForm, EMAIL, type SentVisit } from "../../visits/form";

/** The details of a contact that a code can fill. */
export type Field =
  | "name"
  | "organization"
  | "role"
  | "email"
  | "phone"
  | "handle"
  | "website"
  | "badge"
  | "note";

export type ScannedContact = Partial<Record<Field, string>>;

/** What a code says: details of a contact that all pass `contactForm`, and as text what found no place in them. */
export interface Scanned {
  contact: ScannedContact;
  rest?: string;
}

/** The contact of a visit, as the capture page has it. */
export type KnownContact = NonNullable<SentVisit["contact"]>;

/** One thing that a code says, in words. */
export interface Found {
  /** Where it belongs; without one it is told in the note. */
  field?: Field;
  /** What it is, for the note: "phone (home)". */
  label: string;
  value: string;
  /** Of several values for one field the one with the lowest rank gets it. */
  rank?: number;
  /** Often says what is told already: left out where each of its words is in one other value. */
  again?: boolean;
  /** What else is said of the value, such as a label of the owner's own; told in the note where the value fills a field. */
  aside?: string;
}

const FIELDS: Field[] = ["name", "organization", "role", "email", "phone", "handle", "website", "badge"];
const NOTE_LABELS: Record<Field, string> = {
  name: "name",
  organization: "organization",
  role: "role",
  email: "e-mail",
  phone: "phone",
  handle: "chat or social name",
  website: "website",
  badge: "badge",
  note: "note",
};

/** Found things → a contact. The likeliest value of each field fills it, all others go to the note, one line each. */
export function compose(found: Found[]): Scanned {
  const contact: ScannedContact = {};
  const taken = new Set<Found>();
  for (const field of FIELDS) {
    const candidates = found.filter((each) => each.field === field);
    candidates.sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
    const chosen = candidates.find((each) => fits(field, oneLine(each.value)));
    if (!chosen) continue;
    contact[field] = oneLine(chosen.value);
    taken.add(chosen);
  }
  const told = Object.values(contact);
  const lines: string[] = [];
  for (const each of found) {
    const value = tidy(each.value.replace(/\r\n?/g, "\n"));
    if (taken.has(each) && each.field && each.aside && !isCommon(each.aside)) {
      lines.push(also({ label: `${NOTE_LABELS[each.field]} is`, value: each.aside }));
    }
    if (taken.has(each) || value === "") continue;
    if (each.field === "note") lines.unshift(...(each.label ? [also(each)] : [value]));
    else if (!told.some((text) => plain(text) === plain(value) || (each.again && isPartOf(value, text)))) {
      lines.push(also({ ...each, value }));
      told.push(value);
    }
  }
  return withLines(contact, lines);
}

/** Adds lines to the note of a contact; those that do not fit are given back as `rest`. */
export function withLines<C extends { note?: string | null }>(
  contact: C,
  lines: string[],
): { contact: C; rest?: string } {
  let note = contact.note ?? "";
  const rest: string[] = [];
  for (const line of lines.map(tidy)) {
    if (line === "" || note.split("\n").includes(line)) continue;
    const longer = note === "" ? line : `${note}\n${line}`;
    if (fits("note", longer)) note = longer;
    else rest.push(line);
  }
  return {
    contact: note === "" ? contact : { ...contact, note },
    ...(rest.length > 0 && { rest: rest.join("\n") }),
  };
}

/**
 * What was scanned put into the contact that is there. Empty fields are filled; nothing that was typed is overwritten:
 * what differs from it is added to the note, and given back as `rest` where that is full. Consent stays as it is.
 */
export function mergeContact(
  existing: KnownContact | null | undefined,
  scanned: ScannedContact,
): { contact: KnownContact; rest?: string } {
  const contact: KnownContact = { ...existing };
  const lines: string[] = [];
  for (const field of FIELDS) {
    const value = scanned[field];
    if (!value) continue;
    const before = contact[field];
    if (!before) contact[field] = value;
    else if (plain(before) !== plain(value)) lines.push(also({ label: NOTE_LABELS[field], value }));
  }
  const note = scanned.note ?? "";
  if (!contact.note) contact.note = note || undefined;
  else lines.push(...note.split("\n"));
  if (contact.note === undefined) delete contact.note;
  return withLines(contact, lines);
}

/** Several codes of one picture → one contact: the first is the likeliest, the others fill what it leaves empty. */
export function combine(all: Scanned[]): Scanned {
  const [first, ...others] = all;
  if (!first) return { contact: {} };
  let contact: ScannedContact = first.contact;
  const rests = [first.rest];
  for (const other of others) {
    const merged = mergeContact(contact, other.contact);
    contact = merged.contact as ScannedContact;
    rests.push(merged.rest, other.rest);
  }
  const rest = rests.filter(Boolean).join("\n");
  return { contact, ...(rest && { rest }) };
}

/** All that a scan says, one thing a line, to be read. */
export function readable({ contact, rest }: Scanned): string {
  return [...FIELDS.map((field) => contact[field]), contact.note, rest].filter(Boolean).join("\n");
}

/** Whether a value can stand in a field as it is. */
export function fits(field: Field, value: string): boolean {
  if (value === "") return false;
  if (field === "email" && !EMAIL.test(value)) return false;
  return safeParse(contactForm.shape[field], value).success;
}

/** Text for a field of one line. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: codes do have them, as separators.
  return tidy(text.replace(/[\s\u0000-\u001f\u007f]+/g, " "));
}

/** A line of the note. Its words are not the page's: what is stored does not change with the staff's language. */
export function also({ label, value }: Found): string {
  return label ? `Also: ${label}: ${tidy(value)}` : `Also: ${tidy(value)}`;
}

/** Labels that phones give by themselves. */
const isCommon = (label: string) =>
  /^(?:home ?page|work|home|mobile|cell|iphone|other|main|school|internet|e-?mail|website|profile)$/i.test(
    label,
  );
const plain = (text: string) => text.replace(/\s+/g, " ").trim().toLowerCase();
const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
const isPartOf = (some: string, all: string) => {
  const words = wordsOf(all);
  const parts = wordsOf(some);
  return parts.length > 0 && parts.every((word) => words.includes(word));
};
