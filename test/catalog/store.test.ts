import { addMissing, changeList, entriesOf, entriesToCopy, keywordsOf } from "../../src/catalog/store";
import type { Database } from "../../src/database/open";
import { addEvent } from "../../src/events/store";
import { ENGINES, freshDatabase, NOON } from "../support/databases";

describe.each(ENGINES)("on %s", (engine) => {
  let db: Database;
  let eventId: string;
  beforeEach(async () => {
    db = await freshDatabase(engine);
    const fields = { name: "Camp", venue: "", timeZone: "UTC", startsOn: "2024-02-02", endsOn: "2024-02-04" };
    eventId = await db.write(async (writer) => {
      const { id } = await addEvent(writer, fields, NOON);
      await addMissing(writer, "topics", id, [
        { slug: "storage", name: "Storage", keywords: ["disk"] },
        { slug: "backup", name: "Backup" },
      ]);
      await addMissing(writer, "giveaways", id, [{ slug: "pin", name: "Pin", shipped: 10 }]);
      return id;
    });
  });
  afterEach(() => db.close());

  const topics = () => entriesOf(db.read, "topics", eventId);
  const idOf = async (slug: string) => (await topics()).find((topic) => topic.slug === slug)?.id as string;

  test("entries that are there stay as they are, missing ones come behind them", async () => {
    const added = await db.write((writer) =>
      addMissing(writer, "topics", eventId, [
        { slug: "storage", name: "Disks" },
        { slug: "network", name: "Network" },
      ]),
    );
    expect(added).toBe(1);
    expect((await topics()).map(({ name, position }) => [name, position])).toEqual([
      ["Storage", 1],
      ["Backup", 2],
      ["Network", 3],
    ]);
  });

  test("a form renames, adds, hides and moves, and an entry keeps its slug", async () => {
    const storage = await idOf("storage");
    await db.write((writer) =>
      changeList(writer, "topics", eventId, {
        changed: [{ id: storage, name: "Disks", keywords: ["lun"] }],
        added: [{ name: "Storage", keywords: ["nfs"] }],
        hide: storage,
        down: storage,
      }),
    );
    const after = await topics();
    expect(after.map(({ slug, name, hidden }) => [slug, name, hidden])).toEqual([
      ["backup", "Backup", 0],
      ["storage", "Disks", 1],
      ["storage-2", "Storage", 0],
    ]);
    expect(after.map(keywordsOf)).toEqual([[], ["lun"], ["nfs"]]);
    await db.write((writer) =>
      changeList(writer, "topics", eventId, { changed: [], added: [], show: storage, up: storage }),
    );
    expect((await topics()).map(({ slug, hidden }) => [slug, hidden])).toEqual([
      ["storage", 0],
      ["backup", 0],
      ["storage-2", 0],
    ]);
  });

  test("what is counted of a giveaway can be set and taken back", async () => {
    const [pin] = await entriesOf(db.read, "giveaways", eventId);
    const change = (shipped: number | null, arrived: number | null) =>
      db.write((writer) =>
        changeList(writer, "giveaways", eventId, {
          changed: [{ id: pin?.id as string, name: "Pin", shipped, arrived }],
          added: [],
        }),
      );
    await change(10, 4);
    expect(await entriesOf(db.read, "giveaways", eventId)).toMatchObject([{ shipped: 10, arrived: 4 }]);
    await change(null, 4);
    expect(await entriesOf(db.read, "giveaways", eventId)).toMatchObject([{ shipped: null, arrived: 4 }]);
  });

  test("a copy has what is offered, without the pieces of last time", async () => {
    const storage = await idOf("storage");
    await db.write((writer) =>
      changeList(writer, "topics", eventId, { changed: [], added: [], hide: storage }),
    );
    expect(await entriesToCopy(db.read, eventId)).toEqual({
      booths: [],
      projects: [],
      topics: [{ slug: "backup", name: "Backup", keywords: [] }],
      platforms: [],
      remarks: [],
      giveaways: [{ slug: "pin", name: "Pin" }],
    });
  });
});
