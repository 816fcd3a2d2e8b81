// The small build of zod: the tablet carries these checks, and they are a third of its page this way.
import * as z from "zod/mini";
import { type Checked, check, type FieldProblem } from "../errors";
import type { MessageKey, Say } from "../languages/say";
import { isOrganizersName, tidy } from "../text";
import { readCode, readOwnCode } from "./slips/rules";

/** The most visits that one request may bring. */
export const MOST_VISITS_A_REQUEST = 1000;

/** The key of a message, which `check` turns into words. */
const key = (message: MessageKey) => message;

const words = (most: number) => z.string().check(z.overwrite(tidy), z.maxLength(most));
const someWords = (most: number, message?: string) => words(most).check(z.minLength(1, message));

/** What may be left out, or be null. */
const optional = <S extends z.ZodMiniType>(schema: S) =>
  z.pipe(
    z.nullish(schema),
    z.transform((value) => value ?? undefined),
  );

/** Text that may be left out: empty means left out. */
const optionalWords = (most: number, check?: z.core.$ZodCheck<string>) =>
  z.pipe(
    z.nullish(check ? words(most).check(check) : words(most)),
    z.transform((text) => text || undefined),
  );

/** A list that may be left out: then it is empty. Without repeats, in order. */
const set = <S extends z.ZodMiniType<string>>(entry: S, most: number) =>
  z.pipe(
    z.nullish(z.array(entry).check(z.maxLength(most))),
    z.transform((list) => [...new Set<z.output<S>>(list ?? [])].sort()),
  );

/** A list that may be left out: then it is empty. In the order given. */
const listOf = <S extends z.ZodMiniType>(entry: S, most: number) =>
  z.pipe(
    z.nullish(z.array(entry).check(z.maxLength(most))),
    z.transform((list) => list ?? []),
  );

/** The short name of an entry of one of the event's lists. */
const slug = someWords(80);
const slugs = set(slug, 50);

const uuid = z.pipe(
  z
    .string()
    .check(
      z.regex(
        /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i,
        key("problem.uuid"),
      ),
    ),
  z.transform((text) => text.toLowerCase()),
);

const EARLIEST = Date.UTC(1970, 0, 1);
const LATEST = Date.UTC(2100, 0, 1);

/** An instant as ISO 8601 with its offset → UTC milliseconds. */
const instant = z.pipe(
  z.pipe(
    z.iso.datetime({ offset: true }),
    z.transform((text) => Date.parse(text)),
  ),
  z
    .number()
    .check(z.minimum(EARLIEST, key("problem.time-early")), z.maximum(LATEST, key("problem.time-late"))),
);

export const CATEGORIES = ["existing", "curious", "new"] as const;
export const PURPOSES = ["follow-up", "news"] as const;

/** Good enough to write to: one @, something before it, a domain with a dot after it. */
export const EMAIL = /^[^\s@<>()",;:]+@[^\s@<>()",;:]+\.[^\s@<>()",;:.]+$/;

export const contactForm = z.strictObject({
  name: optionalWords(200),
  organization: optionalWords(200),
  role: optionalWords(200),
  email: optionalWords(
    254,
    z.refine((text) => text === "" || EMAIL.test(text), key("problem.mail")),
  ),
  phone: optionalWords(60),
  handle: optionalWords(100),
  website: optionalWords(500),
  badge: optionalWords(500),
  note: optionalWords(2000),
  consent: set(z.enum(PURPOSES), 10),
});
const CONTACT_FIELDS = Object.keys(contactForm.shape).filter((field) => field !== "consent");

/** Whose hand ticks a consent: staff who have asked, or the visitor, who reads the words. */
export const CONSENT_GIVERS = ["staff", "visitor"] as const;

const languageTag = z.string().check(z.maxLength(20), z.regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/));

/** The words of a consent as they are kept: what stands above the ticks, and what stands beside the one. */
export const consentWords = (agree: string, purpose: string) => `${agree}: ${purpose}`;

/** What is known of how somebody agreed to a purpose: the words that were shown, as they were. */
export const shownFields = {
  words: optionalWords(500),
  language: optional(languageTag),
  by: optional(z.enum(CONSENT_GIVERS)),
};
const shown = optional(z.strictObject({ ...shownFields, at: optional(instant) }));

