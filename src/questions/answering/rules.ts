import { DateTime } from "luxon";
import type { ExpertKind, Instant } from "../../database/tables";
import { dayInWords, localTime, momentInWords } from "../../events/rules";
import { isPublic } from "../../experts/rules";
import { answerKind, markdownToHtml } from "../../markdown";
import type { QuestionRow } from "../store";
import type { Asker, HandOver } from "./store";

/** When an answer is awaited, in the words of whoever should give it. */
export interface Due {
  words: string;
  /** Its time is over, or it is up today. */
  isPressing: boolean;
}

/** `dueAt` is the end of a day in the time zone, so the day before it counts. */
export function dueInWords(dueAt: Instant, timeZone: string, now: Instant): Due {
  const last = localTime(dueAt - 1, timeZone).day;
  const today = localTime(now, timeZone).day;
  const noon = (day: string) => DateTime.fromISO(`${day}T12:00`, { zone: "utc" });
  const days = Math.round(noon(last).diff(noon(today), "days").days);
  if (days < 0) return { words: `Was awaited by ${shortDay(last)}`, isPressing: true };
  if (days === 0) return { words: "Please answer today", isPressing: true };
  if (days === 1) return { words: "Please answer by tomorrow", isPressing: false };
  return { words: `Please answer by ${shortDay(last)}`, isPressing: false };
}

/** A day of these weeks: "Wed 7 Feb". */
function shortDay(day: string): string {
  return dayInWords(day).replace(/ \d{4}$/, "");
}

/** What "I can take more" and "fewer" lead through; after the last: as many as come. */
const RUNGS = [0, 1, 2, 3, 5, 8, 12];

/** The next number of questions a week, either way; null: as many as come. Undefined where there is none. */
export function fewerAndMore(weekly: number | null): { fewer?: number; more?: number | null } {
  if (weekly === null) return { fewer: RUNGS.at(-1) };
  return {
    fewer: RUNGS.findLast((rung) => rung < weekly),
    more: RUNGS.find((rung) => rung > weekly) ?? null,
  };
}

export function weeklyInWords(weekly: number | null): string {
  if (weekly === null) return "as many as come";
  return weekly === 0 ? "none just now" : `up to ${weekly} a week`;
}

/** Days away as people read them; undefined where there are none, or they are over. */
export function absenceInWords(from: string | null, until: string | null, today: string): string | undefined {
  if ((from === null && until === null) || (until !== null && until < today)) return undefined;
  const hasBegun = from === null || from <= today;
  const end = until === null ? "until you say that you are back" : `until ${dayInWords(until)}`;
  return hasBegun ? `You are away ${end}.` : `You are away from ${dayInWords(from)} ${end}.`;
}

/** Who the page is for, as far as it goes by that. */
export interface Holder {
  id: string;
  kind: ExpertKind;
  time_zone: string;
}

/** What is known around a question. */
export interface Around {
  /** The name of the event where it was asked. */
  event?: string;
  /** How many others asked the same. */
  others: number;
  askers: Asker[];
  /** The step by which the expert got it. */
  handOver?: HandOver;
}

/** What an expert sees of a question. Nothing of it is there that a place, which everybody reads, may not have. */
export function questionForExpert(
  row: QuestionRow,
  { event, others, askers, handOver }: Around,
  expert: Holder,
  now: Instant,
) {
  const isPlace = isPublic(expert.kind);
  const zone = expert.time_zone;
  return {
    id: row.id,
    version: row.version,
    text: row.text,
    state: row.state,
    isHigh: row.priority === "high",
    due: row.due_at === null ? undefined : dueInWords(row.due_at, zone, now),
    claimed: row.claimed_at === null ? undefined : momentInWords(row.claimed_at, zone, now),
    asked: momentInWords(row.asked_at, zone, now),
    event,
    topic: row.topic_name,
    project: row.project,
    platform: row.platform,
    category: row.category,
    people: row.people,
    // Staff note who somebody is, too.
    note: isPlace ? null : row.note,
    others,
    askers: isPlace ? [] : eachOnce(askers),
    answer: row.answer,
    answerHtml: row.answer === null ? undefined : markdownToHtml(row.answer),
    isThread: row.answer !== null && answerKind(row.answer) === "thread",
    handOver: handOver && {
      words: `${handOver.step === "passed on" ? "Passed on" : "Routed"} to you by ${handOver.actor_kind === "organizer" ? "the organizer" : handOver.actor}`,
      note: handOver.note,
    },
  };
}

/** Somebody may have asked the same at two visits. */
function eachOnce(askers: Asker[]): Asker[] {
  return [...new Map(askers.map((asker) => [JSON.stringify(asker), asker])).values()];
}

/** What became of a question that somebody had on their page, told to them. */
export function whereItWent(row: QuestionRow): string {
  if (row.hidden) return "It was taken out of the booth’s questions.";
  switch (row.state) {
    case "open":
      return "It went back to the organizers.";
    case "routed":
      return "Somebody else has it now.";
    case "answered":
      return "Somebody else has answered it.";
    case "closed":
      return "The organizers have closed it.";
  }
}
