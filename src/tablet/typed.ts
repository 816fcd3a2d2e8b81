import { checkVisit, type SentVisit, withoutProblems } from "../visits/form";
import type { Draft, Waiting } from "./outbox";
import { say } from "./words";

/** What somebody typed of a visit, also where it cannot be taken as it is. */
export function asTyped({ visit, draft }: Waiting): SentVisit {
  return draft ? { ...draft.visit, revision: visit.revision } : visit;
}

/** What can be taken of a visit, and as a draft what was typed where that is more. */
export function mended(visit: SentVisit): { taken: SentVisit; draft?: Draft } {
  const problems = problemsOf(visit);
  if (problems.length === 0) return { taken: visit };
  const taken = withoutProblems(visit, problems) as SentVisit;
  return { taken: problemsOf(taken).length === 0 ? taken : visit, draft: { visit, problems } };
}

function problemsOf(visit: SentVisit): Draft["problems"] {
  const checked = checkVisit({ ...visit, revision: 1 }, say);
  return checked.ok ? [] : checked.problems;
}

/** What a visit says, however it is written down: to tell an edit from a touch. */
export function meaningOf(visit: SentVisit): string {
  const checked = checkVisit({ ...visit, revision: 1 });
  return JSON.stringify(checked.ok ? checked.value : visit);
}

export function newestFirst(visits: SentVisit[]): SentVisit[] {
  return [...visits].sort((a, b) => (a.happenedAt < b.happenedAt ? 1 : -1));
}
