import { X509Certificate } from "node:crypto";
import { open, readdir, readFile, rm, stat, statfs } from "node:fs/promises";
import path from "node:path";
import { sql } from "kysely";
import { DateTime } from "luxon";
import { checkFigures } from "../../database/figures";
import { sqliteFile } from "../../database/open";
import type { UnusableDatabase } from "../../database/soundness";
import type { Instant } from "../../database/tables";
import { type Trouble, troubleIn } from "../../database/trouble";
import type { Deps } from "../../deps";
import { sinceInWords } from "../../events/rules";
import { chosenEvent } from "../../events/store";
import { keptOf } from "../keys/store";
import { agoInWords } from "../rules";
import { backupFinding, backupsIn, placeOf } from "../store";
import {
  brokenFinding,
  type CertificateFacts,
  certificateFinding,
  clockFinding,
  durabilityFinding,
  type Finding,
  folderFinding,
  integrityFinding,
  savingFinding,
  spaceFinding,
  zoneFinding,
} from "./rules";

/** What is checked without a database: what a laptop has whose database cannot be opened. */
type Apart = Pick<Deps, "config" | "network" | "now">;
type Needs = Apart & Pick<Deps, "db" | "log" | "laptop" | "backups">;

const DAY = 24 * 3_600_000;
/** Zones are compared from so long before an event until so long after it. */
const AROUND_EVENT = 2 * DAY;
/** What tablets said last counts for the laptop's clock for so long. */
const HEARD_WITHIN = DAY;

/**
 * Checks what can be wrong with the laptop and its data; never throws. `thorough`: with what takes long, a second each
 * hundred thousand visits: the whole database is looked through, and all figures are counted afresh.
 */
export async function findingsOf(deps: Needs, { thorough = false } = {}): Promise<Finding[]> {
  const { db, laptop } = deps;
  const found = [
    savingOf(deps, db.trouble()),
    ...(thorough
      ? await looked("database", () => integrityOf(deps))
      : laptop?.integrity
        ? [laptop.integrity]
        : []),
    ...(thorough ? await looked("settings", () => durabilityOf(deps)) : []),
    ...(thorough ? await looked("figures", () => figures(db)) : []),
    ...(await looked("clock", () => clocks(deps))),
    ...(await looked("time zone", () => zones(deps))),
    ...(await looked("backup", async () => [await backupFinding(deps)])),
    ...(await findingsApart(deps)),
  ];
  return found;
}

function savingOf({ laptop, now }: Pick<Deps, "laptop" | "now">, trouble: Trouble | undefined): Finding {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return savingFinding(trouble, (at) => sinceInWords(at, zone, now()), laptop?.rescued);
}

/** What can be said of a laptop whose database cannot be opened. */
export async function findingsWithout(deps: Apart, error: UnusableDatabase): Promise<Finding[]> {
  const broken: Finding = {
    of: "database",
    verdict: "bad",
    words: `${capital(error.message)}`,
    advice: await wayBack(deps),
  };
  return [broken, ...(await findingsApart(deps))];
}

/** How to get on with a database that cannot be opened: the last backup by its name, and the command. */
export async function wayBack({ config, now }: Pick<Deps, "config" | "now">): Promise<string> {
  const restore =
    "boothlight restore puts it in the place of the data, which is moved aside; nothing is deleted.";
  const kept = await keptOf(config.dataDir);
  const { folder } = placeOf(config, kept);
  // A stick can carry those of several laptops.
  const newest = (await backupsIn(folder, kept.of).catch(() => [])).find((each) => !each.isBeforeUpgrade);
  if (newest) {
    const made = agoInWords(Math.max(0, now() - newest.at));
    return `The last backup was made ${made}: ${path.join(folder, newest.name)}. ${restore}`;
  }
  return (
    `There is no backup in ${folder}. Where one is elsewhere, as on a stick: boothlight restore FOLDER puts it in the place of ` +
    "the data, which is moved aside; nothing is deleted."
  );
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

async function findingsApart(deps: Apart): Promise<Finding[]> {
  return [
    ...(await looked("disk", () => space(deps))),
    ...(await looked("certificate", () => certificate(deps))),
    ...(await looked("folder", () => folder(deps))),
  ];
}

/** What one look finds; where it could not be done, that. */
async function looked(of: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    const trouble = troubleIn(error);
    if (trouble) return [{ ...brokenFinding(trouble), of }];
    const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
    return [{ of, verdict: "bad", words: `This could not be checked (${of}): ${code ?? name}.` }];
  }
}

async function figures({ read }: Deps["db"]): Promise<Finding[]> {
  const differences = await checkFigures(read);
  if (differences.length === 0)
    return [
      { of: "figures", verdict: "good", words: "The figures that are kept are those that counting gives." },
    ];
  return differences.map(({ what, kept, counted }) => ({
    of: "figures",
    verdict: "bad",
    words: `The figures of “${what}” differ: ${kept} are kept where ${counted} are counted.`,
    advice: "boothlight check --mend counts all anew.",
  }));
}

