import { later, packed, packedObjects, prepared } from "../../src/database/packed";
import { addEvent } from "../support/booth";
import { ENGINES, freshDatabase } from "../support/databases";

describe.each(ENGINES)("reading aside on %s", (engine) => {
  let db: Awaited<ReturnType<typeof freshDatabase>>;
  beforeEach(async () => {
    db = await freshDatabase(engine);
    await addEvent(db);
  });
  afterEach(() => db.close());

  test("sees what is committed, and gives the same rows packed", async () => {
    const query = db.aside.selectFrom("topics").select(["slug", "name", "position"]).orderBy("position");
    const rows = await query.execute();
    expect(rows.map((row) => row.slug)).toEqual(["storage", "networking", "upgrade"]);
    const names = ["name", "position"] as const;
    expect(await packed(db.aside, query, names)({})).toEqual(rows.map((row) => [row.name, row.position]));
    expect(await packed(db.read, query, names)({})).toEqual(await packed(db.aside, query, names)({}));
    expect(await packedObjects(db.aside, query, ["slug"])({})).toEqual(rows.map(({ slug }) => ({ slug })));
    await db.write((writer) => writer.updateTable("topics").set({ name: "Ölüm „=1“ 🏮\n" }).execute());
    expect(await packed(db.aside, query, ["name"])({})).toEqual(Array(3).fill(["Ölüm „=1“ 🏮\n"]));
    expect(await packed(db.aside, query.where("slug", "=", "no such"), ["name"])({})).toEqual([]);
  });

  test("a query is written once and asked for one page after another", async () => {
    const ask = prepared<{ from: number }, { slug: string }>(
      db.aside,
      db.aside
        .selectFrom("topics")
        .select("slug")
        .where(
          "position",
          ">=",
          later(({ from }: { from: number }) => from),
        )
        .orderBy("position"),
    );
    const [all, last] = await Promise.all([ask({ from: 1 }), ask({ from: 3 })]);
    expect(all.map((row) => row.slug)).toEqual(["storage", "networking", "upgrade"]);
    expect(last.map((row) => row.slug)).toEqual(["upgrade"]);
  });

  test("a query that fails takes none with it that is asked at the same time", async () => {
    const [wrong, right] = await Promise.allSettled([
      db.aside
        .selectFrom("no_such_table" as "topics")
        .selectAll()
        .execute(),
      db.aside.selectFrom("topics").select("slug").execute(),
    ]);
    expect(wrong.status).toBe("rejected");
    expect(right).toMatchObject({ status: "fulfilled", value: { length: 3 } });
    expect(await db.aside.selectFrom("booths").select("slug").execute()).toHaveLength(2);
  });

  test("nothing can be changed there", async () => {
    if (engine === "postgres") return;
    await expect(db.aside.deleteFrom("topics").returning("slug").execute()).rejects.toThrow("readonly");
    await expect(db.aside.transaction().execute(async () => {})).rejects.toThrow("only read");
  });
});

test("who still waits when the booth closes is told", async () => {
  const db = await freshDatabase();
  // A query that takes its time.
  const counted = db.aside
    .withRecursive("numbers", (as) =>
      as
        .selectNoFrom((eb) => eb.lit(1).as("n"))
        .unionAll((again) =>
          again
            .selectFrom("numbers")
            .select((eb) => eb("n", "+", 1).as("n"))
            .where("n", "<", 1_000_000),
        ),
    )
    .selectFrom("numbers")
    .select(({ fn }) => fn.countAll().as("all"))
    .execute();
  const told = expect(counted).rejects.toThrow("has ended");
  // Asked by then.
  await db.read.selectFrom("events").select("id").execute();
  await new Promise(setImmediate);
  await db.close();
  await told;
});
