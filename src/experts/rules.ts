import type { ExpertKind, Instant, Priority } from "../database/tables";
import { endOfWorkingDays } from "../events/rules";

export const KIND_NAMES: Record<ExpertKind, string> = {
  person: "Person",
  "mailing-list": "Mailing list",
  forum: "Forum",
  chat: "Chat",
};

/** Whether everybody reads what is written there: no contact details go to such a place. */
export function isPublic(kind: ExpertKind): boolean {
  return kind !== "person";
}

/** When somebody is away: days (YYYY-MM-DD) in their own time zone, each end open where it is not given. */
export interface Absence {
  away_from: string | null;
  away_until: string | null;
}

/** Whether an expert is away on a day. */
export function isAway({ away_from, away_until }: Absence, day: string): boolean {
  if (away_from === null && away_until === null) return false;
  return (away_from === null || away_from <= day) && (away_until === null || day <= away_until);
}

/** In how many working days a question should be answered. */
export const TARGETS: Record<Priority, number> = { high: 1, normal: 3, low: 10 };

/** When an expert who gets a question now should have answered it. */
export function dueAt(expert: Absence & { time_zone: string }, priority: Priority, now: Instant): Instant {
  return endOfWorkingDays(now, TARGETS[priority], expert.time_zone, (day) => isAway(expert, day));
}

/** What choosing an expert goes by. Topics are slugs, the one they would rather answer on first. */
export interface Answerer {
  id: string;
  name: string;
  topics: string[];
}

/**
 * The experts for a question with this topic, and everybody else. Who names the topic earlier comes first,
 * then by name.
 */
export function byTopic<E extends Answerer>(
  experts: E[],
  topic: string | undefined,
): { onTopic: E[]; others: E[] } {
  const place = (expert: E) => (topic === undefined ? -1 : expert.topics.indexOf(topic));
  const byName = (a: E, b: E) => a.name.localeCompare(b.name, "en");
  return {
    onTopic: experts
      .filter((expert) => place(expert) >= 0)
      .sort((a, b) => place(a) - place(b) || byName(a, b)),
    others: experts.filter((expert) => place(expert) < 0).sort(byName),
  };
}

/** The topics on which nobody answers. */
export function unanswered<T extends { slug: string }>(topics: T[], experts: { topics: string[] }[]): T[] {
  const answeredOn = new Set(experts.flatMap((expert) => expert.topics));
  return topics.filter((topic) => !answeredOn.has(topic.slug));
}

/** The topics that were ticked: those that were there before in their order, new ones after them. */
export function inOldOrder(ticked: string[], before: string[]): string[] {
  return [
    ...before.filter((topic) => ticked.includes(topic)),
    ...ticked.filter((topic) => !before.includes(topic)),
  ];
}
