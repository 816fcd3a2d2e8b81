import { entriesOf } from "../../src/catalog/store";
import { eventBySlug } from "../../src/events/store";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { NOON } from "../support/databases";

let booth: Booth;
let organizer: Awaited<ReturnType<Booth["organizer"]>>;
beforeEach(async () => {
  booth = await openBooth();
  organizer = await booth.organizer();
});
afterEach(() => booth.close());

const CAMP = {
  name: "Winter Camp",
  venue: "Brussels",
  startsOn: "2024-02-02",
  endsOn: "2024-02-04",
  timeZone: "Europe/Brussels",
};
const post = (path: string, form: Record<string, string>) => organizer.post(path).type("form").send(form);
const topics = () => entriesOf(booth.db.read, "topics", booth.eventId);
const idOf = async (slug: string) => (await topics()).find((topic) => topic.slug === slug)?.id as string;

test("all events are on one page, with how many visits each has", async () => {
  const tablet = await booth.tablet();
  await tablet.send(aVisit(), aVisit());
  const { text } = await organizer.get("/events").expect(200);
  // Of two events on one day, each can be the one that the menu leads to.
  expect(text).toContain('href="/?event=winter-camp">Winter Camp</a>');
  expect(text).toContain('href="/events/winter-camp" aria-label="Set up Winter Camp"');
  expect(text).toContain("2 – 4 Feb 2024");
  expect(text).toMatch(/<strong>2<\/strong> visits/);
  expect(text).toContain('href="/events/new"');
});

test("an event's page has its fields, its lists and the ways on", async () => {
  const { text } = await organizer.get("/events/winter-camp").expect(200);
  for (const value of ["Winter Camp", "Main hall", "Wick", "Networking", "Proxmox VE", "T-shirt"]) {
    expect(text).toContain(`value="${value}"`);
  }
  for (const way of ["/pair?event=winter-camp", "/events/winter-camp/visits", "/events/winter-camp/report"]) {
    expect(text).toContain(`href="${way}"`);
  }
});

test("an event that is not there is said so", async () => {
  await organizer.get("/events/summer-camp").expect(404);
  await post("/events/winter-camp/lists/visits", {}).expect(404);
});

test("another time zone moves the days and hours of the visits that are here", async () => {
  const tablet = await booth.tablet();
  await tablet.send(aVisit({ happenedAt: new Date(NOON).toISOString() }));
  await post("/events/winter-camp", { ...CAMP, name: "Camp", timeZone: "Pacific/Auckland" })
    .expect(303)
    .expect("Location", "/events/winter-camp?saved=event#event");
  expect(await eventBySlug(booth.db.read, "winter-camp")).toMatchObject({
    name: "Camp",
    time_zone: "Pacific/Auckland",
  });
  expect(await booth.db.read.selectFrom("visits").select(["local_day", "local_hour"]).execute()).toEqual([
    { local_day: "2024-02-04", local_hour: 0 },
  ]);
});

test("wrong fields of an event come back as they were typed", async () => {
  const { text } = await post("/events/winter-camp", {
    ...CAMP,
    name: "Camp & Fair",
    endsOn: "never",
  }).expect(422);
  expect(text).toContain('value="Camp &amp; Fair"');
  expect(text).toContain('value="never"');
  expect(text).toMatch(/id="problem-endsOn".*This should be a day/);
  expect(await eventBySlug(booth.db.read, "winter-camp")).toMatchObject({ name: "Winter Camp" });
});

test("a list's card renames, adds, hides and moves in one go", async () => {
  const upgrade = await idOf("upgrade");
  await post("/events/winter-camp/lists/topics", {
    [`name.${upgrade}`]: "Upgrades",
    [`keywords.${upgrade}`]: "upgrade, version",
    added: "Backup: restore, snapshot",
    up: upgrade,
  })
    .expect(303)
    .expect("Location", "/events/winter-camp?saved=topics#topics");
  expect((await topics()).map(({ slug, name, keywords }) => [slug, name, keywords])).toEqual([
    ["storage", "Storage", "[]"],
    ["upgrade", "Upgrades", '["upgrade","version"]'],
    ["networking", "Networking", "[]"],
    ["backup", "Backup", '["restore","snapshot"]'],
  ]);
  await post("/events/winter-camp/lists/topics", { hide: upgrade }).expect(303);
  expect((await topics())[1]).toMatchObject({ name: "Upgrades", hidden: 1 });
  const { text } = await organizer.get("/events/winter-camp?saved=topics").expect(200);
  expect(text).toContain('aria-label="Offer Upgrades again"');
  expect(openLists(text)).toEqual(["topics"]);
});

