import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { type Database, openDatabase, sqliteFile } from "../../src/database/open";
import { NOON, temporaryFolder } from "../support/databases";

let dataDir: string;
let db: Database;
beforeEach(async () => {
  dataDir = temporaryFolder();
  db = await openDatabase({ dataDir }, NOON);
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const walSize = () => statSync(`${sqliteFile(dataDir)}-wal`).size;

/** Writes about so many bytes, in commits of a tenth of a megabyte. */
async function write(bytes: number): Promise<void> {
  for (let written = 0; written < bytes; written += 100_000) {
    // Other words each time: SQLite writes only the pages that differ.
    const row = { name: "note", value: `${written} `.repeat(100_000).slice(0, 100_000) };
    await db.write((writer) =>
      writer
        .insertInto("settings")
        .values(row)
        .onConflict((conflict) => conflict.column("name").doUpdateSet(row))
        .execute(),
    );
  }
}

test("closing leaves one file with everything in it, also while somebody still reads", async () => {
  const snapshot = await db.snapshot();
  await snapshot.read.selectFrom("settings").selectAll().execute();
  await db.aside.selectFrom("settings").selectAll().execute();
  await write(1_000_000);
  expect(walSize()).toBeGreaterThan(0);
  const [, late] = await Promise.allSettled([
    db.close(),
    db.write((writer) => writer.insertInto("settings").values({ name: "late", value: "yes" }).execute()),
  ]);
  expect(late).toMatchObject({ status: "fulfilled" });
  expect(readdirSync(dataDir).filter((name) => name.startsWith("boothlight.db"))).toEqual(["boothlight.db"]);
  // Whoever read it, and is done only now, is not in the way.
  await snapshot.close();
  db = await openDatabase({ dataDir }, NOON);
  const kept = await db.read
    .selectFrom("settings")
    .select("name")
    .where("name", "in", ["late", "note"])
    .execute();
  expect(kept).toHaveLength(2);
  await db.close();
});

test("what waits beside the file grows while a snapshot is read, and is cut back when it is left", async () => {
  const snapshot = await db.snapshot();
  await snapshot.read.selectFrom("settings").selectAll().execute();
  await write(40_000_000);
  expect(walSize()).toBeGreaterThan(40_000_000);
  await snapshot.close();
  // The next commit puts all of it into the database, the one after it begins anew.
  await write(200_000);
  expect(walSize()).toBeLessThan(17 * 1024 * 1024);
  await db.close();
  expect(existsSync(`${sqliteFile(dataDir)}-wal`)).toBe(false);
});
