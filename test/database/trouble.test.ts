import BetterSqlite3 from "better-sqlite3";
import { StorageTrouble, troubleIn } from "../../src/database/trouble";
import { Problem } from "../../src/errors";
import { sayIn } from "../../src/http/languages";

const withCode = (code: string) => Object.assign(new Error("something"), { code });

test.each([
  ["SQLITE_FULL", "full"],
  ["SQLITE_READONLY", "read-only"],
  ["SQLITE_READONLY_DIRECTORY", "read-only"],
  ["SQLITE_READONLY_DBMOVED", "gone"],
  ["SQLITE_CORRUPT", "damaged"],
  ["SQLITE_CORRUPT_INDEX", "damaged"],
  ["SQLITE_NOTADB", "damaged"],
  ["SQLITE_IOERR_DATA", "damaged"],
  ["SQLITE_BUSY_SNAPSHOT", "busy"],
  ["SQLITE_IOERR_FSYNC", "failing"],
  ["SQLITE_CANTOPEN", "failing"],
  ["53100", "full"],
  ["25006", "read-only"],
  ["XX001", "damaged"],
  ["58030", "failing"],
  ["55P03", "busy"],
  ["57P01", "away"],
  ["53300", "away"],
  ["08006", "away"],
  ["ECONNREFUSED", "away"],
  ["ECONNRESET", "away"],
])("%s is trouble: %s", (code, kind) => {
  expect(troubleIn(withCode(code))).toBe(kind);
});

test.each([
  "SQLITE_CONSTRAINT_UNIQUE",
  "SQLITE_IOERR_NOMEM",
  "SQLITE_ERROR",
  "23505",
  "42P01",
  "40001",
  "ENOENT",
])("%s is no trouble with the disk", (code) => {
  expect(troubleIn(withCode(code))).toBeUndefined();
});

test("a connection that broke off is told by its words, any other error is not trouble", () => {
  expect(troubleIn(new Error("Connection terminated unexpectedly"))).toBe("away");
  expect(troubleIn(new Error("nothing of that"))).toBeUndefined();
  expect(troubleIn(new Problem("invalid", "Please type a name."))).toBeUndefined();
  expect(troubleIn("text")).toBeUndefined();
});

test("what SQLite itself throws where there is no room is trouble", () => {
  const database = new BetterSqlite3(":memory:");
  database.exec("CREATE TABLE t (x)");
  database.pragma("max_page_count = 3");
  let thrown: unknown;
  try {
    database.exec("INSERT INTO t VALUES (randomblob(100000))");
  } catch (error) {
    thrown = error;
  }
  expect(troubleIn(thrown)).toBe("full");
  database.close();
});

test("trouble is told in the language of who is told", () => {
  const trouble = new StorageTrouble("full", "save");
  expect(trouble.status).toBe(503);
  expect(trouble.message).toMatch(/^The laptop cannot save at the moment: its disk is full\./);
  expect(trouble.in(sayIn("de"))).toMatch(
    /^Der Laptop kann gerade nichts speichern: seine Festplatte ist voll\./,
  );
  expect(new StorageTrouble("damaged", "read").in(sayIn("fr"))).toContain("ses données sont endommagées");
});
