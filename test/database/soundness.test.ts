import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import BetterSqlite3 from "better-sqlite3";
import { openDatabase, sqliteFile } from "../../src/database/open";
import { UnusableDatabase } from "../../src/database/soundness";
import { aVisit, openBooth } from "../support/booth";
import { NOON, temporaryFolder } from "../support/databases";

/** How often each kind of damage is tried, each time in another place. */
const TRIES = 20;
const roll = (sides: number) => Math.floor(Math.random() * sides);

/** As a power cut leaves it: visits in the file, and more in the log. */
let filled: string;
/** The visits of each state that was acknowledged, in order: what the log may still hold. */
let ids: string[];
let inFile: number;
let folder: string;

beforeAll(async () => {
  const dataDir = temporaryFolder();
  filled = temporaryFolder();
  const booth = await openBooth({ db: await openDatabase({ dataDir }, NOON) });
  const ada = await booth.tablet();
  ids = [];
  const send = async () => {
    const visit = aVisit({ note: "What was said. ".repeat(60), questions: [{ text: `Why ${ids.length}?` }] });
    await ada.send(visit);
    ids.push(visit.id);
  };
  for (let count = 0; count < 60; count++) await send();
  const file = new BetterSqlite3(sqliteFile(dataDir));
  file.pragma("wal_checkpoint(TRUNCATE)");
  inFile = ids.length;
  for (let count = 0; count < 20; count++) await send();
  for (const name of ["boothlight.db", "boothlight.db-wal"])
    cpSync(path.join(dataDir, name), path.join(filled, name));
  file.close();
  await booth.close();
  rmSync(dataDir, { recursive: true });
});
afterAll(() => rmSync(filled, { recursive: true }));

beforeEach(() => {
  folder = temporaryFolder();
  cpSync(filled, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const database = () => sqliteFile(folder);
const log = () => `${database()}-wal`;

/** All bytes of the folder. To read, SQLite makes an index of the log, and an empty log where there is none. */
const bytes = () =>
  Object.fromEntries(
    readdirSync(folder, { withFileTypes: true })
      .filter((each) => each.isFile() && !each.name.endsWith("-shm"))
      .map(({ name }) => [name, readFileSync(path.join(folder, name)).toString("base64")])
      .filter(([, content]) => content !== ""),
  );

/** Starts on the folder: the visits that are there, or why it is refused; then not a byte of it has changed. */
async function start(): Promise<{ there: string[] } | { refused: string }> {
  const before = bytes();
  try {
    const db = await openDatabase({ dataDir: folder }, NOON);
    const rows = await db.read.selectFrom("visits").select("id").orderBy("id").execute();
    const file = new BetterSqlite3(database());
    expect(file.pragma("integrity_check", { simple: true })).toBe("ok");
    file.close();
    await db.close();
    return { there: rows.map((row) => row.id) };
  } catch (error) {
    expect(error).toBeInstanceOf(UnusableDatabase);
    const { message } = error as Error;
    expect(message).toMatch(/^the database .*boothlight\.db .*\. It was left as it is\.$/);
    expect(bytes()).toEqual(before);
    return { refused: message };
  }
}

function flip(file: string, from = 0, until = readFileSync(file).length): void {
  const content = readFileSync(file);
  const at = from + roll(until - from);
  content[at] = (content[at] as number) ^ (1 << roll(8));
  writeFileSync(file, content);
}

test("what is whole opens, with all that is in the log", async () => {
  expect(await start()).toEqual({ there: [...ids].sort() });
});

test("a log that was cut off anywhere gives all transactions that are whole in it", async () => {
  const size = readFileSync(log()).length;
  for (let tries = 0; tries < TRIES; tries++) {
    cpSync(filled, folder, { recursive: true });
    truncateSync(log(), roll(size));
    const found = await start();
    // Whole up to some transaction, without a gap.
    const count = "there" in found ? found.there.length : -1;
    expect(count).toBeGreaterThanOrEqual(inFile);
    expect(found).toEqual({ there: ids.slice(0, count).sort() });
  }
});

test("a bit that flipped in the log loses nothing without a word", async () => {
  let refused = 0;
  for (let tries = 0; tries < TRIES; tries++) {
    cpSync(filled, folder, { recursive: true });
    flip(log());
    const found = await start();
    if ("refused" in found) {
      refused += 1;
      expect(found.refused).toContain(`its log ${log()} `);
    } else {
      // Only in the last transaction it looks as if a power cut had torn it.
      expect(found.there.length).toBeGreaterThanOrEqual(ids.length - 1);
    }
  }
  expect(refused).toBeGreaterThan(TRIES / 2);
});

test("a database that was cut off anywhere is refused, or whole with what its log has", async () => {
  const size = readFileSync(database()).length;
  let refused = 0;
  for (let tries = 0; tries < TRIES; tries++) {
    cpSync(filled, folder, { recursive: true });
    truncateSync(database(), roll(size));
    const found = await start();
    if ("refused" in found) refused += 1;
    else expect(found).toEqual({ there: [...ids].sort() });
  }
  expect(refused).toBeGreaterThan(TRIES / 2);
});

test("pages that were overwritten are refused", async () => {
  const pages = readFileSync(database()).length / 4096;
  let refused = 0;
  for (let tries = 0; tries < TRIES; tries++) {
    cpSync(filled, folder, { recursive: true });
    rmSync(log());
    const content = readFileSync(database());
    content.fill(0xa5, 4096 * roll(pages), 4096 * pages);
    writeFileSync(database(), content);
    if ("refused" in (await start())) refused += 1;
  }
  expect(refused).toBe(TRIES);
});

test.each<[string, () => void, string]>([
  ["a database that is missing beside its log", () => rmSync(database()), "is missing, and its log"],
  ["a database of no bytes beside its log", () => truncateSync(database(), 0), "is empty, and its log"],
  [
    "a folder in its place",
    () => {
      rmSync(database());
      rmSync(log());
      mkdirSync(database());
    },
    "is no file",
  ],
  [
    "something else in its place",
    () => {
      rmSync(log());
      writeFileSync(database(), "These are somebody's notes. ".repeat(200));
    },
    "is damaged, or no database",
  ],
  [
    "the database of another program",
    () => {
      rmSync(log());
      rmSync(database());
      const other = new BetterSqlite3(database());
      other.exec("CREATE TABLE recipes (name TEXT)");
      other.close();
    },
    "belongs to another program",
  ],
])("%s is refused", async (_what, damage, words) => {
  damage();
  expect(await start()).toEqual({ refused: expect.stringContaining(words) });
});

test("an empty file without a log, as a power cut at the very first start leaves it, is begun with", async () => {
  rmSync(log());
  truncateSync(database(), 0);
  expect(await start()).toEqual({ there: [] });
});
