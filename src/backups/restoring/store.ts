import { existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { unpairDevice, unpairedDevices } from "../../access/store";
import type { Config } from "../../config";
import { lockData, UNFINISHED } from "../../database/lock";
import { openDatabase, type Reader, readOnly, sqliteFile } from "../../database/open";
import type { Instant } from "../../database/tables";
import { Problem } from "../../errors";
import { doubtChats } from "../../messages/store";
import { isErasure } from "../../privacy/erasure/rules";
import { eraseAgain, keptErasures } from "../../privacy/erasure/store";
import { keepSearchable } from "../../questions/search/store";
import { keep, keptOf, writeSafely } from "../keys/store";
import { folderBesideData, ON_A_STICK } from "../places/store";
import { backupNamed, newestFirst } from "../rules";
import { AUTHORITY, backupsIn, CERTIFICATES, ERASURES, erasuresIn, placeOf } from "../store";
import { type Fault, inThread, type Opened } from "../thread/store";

/** What a restore is asked for. */
export interface Restore {
  /** A backup, or a folder with backups in it; left out: where this booth's backups go. */
  from?: string;
  /** Asks for the passphrase where one is needed; `isAgain`: the last one was wrong. */
  passphrase: (isAgain: boolean) => Promise<string>;
  /** Told what is found on the way, in sentences. */
  tell: (sentence: string) => void;
  now: () => Instant;
}

/** What became of a restore. */
export interface Restored {
  /** The backup's file. */
  file: string;
  /** When it was made, where its name says so. */
  at?: Instant;
  visits: number;
  questions: number;
  /** The folder that has what was there before; none where there was nothing. */
  aside?: string;
  /** How many erasures were made again. */
  erasedAgain: number;
  /** Whether the authority that tablets trust came with it. */
  hasAuthority: boolean;
}

interface Candidate {
  file: string;
  at?: Instant;
  of?: string;
}

/** So often somebody at a terminal may mistype a passphrase. */
const TRIES = 3;

/**
 * Puts a backup in the place of the data. It is opened, checked, brought to this version and rid of who was erased since,
 * all of that beside the data; only then what is there is moved aside and it takes that place.
 * Throws a Problem where there is none, none is whole, the passphrase is wrong, or somebody works on the data.
 */
export async function restore(config: Config, asked: Restore): Promise<Restored> {
  if (config.databaseUrl)
    throw new Problem(
      "conflict",
      "DATABASE_URL is set, and PostgreSQL is restored by its own pg_restore. To restore into a file, leave DATABASE_URL out.",
    );
  const { dataDir } = config;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const candidates = await candidatesFor(config, asked.from);
  const lock = lockData(dataDir, true);
  if (!lock)
    throw new Problem(
      "conflict",
      `Boothlight is running on the data in ${dataDir}. Stop it first (Ctrl+C there).`,
    );
  const beside = path.join(dataDir, `restore-under-way-${process.pid}`);
  try {
    await clearBeside(dataDir);
    await mkdir(beside, { mode: 0o700 });
    const opened = await firstWhole(candidates, beside, asked);
    const folder = path.dirname(opened.file);
    const erasures = await erasuresKnown(config, folder);
    const unpaired = await unpairedInData(dataDir);
    const erasedAgain = await prepare(beside, { erasures, unpaired }, asked.now());
    const authority = authorityIn(opened.unsealed);
    const aside = await replace(dataDir, beside, { authority, erasures, now: asked.now() });
    const kept = await keptOf(dataDir);
    // It is the same booth: its backups go on where they were, and the older ones get thinned out.
    await keep(dataDir, { ...kept, of: opened.of ?? kept.of });
    const { visits = 0, questions = 0 } = opened.counts;
    return {
      file: opened.file,
      at: opened.at,
      visits,
      questions,
      aside,
      erasedAgain,
      hasAuthority: authority !== undefined,
    };
  } finally {
    await rm(beside, { recursive: true, force: true });
    lock.release();
  }
}

/** The backups that may be meant, the likeliest first. */
async function candidatesFor(config: Config, from: string | undefined): Promise<Candidate[]> {
  const kept = await keptOf(config.dataDir);
  const named = path.resolve(from ?? placeOf(config, kept).folder);
  const there = await stat(named).catch(() => undefined);
  if (!there) {
    const is = from ? "There is no file or folder" : "There is no folder with backups:";
    throw new Problem(
      "missing",
      `${is} ${named}. Name the folder with the backups: boothlight restore FOLDER`,
    );
  }
  if (there.isFile()) {
    const { at, of } = backupNamed(path.basename(named)) ?? {};
    return [{ file: named, at, of }];
  }
  for (const folder of [named, path.join(named, ON_A_STICK), path.join(named, "backups")]) {
    const backups = newestFirst((await backupsIn(folder)).filter((each) => !each.isBeforeUpgrade));
    const [newest] = backups;
    if (!newest) continue;
    const booths = [...new Set(backups.map(({ of }) => of))];
    const meant = booths.length > 1 && !from ? kept.of : newest.of;
    if (booths.length > 1 && (from || !booths.includes(kept.of))) {
      const newestOf = booths.map((of) =>
        path.join(folder, backups.find((each) => each.of === of)?.name ?? ""),
      );
      throw new Problem(
        "conflict",
        `Backups of ${booths.length} booths are in ${folder}. Name the one that you mean; these are the newest: ${newestOf.join(", ")}`,
      );
    }
    return backups
      .filter(({ of }) => of === meant)
      .map(({ name, at, of }) => ({ file: path.join(folder, name), at, of }));
  }
  throw new Problem("missing", `There are no backups in ${named}.`);
}

interface Found extends Candidate, Opened {}

/** Opens the first backup that is whole. */
async function firstWhole(candidates: Candidate[], beside: string, asked: Restore): Promise<Found> {
  let passphrase: string | undefined;
  for (const candidate of candidates) {
    const { file } = candidate;
    const folder = path.dirname(file);
    const [keys, sealed] = [await keysIn(folder), path.join(folder, CERTIFICATES)];
    for (let tries = 0; ; tries += 1) {
      const to = sqliteFile(beside);
      await rm(to, { force: true });
      try {
        return { ...candidate, ...(await inThread("open", { file, to, keys, passphrase, sealed })) };
      } catch (error) {
        const { code, message } = error as Fault;
        if (code === "wrong-passphrase" && tries < TRIES) {
          passphrase = await asked.passphrase(passphrase !== undefined);
          if (passphrase) continue;
        }
        if (code === "wrong-passphrase")
          throw new Problem("forbidden", "The passphrase does not open this backup. Nothing was changed.");
        if (code !== "damaged" && code !== "EIO")
          throw new Problem("conflict", `${file} cannot be restored: ${message} Nothing was changed.`);
        asked.tell(`${file} is damaged, and was left alone.`);
        break;
      }
    }
  }
  throw new Problem("conflict", "No backup that is whole was found. Nothing was changed.");
}

async function keysIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => /^boothlight-key-\w+\.age$/.test(name));
  return Promise.all(names.map((name) => readFile(path.join(folder, name), "utf8")));
}