/** The code of the visitor's own page, however it was typed. */
const ownCode = z.pipe(
  z.string().check(z.refine((text) => readOwnCode(text).kind === "code", key("problem.slip"))),
  z.transform((text) => {
    const read = readOwnCode(text);
    return read.kind === "code" ? read.code : text;
  }),
);

/** A contact as it is sent: with what is said of it, and is no part of the details. */
const sentContactForm = z.extend(contactForm, {
  consentShown: optional(z.strictObject({ "follow-up": shown, news: shown })),
  ownCode: optional(ownCode),
});

/** Consent without any detail is consent to nothing. */
export function isAnybody(contact: object): boolean {
  return CONTACT_FIELDS.some((field) => (contact as Record<string, unknown>)[field] !== undefined);
}

const withDetails = <S extends z.ZodMiniType<object>>(form: S) =>
  z.pipe(
    z.nullish(form),
    z.transform((contact) => (contact && isAnybody(contact) ? contact : undefined)),
  );

export const questionForm = z.strictObject({
  id: optional(uuid),
  text: someWords(4000, key("problem.question")),
  topic: optional(slug),
});

/** What is said of a visit, in an event file too. The field names are the protocol's. */
export const visitForm = z.strictObject({
  id: uuid,
  revision: z.int().check(z.minimum(1), z.maximum(1_000_000)),
  category: z.enum(CATEGORIES),
  happenedAt: instant,
  booth: optional(slug),
  project: optional(slug),
  people: z.pipe(
    z.nullish(z.int().check(z.minimum(1), z.maximum(999))),
    z.transform((count) => count ?? 1),
  ),
  platform: optionalWords(80),
  interest: optional(z.int().check(z.minimum(1), z.maximum(3))),
  overviewGiven: optional(z.boolean()),
  topics: slugs,
  remarks: slugs,
  giveaways: slugs,
  note: optionalWords(5000),
  contact: withDetails(contactForm),
  questions: listOf(questionForm, 20),
});

/** The name of somebody of the booth. The organizer's own is taken. */
const staffName = optionalWords(
  60,
  z.refine((name) => !isOrganizersName(name), key("problem.organizer-name")),
);

/** The code of a slip, however it was typed. Whether another question has it is seen when it is recorded. */
const slipCode = z.pipe(
  z.string().check(z.refine((text) => readCode(text).kind === "code", key("problem.slip"))),
  z.transform((text) => {
    const read = readCode(text);
    return read.kind === "code" ? read.code : text;
  }),
);

/** A visit as a device or a page sends it: with what is said of the record, and is no part of the words. */
export const sentVisitForm = z.extend(visitForm, {
  contact: withDetails(sentContactForm),
  /** With the slip that the visitor has for a question. */
  questions: listOf(z.extend(questionForm, { slip: optional(slipCode) }), 20),
  /** Who logged it, where that is not whom the device is paired for. */
  staff: staffName,
  /** The revision on the laptop that an edit was made from. */
  base: optional(z.int().check(z.minimum(0), z.maximum(1_000_000))),
});

/** A visit after the check: lists are sorted and without repeats, empty texts are left out. */
export type VisitRecord = Omit<z.output<typeof visitForm>, "questions" | "contact"> & {
  contact?: SentContactRecord;
  questions: (z.output<typeof questionForm> & { slip?: string })[];
} & Partial<Pick<z.output<typeof sentVisitForm>, "staff" | "base">>;
export type ContactRecord = z.output<typeof contactForm>;
/** A contact with what was said of how they agreed, and the code of their own page. */
export type SentContactRecord = ContactRecord &
  Partial<Pick<z.output<typeof sentContactForm>, "consentShown" | "ownCode">>;
/** How they agreed to each purpose, as it travels. */
export type ConsentShown = NonNullable<z.input<typeof sentContactForm>["consentShown"]>;
/** A visit as it travels. */
export type SentVisit = z.input<typeof sentVisitForm>;

/** `say`: the language of the problems; English where none is given. */
export const checkVisit = (input: unknown, say?: Say): Checked<VisitRecord> =>
  check(sentVisitForm, input, say);

