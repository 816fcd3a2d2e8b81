import { sinceInWords } from "../../events/rules";
import type { JobStanding } from "../../jobs";
import { type Finding, type Verdict, worstOf } from "../check/rules";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How a job went, as the page marks it. */
export type JobState = "good" | "failed" | "late" | "first";

/** A job as the page shows it. */
export interface JobRow {
  name: string;
  owner: string;
  what: string;
  state: JobState;
  /** How the last run went, or the one that takes too long. */
  last: string;
  /** What kind of fault ended the last run, as a sentence. */
  fault?: string;
  next: string;
  /** How often and how long, for whoever wants to know. */
  terms: string;
  /** Whether it makes a difference to have it done now: what is done every few seconds comes by itself. */
  canRun: boolean;
}

interface Moment {
  now: number;
  /** Of whoever reads it. */
  zone: string;
}

/** How it stands with all jobs: what does not go well first. */
export function jobRows(jobs: JobStanding[], moment: Moment): JobRow[] {
  const rows = jobs.map((job) => jobRow(job, moment));
  return [...rows.filter(isTroubled), ...rows.filter((row) => !isTroubled(row))];
}

function isTroubled({ state }: Pick<JobRow, "state">): boolean {
  return state === "failed" || state === "late";
}

/** How it stands with a job, in words. */
export function jobRow(job: JobStanding, { now, zone }: Moment): JobRow {
  const { name, owner, what } = job;
  const state = stateOf(job);
  const fault = state === "failed" ? faultInWords(job.fault as string) : undefined;
  return {
    name,
    owner,
    what,
    state,
    last: lastInWords(job, { now, zone }),
    fault,
    next: nextInWords(job, { now, zone }),
    terms: `every ${durationInWords(job.every * SECOND)}, ${durationInWords(job.limit * SECOND)} at the most`,
    canRun: job.every * SECOND >= MINUTE && !job.isRunning,
  };
}

function stateOf(job: JobStanding): JobState {
  if (job.isLate) return "late";
  if (job.fault !== undefined) return "failed";
  return job.runs === 0 ? "first" : "good";
}

function lastInWords(job: JobStanding, { now, zone }: Moment): string {
  if (job.isLate) {
    const lasts = durationInWords(now - (job.startedAt ?? now));
    return `Under way for ${lasts}, longer than it may take`;
  }
  if (job.endedAt === undefined) return "Not yet";
  const when = agoInWords(job.endedAt, { now, zone });
  return `${when}, took ${durationInWords(job.took ?? 0)}`;
}

function nextInWords(job: JobStanding, { now, zone }: Moment): string {
  if (job.isRunning) return job.isLate ? "When it has ended" : "Under way";
  if (job.nextAt === undefined) return "Soon";
  const left = Math.round((job.nextAt - now) / SECOND) * SECOND;
  if (left < MINUTE) return "In a moment";
  if (left < HOUR) return `In ${durationInWords(left)}`;
  return `At ${sinceInWords(job.nextAt, zone, now)}`;
}

/** "Just now", "4 min ago", "10:11", "15 Apr, 10:11". */
export function agoInWords(at: number, { now, zone }: Moment): string {
  const ago = now - at;
  if (ago < MINUTE) return "Just now";
  if (ago < HOUR) return `${durationInWords(ago)} ago`;
  return sinceInWords(at, zone, now);
}

