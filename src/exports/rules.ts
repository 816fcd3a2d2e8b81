import type { Lists } from "../catalog/store";
import type { Category, Flag, Instant, Priority, Purpose, QuestionState } from "../database/tables";
import type { FieldProblem } from "../errors";
import type { Event } from "../events/store";
import type { Clock } from "./clock/rules";
import type { Filters } from "./form";

/** The key of what has no project, topic or expert; the same word as in the figures. */
export const NONE = "(none)";

/** The lists that can be taken home. */
export const LIST_NAMES = ["follow-ups", "visits", "contacts"] as const;
export type ListName = (typeof LIST_NAMES)[number];

/** The formats of each list. */
export const FORMATS = {
  "follow-ups": ["xlsx", "csv", "md", "ics", "json", "jsonl"],
  visits: ["xlsx", "csv", "json", "jsonl"],
  contacts: ["vcf", "xlsx", "csv", "json"],
} as const satisfies Record<ListName, readonly string[]>;
export type FormatName = (typeof FORMATS)[ListName][number];

/** What a file of each list is called by people: the title of its sheet, and of a checklist. */
export const TITLES: Record<ListName, string> = {
  "follow-ups": "Follow-ups",
  visits: "Visits",
  contacts: "Contacts",
};

/** By what a list can be taken apart into a file each. */
export const PARTED_BY = ["expert", "project"] as const;
export type PartedBy = (typeof PARTED_BY)[number];

/** A format without contact details: nobody else's calendar has to know of them. */
export const isWithoutContacts = (format: FormatName): boolean => format === "ics";

/** What a column holds: each format writes it in its own way. Null is a cell that is empty. */
export type Value = string | number | boolean | string[] | null;

/**
 * The type of a column's values:
 * - `text`: what somebody typed;
 * - `name`: one of few texts, which come again and again;
 * - `id`: made by the program, and taken for nothing else by any spreadsheet;
 * - `number`;
 * - `instant`: UTC milliseconds, written in the event's time zone;
 * - `day`: YYYY-MM-DD;
 * - `yes-no`: true or false;
 * - `names`, `texts`: several of them.
 */
export type ColumnType = "text" | "name" | "id" | "number" | "instant" | "day" | "yes-no" | "names" | "texts";

/** A column of a list, declared once: every format writes these. */
export interface Column<Row> {
  /** In JSON, and in the documentation. */
  key: string;
  /** At the top of a spreadsheet's column. */
  heading: string;
  /** What it holds, in one line. */
  meaning: string;
  type: ColumnType;
  get(row: Row, context: Context): Value;
}

/** What all rows of an export share. */
export interface Context {
  event: Event;
  /** The names of the event's lists by id, each with its place in the order that staff see. */
  names: Record<keyof Lists, Map<string, Named>>;
  clock: Clock;
  /** The address at which others reach the laptop, where it keeps it. */
  publicUrl?: string;
}

interface Named {
  name: string;
  place: number;
  /** The name as a list of it alone: what most visits have that have any. */
  alone: string[];
}

export function namesOf(lists: Lists): Context["names"] {
  return Object.fromEntries(
    Object.entries(lists).map(([list, entries]) => [
      list,
      new Map(
        entries.map(({ id, name }: { id: string; name: string }, place: number) => [
          id,
          { name, place, alone: [name] },
        ]),
      ),
    ]),
  ) as Context["names"];
}

export const DETAILS = [
  "name",
  "organization",
  "role",
  "email",
  "phone",
  "handle",
  "website",
  "badge",
  "note",
] as const;

/** The contact details of a visitor who agreed to what they leave the laptop for; without that, there are none. */
export type ContactDetails = Record<(typeof DETAILS)[number], string | null>;

export interface FollowUp {
  id: string;
  visitId: string;
  text: string;
  topicId: string | null;
  state: QuestionState;
  priority: Priority;
  expert: string | null;
  expertAddress: string | null;
  answer: string | null;
  askedAt: Instant;
  routedAt: Instant | null;
  dueAt: Instant | null;
  answeredAt: Instant | null;
  /** When it last changed, and how often it did. */
  changedAt: Instant;
  version: number;
  category: Category;
  people: number;
  boothId: string | null;
  platformId: string | null;
  projectId: string | null;
  staffName: string | null;
  /** The code of the slip that was given last. */
  slip: string | null;
  contact: ContactDetails | undefined;
}

