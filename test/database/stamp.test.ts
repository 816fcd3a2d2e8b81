import type { Database } from "../../src/database/open";
import { untilCommit } from "../../src/database/stamp";
import { ENGINES, freshDatabase } from "../support/databases";

describe.each(ENGINES)("what is read once until something is committed, on %s", (engine) => {
  let db: Database;
  beforeEach(async () => {
    db = await freshDatabase(engine);
    await put("a", "1");
  });
  afterEach(() => db.close());

  const put = (name: string, value: string) =>
    db.write((writer) =>
      writer
        .insertInto("settings")
        .values({ name, value })
        .onConflict((known) => known.column("name").doUpdateSet({ value }))
        .execute(),
    );

  /** Reads settings; `looks` says how often it went to the database. */
  function watched() {
    const looks: string[] = [];
    const read = untilCommit(db, async (name) => {
      looks.push(name);
      const row = await db.read
        .selectFrom("settings")
        .select("value")
        .where("name", "=", name)
        .executeTakeFirstOrThrow();
      return row.value;
    });
    return { looks, read };
  }

  test("those who ask meanwhile share it, each thing by itself", async () => {
    await put("b", "2");
    const { looks, read } = watched();
    expect(await Promise.all([read("a"), read("a"), read("b")])).toEqual(["1", "1", "2"]);
    expect(await read("a")).toBe("1");
    expect(looks).toEqual(["a", "b"]);
  });

  test("nobody is given what was read before a commit", async () => {
    const { read } = watched();
    for (const value of ["2", "3", "4"]) {
      await read("a");
      await put("a", value);
      expect(await read("a")).toBe(value);
    }
  });

  test("what could not be read is tried again", async () => {
    const { looks, read } = watched();
    await expect(read("missing")).rejects.toThrow();
    await expect(read("missing")).rejects.toThrow();
    expect(looks).toEqual(["missing", "missing"]);
  });
});
