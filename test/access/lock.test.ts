import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { UNLOCKING } from "../../src/access/form";
import { hashPassphrase, LOCK_CHOICES, lockMinutes, locksIn, SESSION_LASTS } from "../../src/access/rules";
import {
  isSessionOpen,
  lockSessions,
  noteUse,
  openSession,
  sessionOf,
  setLockAfter,
  setPassphrase,
} from "../../src/access/store";
import { allRoutes } from "../../src/app";
import { renewWall } from "../../src/reports/live/store";
import { aVisit, type Booth, openBooth, PASSPHRASE } from "../support/booth";
import { ENGINES, freshDatabase, NOON } from "../support/databases";
import { type Events, openEvents } from "../support/events";
import fc from "../support/properties";

const MINUTE = 60_000;

describe("when a session locks", () => {
  const session = (usedMinutesAgo: number, locked = false) => ({
    used_at: NOON - usedMinutesAgo * MINUTE,
    locked_at: locked ? NOON : null,
  });

  test("is after the minutes that were chosen, by hand at once, and never where that was chosen", () => {
    expect(locksIn(session(14), 15, NOON)).toBe(MINUTE);
    expect(locksIn(session(15), 15, NOON)).toBe(0);
    expect(locksIn(session(0, true), 15, NOON)).toBe(0);
    expect(locksIn(session(100_000), null, NOON)).toBeNull();
    expect(locksIn(session(0, true), null, NOON)).toBe(0);
  });

  test("is no later because somebody set the laptop's clock, whichever way", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1000, max: 1000 }), fc.constantFrom(...LOCK_CHOICES), (by, minutes) => {
        const left = locksIn(session(by), minutes, NOON) as number;
        expect(left).toBeLessThanOrEqual(minutes * MINUTE);
        expect(left === 0).toBe(Math.abs(by) >= minutes);
      }),
    );
  });

  test("is in a quarter of an hour where nobody has chosen, or the setting says nonsense", () => {
    expect([undefined, null, "", "0", "-5", "7", "1e9"].map(lockMinutes)).toEqual(Array(7).fill(15));
    expect([...LOCK_CHOICES.map(String), "never"].map(lockMinutes)).toEqual([5, 15, 30, 60, null]);
  });
});

describe.each(ENGINES)("sessions on %s", (engine) => {
  test("lock, are used, and stay locked when the time to lock is made longer", async () => {
    const db = await freshDatabase(engine);
    try {
      const [idle, used, byHand] = await db.write(async (writer) => [
        await openSession(writer, NOON),
        await openSession(writer, NOON),
        await openSession(writer, NOON),
      ]);
      await db.write((writer) => noteUse(writer, used as string, NOON + 10 * MINUTE));
      await db.write((writer) => lockSessions(writer, [byHand as string], NOON));
      await db.write((writer) => noteUse(writer, byHand as string, NOON + 10 * MINUTE));
      const at = NOON + 16 * MINUTE;
      const open = () =>
        Promise.all([idle, used, byHand].map((each) => isSessionOpen(db.read, each as string, at)));
      expect(await open()).toEqual([false, true, false]);
      await db.write((writer) => setLockAfter(writer, null, at));
      expect(await open()).toEqual([false, true, false]);
      expect((await sessionOf(db.read, used as string, at))?.locksIn).toBeNull();
      await db.write((writer) => setLockAfter(writer, 5, at));
      expect(await open()).toEqual([false, false, false]);
      expect(await sessionOf(db.read, used as string, NOON + SESSION_LASTS)).toBeUndefined();
    } finally {
      await db.close();
    }
  });
});

