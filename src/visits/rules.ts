import { createHash } from "node:crypto";
import { DateTime } from "luxon";
import type { Lists } from "../catalog/store";
import type { ActorKind, ConsentGiver, Instant, Purpose } from "../database/tables";
import type { FieldProblem } from "../errors";
import { momentInWords } from "../events/rules";
import { type Say, sayInEnglish } from "../languages/say";
import type { ContactRecord, SentContactRecord, SentVisit, Status, VisitRecord } from "./form";

/** What stands where words were left out that told who somebody is. Not in brackets: in Markdown they would make a link. */
export const LEFT_OUT = "…";

/** SHA-256 of what a visit says, hex: the same words give the same hash, however they were sent. */
export function contentHash(visit: VisitRecord): string {
  const { revision, staff, base, ...content } = visit;
  // A slip is given for what is said; it is no part of it. Nor is how somebody was asked, or the code of their own page.
  const questions = content.questions.map(({ slip, ...words }) => words);
  return hashOf({ ...content, contact: content.contact && detailsOf(content.contact), questions });
}

function detailsOf({ consentShown, ownCode, ...details }: SentContactRecord): ContactRecord {
  return details;
}

/** SHA-256 of any words, hex: also of those that break a rule. */
export function hashOf(words: unknown): string {
  return createHash("sha256").update(inOrder(words)).digest("hex");
}

