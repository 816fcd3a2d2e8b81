import type { Lists } from "../catalog/store";
import type { Category, Instant, QuestionState } from "../database/tables";
import type { FieldProblem } from "../errors";
import { momentForSheets } from "../events/rules";
import type { Event } from "../events/store";
import { type Cell, csvHead, csvLines } from "../sheets";
import type { Filters } from "./form";

/** The key of what has no project, topic or expert; the same word as in the figures. */
export const NONE = "(none)";

/** A column of a list, declared once: every format writes these. */
export interface Column<Row> {
  /** In JSON, and in the documentation. */
  key: string;
  /** At the top of a spreadsheet's column. */
  heading: string;
  /** What it holds, in one line. */
  meaning: string;
  get(row: Row, context: Context): Cell;
}

/** The lists that can be taken home. */
export const LIST_NAMES = ["follow-ups", "visits"] as const;
export type ListName = (typeof LIST_NAMES)[number];

/** The formats of each list. */
export const FORMATS: Record<ListName, readonly FormatName[]> = {
  "follow-ups": ["csv", "json", "md"],
  visits: ["csv", "json"],
};
export type FormatName = "csv" | "json" | "md";

/** What all rows of an export share. */
export interface Context {
  event: Event;
  lists: Lists;
  /** An instant as day and time in the event's zone: see `clockFor`. */
  clock(at: Instant): string;
}

/**
 * Writes instants as day and time in a zone. Rows come in order of time and a busy booth has many in a minute,
 * so a minute is computed once: that takes a third off a long export.
 */
export function clockFor(timeZone: string): (at: Instant) => string {
  let minute = Number.NaN;
  let text = "";
  return (at) => {
    if (Math.floor(at / 60_000) !== minute) {
      minute = Math.floor(at / 60_000);
      text = momentForSheets(at, timeZone);
    }
    return text;
  };
}

/** The contact details that a visitor agreed to be followed up with; without that, there are none. */
export interface ContactDetails {
  name: string | null;
  organization: string | null;
  role: string | null;
  email: string | null;
  phone: string | null;
  handle: string | null;
  website: string | null;
  badge: string | null;
  note: string | null;
}

export interface FollowUp {
  id: string;
  visitId: string;
  text: string;
  topicId: string | null;
  state: QuestionState;
  expert: string | null;
  expertAddress: string | null;
  answer: string | null;
  askedAt: Instant;
  category: Category;
  people: number;
  platformId: string | null;
  projectId: string | null;
  staffName: string | null;
  /** Only where the visitor agreed to be followed up. */
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
  overviewGiven: 0 | 1 | null;
  topicIds: string[];
  remarkIds: string[];
  giveawayIds: string[];
  note: string | null;
  questions: string[];
  staffName: string | null;
  consent: string[];
  /** Only where the visitor agreed to be followed up. */
  contact: ContactDetails | undefined;
}

const named = (lists: Lists, list: keyof Lists, id: string | null) =>
  (id && lists[list].find((entry) => entry.id === id)?.name) || null;
const allNamed = (lists: Lists, list: keyof Lists, ids: string[]) =>
  lists[list]
    .filter((entry) => ids.includes(entry.id))
    .map((entry) => entry.name)
    .join("; ") || null;

const EVENT = {
  key: "event",
  heading: "Event",
  meaning: "the event's name",
  get: (_row: unknown, { event }: Context) => event.name,
};

const CONTACT: Column<{ contact: ContactDetails | undefined }>[] = (
  [
    ["name", "the visitor's name"],
    ["organization", "where they work"],
    ["role", "what they do there"],
    ["email", "mail address"],
    ["phone", "phone number"],
    ["handle", "name on a chat or social network"],
    ["website", "web address"],
    ["badge", "number or code on the badge"],
    ["note", "what staff wrote down with the details"],
  ] as const
).map(([detail, meaning]) => ({
  key: `contact_${detail}`,
  heading: `Contact ${detail}`,
  meaning: `${meaning}; only where the visitor agreed to be followed up`,
  get: ({ contact }) => contact?.[detail] ?? null,
}));