describe("the organizer's session", () => {
  let booth: Booth;
  let organizer: Awaited<ReturnType<Booth["organizer"]>>;
  let opened: Events[] = [];
  beforeEach(async () => {
    booth = await openBooth({ locks: true });
    organizer = await booth.organizer();
  });
  afterEach(async () => {
    for (const events of opened) events.close();
    opened = [];
    await booth.close();
  });

  const minutesLater = (minutes: number) => booth.setClock(NOON + minutes * MINUTE);
  const standing = async () => (await organizer.get("/session").expect(200)).body;
  const listens = async (address: string, headers = {}) => {
    const events = await openEvents(booth.address + address, headers);
    opened.push(events);
    return events;
  };
  /** What the organizer's browser would send along. */
  const cookies = () =>
    organizer.jar
      .getCookies({ domain: "127.0.0.1", path: "/", secure: false, script: false } as never)
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");

  test("stays open as long as somebody does something, and locks when nobody did for a quarter of an hour", async () => {
    for (const minutes of [14, 28, 42]) {
      minutesLater(minutes);
      await organizer.get("/events").expect(200);
    }
    minutesLater(57);
    const page = await organizer.get("/events/winter-camp/visits?search=ada").expect(401);
    expect(page.text).toContain("Locked");
    expect(page.text).toContain('name="next" value="/events/winter-camp/visits?search=ada"');
    await organizer.get("/").expect(401);
    expect(await standing()).toEqual({ state: "locked", locksIn: 0 });
  });

  test("answers nothing at any of the organizer's addresses while it is locked, but for the wall and signing out", async () => {
    await organizer.post("/session/lock").expect(303);
    const let_in: string[] = [];
    for (const route of allRoutes(booth.deps).filter((each) => each.who !== "anyone")) {
      const address = route.path.replace(":slug", "winter-camp").replace(/:\w+/g, "x");
      const { status } = await organizer[route.method](address).redirects(0);
      if (status !== 401) let_in.push(`${route.method} ${route.path}`);
      if (address === "/session/end") organizer = await lockedAnew();
    }
    expect(let_in).toEqual([
      "post /session/lock",
      "post /session/end",
      "get /events/:slug/wall",
      "get /events/:slug/wall/live",
    ]);
  });

  async function lockedAnew() {
    const again = await booth.organizer();
    await again.post("/session/lock").expect(303);
    return again;
  }

  test("is unlocked by the passphrase alone, goes on where one was, and is another one then", async () => {
    const before = cookies();
    minutesLater(20);
    const next = "/events/winter-camp/visits?search=ada";
    await organizer.post("/session").type("form").send({ passphrase: "a guess", next }).expect(401);
    await organizer.get("/events").expect(401);
    await organizer
      .post("/session")
      .type("form")
      .send({ passphrase: PASSPHRASE, next })
      .expect(303)
      .expect("Location", next);
    await organizer.get(next).expect(200);
    expect(cookies()).not.toBe(before);
    await booth.nobody().get("/events").set("Cookie", before).expect(401);
    expect(await booth.db.read.selectFrom("sessions").select("token_hash").execute()).toHaveLength(1);
  });

  test("opens a form that came too late, and what was typed is saved as if nothing had been", async () => {
    const ada = await booth.tablet();
    const visit = aVisit();
    await ada.send(visit);
    minutesLater(20);
    const form = {
      category: "new",
      revision: "1",
      time: "2024-02-03T12:00",
      note: `a < b & "c"`,
      topics: ["storage", "upgrade"],
    };
    const refused = await organizer.post(`/visits/${visit.id}`).type("form").send(form).expect(401);
    const fields = fieldsOf(refused.text);
    expect(fields.action).toBe(`/visits/${visit.id}`);
    const noteNow = async () =>
      (await booth.db.read.selectFrom("visits").select("note").executeTakeFirstOrThrow()).note;
    const wrong = await organizer
      .post(fields.action)
      .type("form")
      .send(`${fields.sent}&${UNLOCKING}=guess`)
      .expect(401);
    expect(wrong.text).toContain("That is not the passphrase");
    expect(fieldsOf(wrong.text)).toEqual(fields);
    expect(await noteNow()).toBeNull();
    const typed = new URLSearchParams({ [UNLOCKING]: PASSPHRASE });
    await organizer.post(fields.action).type("form").send(`${fields.sent}&${typed}`).expect(303);
    expect(await noteNow()).toBe(form.note);
    expect(await booth.db.read.selectFrom("visit_topics").selectAll().execute()).toHaveLength(2);
    await organizer.get("/events").expect(200);
  });

  test("that ran out or was signed out elsewhere also takes a form that comes too late", async () => {
    booth.setClock(NOON + SESSION_LASTS);
    const refused = await organizer
      .post("/events/winter-camp/journal")
      .type("form")
      .send({ text: "Rain" })
      .expect(401);
    const { action, sent } = fieldsOf(refused.text);
    await organizer
      .post(action)
      .type("form")
      .send(`${sent}&${new URLSearchParams({ [UNLOCKING]: PASSPHRASE })}`)
      .expect(303);
    expect(await booth.db.read.selectFrom("journal").select("text").execute()).toEqual([{ text: "Rain" }]);
  });

  test("is no way around the limit of guesses: form and page have ten tries together, and the form comes back", async () => {
    await organizer.post("/session/lock");
    const unlock = (passphrase: string) =>
      organizer
        .post("/events/winter-camp/journal")
        .type("form")
        .send({ text: "Rain", [UNLOCKING]: passphrase });
    for (let tries = 0; tries < 5; tries++) {
      await unlock(`guess ${tries}`).expect(401);
      await organizer.post("/session").type("form").send({ passphrase: "guess" }).expect(401);
    }
    const slowed = await unlock(PASSPHRASE).expect(429);
    expect(slowed.text).toContain("Please wait 10 minutes");
    expect(fieldsOf(slowed.text).sent).toBe("text=Rain");
    expect(await booth.db.read.selectFrom("journal").selectAll().execute()).toEqual([]);
  });

  test("is not kept open by what pages ask for by themselves", async () => {
    const automatic: [string, string][] = [
      ["get", "/session"],
      ["get", "/events/winter-camp/live"],
      ["get", "/events/winter-camp/wall"],
      ["get", "/events/winter-camp/wall/live"],
      ["get", "/events/winter-camp/questions/changes?since=0"],
      ["get", "/questions/changes?since=0"],
      ["get", "/questions/suggestions?id=x"],
      ["get", "/pair"],
      ["get", "/devices"],
      ["get", "/capture/shell"],
      ["get", "/api/today"],
      ["get", "/api/visits"],
      ["post", "/api/visits"],
      ["post", "/api/standing"],
      ["delete", "/api/visits/018d6f2e-8b2a-7c31-9f3e-2b1f6f0f3a55"],
    ];
    for (let minutes = 1; minutes < 15; minutes++) {
      minutesLater(minutes);
      for (const [method, address] of automatic) {
        const { status } = await organizer[method as "get"](address).set("Accept", "application/json");
        expect([address, status]).not.toEqual([address, 401]);
      }
    }
    minutesLater(15);
    expect(await standing()).toEqual({ state: "locked", locksIn: 0 });
  });

  test("is kept open by somebody who only types, which the page tells", async () => {
    minutesLater(10);
    expect((await organizer.post("/session/use").expect(200)).body).toEqual({
      state: "open",
      locksIn: 15 * MINUTE,
    });
    minutesLater(24);
    await organizer.get("/events").expect(200);
    minutesLater(40);
    await organizer.post("/session/use").set("Accept", "application/json").expect(401);
  });

  test("is written down once a minute at most", async () => {
    const usedAt = async () =>
      (await booth.db.read.selectFrom("sessions").select("used_at").executeTakeFirstOrThrow()).used_at;
    booth.setClock(NOON + MINUTE - 1);
    await organizer.get("/events").expect(200);
    expect(await usedAt()).toBe(NOON);
    booth.setClock(NOON + MINUTE);
    await organizer.get("/events").expect(200);
    expect(await usedAt()).toBe(NOON + MINUTE);
  });

  test("is told no more of what is live once it is locked or signed out; the wall goes on while it is locked", async () => {
    const token = await booth.db.write((writer) => renewWall(writer, booth.eventId, NOON));
    const desk = await listens("/events/winter-camp/live", { Cookie: cookies() });
    const wall = await listens("/events/winter-camp/wall/live", { Cookie: cookies() });
    const hall = await listens(`/wall/${token}/live`);
    for (const events of [desk, wall, hall]) await events.next();
    await organizer.post("/session/lock").expect(303);
    expect(await desk.ended).toBe("ended");
    await (await booth.tablet()).send(aVisit());
    for (const events of [wall, hall]) expect(String((await events.next()).html)).toContain("1");
    await organizer.post("/session/end").expect(303);
    expect(await wall.ended).toBe("ended");
    await (await booth.tablet("Bea")).send(aVisit());
    expect(String((await hall.next()).html)).toContain("2");
  });

  test("leaves a browser that is paired besides what staff may do", async () => {
    const ada = await booth.tablet();
    const both = `${cookies()}; boothlight_device=${ada.token}`;
    await organizer.post("/session/lock").expect(303);
    const ask = (address: string) => booth.nobody().get(address).set("Cookie", both);
    await ask("/capture").expect(200);
    await ask("/events").expect(401);
    expect((await ask("/").expect(401)).text).toContain("Locked");
  });

  test("locks after what the organizer chooses, for everybody who is signed in", async () => {
    expect((await organizer.get("/locking").expect(200)).text).toMatch(/value="15"\s+checked/);
    await organizer.post("/locking").type("form").send({ minutes: "7" }).expect(422);
    await organizer.post("/locking").type("form").send({ minutes: "60" }).expect(303);
    minutesLater(59);
    await organizer.get("/events").expect(200);
    await organizer.post("/locking").type("form").send({ minutes: "never" }).expect(303);
    minutesLater(6 * 24 * 60);
    await organizer.get("/events").expect(200);
    await organizer.post("/session/lock").expect(303);
    await organizer.get("/events").expect(401);
  });

  test("has nothing left in the browser to go back to, and its pairing and visits are left alone", async () => {
    const { headers } = await organizer.post("/session/end").expect(303);
    expect(headers["clear-site-data"]).toBe('"cache"');
  });

  test("needs a passphrase to unlock; where none is set any more, the page says what to do", async () => {
    const bare = await openBooth({ config: { organizerPassphrase: undefined } });
    try {
      const token = await bare.db.write((writer) => openSession(writer, NOON));
      const cookie = `boothlight_session=${token}`;
      const unlock = (passphrase: string) =>
        bare
          .nobody()
          .post("/events/winter-camp/journal")
          .set("Cookie", cookie)
          .type("form")
          .send({ text: "Rain", [UNLOCKING]: passphrase });
      await bare.nobody().post("/session/lock").set("Cookie", cookie).expect(303);
      expect((await unlock("anything at all").expect(401)).text).toContain("No passphrase has been set yet");
      const hash = await hashPassphrase("the lamp in the hall");
      await bare.db.write((writer) => setPassphrase(writer, hash));
      await unlock("the lamp in the hall").expect(303);
    } finally {
      await bare.close();
    }
  });
});

