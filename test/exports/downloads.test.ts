import http from "node:http";
import { uuidv7 } from "uuidv7";
import { deleteVisit } from "../../src/visits/store";
import { aVisit, type Booth, openBooth, PASSPHRASE } from "../support/booth";
import { readCsv } from "../support/csv";
import { ENGINES, NOON } from "../support/databases";

const ADDRESSES = [
  "/exports/follow-ups.csv",
  "/exports/follow-ups.json",
  "/exports/follow-ups.md",
  "/exports/visits.csv",
  "/exports/visits.json",
  "/events/winter-camp/exports",
];

describe.each(ENGINES)("exports on %s", (engine) => {
  let booth: Booth;
  let organizer: Awaited<ReturnType<Booth["organizer"]>>;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    organizer = await booth.organizer();
  });
  afterEach(() => booth.close());

  /** Rows of a CSV as objects by heading. */
  async function rowsOf(address: string) {
    const answer = await organizer.get(address).expect(200);
    expect(answer.headers["content-type"]).toBe("text/csv; charset=utf-8");
    const [head = [], ...rows] = readCsv(answer.text);
    return rows.map((row) => {
      expect(row).toHaveLength(head.length);
      return Object.fromEntries(head.map((heading, index) => [heading, row[index]]));
    });
  }

  test("what people wrote comes through whole, and nothing of it runs", async () => {
    const naughty = {
      text: '=HYPERLINK("http://evil.example";"Click, please")\nsecond line',
      note: 'Čeština, ελληνικά, 日本語 🙂\n\n"quoted"',
      name: "@SUM(1)",
      organization: "-2+3 cmd|' /C calc'!A0",
      phone: "+49 170 0012345",
      badge: "000123",
    };
    const { text, note, ...contact } = naughty;
    const visit = aVisit({
      note,
      platform: "\t=1+1",
      contact: { ...contact, consent: ["follow-up"] },
      questions: [{ text, topic: "storage" }],
    });
    await (await booth.tablet("+Ada")).send(visit);
    const [followUp] = await rowsOf("/exports/follow-ups.csv");
    expect(followUp).toMatchObject({
      Event: "Winter Camp",
      Question: `'${naughty.text}`,
      Topic: "Storage",
      State: "open",
      Expert: "",
      "Asked at": "2024-02-03 12:00",
      Category: "new",
      "Coming from": "'=1+1",
      "Logged by": "'+Ada",
      "Contact name": `'${naughty.name}`,
      "Contact organization": `'${naughty.organization}`,
      "Contact phone": "'+49 170 0012345",
      "Contact badge": "'000123",
      "Visit id": visit.id,
    });
    const [exported] = await rowsOf("/exports/visits.csv");
    expect(exported).toMatchObject({
      Note: naughty.note,
      Questions: `'${naughty.text}`,
      Consent: "follow-up",
    });
    // JSON has no spreadsheet to fear.
    const json = await organizer.get("/exports/follow-ups.json").expect(200);
    expect(json.body).toMatchObject([{ question: naughty.text, contact_phone: naughty.phone }]);
  });

  test("a visit has all that was noted", async () => {
    const visit = aVisit({
      category: "existing",
      people: 3,
      booth: "hall",
      project: "lantern",
      platform: "vmware",
      interest: 2,
      overviewGiven: false,
      topics: ["upgrade", "storage"],
      remarks: ["easier-install"],
      giveaways: ["sticker", "t-shirt"],
      note: "Wants to come back.",
    });
    await (await booth.tablet()).send(visit, aVisit({ happenedAt: "2024-02-04T23:30:00Z" }));
    const answer = await organizer.get("/exports/visits.json").expect(200);
    expect(answer.body[0]).toEqual({
      event: "Winter Camp",
      happened_at: "2024-02-03 12:00",
      day: "2024-02-03",
      hour: 12,
      category: "existing",
      people: 3,
      booth: "Main hall",
      project: "Lantern",
      platform: "VMware",
      interest: 2,
      overview_given: "no",
      topics: "Storage; Upgrade",
      remarks: "Easier to install these days",
      giveaways: "Sticker; T-shirt",
      note: "Wants to come back.",
      questions: null,
      staff: "Ada",
      consent: null,
      contact_name: null,
      contact_organization: null,
      contact_role: null,
      contact_email: null,
      contact_phone: null,
      contact_handle: null,
      contact_website: null,
      contact_badge: null,
      contact_note: null,
      visit_id: visit.id,
    });
    expect(answer.body[1]).toMatchObject({
      happened_at: "2024-02-05 00:30",
      day: "2024-02-05",
      hour: 0,
      interest: null,
    });
  });

  test("contact details are there only where the visitor agreed to be followed up", async () => {
    const asks = { questions: [{ text: "How?" }] };
    const contact = { name: "Grace", email: "grace@visitor.example" };
    await (await booth.tablet()).send(
      aVisit({ ...asks, contact: { ...contact, consent: ["follow-up"] } }),
      aVisit({ ...asks, contact: { ...contact, consent: ["news"] } }),
      aVisit({ ...asks, contact: { ...contact, consent: [] } }),
      aVisit(asks),
    );
    for (const list of ["follow-ups", "visits"]) {
      const rows = await rowsOf(`/exports/${list}.csv`);
      expect(rows.map((row) => row["Contact email"]).sort()).toEqual(["", "", "", contact.email]);
    }
    const checklist = await organizer.get("/exports/follow-ups.md").expect(200);
    expect(checklist.text.match(/grace@/g)).toHaveLength(1);
  });

  test("filters narrow a list down", async () => {
    await booth.db.write(async (writer) => {
      await writer
        .insertInto("experts")
        .values({
          id: "x1",
          slug: "grace",
          name: "Grace",
          kind: "person",
          address: "grace@example.org",
          created_at: NOON,
        })
        .execute();
    });
    await (await booth.tablet()).send(
      aVisit({ project: "lantern", questions: [{ text: "A", topic: "storage" }, { text: "B" }] }),
      aVisit({ project: "wick", topics: ["storage"] }),
      aVisit({ questions: [{ text: "C", topic: "upgrade" }] }),
    );
    await booth.db.write((writer) =>
      writer
        .updateTable("questions")
        .set({ state: "routed", expert_id: "x1" })
        .where("text", "=", "C")
        .execute(),
    );
    const questions = async (query: string) =>
      (await rowsOf(`/exports/follow-ups.csv?event=winter-camp&${query}`)).map((row) => row.Question).sort();
    expect(await questions("project=")).toEqual(["A", "B", "C"]);
    expect(await questions("project=lantern")).toEqual(["A", "B"]);
    expect(await questions("project=(none)")).toEqual(["C"]);
    expect(await questions("topic=storage")).toEqual(["A"]);
    expect(await questions("topic=(none)")).toEqual(["B"]);
    expect(await questions("expert=grace")).toEqual(["C"]);
    expect(await questions("expert=(none)&project=lantern")).toEqual(["A", "B"]);
    expect(await questions("state=routed")).toEqual(["C"]);
    const visits = async (query: string) =>
      (await rowsOf(`/exports/visits.csv?${query}`)).map((row) => row.Project).sort();
    expect(await visits("")).toEqual(["", "Lantern", "Wick"]);
    expect(await visits("project=wick")).toEqual(["Wick"]);
    expect(await visits("topic=storage")).toEqual(["Lantern", "Wick"]);
    expect(await visits("topic=storage&state=open")).toEqual(["Lantern"]);
    expect(await visits("expert=grace")).toEqual([""]);
  });

  test("visits in the bin stay there, and their questions too", async () => {
    const visit = aVisit({ questions: [{ text: "Why?" }] });
    await (await booth.tablet()).send(visit);
    await booth.db.write((writer) => deleteVisit(writer, visit.id, "organizer", NOON));
    expect(await rowsOf("/exports/follow-ups.csv")).toEqual([]);
    expect(await rowsOf("/exports/visits.csv")).toEqual([]);
  });

  test("more rows than a page, many of them at the same moment, come once each and in order", async () => {
    const tablet = await booth.tablet();
    const all = Array.from({ length: 2300 }, (_, index) =>
      aVisit({
        happenedAt: new Date(NOON + Math.floor(index / 900) * 1000).toISOString(),
        questions: index % 2 ? [{ text: `Question ${index}` }] : [],
      }),
    );
    for (let start = 0; start < all.length; start += 1000)
      await tablet.send(...all.slice(start, start + 1000));
    const visits = await rowsOf("/exports/visits.csv");
    expect(visits.map((row) => row["Visit id"])).toEqual(all.map((visit) => visit.id));
    expect(new Set((await rowsOf("/exports/follow-ups.csv")).map((row) => row.Question)).size).toBe(1150);
  });
});