/**
 * All that is known to be erased: by the list beside the backup and those where the booth's own backups go, by the data that
 * is there, and by what a restore that was cut off knew, which may have moved that data aside. Whose list it is, nobody can
 * tell: what is no erasure in it, as this version knows them, is passed over.
 */
async function erasuresKnown(config: Config, folder: string): ReturnType<typeof keptErasures> {
  const { dataDir } = config;
  const usual = placeOf(config, await keptOf(dataDir)).folder;
  const files = [folder, usual, folderBesideData(dataDir)].map((each) => path.join(each, ERASURES));
  const lists = await Promise.all([...files, path.join(dataDir, UNFINISHED)].map(erasuresIn));
  return [...lists.flat(), ...(await erasuresOfData(dataDir))].filter(isErasure);
}

/** What was erased in the data that is there, where it can be read at all. */
const erasuresOfData = (dataDir: string) => ofData(dataDir, keptErasures);

/** Devices whose pairing was ended in the data that is there: a backup from before must not open it to a stolen tablet again. */
const unpairedInData = (dataDir: string) => ofData(dataDir, unpairedDevices);

async function ofData<T>(dataDir: string, ask: (read: Reader) => Promise<T[]>): Promise<T[]> {
  const file = sqliteFile(dataDir);
  if (!existsSync(file)) return [];
  try {
    const there = readOnly(file);
    try {
      return await ask(there);
    } finally {
      await there.destroy();
    }
  } catch {
    // It is damaged, which is why it is replaced, or from before there was any of this.
    return [];
  }
}

