import type { Writer } from "../../database/door";
import type { Reader } from "../../database/open";
import type { Instant } from "../../database/tables";
import { Problem } from "../../errors";
import { DETAILS } from "../../exports/rules";
import { contains } from "../../visits/list/store";
import { fold, searchWords } from "../../visits/rules";
import { readCode, readOwnCode } from "../../visits/slips/rules";
import { ORGANIZER } from "../../visits/store";
import { ERASED_EXPERT, isNameless, peopleOfExpert } from "../erasure/rules";
import { type By, type Erased, erase } from "../erasure/store";
import { type Person, titleOf } from "../mentions/rules";
import { type Text, textAt, textsAbout, textsOfVisits, writeText } from "../mentions/store";
import { type Edited, sealOf } from "./form";
import { isSamePerson } from "./rules";

/** As many of a kind as are shown; whoever finds more says more words. */
export const MOST_FOUND = 50;

/** Somebody whom the words of a search found, with all that tells them apart from others. */
export interface Found extends Erased {
  person: Person;
  /** Where and when; none: of no event. */
  eventId?: string;
  at?: Instant;
  /** What they asked. */
  questions: string[];
  /** In the bin: they go with all of it. */
  isInBin?: boolean;
}

/**
 * Everybody whom these words find: by name, mail address, phone number or whatever else they left, or by the
 * code of a slip or of their own page.
 */
export async function findPeople(read: Reader, typed: string): Promise<Found[]> {
  const words = searchWords(typed);
  if (words.length === 0) return [];
  const [slip, own] = [readCode(typed), readOwnCode(typed)];
  const byCode = [
    ...(slip.kind === "code" ? await underCode(read, slip.code) : []),
    ...(own.kind === "code" ? await underOwnCode(read, own.code) : []),
  ];
  if (byCode.length > 0) return byCode;
  const [visitors, asked, staff, experts] = await Promise.all([
    visitorsFound(read, words),
    askedFound(read, words),
    staffFound(read, words),
    expertsFound(read, words),
  ]);
  return [...visitors, ...asked, ...staff, ...experts];
}

/** Whether all words stand in what is known of somebody. */
function hasAll(person: Person, words: string[]): boolean {
  const all = fold(Object.values(person).filter(Boolean).join("\n"));
  const digits = all.replace(/\D/g, "");
  return words.every(
    (word) =>
      all.includes(word) || (/^[+\d()/.-]{5,}$/.test(word) && digits.includes(word.replace(/\D/g, ""))),
  );
}

function detailsOf(row: Person): Person {
  return Object.fromEntries(DETAILS.map((field) => [field, row[field as keyof Person] ?? null]));
}

async function underCode(read: Reader, code: string): Promise<Found[]> {
  const slip = await read
    .selectFrom("slips")
    .innerJoin("questions", "questions.id", "slips.question_id")
    .select("questions.visit_id")
    .where("slips.code", "=", code)
    .executeTakeFirst();
  if (slip) return visitorsOf(read, [slip.visit_id], true);
  const asked = await read.selectFrom("visitor_questions").selectAll().where("code", "=", code).execute();
  return asked.map(askedAs);
}

async function underOwnCode(read: Reader, code: string): Promise<Found[]> {
  const row = await read
    .selectFrom("visitor_codes")
    .select(["visit_id", "question_id"])
    .where("code", "=", code)
    .executeTakeFirst();
  if (row?.visit_id) return visitorsOf(read, [row.visit_id]);
  if (!row?.question_id) return [];
  const asked = await read
    .selectFrom("visitor_questions")
    .selectAll()
    .where("id", "=", row.question_id)
    .execute();
  return asked.map(askedAs);
}

async function visitorsFound(read: Reader, words: string[]): Promise<Found[]> {
  // A number is written with blanks and signs in between: of those, all with details are looked through.
  const searched = words.filter((word) => !/\d{5}/.test(word.replace(/\D/g, "")));
  const rows = await read
    .selectFrom("contacts")
    .select("contacts.visit_id")
    .$if(searched.length > 0, (query) =>
      query
        .innerJoin("visit_texts", "visit_texts.visit_id", "contacts.visit_id")
        .where(({ and }) => and(searched.map((word) => contains("visit_texts.text", word)))),
    )
    .orderBy("contacts.visit_id", "desc")
    .limit(searched.length > 0 ? 1000 : 100_000)
    .execute();
  const found: Found[] = [];
  for (let from = 0; from < rows.length && found.length < MOST_FOUND; from += 500) {
    const ids = rows.slice(from, from + 500).map((row) => row.visit_id);
    found.push(...(await visitorsOf(read, ids)).filter(({ person }) => hasAll(person, words)));
  }
  return found.slice(0, MOST_FOUND);
}

