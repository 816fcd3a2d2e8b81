import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { sql } from "kysely";
import type { WriteDoor } from "../../src/database/door";
import { migrate } from "../../src/database/migrate";
import { type Database, openDatabase } from "../../src/database/open";
import { catalogueOf, contentOf } from "../support/catalogue";
import { ENGINES, freshDatabase, NOON, temporaryFolder } from "../support/databases";

const MIGRATIONS = path.resolve(__dirname, "../../db/migrations");
const TABLES = path.resolve(__dirname, "../../src/database/tables.ts");

describe.each(ENGINES)("migrations on %s", (engine) => {
  let db: Database;
  let folder: string;
  beforeEach(async () => {
    db = await freshDatabase(engine);
    folder = temporaryFolder();
    for (const name of readdirSync(MIGRATIONS)) put(name, readFileSync(path.join(MIGRATIONS, name), "utf8"));
  });
  afterEach(async () => {
    await db.close();
    rmSync(folder, { recursive: true });
  });

  const put = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
  /** Brings the database to what the folder says, by a door like its own. */
  const bring = (at = NOON) =>
    migrate(
      db.read,
      { write: (work) => db.write(work) } as Pick<WriteDoor, "write"> as WriteDoor,
      at,
      folder,
    );
  const ran = async () => (await contentOf(db)).migrations?.map((row) => JSON.parse(row).name);

  test("run once: the second time finds nothing to do and changes nothing", async () => {
    const before = await contentOf(db);
    expect(before.migrations).toHaveLength(readdirSync(MIGRATIONS).length);
    expect(await bring(NOON + 1000)).toEqual([]);
    expect(await contentOf(db)).toEqual(before);
  });

  test("run in the order of their names, each seeing what those before it did", async () => {
    put("9002-second.sql", "INSERT INTO lamps (name) VALUES ('sphere');\n");
    put("9001-first.sql", "CREATE TABLE lamps (name TEXT PRIMARY KEY);\n");
    put("notes.txt", "not a migration");
    expect(await bring()).toEqual(["9001-first.sql", "9002-second.sql"]);
    expect((await contentOf(db)).lamps).toEqual(['{"name":"sphere"}']);
  });

  test("leave nothing behind where they fail, and keep what ran before them", async () => {
    put("9001-good.sql", "CREATE TABLE lamps (name TEXT PRIMARY KEY);\n");
    put(
      "9002-bad.sql",
      "CREATE TABLE shades (name TEXT);\nINSERT INTO lamps (name) VALUES ('half');\nINSERT INTO no_such_table VALUES (1);\n",
    );
    put("9003-never.sql", "CREATE TABLE never (name TEXT);\n");
    await expect(bring()).rejects.toThrow("no_such_table");
    const tables = Object.keys(await catalogueOf(db));
    expect(tables).toContain("lamps");
    expect(tables).not.toContain("shades");
    expect(tables).not.toContain("never");
    expect((await contentOf(db)).lamps).toEqual([]);
    expect(await ran()).toContain("9001-good.sql");
    expect(await ran()).not.toContain("9002-bad.sql");

    put("9002-bad.sql", "CREATE TABLE shades (name TEXT);\n");
    expect(await bring()).toEqual(["9002-bad.sql", "9003-never.sql"]);
  });

  test("run by two programs that start at the same time run once", async () => {
    put("9001-first.sql", "CREATE TABLE lamps (name TEXT PRIMARY KEY);\n");
    const [one, other] = await Promise.all([bring(), bring()]);
    expect([...one, ...other]).toEqual(["9001-first.sql"]);
  });

  test("refuse a database from a newer version, and leave it as it is", async () => {
    put(
      "9001-newer.sql",
      "CREATE TABLE lamps (name TEXT PRIMARY KEY);\nINSERT INTO lamps (name) VALUES ('neon');\n",
    );
    await bring();
    rmSync(path.join(folder, "9001-newer.sql"));
    put("9000-mine.sql", "CREATE TABLE mine (name TEXT);\n");
    const before = await contentOf(db);
    const refused = bring();
    await expect(refused).rejects.toThrow("This database was made by a newer version of Boothlight");
    await expect(refused).rejects.toThrow("9001-newer.sql");
    await expect(refused).rejects.toThrow("Nothing was changed.");
    expect(await contentOf(db)).toEqual(before);
  });

  test("and tables.ts name the same tables and columns", async () => {
    const { migrations, ...tables } = await catalogueOf(db);
    expect(migrations).toEqual(["name", "ran_at"]);
    expect(tables).toEqual(declaredIn(readFileSync(TABLES, "utf8")));
  });
});