/** Brings what was opened to this version, erases again who was erased, and ends what was open. Gives how many were erased. */
async function prepare(
  dataDir: string,
  {
    erasures,
    unpaired,
  }: {
    erasures: Awaited<ReturnType<typeof keptErasures>>;
    unpaired: Awaited<ReturnType<typeof unpairedDevices>>;
  },
  now: Instant,
): Promise<number> {
  const db = await openDatabase({ dataDir }, now);
  // Words of who is erased go from the index in the same commit.
  keepSearchable(db, () => {});
  try {
    const keyOf = ({ kind, id }: (typeof erasures)[number]) => `${kind} ${id}`;
    const known = new Set((await keptErasures(db.read)).map(keyOf));
    const missing = [...new Map(erasures.map((each) => [keyOf(each), each])).values()].filter(
      (each) => !known.has(keyOf(each)),
    );
    await db.write(async (writer) => {
      await eraseAgain(writer, missing, now);
      for (const { id, unpaired_at } of unpaired)
        await unpairDevice(writer, id, unpaired_at as Instant, { anyway: true });
      // Whoever held these may not be whoever has the backup now. Tablets stay paired: what they hold has to arrive.
      await writer.deleteFrom("sessions").execute();
      await writer.deleteFrom("invitations").where("used_at", "is", null).execute();
      await doubtChats(writer, now);
    });
    return missing.length;
  } finally {
    await db.close();
  }
}

type Files = Record<string, string>;

/** What tablets trust, where it came with the backup. Without it they have to be told to trust the laptop again, no more. */
function authorityIn(text: string | undefined): Files | undefined {
  if (text === undefined) return undefined;
  const files = JSON.parse(text) as Files;
  return AUTHORITY.every((name) => typeof files[name] === "string") ? files : undefined;
}

/** What belongs to a database file. */
const PARTS = ["", "-wal", "-shm", "-journal"];

/**
 * Moves what is there aside and puts what is `beside` in its place. Whoever is cut off in between finds a mark, which lets
 * nobody work on half of it. Gives the folder that has what was there.
 */
async function replace(
  dataDir: string,
  beside: string,
  { authority, erasures, now }: { authority?: Files; erasures: unknown[]; now: Instant },
): Promise<string | undefined> {
  const file = sqliteFile(dataDir);
  const certificates = path.join(dataDir, "certificates");
  const time = new Date(now).toISOString().slice(0, 19).replaceAll(":", "-");
  const aside = await freeFolder(path.join(dataDir, `data-before-restore-${time}Z`));
  const mark = path.join(dataDir, UNFINISHED);
  const isOther = authority && (await isOtherAuthority(certificates, authority));
  const moved = [...PARTS.map((part) => `${file}${part}`), ...(isOther ? [certificates] : [])].filter(
    existsSync,
  );
  // Who is erased in what is moved aside is known to the restore that ends this one, should it be cut off.
  await writeSafely(mark, JSON.stringify(erasures));
  await settle(dataDir);
  if (moved.length > 0) await mkdir(aside, { mode: 0o700 });
  for (const each of moved) await rename(each, path.join(aside, path.basename(each)));
  if (moved.length > 0) await settle(aside);
  await rename(sqliteFile(beside), file);
  if (authority && isOther !== false) {
    await mkdir(certificates, { recursive: true, mode: 0o700 });
    for (const name of AUTHORITY) await writeSafely(path.join(certificates, name), authority[name] as string);
  }
  await settle(dataDir);
  await rm(mark);
  return moved.length > 0 ? aside : undefined;
}

/** Whether there is another authority than that; undefined where there is none. */
async function isOtherAuthority(certificates: string, authority: Files): Promise<boolean | undefined> {
  const there = await readFile(path.join(certificates, AUTHORITY[0]), "utf8").catch(() => undefined);
  return there === undefined ? undefined : there !== authority[AUTHORITY[0]];
}

async function freeFolder(wanted: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const folder = number === 1 ? wanted : `${wanted}-${number}`;
    if (!existsSync(folder)) return folder;
  }
}

/** Names are on the disk when their folder is; where a system cannot wait for that, it says so. */
async function settle(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

/** What restores that were cut off have left. The mark of one stays until this one is through. */
async function clearBeside(dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir))
    if (/^restore-under-way(-|\.part-)\d+$/.test(name))
      await rm(path.join(dataDir, name), { recursive: true, force: true });
}
