import type { Instant } from "../../database/tables";
import type { Trouble, TroubleKind } from "../../database/trouble";
import { sizeInWords } from "../rules";

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

/** The findings with the worst first, and as they were found among the same. */
export function worstFirst(findings: Finding[]): Finding[] {
  return [...findings].sort((a, b) => ORDER.indexOf(b.verdict) - ORDER.indexOf(a.verdict));
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const MEGABYTE = 1_000_000;

const KEEPS = "Leave the tablets on: they keep what they log, and send it when this has passed.";

/** What each trouble is, as an organizer reads it, and what helps. */
const TROUBLES: Record<TroubleKind, { words: string; advice: string }> = {
  full: {
    words: "Nothing can be saved: the disk is full.",
    advice: `Delete what is not needed, or empty the bin of the laptop. ${KEEPS}`,
  },
  "read-only": {
    words: "Nothing can be saved: the disk, or the data folder, lets nothing be written.",
    advice: `A disk with a fault is often made read-only by the system: make a backup to another place now. ${KEEPS}`,
  },
  damaged: {
    words: "The database is damaged.",
    advice: `Stop Boothlight and put the last backup in its place: boothlight restore. What is here is moved aside. ${KEEPS}`,
  },
  gone: {
    words: "The database file is not where it was: it was moved, deleted, or its disk was taken out.",
    advice: `Put it back, or plug its disk in again, and start Boothlight anew if it does not go on by itself. ${KEEPS}`,
  },
  busy: {
    words: "Nothing can be saved: another program holds the database.",
    advice: `Close what has opened it, such as a second Boothlight or a database browser. ${KEEPS}`,
  },
  failing: {
    words: "Nothing can be saved: the disk has a fault.",
    advice: `Make a backup to another place now, and go on with another laptop if it stays so. ${KEEPS}`,
  },
  away: {
    words: "Nothing can be saved: the database server does not answer.",
    advice: `Look whether it runs and can be reached. ${KEEPS}`,
  },
};

/** Whether what comes is saved. `rescued`: the file that has all that a deleted database held. */
export function savingFinding(
  trouble: Trouble | undefined,
  timeOf: (at: Instant) => string,
  rescued?: string,
): Finding {
  if (!trouble) return { of: "saving", verdict: "good", words: "What comes in is saved." };
  const { words, advice } = TROUBLES[trouble.kind];
  return {
    of: "saving",
    verdict: "bad",
    words: `${words} First noticed at ${timeOf(trouble.since)}.`,
    advice:
      trouble.kind === "gone" && rescued
        ? `All that it held was saved to ${rescued}. Stop Boothlight, then: boothlight restore "${rescued}". ${KEEPS}`
        : advice,
  };
}

/** What could not even be looked at. */
export function brokenFinding(kind: TroubleKind): Finding {
  return { of: "database", verdict: "bad", ...TROUBLES[kind] };
}

/** Below these many bytes free. */
const SPACE = { look: 1000 * MEGABYTE, bad: 200 * MEGABYTE };

export function spaceFinding(free: number): Finding {
  const words = `${sizeInWords(free)} are free on the disk with the data.`;
  if (free >= SPACE.look) return { of: "disk", verdict: "good", words };
  return {
    of: "disk",
    verdict: free < SPACE.bad ? "bad" : "look",
    words,
    advice: "Delete what is not needed, or empty the bin of the laptop: without room nothing can be saved.",
  };
}

/** No clock that is right shows a time before the program was made. */
const MADE = Date.UTC(2024, 0, 1);
/** So far clocks may differ: an event's hour is still right. */
const CLOCKS_AGREE = 2 * MINUTE;
/** What is noted a little later than it happened. */
const RECORDS_AHEAD = 5 * MINUTE;

/** What there is to judge the laptop's clock by. */
export interface Clocks {
  now: Instant;
  /** When the laptop noted something last, by its own clock; undefined where it never did. */
  lastNoted: Instant | undefined;
  /** For each tablet that was heard of lately: how far the laptop's clock is before its own, in milliseconds. */
  offsets: number[];
}

export function clockFinding({ now, lastNoted, offsets }: Clocks): Finding {
  const advice =
    "Set the date and time of the laptop, best by itself from the network. Visits are put right by what tablets say.";
  const bad = (words: string): Finding => ({ of: "clock", verdict: "bad", words, advice });
  if (now < MADE) return bad("The laptop's clock shows a time before Boothlight was made.");
  if (lastNoted !== undefined && now < lastNoted - RECORDS_AHEAD)
    return bad(
      `The laptop's clock is ${spanInWords(lastNoted - now)} before what it has noted already: it was set back, or was wrong before.`,
    );
  const sorted = [...offsets].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const agreeing = sorted.filter((offset) => Math.abs(offset - middle) < CLOCKS_AGREE);
  // One tablet may be wrong; when several say the same, the laptop is.
  if (Math.abs(middle) >= CLOCKS_AGREE && agreeing.length >= 2 && agreeing.length > sorted.length / 2) {
    const which = middle > 0 ? "ahead of" : "behind";
    return {
      of: "clock",
      verdict: "look",
      words: `The laptop's clock is ${spanInWords(Math.abs(middle))} ${which} what ${agreeing.length} tablets say, which agree.`,
      advice,
    };
  }
  return {
    of: "clock",
    verdict: "good",
    words: "The laptop's clock fits what it has noted, and what tablets say.",
  };
}

function spanInWords(milliseconds: number): string {
  const say = (count: number, unit: string) => `${count} ${unit}${count === 1 ? "" : "s"}`;
  if (milliseconds < 120 * MINUTE) return say(Math.max(1, Math.round(milliseconds / MINUTE)), "minute");
  if (milliseconds < 2 * DAY) return say(Math.round(milliseconds / (60 * MINUTE)), "hour");
  return say(Math.round(milliseconds / DAY), "day");
}

/** Zones are those of the laptop and of the event of the day; offsets in minutes from UTC at the moment. */
export function zoneFinding(
  laptop: { zone: string; offset: number },
  event: { zone: string; offset: number },
): Finding {
  if (laptop.offset === event.offset)
    return { of: "time zone", verdict: "good", words: "The laptop's time zone shows the event's time." };
  return {
    of: "time zone",
    verdict: "look",
    words: `The laptop is set to ${laptop.zone}, the event is in ${event.zone}.`,
    advice:
      "Nothing is counted wrongly by that: the event's own zone counts. But set the zone, not the clock, where the laptop shows another time than the hall.",
  };
}

/** The certificate that HTTPS is opened with. */
export interface CertificateFacts {
  expires: Instant;
  /** Whether the laptop makes and renews it by itself. */
  isOwn: boolean;
  /** The name of PUBLIC_URL, where that is not one of the certificate's. */
  missingName?: string;
}

/** One from elsewhere has to be renewed by somebody: that takes days. */
const RENEW_WITHIN = 14 * DAY;

/** `undefined`: HTTPS is off, or was never opened. `broken`: its files cannot be used, and why. */
export function certificateFinding(
  certificate: CertificateFacts | { broken: string } | undefined,
  now: Instant,
): Finding {
  const of = "certificate";
  if (!certificate)
    return { of, verdict: "good", words: "HTTPS is not open, so there is no certificate to run out." };
  if ("broken" in certificate)
    return {
      of,
      verdict: "bad",
      words: certificate.broken,
      advice: "Look at the settings CERTIFICATE and CERTIFICATE_KEY.",
    };
  const { expires, isOwn, missingName } = certificate;
  const left = expires - now;
  const advice = isOwn
    ? "Boothlight makes a new one by itself when it starts, and while it runs."
    : "Renew it: a renewed file is taken within half a minute.";
  if (left <= 0)
    return {
      of,
      verdict: isOwn ? "look" : "bad",
      words: `The certificate ran out ${spanInWords(-left)} ago.`,
      advice,
    };
  if (missingName)
    return {
      of,
      verdict: "bad",
      words: `The certificate is not for ${missingName}, which PUBLIC_URL leads to.`,
      advice: "Get one for that name, or set PUBLIC_URL to a name that it has.",
    };
  if (left < RENEW_WITHIN && !isOwn)
    return { of, verdict: "look", words: `The certificate runs out in ${spanInWords(left)}.`, advice };
  return { of, verdict: "good", words: `The certificate is good for ${spanInWords(left)}.` };
}

/** The data folder as the system shows it. */
export interface FolderFacts {
  folder: string;
  /** The bits of who may do what. */
  mode: number;
  /** Files and folders in it, and itself, that belong to another account than the one that looks. */
  foreign: string[];
}

export function folderFinding({ folder, mode, foreign }: FolderFacts): Finding {
  const of = "folder";
  if ((mode & 0o077) !== 0)
    return {
      of,
      verdict: "look",
      words: "Other accounts of this laptop may look into the data folder, which holds contact details.",
      advice: `Close it to them: chmod 700 "${folder}"`,
    };
  if (foreign.length > 0)
    return {
      of,
      verdict: "look",
      words: `Of the data folder, ${foreign.slice(0, 3).join(", ")} belong${foreign.length === 1 ? "s" : ""} to another account: Boothlight may not be able to write there.`,
      advice: `Start Boothlight with the account that owns the data, or give it to this one: chown -R "$USER" "${folder}"`,
    };
  return { of, verdict: "good", words: "The data folder is closed to other accounts of this laptop." };
}

/** How SQLite was told to keep what it is given. `synchronous`: 2 is FULL, 3 is EXTRA. */
export function durabilityFinding({
  journal,
  synchronous,
}: {
  journal: string;
  synchronous: number;
}): Finding {
  const of = "settings";
  if (journal === "wal" && synchronous >= 2)
    return {
      of,
      verdict: "good",
      words: "Acknowledged means on disk: the log is synced with each transaction.",
    };
  return {
    of,
    verdict: "bad",
    words: `The database would lose acknowledged visits in a power cut (journal ${journal}, synchronous ${synchronous}).`,
    advice: "Another program has changed how it is kept. Stop Boothlight and start it again.",
  };
}

/** What SQLite's own checks found; rows of foreign keys that lead nowhere by table. */
export function integrityFinding(faults: string[], strays: Record<string, number>): Finding {
  const of = "database";
  if (faults.length > 0)
    return {
      of,
      verdict: "bad",
      words: `The database is damaged: ${faults.slice(0, 3).join("; ")}.`,
      advice: TROUBLES.damaged.advice,
    };
  const tables = Object.entries(strays);
  if (tables.length > 0)
    return {
      of,
      verdict: "bad",
      words: `Rows belong to nothing: ${tables.map(([table, count]) => `${count} of ${table}`).join(", ")}.`,
      advice:
        "Another program has changed the database. Put the last backup in its place: boothlight restore.",
    };
  return { of, verdict: "good", words: "The database is whole." };
}