/** What was sent without the fields that have problems: `contact.email` goes, the rest of the contact stays. */
export function withoutProblems(sent: unknown, problems: FieldProblem[]): unknown {
  const rest = structuredClone(sent);
  for (const { field } of problems) {
    const path = field.split(".");
    const last = path.pop() as string;
    const place = path.reduce<unknown>(
      (part, key) => (part as Record<string, unknown> | null | undefined)?.[key],
      rest,
    );
    if (place && typeof place === "object") delete (place as Record<string, unknown>)[last];
  }
  return rest;
}

/** Stand-ins for what a visit must have, to look at the rest of one that lacks it. */
const REQUIRED = {
  id: "00000000-0000-7000-8000-000000000000",
  revision: 1,
  category: "new",
  happenedAt: "2000-01-01T00:00:00Z",
};

/** The rest of a visit that has problems, so that those which only the event's lists show are told together with them. */
export function checkRest(sent: unknown, problems: FieldProblem[], say?: Say): Checked<VisitRecord> {
  const rest = withoutProblems(sent, problems);
  return checkVisit(typeof rest === "object" ? { ...REQUIRED, ...rest } : rest, say);
}

const batchForm = z.strictObject({
  sentAt: z.optional(instant),
  visits: z.array(z.unknown()).check(z.maxLength(MOST_VISITS_A_REQUEST)),
});

/** A visit's id in an address. */
export const checkVisitId = (id: unknown) => check(uuid, id);

/** The body of `POST /api/visits`. The visits in it are checked one by one, so that a bad one stands alone. */
export const checkBatch = (body: unknown, say?: Say) => check(batchForm, body, say);

const visitOnTablet = z.custom<SentVisit>((value) => typeof value === "object" && value !== null);

/** One record that waits on a tablet, as a rescue file has it. */
export const rescuedForm = z.object({
  visit: visitOnTablet,
  /** Undone on the tablet: word of that is what waits. */
  undone: z._default(z.boolean(), false),
  /** Other words for the same visit, from another page on the tablet. */
  others: z._default(z.array(visitOnTablet).check(z.maxLength(100)), []),
  /** What was typed and could not be taken as it was, while `visit` is what could. */
  draft: z.optional(visitOnTablet),
  /** Since when it waits, by the tablet's clock. */
  since: z.optional(z.string()),
});

const CENTURY = 100 * 366 * 86_400_000;

/** The file in which what waits leaves a tablet by hand. Its records are checked one by one. */
export const rescueForm = z.object({
  boothlight: z.literal("rescue"),
  version: z.literal(1),
  /** By the tablet's clock. */
  savedAt: instant,
  /** Milliseconds to add to the tablet's clock, as far as it knows. */
  clockOffset: optional(z.int().check(z.minimum(-CENTURY), z.maximum(CENTURY))),
  /** The short name of the event that the records were logged for. */
  event: someWords(200),
  /** The device that saved it, as the laptop knows it. */
  device: optional(z.object({ id: z.string(), staffName: words(60) })),
  waiting: z.array(z.unknown()).check(z.maxLength(100_000)),
});

/** A rescue file as a tablet writes it. */
export interface RescueFile extends Omit<z.input<typeof rescueForm>, "waiting"> {
  waiting: z.input<typeof rescuedForm>[];
}
/** A rescue file after the check of all but its records. */
export type Rescue = z.output<typeof rescueForm>;

/** How a device's record was taken; the words of the protocol. */
export type Status = "recorded" | "replayed" | "updated" | "conflict" | "gone" | "invalid";

export interface Result {
  /** The id as it was sent; null where none could be read. */
  id: string | null;
  status: Status;
  problems?: { field: string; message: string }[];
  /** What the laptop has, where that is not what was sent: at `conflict`, and at `gone` while it lies in the bin. */
  visit?: SentVisit;
  /** Questions whose slip's code another question has: by their ids, with the code that they have got instead. */
  slips?: { question: string; slip: string }[];
}

/**
 * A plain HTML form about a visit → the visit as the protocol tells it, not yet checked.
 * Fields are named as in the protocol, `contact.email` and the like with a dot; `questionId`, `questionText`,
 * `questionTopic` and `questionSlip` are repeated, one of each a question; `platformOther` counts where something is typed in it.
 * `consentWords.news` and the like are what the page shows beside the tick, `consentLanguage` is the language of these words.
 * Takes what `URLSearchParams` or a form parser gives: text, or a list of texts where a name is repeated.
 */