/** Tables and their columns as `tables.ts` declares them: `interface Tables` names an interface, or the columns. */
function declaredIn(text: string): Record<string, string[]> {
  const interfaces = new Map<string, string[]>();
  for (const [, name, parent, body] of text.matchAll(
    /^export interface (\w+)(?: extends (\w+))? \{\n([\s\S]*?)^\}/gm,
  )) {
    const own = [...(body as string).matchAll(/^ {2}(\w+):/gm)].map((match) => match[1] as string);
    interfaces.set(name as string, [...(interfaces.get(parent ?? "") ?? []), ...own]);
  }
  const tables = /^export interface Tables \{\n([\s\S]*?)^\}/m.exec(text)?.[1] as string;
  const entries = [...tables.matchAll(/^ {2}(\w+): (?:(\w+)|\{([^}]*)\});/gm)].map(
    ([, table, named, columns]) => {
      const own = columns && [...columns.matchAll(/(\w+):/g)].map((match) => match[1] as string);
      return [table as string, (own || interfaces.get(named as string) || []).sort()] as const;
    },
  );
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

test("tables.ts is read with its inherited columns", () => {
  const text =
    "export interface A {\n  id: string;\n}\n\nexport interface B extends A {\n  at: number;\n}\n\nexport interface Tables {\n  bs: B;\n  as: A;\n  c: { x_id: string; y: 1 };\n}\n";
  expect(declaredIn(text)).toEqual({ as: ["id"], bs: ["at", "id"], c: ["x_id", "y"] });
});

describe("what a migration declares is explained where it is declared", () => {
  const lines = readdirSync(MIGRATIONS).flatMap((name) =>
    readFileSync(path.join(MIGRATIONS, name), "utf8").split("\n"),
  );
  /** Names that say it all; what ends in _id refers to a row, what ends in _at is an instant. */
  const SAYS_IT_ALL = /^(id|name|venue|organization|role|email|phone|website|at|\w+_id|\w+_at)$/;

  test("every table by a comment above it", () => {
    const tables = lines.flatMap((line, index) => (line.startsWith("CREATE TABLE") ? [index] : []));
    expect(tables.length).toBeGreaterThan(20);
    expect(
      tables.filter((index) => !/^-- \S/.test(lines[index - 1] ?? "")).map((index) => lines[index]),
    ).toEqual([]);
  });

  test("every column by a comment beside it, there or where its name comes first, unless the name says it all", () => {
    const columns = lines.flatMap((line) => {
      const name = /^ {2}([a-z]\w*) +(TEXT|INTEGER|BIGINT)\b/.exec(line)?.[1];
      return name ? [{ name, isExplained: / -- \S/.test(line) }] : [];
    });
    expect(columns.length).toBeGreaterThan(100);
    const explained = new Set(columns.filter((each) => each.isExplained).map((each) => each.name));
    const silent = columns.filter(({ name }) => !explained.has(name) && !SAYS_IT_ALL.test(name));
    expect(silent.map((each) => each.name)).toEqual([]);
  });
});

describe("the SQLite file", () => {
  test("that a newer version made is refused before anything in it is touched", async () => {
    const dataDir = temporaryFolder();
    const db = await openDatabase({ dataDir }, NOON);
    await db.write((writer) =>
      sql`INSERT INTO migrations (name, ran_at) VALUES ('9999-later.sql', 1)`.execute(writer),
    );
    await db.close();
    const file = path.join(dataDir, "boothlight.db");
    const before = readFileSync(file);
    await expect(openDatabase({ dataDir }, NOON)).rejects.toThrow("9999-later.sql");
    expect(readFileSync(file).equals(before)).toBe(true);
    rmSync(dataDir, { recursive: true });
  });

  test("that is none is refused by its name, and stays as it is", async () => {
    const dataDir = temporaryFolder();
    const file = path.join(dataDir, "boothlight.db");
    writeFileSync(file, "these are somebody's notes, and no database at all");
    await expect(openDatabase({ dataDir }, NOON)).rejects.toThrow(
      `the database ${file} is damaged, or no database`,
    );
    expect(readFileSync(file, "utf8")).toContain("somebody's notes");
    rmSync(dataDir, { recursive: true });
  });

  test("lies in a folder that nobody else on the laptop may read", async () => {
    const folder = temporaryFolder();
    const dataDir = path.join(folder, "new", "data");
    const db = await openDatabase({ dataDir }, NOON);
    await db.close();
    expect(statSync(dataDir).mode & 0o077).toBe(0);
    rmSync(folder, { recursive: true });
  });
});