/** What the form of a locked page would send, without the passphrase. */
function fieldsOf(html: string): { action: string; sent: string } {
  const form = /<form method="post" action="([^"]+)">([\s\S]*?)<\/form>/.exec(html);
  const plain = (text: string) =>
    text.replace(/&#34;/g, '"').replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
  const sent = new URLSearchParams();
  for (const [, name, value] of (form?.[2] ?? "").matchAll(
    /<input type="hidden" name="([^"]*)" value="([^"]*)"/g,
  )) {
    sent.append(plain(name as string), plain(value as string));
  }
  return { action: plain(form?.[1] ?? ""), sent: sent.toString() };
}

test("whatever pages do by themselves, again and again, is known here to be no sign of anybody", () => {
  const folder = path.resolve(__dirname, "../../src/tablet");
  const found = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .filter((file) =>
      /setInterval\(|new EventSource\(|location\.reload\(|setTimeout\([^;]*(ask|send|look|refresh|reload)/i.test(
        readFileSync(path.join(folder, file), "utf8"),
      ),
    );
  // A new one asks for something that is declared `byItself`, and in the list of the test above.
  expect(found.sort()).toEqual([
    "install.ts",
    "live/link.ts",
    "outbox.ts",
    "pages/capture.ts",
    "pages/live.ts",
    "pages/lock.ts",
    "pages/pair.ts",
    "pages/queue.ts",
    "sender.ts",
    "settings.ts",
    "today.ts",
  ]);
});