/** The visitors of these visits; also of such without details where asked for. */
async function visitorsOf(read: Reader, ids: string[], alsoWithout = false): Promise<Found[]> {
  if (ids.length === 0) return [];
  const rows = await read
    .selectFrom("visits")
    .leftJoin("contacts", "contacts.visit_id", "visits.id")
    .selectAll("contacts")
    .select(["visits.id", "visits.event_id", "visits.happened_at", "visits.deleted_at"])
    .where("visits.id", "in", ids)
    .orderBy("visits.happened_at", "desc")
    .execute();
  const questions = await read
    .selectFrom("questions")
    .select(["visit_id", "text"])
    .where("visit_id", "in", ids)
    .orderBy("position")
    .execute();
  return rows
    .filter((row) => alsoWithout || row.visit_id !== null)
    .map((row) => ({
      kind: "visit" as const,
      id: row.id,
      person: detailsOf(row),
      eventId: row.event_id,
      at: row.happened_at,
      questions: questions.filter(({ visit_id }) => visit_id === row.id).map(({ text }) => text),
      isInBin: row.deleted_at !== null,
    }));
}

function askedAs(row: {
  id: string;
  event_id: string;
  text: string;
  contact: string | null;
  asked_at: Instant;
}): Found {
  const left = row.contact === null ? {} : (JSON.parse(row.contact) as { name?: string; email?: string });
  return {
    kind: "visitor-question",
    id: row.id,
    person: { name: left.name ?? null, email: left.email ?? null },
    eventId: row.event_id,
    at: row.asked_at,
    questions: [row.text],
  };
}

async function askedFound(read: Reader, words: string[]): Promise<Found[]> {
  const rows = await read
    .selectFrom("visitor_questions")
    .selectAll()
    .where("contact", "is not", null)
    .orderBy("asked_at", "desc")
    .execute();
  return rows
    .map(askedAs)
    .filter(({ person }) => hasAll(person, words))
    .slice(0, MOST_FOUND);
}

async function staffFound(read: Reader, words: string[]): Promise<Found[]> {
  const devices = await read
    .selectFrom("devices")
    .select(["id", "event_id", "staff_name as name", "paired_at as at"])
    .orderBy("paired_at")
    .execute();
  const loggers = await read
    .selectFrom("staff_names")
    .select(["event_id", "name"])
    .select(({ selectFrom }) =>
      selectFrom("visits")
        .select("visits.id")
        .whereRef("visits.event_id", "=", "staff_names.event_id")
        .whereRef("visits.staff_name", "=", "staff_names.name")
        .limit(1)
        .as("id"),
    )
    .execute();
  const seen = new Set<string>();
  const all = [
    ...devices.map((row) => ({ ...row, kind: "device" as const })),
    ...loggers.map((row) => ({ ...row, at: undefined, kind: "staff-of-visit" as const })),
  ];
  return all.flatMap(({ kind, id, event_id, name, at }): Found[] => {
    const key = `${event_id} ${name}`;
    if (!id || !name || name === ORGANIZER || isNameless(name) || seen.has(key)) return [];
    if (!hasAll({ name }, words)) return [];
    seen.add(key);
    return [{ kind, id, person: { name }, eventId: event_id, at, questions: [] }];
  });
}

async function expertsFound(read: Reader, words: string[]): Promise<Found[]> {
  const rows = await read
    .selectFrom("experts")
    .select(["id", "name", "kind", "address", "webhook"])
    .orderBy("name")
    .execute();
  return rows
    .filter(({ name, address }) => name !== ERASED_EXPERT && hasAll({ name, email: address }, words))
    .map((row) => ({
      kind: "expert" as const,
      id: row.id,
      person: { name: row.name, email: row.address },
      questions: [],
    }));
}

/** Those who are chosen, as far as they are there. */
export async function chosenPeople(read: Reader, chosen: Erased[]): Promise<Found[]> {
  const ids = (kind: Erased["kind"]) => chosen.filter((each) => each.kind === kind).map(({ id }) => id);
  const found = await visitorsOf(read, ids("visit"), true);
  const asked = ids("visitor-question");
  if (asked.length > 0) {
    const rows = await read.selectFrom("visitor_questions").selectAll().where("id", "in", asked).execute();
    found.push(...rows.map(askedAs));
  }
  for (const id of ids("device")) {
    const row = await read.selectFrom("devices").selectAll().where("id", "=", id).executeTakeFirst();
    if (!row || isNameless(row.staff_name)) continue;
    found.push({
      kind: "device",
      id,
      person: { name: row.staff_name },
      eventId: row.event_id,
      at: row.paired_at,
      questions: [],
    });
  }
  for (const id of ids("staff-of-visit")) {
    const row = await read.selectFrom("visits").selectAll().where("id", "=", id).executeTakeFirst();
    const name = row?.staff_name;
    if (!row || !name || name === ORGANIZER || isNameless(name)) continue;
    found.push({ kind: "staff-of-visit", id, person: { name }, eventId: row.event_id, questions: [] });
  }
  for (const id of ids("expert")) {
    const row = await read.selectFrom("experts").selectAll().where("id", "=", id).executeTakeFirst();
    if (!row || row.name === ERASED_EXPERT) continue;
    const person = peopleOfExpert(row)[0] as Person;
    found.push({ kind: "expert", id, person, questions: [] });
  }
  return found;
}

