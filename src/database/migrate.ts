import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { type Kysely, sql } from "kysely";
import type { WriteDoor } from "./door";
import type { Tables } from "./tables";

const FOLDER = path.resolve(__dirname, "../../db/migrations");

/**
 * Brings the database to this version: each file of `folder` that it has not seen, in the order of
 * their names, each in a transaction of its own. Gives the names of those that ran. `beforeUpgrade` is done before the first
 * of them where there is something to lose.
 * Throws where the database was made by a newer version, before anything is changed.
 */
export async function migrate(
  reader: Kysely<Tables>,
  door: WriteDoor,
  now: number,
  folder = FOLDER,
  beforeUpgrade?: () => Promise<void>,
): Promise<string[]> {
  const known = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  await door.write((writer) =>
    sql`CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, ran_at BIGINT NOT NULL)`.execute(
      writer,
    ),
  );
  const done = new Set(
    (await sql<{ name: string }>`SELECT name FROM migrations`.execute(reader)).rows.map((row) => row.name),
  );
  const newer = [...done].filter((name) => !known.includes(name));
  if (newer.length > 0) {
    throw new Error(
      `This database was made by a newer version of Boothlight (it has ${newer.sort().at(-1)}). ` +
        "Nothing was changed. Start it with that version, or restore a backup of this one.",
    );
  }
  if (done.size > 0 && known.some((name) => !done.has(name))) await beforeUpgrade?.();
  const ran: string[] = [];
  for (const name of known.filter((each) => !done.has(each))) {
    const text = await readFile(path.join(folder, name), "utf8");
    const isFirst = await door.write(async (writer) => {
      // Another program on the same database may have been a moment faster: the key tells who runs it.
      const taken = await sql`
        INSERT INTO migrations (name, ran_at) VALUES (${name}, ${now}) ON CONFLICT DO NOTHING
      `.execute(writer);
      if (taken.numAffectedRows !== 1n) return false;
      for (const statement of statementsOf(text)) await sql.raw(statement).execute(writer);
      return true;
    });
    if (isFirst) ran.push(name);
  }
  return ran;
}

/** The statements of a migration: comments taken out, cut at semicolons that end a line. */
function statementsOf(text: string): string[] {
  return text
    .replace(/\s*--.*$/gm, "")
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}
