import { rmSync } from "node:fs";
import express from "express";
import type { KyselyPlugin } from "kysely";
import request from "supertest";
import { uuidv7 } from "uuidv7";
import { SESSION_LASTS } from "../../src/access/rules";
import { closeSession, openSession, setPassphrase } from "../../src/access/store";
import { stampOf } from "../../src/database/stamp";
import { eventById } from "../../src/events/store";
import { SESSION_COOKIE } from "../../src/http/cookies";
import { setUpViews } from "../../src/http/pages";
import { todayPage } from "../../src/reports/live/routes";
import { endWall, loadOf, renewWall } from "../../src/reports/live/store";
import { deleteVisit } from "../../src/visits/store";
import { aVisit, type Booth, openBooth, PASSPHRASE } from "../support/booth";
import { ENGINES, freshDatabase, NOON, temporaryFolder } from "../support/databases";
import { type Events, openEvents } from "../support/events";
import { startProgram } from "../support/program";

let booth: Booth;
let opened: Events[] = [];
afterEach(async () => {
  for (const events of opened) events.close();
  opened = [];
  await booth.close();
});

const LIVE = "/events/winter-camp/live";
const text = (html: string) => html.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
const at = (hour: number) => new Date(Date.UTC(2024, 1, 3, hour, 30)).toISOString();
const minutesAgo = (minutes: number) => new Date(NOON - minutes * 60_000).toISOString();

/** Listens to an address of the booth. */
async function listenTo(path: string, headers: Record<string, string> = {}): Promise<Events> {
  const events = await openEvents(booth.address + path, headers);
  opened.push(events);
  return events;
}

/** A session of the organizer; gives its token and what a request carries of it. */
async function session(): Promise<{ token: string; Cookie: string }> {
  const token = await booth.db.write((writer) => openSession(writer, NOON));
  return { token, Cookie: `${SESSION_COOKIE}=${token}` };
}

/** The address of the wall, for whoever has it. */
async function wall(): Promise<string> {
  return `/wall/${await booth.db.write((writer) => renewWall(writer, booth.eventId, NOON))}`;
}

