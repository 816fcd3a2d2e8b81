import type { Instant } from "../database/tables";
import type { Finding } from "./check/rules";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A backup is made that often while something changes, in milliseconds. */
export const BACKUP_EVERY = 10 * MINUTE;
/** What was changed that long ago and is in no backup is in danger. */
export const TOO_OLD = HOUR;
/** Who was erased is in older backups for that long at most, once a newer one is there. */
export const ERASED_WITHIN = DAY;

/** A backup in a folder, as its name tells of it. */
export interface Backup {
  /** The file's name. */
  name: string;
  /** Whose it is: eight hex digits of the booth that made it. */
  of: string;
  /** When it was made. */
  at: Instant;
  /** Whether it is encrypted. */
  isEncrypted: boolean;
  /** Whether it is what was there before the database was brought to a newer version. */
  isBeforeUpgrade: boolean;
}

/** The name of a backup, such as `boothlight-7f3a09c1-2026-11-26T12-20-00Z.db.age`. */
export function nameOf({ of, at, isEncrypted, isBeforeUpgrade }: Omit<Backup, "name">): string {
  const time = new Date(at).toISOString().slice(0, 19).replaceAll(":", "-");
  return `boothlight-${of}-${time}Z${isBeforeUpgrade ? "-before-upgrade" : ""}.db${isEncrypted ? ".age" : ""}`;
}

const NAME =
  /^boothlight-([0-9a-f]{8})-(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})Z(-before-upgrade)?\.db(\.age)?$/;

/** What the name of a file tells of it; undefined where it is no backup. */
export function backupNamed(name: string): Backup | undefined {
  const [, of, day, hour, minute, second, before, age] = NAME.exec(name) ?? [];
  const at = Date.parse(`${day}T${hour}:${minute}:${second}Z`);
  if (of === undefined || Number.isNaN(at)) return undefined;
  return { name, of, at, isEncrypted: age !== undefined, isBeforeUpgrade: before !== undefined };
}

/** Backups, the newest first. */
export function newestFirst<B extends Pick<Backup, "at" | "name">>(backups: B[]): B[] {
  return [...backups].sort((a, b) => b.at - a.at || (a.name < b.name ? 1 : -1));
}

/** How backups become fewer as they get older, in milliseconds. */
export interface Spans {
  /** Younger than that, all are kept. */
  all: number;
  /** … one an hour, */
  hourly: number;
  /** … one a day; older ones, one a month. */
  daily: number;
}

/** As long as there is room; then the less the less room there is. */
export const SPANS: [Spans, ...Spans[]] = [
  { all: 2 * HOUR, hourly: 2 * DAY, daily: 31 * DAY },
  { all: HOUR, hourly: DAY, daily: 14 * DAY },
  { all: 20 * MINUTE, hourly: 6 * HOUR, daily: 7 * DAY },
  { all: 0, hourly: 3 * HOUR, daily: 3 * DAY },
];

/**
 * The backups that can go, of those in one folder, each of which was verified. `newest`: the one that was made last, which
 * never goes. What is dated later than that was made while the laptop's clock was wrong, before it. What was there before an
 * upgrade stays for as long as there is one a day.
 */
export function toThinOut(
  backups: Backup[],
  { newest, now, spans = SPANS[0] }: { newest: Pick<Backup, "name" | "at">; now: Instant; spans?: Spans },
): Backup[] {
  const taken = new Set<string>();
  return newestFirst(backups).filter((backup) => {
    const age = now - backup.at;
    const place = placeOf(backup.at, age, spans);
    if (backup.name === newest.name) {
      taken.add(place);
      return false;
    }
    if (backup.at > newest.at) return true;
    if (age <= spans.all || (backup.isBeforeUpgrade && age <= spans.daily)) return false;
    if (taken.has(place)) return true;
    taken.add(place);
    return false;
  });
}

/** Of all that have the same place one is kept: the newest. */
function placeOf(at: Instant, age: number, { hourly, daily }: Spans): string {
  const time = new Date(at).toISOString();
  if (age <= hourly) return time.slice(0, 13);
  return age <= daily ? time.slice(0, 10) : time.slice(0, 7);
}

/**
 * The backups that must go, since they hold somebody who was erased a day ago or longer. `erasedAt`: when that was, for each
 * erasure. Those made since the last of these erasures stay; where there is none, all stay until there is.
 */
