import { sql } from "kysely";
import { compiledOnce } from "../../src/database/compiled";
import type { Database } from "../../src/database/open";
import { isOneOf } from "../../src/database/search";
import { ENGINES, freshDatabase } from "../support/databases";

const addSetting = compiledOnce((db, setting: { name: string; value: string }) =>
  db.insertInto("settings").values({ name: setting.name, value: setting.value }).returning("name"),
);
const settingsNamed = compiledOnce((db, { names, not }: { names: string[]; not: string | null }) =>
  db
    .selectFrom("settings")
    .select(["name", "value"])
    .where(isOneOf(db, "name", names))
    .where(({ or, eb }) => or([eb(sql`CAST(${not} AS TEXT)`, "is", null), eb("value", "<>", not)]))
    .orderBy("name"),
);

describe.each(ENGINES)("a query that is compiled once, on %s", (engine) => {
  let db: Database;
  beforeEach(async () => {
    db = await freshDatabase(engine);
  });
  afterEach(() => db.close());

  test("gives the rows of the values of each time, text that looks like a statement included", async () => {
    const odd = "'); DROP TABLE settings; --";
    expect(await db.write((writer) => addSetting(writer, { name: "a-lamp", value: odd }))).toEqual([
      { name: "a-lamp" },
    ]);
    await db.write((writer) => addSetting(writer, { name: "a-wick", value: "2" }));

    const both = ["a-lamp", "a-wick", "a-third"];
    const lamp = { name: "a-lamp", value: odd };
    const wick = { name: "a-wick", value: "2" };
    expect(await settingsNamed(db.read, { names: both, not: null })).toEqual([lamp, wick]);
    expect(await settingsNamed(db.read, { names: both, not: "2" })).toEqual([lamp]);
    expect(await settingsNamed(db.read, { names: ["a-wick"], not: null })).toEqual([wick]);
    expect(await settingsNamed(db.read, { names: [], not: null })).toEqual([]);
  });

  test("is put together by the first who asks alone", async () => {
    let built = 0;
    const count = compiledOnce((read, { name }: { name: string }) => {
      built += 1;
      return read.selectFrom("settings").select("value").where("name", "=", name);
    });
    for (const name of ["one", "two", "three"]) expect(await count(db.read, { name })).toEqual([]);
    expect(built).toBe(1);
  });

  test("says what the database says where a row cannot be taken", async () => {
    const twice = { name: "a-lamp", value: "1" };
    await db.write((writer) => addSetting(writer, twice));
    await expect(db.write((writer) => addSetting(writer, twice))).rejects.toThrow(/unique|duplicate/i);
    expect(await settingsNamed(db.read, { names: ["a-lamp"], not: null })).toHaveLength(1);
  });
});
