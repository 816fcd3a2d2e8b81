import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { sql } from "kysely";
import type { Database } from "../../src/database/open";
import { FILES, TABLES, WRITERS } from "../../src/privacy/kept/rules";
import { HOMES } from "../../src/privacy/mentions/store";
import { ENGINES, type Engine, freshDatabase, temporaryFolder } from "../support/databases";
import { startProgram } from "../support/program";

/** Each table of a database with its columns, as the engine tells them. */
async function schemaOf({ engine, read }: Database): Promise<Record<string, string[]>> {
  const { rows } = await (engine === "sqlite"
    ? sql<{
        t: string;
        c: string;
      }>`SELECT m.name AS t, c.name AS c FROM sqlite_master AS m, pragma_table_info(m.name) AS c
        WHERE m.type = 'table'`
    : sql<{ t: string; c: string }>`SELECT table_name AS t, column_name AS c FROM information_schema.columns
        WHERE table_schema = 'public'`
  ).execute(read);
  const schema: Record<string, string[]> = {};
  for (const { t, c } of rows) {
    schema[t] ??= [];
    schema[t].push(c);
  }
  return sorted(schema);
}

function listedFor(engine: Engine): Record<string, string[]> {
  const own = Object.entries(TABLES).filter(([, table]) => (table.engine ?? engine) === engine);
  return sorted(
    Object.fromEntries(
      own.map(([name, { nobodys, personal }]) => [
        name.replace(/ of PostgreSQL$/, ""),
        [...nobodys.split(" ").filter(Boolean), ...Object.keys(personal ?? {})],
      ]),
    ),
  );
}

function sorted(schema: Record<string, string[]>): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(schema)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([table, columns]) => [table, [...columns].sort()]),
  );
}

test.each(ENGINES)(
  "every column that the migrations make is known to erasure, with whose details it may hold: on %s",
  async (engine) => {
    const db = await freshDatabase(engine);
    expect(await schemaOf(db)).toEqual(listedFor(engine));
    await db.close();
  },
);

test("every text that somebody's name is looked for in is one that the list has as redacted", () => {
  for (const { column } of Object.values(HOMES)) {
    const [table, name] = column.split(".") as [string, string];
    expect([column, TABLES[table]?.personal?.[name]?.treated]).toEqual([column, "redacted"]);
  }
});

test("every text that the list has as redacted is one that names are looked for in", () => {
  const looked = new Set<string>(Object.values(HOMES).map(({ column }) => column));
  const readable = Object.entries(TABLES).flatMap(([table, { personal }]) =>
    Object.entries(personal ?? {})
      .filter(([, each]) => each.treated === "redacted" && !each.isUnreadable)
      .map(([column]) => `${table}.${column}`),
  );
  expect(readable.filter((column) => !looked.has(column))).toEqual([]);
});

test("every file that the running program leaves in its data folder is of a kind that is known", async () => {
  const dataDir = temporaryFolder();
  const program = await startProgram(dataDir);
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => path.relative(dataDir, path.join(each.parentPath, each.name)));
  await program.stop();
  expect(files).toContain("boothlight.db");
  expect(files.filter((file) => !FILES.some(({ name }) => name.test(file)))).toEqual([]);
});

test("whatever of the program writes files is known, with what they hold", () => {
  const src = path.resolve(__dirname, "../../src");
  const writing =
    /\b(writeFile|writeFileSync|appendFile|appendFileSync|createWriteStream|copyFile|copyFileSync|mkdtemp|mkdtempSync|mkdir|mkdirSync)\b[^;]*from "node:fs|\bimport \* as fs\b|\.backup\(/;
  const writers = readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.startsWith("tablet"))
    .filter((name) => writing.test(readFileSync(path.join(src, name), "utf8")));
  expect(writers.sort()).toEqual(Object.keys(WRITERS).sort());
});