/** SQLite's own checks, in the thread that reads aside. PostgreSQL looks after its files itself. */
async function integrityOf({ db }: Pick<Deps, "db">): Promise<Finding[]> {
  if (db.engine === "postgres") return [];
  // The check looks at the full text as the connection last knew it, and takes what has changed since for damage. Whoever
  // opens the table to read learns how it is by now; in one statement, so that nothing changes in between.
  const { rows } = await sql<{ integrity_check: string }>`
    SELECT integrity_check FROM (SELECT count(*) FROM (SELECT rowid FROM search_words LIMIT 1)), pragma_integrity_check
    LIMIT 10`.execute(db.aside);
  const faults = rows
    .map((row) => row.integrity_check.replace(/\s+/g, " "))
    .filter((words) => words !== "ok");
  const strays: Record<string, number> = {};
  for (const { table } of (await sql<{ table: string }>`PRAGMA foreign_key_check`.execute(db.aside)).rows)
    strays[table] = (strays[table] ?? 0) + 1;
  return [integrityFinding(faults, strays)];
}

async function durabilityOf({ db }: Pick<Deps, "db">): Promise<Finding[]> {
  if (db.engine === "postgres") return [];
  const { rows: modes } = await sql<{ journal_mode: string }>`PRAGMA journal_mode`.execute(db.read);
  // A setting of the connection that writes.
  const synced = await db.write(
    async (writer) => (await sql<{ synchronous: number }>`PRAGMA synchronous`.execute(writer)).rows,
  );
  return [
    durabilityFinding({
      journal: String(modes[0]?.journal_mode),
      synchronous: Number(synced[0]?.synchronous),
    }),
  ];
}

async function clocks({ db, now }: Needs): Promise<Finding[]> {
  const { read } = db;
  const at = now();
  const seen = await read
    .selectFrom("devices")
    .select(["id", "last_seen_at"])
    .where("unpaired_at", "is", null)
    .orderBy("last_seen_at", "desc")
    .limit(20)
    .execute();
  const session = await read
    .selectFrom("sessions")
    .select(({ fn }) => fn.max("created_at").as("at"))
    .executeTakeFirst();
  const { rows: made } = await sql<{ at: Instant | null }>`SELECT max(ran_at) AS at FROM migrations`.execute(
    read,
  );
  const noted = [seen[0]?.last_seen_at, session?.at, made[0]?.at].filter((each) => each != null).map(Number);
  const offsets: number[] = [];
  for (const device of seen.filter((each) => Math.abs(at - each.last_seen_at) < HEARD_WITHIN)) {
    const last = await read
      .selectFrom("visits")
      .select(["clock_offset", "received_at"])
      .where("device_id", "=", device.id)
      .orderBy("happened_at", "desc")
      .limit(1)
      .executeTakeFirst();
    if (last && Math.abs(at - last.received_at) < HEARD_WITHIN) offsets.push(last.clock_offset);
  }
  return [clockFinding({ now: at, lastNoted: noted.length > 0 ? Math.max(...noted) : undefined, offsets })];
}

/** Of the event that is on, where one is. */
async function zones({ db, now }: Needs): Promise<Finding[]> {
  const at = now();
  const event = await chosenEvent(db.read, undefined, at);
  if (!event?.starts_on || !event.ends_on) return [];
  const begins = DateTime.fromISO(event.starts_on, { zone: event.time_zone }).toMillis();
  const ends = DateTime.fromISO(event.ends_on, { zone: event.time_zone }).plus({ days: 1 }).toMillis();
  if (at < begins - AROUND_EVENT || at > ends + AROUND_EVENT) return [];
  const here = DateTime.fromMillis(at);
  const there = DateTime.fromMillis(at, { zone: event.time_zone });
  return [
    zoneFinding(
      { zone: here.zoneName ?? "another zone", offset: here.offset },
      { zone: event.time_zone, offset: there.offset },
    ),
  ];
}

async function space({ config }: Apart): Promise<Finding[]> {
  const { bavail, bsize } = await statfs(config.dataDir);
  return [spaceFinding(bavail * bsize)];
}

async function certificate({ config, now }: Apart): Promise<Finding[]> {
  const { httpsPort, certificate: given, publicUrl, dataDir } = config;
  if (httpsPort === undefined) return [certificateFinding(undefined, now())];
  const file = given ?? path.join(dataDir, "certificates", "laptop.crt");
  const facts = await readFile(file, "utf8").then(
    (text) => factsOf(text, { isOwn: !given, publicUrl: given ? publicUrl : undefined }),
    (error: NodeJS.ErrnoException) =>
      // The laptop makes its own when it starts.
      given ? { broken: `The certificate ${file} cannot be read: ${error.code}.` } : undefined,
  );
  return [certificateFinding(facts, now())];
}

