import type { Trouble, Waiting } from "./outbox";
import type { Standing } from "./sender";
import { say } from "./words";

/** What the outbox and the sender know, for the line that staff look at. */
export interface Situation {
  waiting: Waiting[];
  twoVersions: number;
  /** How many of what waits are not on the tablet's disk. */
  notOnDisk: number;
  trouble: Trouble | undefined;
  standing: Standing;
}

/** How it stands between tablet and laptop: how many wait, since when and why, in plain words; and how good that is. */
export function standingInWords(
  situation: Situation,
  timeOf: (at: number) => string,
): { words: string; tone: "good" | "waiting" | "bad" } {
  const { waiting, standing, trouble, twoVersions } = situation;
  const toMend = waiting.filter(needsMending).length;
  const toSend = waiting.filter((entry) => !entry.refused);
  const parts: string[] = [];
  if (trouble) parts.push(say(`standing.${trouble}`));
  if (situation.notOnDisk > 0) parts.push(say("standing.unsaved", { count: situation.notOnDisk }));
  if (standing.kind === "unpaired") parts.push(say("standing.unpaired", { count: waiting.length }));
  else if (toSend.length > 0) {
    const count = toSend.length;
    const since = timeOf(Math.min(...toSend.map((entry) => entry.since)));
    parts.push(
      standing.kind === "away"
        ? say("standing.waiting", { count, since, why: whyInWords(standing) })
        : say("standing.on-the-way", { count }),
    );
  }
  // Of a tablet that is not paired nothing can leave, mended or not: there are more urgent words.
  if (toMend > 0 && standing.kind !== "unpaired") parts.push(say("standing.to-mend", { count: toMend }));
  if (parts.length === 0) parts.push(say("standing.all-sent"));
  if (twoVersions > 0) parts.push(say("standing.two-versions", { count: twoVersions }));
  const isBad = trouble || standing.kind === "unpaired" || toMend > 0;
  const isGood = toSend.length === 0 && twoVersions === 0;
  return { words: parts.join(" · "), tone: isBad ? "bad" : isGood ? "good" : "waiting" };
}

const WHY = {
  "no answer": "out-of-reach",
  "no network": "no-network",
  trouble: "laptop-trouble",
} as const;

function whyInWords({ why, trouble }: Extract<Standing, { kind: "away" }>): string {
  return trouble ? say(`trouble.${trouble}`) : say(`standing.${WHY[why]}`);
}

/** Whether somebody has to look at it before it can leave the tablet as it was typed. */
export function needsMending(entry: Waiting): boolean {
  return entry.refused !== undefined || entry.draft !== undefined;
}