/** One row a question: what to answer, to whom, and what is known of who asked. */
export const FOLLOW_UPS: Column<FollowUp>[] = [
  EVENT,
  { key: "question", heading: "Question", meaning: "the question, word by word", get: (row) => row.text },
  {
    key: "topic",
    heading: "Topic",
    meaning: "what it is about",
    get: (row, { lists }) => named(lists, "topics", row.topicId),
  },
  { key: "state", heading: "State", meaning: "open, routed, answered or closed", get: (row) => row.state },
  { key: "expert", heading: "Expert", meaning: "who has it, or had it last", get: (row) => row.expert },
  {
    key: "expert_address",
    heading: "Expert's address",
    meaning: "where to reach the expert",
    get: (row) => row.expertAddress,
  },
  { key: "answer", heading: "Answer", meaning: "what was answered, or where", get: (row) => row.answer },
  {
    key: "asked_at",
    heading: "Asked at",
    meaning: "day and time in the event's time zone, as 2014-04-15 10:11",
    get: (row, { clock }) => clock(row.askedAt),
  },
  {
    key: "category",
    heading: "Category",
    meaning: "existing (user), curious (knew of it) or new (never heard of it)",
    get: (row) => row.category,
  },
  { key: "people", heading: "People", meaning: "how many came together", get: (row) => row.people },
  {
    key: "platform",
    heading: "Coming from",
    meaning: "what they use today",
    get: (row, { lists }) => named(lists, "platforms", row.platformId),
  },
  {
    key: "project",
    heading: "Project",
    meaning: "the project they came for",
    get: (row, { lists }) => named(lists, "projects", row.projectId),
  },
  { key: "staff", heading: "Logged by", meaning: "who talked with them", get: (row) => row.staffName },
  ...CONTACT,
  { key: "question_id", heading: "Question id", meaning: "the question's own id", get: (row) => row.id },
  {
    key: "visit_id",
    heading: "Visit id",
    meaning: "the id of the visit it was asked in",
    get: (row) => row.visitId,
  },
];

/** One row a visit, with all that was noted. */
export const VISITS: Column<ExportedVisit>[] = [
  EVENT,
  {
    key: "happened_at",
    heading: "Time",
    meaning: "day and time in the event's time zone, as 2014-04-15 10:11",
    get: (row, { clock }) => clock(row.happenedAt),
  },
  { key: "day", heading: "Day", meaning: "the day in the event's time zone", get: (row) => row.day },
  {
    key: "hour",
    heading: "Hour",
    meaning: "the hour in the event's time zone, 0 to 23",
    get: (row) => row.hour,
  },
  {
    key: "category",
    heading: "Category",
    meaning: "existing (user), curious (knew of it) or new (never heard of it)",
    get: (row) => row.category,
  },
  { key: "people", heading: "People", meaning: "how many came together", get: (row) => row.people },
  {
    key: "booth",
    heading: "Booth",
    meaning: "the booth",
    get: (row, { lists }) => named(lists, "booths", row.boothId),
  },
  {
    key: "project",
    heading: "Project",
    meaning: "the project they came for",
    get: (row, { lists }) => named(lists, "projects", row.projectId),
  },
  {
    key: "platform",
    heading: "Coming from",
    meaning: "what they use today",
    get: (row, { lists }) => named(lists, "platforms", row.platformId),
  },
  {
    key: "interest",
    heading: "Interest",
    meaning: "how much the light went on, 1 to 3",
    get: (row) => row.interest,
  },
  {
    key: "overview_given",
    heading: "Overview given",
    meaning: "yes, no, or nothing where it was not noted",
    get: (row) => (row.overviewGiven === null ? null : row.overviewGiven ? "yes" : "no"),
  },
  {
    key: "topics",
    heading: "Topics",
    meaning: "what it was about; several are parted by semicolons",
    get: (row, { lists }) => allNamed(lists, "topics", row.topicIds),
  },
  {
    key: "remarks",
    heading: "Remarks",
    meaning: "what they said that others say too",
    get: (row, { lists }) => allNamed(lists, "remarks", row.remarkIds),
  },
  {
    key: "giveaways",
    heading: "Giveaways",
    meaning: "what they were given",
    get: (row, { lists }) => allNamed(lists, "giveaways", row.giveawayIds),
  },
  { key: "note", heading: "Note", meaning: "what staff wrote down", get: (row) => row.note },
  {
    key: "questions",
    heading: "Questions",
    meaning: "the questions, one a line",
    get: (row) => row.questions.join("\n") || null,
  },
  { key: "staff", heading: "Logged by", meaning: "who talked with them", get: (row) => row.staffName },
  {
    key: "consent",
    heading: "Consent",
    meaning: "what the contact details may be used for: follow-up, news",
    get: (row) => row.consent.join("; ") || null,
  },
  ...CONTACT,
  { key: "visit_id", heading: "Visit id", meaning: "the visit's own id", get: (row) => row.id },
];

