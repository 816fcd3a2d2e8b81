import { mkdir, readdir, readFile, rm, stat, statfs } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Config } from "../config";
import { sqliteFile } from "../database/open";
import { stampOf } from "../database/stamp";
import type { Instant } from "../database/tables";
import type { Deps } from "../deps";
import { Problem } from "../errors";
import { keptErasures } from "../privacy/erasure/store";
import type { Finding } from "./check/rules";
import { type Kept, keep, keptOf, keyFileOf, type Last, writeSafely } from "./keys/store";
import { folderBesideData, makePlace, standingOf } from "./places/store";
import {
  type Backup,
  backupNamed,
  findingFrom,
  isDue,
  nameOf,
  newestFirst,
  ON_POSTGRES,
  type Place,
  type PlaceStanding,
  README_MARK,
  readmeText,
  type Side,
  SPANS,
  toForget,
  toThinOut,
  troubleInWords,
} from "./rules";
import { type Copied, Fault, inThread, type Reached } from "./thread/store";

export const ERASURES = "erasures.json";
export const CERTIFICATES = "boothlight-certificates.age";
/** The file of the laptop's own authority in `DATA_DIR/certificates`. */
export const AUTHORITY = ["authority.crt", "authority.key"] as const;
/** Bytes that are left free on a place: for the small files, and so that nothing else on it stumbles. */
const SPARE = 4 * 1024 * 1024;
/** While nothing changes, what has to go is looked for that often, in milliseconds. */
const TIDY_EVERY = 3_600_000;

/** A backup that lies in a folder. */
export interface Lying extends Backup {
  /** Bytes. */
  size: number;
}

/** Why the last try came to nothing. */
export interface Trouble {
  at: Instant;
  code: string;
  /** In a sentence. */
  words: string;
}

/** What is under way. */
export interface UnderWay extends Partial<Reached> {
  startedAt: Instant;
}

/** A backup that was made, or that nothing had changed since the last one. */
export interface Outcome {
  folder: string;
  last: Last;
  isNew: boolean;
}

interface Asked {
  /** Another folder than the usual place. */
  to?: string;
  /** Make one although nothing was changed. */
  anyway?: boolean;
  signal?: AbortSignal;
}

type Needs = Pick<Deps, "db" | "config" | "log" | "now">;

/** Where backups go: by the setting, else as chosen on the page, else beside the data. */
export function placeOf({ backupDir, dataDir }: Pick<Config, "backupDir" | "dataDir">, kept: Kept): Place {
  if (backupDir) return { folder: backupDir, from: "setting" };
  if (kept.place) return { folder: kept.place, from: "page" };
  return { folder: folderBesideData(dataDir), from: "nowhere" };
}

/** The backups that lie in a folder, the newest first; none where it is not there. `of`: those of one booth alone. */
export async function backupsIn(folder: string, of?: string): Promise<Lying[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw error;
  });
  const backups = names.map(backupNamed).filter((each) => each !== undefined);
  const lying = await Promise.all(
    backups
      .filter((each) => of === undefined || each.of === of)
      .map(async (backup) => ({
        ...backup,
        size: (await stat(path.join(folder, backup.name)).catch(() => undefined))?.size,
      })),
  );
  return newestFirst(lying.filter((each): each is Lying => each.size !== undefined));
}

/** The backups of a booth on SQLite: made by themselves while something changes, or when they are asked for; one at a time. */
export class Backups {
  readonly #deps: Needs;
  #underWay: UnderWay | undefined;
  #trouble: Trouble | undefined;
  /** What the database said when the last backup was begun. */
  #stamp: string | undefined;
  /** How many erasures the list beside the backups was written with. */
  #erasedListed: number | undefined;
  #changedSince: Instant | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #tidiedAt = 0;
  /** Places used before that did not answer. */
  readonly #stuck = new Set<string>();
  /** The setting's passphrase was found to open the key. */
  #isKeyChecked = false;

  constructor(deps: Needs) {
    this.#deps = deps;
  }

  get underWay(): UnderWay | undefined {
    return this.#underWay;
  }

  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  /** Since when something is in no backup, as far as was looked; undefined where all is. */
  get changedSince(): Instant | undefined {
    return this.#changedSince;
  }