function factsOf(
  text: string,
  { isOwn, publicUrl }: { isOwn: boolean; publicUrl: string | undefined },
): CertificateFacts | { broken: string } | undefined {
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(text);
  } catch {
    // One of its own that is half written is made anew.
    return isOwn ? undefined : { broken: "The file that CERTIFICATE names is no certificate." };
  }
  const host = publicUrl?.startsWith("https:") ? new URL(publicUrl).hostname : undefined;
  const isNamed =
    host === undefined || parsed.checkHost(host) !== undefined || parsed.checkIP(host) !== undefined;
  return { expires: Date.parse(parsed.validTo), isOwn, ...(!isNamed && { missingName: host }) };
}

/** Who may look into the data folder; where the system has other ways than bits to say so, nothing. */
async function folder({ config }: Apart): Promise<Finding[]> {
  const account = process.getuid?.();
  if (account === undefined) return [];
  const { dataDir } = config;
  const { mode, uid } = await stat(dataDir);
  const names = await readdir(dataDir);
  const inside = await Promise.all(
    names.map(async (name) => ({
      name,
      uid: (await stat(path.join(dataDir, name)).catch(() => undefined))?.uid,
    })),
  );
  const foreign = inside
    .filter((each) => each.uid !== undefined && each.uid !== account)
    .map(({ name }) => name);
  return [
    folderFinding({
      folder: dataDir,
      mode,
      foreign: uid === account ? foreign : ["the folder itself", ...foreign],
    }),
  ];
}

/** What is known of the laptop without looking again: the organizer's pages read it with each request. */
export interface LaptopWatch {
  /** What the last look found; empty before the first. */
  latest: Finding[];
  /** What the last look through the whole database found. */
  integrity?: Finding;
  /** The file that has all that the database held when it was deleted; none where it never was. */
  rescued?: string;
}

/** Seconds between two looks at what costs little, and between two looks through the whole database. */
const LOOK_EVERY = 60;
const LOOK_THROUGH_EVERY = 3600;
/** Under this name of a setting it is tried whether anything can be saved again. */
const TRIED = "saving-tried";

/** Looks after the laptop while the booth runs: two jobs that keep `deps.laptop` up to date. */
export function watchLaptop(deps: Deps): void {
  const watch: LaptopWatch = { latest: [] };
  deps.laptop = watch;
  deps.jobs.start({
    name: "laptop",
    owner: "backups",
    what: "Looks at the laptop's disk, clock and certificate, and whether what comes in is saved",
    every: LOOK_EVERY,
    limit: 30,
    work: async () => {
      // A file that was taken away is noticed though nobody saves anything; so is trouble that has passed.
      await deps.db.write(async () => {}).catch(() => {});
      if (deps.db.trouble()) await tryToSave(deps).catch(() => {});
      if (deps.db.trouble()?.kind === "gone") watch.rescued ??= await rescue(deps).catch(() => undefined);
      else if (watch.rescued) {
        // The file is back: nobody needs a second one full of contact details.
        await rm(watch.rescued, { force: true });
        watch.rescued = undefined;
      }
      watch.latest = await findingsOf(deps);
    },
  });
  if (deps.db.engine === "postgres") return;
  deps.jobs.start({
    name: "integrity",
    owner: "backups",
    what: "Looks through the whole database for damage",
    every: LOOK_THROUGH_EVERY,
    limit: 600,
    work: async () => {
      [watch.integrity] = await looked("database", () => integrityOf(deps));
    },
  });
}

/**
 * A file that was deleted is there until the program that has it open ends: what it holds is written to another one, whose
 * name this gives. Nothing where another file lies in its place, or the folder is gone.
 */
async function rescue({ db, config, now }: Deps): Promise<string | undefined> {
  const file = sqliteFile(config.dataDir);
  if (await stat(file).catch(() => undefined)) return undefined;
  const time = new Date(now()).toISOString().slice(0, 19).replaceAll(":", "-");
  const rescued = path.join(config.dataDir, `boothlight-rescued-${time}Z.db`);
  await sql`VACUUM INTO ${rescued}`.execute(db.read);
  const written = await open(rescued, "r+");
  await written.chmod(0o600);
  await written.sync();
  await written.close();
  return rescued;
}

async function tryToSave({ db, now }: Deps): Promise<void> {
  const value = String(now());
  await db.write((writer) =>
    writer
      .insertInto("settings")
      .values({ name: TRIED, value })
      .onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
      .execute(),
  );
}

/** What the organizer's pages say of the laptop. Reads memory alone. */
export interface Urgent {
  /** What cannot wait: the first of what is bad. */
  bad?: Finding;
  /** How much is worth a look besides. */
  looks: number;
}

export function urgentOf(deps: Pick<Deps, "db" | "laptop" | "now">): Urgent {
  const { db, laptop } = deps;
  const trouble = db.trouble();
  const known = [
    ...(trouble ? [savingOf(deps, trouble)] : []),
    ...(laptop?.integrity ? [laptop.integrity] : []),
    // Trouble that has passed since is no news.
    ...(laptop?.latest ?? []).filter((each) => each.of !== "saving"),
  ];
  const bad = known.find((each) => each.verdict === "bad");
  return { bad, looks: known.filter((each) => each !== bad && each.verdict !== "good").length };
}
