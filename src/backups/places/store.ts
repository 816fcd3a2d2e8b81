import { readFileSync } from "node:fs";
import { access, constants, mkdir, readdir, realpath, stat, statfs } from "node:fs/promises";
import path from "node:path";
import { Problem } from "../../errors";
import type { Place, PlaceStanding } from "../rules";

/** The program's own folder: what lies in some of its parts, anybody in the hall can read. */
const PROGRAM = path.resolve(__dirname, "../../..");
/** Where systems put what is plugged in. */
const MOUNTS = ["/media", "/run/media", "/mnt", "/Volumes"];
/** What a folder of ours on a stick is called. */
export const ON_A_STICK = "Boothlight backups";

/** The folder for backups that is there without anybody having chosen one. */
export function folderBesideData(dataDir: string): string {
  return path.join(dataDir, "backups");
}

/**
 * How it stands with a place. `wasOther`: backups went to it on another disk than the data; where it is on the same one now,
 * what was mounted there is gone and its empty folder is left.
 */
export async function standingOf(
  { folder, from }: Place,
  dataDir: string,
  wasOther: boolean,
): Promise<PlaceStanding> {
  try {
    const data = await stat(dataDir);
    // Beside the data it is made with the first backup.
    const isMade = from === "nowhere" && !(await isThere(folder));
    const there = await stat(isMade ? dataDir : folder);
    if (!there.isDirectory()) return { is: "away" };
    const is = there.dev === data.dev ? "same" : "other";
    if (wasOther && is === "same") return { is: "away" };
    const { bavail, bsize } = await statfs(isMade ? dataDir : folder);
    return { is, room: bavail * bsize, device: there.dev };
  } catch {
    return { is: "away" };
  }
}

/**
 * Makes the folder of a place where it is not there. Never where a stick would be: a folder made there while it is away would
 * be on the laptop's own disk, and nobody would notice.
 */
export async function makePlace({ folder, from }: Place, isKnown: boolean): Promise<void> {
  const isOfAStick = MOUNTS.some((mount) => folder.startsWith(`${mount}/`));
  if (isKnown && from !== "nowhere") return;
  if (isOfAStick) {
    // A folder on a stick that is there may be made; the place of the stick itself may not.
    const above = path.dirname(folder);
    if (!(await isMounted(above))) return;
    await mkdir(folder, { mode: 0o700 }).catch(unlessThere);
    return;
  }
  // Somebody who mistypes a folder would have backups where nobody looks for them: what it lies in has to be there.
  await mkdir(folder, { recursive: from === "setting", mode: 0o700 }).catch(unlessThere);
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

async function isThere(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => true,
    () => false,
  );
}

/** Whether a folder lies on something that was mounted below the places for sticks. */
async function isMounted(folder: string): Promise<boolean> {
  try {
    const [there, root] = await Promise.all([stat(folder), stat("/")]);
    return there.dev !== root.dev;
  } catch {
    return false;
  }
}

/** Something to keep backups on that is plugged in at this moment. */
export interface Offer {
  /** What it is called, as "STICK". */
  name: string;
  /** The folder on it that is ours to be. */
  folder: string;
  /** Bytes that are left on it. */
  room: number;
}

/** The sticks and disks that are plugged in, can be written to and are not where the data is. */
export async function offers(dataDir: string): Promise<Offer[]> {
  const data = await stat(dataDir).catch(() => undefined);
  const found: Offer[] = [];
  for (const mount of await mounts()) {
    try {
      const there = await stat(mount);
      if (there.dev === data?.dev) continue;
      await access(mount, constants.W_OK);
      const { bavail, bsize } = await statfs(mount);
      const room = bavail * bsize;
      found.push({ name: path.basename(mount), folder: path.join(mount, ON_A_STICK), room });
    } catch {
      // It was pulled out meanwhile, or is nobody's to write to.
    }
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function mounts(): Promise<string[]> {
  if (process.platform === "linux") {
    return mountsIn(readFileSync("/proc/self/mounts", "utf8")).filter((mount) =>
      MOUNTS.some((above) => mount.startsWith(`${above}/`)),
    );
  }
  if (process.platform === "win32") {
    const drives = [..."DEFGHIJKLMNOPQRSTUVWXYZ"].map((letter) => `${letter}:\\`);
    const there = await Promise.all(drives.map(isThere));
    return drives.filter((_drive, index) => there[index]);
  }
  const names = await readdir("/Volumes").catch(() => []);
  return names.map((name) => path.join("/Volumes", name));
}

/** The places in a table of mounts, in which a blank is written as `\040`. */
export function mountsIn(table: string): string[] {
  return table
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((place) => place !== "")
    .map((place) =>
      place.replace(/\\([0-7]{3})/g, (_all, octal) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
}

/**
 * The folder that somebody chose, made where it is not there, once it is certain that backups can be written to it. Throws
 * `invalid` with the field `place` where not.
 */
export async function checkedFolder(folder: string, dataDir: string): Promise<string> {
  const refuse = (message: string) =>
    new Problem("invalid", "This folder cannot be used.", [{ field: "place", message }]);
  const isInside = (what: string, of: string) => !path.relative(of, what).startsWith("..");
  const own = folderBesideData(dataDir);
  try {
    const place: Place = { folder, from: "page" };
    const isOwn = isInside(folder, own);
    if (isInside(folder, PROGRAM) && !isOwn) throw refuse("Not inside the folder of the program, please.");
    if (isInside(folder, dataDir) && !isOwn) throw refuse("Not among the data itself, please.");
    await makePlace(place, false);
    const real = await realpath(folder);
    if (isInside(real, PROGRAM) && !isInside(real, await realpath(dataDir)))
      throw refuse("Not inside the folder of the program, please.");
    if (!(await stat(real)).isDirectory()) throw refuse("This is no folder.");
    await access(real, constants.W_OK);
    return folder;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof Problem) throw error;
    if (code === "ENOENT")
      throw refuse("There is no such folder. Is it spelled right, and is the stick plugged in?");
    if (code === "EROFS") throw refuse("This can only be read: is the stick write-protected?");
    throw refuse("This folder cannot be written to.");
  }
}