describe("what is live", () => {
  beforeEach(async () => {
    booth = await openBooth();
  });

  test("comes at once, and again when a tablet has sent a visit", async () => {
    const tablet = await booth.tablet();
    const events = await listenTo(LIVE, await session());
    expect(events.answer.statusCode).toBe(200);
    expect(text((await events.next()).html as string)).toContain("0 visits in the last hour");
    await tablet.send(aVisit({ people: 3 }));
    const { html, said } = await events.next();
    expect(text(html as string)).toContain("1 visit with 3 people");
    expect(said).toBe("1 visit today, 1 in the last hour.");
  });

  test("also tells of what is put into the bin, and of a question that somebody took on", async () => {
    const tablet = await booth.tablet();
    const visit = aVisit({ questions: [{ text: "When?" }] });
    await tablet.send(visit);
    const events = await listenTo(LIVE, await session());
    expect(text((await events.next()).html as string)).toContain("1 waits for an expert");
    await booth.db.write((writer) => writer.updateTable("questions").set({ state: "closed" }).execute());
    expect(text((await events.next()).html as string)).toContain("0 wait for an expert");
    await booth.db.write((writer) => deleteVisit(writer, visit.id, "organizer", NOON));
    expect(text((await events.next()).html as string)).toContain("No visit yet.");
  });

  test("shows the event as it is by then, whatever was changed of it meanwhile", async () => {
    await (await booth.tablet()).send(aVisit());
    const events = await listenTo(LIVE, await session());
    expect(text((await events.next()).html as string)).toContain("12:00");
    await booth.db.write((writer) => writer.updateTable("events").set({ time_zone: "Asia/Tokyo" }).execute());
    expect(text((await events.next()).html as string)).toContain("20:00");
  });

  test("is given once, as JSON, to who does not ask for a stream", async () => {
    const organizer = await booth.organizer();
    const { body, headers } = await organizer.get(LIVE).expect(200).expect("Content-Type", /json/);
    expect(body).toEqual({ day: "2024-02-03", said: "0 visits today, 0 in the last hour.", html: body.html });
    expect(headers["cache-control"]).toBe("no-store");
    await organizer.head(LIVE).set("Accept", "text/event-stream").expect(200);
    await organizer.get("/events/no-such-event/live").set("Accept", "text/event-stream").expect(404);
  });

  test("is nobody's but the organizer's", async () => {
    const { token } = await booth.tablet();
    expect((await listenTo(LIVE)).answer.statusCode).toBe(401);
    expect((await listenTo(LIVE, { Authorization: `Bearer ${token}` })).answer.statusCode).toBe(403);
    expect((await listenTo("/wall/made-up/live")).answer.statusCode).toBe(404);
  });

  test("ends at the sign-out, for that browser alone", async () => {
    const [mine, other] = [await session(), await session()];
    const [one, two] = [await listenTo(LIVE, mine), await listenTo(LIVE, other)];
    await Promise.all([one.next(), two.next()]);
    await booth.db.write((writer) => closeSession(writer, mine.token));
    expect(await one.ended).toBe("ended");
    await (await booth.tablet()).send(aVisit());
    expect(text((await two.next()).html as string)).toContain("1 visit in the last hour");
    expect(one.waiting()).toBe(0);
  });

  test("ends with a new passphrase, which signs everybody out", async () => {
    const events = await listenTo(LIVE, await session());
    await events.next();
    await booth.db.write((writer) => setPassphrase(writer, "hash"));
    expect(await events.ended).toBe("ended");
  });

  test("ends when the session has run out", async () => {
    const tablet = await booth.tablet();
    const events = await listenTo(LIVE, await session());
    await events.next();
    booth.setClock(NOON + SESSION_LASTS + 1);
    await tablet.send(aVisit());
    expect(await events.ended).toBe("ended");
    expect(events.waiting()).toBe(0);
  });

  test("ends at an address of the wall that was renewed or taken away", async () => {
    const first = await listenTo(`${await wall()}/live`);
    await first.next();
    const address = await wall();
    expect(await first.ended).toBe("ended");
    const second = await listenTo(`${address}/live`);
    await second.next();
    await booth.db.write((writer) => endWall(writer, booth.eventId));
    expect(await second.ended).toBe("ended");
    await booth.nobody().get(address).expect(404);
  });

  test("is not opened to more than a hundred at a time", async () => {
    const sessions = [await session(), await session(), await session()];
    const [mine] = sessions as [Awaited<ReturnType<typeof session>>];
    // One session has forty of them at most.
    const all = await Promise.all(Array.from({ length: 100 }, (_, n) => listenTo(LIVE, sessions[n % 3])));
    expect(all.filter(({ answer }) => answer.statusCode === 200)).toHaveLength(100);
    expect((await listenTo(LIVE, mine)).answer.statusCode).toBe(503);
    expect((await listenTo(`${await wall()}/live`)).answer.statusCode).toBe(200);
    all[0]?.close();
    await all[0]?.ended;
    while ((await listenTo(LIVE, mine)).answer.statusCode !== 200);
  });
});

test("thirty who listen cost one look a second and one picture a change, and nobody costs nothing", async () => {
  const count = { looks: 0, pictures: 0 };
  const counting: KyselyPlugin = {
    transformQuery: ({ node }) => {
      // The latest visits stand in each picture once.
      if (node.kind === "SelectQueryNode" && JSON.stringify(node.selections).includes('"staffName"'))
        count.pictures += 1;
      return node;
    },
    transformResult: async ({ result }) => {
      if ("data_version" in (result.rows[0] ?? {})) count.looks += 1;
      return result;
    },
  };
  const db = await freshDatabase();
  booth = await openBooth({ db: { ...db, read: db.read.withPlugin(counting) } });
  const [tablet, mine] = [await booth.tablet(), await session()];

  const all = await Promise.all(Array.from({ length: 30 }, () => listenTo(LIVE, mine)));
  await Promise.all(all.map((events) => events.next()));
  await tablet.send(aVisit());
  await Promise.all(all.map((events) => events.next()));
  // The first one and that with the visit; each may have been looked at once more, where a commit came in between.
  expect(count.pictures).toBeGreaterThanOrEqual(2);
  expect(count.pictures).toBeLessThanOrEqual(4);

  const [from, looks] = [performance.now(), count.looks];
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const seconds = (performance.now() - from) / 1000;
  expect(count.looks - looks).toBeGreaterThan(0);
  expect(count.looks - looks).toBeLessThanOrEqual(Math.ceil(seconds) + 1);

  for (const events of all) events.close();
  await Promise.all(all.map((events) => events.ended));
  await new Promise((resolve) => setTimeout(resolve, 1200));
  const after = { ...count };
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(count).toEqual(after);
});