export interface ExportedVisit {
  id: string;
  happenedAt: Instant;
  day: string;
  hour: number;
  category: Category;
  people: number;
  boothId: string | null;
  projectId: string | null;
  platformId: string | null;
  interest: number | null;
  overviewGiven: Flag | null;
  topicIds: string[];
  remarkIds: string[];
  giveawayIds: string[];
  note: string | null;
  questions: string[];
  staffName: string | null;
  consent: string[];
  contact: ContactDetails | undefined;
}

/** A visitor who left details and agreed to what they are taken for. */
export interface Contact {
  visitId: string;
  happenedAt: Instant;
  category: Category;
  projectId: string | null;
  platformId: string | null;
  staffName: string | null;
  questions: string[];
  /** Everything that they agreed to. */
  consent: string[];
  /** When they agreed to what the details are taken for. */
  agreedAt: Instant;
  shown: ShownWords;
  contact: ContactDetails;
}

/** What a visitor read who agreed; null where nobody recorded it. */
export interface ShownWords {
  words: string | null;
  language: string | null;
}

export interface Rows {
  "follow-ups": FollowUp;
  visits: ExportedVisit;
  contacts: Contact;
}

const named = ({ names }: Context, list: keyof Lists, id: string | null) =>
  id === null ? null : (names[list].get(id)?.name ?? null);

const NO_NAMES: string[] = [];
/** The names of some entries, in the order that staff see. Most rows have none of them or one. */
function allNamed(context: Context, list: keyof Lists, ids: string[]): string[] {
  const names = context.names[list];
  if (ids.length === 0) return NO_NAMES;
  if (ids.length === 1) return names.get(ids[0] as string)?.alone ?? NO_NAMES;
  const found = ids.flatMap((id) => names.get(id) ?? []);
  return found.sort((a, b) => a.place - b.place).map(({ name }) => name);
}

const EVENT: Column<unknown> = {
  key: "event",
  heading: "Event",
  meaning: "the event's name",
  type: "name",
  get: (_row, { event }) => event.name,
};
const CATEGORY: Column<{ category: Category }> = {
  key: "category",
  heading: "Category",
  meaning: "existing (user), curious (knew of it) or new (never heard of it)",
  type: "name",
  get: (row) => row.category,
};
const PEOPLE: Column<{ people: number }> = {
  key: "people",
  heading: "People",
  meaning: "how many came together",
  type: "number",
  get: (row) => row.people,
};
const BOOTH: Column<{ boothId: string | null }> = {
  key: "booth",
  heading: "Booth",
  meaning: "the booth",
  type: "name",
  get: (row, context) => named(context, "booths", row.boothId),
};
const PROJECT: Column<{ projectId: string | null }> = {
  key: "project",
  heading: "Project",
  meaning: "the project they came for",
  type: "name",
  get: (row, context) => named(context, "projects", row.projectId),
};
const PLATFORM: Column<{ platformId: string | null }> = {
  key: "platform",
  heading: "Coming from",
  meaning: "what they use today",
  type: "name",
  get: (row, context) => named(context, "platforms", row.platformId),
};
const QUESTIONS: Column<{ questions: string[] }> = {
  key: "questions",
  heading: "Questions",
  meaning: "the questions, one a line",
  type: "texts",
  get: (row) => row.questions,
};
const STAFF: Column<{ staffName: string | null }> = {
  key: "staff",
  heading: "Logged by",
  meaning: "who talked with them",
  type: "name",
  get: (row) => row.staffName,
};
const CONSENT: Column<{ consent: string[] }> = {
  key: "consent",
  heading: "Consent",
  meaning: "what the contact details may be used for: follow-up, news",
  type: "names",
  get: (row) => row.consent,
};

const DETAIL_MEANINGS: Record<(typeof DETAILS)[number], string> = {
  name: "the visitor's name",
  organization: "where they work",
  role: "what they do there",
  email: "mail address",
  phone: "phone number",
  handle: "name on a chat or social network",
  website: "web address",
  badge: "number or code on the badge",
  note: "what staff wrote down with the details",
};

const detail = (each: (typeof DETAILS)[number]) => ({
  type: "text" as const,
  get: ({ contact }: { contact: ContactDetails | undefined }) => contact?.[each] ?? null,
});

