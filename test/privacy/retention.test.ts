import { uuidv7 } from "uuidv7";
import { openSession, pairDevice, pairedDevices } from "../../src/access/store";
import { eventById } from "../../src/events/store";
import { readEventFile } from "../../src/imports/form";
import { importEvent } from "../../src/imports/store";
import { eventFileText } from "../../src/imports/writing/store";
import { expiresAt, isReminded, lastDayOf, USUAL } from "../../src/privacy/retention/rules";
import { expire, forgetErased, keepFor, nextReminder } from "../../src/privacy/retention/store";
import { keepSearchable } from "../../src/questions/search/store";
import { figuresOf } from "../../src/reports/store";
import { newCode } from "../../src/visits/slips/rules";
import { deleteVisit } from "../../src/visits/store";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { ENGINES, freshDatabase, NOON } from "../support/databases";
import { columnsWith } from "../support/marked";

const DAY = 86_400_000;
/** 180 days after 4 February 2024 is 2 August; in Brussels it is over at 22:00 UTC. */
const OVER = Date.UTC(2024, 7, 2, 22, 0);
const CAMP = { ends_on: "2024-02-04", time_zone: "Europe/Brussels" };

describe("how long details are kept", () => {
  test("180 days after the last one, as the event's own clocks have it", () => {
    expect(lastDayOf(CAMP, USUAL)).toBe("2024-08-02");
    expect(expiresAt(CAMP, USUAL)).toBe(OVER);
    expect(expiresAt({ ...CAMP, time_zone: "Pacific/Auckland" }, USUAL)).toBe(Date.UTC(2024, 7, 2, 12, 0));
  });

  test("with 0 days until the event is over, with a day of its own until that, never less than the event", () => {
    expect(lastDayOf(CAMP, { days: 0, until: null })).toBe("2024-02-04");
    expect(lastDayOf(CAMP, { days: 0, until: "2024-12-31" })).toBe("2024-12-31");
    expect(lastDayOf(CAMP, { days: 180, until: "2024-01-01" })).toBe("2024-02-04");
  });

  test("what came to the laptop after its time stays for 14 days, with the reminder from the first", () => {
    const camp = { ...CAMP, created_at: OVER + 100 * DAY };
    expect(lastDayOf(camp, USUAL)).toBe("2024-11-24");
    expect(isReminded(camp, USUAL, OVER + 100 * DAY)).toBe(true);
    expect(lastDayOf({ ...CAMP, created_at: NOON }, USUAL)).toBe("2024-08-02");
    expect(lastDayOf({ ...CAMP, created_at: NOON }, { days: 0, until: null })).toBe("2024-02-04");
  });

  test("the organizer is reminded 14 days before, until they have seen it, also where that is later", () => {
    expect(isReminded(CAMP, USUAL, OVER - 16 * DAY)).toBe(false);
    expect(isReminded(CAMP, USUAL, OVER - 14 * DAY)).toBe(true);
    expect(isReminded(CAMP, USUAL, OVER - 1)).toBe(true);
    expect(isReminded(CAMP, { ...USUAL, seen_at: NOON }, OVER - 1)).toBe(false);
    expect(isReminded(CAMP, USUAL, OVER)).toBe(true);
  });
});