  /** Makes a backup where one is due. Never throws for what `trouble` tells. */
  async look(signal?: AbortSignal): Promise<void> {
    const { config, now, db } = this.#deps;
    if (db.engine !== "sqlite") return;
    const kept = await keptOf(config.dataDir);
    const place = placeOf(config, kept);
    const last = kept.last[place.folder];
    const isChanged = (await stampOf(db)) !== this.#stamp;
    if (isChanged) this.#changedSince ??= now();
    const wasAway = this.#trouble !== undefined && AWAY.has(this.#trouble.code);
    const due = isDue({
      now: now(),
      isChanged,
      lastAt: last?.at,
      failedAt: this.#trouble?.at,
      isBack: wasAway && (await this.#standing(place, last)).is !== "away",
    });
    if (due) await this.backUp({ signal }).catch(tellNobody);
    else if (last && isChanged) await this.#listErased(place, last);
    if (!due && last && Math.abs(now() - this.#tidiedAt) >= TIDY_EVERY)
      await this.#tidyAlone(place, kept, last);
  }

  /** Makes a backup when the program stops, where something was changed since the last one; gives up after `within` milliseconds. */
  async lookAtLast(within: number): Promise<void> {
    if (this.#deps.db.engine !== "sqlite" || (await stampOf(this.#deps.db)) === this.#stamp) return;
    await this.backUp({ signal: AbortSignal.timeout(within) }).catch(tellNobody);
  }

  /**
   * Makes a backup: a copy of one moment, checked, carried to the place, read back there, and only then there under its name.
   * Where nothing is in it that is not in the last one, that one stays the last, unless it is asked for `anyway`. What is then
   * too many, or holds somebody who was erased, goes. Throws a Fault whose message is a sentence.
   */
  backUp(asked: Asked = {}): Promise<Outcome> {
    const next = this.#turn.then(() => this.#backUpNow(asked));
    this.#turn = next.catch(() => {});
    return next;
  }

  async #backUpNow({ to, anyway = false, signal }: Asked): Promise<Outcome> {
    const { config, now, log, db } = this.#deps;
    if (db.engine === "postgres") throw new Problem("conflict", ON_POSTGRES);
    const startedAt = now();
    this.#underWay = { startedAt };
    // Before the copy: what changes while it is made is changed since.
    const stamp = await stampOf(db);
    let place: Place = { folder: to ?? folderBesideData(config.dataDir), from: to ? "page" : "nowhere" };
    let side: Side = "laptop";
    try {
      const kept = await this.#withKey(await keptOf(config.dataDir), signal);
      if (!to) place = placeOf(config, kept);
      const last = kept.last[place.folder];
      side = "place";
      const device = await this.#arrive(place, last);
      side = "laptop";
      const folder = path.join(config.dataDir, `backup-under-way-${process.pid}`);
      await clearLeftOvers(config.dataDir, /^backup-under-way-(\d+)$/);
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { mode: 0o700 });
      try {
        const file = path.join(folder, "backup.db");
        const source = sqliteFile(config.dataDir);
        // It lies there twice for a moment: what fills the disk would keep visits from being saved.
        if (!(await hasRoom(config.dataDir, 2 * (await stat(source)).size)))
          throw new Fault("ENOSPC", "There is no room left on the laptop.");
        const copied = await inThread("copy", { source, folder, to: file }, this.#watched(signal));
        side = "place";
        const isNew = anyway || !(await this.#isSame(place, kept, copied));
        const made = isNew
          ? await this.#bring(file, copied, { place, kept, at: startedAt, device, signal })
          : (last as Last);
        side = "laptop";
        const known = { ...kept, last: { ...kept.last, [place.folder]: made } };
        await keep(config.dataDir, known);
        if (!to) {
          this.#trouble = undefined;
          this.#stamp = stamp;
          this.#changedSince = undefined;
        }
        if (isNew) log.debug({ backup: made.name, size: made.size }, "a backup was made");
        side = "place";
        await this.#tidy(place, known, made);
        return { folder: place.folder, last: made, isNew };
      } finally {
        await rm(folder, { recursive: true, force: true }).catch(() => {});
      }
    } catch (error) {
      const code = String((error as { code?: unknown }).code ?? (error as Error).name);
      const words = troubleInWords(code, side, place);
      const before = this.#trouble;
      if (!to) this.#trouble = { at: now(), code: side === "place" ? code : `laptop ${code}`, words };
      if (before?.code !== this.#trouble?.code) log.warn({ code, side }, "no backup could be made");
      throw new Fault(code, words);
    } finally {
      this.#underWay = undefined;
    }
  }

  /** While nothing changes, backups get older all the same: who was erased must not wait for the next change. */
  async #tidyAlone(place: Place, kept: Kept, last: Last): Promise<void> {
    const { log } = this.#deps;
    if ((await this.#standing(place, last)).is === "away") return;
    await this.#tidy(place, kept, last).catch(({ code }: { code?: string }) =>
      log.warn({ code }, "older backups could not be removed"),
    );
  }

  /** How it stands with the place, and what lies there. */
  async view(): Promise<{ place: Place; kept: Kept; standing: PlaceStanding; backups: Lying[] }> {
    const kept = await keptOf(this.#deps.config.dataDir);
    const place = placeOf(this.#deps.config, kept);
    const standing = await this.#standing(place, kept.last[place.folder]);
    const backups = standing.is === "away" ? [] : await backupsIn(place.folder, kept.of).catch(() => []);
    return { place, kept, standing, backups };
  }

  /** From now on backups go to `folder`; undefined: beside the data. */
  async choosePlace(folder: string | undefined): Promise<void> {
    const { dataDir } = this.#deps.config;
    await keep(dataDir, { ...(await keptOf(dataDir)), place: folder });
    this.#stamp = undefined;
    this.#erasedListed = undefined;
  }

  /** From now on backups are encrypted, for whoever has the passphrase; undefined: they are not. */
  async encrypt(passphrase: string | undefined): Promise<void> {
    const { dataDir } = this.#deps.config;
    const encryption = passphrase === undefined ? undefined : await inThread("makeKey", { passphrase });
    await keep(dataDir, { ...(await keptOf(dataDir)), encryption });
    this.#stamp = undefined;
  }

  /** With a key that the passphrase of the setting opens, where there is one. It is looked at once a run: that takes seconds. */
  async #withKey(kept: Kept, signal?: AbortSignal): Promise<Kept> {
    const { dataDir, backupPassphrase: passphrase } = this.#deps.config;
    if (!passphrase || this.#isKeyChecked) return kept;
    const { encryption } = kept;
    const fits = encryption && (await inThread("opensKey", { key: encryption.key, passphrase }, { signal }));
    const known = fits
      ? kept
      : { ...kept, encryption: await inThread("makeKey", { passphrase }, { signal }) };
    if (!fits) await keep(dataDir, known);
    this.#isKeyChecked = true;
    return known;
  }

  #standing(place: Place, last: Last | undefined): Promise<PlaceStanding> {
    return standingOf(place, this.#deps.config.dataDir, last?.isElsewhere ?? false);
  }

  /** Makes the folder where it may be made; gives which disk it is on. Throws where the place is away. */
  async #arrive(place: Place, last: Last | undefined): Promise<number | undefined> {
    await makePlace(place, last !== undefined);
    const { is, device } = await this.#standing(place, last);
    if (is === "away") throw new Fault("ENOENT", "The place is away.");
    await clearLeftOvers(place.folder, PART);
    return device;
  }

  /** Whether the last backup there has just that in it, and is there. */
  async #isSame(place: Place, kept: Kept, { content }: Copied): Promise<boolean> {
    const last = kept.last[place.folder];
    if (!last || last.content !== content || last.recipient !== kept.encryption?.recipient) return false;
    const there = await stat(path.join(place.folder, last.name)).catch(() => undefined);
    return there?.size === last.size;
  }

  /**
   * Brings a copy to the place, with all that belongs to it. `device`: the disk that it was on. Where a stick is pulled out,
   * the folder under which it was there may be left, and is on the laptop's own disk.
   */
  async #bring(
    file: string,
    copied: Copied,
    {
      place,
      kept,
      at,
      device,
      signal,
    }: { place: Place; kept: Kept; at: Instant; device?: number; signal?: AbortSignal },
  ): Promise<Last> {
    const { folder } = place;
    const recipient = kept.encryption?.recipient;
    const isStillThere = async () => {
      const { is, device: found } = await this.#standing(place, undefined);
      if (found !== device) throw new Fault("ENOENT", "The place is away.");
      return is;
    };
    await isStillThere();
    await this.#makeRoom(folder, kept, copied.size);
    // What opens the backup and what must not come back with it lie there before it does.
    if (kept.encryption)
      await writeSafely(path.join(folder, keyFileOf(kept.encryption.recipient)), kept.encryption.key);
    await this.#bringErasures(folder);
    await this.#bringCertificates(folder, recipient);
    await bringReadme(folder, recipient);
    const name = nameOf({ of: kept.of, at, isEncrypted: recipient !== undefined, isBeforeUpgrade: false });
    const [part, to] = [path.join(folder, `${name}.part-${process.pid}`), path.join(folder, name)];
    let isThere = false;
    try {
      const given = { file, sha256: copied.sha256, part, to, recipient };
      const { size } = await inThread("carry", given, this.#watched(signal));
      isThere = true;
      const isElsewhere = (await isStillThere()) === "other";
      return { name, at, size, content: copied.content, recipient, isElsewhere };
    } catch (error) {
      // Where that cannot be done either, it is done before the next one.
      const clear = rm(isThere ? to : part, { force: true }).catch(() => {});
      await Promise.race([clear, wait(1000, undefined, { ref: false })]);
      throw error;
    }
  }

  /** Where there is not enough room, older backups go, step by step; the newest ones never. */
  async #makeRoom(folder: string, kept: Kept, size: number): Promise<void> {
    const { now } = this.#deps;
    for (const spans of SPANS.slice(1)) {
      if (await hasRoom(folder, size)) return;
      const own = await backupsIn(folder, kept.of);
      const [newest] = own.filter(({ at }) => at <= now());
      if (!newest) break;
      await remove(folder, toThinOut(own, { newest, now: now(), spans }));
    }
    if (!(await hasRoom(folder, size))) throw new Fault("ENOSPC", "There is no room left there.");
  }

  /** Lists there who was erased since the last backup: whoever restores that one must not wait for the next. */
  async #listErased(place: Place, last: Last): Promise<void> {
    const { log, db } = this.#deps;
    const { erased } = await db.read
      .selectFrom("erasures")
      .select(({ fn }) => fn.countAll<number>().as("erased"))
      .executeTakeFirstOrThrow();
    if (Number(erased) === this.#erasedListed || (await this.#standing(place, last)).is === "away") return;
    await this.#bringErasures(place.folder).then(
      () => {
        this.#erasedListed = Number(erased);
      },
      ({ code }: { code?: string }) =>
        log.warn({ code }, "who was erased could not be listed beside the backups"),
    );
  }

  /** What was erased, together with what lies there of others and of earlier: it is never taken out again. */
  async #bringErasures(folder: string): Promise<void> {
    const erased = await keptErasures(this.#deps.db.read);
    const there = await erasuresIn(path.join(folder, ERASURES));
    const all = new Map([...there, ...erased].map((each) => [`${each.kind} ${each.id}`, each]));
    if (all.size === 0 || (all.size === there.length && there.length > 0)) return;
    await writeSafely(path.join(folder, ERASURES), `${JSON.stringify([...all.values()], undefined, 1)}\n`);
  }

  /** What tablets trust the laptop by: with its secret key, so never where anybody who finds the stick could read it. */
  async #bringCertificates(folder: string, recipient: string | undefined): Promise<void> {
    const files = await authorityOf(this.#deps.config.dataDir);
    if (!recipient || !files) return;
    const sealed = await inThread("seal", { text: JSON.stringify(files), recipient });
    await writeSafely(path.join(folder, CERTIFICATES), sealed);
  }

  /** After a backup was made: takes away what is too many and what has to go, there, beside the data and where they went before. */
  async #tidy(place: Place, kept: Kept, made: Last): Promise<void> {
    const { config, now, db } = this.#deps;
    this.#tidiedAt = now();
    const erasedAt = (await keptErasures(db.read)).map((each) => each.erasedAt);
    const own = await backupsIn(place.folder, kept.of);
    const plain = made.recipient ? own.filter((each) => !each.isEncrypted) : [];
    await remove(place.folder, [
      ...new Set([
        ...toThinOut(own, { newest: made, now: now() }),
        ...toForget(own, erasedAt, now()),
        // Who asks for encryption does not want the others to be found.
        ...plain,
      ]),
    ]);
    const beside = folderBesideData(config.dataDir);
    // What was made before another place was chosen, and before upgrades, gets older too.
    if (beside !== place.folder) {
      const others = await backupsIn(beside, kept.of);
      const forgotten = toForget([...others, madeAs(made, kept)], erasedAt, now());
      await remove(beside, [...new Set([...toThinOut(others, { newest: made, now: now() }), ...forgotten])]);
    }
    if (place.folder !== placeOf(config, kept).folder) return;
    for (const folder of Object.keys(kept.last))
      if (folder !== place.folder && folder !== beside) await this.#forgetIn(folder, kept, made, erasedAt);
  }

  /** Sees to it that who was erased is not brought back from a place that was used before, where it is there. */
  async #forgetIn(folder: string, kept: Kept, made: Last, erasedAt: Instant[]): Promise<void> {
    if (this.#stuck.has(folder)) return;
    const forget = async () => {
      const old = await backupsIn(folder, kept.of);
      const plain = made.recipient ? old.filter((each) => !each.isEncrypted) : [];
      const gone = new Set([...toForget([...old, madeAs(made, kept)], erasedAt, this.#deps.now()), ...plain]);
      await remove(folder, [...gone]);
      if (old.length > gone.size) await this.#bringErasures(folder);
    };
    const work = forget().then(
      () => true,
      ({ code }: { code?: string }) => {
        this.#deps.log.warn({ code }, "backups in a place that was used before could not be looked through");
        return true;
      },
    );
    // A place on a network that is gone may never answer: it is asked once.
    const isDone = await Promise.race([work, wait(ANSWERS_WITHIN, false, { ref: false })]);
    if (!isDone) this.#stuck.add(folder);
  }

  #watched(signal: AbortSignal | undefined) {
    return {
      signal,
      onReach: (reached: Reached) => {
        if (this.#underWay) this.#underWay = { startedAt: this.#underWay.startedAt, ...reached };
      },
    };
  }
}

const AWAY = new Set(["ENOENT", "ENODEV", "ENXIO", "ESTALE", "ENOTDIR", "EIO", "EROFS"]);
/** Milliseconds that a place used before has for it. */
const ANSWERS_WITHIN = 10_000;
const PART = /\.part-(\d+)$/;

/** What fails is told on the page and in the log, and tried again at the next time. */
function tellNobody(): void {}

function madeAs({ name, at, recipient }: Last, { of }: Kept): Backup {
  return { name, at, of, isEncrypted: recipient !== undefined, isBeforeUpgrade: false };
}

async function hasRoom(folder: string, size: number): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize > size * 1.01 + SPARE;
}

async function remove(folder: string, backups: Backup[]): Promise<void> {
  for (const { name } of backups) await rm(path.join(folder, name), { force: true });
}

/** Takes away what a program that was killed has left. `pattern` finds the id of the process in a name. */
async function clearLeftOvers(folder: string, pattern: RegExp): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, id] = pattern.exec(name) ?? [];
    if (!id || (!name.startsWith("backup-under-way-") && !name.startsWith("boothlight-"))) continue;
    if (Number(id) !== process.pid && isAlive(Number(id))) continue;
    await rm(path.join(folder, name), { recursive: true, force: true });
  }
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}

async function bringReadme(folder: string, recipient: string | undefined): Promise<void> {
  const text = readmeText({ keyFile: recipient && keyFileOf(recipient) });
  const file = path.join(folder, "README.txt");
  const there = await readFile(file, "utf8").catch(() => undefined);
  if (there === undefined || (there !== text && there.startsWith(README_MARK))) await writeSafely(file, text);
}

/** The laptop's own authority, as the text of its files; undefined where it has none. */
async function authorityOf(dataDir: string): Promise<Record<string, string> | undefined> {
  const read = (name: string) => readFile(path.join(dataDir, "certificates", name), "utf8");
  try {
    return Object.fromEntries(await Promise.all(AUTHORITY.map(async (name) => [name, await read(name)])));
  } catch {
    return undefined;
  }
}

type Erasures = Awaited<ReturnType<typeof keptErasures>>;

/** What was erased, by the file with it; nothing where there is none. It may be from another version, or anybody's. */
export async function erasuresIn(file: string): Promise<Erasures> {
  try {
    const found: unknown = JSON.parse(await readFile(file, "utf8"));
    return Array.isArray(found)
      ? found.filter(
          (each) =>
            typeof each?.kind === "string" && typeof each?.id === "string" && Number.isFinite(each?.erasedAt),
        )
      : [];
  } catch {
    return [];
  }
}

/** How it stands with the backups. */
export async function backupFinding(deps: Pick<Deps, "db" | "config" | "now" | "backups">): Promise<Finding> {
  const { db, config, now } = deps;
  if (db.engine === "postgres")
    return {
      of: "backup",
      verdict: "good",
      words: ON_POSTGRES,
    };
  const kept = await keptOf(config.dataDir);
  const place = placeOf(config, kept);
  const last = kept.last[place.folder];
  const { is } = await standingOf(place, config.dataDir, last?.isElsewhere ?? false);
  const lastAt = last?.at;
  return findingFrom({
    place,
    is,
    now: now(),
    lastAt,
    changedSince: deps.backups ? deps.backups.changedSince : "unknown",
    trouble: deps.backups?.trouble?.words,
  });
}
