import type { Instant } from "../../database/tables";
import { localTime } from "../../events/rules";
import { byTopic } from "../../experts/rules";
import type { Expert } from "../../experts/store";
import { daySpan, stepInWords } from "../../visits/rules";
import type { Done } from "../bulk/store";
import { standingInWords } from "../rules";
import { MOST_SUGGESTED, type NamedSuggestion } from "../suggestions/rules";
import { NONE, type QueueChoice } from "./form";
import type { LastStep, QueueFilter } from "./store";

/** What a list calls by one name; over several events it has an id at each. */
export interface Named {
  slug: string;
  name: string;
  ids: string[];
}

const OLDER_THAN_DAYS = 3;

/** What an address asks for, in the terms of the database. A name that no list has finds nothing. */
export function filterOf(
  choice: QueueChoice,
  {
    topics,
    projects,
    experts,
  }: { topics: Named[]; projects: Named[]; experts: Pick<Expert, "id" | "slug">[] },
  {
    eventId,
    timeZone,
    lookedAt,
    now,
  }: {
    eventId: string | undefined;
    timeZone: string;
    lookedAt: Instant | undefined;
    now: Instant;
  },
): QueueFilter {
  const idsOf = (list: Named[], slug: string) =>
    slug === "" ? undefined : (list.find((entry) => entry.slug === slug)?.ids ?? []);
  const expertId =
    choice.expert === ""
      ? undefined
      : choice.expert === NONE
        ? null
        : (experts.find((expert) => expert.slug === choice.expert)?.id ?? "");
  const today = daySpan(localTime(now, timeZone).day, timeZone);
  return {
    eventId,
    state: choice.state || undefined,
    topicIds: choice.topic === NONE ? null : idsOf(topics, choice.topic),
    expertId,
    projectIds: idsOf(projects, choice.project),
    priority: choice.priority || undefined,
    from: choice.age === "today" ? today?.from : undefined,
    until: choice.age === "older" ? now - OLDER_THAN_DAYS * 24 * 3_600_000 : undefined,
    lateAt: choice.age === "late" ? now : undefined,
    changedAfter: choice.show === "changed" ? (lookedAt ?? 0) : undefined,
    search: choice.search,
  };
}

/** Those who answer on the topics of these questions, by the question's id, where nothing better is known. */
export function suggestionsByTopic<E extends Pick<Expert, "id" | "slug" | "name" | "topics" | "hidden">>(
  rows: { id: string; topic: string | null; topic_name: string | null }[],
  experts: E[],
): Map<string, NamedSuggestion[]> {
  const offered = experts.filter((expert) => !expert.hidden);
  const onTopic = new Map<string, E[]>();
  for (const { topic } of rows) {
    if (topic && !onTopic.has(topic)) onTopic.set(topic, byTopic(offered, topic).onTopic);
  }
  return new Map(
    rows.map((row) => [
      row.id,
      (onTopic.get(row.topic ?? "") ?? []).slice(0, MOST_SUGGESTED).map(({ id, slug, name }) => ({
        expertId: id,
        slug,
        name,
        reason: `answers on ${row.topic_name}`,
        isCertain: false,
      })),
    ]),
  );
}

/** What happened to a question since somebody last looked: "new", "answered by Kai", "came back". */
export function changeInWords(step: LastStep | undefined): string {
  if (!step) return "new";
  if (step.step === "given back") return step.expert ? `came back from ${step.expert}` : "came back";
  // By the organizer, with whoever it may be.
  if (step.step === "answered" && step.actor_kind === "organizer") return "answered";
  const { words, by } = stepInWords(step);
  const all = step.actor_kind === "expert" ? `${words} ${by}` : words;
  return all.charAt(0).toLowerCase() + all.slice(1);
}

/** What was done with a question, as somebody who just did it is told: "High priority", else where it stands now. */
export function doneInWords({ question, undo }: Done): string {
  if (undo?.kind === "topic") return question.topic_name ? `Topic: ${question.topic_name}` : "No topic";
  if (undo?.kind !== "priority") return standingInWords(question);
  return `${question.priority.charAt(0).toUpperCase()}${question.priority.slice(1)} priority`;
}

/** What stands for the queue over all events among the places that were looked at. No slug looks like it. */
export const EVERYWHERE = "*";
const MOST_PLACES = 20;

/** When somebody last said to have seen all of a queue, by the event's slug, as a cookie keeps it. */
export function lookedPlaces(cookie: string | undefined): Map<string, Instant> {
  const places = (cookie ?? "").split("~").flatMap((part): [string, Instant][] => {
    const [, place, at] = /^([\w*-]+)\.(\d{1,15})$/.exec(part) ?? [];
    return place && at ? [[place, Number(at)]] : [];
  });
  return new Map(places);
}

/** The cookie's text once somebody has seen all of a queue; of many events, the last ones. */
export function withPlace(cookie: string | undefined, place: string, at: Instant): string {
  const places = lookedPlaces(cookie);
  places.delete(place);
  places.set(place, at);
  return [...places]
    .slice(-MOST_PLACES)
    .map(([each, when]) => `${each}.${when}`)
    .join("~");
}
