import { type Lists, listsOf } from "../../catalog/store";
import type { Writer } from "../../database/door";
import type { Reader } from "../../database/open";
import type { Instant, Purpose, QuestionState } from "../../database/tables";
import { type Event, eventById } from "../../events/store";
import type { Left } from "../../questions/asking/rules";
import type { Contact } from "../../questions/personal/rules";
import { visitorsOf } from "../../questions/slips/store";
import type { OwnPageOf } from "../../visits/codes/store";
import type { ConsentShown } from "../../visits/form";
import { type Consent, type FullVisit, fullVisits, noteStep, reviseVisit } from "../../visits/store";
import { erase } from "../erasure/store";
import type { Corrected } from "./form";
import { correctableOf, type DETAILS } from "./rules";

/** A question of the visitor's, as they may see it. */
export interface OwnQuestion {
  text: string;
  askedAt: Instant;
  /** Undefined while staff have not looked at it. */
  state?: QuestionState;
  answer: string | null;
  /** Others who asked the same: what they left of themselves is not the visitor's to read. */
  others: Partial<Contact>[];
}

/** All that is kept of a visitor. */
export interface Kept {
  of: OwnPageOf;
  event: Event;
  lists: Lists;
  since: Instant;
  details: Partial<Record<(typeof DETAILS)[number], string | null>>;
  consents: Consent[];
  questions: OwnQuestion[];
  /** What was logged of the visit; undefined while what they asked has not become part of one. */
  visit: FullVisit | undefined;
  isInBin: boolean;
}

/** What is kept of whom a code belongs to. Undefined where there is nothing, or nothing any more. */
export async function keptUnder(read: Reader, code: string): Promise<Kept | undefined> {
  const row = await read
    .selectFrom("visitor_codes")
    .select(["visit_id", "question_id"])
    .where("code", "=", code)
    .executeTakeFirst();
  if (row?.visit_id) return keptOfVisit(read, row.visit_id);
  return row?.question_id ? keptOfQuestion(read, row.question_id) : undefined;
}

async function keptOfVisit(read: Reader, visitId: string): Promise<Kept | undefined> {
  const [visit] = await fullVisits(read, [visitId]);
  if (!visit?.contact) return undefined;
  const event = await eventById(read, visit.event_id);
  const questions: OwnQuestion[] = [];
  for (const { id, text, asked_at, state, answer, merged_into } of visit.questions) {
    const all = await visitorsOf(read, merged_into ?? id);
    const { name, email, phone, handle } = visit.contact;
    const others = all.filter(
      (each) => each.name !== name || each.email !== email || each.phone !== phone || each.handle !== handle,
    );
    questions.push({ text, askedAt: asked_at, state, answer, others });
  }
  const { visit_id, consent, consents, ownCode, ...details } = visit.contact;
  return {
    of: { visitId },
    event,
    lists: await listsOf(read, event.id),
    since: visit.happened_at,
    details,
    consents,
    questions,
    visit,
    isInBin: visit.deleted_at !== null,
  };
}

async function keptOfQuestion(read: Reader, questionId: string): Promise<Kept | undefined> {
  const asked = await read
    .selectFrom("visitor_questions")
    .selectAll()
    .where("id", "=", questionId)
    .executeTakeFirst();
  if (!asked?.contact) return undefined;
  const left = JSON.parse(asked.contact) as Left;
  const event = await eventById(read, asked.event_id);
  return {
    of: { questionId },
    event,
    lists: await listsOf(read, event.id),
    since: asked.asked_at,
    details: { name: left.name, email: left.email },
    consents: left.consent.map((purpose) => consentLeft(left, purpose, asked.asked_at)),
    questions: [{ text: asked.text, askedAt: asked.asked_at, answer: null, others: [] }],
    visit: undefined,
    isInBin: false,
  };
}

function consentLeft({ consentShown }: Left, purpose: Purpose, askedAt: Instant): Consent {
  const { words, language, by, at } = consentShown?.[purpose] ?? {};
  return {
    purpose,
    words: words ?? null,
    language: language ?? null,
    given_by: by ?? null,
    given_at: at ? Date.parse(at) : askedAt,
  };
}

/** Puts a visitor's details right, as they say themselves. Gives whether anything changed. */
export function correct(writer: Writer, kept: Kept, details: Corrected, now: Instant): Promise<boolean> {
  return change(writer, kept, now, "corrected", (contact) => ({
    ...contact,
    ...Object.fromEntries(correctableOf(kept).map((field) => [field, details[field]])),
  }));
}

/** Keeps that a visitor agrees to a purpose, with the words that they read. Gives whether they had not yet. */
export function agree(
  writer: Writer,
  kept: Kept,
  given: { purpose: Purpose; words: string; language: string },
  now: Instant,
): Promise<boolean> {
  const { purpose, words, language } = given;
  const shown = { words, language, by: "visitor" as const, at: new Date(now).toISOString() };
  return change(writer, kept, now, "agreed", (contact) => ({
    ...contact,
    consent: [...new Set([...(contact.consent ?? []), purpose])],
    consentShown: { ...contact.consentShown, [purpose]: shown },
  }));
}

/** Takes a consent back. Gives whether it was there. */
export function withdraw(writer: Writer, kept: Kept, purpose: Purpose, now: Instant): Promise<boolean> {
  return change(writer, kept, now, "withdrawn", (contact) => ({
    ...contact,
    consent: (contact.consent ?? []).filter((each) => each !== purpose),
    consentShown: { ...contact.consentShown, [purpose]: undefined },
  }));
}

/** A contact as it is changed here, whether it is a visit's or waits with a question. */
type Changed = Partial<Omit<Left, "consentShown">> & {
  [Field in keyof Corrected]?: string | null;
} & { consentShown?: ConsentShown | null };

async function change(
  writer: Writer,
  { of, event, lists }: Kept,
  now: Instant,
  step: string,
  make: (contact: Changed) => Changed,
): Promise<boolean> {
  if ("visitId" in of) {
    const [visit] = await fullVisits(writer, [of.visitId]);
    // Erased a moment ago: there is nothing to change, and the page says so.
    if (!visit?.contact) return false;
    const isChanged = await reviseVisit(writer, { event, lists, now }, visit, (sent) => ({
      ...sent,
      contact: make(sent.contact as Changed) as typeof sent.contact,
    }));
    if (isChanged) {
      const by = { actor: "visitor", actorKind: "visitor" } as const;
      await noteStep(writer, { of: { visitId: of.visitId }, at: now, ...by, step });
    }
    return isChanged;
  }
  const asked = await writer
    .selectFrom("visitor_questions")
    .select("contact")
    .where("id", "=", of.questionId)
    .executeTakeFirst();
  if (!asked?.contact) return false;
  const contact = JSON.stringify(make(JSON.parse(asked.contact)));
  if (contact === asked.contact) return false;
  await writer.updateTable("visitor_questions").set({ contact }).where("id", "=", of.questionId).execute();
  return true;
}

/** Takes out everything that says who a visitor is, as they ask for themselves. */
export function takeOut(writer: Writer, { of }: Kept, now: Instant): Promise<void> {
  const what =
    "visitId" in of
      ? ({ kind: "visit", id: of.visitId } as const)
      : ({ kind: "visitor-question", id: of.questionId } as const);
  return erase(writer, what, { actor: "visitor", actorKind: "visitor", why: "asked" }, now);
}
