import { uuidv7 } from "uuidv7";
import { entriesOf, keywordsOf } from "../../src/catalog/store";
import { namedToday } from "../../src/events/rules";
import { eventBySlug, listEvents } from "../../src/events/store";
import { takeEventFile } from "../../src/imports/writing/store";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { NOON } from "../support/databases";

let booth: Booth;
let organizer: Awaited<ReturnType<Booth["organizer"]>>;
beforeEach(async () => {
  booth = await openBooth();
  organizer = await booth.organizer();
});
afterEach(() => booth.close());

const TYPED = {
  name: "Summer Camp",
  venue: "Meadow <3>",
  startsOn: "2024-07-01",
  endsOn: "2024-07-03",
  timeZone: "Asia/Kathmandu",
  projects: "Lantern\nWick",
  booths: "",
  source: "sensible",
};
const FAIR = {
  format: "boothlight-event",
  version: 1,
  event: {
    slug: "autumn-fair",
    name: "Autumn Fair",
    venue: "Town Hall",
    timeZone: "America/Los_Angeles",
    startsOn: "2024-10-25",
    endsOn: "2024-10-27",
  },
  booths: [{ slug: "hall", name: "Hall" }],
  topics: [{ slug: "lamps", name: "Lamps", keywords: ["light"] }],
  visits: [aVisit({ id: uuidv7(), booth: "hall", questions: [{ text: "Which lamp?", topic: "lamps" }] })],
};

const upload = (path: string, file: object | string, fields: Record<string, string> = {}) => {
  const sent = organizer.post(path);
  for (const [name, value] of Object.entries(fields)) sent.field(name, value);
  return sent.attach(
    "file",
    Buffer.from(typeof file === "string" ? file : JSON.stringify(file)),
    "fair.json",
  );
};
const namesIn = async (slug: string, list: "booths" | "projects" | "topics" | "giveaways") =>
  (await entriesOf(booth.db.read, list, (await eventBySlug(booth.db.read, slug)).id)).map(
    (entry) => entry.name,
  );

test("the page for a new event proposes the laptop's time zone", async () => {
  const { text } = await organizer.get("/events/new").expect(200);
  expect(text).toContain(`value="${namedToday(Intl.DateTimeFormat().resolvedOptions().timeZone)}"`);
  expect(text).toContain('<option value="Asia/Kathmandu">');
});

test("a new event starts from sensible lists", async () => {
  await organizer
    .post("/events")
    .type("form")
    .send(TYPED)
    .expect(303)
    .expect("Location", "/events/summer-camp");
  expect(await eventBySlug(booth.db.read, "summer-camp")).toMatchObject({
    name: "Summer Camp",
    venue: "Meadow <3>",
    time_zone: "Asia/Kathmandu",
    starts_on: "2024-07-01",
    ends_on: "2024-07-03",
  });
  expect(await namesIn("summer-camp", "booths")).toEqual(["Booth"]);
  expect(await namesIn("summer-camp", "projects")).toEqual(["Lantern", "Wick"]);
  const topics = await entriesOf(
    booth.db.read,
    "topics",
    (await eventBySlug(booth.db.read, "summer-camp")).id,
  );
  expect(topics.length).toBeGreaterThan(10);
  expect(topics.every((topic) => keywordsOf(topic).length > 3)).toBe(true);
});

test("a second event of the same name gets an address of its own", async () => {
  await organizer.post("/events").type("form").send(TYPED).expect(303);
  await organizer
    .post("/events")
    .type("form")
    .send(TYPED)
    .expect(303)
    .expect("Location", "/events/summer-camp-2");
});

test("a new event can be a copy of an earlier one's set-up", async () => {
  await organizer
    .post("/events")
    .type("form")
    .send({ ...TYPED, source: "copy", copyOf: "winter-camp", booths: "Meadow", projects: "" })
    .expect(303);
  expect(await namesIn("summer-camp", "booths")).toEqual(["Main hall", "Lounge", "Meadow"]);
  expect(await namesIn("summer-camp", "topics")).toEqual(["Storage", "Networking", "Upgrade"]);
  const { id } = await eventBySlug(booth.db.read, "summer-camp");
  expect(await entriesOf(booth.db.read, "giveaways", id)).toMatchObject([
    { slug: "sticker", shipped: null, arrived: null },
    { slug: "t-shirt", shipped: null, arrived: null },
  ]);
});

