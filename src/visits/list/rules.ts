import type { Lists } from "../../catalog/store";
import type { Category } from "../../database/tables";
import { momentInWords } from "../../events/rules";
import { daySpan, searchWords } from "../rules";
import type { FullVisit } from "../store";
import type { VisitChoice } from "./form";
import type { VisitFilter } from "./store";

/** What an address asks for, in the terms of the database. A name that no list has finds nothing. */
export function filterOf(choice: VisitChoice, lists: Lists, timeZone: string): VisitFilter {
  const idOf = (list: "projects" | "topics", slug: string) =>
    slug === "" ? undefined : (lists[list].find((entry) => entry.slug === slug)?.id ?? "");
  return {
    span: choice.day === "" ? undefined : daySpan(choice.day, timeZone),
    category: choice.category === "" ? undefined : (choice.category as Category),
    projectId: idOf("projects", choice.project),
    topicId: idOf("topics", choice.topic),
    staffName: choice.staff || undefined,
    words: searchWords(choice.search),
    withTwoVersions: choice.show === "two-versions",
  };
}

/** A visit as a row of the list. */
export interface VisitRow {
  id: string;
  category: Category;
  time: string;
  project: string;
  platform: string;
  people: number;
  topics: string[];
  interest: number | null;
  /** Its first question, and how many more there are. */
  question: string;
  moreQuestions: number;
  note: string;
  contact: string;
  staff: string;
  deleted: string;
}

const EXCERPT = 160;

export function rowOf(visit: FullVisit, lists: Lists, timeZone: string): VisitRow {
  const nameOf = (list: keyof Lists, id: string | null) =>
    lists[list].find((entry) => entry.id === id)?.name ?? "";
  const topicIds = new Set([...visit.topicIds, ...visit.questions.map((question) => question.topic_id)]);
  const { name, organization, email, handle, phone } = visit.contact ?? {};
  return {
    id: visit.id,
    category: visit.category,
    time: momentInWords(visit.happened_at, timeZone),
    project: nameOf("projects", visit.project_id),
    platform: nameOf("platforms", visit.platform_id),
    people: visit.people,
    topics: lists.topics.filter((topic) => topicIds.has(topic.id)).map((topic) => topic.name),
    interest: visit.interest,
    question: excerpt(visit.questions[0]?.text),
    moreQuestions: Math.max(0, visit.questions.length - 1),
    note: excerpt(visit.note),
    contact: [name ?? email ?? handle ?? phone, organization].filter(Boolean).join(", "),
    staff: visit.staff_name ?? "",
    deleted: visit.deleted_at === null ? "" : momentInWords(visit.deleted_at, timeZone),
  };
}

function excerpt(text: string | null | undefined): string {
  if (!text) return "";
  const characters = [...text.slice(0, 2 * EXCERPT + 2)];
  return characters.length > EXCERPT ? `${characters.slice(0, EXCERPT).join("").trimEnd()}…` : text;
}
