import type { ExpertKind } from "../database/tables";

export const KIND_NAMES: Record<ExpertKind, string> = {
  person: "Person",
  "mailing-list": "Mailing list",
  forum: "Forum",
  chat: "Chat",
};

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