/** Records that are most likely of the same people, and were not chosen: with the same mail address or phone number. */
export async function alsoTheirs(read: Reader, chosen: Found[]): Promise<Found[]> {
  const signs = chosen.flatMap(({ person }) => [person.email, person.phone]).filter((sign) => sign);
  const known = new Set(chosen.map(({ id }) => id));
  const found: Found[] = [];
  for (const sign of signs) {
    for (const each of await findPeople(read, sign as string)) {
      if (known.has(each.id) || (each.kind !== "visit" && each.kind !== "visitor-question")) continue;
      if (!chosen.some(({ person }) => isSamePerson(person, each.person))) continue;
      known.add(each.id);
      found.push(each);
    }
  }
  return found;
}

/** A text that may have to be changed when these people are erased. */
export interface Concerned extends Text {
  title: string;
  isOwn: boolean;
}

/** The people whom texts may mention, and the visits whose texts are theirs. */
export function concernedBy(found: Found[]): { people: Person[]; visitIds: string[] } {
  return {
    people: found.map(({ person }) => person),
    visitIds: found.filter(({ kind, isInBin }) => kind === "visit" && !isInBin).map(({ id }) => id),
  };
}

/** The texts for the organizer to read before these people are erased: their own first. */
export async function textsToRead(read: Reader, found: Found[]): Promise<Concerned[]> {
  const { people, visitIds } = concernedBy(found);
  const asked = new Set(found.filter(({ kind }) => kind === "visitor-question").map(({ id }) => id));
  const inBin = new Set(found.filter(({ isInBin }) => isInBin).map(({ id }) => id));
  const own = await textsOfVisits(read, visitIds);
  const known = new Set(own.map(({ place, id }) => `${place} ${id}`));
  const others = (await textsAbout(read, people, { visitIds, level: "maybe" })).filter(
    ({ place, id, visitId }) =>
      !known.has(`${place} ${id}`) &&
      // What goes as a whole needs no reading.
      !(place === "asked" && asked.has(id)) &&
      !(visitId !== null && inBin.has(visitId)),
  );
  const listed = (texts: Text[], isOwn: boolean) =>
    texts.flatMap((text): Concerned[] => {
      const title = titleOf(text.place);
      // Their own details go, and with them what was noted there.
      if (!title || (isOwn && (text.place === "note on a contact" || text.place === "message"))) return [];
      return [{ ...text, title, isOwn }];
    });
  return [...listed(own, true), ...listed(others, false)];
}

/**
 * Erases people with the texts as the organizer left them. Throws `conflict` where one of these is not what they read any more:
 * nothing is changed then.
 */
export async function eraseReviewed(
  writer: Writer,
  chosen: Erased[],
  edits: Edited[],
  by: By,
  now: Instant,
): Promise<void> {
  await writeEdits(writer, edits, now);
  for (const what of chosen) await erase(writer, what, { ...by, isReviewed: true }, now);
}

/** A text as a form gives it back where nobody changed it. */
const asTyped = (text: string) => text.replaceAll("\r\n", "\n").trim();

/** Puts texts in place as the organizer left them. Throws `conflict` where one is not what they read any more. */
export async function writeEdits(writer: Writer, edits: Edited[], now: Instant): Promise<void> {
  for (const { place, id, seal, text } of edits) {
    const kept = await textAt(writer, place, id);
    if (!kept || sealOf(kept.text) !== seal) {
      throw new Problem("conflict", "One of these texts was changed a moment ago. Please read it again.");
    }
    if (text !== asTyped(kept.text)) await writeText(writer, kept, text, now);
  }
}

/** Visits that wait on the devices of staff who are to be erased: these will not get in by themselves any more. */
export async function waitingOn(read: Reader, found: Erased[]): Promise<number> {
  const ids = found.filter(({ kind }) => kind === "device").map(({ id }) => id);
  if (ids.length === 0) return 0;
  const rows = await read.selectFrom("devices").select("waiting").where("id", "in", ids).execute();
  return rows.reduce((sum, { waiting }) => sum + (waiting ?? 0), 0);
}
