import { z } from "zod";
import * as mini from "zod/mini";
import type { ActorKind, Instant, Purpose } from "../../database/tables";
import { type Checked, check } from "../../errors";
import { slugForm } from "../../events/form";
import type { ErasedVisitor } from "../../privacy/erasure/store";
import { PRIORITIES, STATES } from "../../questions/rules";
import { someWords, words } from "../../text";
import {
  contactForm,
  EMAIL,
  isAnybody,
  PURPOSES,
  questionForm,
  type SentContactRecord,
  shownFields,
  type VisitRecord,
  visitForm,
} from "../../visits/form";
import { readCode, readOwnCode } from "../../visits/slips/rules";

/** An instant as ISO 8601 with its offset → UTC milliseconds. */
export const instant = z.iso
  .datetime({ offset: true })
  .transform((text): Instant => Date.parse(text))
  .refine((at) => at >= 0 && at < Date.UTC(2100, 0, 1), "This should be between 1970 and 2100.");

/** More than a question that is passed on every day for a year. */
const MOST_STEPS = 2000;
/** More than a form lets anybody type. */
const LONG = words(20_000);

const uuid = z
  .guid("This should be an id such as 0190163d-8694-739b-aea5-966c26f8ad91.")
  .transform((text) => text.toLowerCase());

const WHO = ["organizer", "staff", "expert", "visitor", "program"] as const satisfies ActorKind[];

const step = z.strictObject({
  at: instant,
  step: someWords(60),
  by: words(200),
  as: z.enum(WHO),
  expert: slugForm.nullish(),
  note: LONG.nullish(),
});
const trail = z.array(step).max(MOST_STEPS).nullish();

const code = z
  .string()
  .refine((text) => readCode(text).kind === "code", "This is not the code of a slip.")
  .transform((text) => {
    const read = readCode(text);
    return read.kind === "code" ? read.code : text;
  });
const language = words(20).nullish();

const slip = z.strictObject({ code, madeAt: instant.nullish(), language });

const questionOfFile = mini
  .extend(questionForm, {
    askedAt: instant.nullish(),
    state: z.enum(STATES).nullish(),
    expert: slugForm.nullish(),
    answer: LONG.nullish(),
    priority: z.enum(PRIORITIES).nullish(),
    cameBack: z.boolean().nullish(),
    dueAt: instant.nullish(),
    claimedAt: instant.nullish(),
    routedAt: instant.nullish(),
    answeredAt: instant.nullish(),
    askedWith: uuid.nullish(),
    slips: z.array(slip).max(50).nullish(),
    trail,
  })
  .check(({ value, issues }) => {
    const wrong = (field: string, message: string) =>
      issues.push({ code: "custom", path: [field], message, input: value });
    if (value.askedWith) {
      if (value.askedWith === value.id) wrong("askedWith", "A question is not asked together with itself.");
      for (const field of SHARED) {
        if (value[field]) wrong(field, "The question that this one is asked together with says that.");
      }
      return;
    }
    if (value.state === "routed") {
      if (!value.expert) wrong("expert", "A question that is routed is with somebody: who has it?");
      return;
    }
    for (const field of ["dueAt", "claimedAt"] as const) {
      if (value[field]) wrong(field, "Only a question that is routed has this.");
    }
  });

/** What a question has in common with those that are asked together with it. */
const SHARED = [
  "state",
  "expert",
  "answer",
  "priority",
  "cameBack",
  "dueAt",
  "claimedAt",
  "answeredAt",
] as const;

const consentAt = z.strictObject({ "follow-up": instant.nullish(), news: instant.nullish() }).nullish();

const shown = mini.optional(mini.nullable(mini.strictObject(shownFields)));
/** How each purpose was agreed to: the words that were shown, their language, and whose hand ticked. */
const consentShown = mini.nullish(mini.strictObject({ "follow-up": shown, news: shown }));

const ownCode = z
  .string()
  .refine((text) => readOwnCode(text).kind === "code", "This is not the code of a visitor's own page.")
  .transform((text) => {
    const read = readOwnCode(text);
    return read.kind === "code" ? read.code : text;
  });
const ownCodes = z.array(ownCode).max(50).nullish();

const contactOfFile = mini
  .extend(contactForm, { consentAt, consentShown, ownCodes })
  .check(({ value, issues }) => {
    for (const field of ["consentAt", "consentShown"] as const) {
      for (const purpose of PURPOSES) {
        if (!value[field]?.[purpose] || value.consent.includes(purpose)) continue;
        const message = "There is no consent to this.";
        issues.push({ code: "custom", path: [field, purpose], message, input: value });
      }
    }
  });