const CONTACT: Column<{ contact: ContactDetails | undefined }>[] = DETAILS.map((each) => ({
  key: `contact_${each}`,
  heading: `Contact ${each}`,
  meaning: `${DETAIL_MEANINGS[each]}; only where the visitor agreed`,
  ...detail(each),
}));

/** One row a question: what to answer, to whom, and what is known of who asked. */
export const FOLLOW_UPS: Column<FollowUp>[] = [
  EVENT,
  {
    key: "question",
    heading: "Question",
    meaning: "the question, word by word",
    type: "text",
    get: (row) => row.text,
  },
  {
    key: "topic",
    heading: "Topic",
    meaning: "what it is about",
    type: "name",
    get: (row, context) => named(context, "topics", row.topicId),
  },
  {
    key: "priority",
    heading: "Priority",
    meaning: "how soon it should be answered: high, normal or low",
    type: "name",
    get: (row) => row.priority,
  },
  {
    key: "state",
    heading: "State",
    meaning: "open, routed, answered or closed",
    type: "name",
    get: (row) => row.state,
  },
  {
    key: "expert",
    heading: "Expert",
    meaning: "who has it, or had it last",
    type: "name",
    get: (row) => row.expert,
  },
  {
    key: "expert_address",
    heading: "Expert's address",
    meaning: "where to reach the expert",
    type: "name",
    get: (row) => row.expertAddress,
  },
  {
    key: "due_at",
    heading: "Due",
    meaning: "until when the expert has time to answer, while it is with them",
    type: "instant",
    get: (row) => row.dueAt,
  },
  {
    key: "answer",
    heading: "Answer",
    meaning: "what was answered, or where",
    type: "text",
    get: (row) => row.answer,
  },
  {
    key: "asked_at",
    heading: "Asked at",
    meaning: "when it was asked",
    type: "instant",
    get: (row) => row.askedAt,
  },
  {
    key: "routed_at",
    heading: "Routed at",
    meaning: "when it was first given to an expert",
    type: "instant",
    get: (row) => row.routedAt,
  },
  {
    key: "answered_at",
    heading: "Answered at",
    meaning: "when it was answered as it is answered now",
    type: "instant",
    get: (row) => row.answeredAt,
  },
  CATEGORY,
  PEOPLE,
  PLATFORM,
  PROJECT,
  BOOTH,
  STAFF,
  {
    key: "slip",
    heading: "Slip",
    meaning: "the code that the visitor took away, under which the answer is found",
    type: "text",
    get: (row) => row.slip,
  },
  ...CONTACT,
  {
    key: "question_id",
    heading: "Question id",
    meaning: "the question's own id",
    type: "id",
    get: (row) => row.id,
  },
  {
    key: "visit_id",
    heading: "Visit id",
    meaning: "the id of the visit it was asked in",
    type: "id",
    get: (row) => row.visitId,
  },
];

/** One row a visit, with all that was noted. */
export const VISITS: Column<ExportedVisit>[] = [
  EVENT,
  {
    key: "happened_at",
    heading: "Time",
    meaning: "when they came",
    type: "instant",
    get: (row) => row.happenedAt,
  },
  {
    key: "day",
    heading: "Day",
    meaning: "the day in the event's time zone",
    type: "day",
    get: (row) => row.day,
  },
  {
    key: "hour",
    heading: "Hour",
    meaning: "the hour in the event's time zone, 0 to 23",
    type: "number",
    get: (row) => row.hour,
  },
  CATEGORY,
  PEOPLE,
  BOOTH,
  PROJECT,
  PLATFORM,
  {
    key: "interest",
    heading: "Interest",
    meaning: "how much the light went on, 1 to 3",
    type: "number",
    get: (row) => row.interest,
  },
  {
    key: "overview_given",
    heading: "Overview given",
    meaning: "yes, no, or nothing where it was not noted",
    type: "yes-no",
    get: (row) => (row.overviewGiven === null ? null : row.overviewGiven === 1),
  },
  {
    key: "topics",
    heading: "Topics",
    meaning: "what it was about",
    type: "names",
    get: (row, context) => allNamed(context, "topics", row.topicIds),
  },
  {
    key: "remarks",
    heading: "Remarks",
    meaning: "what they said that others say too",
    type: "names",
    get: (row, context) => allNamed(context, "remarks", row.remarkIds),
  },
  {
    key: "giveaways",
    heading: "Giveaways",
    meaning: "what they were given",
    type: "names",
    get: (row, context) => allNamed(context, "giveaways", row.giveawayIds),
  },
  { key: "note", heading: "Note", meaning: "what staff wrote down", type: "text", get: (row) => row.note },
  QUESTIONS,
  STAFF,
  CONSENT,
  ...CONTACT,
  { key: "visit_id", heading: "Visit id", meaning: "the visit's own id", type: "id", get: (row) => row.id },
];