/** A format that a list can be written in: what stands before the rows, for some rows, and after them. */
export interface Format {
  start: string;
  rows(cells: Cell[][], isFirst: boolean): string;
  end: string;
}

/** CSV for spreadsheets. */
export function csv(columns: { heading: string }[]): Format {
  return {
    start: csvHead(columns.map(({ heading }) => heading)),
    rows: csvLines,
    end: "",
  };
}

/** A JSON list with an object a row; nothing in it is changed for spreadsheets. */
export function json(columns: { key: string }[]): Format {
  return {
    start: "[",
    rows: (rows, isFirst) =>
      rows
        .map((cells, index) => {
          const row = Object.fromEntries(columns.map(({ key }, place) => [key, cells[place] ?? null]));
          return `${isFirst && index === 0 ? "" : ","}\n${JSON.stringify(row)}`;
        })
        .join(""),
    end: "\n]\n",
  };
}

/** A checklist in Markdown: the question, ticked where it is answered, and what is known under it. */
export function checklist(columns: { key: string; heading: string }[], title: string): Format {
  const place = (key: string) => columns.findIndex((column) => column.key === key);
  const [question, state] = [place("question"), place("state")];
  const shown = columns
    .map((column, index) => ({ ...column, index }))
    .filter(({ key }) => !["event", "question", "question_id", "visit_id"].includes(key));
  return {
    start: `# ${asText(title)}\n`,
    rows: (rows) =>
      rows
        .map((cells) => {
          const done = cells[state] === "answered" || cells[state] === "closed";
          const facts = shown.flatMap(({ heading, index }) =>
            cells[index] === null || cells[index] === undefined
              ? []
              : `    - ${heading}: ${asText(String(cells[index]))}\n`,
          );
          return `\n- [${done ? "x" : " "}] ${asText(String(cells[question]))}\n${facts.join("")}`;
        })
        .join(""),
    end: "",
  };
}

/** The columns of a list in a format. `title` stands above a checklist. */
export function formatOf(
  name: FormatName,
  columns: { key: string; heading: string }[],
  title: string,
): Format {
  return name === "csv" ? csv(columns) : name === "json" ? json(columns) : checklist(columns, title);
}

/** What an export is narrowed down to: ids of rows. Null means those that have none, undefined that it does not matter. */
export interface Narrowed {
  projectId?: string | null;
  topicId?: string | null;
  expertId?: string | null;
  state?: QuestionState;
}

/** Looks the words of a filter up. A word that is in no list is a problem, so that nobody takes home less than they think. */
export function narrow(
  filters: Filters,
  lists: Lists,
  experts: { id: string; slug: string }[],
): { narrowed: Narrowed; problems: FieldProblem[] } {
  const problems: FieldProblem[] = [];
  const find = (field: "project" | "topic" | "expert", entries: { id: string; slug: string }[]) => {
    const slug = filters[field];
    if (slug === undefined) return undefined;
    if (slug === NONE) return null;
    const entry = entries.find((each) => each.slug === slug);
    if (!entry) problems.push({ field, message: `There is no ${field} “${slug}” here.` });
    return entry?.id;
  };
  const narrowed = {
    projectId: find("project", lists.projects),
    topicId: find("topic", lists.topics),
    expertId: find("expert", experts),
    state: filters.state,
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