/** A visit of an event file: its words as devices send them, and what became of it. */
export const visitOfFile = mini.extend(visitForm, {
  saidAt: instant.nullish(),
  staff: words(60).nullish(),
  contact: mini.nullish(contactOfFile),
  questions: z.array(questionOfFile).max(100).nullish(),
  trail,
  erased: z
    .strictObject({
      at: instant,
      why: z.enum(["asked", "expired"]),
      had: z
        .array(z.enum(["contact", ...PURPOSES]))
        .nullish()
        .transform((list) => [...new Set(list ?? [])]),
    })
    .nullish(),
});

export type StepOfFile = z.output<typeof step>;
export type QuestionOfFile = z.output<typeof questionOfFile>;

/** A visit of an event file, taken apart. */
export interface VisitOfFile {
  /** What a device would have sent, its own idea of the time included. */
  record: VisitRecord;
  /** Milliseconds between that time and the one that counts. */
  clockOffset: number;
  /** Who logged it; null: nobody knows. */
  staff: string | null;
  /** When each consent was given, where the file says so. */
  consentAt: Partial<Record<Purpose, Instant>>;
  /** The codes of the visitor's own page. */
  ownCodes: string[];
  /** In the order of the record's questions. */
  questions: QuestionOfFile[];
  trail: StepOfFile[];
  /** That its visitor was erased; none: they were not. */
  erased: ErasedVisitor | undefined;
}

/** A visit of an event file → its parts, or every problem with it. */
export function checkVisitOfFile(input: unknown): Checked<VisitOfFile> {
  const checked = check(visitOfFile, input);
  if (!checked.ok) return checked;
  const { saidAt, staff, trail, questions, erased, ...said } = checked.value;
  const contact = erased ? undefined : said.contact;
  const record: VisitRecord = {
    ...said,
    happenedAt: saidAt ?? said.happenedAt,
    contact: contact ? detailsOf(contact) : undefined,
    questions: (questions ?? []).map(({ id, text, topic }) => ({ id, text, topic })),
  };
  const given = PURPOSES.flatMap((purpose) => {
    const at = contact?.consentAt?.[purpose];
    return at ? [[purpose, at]] : [];
  });
  return {
    ok: true,
    value: {
      record,
      clockOffset: said.happenedAt - record.happenedAt,
      staff: staff || null,
      consentAt: Object.fromEntries(given),
      ownCodes: contact?.ownCodes ?? [],
      questions: questions ?? [],
      trail: trail ?? [],
      erased: erased ?? undefined,
    },
  };
}

function detailsOf(of: z.output<typeof contactOfFile>): SentContactRecord | undefined {
  const { consentAt, consentShown, ownCodes, ...contact } = of;
  if (!isAnybody(contact)) return undefined;
  const shown = (purpose: Purpose) => ({ ...consentShown?.[purpose], at: undefined });
  return {
    ...contact,
    ...(consentShown && { consentShown: { "follow-up": shown("follow-up"), news: shown("news") } }),
  } as SentContactRecord;
}

/** What a visit of a file says as devices say it: to look at the rest of one that has problems. */
export function wordsOf(input: unknown): unknown {
  const visit = pick(input, visitForm.shape);
  if (!isObject(visit)) return visit;
  const { questions, contact } = visit;
  return {
    ...visit,
    ...(contact !== undefined && { contact: pick(contact, CONTACT_FIELDS) }),
    ...(Array.isArray(questions) && { questions: questions.map((each) => pick(each, questionForm.shape)) }),
  };
}

const CONTACT_FIELDS = { ...contactForm.shape, consentShown };

function pick(input: unknown, fields: object): unknown {
  if (!isObject(input)) return input;
  return Object.fromEntries(Object.entries(input).filter(([field]) => field in fields));
}

function isObject(input: unknown): input is Record<string, unknown> {
  return typeof input === "object" && input !== null && !Array.isArray(input);
}

/** A question that a visitor asked by themselves, and that nobody has looked at yet. */
export const askedOfFile = z.strictObject({
  id: uuid,
  code,
  text: someWords(4000),
  topic: slugForm.nullish(),
  name: words(200).nullish(),
  email: words(254)
    .refine((text) => text === "" || EMAIL.test(text), "This does not look like a mail address.")
    .nullish(),
  consent: z
    .array(z.enum(PURPOSES))
    .nullish()
    .transform((list) => PURPOSES.filter((purpose) => list?.includes(purpose))),
  consentAt,
  consentShown,
  ownCodes,
  language: someWords(20),
  askedAt: instant,
});
export type AskedOfFile = z.output<typeof askedOfFile>;
