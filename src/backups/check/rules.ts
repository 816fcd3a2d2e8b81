/** How good news is: nothing to do, worth a look, or records are in danger. */
export type Verdict = "good" | "look" | "bad";

/** What was found when one thing of the laptop was checked. */
export interface Finding {
  /** What was checked, the same for each look: "disk", "database", "backup", … */
  of: string;
  verdict: Verdict;
  /** What was found, in a sentence for the organizer; no personal data in it. */
  words: string;
  /** What to do about it, in a sentence; none where there is nothing to do. */
  advice?: string;
}

const ORDER: Verdict[] = ["good", "look", "bad"];

/** The worst of all that was found. */
export function worstOf(findings: Pick<Finding, "verdict">[]): Verdict {
  return ORDER[Math.max(0, ...findings.map(({ verdict }) => ORDER.indexOf(verdict)))] as Verdict;
}
