import { setImmediate as nextTurn } from "node:timers/promises";
import { sql } from "kysely";
import type { Database } from "../../src/database/open";
import { ENGINES, freshDatabase, NOON } from "../support/databases";

describe.each(ENGINES)("the door for writes on %s", (engine) => {
  let db: Database;
  beforeEach(async () => {
    db = await freshDatabase(engine);
  });
  afterEach(() => db.close());

  const put = (name: string) =>
    db.write((writer) => writer.insertInto("settings").values({ name, value: "x" }).execute());
  const names = async () =>
    (await db.read.selectFrom("settings").select("name").orderBy("name").execute()).map((row) => row.name);

  test("a write that fails takes none of those with it that came at the same time", async () => {
    const outcomes = await Promise.allSettled([put("a"), put("b"), put("a"), put("c")]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    expect(await names()).toEqual(["a", "b", "c"]);
  });

  test("what a failing write had done before it failed is not kept", async () => {
    const failing = db.write(async (writer) => {
      await writer.insertInto("settings").values({ name: "half", value: "x" }).execute();
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await names()).toEqual([]);
  });

  test("writes run in the order in which they came", async () => {
    const order: number[] = [];
    await Promise.all(
      [1, 2, 3].map((n) =>
        db.write(async () => {
          order.push(n);
        }),
      ),
    );
    expect(order).toEqual([1, 2, 3]);
  });

  test("between the writes of a crowd, others have a turn", async () => {
    const crowd = Array.from({ length: 500 }, (_, n) => `${n}`);
    let isDone = false;
    let written = 0;
    const all = Promise.all(crowd.map((name) => put(name).then(() => written++))).then(() => {
      isDone = true;
    });
    const seen = new Set<number>();
    while (!isDone) {
      seen.add(written);
      await nextTurn();
    }
    await all;
    expect(seen.size).toBeGreaterThanOrEqual(5);
    expect(await names()).toHaveLength(500);
  });

  test("writes that come one a turn share a commit", async () => {
    const before = db.counts.commits;
    const all: Promise<unknown>[] = [];
    for (let n = 0; n < 10; n++) {
      // As requests do, the next one comes before the door has its turn.
      const turn = nextTurn();
      all.push(put(`${n}`));
      await turn;
    }
    await Promise.all(all);
    expect(db.counts.commits - before).toBe(1);
    expect(await names()).toHaveLength(10);
  });

  test("closing waits for the writes under way", async () => {
    const other = engine === "sqlite" ? await freshDatabase(engine) : db;
    const write = other.write((writer) =>
      writer.insertInto("settings").values({ name: "late", value: "x" }).returning("name").executeTakeFirst(),
    );
    if (other !== db) await other.close();
    expect(await write).toEqual({ name: "late" });
  });

  test("a foreign key that leads nowhere is refused", async () => {
    const orphan = db.write((writer) =>
      writer.insertInto("journal").values({ id: "j", event_id: "none", at: NOON, text: "hello" }).execute(),
    );
    await expect(orphan).rejects.toThrow();
  });
});

describe("the door for writes on SQLite", () => {
  let db: Database;
  beforeEach(async () => {
    db = await freshDatabase();
  });
  afterEach(() => db.close());

  const names = async () =>
    (await db.read.selectFrom("settings").select("name").execute()).map((row) => row.name);
  const put = (name: string) =>
    db.write((writer) => writer.insertInto("settings").values({ name, value: "x" }).execute());

  test("a commit that fails is told to everybody who shared it, keeps nothing, and holds up nobody after it", async () => {
    const spoiler = db.write(async (writer) => {
      // The engine finds this one out at the commit and not before.
      await sql`PRAGMA defer_foreign_keys = ON`.execute(writer);
      await writer
        .insertInto("journal")
        .values({ id: "j", event_id: "none", at: NOON, text: "hello" })
        .execute();
    });
    const outcomes = await Promise.allSettled([put("a"), spoiler, put("b")]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(await names()).toEqual([]);
    await put("c");
    expect(await names()).toEqual(["c"]);
  });

  test("what is being written is seen by nobody before it is kept", async () => {
    let seenMeanwhile: string[] = [];
    await db.write(async (writer) => {
      await writer.insertInto("settings").values({ name: "half", value: "x" }).execute();
      seenMeanwhile = await names();
    });
    expect(seenMeanwhile).toEqual([]);
    expect(await names()).toEqual(["half"]);
  });

  test("the connection for reading cannot write", async () => {
    const sneaky = db.read.insertInto("settings").values({ name: "a", value: "x" }).execute();
    await expect(sneaky).rejects.toThrow("readonly");
  });
});

test("SQLite syncs each commit to disk: acknowledged means it survives a power cut", async () => {
  const db = await freshDatabase();
  const pragma = await db.write((writer) => sql<{ synchronous: number }>`PRAGMA synchronous`.execute(writer));
  const mode = await db.write((writer) => sql<{ journal_mode: string }>`PRAGMA journal_mode`.execute(writer));
  expect(pragma.rows[0]?.synchronous).toBe(2);
  expect(mode.rows[0]?.journal_mode).toBe("wal");
  await db.close();
});