/** One row a visitor who left details and agreed to what they are taken for. */
export const CONTACTS: Column<Contact>[] = [
  EVENT,
  ...DETAILS.map((each) => ({
    key: each,
    heading: `${each[0]?.toUpperCase()}${each.slice(1)}`,
    meaning: DETAIL_MEANINGS[each],
    ...detail(each),
  })),
  CONSENT,
  {
    key: "agreed_at",
    heading: "Agreed at",
    meaning: "when they agreed to what this list was taken for",
    type: "instant",
    get: (row) => row.agreedAt,
  },
  {
    key: "agreed_words",
    heading: "Agreed to",
    meaning: "the words that were shown then; empty where nobody recorded them",
    type: "text",
    get: (row) => row.shown.words,
  },
  {
    key: "agreed_language",
    heading: "In language",
    meaning: "the language of these words",
    type: "name",
    get: (row) => row.shown.language,
  },
  {
    key: "happened_at",
    heading: "Time",
    meaning: "when they came",
    type: "instant",
    get: (row) => row.happenedAt,
  },
  CATEGORY,
  PROJECT,
  PLATFORM,
  QUESTIONS,
  STAFF,
  {
    key: "visit_id",
    heading: "Visit id",
    meaning: "the id of the visit in which they left them",
    type: "id",
    get: (row) => row.visitId,
  },
];

export const COLUMNS: { [List in ListName]: Column<Rows[List]>[] } = {
  "follow-ups": FOLLOW_UPS,
  visits: VISITS,
  contacts: CONTACTS,
};

/** What an export is narrowed down to: ids of rows. Null means those that have none, undefined that it does not matter. */
export interface Narrowed {
  boothId?: string | null;
  projectId?: string | null;
  topicId?: string | null;
  expertId?: string | null;
  state?: QuestionState;
  category?: Category;
  /** YYYY-MM-DD in the event's zone. */
  day?: string;
  /** Those who agreed to this; null: those who agreed to nothing. */
  consent?: Purpose | null;
}

/** What contact details are taken for: what was asked for, else the follow-up. Null: none are taken. */
export function purposeOf({ consent }: Narrowed): Purpose | null {
  return consent === undefined ? "follow-up" : consent;
}

/** Looks the words of a filter up. A word that is in no list is a problem, so that nobody takes home less than they think. */
export function narrow(
  filters: Filters,
  lists: Lists,
  experts: { id: string; slug: string }[],
): { narrowed: Narrowed; problems: FieldProblem[] } {
  const problems: FieldProblem[] = [];
  const find = (field: "booth" | "project" | "topic" | "expert", entries: { id: string; slug: string }[]) => {
    const slug = filters[field];
    if (slug === undefined) return undefined;
    if (slug === NONE) return null;
    const entry = entries.find((each) => each.slug === slug);
    if (!entry) problems.push({ field, message: `There is no ${field} “${slug}” here.` });
    return entry?.id;
  };
  const narrowed = {
    boothId: find("booth", lists.booths),
    projectId: find("project", lists.projects),
    topicId: find("topic", lists.topics),
    expertId: find("expert", experts),
    state: filters.state,
    category: filters.category,
    day: filters.day,
    consent: filters.consent === NONE ? null : filters.consent,
  };
  return { narrowed, problems };
}

/**
 * What people typed, as Markdown that shows it and does nothing else: CommonMark 0.31, "Backslash escapes", as far as
 * kramdown (Jekyll, Middleman) has them too. It has none for & and ~; braces mean something to kramdown, Liquid and Hugo.
 */
export function asText(typed: string): string {
  const text = typed
    .replace(/\s+/g, " ")
    .trim()
    .replace(/&(?=#?\w+;)/g, "&amp;")
    .replace(/[\\`*_[\]{}<>|$]/g, "\\$&");
  // One alone strikes nothing out.
  return (text.split("~").length > 2 ? text.replaceAll("~", "&#126;") : text)
    .replace(/^[#+=:-]/, "\\$&")
    .replace(/^(\d+)([.)])/, "$1\\$2");
}
