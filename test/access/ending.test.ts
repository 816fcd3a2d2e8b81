import { pairingEnds, phaseOf } from "../../src/access/rules";
import { inviteToPair, pairDevice } from "../../src/access/store";
import { allRoutes } from "../../src/app";
import { daySpan } from "../../src/visits/rules";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { NOON } from "../support/databases";
import fc from "../support/properties";

const DAY = 86_400_000;
/** The event's last day is 4 February 2024, in Brussels. */
const LAST = Date.UTC(2024, 1, 4, 23);
const PAGES_END = LAST + 3 * DAY;
const DELIVERY_ENDS = LAST + 30 * DAY;

describe("a pairing", () => {
  const pairing = { ends_on: "2024-02-04", time_zone: "Europe/Brussels", paired_at: NOON };

  test("lasts for three days after the event's last one, and delivers for thirty, by the event's own clock", () => {
    expect(pairingEnds(pairing)).toEqual({ pages: PAGES_END - 1, delivery: DELIVERY_ENDS - 1 });
    expect(phaseOf(pairing, PAGES_END - 1)).toBe("open");
    expect(phaseOf(pairing, PAGES_END)).toBe("delivers");
    expect(phaseOf(pairing, DELIVERY_ENDS - 1)).toBe("delivers");
    expect(phaseOf(pairing, DELIVERY_ENDS)).toBe("ended");
    const inTokyo = { ...pairing, time_zone: "Asia/Tokyo" };
    expect(pairingEnds(inTokyo).pages).toBe(PAGES_END - 8 * 3_600_000 - 1);
  });

  test("that was made after the event lasts as long from then on", () => {
    const late = { ...pairing, paired_at: NOON + 400 * DAY };
    expect(phaseOf(late, NOON + 403 * DAY)).toBe("open");
    expect(phaseOf(late, NOON + 404 * DAY)).toBe("delivers");
    expect(phaseOf(late, NOON + 431 * DAY)).toBe("ended");
  });

  test("never ends before three whole days have gone by after the event's last one, and only ever goes forward", () => {
    const zones = ["Pacific/Kiritimati", "Europe/Brussels", "America/Los_Angeles", "Pacific/Pago_Pago"];
    const day = fc
      .integer({ min: 0, max: 20_000 })
      .map((days) => new Date(days * DAY).toISOString().slice(0, 10));
    const order = ["open", "delivers", "ended"];
    fc.assert(
      fc.property(
        day,
        fc.constantFrom(...zones),
        fc.nat(20_000 * DAY),
        fc.nat(60 * DAY),
        fc.nat(60 * DAY),
        (ends_on, time_zone, paired_at, first, later) => {
          const one = { ends_on, time_zone, paired_at };
          const over = daySpan(ends_on, time_zone)?.until as number;
          expect(phaseOf(one, over + 2.9 * DAY)).toBe("open");
          const [before, after] = [first, first + later].map((at) => order.indexOf(phaseOf(one, over + at)));
          expect(after).toBeGreaterThanOrEqual(before as number);
          const { pages, delivery } = pairingEnds(one);
          expect([pages, pages + 1, delivery, delivery + 1].map((at) => phaseOf(one, at))).toEqual([
            "open",
            "delivers",
            "delivers",
            "ended",
          ]);
        },
      ),
    );
  });
});