export function toForget(backups: Backup[], erasedAt: Instant[], now: Instant): Backup[] {
  const last = Math.max(...erasedAt.filter((at) => at <= now - ERASED_WITHIN));
  if (!backups.some(({ at }) => at > last && at <= now)) return [];
  return backups.filter(({ at }) => at <= last);
}

/** Why a backup is or is not to be made at this moment. */
export interface Due {
  now: Instant;
  /** Whether anything was changed since the last one. */
  isChanged: boolean;
  /** When the last one was begun; none as yet. */
  lastAt?: Instant;
  /** When it was last tried in vain, since then. */
  failedAt?: Instant;
  /** Whether the place was away then, and is there now. */
  isBack: boolean;
}

/** Whether a backup is due. */
export function isDue({ now, isChanged, lastAt, failedAt, isBack }: Due): boolean {
  if (isBack) return true;
  // A clock that was put back must not hold it up.
  const since = (at: Instant | undefined) => at === undefined || Math.abs(now - at) >= BACKUP_EVERY;
  return (isChanged || failedAt !== undefined) && since(failedAt ?? lastAt);
}

/** Where Boothlight makes no backups. */
export const ON_POSTGRES =
  "The data is in PostgreSQL, which has backups of its own: Boothlight makes none of it, and knows of none.";

/** Where backups go. */
export interface Place {
  folder: string;
  /** Where that was said: by the setting, on the page, or nowhere: then it is a folder beside the data. */
  from: "setting" | "page" | "nowhere";
}

/** How it stands with the place. */
export interface PlaceStanding {
  /** `away`: it is not there; `same`: on the same disk as the data; `other`: on another one. */
  is: "away" | "same" | "other";
  /** Bytes that are left there. */
  room?: number;
  /** By which the system tells disks apart. */
  device?: number;
}

/** How it stands with the backups, for a finding. */
export interface Standing {
  place: Place;
  is: PlaceStanding["is"];
  now: Instant;
  /** When the last backup was made; none as yet. */
  lastAt?: Instant;
  /** Since when something is in no backup; left out: nothing is, `unknown` to a command that looks from outside. */
  changedSince?: Instant | "unknown";
  /** What went wrong the last time, in a sentence. */
  trouble?: string;
}

/** What there is to say of the backups. */
export function findingFrom({ place, is, now, lastAt, changedSince, trouble }: Standing): Finding {
  const of = "backup";
  const at = lastAt === undefined ? undefined : agoInWords(now - lastAt);
  const last = at ? `The last backup was made ${at}.` : "There is no backup yet.";
  const isWaiting = changedSince !== undefined && changedSince !== "unknown";
  const isInDanger = isWaiting && now - changedSince >= TOO_OLD;
  if (trouble || is === "away") {
    const why = trouble ?? awayInWords(place);
    const verdict = lastAt === undefined || isInDanger || changedSince === "unknown" ? "bad" : "look";
    return { of, verdict, words: `${why} ${last}`, advice: adviceFor(is, place) };
  }
  if (lastAt === undefined) {
    const verdict = isInDanger ? "bad" : "look";
    return {
      of,
      verdict,
      words: last,
      advice: "It is made by itself within ten minutes, or at once by “Back up now” under Laptop → Backups.",
    };
  }
  if (isInDanger)
    return {
      of,
      verdict: "bad",
      words: `${last} What was changed since is in none.`,
      advice: "“Back up now”, under Laptop → Backups, says what is in the way.",
    };
  if (changedSince === "unknown" && now - lastAt >= TOO_OLD)
    return { of, verdict: "look", words: last, advice: "boothlight backup makes one now." };
  if (place.from === "nowhere")
    return {
      of,
      verdict: "look",
      words: `${last} It lies on the same disk as the data, and is lost together with it.`,
      advice: "A second place, such as a USB stick, is chosen under Laptop → Backups, or by BACKUP_DIR.",
    };
  const where = is === "same" ? `${place.folder}, on the laptop’s own disk` : place.folder;
  return { of, verdict: "good", words: `The last backup was made ${at}, in ${where}.` };
}

function adviceFor(is: PlaceStanding["is"], { folder, from }: Place): string {
  if (from === "nowhere")
    return "Make room on the laptop’s disk, or choose another place under Laptop → Backups.";
  return is === "away"
    ? `Bring ${folder} back, or choose another place under Laptop → Backups. The next try is made by itself.`
    : "The next try is made by itself.";
}

/** That the place is not there, in a sentence. */
export function awayInWords({ folder }: Pick<Place, "folder">): string {
  return `The place for backups is away: ${folder} is not there.`;
}