describe.each(ENGINES)("on %s", (engine) => {
  let booth: Booth;
  beforeEach(async () => {
    booth = await openBooth({ engine });
  });
  afterEach(() => booth.close());

  const event = () => eventById(booth.db.read, booth.eventId);
  const figures = async () => figuresOf(booth.db.read, await event(), {});
  const expireAt = (at: number) => expire({ db: booth.db, now: () => at });
  /** As on a laptop that runs. */
  const toldBefore = async () => {
    for (const days of [10, 9]) await expireAt(OVER - days * DAY);
  };
  const count = async (table: "contacts" | "visitor_questions" | "sessions" | "visits" | "invitations") =>
    (await booth.db.read.selectFrom(table).selectAll().execute()).length;
  const MARK = /zuleika|markerova|555[\s/]?1234|staffina/;
  const contact = {
    name: "Zuleika Markerova",
    email: "zuleika@marker.example",
    phone: "+43 660 555 1234",
    consent: ["news" as const],
  };

  /** A visitor whose name stands in many places, and another one's texts; a waiting question; a visit in the bin. */
  async function fill(): Promise<{ note: string; slip: string }> {
    const tablet = await booth.tablet("Staffina");
    const slip = newCode();
    const visit = aVisit({
      note: "zuleika wants news on zuleika@marker.example",
      contact,
      questions: [{ id: uuidv7(), text: "Ask me, Zuleika Markerova: is it free?", slip }],
    });
    const other = aVisit({ note: "Friend of Zuleika Markerova, 0660/5551234" });
    const binned = aVisit({ contact: { name: "Zuleika in the bin", consent: [] } });
    await tablet.send(visit, other, binned);
    await booth.db.write(async (writer) => {
      await deleteVisit(writer, binned.id, "organizer", NOON);
      await writer
        .insertInto("visitor_questions")
        .values({
          id: uuidv7(),
          event_id: booth.eventId,
          code: newCode(),
          text: "Zuleika here",
          contact: JSON.stringify({ name: "Zuleika", consent: [] }),
          language: "en",
          asked_at: NOON,
        })
        .execute();
      await writer
        .insertInto("journal")
        .values({ id: uuidv7(), event_id: booth.eventId, at: NOON, text: "Zuleika Markerova and Zuleika" })
        .execute();
      await openSession(writer, NOON);
    });
    return { note: other.id, slip };
  }

  test("when their time is over, details and names go from everywhere, and the report stays", async () => {
    const { note, slip } = await fill();
    await toldBefore();
    await expireAt(OVER - 1);
    // What lay in the bin for 30 days went before.
    expect([await count("contacts"), await count("visits"), await count("sessions")]).toEqual([1, 2, 0]);
    const before = await figures();
    await expireAt(OVER);
    expect(await figures()).toEqual(JSON.parse(JSON.stringify(before).replaceAll("Staffina", "Staff 1")));
    expect([await count("contacts"), await count("visitor_questions")]).toEqual([0, 0]);
    const read = booth.db.read;
    const notes = await read.selectFrom("visits").select(["id", "note"]).orderBy("id").execute();
    expect(notes.find(({ id }) => id === note)?.note).toBe("Friend of …, …");
    expect(notes.find(({ id }) => id !== note)?.note).toBe("… wants news on …");
    expect((await read.selectFrom("questions").selectAll().execute()).map(({ text }) => text)).toEqual([
      "Ask me, …: is it free?",
    ]);
    // Who kept the slip still finds the answer.
    await booth.nobody().get(`/s/${slip}`).expect(200);
    const journal = await read.selectFrom("journal").selectAll().executeTakeFirstOrThrow();
    expect(journal.text).toBe("… and Zuleika");
    expect(
      await read.selectFrom("texts_to_look_at").select(["place", "reason"]).orderBy("place").execute(),
    ).toEqual([
      { place: "journal", reason: "name" },
      { place: "note", reason: "redacted" },
    ]);
    expect(await columnsWith(booth.db, MARK)).toEqual(["journal.text"]);
    expect(await forgetErased(booth.deps)).toBe(true);
    // Another day does nothing more.
    const erasures = await read.selectFrom("erasures").selectAll().execute();
    await expireAt(OVER + DAY);
    expect(await read.selectFrom("erasures").selectAll().execute()).toEqual(erasures);
  });

  test("an event that a tablet is paired with after its time is used: nothing goes until that pairing has ended", async () => {
    await booth.db.write((writer) =>
      pairDevice(writer, { eventId: booth.eventId, boothId: null }, "Staffina", OVER + DAY),
    );
    const tablet = await booth.tablet();
    await tablet.send(aVisit({ contact: { ...contact, consent: [] } }));
    await expireAt(OVER + 2 * DAY);
    expect(await count("contacts")).toBe(1);
    expect(await pairedDevices(booth.db.read, booth.eventId)).toHaveLength(2);
    await expireAt(OVER + 40 * DAY);
    expect(await count("contacts")).toBe(0);
    expect(await pairedDevices(booth.db.read, booth.eventId)).toEqual([]);
  });

  test("a run that is told to stop goes on the next time", async () => {
    await fill();
    await toldBefore();
    const stopped = AbortSignal.abort();
    await expire({ db: booth.db, now: () => OVER }, stopped);
    expect(await count("contacts")).toBe(1);
    await expireAt(OVER);
    expect(await count("contacts")).toBe(0);
  });

  test("nothing goes before the pages have said so for a day: after a year in a drawer, or with a clock that is wrong", async () => {
    await fill();
    const year = 365 * DAY;
    await expireAt(OVER + 10 * year);
    await expireAt(OVER + 10 * year + DAY - 1);
    expect(await count("contacts")).toBe(2);
    // The clock is put right: all begins anew.
    await expireAt(NOON + DAY);
    await expireAt(OVER + year);
    booth.setClock(OVER + year);
    const organizer = await booth.organizer();
    expect((await organizer.get("/events").set("Accept", "text/html")).text).toContain(
      "go after Mon 4 Aug 2025",
    );
    expect((await organizer.get("/events/winter-camp/retention")).text).toContain("nobody was told before");
    const ends = Date.UTC(2025, 7, 4, 22, 0);
    await expireAt(ends - 1);
    expect(await count("contacts")).toBe(1);
    await expireAt(ends);
    expect(await count("contacts")).toBe(0);
  });

  test("the bin keeps what lies there for 30 days, and is not emptied by a clock that is a year ahead for an hour", async () => {
    await fill();
    await expireAt(NOON + 365 * DAY);
    await expireAt(NOON + 365 * DAY + DAY / 24);
    expect(await count("visits")).toBe(3);
    // The clock is put right, and it is noted a day before.
    for (const days of [1, 28, 29.2, 29.9]) await expireAt(NOON + days * DAY);
    await expireAt(NOON + 30 * DAY);
    expect(await count("visits")).toBe(3);
    await expireAt(NOON + 30.3 * DAY);
    expect(await count("visits")).toBe(2);
  });

  test("a day of its own counts; the reminder says what goes, on every page until it was seen", async () => {
    await fill();
    booth.setClock(OVER - 3 * DAY);
    const signedIn = await booth.organizer();
    const today = async () => (await signedIn.get("/events").set("Accept", "text/html")).text;
    expect(await today()).toContain("go after Fri 2 Aug 2024");
    expect(await nextReminder(booth.db.read, OVER - 3 * DAY)).toMatchObject({ contacts: 3 });
    const path = "/events/winter-camp/retention";
    const page = await signedIn.get(path).expect(200);
    expect(page.text).toContain("1 question of theirs has");
    const post = (to: string, form: object) => signedIn.post(`${path}${to}`).type("form").send(form);
    await post("/seen", {}).expect(303);
    expect(await today()).not.toContain("go after");
    const longer = { days: "180", until: "2024-12-31" };
    const refused = await post("", longer);
    expect(refused.status).toBe(422);
    expect(refused.text).toContain("Please say why");
    expect(refused.text).toContain('value="2024-12-31"');
    expect((await post("", { ...longer, until: "2030-01-01", reason: "x" })).status).toBe(422);
    expect((await post("", { days: "2000", until: "" })).status).toBe(422);
    await post("", { ...longer, reason: "A mail to all is on its way" }).expect(303);
    await expireAt(OVER);
    expect(await count("contacts")).toBe(2);
    // Sooner needs no reason.
    await post("", { days: "7", until: "" }).expect(303);
    await expireAt(OVER);
    await expireAt(OVER + 2 * DAY);
    expect(await count("contacts")).toBe(0);
  });

  test("the organizer lets them go at once, once they have ticked it", async () => {
    await fill();
    const organizer = await booth.organizer();
    const post = (form: object) =>
      organizer.post("/events/winter-camp/retention/expiry").type("form").send(form);
    expect((await post({})).status).toBe(422);
    expect(await count("contacts")).toBe(2);
    await post({ sure: "yes" }).expect(303);
    // In the bin, too: they are the event's.
    expect(await count("contacts")).toBe(0);
    const { text } = await organizer.get("/events/winter-camp/retention");
    expect(text).toContain("No details of visitors or staff are kept");
  });

  test("an event file carries who was erased and how long details are kept: the same bytes, the same figures", async () => {
    await fill();
    await booth.db.write((writer) =>
      keepFor(writer, booth.eventId, { days: 30, until: "2024-05-01", reason: "as said" }),
    );
    await toldBefore();
    await expireAt(OVER);
    const fileOf = async (of: { db: Booth["db"] }, id: string) => {
      let text = "";
      for await (const piece of eventFileText(of.db, { id })) text += piece;
      return text;
    };
    const file = await fileOf(booth, booth.eventId);
    expect(file).toContain('"contactsUntil":"2024-05-01"');
    const elsewhere = await freshDatabase("sqlite");
    keepSearchable(elsewhere, () => {});
    const { event: there, bad } = await importEvent(elsewhere, await readEventFile(Buffer.from(file)), OVER);
    expect(bad).toEqual([]);
    expect(await fileOf({ db: elsewhere }, there.id)).toBe(file);
    const here = await figures();
    expect(await figuresOf(elsewhere.read, there, {})).toEqual(here);
    expect(here.visitsWithContact).toBe(1);
    await elsewhere.close();
  });
});