describe("a tablet", () => {
  let booth: Booth;
  let ada: Tablet;
  beforeEach(async () => {
    booth = await openBooth();
    ada = await booth.tablet();
  });
  afterEach(() => booth.close());

  const ask = (method: "get" | "post" | "delete", address: string) =>
    booth.nobody()[method](address).set("Authorization", `Bearer ${ada.token}`);
  const statuses = async (who = "staff") => {
    const found: Record<string, number> = {};
    for (const { method, path } of allRoutes(booth.deps).filter((route) => route.who === who)) {
      if (path === "/pairing/end") continue;
      const { status } = await ask(method, path.replace(/:\w+/g, "018d6f2e-8b2a-7c31-9f3e-2b1f6f0f3a55")).set(
        "Accept",
        "application/json",
      );
      found[`${method} ${path}`] = status;
    }
    return found;
  };

  test("some days after the event has no pages any more, and only delivers what waits on it", async () => {
    booth.setClock(PAGES_END);
    const open = Object.entries(await statuses()).filter(([, status]) => status !== 401);
    expect(open.map(([address]) => address).sort()).toEqual([
      "delete /api/visits/:id",
      "get /api/today",
      "get /capture",
      "post /api/standing",
      "post /api/visits",
    ]);
    const page = await ask("get", "/").expect(200);
    expect(page.text).toContain("Winter Camp is over. Thank you!");
    expect(page.text).toContain("until 5 March");
    expect(await ada.send(aVisit())).toMatchObject([{ status: "recorded" }]);
    expect((await ask("get", "/api/today").expect(200)).body).toMatchObject({ isOver: true });
    const { body } = await ask("get", "/api/similar?text=anything").expect(401);
    expect(body).toMatchObject({ problem: "ended", title: "The event is over" });
  });

  test("a month after it delivers nothing, is told why, and can still say how it stands and be unpaired", async () => {
    booth.setClock(DELIVERY_ENDS);
    const open = Object.entries(await statuses()).filter(([, status]) => status !== 401);
    expect(open.map(([address]) => address).sort()).toEqual(["get /capture", "post /api/standing"]);
    const { body } = await ask("post", "/api/visits")
      .send({ visits: [aVisit()] })
      .expect(401);
    expect(body.message).toContain("rescue file");
    expect((await ask("get", "/capture").expect(200)).text).toContain("takes nothing from it any more");
    await ask("post", "/api/standing").send({ waiting: 3, rescued: false }).expect(204);
    await ask("post", "/pairing/end").set("Accept", "application/json").expect(409);
    await ask("post", "/api/standing").send({ waiting: 3, rescued: true }).expect(204);
    await ask("post", "/pairing/end").set("Accept", "application/json").expect(204);
  });

  test("wakes up where the event is moved to later days", async () => {
    booth.setClock(DELIVERY_ENDS);
    await ask("get", "/api/visits").expect(401);
    await booth.db.write((writer) => writer.updateTable("events").set({ ends_on: "2024-03-10" }).execute());
    await ask("get", "/api/visits").expect(200);
    expect((await ask("get", "/")).text).toContain("data-targets");
  });

  test("is shown to the organizer as ended, and pairing one with an event that is over says until when", async () => {
    booth.setClock(PAGES_END);
    const organizer = await booth.organizer();
    expect((await organizer.get("/devices")).text).toContain(
      "it only delivers what waits, until Tue 5 Mar 2024",
    );
    expect((await organizer.get("/pair")).text).toMatch(
      /Winter Camp is over\.<\/strong> A tablet[^<]*until Sun 11 Feb 2024/,
    );
    const code = await booth.db.write((writer) =>
      inviteToPair(writer, { eventId: booth.eventId, boothId: null }, PAGES_END),
    );
    const { body } = await booth
      .nobody()
      .post(`/pair/${code}`)
      .set("Accept", "application/json")
      .send({ name: "Bea" })
      .expect(201);
    await booth.nobody().get("/api/visits").set("Authorization", `Bearer ${body.token}`).expect(200);
    booth.setClock(NOON);
    expect((await (await booth.organizer()).get("/pair")).text).not.toContain("is over");
  });

  test("says that the event is over in each language", async () => {
    booth.setClock(PAGES_END);
    const said = await Promise.all(
      ["en", "de", "fr", "es", "pt", "ja"].map(async (language) => {
        const page = await ask("get", "/").set("Cookie", `boothlight_language=${language}`);
        return /<h1>([^<]*)<\/h1>/.exec(page.text)?.[1];
      }),
    );
    expect(new Set(said).size).toBe(6);
    expect(said[1]).toBe("Winter Camp ist vorbei. Danke!");
  });

  test("logs for its booth alone, and leaves a visit where the organizer has put it", async () => {
    const booths = await booth.db.read.selectFrom("booths").select(["id", "slug"]).execute();
    const idOf = (slug: string) => booths.find((each) => each.slug === slug)?.id as string;
    const { token } = await booth.db.write((writer) =>
      pairDevice(writer, { eventId: booth.eventId, boothId: idOf("hall") }, "Bea", NOON),
    );
    const send = async (visit: object) =>
      (
        await booth
          .nobody()
          .post("/api/visits")
          .set("Authorization", `Bearer ${token}`)
          .send({ visits: [visit] })
          .expect(200)
      ).body.results[0];
    expect(await send(aVisit({ booth: "lounge" }))).toMatchObject({
      status: "invalid",
      problems: [{ field: "booth", message: "This tablet is paired for another booth." }],
    });
    const visit = aVisit({ booth: "hall" });
    expect(await send(visit)).toMatchObject({ status: "recorded" });
    expect(await send(aVisit())).toMatchObject({ status: "recorded" });
    await booth.db.write((writer) =>
      writer
        .updateTable("visits")
        .set({ booth_id: idOf("lounge") })
        .where("id", "=", visit.id)
        .execute(),
    );
    expect(await send({ ...visit, revision: 2, base: 1, booth: "lounge", note: "moved" })).toMatchObject({
      status: "updated",
    });
    expect(await ada.send(aVisit({ booth: "lounge" }))).toMatchObject([{ status: "recorded" }]);
  });
});