/** A time span in milliseconds, as exact as anybody needs: "3 ms", "20 s", "4 min", "3 h 20 min", "2 days". */
export function durationInWords(span: number): string {
  if (span < SECOND) return `${Math.max(1, Math.round(span))} ms`;
  if (span < 10 * SECOND && span % SECOND !== 0) return `${(span / SECOND).toFixed(1)} s`;
  if (span < MINUTE) return `${Math.floor(span / SECOND)} s`;
  if (span < HOUR) return `${Math.floor(span / MINUTE)} min`;
  const [hours, minutes] = [Math.floor(span / HOUR), Math.floor((span % HOUR) / MINUTE)];
  if (hours >= 48) return `${Math.floor(hours / 24)} days`;
  return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`;
}

/** What a code of SQLite, PostgreSQL, the system or the network means to somebody at a booth. The first that fits counts. */
const FAULTS: [code: RegExp, sentence: string][] = [
  [/SQLITE_FULL|\bENOSPC\b|\b53100\b|\bEDQUOT\b/, "The disk was full."],
  [
    /SQLITE_READONLY|\bEROFS\b/,
    "The disk could only be read: a switch on a stick or card, or a disk that fails.",
  ],
  [/SQLITE_(CORRUPT|NOTADB)|\bXX00[12]\b/, "The database file is damaged."],
  [/SQLITE_BUSY|\b55P03\b|\b40001\b|\b40P01\b/, "Another program kept the database busy."],
  [/SQLITE_(IOERR|CANTOPEN)|\bEIO\b|\b58030\b/, "The disk did not answer. Was a stick pulled out?"],
  [/\b(EACCES|EPERM|SQLITE_AUTH|SQLITE_PERM)\b/, "Boothlight was not allowed to use a file or folder."],
  [/\bENOENT\b/, "A file or folder was not there. Was a stick pulled out?"],
  [/\b(EEXIST|ENOTDIR|EISDIR)\b/, "Something else was in the place of a file or folder."],
  [/\b(EMFILE|ENFILE)\b/, "Too many files were open on the laptop."],
  [/\bENOMEM\b|\b53200\b/, "The laptop had no memory left."],
  [/\bEADDRINUSE\b/, "Another program kept the port to itself."],
  [/\b(ENETUNREACH|ENODEV|EINVAL|EADDRNOTAVAIL|ENETDOWN)\b/, "There was no network."],
  [
    /\b(ENOTFOUND|EAI_AGAIN|EDNS)\b/,
    "A name on the internet could not be found: no internet, or a wrong address.",
  ],
  [
    /\b(ECONNREFUSED|ECONNRESET|EPIPE|EHOSTUNREACH)\b|\b08\w{3}\b|\b57P\d\d\b/,
    "The other end did not answer.",
  ],
  [/\b(ETIMEDOUT|TimeoutError|ESOCKETTIMEDOUT)\b/, "It took too long to answer."],
  [/\b(AbortError|aborted)\b/, "It was broken off, because it took too long or the program was stopped."],
];

/** A fault's name and code as a sentence for a volunteer; the code itself is in the log. */
export function faultInWords(fault: string): string {
  const found = FAULTS.find(([code]) => code.test(fault));
  return found?.[1] ?? "Something went wrong in the program. The log says where.";
}

/** What is found of the run itself: for a day, that the one before ended without being asked to. */
export function runFindings(
  run: { startedAt: number; isAfterCrash: boolean } | undefined,
  { now, zone }: Moment,
): Finding[] {
  if (!run?.isAfterCrash || now - run.startedAt > 24 * HOUR) return [];
  const started = sinceInWords(run.startedAt, zone, now);
  return [
    {
      of: "run",
      verdict: "look",
      words: `Boothlight stopped unexpectedly, and was started again at ${started}.`,
      advice: "All that was acknowledged is here. Was it the power, or the lid? If not, its log says more.",
    },
  ];
}

/** All of it in one sentence, with how bad it is. */
export function overall(
  findings: Pick<Finding, "verdict">[],
  jobs: Pick<JobRow, "state">[],
): { verdict: Verdict; words: string } {
  const bad = findings.filter(({ verdict }) => verdict === "bad").length;
  const toLook = findings.filter(({ verdict }) => verdict === "look").length;
  const troubled = jobs.filter(isTroubled).length;
  const looks = toLook + troubled;
  const things = (count: number) => (count === 1 ? "One thing" : `${count} things`);
  if (bad > 0) {
    const more = looks > 0 ? ` ${things(looks)} more to look at.` : "";
    return { verdict: "bad", words: `${things(bad)} to see to now.${more}` };
  }
  if (looks > 0) return { verdict: "look", words: `${things(looks)} to look at, when there is time.` };
  return { verdict: worstOf(findings), words: "All is well." };
}