export function visitFromForm(
  body: Record<string, unknown>,
  base: { id: string; revision: number; happenedAt: string },
): Record<string, unknown> {
  const text = (name: string) => textsOf(body[name])[0]?.trim() || undefined;
  const ids = textsOf(body.questionId);
  const topics = textsOf(body.questionTopic);
  const slips = textsOf(body.questionSlip);
  const questions = textsOf(body.questionText)
    .map((words, index) => ({
      id: ids[index] || undefined,
      text: words.trim(),
      topic: topics[index] || undefined,
      slip: slips[index] || undefined,
    }))
    .filter((question) => question.text !== "");
  const details = Object.fromEntries(CONTACT_FIELDS.map((field) => [field, text(`contact.${field}`)]));
  const hasContact = Object.values(details).some((value) => value !== undefined);
  const people = text("people");
  const interest = text("interest");
  return {
    id: base.id,
    revision: base.revision,
    happenedAt: base.happenedAt,
    category: text("category"),
    booth: text("booth"),
    project: text("project"),
    platform: text("platformOther") ?? text("platform"),
    people: people === undefined ? undefined : Number(people),
    interest: interest === undefined ? undefined : Number(interest),
    overviewGiven: text("overviewGiven") === "yes" ? true : undefined,
    topics: textsOf(body.topics),
    remarks: textsOf(body.remarks),
    giveaways: textsOf(body.giveaways),
    note: text("note"),
    contact: hasContact
      ? { ...details, consent: textsOf(body.consent), consentShown: shownIn(body) }
      : undefined,
    questions,
  };
}

/** The words that a form showed beside what was ticked in it; undefined where it has none. */
function shownIn(body: Record<string, unknown>): ConsentShown | undefined {
  const [language] = textsOf(body.consentLanguage);
  if (!language) return undefined;
  const ticked = textsOf(body.consent);
  const shown = PURPOSES.filter((purpose) => ticked.includes(purpose)).map((purpose) => {
    const [words] = textsOf(body[`consentWords.${purpose}`]);
    return [purpose, { words, language, by: "staff" }];
  });
  return Object.fromEntries(shown);
}

/** How they agreed, after an edit: what they had agreed to before keeps the words that they saw then. */
function shownAfter(
  edited: { consent?: unknown; consentShown?: unknown },
  before: SentVisit["contact"],
): ConsentShown | undefined {
  const now = edited.consentShown as ConsentShown | undefined;
  const purposes = PURPOSES.filter((purpose) => (edited.consent as string[]).includes(purpose));
  const kept = purposes.flatMap((purpose) => {
    const shown = (before?.consent?.includes(purpose) ? before.consentShown : now)?.[purpose];
    return shown ? [[purpose, shown]] : [];
  });
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

/** Browsers send line breaks as CR LF; kept are those that the page was given. */
function textsOf(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((each) => typeof each === "string").map((text) => text.replaceAll("\r\n", "\n"));
}

/**
 * The organizer's form about a visit → the visit with the next revision, not yet checked. What the form has no
 * field for stays as it was, and so does the time where it was left alone.
 * `shown` is the revision that the form was made from, `happenedAt` the time that was typed, as ISO 8601.
 */
export function editedVisit(
  body: Record<string, unknown>,
  before: SentVisit,
  shown: number,
  happenedAt: string,
): Record<string, unknown> {
  const edited = visitFromForm(body, { id: before.id, revision: shown + 1, happenedAt });
  const contact = edited.contact as Record<string, unknown> | undefined;
  return {
    ...edited,
    booth: "booth" in body ? edited.booth : before.booth,
    // No tick is "no" where that had been said, else it is nothing said.
    overviewGiven: edited.overviewGiven ?? (before.overviewGiven === false ? false : undefined),
    contact: contact && {
      ...contact,
      ...(!("contact.note" in body) && { note: before.contact?.note ?? undefined }),
      consentShown: shownAfter(contact, before.contact),
      ownCode: before.contact?.ownCode ?? undefined,
    },
  };
}
