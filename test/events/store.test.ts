import type { Database } from "../../src/database/open";
import { localTime } from "../../src/events/rules";
import {
  addEvent,
  addToJournal,
  changeEvent,
  countVisits,
  type Event,
  eventBySlug,
  journalOf,
} from "../../src/events/store";
import { recordVisits } from "../../src/visits/store";
import { aVisit } from "../support/booth";
import { ENGINES, freshDatabase, NOON } from "../support/databases";

const CAMP = {
  name: "Summer Camp",
  venue: "Meadow",
  timeZone: "Europe/Brussels",
  startsOn: "2024-02-02",
  endsOn: "2024-02-04",
};

describe.each(ENGINES)("on %s", (engine) => {
  let db: Database;
  let camp: Event;
  beforeEach(async () => {
    db = await freshDatabase(engine);
    camp = await db.write((writer) => addEvent(writer, CAMP, NOON));
  });
  afterEach(() => db.close());

  const recordAt = (event: Event, ...instants: number[]) =>
    recordVisits(
      db,
      {
        event,
        lists: { booths: [], projects: [], topics: [], platforms: [], remarks: [], giveaways: [] },
        boothId: null,
        deviceId: null,
        staffName: null,
        receivedAt: NOON,
        clockOffset: 0,
      },
      instants.map((instant) => aVisit({ happenedAt: new Date(instant).toISOString() })),
    );

  test("events of the same name get addresses of their own", async () => {
    const again = await db.write((writer) => addEvent(writer, CAMP, NOON));
    const third = await db.write((writer) => addEvent(writer, CAMP, NOON));
    expect([camp.slug, again.slug, third.slug]).toEqual(["summer-camp", "summer-camp-2", "summer-camp-3"]);
  });

  test("another time zone counts the hours of the event's visits anew, and no other event's", async () => {
    const other = await db.write((writer) => addEvent(writer, CAMP, NOON));
    const instants = [0, 1, 59, 60, 61, 600, 1439, 2000].map((minutes) => NOON + minutes * 60_000);
    await recordAt(camp, ...instants);
    await recordAt(other, NOON);
    await db.write((writer) => changeEvent(writer, camp, { ...CAMP, timeZone: "Asia/Kathmandu" }));

    const visits = await db.read
      .selectFrom("visits")
      .select(["happened_at", "local_day", "local_hour"])
      .where("event_id", "=", camp.id)
      .orderBy("happened_at")
      .execute();
    expect(visits).toEqual(
      instants.map((instant) => {
        const { day, hour } = localTime(instant, "Asia/Kathmandu");
        return { happened_at: instant, local_day: day, local_hour: hour };
      }),
    );
    expect(
      await db.read.selectFrom("visits").select("local_hour").where("event_id", "=", other.id).execute(),
    ).toEqual([{ local_hour: 12 }]);
    expect(await eventBySlug(db.read, "summer-camp")).toMatchObject({ time_zone: "Asia/Kathmandu" });
  });

  test("visits are counted without those in the bin, and no further than asked", async () => {
    await recordAt(camp, NOON, NOON + 1, NOON + 2, NOON + 3);
    await db.write((writer) =>
      writer.updateTable("visits").set({ deleted_at: NOON }).where("happened_at", "=", NOON).execute(),
    );
    expect(await countVisits(db.read, camp.id, 100)).toBe(3);
    expect(await countVisits(db.read, camp.id, 2)).toBe(2);
  });

  test("the journal has the same words at the same instant once, the latest first", async () => {
    const add = (at: number, text: string) =>
      db.write((writer) => addToJournal(writer, camp.id, { at, text }));
    expect(await add(NOON, "Sphere dark")).toBe(true);
    expect(await add(NOON, "Sphere dark")).toBe(false);
    await add(NOON + 60_000, "Sphere lit");
    expect((await journalOf(db.read, camp.id, 10)).map((entry) => entry.text)).toEqual([
      "Sphere lit",
      "Sphere dark",
    ]);
  });
});