describe("the wall", () => {
  beforeEach(async () => {
    // Phones reach this one: it has an address of its own, and so a code to ask.
    booth = await openBooth({ config: { publicUrl: "https://booth.example.org" } });
  });

  test("is opened by its address alone, without signing in, in the language that it names", async () => {
    const organizer = await booth.organizer();
    await organizer
      .post("/events/winter-camp/wall/link")
      .expect(303)
      .expect("Location", "/?event=winter-camp&wall=made#wall");
    const today = await organizer.get("/?event=winter-camp&wall=made").expect(200);
    const address = /value="https:\/\/booth\.example\.org(\/wall\/[\w-]{32})"/.exec(
      today.text,
    )?.[1] as string;
    const page = await booth.nobody().get(`${address}?language=de&look=dark`).expect(200);
    expect(page.text).toContain('<html lang="de" data-look="dark">');
    expect(page.text).toContain("Mit dem ersten Gespräch geht das Licht an.");
    expect(page.text).toContain("Niemand frei? Frag uns hier");
    expect(page.text).toContain(`data-live="${address}/live?language=de"`);
    expect(page.text).toContain('<noscript><meta http-equiv="refresh" content="30"></noscript>');
    expect(page.headers["x-robots-tag"]).toBe("noindex, nofollow");
    await organizer.post("/events/winter-camp/wall/link/end").expect(303);
    await booth.nobody().get(address).expect(404);
    await organizer.get("/events/winter-camp/wall").expect(200);
    await booth.nobody().get("/events/winter-camp/wall").expect(401);
  });

  test("shows what was counted: conversations, categories, remarks and platforms that several named", async () => {
    const tablet = await booth.tablet();
    const three = { platform: "vmware", remarks: ["easier-install"] };
    await tablet.send(
      ...Array.from({ length: 3 }, () => aVisit({ ...three, category: "curious" })),
      aVisit({ happenedAt: "2024-02-02T11:00:00Z", platform: "proxmox" }),
    );
    const page = text(
      (
        await booth
          .nobody()
          .get(await wall())
          .expect(200)
      ).text,
    );
    for (const shown of [
      "3 conversations in the last hour",
      "3 conversations today",
      "4 in all",
      "VMware 3",
    ]) {
      expect(page).toContain(shown);
    }
    expect(page).toContain("Easier to install these days 3 ×");
    expect(page).toContain("booth.example.org/ask");
    expect(page).not.toContain("Proxmox");
  });

  test("and its stream have nobody's name, nobody's words and nothing that leads to them", async () => {
    const secret = (what: string) => `Zaphod-${what}`;
    const tablet = await booth.tablet(secret("staff"));
    const visit = (): object => ({
      platform: secret("platform"),
      note: secret("note"),
      contact: {
        name: secret("name"),
        organization: secret("organization"),
        role: secret("role"),
        email: "zaphod-mail@visitor.example",
        phone: "+1 555 0100",
        handle: secret("handle"),
        website: "https://zaphod-site.example",
        badge: secret("badge"),
        note: secret("contact-note"),
        consent: ["follow-up"],
      },
      questions: [{ id: uuidv7(), text: secret("question"), topic: "storage" }],
      topics: ["storage"],
    });
    const visits = [aVisit(visit()), aVisit(visit())];
    await tablet.send(...visits);
    await booth.db.write(async (writer) => {
      const question = { answer: secret("answer"), state: "answered" as const };
      await writer.updateTable("questions").set(question).execute();
      const entry = { id: uuidv7(), event_id: booth.eventId, at: NOON, text: secret("journal") };
      await writer.insertInto("journal").values(entry).execute();
    });
    const address = await wall();
    const events = await listenTo(`${address}/live?language=fr`);
    await events.next();
    await tablet.send(aVisit({ note: secret("late note") }));
    await events.next();
    const page = await booth.nobody().get(address).expect(200);
    const once = await booth.nobody().get(`${address}/live`).expect(200);
    const ids = await booth.db.read.selectFrom("questions").select("id").execute();
    for (const shown of [page.text, once.text, events.received()]) {
      expect(shown).toContain("Winter Camp");
      expect(shown).not.toMatch(/zaphod|555 0100|Storage/i);
      for (const { id } of [...visits, ...ids]) expect(shown).not.toContain(id);
    }
  });

  test("gives nothing else away: its address signs nobody in", async () => {
    const address = await wall();
    const answer = await booth.nobody().get(address).expect(200);
    expect(answer.headers["set-cookie"]).toBeUndefined();
    expect(answer.text).not.toMatch(/href="\/(events|visits|devices|questions)/);
  });

  test("takes no question any more when the event is long over, and shows its last day", async () => {
    await (await booth.tablet()).send(aVisit());
    booth.setClock(Date.UTC(2024, 5, 1));
    const page = (
      await booth
        .nobody()
        .get(await wall())
        .expect(200)
    ).text;
    expect(text(page)).toContain("1 conversation on this day");
    expect(page).not.toContain("/ask");
    expect(page).not.toContain("last hour");
  });

  test("before the first day says when it starts", async () => {
    booth.setClock(Date.UTC(2024, 0, 31, 12));
    expect(text((await booth.nobody().get(await wall())).text)).toContain("We start on Friday 2 February");
  });
});

describe.each(ENGINES)("on %s", (engine) => {
  beforeEach(async () => {
    booth = await openBooth({ engine });
  });

  test("the stamp is another one after each commit, and the same without", async () => {
    const stamps = [await stampOf(booth.db)];
    const add = async () => stamps.push(await stampOf(booth.db));
    await add();
    await booth.db.read.selectFrom("visits").selectAll().execute();
    await add();
    expect(new Set(stamps).size).toBe(1);
    await (await booth.tablet()).send(aVisit());
    await add();
    await booth.db.write((writer) => writer.updateTable("visits").set({ people: 2 }).execute());
    await add();
    await booth.db.write((writer) => writer.deleteFrom("journal").execute());
    await booth.db.write((writer) => writer.updateTable("visits").set({ people: 3 }).execute());
    await add();
    expect(new Set(stamps).size).toBe(4);
  });

  test("whoever listens is told", async () => {
    const tablet = await booth.tablet();
    const events = await listenTo(`${await wall()}/live`);
    await events.next();
    await tablet.send(aVisit());
    expect(text((await events.next()).html as string)).toContain("1 conversation in the last hour");
  });

  test("what comes in now is compared with the same hour of the days on which the booth was open then", async () => {
    const [ada, bea] = [await booth.tablet("Ada"), await booth.tablet("Bea")];
    const event = await eventById(booth.db.read, booth.eventId);
    // It is 12:00; the middle of the last half hour is 11:45, so that the hour is that from 11:15 to 12:15.
    const friday = (...times: string[]) =>
      times.map((time) => aVisit({ happenedAt: `2024-02-02T${time}:00+01:00` }));
    await ada.send(...friday("11:00", "11:20", "11:40", "12:14"));
    await bea.send(...friday("12:00", "12:16", "11:14", "17:00"));
    await ada.send(...[50, 20, 10].map((minutes) => aVisit({ happenedAt: minutesAgo(minutes) })));
    await bea.send(aVisit({ happenedAt: minutesAgo(45) }), aVisit({ happenedAt: minutesAgo(75) }));
    expect(await loadOf(booth.db.read, event, NOON)).toEqual({
      visits: 2,
      hands: 2,
      lastHour: 4,
      usual: { of: "this hour", hours: [{ visits: 4, hands: 2 }] },
    });
  });

  test("and, where no day before was open then, with the hours before of today", async () => {
    const event = await eventById(booth.db.read, booth.eventId);
    const ada = await booth.tablet("Ada");
    await ada.send(aVisit({ happenedAt: "2024-02-02T15:00:00+01:00" }));
    await ada.send(...[100, 95, 80, 60, 31, 10].map((ago) => aVisit({ happenedAt: minutesAgo(ago) })));
    expect((await loadOf(booth.db.read, event, NOON)).usual).toEqual({
      of: "today",
      hours: [{ visits: 3, hands: 1 }],
    });
  });
});

test("the program stops at once, whoever listens", async () => {
  booth = await openBooth();
  const dataDir = temporaryFolder();
  const program = await startProgram(dataDir);
  try {
    const agent = request.agent(program.address);
    const signedIn = await agent.post("/session").type("form").send({ passphrase: PASSPHRASE }).expect(303);
    const Cookie = String(signedIn.headers["set-cookie"]).split(";")[0] as string;
    const form = {
      name: "Summer Camp",
      venue: "",
      timeZone: "UTC",
      startsOn: "2024-02-02",
      endsOn: "2024-02-04",
    };
    await agent.post("/events").type("form").send(form).expect(303);
    const events = await openEvents(`${program.address}/events/summer-camp/live`, { Cookie });
    await events.next();
    // Where it had to be cut, the program would have waited for it until its patience was over.
    expect(await program.stop()).toBe(0);
    expect(await events.ended).toBe("ended");
  } finally {
    await program.stop();
    rmSync(dataDir, { recursive: true });
  }
});

describe("today's picture", () => {
  beforeEach(async () => {
    booth = await openBooth();
  });

  /** The page by itself: which page stands at `/` for whom is the access tests' matter. */
  const look = (query = "") => {
    const app = express();
    setUpViews(app);
    app.get("/", todayPage(booth.deps));
    return request(app).get(`/${query}`);
  };

  test("leads to setting up where there is no event", async () => {
    await booth.db.write(async (writer) => {
      for (const list of ["booths", "projects", "topics", "platforms", "remarks", "giveaways"] as const)
        await writer.deleteFrom(list).execute();
      await writer.deleteFrom("events").execute();
    });
    await look().expect(303).expect("Location", "/events/new");
  });

  test("is dark before the first visit of a day", async () => {
    const page = await look().expect(200);
    expect(text(page.text)).toContain("0 visits in the last hour");
    expect(page.text).toContain('class="orb" data-level="0"');
    expect(text(page.text)).toContain("No visit yet.");
  });

  test("shows today's visits, the light of the last hour, and the questions that wait", async () => {
    const tablet = await booth.tablet();
    booth.setClock(Date.UTC(2024, 1, 3, 11, 0));
    await tablet.send(
      aVisit({ happenedAt: "2024-02-02T11:00:00Z" }),
      aVisit({ happenedAt: at(8), people: 4 }),
      aVisit({ happenedAt: at(10), category: "curious", project: "lantern", questions: [{ text: "When?" }] }),
    );
    const page = await look("?event=winter-camp").expect(200);
    expect(text(page.text)).toContain("1 visit in the last hour");
    expect(text(page.text)).toContain("2 visits with 5 people");
    expect(text(page.text)).toContain("1 waits for an expert");
    expect(text(page.text)).toContain("1 paired");
    expect(text(page.text)).toContain("3 Feb, 11:30, Ada");
    expect(page.text).not.toContain("When?");
  });

  test("of an event that is over is its last day", async () => {
    await (await booth.tablet()).send(aVisit({ happenedAt: new Date(NOON).toISOString() }));
    booth.setClock(Date.UTC(2024, 5, 1));
    const page = await look().expect(200);
    expect(page.text).toContain("<h1>The last day</h1>");
    expect(page.text).toContain("Sat 3 Feb 2024");
  });

  test("of an event to come counts the days", async () => {
    booth.setClock(Date.UTC(2024, 0, 31, 12));
    expect(text((await look().expect(200)).text)).toContain("Starts Fri 2 Feb 2024, in 2 days");
  });
});