/** "3 minutes ago". */
export function agoInWords(milliseconds: number): string {
  const minutes = Math.floor(Math.max(0, milliseconds) / MINUTE);
  if (minutes < 1) return "just now";
  const [count, unit] =
    minutes < 60
      ? [minutes, "minute"]
      : minutes < 48 * 60
        ? [Math.floor(minutes / 60), "hour"]
        : [Math.floor(minutes / 1440), "day"];
  return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
}

/** Bytes as disks and systems count them, in thousands: "812 kB", "4.2 MB", "31 GB". Used for all sizes that are shown. */
export function sizeInWords(bytes: number): string {
  let [size, unit] = [bytes / 1000, 0];
  while (size >= 999.5 && unit < 3) {
    size /= 1000;
    unit += 1;
  }
  const shown = unit > 0 && size < 9.95 ? size.toFixed(1) : Math.round(size);
  return `${shown || (bytes > 0 ? 1 : 0)} ${["kB", "MB", "GB", "TB"][unit]}`;
}

/** Where a work failed: at the place for backups, or on the laptop. */
export type Side = "place" | "laptop";

/** Why a backup could not be made, in a sentence. `code` as the system or the database says it. */
export function troubleInWords(code: string, side: Side, { folder }: Pick<Place, "folder">): string {
  if (side === "place")
    switch (code) {
      case "ENOSPC":
      case "EDQUOT":
      case "EFBIG":
        return `There is no room left in ${folder}.`;
      case "EROFS":
        return `${folder} can only be read: it is write-protected, or was taken out without being ejected.`;
      case "EACCES":
      case "EPERM":
        return `${folder} must not be written to by this user.`;
      case "ENOENT":
      case "ENODEV":
      case "ENXIO":
      case "ESTALE":
      case "ENOTDIR":
        return awayInWords({ folder });
      case "EIO":
        return `${folder} does not take or give what is written there: the stick was pulled out, or is broken.`;
      case "differs":
        return `What was written to ${folder} reads otherwise: the stick is probably broken.`;
    }
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
    case "SQLITE_FULL":
      return "There is no room left on the laptop’s own disk, where a backup is prepared.";
    case "EROFS":
    case "SQLITE_READONLY":
      return "The laptop’s own disk can only be read, so no backup can be prepared.";
    case "damaged":
    case "SQLITE_CORRUPT":
    case "SQLITE_NOTADB":
      return "The database is damaged, so no backup was made of it: the last one stays as it is.";
    case "aborted":
      return `The backup took too long and was broken off: ${folder} may be slow, or stuck.`;
    default:
      return `The backup could not be made (${code}).`;
  }
}

/** What lies beside the backups, for whoever finds them there years later. No personal data. */
export function readmeText({ keyFile }: { keyFile?: string }): string {
  const opening = keyFile
    ? `These backups are encrypted. What opens them is the passphrase that was chosen for
backups, together with the file ${keyFile}: keep it with them.`
    : `These backups are not encrypted, and hold contact details that visitors left:
nobody but the booth's organizers should have them.`;
  const byHand = keyFile
    ? `The format is age (https://age-encryption.org). Without Boothlight:
    age -d -i ${keyFile} -o boothlight.db NAME.db.age`
    : "Each is an SQLite database (https://sqlite.org), which any tool for that opens.";
  return `BACKUPS OF A CONFERENCE BOOTH

Boothlight, the booth tool for open-source communities, wrote these files. Each
boothlight-… .db${keyFile ? ".age" : ""} is a whole backup; the time in its name is in UTC. The other
files belong to all of them: leave the folder as it is.

${opening}

To bring the booth back, on any computer with Node 20 or newer, get Boothlight
and, in its folder:

    npm run boothlight -- restore "THIS FOLDER"
    npm start

It takes the newest backup; name a file in place of the folder to take that one.
What is in the way is moved aside, never overwritten.

${byHand}

erasures.json says who asked to be forgotten (as numbers, without names), so
that a backup does not bring them back.
`;
}

/** By its first line a README is known as ours: another one is left alone. */
export const README_MARK = "BACKUPS OF A CONFERENCE BOOTH\n";

/** What a backup that is under way is at. */
export function stepInWords(step: string | undefined): string {
  switch (step) {
    case "copying":
      return "Copying the data";
    case "checking":
      return "Checking the copy";
    case "writing":
      return "Writing it to its place";
    case "reading back":
      return "Reading back what was written";
    default:
      return "Getting ready";
  }
}
