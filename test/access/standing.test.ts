import { DEVICE_COOKIE } from "../../src/http/cookies";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { contentOf } from "../support/catalogue";
import { ENGINES, NOON } from "../support/databases";

const iso = (at: number) => new Date(at).toISOString();

describe.each(ENGINES)("what waits on a tablet, on %s", (engine) => {
  let booth: Booth;
  let ada: Tablet;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    ada = await booth.tablet("Ada");
  });
  afterEach(() => booth.close());

  const ask = (method: "get" | "post", path: string) =>
    booth.nobody()[method](path).set("Authorization", `Bearer ${ada.token}`).redirects(0);
  const tell = (standing: object) => ask("post", "/api/standing").send(standing);
  const waiting = { waiting: 3, since: iso(NOON - 80 * 60_000), rescued: false };
  const device = async (query = "") => {
    const organizer = await booth.organizer();
    const { body } = await organizer.get(`/devices${query}`).set("Accept", "application/json").expect(200);
    return body.devices[0];
  };
  const unpair = async (form: object = {}) =>
    (await booth.organizer())
      .post(`/devices/${ada.id}/unpairing?event=winter-camp`)
      .type("form")
      .send(form)
      .redirects(0);
  const isPaired = async () => (await ask("get", "/api/visits")).status === 200;

  test("is what it last said, in plain words and for programs", async () => {
    expect(await device()).toMatchObject({ waiting: null, waitingSince: null, standing: "" });
    await tell(waiting).expect(204);
    expect(await device()).toMatchObject({
      waiting: 3,
      waitingSince: waiting.since,
      rescued: false,
      standing: "3 waiting on it since 10:40",
    });
    await tell({ ...waiting, waiting: 1, rescued: true }).expect(204);
    expect((await device()).standing).toBe("1 waiting on it since 10:40, in a rescue file");
    booth.setClock(NOON + 86_400_000);
    expect((await device()).standing).toBe("1 waiting on it since 3 Feb, 10:40, in a rescue file");
    await tell({ waiting: 0 }).expect(204);
    expect(await device()).toMatchObject({
      waiting: 0,
      waitingSince: null,
      standing: "Nothing waits on it",
    });
    const organizer = await booth.organizer();
    expect((await organizer.get("/devices")).text).toContain("Nothing waits on it");
    // What it logged since, out of reach, nobody knows.
    booth.setClock(NOON + 2 * 86_400_000);
    expect((await organizer.get("/devices")).text).toContain("Nothing waited on it then");
  });

  test("waits since a time by the laptop's clock, where the tablet's is wrong", async () => {
    const ahead = 3 * 3_600_000;
    const since = iso(NOON - 60_000 + ahead);
    await tell({ ...waiting, since, sentAt: iso(NOON + ahead) }).expect(204);
    expect((await device()).waitingSince).toBe(iso(NOON - 60_000));
  });

  test("is told as numbers and times, or refused field by field", async () => {
    const { body } = await tell({ waiting: "some", since: "lately", rescued: "yes" }).expect(422);
    expect(body.fields.map(({ field }: { field: string }) => field).sort()).toEqual([
      "rescued",
      "since",
      "waiting",
    ]);
    await tell({ waiting: -1 }).expect(422);
    expect((await device()).waiting).toBeNull();
  });

  test("on the laptop's own page is no tablet's, and changes nothing", async () => {
    const organizer = await booth.organizer();
    const before = await contentOf(booth.db);
    await organizer.post("/api/standing").send(waiting).expect(204);
    expect(await contentOf(booth.db)).toEqual(before);
  });

  test("holds up its unpairing, with the reason, until it is sent", async () => {
    await tell(waiting);
    const page = await unpair();
    expect(page.status).toBe(409);
    expect(page.text).toContain("Not unpaired: 3 visits wait on the tablet of Ada.");
    expect(page.text).toContain("It is lost or stolen: end its access now");
    expect(await isPaired()).toBe(true);
    await tell({ waiting: 0 });
    expect((await unpair()).status).toBe(303);
    expect(await isPaired()).toBe(false);
  });

  test("does not hold it up once it is in a rescue file", async () => {
    await tell({ ...waiting, rescued: true });
    expect((await unpair()).status).toBe(303);
    expect(await isPaired()).toBe(false);
  });

  test("does not keep a lost tablet in", async () => {
    await tell(waiting);
    expect((await unpair({ anyway: "perhaps" })).status).toBe(409);
    expect((await unpair({ anyway: "yes" })).status).toBe(303);
    expect(await isPaired()).toBe(false);
  });

  test("is not asked about on a page that shows no tablet with something left", async () => {
    const organizer = await booth.organizer();
    await tell(waiting);
    expect((await organizer.get("/devices")).text).not.toContain("lost or stolen");
  });

  test("keeps the tablet from ending its pairing itself", async () => {
    await tell(waiting);
    const refused = await ask("post", "/pairing/end").set("Accept", "application/json").expect(409);
    expect(refused.body.message).toContain("Visits wait here that the laptop does not have yet.");
    expect(await isPaired()).toBe(true);
    await tell({ ...waiting, rescued: true });
    await ask("post", "/pairing/end").set("Accept", "application/json").expect(204);
    expect(await isPaired()).toBe(false);
  });

  test("does not concern a tablet that has nothing: it ends its pairing and forgets its cookie", async () => {
    await ada.send(aVisit());
    const answer = await booth
      .nobody()
      .post("/pairing/end")
      .set("Cookie", `${DEVICE_COOKIE}=${ada.token}`)
      .redirects(0)
      .expect(303);
    expect(answer.get("Location")).toBe("/");
    expect(answer.get("Set-Cookie")?.[0]).toMatch(
      new RegExp(`^${DEVICE_COOKIE}=;.*Expires=Thu, 01 Jan 1970`),
    );
    expect(await isPaired()).toBe(false);
    expect(await booth.db.read.selectFrom("visits").select("id").execute()).toHaveLength(1);
  });

  test("is nothing that the organizer's own session could end", async () => {
    const organizer = await booth.organizer();
    await organizer.post("/pairing/end").set("Accept", "application/json").expect(409);
    await organizer.get("/devices").expect(200);
  });

  test("today's answer says whose tablet it is, what time it is and how lit the booth is", async () => {
    await ada.send(aVisit(), aVisit(), aVisit(), aVisit());
    expect((await ask("get", "/api/today").expect(200)).body).toMatchObject({
      event: "winter-camp",
      now: iso(NOON),
      device: { id: ada.id, staffName: "Ada" },
      lastHour: 4,
      light: 3,
      own: { new: 4 },
    });
    const organizer = await booth.organizer();
    expect((await organizer.get("/api/today").expect(200)).body).toMatchObject({ device: null, light: 3 });
  });
});