test("a form that is wrong comes back with all that was typed, each problem at its field", async () => {
  const { text } = await organizer
    .post("/events")
    .type("form")
    .send({
      ...TYPED,
      name: "",
      endsOn: "2024-06-30",
      timeZone: "Camp time",
      source: "copy",
      copyOf: "winter-camp",
    })
    .expect(422);
  expect(text).toContain('value="Meadow &lt;3&gt;"');
  expect(text).toContain('value="2024-06-30"');
  expect(text).toContain('value="Camp time"');
  expect(text).toContain(">Lantern\nWick</textarea>");
  expect(text).toMatch(/value="copy" checked/);
  expect(text).toMatch(/value="winter-camp" selected/);
  expect(text).toMatch(/id="problem-name".*Please fill this in\./);
  expect(text).toMatch(/id="problem-timeZone".*This is not a time zone\./);
  expect(text).toMatch(/id="timeZone"[^>]*aria-invalid="true" aria-describedby="problem-timeZone/);
  expect(await listEvents(booth.db.read)).toHaveLength(1);
});

test("days in the wrong order are said at the last one", async () => {
  const { text } = await organizer
    .post("/events")
    .type("form")
    .send({ ...TYPED, endsOn: "2024-06-30" })
    .expect(422);
  expect(text).toMatch(/id="problem-endsOn".*The last day is before the first\./);
});

test("a new event from a file takes what was left empty from the file, visits too", async () => {
  const empty = { ...TYPED, name: "", venue: "", startsOn: "", endsOn: "", projects: "", source: "file" };
  const laptopZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  await upload("/events", FAIR, { ...empty, timeZone: laptopZone })
    .expect(303)
    .expect("Location", "/events/autumn-fair");
  expect(await eventBySlug(booth.db.read, "autumn-fair")).toMatchObject({
    name: "Autumn Fair",
    time_zone: "America/Los_Angeles",
  });
  expect(await namesIn("autumn-fair", "booths")).toEqual(["Hall"]);
  expect(await booth.db.read.selectFrom("questions").select("text").execute()).toEqual([
    { text: "Which lamp?" },
  ]);
});

test("a file can be the template of an event with values of its own", async () => {
  await upload(
    "/events",
    { ...FAIR, visits: undefined },
    { ...TYPED, booths: "hall\nMeadow", source: "file" },
  )
    .expect(303)
    .expect("Location", "/events/summer-camp");
  expect(await eventBySlug(booth.db.read, "summer-camp")).toMatchObject({
    time_zone: "Asia/Kathmandu",
    starts_on: "2024-07-01",
  });
  expect(await namesIn("summer-camp", "booths")).toEqual(["Hall", "Meadow"]);
  expect(await namesIn("summer-camp", "topics")).toEqual(["Lamps"]);
});

test("a file whose event is here already, and a form without a file, keep what was typed", async () => {
  await upload("/events/import", FAIR).expect(200);
  const empty = { ...TYPED, name: "", source: "file" };
  const again = await upload("/events", FAIR, empty).expect(422);
  expect(again.text).toMatch(/id="problem-file".*This event is here already\./);
  const none = await organizer.post("/events").type("form").send(empty).expect(422);
  expect(none.text).toMatch(/id="problem-file".*Please choose a file\./);
  expect(none.text).toContain('value="Meadow &lt;3&gt;"');
});

test("a wrong value for a file's event stands at its own field", async () => {
  const { text } = await upload("/events", FAIR, { ...TYPED, timeZone: "Camp time", source: "file" }).expect(
    422,
  );
  expect(text).toMatch(/id="problem-timeZone".*This is not a time zone\./);
  expect(await listEvents(booth.db.read)).toHaveLength(1);
});

test("an uploaded event file says what came of it, bad records with place and reason", async () => {
  const bad = { ...aVisit(), category: "bored" };
  const first = await upload("/events/import", { ...FAIR, visits: [...FAIR.visits, bad] }).expect(200);
  expect(first.text).toContain("<code>visits[1].category</code>");
  expect(first.text).toContain(bad.id);
  expect(first.text).toContain("This should be existing, curious or new.");
  expect(first.text).toMatch(/Visits<\/th><td>1<\/td><td>0<\/td>/);
  const again = await upload("/events/import", FAIR).set("Accept", "application/json").expect(200);
  expect(again.body).toMatchObject({
    event: "autumn-fair",
    isNewEvent: false,
    visits: { added: 0, there: 1 },
    bad: [],
  });
});

test.each([
  ["is not JSON", "name,venue\n", "This file is not JSON, so nothing was imported."],
  ["is newer", { ...FAIR, version: 9 }, "This event file is of version 9"],
  [
    "has a wrong event",
    { ...FAIR, event: { ...FAIR.event, timeZone: "Mars" } },
    "event.timeZone: This is not a time zone.",
  ],
])("an upload that %s changes nothing, and says so", async (_what, file, sentence) => {
  const { text } = await upload("/events/import", file).expect(422);
  expect(text).toContain(sentence);
  expect(await listEvents(booth.db.read)).toHaveLength(1);
});

test("an upload without a file is asked for one", async () => {
  const { text } = await organizer.post("/events/import").field("file", "").expect(422);
  expect(text).toContain("Please choose a file.");
});

test("a form that breaks off is no fault of the program", async () => {
  await organizer
    .post("/events/import")
    .set("Content-Type", "multipart/form-data; boundary=x")
    .send('--x\r\nContent-Disposition: form-data; name="file"; filename="a.json"\r\n\r\n{')
    .expect(400);
});

describe("the whole event to take along", () => {
  const trail = () => booth.db.read.selectFrom("contact_exports").selectAll().execute();
  const contact = { name: "Zoë", email: "zoe@visitor.example", consent: [] };

  test("comes as a file of its name, which another booth takes in", async () => {
    await (await booth.tablet()).send(aVisit({ contact, note: "=1+1\n\u2028" }));
    const { body } = await organizer
      .get("/exports/event.json?event=winter-camp&why=We+get+a+new+laptop")
      .expect(200)
      .expect("Content-Type", /application\/json/)
      .expect("Content-Disposition", "attachment; filename=winter-camp.json");
    expect(body).toMatchObject({
      version: 2,
      event: { slug: "winter-camp" },
      visits: [{ contact: { name: "Zoë" } }],
    });
    expect(await trail()).toMatchObject([
      {
        event_id: booth.eventId,
        at: NOON,
        actor: "organizer",
        list: "event",
        format: "json",
        filters: "",
        purpose: null,
        reason: "We get a new laptop",
        contacts: 1,
      },
    ]);
    const other = await openBooth();
    const sent = (await other.organizer()).post("/events/import");
    await sent.attach("file", Buffer.from(JSON.stringify(body)), "winter-camp.json").expect(200);
    expect(await other.db.read.selectFrom("contacts").select("name").execute()).toEqual([{ name: "Zoë" }]);
    await other.close();
  });

  test("leaves no trail where nobody's details are in it, or nobody takes it", async () => {
    await (await booth.tablet()).send(aVisit());
    await organizer.get("/exports/event.json").expect(200);
    await (await booth.tablet()).send(aVisit({ contact }));
    await organizer.head("/exports/event.json").expect(200);
    expect(await trail()).toEqual([]);
  });

  test("is on the trail without a number where it was broken off", async () => {
    await (await booth.tablet()).send(aVisit({ contact }));
    const event = await eventBySlug(booth.db.read, "winter-camp");
    const pieces = takeEventFile(booth.db, event, { actor: "command line", reason: "", now: NOON });
    await pieces.next();
    await pieces.return(undefined);
    expect(await trail()).toMatchObject([{ actor: "command line", contacts: null }]);
  });

  test("is refused where there is no such event", async () => {
    await organizer.get("/exports/event.json?event=summer-camp").expect(404);
  });
});