describe("downloads", () => {
  let booth: Booth;
  beforeEach(async () => {
    booth = await openBooth();
  });
  afterEach(() => booth.close());

  test("are the organizer's alone", async () => {
    const tablet = await booth.tablet();
    const organizer = await booth.organizer();
    for (const address of ADDRESSES) {
      await booth.nobody().get(address).expect(401);
      await booth.nobody().get(address).set("Authorization", `Bearer ${tablet.token}`).expect(403);
      await organizer.get(address).expect(200);
    }
  });

  test("are named after the list and the event", async () => {
    const answer = await (await booth.organizer()).get("/exports/follow-ups.csv");
    expect(answer.headers["content-disposition"]).toBe("attachment; filename=follow-ups-winter-camp.csv");
  });

  test("say what is wrong with a filter instead of giving another list than asked for", async () => {
    const organizer = await booth.organizer();
    const refused = (query: string, status: number) =>
      organizer.get(`/exports/visits.csv?${query}`).set("Accept", "application/json").expect(status);
    await refused("event=no-such-event", 404);
    const { body } = await refused("project=nope&topic=nothing&expert=nobody", 422);
    expect(body.fields).toEqual([
      { field: "project", message: "There is no project “nope” here." },
      { field: "topic", message: "There is no topic “nothing” here." },
      { field: "expert", message: "There is no expert “nobody” here." },
    ]);
    expect((await refused("state=lost", 422)).body.fields[0].field).toBe("state");
    expect((await refused("projekt=lantern", 422)).body.fields[0].field).toBe("projekt");
  });

  test("that are broken off stop the reading", async () => {
    const organizer = await booth.organizer();
    const cookie = (await organizer.post("/session").type("form").send({ passphrase: PASSPHRASE })).headers[
      "set-cookie"
    ];
    const note = "words ".repeat(800);
    for (let page = 0; page < 3; page++) {
      const rows = Array.from({ length: 1000 }, () => ({
        id: uuidv7(),
        event_id: booth.eventId,
        revision: 1,
        content_hash: "",
        category: "new" as const,
        happened_at: NOON,
        said_at: NOON,
        received_at: NOON,
        local_day: "2024-02-03",
        local_hour: 12,
        note,
      }));
      await booth.db.write((writer) => writer.insertInto("visits").values(rows).execute());
    }
    const reads = jest.spyOn(booth.db.read, "selectFrom");
    const visitReads = () => reads.mock.calls.filter(([table]) => (table as unknown) === "visits").length;
    await organizer.get("/exports/visits.csv").expect(200);
    const ofAll = visitReads();
    reads.mockClear();
    await new Promise<void>((resolve) => {
      const request = http.get(`${booth.address}/exports/visits.csv`, { headers: { cookie } }, (answer) => {
        answer.once("data", () => request.destroy());
        answer.once("close", () => resolve());
      });
      request.on("error", () => {});
    });
    // Everybody else is served as before, and by then a reading that went on would be through.
    for (let turn = 0; turn < 5; turn++) await organizer.get("/exports/follow-ups.csv").expect(200);
    expect(visitReads()).toBeGreaterThan(0);
    expect(visitReads()).toBeLessThan(ofAll);
  });
});