function inOrder(value: unknown): string {
  return JSON.stringify(value, (_key, part) =>
    part && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** What decides what becomes of a record: not its words, but whose they are and where they come from. */
export interface Incoming {
  revision: number;
  hash: string;
  /** Who sends it; null: the laptop. */
  deviceId: string | null;
  /** The revision that it was made from, where that is said. */
  base?: number;
}

/** What the database knows of a visit's id. */
export interface Kept {
  revision: number;
  hash: string;
  /** Whose words the kept revision has; null: the laptop's. */
  revisedBy: string | null;
  /** The hash of the incoming revision, where a newer one has replaced it. */
  earlierHash?: string;
  /** Whether the incoming words were once the visit's, and have been left since. */
  wasSaid?: boolean;
  /** Whether who said the kept words has also sent others as the same revision: from two pages on one tablet. */
  isDisputed?: boolean;
  deleted: boolean;
}

/**
 * Whether who sends a record knows the words that it would replace: it was made from them, or they are the device's
 * own. The laptop is more than one pair of hands, and so is a tablet with two pages that have said different things: where
 * these say what they started from, that alone counts.
 */
export function knows(incoming: Incoming, kept: Kept): boolean {
  if (incoming.base === kept.revision) return true;
  const isSure = incoming.deviceId !== null && !kept.isDisputed;
  return kept.revisedBy === incoming.deviceId && (isSure || incoming.base === undefined);
}

/** What becomes of an incoming record. What lies in the bin stays there. */
export function decide(
  incoming: Incoming,
  kept: Kept | undefined,
  gone: boolean,
): Exclude<Status, "invalid"> {
  if (gone) return "gone";
  if (!kept) return "recorded";
  return kept.deleted ? "gone" : compare(incoming, kept);
}

/**
 * What a record is to the one that is kept. A revision that is older and was never seen is an overtaken step of the
 * same edits, so it counts as replayed, unless who sends it says that it was made from something else.
 */
export function compare(incoming: Incoming, kept: Kept): "updated" | "replayed" | "conflict" {
  if (incoming.revision > kept.revision) return "updated";
  if (incoming.hash === kept.hash) return "replayed";
  if (incoming.revision === kept.revision) return "conflict";
  if (kept.wasSaid) return "replayed";
  if (kept.earlierHash !== undefined) return "conflict";
  return incoming.base === undefined || knows(incoming, kept) ? "replayed" : "conflict";
}

/** A visit's words for the lists, as rows of the database. `platform` is a name that the list does not have yet. */
export interface Resolved {
  boothId: string | null;
  projectId: string | null;
  platformId: string | null;
  newPlatform?: string;
  topicIds: string[];
  remarkIds: string[];
  giveawayIds: string[];
  /** The topic of each question, in their order. */
  questionTopicIds: (string | null)[];
}

/**
 * Looks a visit's words up in the event's lists, by slug. A platform is found by its name as well, and one
 * that is not in the list is new: staff write down what visitors use, not what somebody foresaw. Problems are told in
 * the language of `say`.
 */
export function resolve(
  visit: VisitRecord,
  lists: Lists,
  say: Say = sayInEnglish,
): { resolved: Resolved; problems: FieldProblem[] } {
  const problems: FieldProblem[] = [];
  const find = (list: keyof Lists, slug: string, field: string): string => {
    const entry = lists[list].find((each) => each.slug === slug);
    if (!entry) problems.push({ field, message: say(`problem.not-in-${list}`, { name: slug }) });
    return entry?.id ?? "";
  };
  const findAll = (list: "topics" | "remarks" | "giveaways") =>
    visit[list].map((slug) => find(list, slug, list));
  const platform =
    visit.platform === undefined
      ? undefined
      : (lists.platforms.find((each) => each.slug === visit.platform) ??
        lists.platforms.find((each) => isSameName(each.name, visit.platform as string)));
  const resolved: Resolved = {
    boothId: visit.booth ? find("booths", visit.booth, "booth") : null,
    projectId: visit.project ? find("projects", visit.project, "project") : null,
    platformId: platform?.id ?? null,
    newPlatform: platform ? undefined : visit.platform,
    topicIds: findAll("topics"),
    remarkIds: findAll("remarks"),
    giveawayIds: findAll("giveaways"),
    questionTopicIds: visit.questions.map((question, index) =>
      question.topic ? find("topics", question.topic, `questions.${index}.topic`) : null,
    ),
  };
  return { resolved, problems };
}

/** Whether two names differ in case, accents and blanks alone. */
export function isSameName(one: string, other: string): boolean {
  const plain = (name: string) => fold(name).trim().replace(/\s+/g, " ");
  return plain(one) === plain(other);
}

/** Nothing in it can have an accent, or be written in two ways. */
const PLAIN = /^[\0-\x7f]*$/;

/** Lower case and without accents, so that "zajac" finds "Zając". */
export function fold(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase();
  return text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll("ł", "l")
    .replaceAll("ø", "o")
    .replaceAll("ß", "ss")
    .replaceAll("đ", "d")
    .replaceAll("ı", "i");
}

/** The words of a visit that a search goes through, folded. Empty where there are none. */
export function searchText(visit: Pick<VisitRecord, "note" | "contact" | "questions">): string {
  const { consent, ...contact } = visit.contact ? detailsOf(visit.contact) : { consent: [] };
  const parts = [visit.note, ...Object.values(contact), ...visit.questions.map((question) => question.text)];
  return fold(parts.filter((part) => part !== undefined).join("\n"));
}

/** How brightly the sphere is lit, 0 to 10, by the visits of the last hour: the first few brighten it most. */
export function brightness(visitsOfLastHour: number): number {
  return Math.min(10, Math.round(Math.sqrt(visitsOfLastHour) * 1.6));
}

/** The words of a search, each of which must occur; folded, at most eight. */
export function searchWords(typed: string): string[] {
  return fold(typed).split(/\s+/).filter(Boolean).slice(0, 8);
}

/**
 * The ids of a visit's questions. One that came without an id always gets the same for the same words; where the
 * same words stand twice, they are two questions.
 */
export function questionIds(visit: VisitRecord): string[] {
  const seen = new Map<string, number>();
  return visit.questions.map(({ id, text }) => {
    const times = (seen.get(text) ?? 0) + 1;
    seen.set(text, times);
    return id ?? idFromWords(`${visit.id}\n${text}${times > 1 ? `\n${times}` : ""}`);
  });
}

function idFromWords(words: string): string {
  const hash = createHash("sha256").update(words).digest("hex");
  // RFC 9562, version 8: bits of the program's own choice.
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

/** The instants at which a day (YYYY-MM-DD) begins and the next one does; undefined where there is no such day. */
export function daySpan(day: string, timeZone: string): { from: Instant; until: Instant } | undefined {
  const start = DateTime.fromISO(day, { zone: timeZone }).startOf("day");
  if (!start.isValid) return undefined;
  return { from: start.toMillis(), until: start.plus({ days: 1 }).startOf("day").toMillis() };
}

/** An instant as a `datetime-local` field holds it: "2014-04-15T10:11" in the time zone. */
export function momentForField(at: Instant, timeZone: string): string {
  return DateTime.fromMillis(at, { zone: timeZone }).toFormat("yyyy-MM-dd'T'HH:mm");
}

/**
 * What a visit's time is after an edit, as the protocol says it. A field holds minutes, and an hour may come twice
 * when clocks go back: so a time that was left as it was shown stays exactly what it was.
 * Undefined where what was typed is no time.
 */
export function editedTime(
  typed: string,
  before: { happenedAt: Instant; saidAt: Instant },
  timeZone: string,
): string | undefined {
  if (typed === momentForField(before.happenedAt, timeZone)) return new Date(before.saidAt).toISOString();
  const local = DateTime.fromISO(typed, { zone: timeZone });
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(typed) && local.isValid
    ? new Date(local.toMillis()).toISOString()
    : undefined;
}

/** One thing that two versions of a visit say: equal, or not. Empty where a version says nothing of it. */
export interface Compared {
  name: string;
  here: string;
  there: string;
  differs: boolean;
}

/** Two versions of a visit side by side, in words; what neither speaks of is left out. */
export function compareVersions(
  here: SentVisit,
  there: SentVisit,
  lists: Lists,
  timeZone: string,
): Compared[] {
  const one = versionInWords(here, lists, timeZone);
  // A tablet that names no booth leaves the visit where it is.
  const other = versionInWords({ ...there, booth: there.booth ?? here.booth }, lists, timeZone);
  return [...new Set([...one.keys(), ...other.keys()])]
    .map((name) => ({ name, here: one.get(name) ?? "", there: other.get(name) ?? "" }))
    .filter((row) => row.here !== "" || row.there !== "")
    .map((row) => ({ ...row, differs: row.here !== row.there }));
}

const PURPOSE_WORDS: Record<string, string> = { "follow-up": "answer the questions", news: "send news" };

const GIVEN_BY = { staff: "ticked by staff who asked", visitor: "ticked by the visitor" } as const;

/** A consent as the organizer reads it: what it is for, and whose hand ticked. */
export function consentInWords({ purpose, given_by }: { purpose: Purpose; given_by: ConsentGiver | null }): {
  use: string;
  by: string;
} {
  const use = PURPOSE_WORDS[purpose] ?? purpose;
  return {
    use: `${use.charAt(0).toUpperCase()}${use.slice(1)}`,
    by: given_by === null ? "nobody recorded who ticked" : GIVEN_BY[given_by],
  };
}

function versionInWords(visit: SentVisit, lists: Lists, timeZone: string): Map<string, string> {
  const nameOf = (list: keyof Lists, slug: string | null | undefined) =>
    slug ? (lists[list].find((entry) => entry.slug === slug)?.name ?? slug) : "";
  const namesOf = (list: keyof Lists, slugs: string[] | null | undefined) =>
    [...(slugs ?? [])]
      .sort()
      .map((slug) => nameOf(list, slug))
      .join(", ");
  const happenedAt = Date.parse(visit.happenedAt);
  const contact = visit.contact ?? {};
  return new Map([
    ["Category", sayInEnglish(`category.${visit.category}`)],
    ["Time on the tablet", Number.isNaN(happenedAt) ? "" : momentInWords(happenedAt, timeZone)],
    ["Booth", nameOf("booths", visit.booth)],
    ["Project", nameOf("projects", visit.project)],
    ["Coming from", nameOf("platforms", visit.platform)],
    ["People", String(visit.people ?? 1)],
    ["Interest", visit.interest ? `${visit.interest} of 3` : ""],
    ["Overview given", visit.overviewGiven === true ? "yes" : visit.overviewGiven === false ? "no" : ""],
    ["Talked about", namesOf("topics", visit.topics)],
    ["Heard again", namesOf("remarks", visit.remarks)],
    ["Took away", namesOf("giveaways", visit.giveaways)],
    ["Note", visit.note ?? ""],
    ...(visit.questions ?? []).map((question, index): [string, string] => [
      `Question ${index + 1}`,
      question.topic ? `${question.text} (${nameOf("topics", question.topic)})` : question.text,
    ]),
    ["Name", contact.name ?? ""],
    ["Organization", contact.organization ?? ""],
    ["Role", contact.role ?? ""],
    ["E-mail", contact.email ?? ""],
    ["Phone", contact.phone ?? ""],
    ["Chat or social name", contact.handle ?? ""],
    ["Website", contact.website ?? ""],
    ["Badge", contact.badge ?? ""],
    ["About the contact", contact.note ?? ""],
    [
      "Agreed that we",
      [...(contact.consent ?? [])]
        .sort()
        .map((purpose) => PURPOSE_WORDS[purpose] ?? purpose)
        .join(", "),
    ],
  ]);
}

/** What the fields of a visit are called, for reading one that has no form any more. */
const FIELDS: Record<string, string> = {
  id: "Its id",
  revision: "Its revision",
  category: "Category",
  happenedAt: "Time on the tablet",
  booth: "Booth",
  project: "Project",
  platform: "Coming from",
  people: "People",
  interest: "Interest",
  overviewGiven: "Overview given",
  topics: "Talked about",
  remarks: "Heard again",
  giveaways: "Took away",
  note: "Note",
  staff: "Logged by",
  "contact.name": "Name",
  "contact.organization": "Organization",
  "contact.role": "Role",
  "contact.email": "E-mail",
  "contact.phone": "Phone",
  "contact.handle": "Chat or social name",
  "contact.website": "Website",
  "contact.badge": "Badge",
  "contact.note": "About the contact",
  "contact.consent": "Agreed to",
};

/** Something that was said in a field, and what is wrong with it where something is. */
export interface Said {
  name: string;
  text: string;
  message?: string;
}

/** All that a record says, whether it can be taken or not, to be read and typed in again. */
export function inFull(sent: unknown, problems: FieldProblem[] = []): Said[] {
  const rest = [...problems];
  const said: Said[] = [];
  const add = (field: string, value: unknown): void => {
    if (value === undefined || value === null || value === "") return;
    if (Array.isArray(value) && value.every((each) => typeof each !== "object")) {
      if (value.length > 0) add(field, value.join(", "));
    } else if (typeof value === "object") {
      for (const [key, part] of Object.entries(value)) add(field === "" ? key : `${field}.${key}`, part);
    } else if (!/^(id|revision|base|questions\.\d+\.id|contact\.(consentShown|ownCode).*)$/.test(field)) {
      const about = rest.filter((problem) => `${problem.field}.`.startsWith(`${field}.`));
      for (const problem of about) rest.splice(rest.indexOf(problem), 1);
      const message = about.map((problem) => problem.message).join(" ") || undefined;
      said.push({ name: nameOfField(field), text: inPlainWords(value), message });
    }
  };
  add("", sent);
  // What is missing, or wrong as a whole, has no words of its own.
  for (const { field, message } of rest) said.push({ name: nameOfField(field), text: "", message });
  return said;
}

function nameOfField(field: string): string {
  const question = /^questions\.(\d+)(?:\.(topic|slip))?/.exec(field);
  if (question) return `Question ${Number(question[1]) + 1}${question[2] ? `, ${question[2]}` : ""}`;
  return FIELDS[field] ?? FIELDS[field.replace(/\.\d+$/, "")] ?? (field === "" ? "The record" : field);
}

function inPlainWords(value: unknown): string {
  return value === true ? "yes" : value === false ? "no" : String(value);
}

const STEPS: Record<string, string> = {
  edited: "Changed",
  deleted: "Put into the bin",
  "put back": "Put back",
  "other version used": "The other version was put in place",
  "version kept": "The version that was there was kept",
  routed: "Routed",
  "passed on": "Passed on",
  "given back": "Given back",
  answered: "Answered",
  closed: "Closed",
  reopened: "Opened again",
  claimed: "Taken on",
  "timed out": "Came back unanswered",
  merged: "Another question was put together with it",
  "put together": "Put together with another question",
  "split off": "A question was taken out again",
  "stands by itself": "Stands by itself again",
  "priority changed": "Priority changed",
  undone: "Taken back",
  "topic changed": "Topic changed",
  "slip given": "A slip was given",
  "asked by themselves": "Asked by the visitor, on their own phone",
  "looked at": "Looked at, so that it counts",
  erased: "The visitor was erased",
  expired: "The visitor's details went: their time was over",
  corrected: "Details changed on the visitor's own page",
  agreed: "Agreed to more on the visitor's own page",
  withdrawn: "Consent taken back on the visitor's own page",
};

/** How the expert who had it is named; those who get it come after "to". */
const PREPOSITIONS: Record<string, string> = {
  "given back": "for",
  answered: "for",
  claimed: "by",
  "timed out": "from",
  closed: "while with",
  reopened: "from",
};

/** A step as the trail has it: what was done, the expert whom it was about, and who did it. */
interface StepTaken {
  step: string;
  expert: string | null;
  actor: string;
  actor_kind: ActorKind;
}

/** A step of the activity as people read it: "Routed to Kai" and "by the organizer". */
export function stepInWords({ step, expert, actor, actor_kind }: StepTaken): { words: string; by: string } {
  const words = STEPS[step] ?? `${step.charAt(0).toUpperCase()}${step.slice(1)}`;
  const by = `by ${actor_kind === "organizer" ? "the organizer" : actor_kind === "visitor" ? "the visitor" : actor}`;
  // What experts do with their own questions names them once.
  const isOwn = actor_kind === "expert" && actor === expert;
  return { words: expert && !isOwn ? `${words} ${PREPOSITIONS[step] ?? "to"} ${expert}` : words, by };
}

/** What a form offers for a visit: what is offered today, and what the visit has of what is not any more. */
export function listsForEditing(lists: Lists, visit: Partial<SentVisit>): Lists {
  const used: Record<keyof Lists, (string | null | undefined)[]> = {
    booths: [visit.booth],
    projects: [visit.project],
    platforms: [visit.platform],
    topics: [...(visit.topics ?? []), ...(visit.questions ?? []).map((question) => question.topic)],
    remarks: visit.remarks ?? [],
    giveaways: visit.giveaways ?? [],
  };
  return Object.fromEntries(
    Object.entries(lists).map(([list, entries]) => [
      list,
      (entries as Lists["booths"]).filter(
        (entry) => !entry.hidden || used[list as keyof Lists].includes(entry.slug),
      ),
    ]),
  ) as unknown as Lists;
}