/** The lists whose entries the set-up page shows unfolded. */
const openLists = (html: string) =>
  html.split('data-list="').flatMap((card) => (card.includes('class="fold" open') ? card.split('"')[0] : []));

test("a list's card that is wrong comes back as it was typed, and nothing is changed", async () => {
  const [sticker] = await entriesOf(booth.db.read, "giveaways", booth.eventId);
  const { text } = await post("/events/winter-camp/lists/giveaways", {
    [`name.${sticker?.id}`]: "Round sticker",
    [`shipped.${sticker?.id}`]: "lots",
    [`arrived.${sticker?.id}`]: "12",
    added: "Pin: 40",
  }).expect(422);
  expect(openLists(text)).toEqual(["giveaways"]);
  expect(text).toContain('value="Round sticker"');
  expect(text).toContain('value="lots"');
  expect(text).toContain(">Pin: 40</textarea>");
  expect(text).toMatch(new RegExp(`id="problem-shipped.${sticker?.id}".*This should be a whole number`));
  expect(await entriesOf(booth.db.read, "giveaways", booth.eventId)).toMatchObject([
    { name: "Sticker", shipped: 100 },
    { name: "T-shirt" },
  ]);
});

test("an entry of another event is out of reach", async () => {
  await post("/events", { ...CAMP, name: "Other", source: "sensible" }).expect(303);
  const { id } = await eventBySlug(booth.db.read, "other");
  const [topic] = await entriesOf(booth.db.read, "topics", id);
  await post("/events/winter-camp/lists/topics", {
    [`name.${topic?.id}`]: "Taken",
    hide: topic?.id as string,
  });
  expect((await entriesOf(booth.db.read, "topics", id))[0]).toMatchObject({ name: topic?.name, hidden: 0 });
});

test("the journal takes a line of now, and one of a time on the event's clocks", async () => {
  await post("/events/winter-camp/journal", { text: "Sphere <dark>", at: "" }).expect(303);
  await post("/events/winter-camp/journal", { text: "Lights on", at: "2024-02-02T08:30" }).expect(303);
  const { text } = await organizer.get("/events/winter-camp").expect(200);
  expect(text).toMatch(/3 Feb, 12:00<\/span> <span>Sphere &lt;dark&gt;/);
  expect(text).toMatch(/2 Feb, 08:30<\/span> <span>Lights on/);
});

test("a line of the journal without words comes back with its time", async () => {
  const { text } = await post("/events/winter-camp/journal", { text: " ", at: "2024-02-02T08:30" }).expect(
    422,
  );
  expect(text).toContain('value="2024-02-02T08:30"');
  expect(text).toMatch(/id="problem-text".*Please fill this in\./);
});

test("nobody but the organizer sets an event up", async () => {
  const tablet = await booth.tablet();
  for (const path of ["/events", "/events/new", "/events/winter-camp"]) {
    await booth.nobody().get(path).expect(401);
    await booth.nobody().get(path).set("Authorization", `Bearer ${tablet.token}`).expect(403);
  }
  await booth.nobody().post("/events/winter-camp/lists/topics").type("form").send({ added: "X" }).expect(401);
});

test("a giveaway has run out from one press on, which can be taken back", async () => {
  const sticker = async () =>
    (await entriesOf(booth.db.read, "giveaways", booth.eventId)).find((entry) => entry.slug === "sticker")!;
  const { id, name } = await sticker();
  const press = (form: Record<string, string>) =>
    post("/events/winter-camp/lists/giveaways", {
      [`name.${id}`]: name,
      [`shipped.${id}`]: "100",
      [`arrived.${id}`]: "90",
      ...form,
    }).expect(303);
  await press({ ranOut: id });
  expect(await sticker()).toMatchObject({ ran_out_at: NOON, shipped: 100, arrived: 90 });
  const { text } = await organizer.get("/events/winter-camp").expect(200);
  expect(text).toContain(`name="ranOutAt.${id}" type="datetime-local" value="2024-02-03T12:00"`);
  // Saving the list as it stands changes nothing of it.
  await press({ [`ranOutAt.${id}`]: "2024-02-03T12:00" });
  expect(await sticker()).toMatchObject({ ran_out_at: NOON });
  await press({ restocked: id });
  expect(await sticker()).toMatchObject({ ran_out_at: null });
});
