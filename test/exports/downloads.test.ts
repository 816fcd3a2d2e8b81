import { randomBytes } from "node:crypto";
import http from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { uuidv7 } from "uuidv7";
import { FORMATS, LIST_NAMES } from "../../src/exports/rules";
import { codeInGroups, newCode } from "../../src/visits/slips/rules";
import { deleteVisit } from "../../src/visits/store";
import { aVisit, type Booth, openBooth, PASSPHRASE } from "../support/booth";
import { readCsv } from "../support/csv";
import { ENGINES, NOON } from "../support/databases";
import { binary, unzipped } from "../support/zip";

const ADDRESSES = [
  ...LIST_NAMES.flatMap((list) => FORMATS[list].map((format) => `/exports/${list}.${format}`)),
  "/exports/follow-ups.zip?by=expert",
  "/events/winter-camp/exports",
  "/events/winter-camp/exports/visits",
  "/events/winter-camp/exports/contacts",
];

describe.each(ENGINES)("exports on %s", (engine) => {
  let booth: Booth;
  let organizer: Awaited<ReturnType<Booth["organizer"]>>;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    organizer = await booth.organizer();
  });
  afterEach(() => booth.close());

  const addExpert = (slug: string) =>
    booth.db.write((writer) =>
      writer
        .insertInto("experts")
        .values({
          id: slug,
          slug,
          name: slug,
          kind: "person",
          address: `${slug}@example.org`,
          created_at: NOON,
        })
        .execute(),
    );

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
      Priority: "normal",
      "Asked at": "2024-02-03 12:00",
      Slip: "",
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
      happened_at: "2024-02-03T12:00:00.000+01:00",
      day: "2024-02-03",
      hour: 12,
      category: "existing",
      people: 3,
      booth: "Main hall",
      project: "Lantern",
      platform: "VMware",
      interest: 2,
      overview_given: false,
      topics: ["Storage", "Upgrade"],
      remarks: ["Easier to install these days"],
      giveaways: ["Sticker", "T-shirt"],
      note: "Wants to come back.",
      questions: [],
      staff: "Ada",
      consent: [],
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
      happened_at: "2024-02-05T00:30:00.000+01:00",
      day: "2024-02-05",
      hour: 0,
      interest: null,
    });
  });

  test("contact details are there only where the visitor agreed to what they are taken for", async () => {
    const asks = { questions: [{ text: "How?" }] };
    const of = (name: string, ...consent: ("follow-up" | "news")[]) =>
      aVisit({ ...asks, contact: { name, email: `${name}@visitor.example`, consent } });
    await (await booth.tablet()).send(
      of("grace", "follow-up"),
      of("ito", "news", "follow-up"),
      of("lu", "news"),
    );
    await (await booth.tablet()).send(of("zoe"), aVisit(asks));
    const names = async (address: string) => {
      const rows = await rowsOf(address);
      return rows.map((row) => row["Contact name"] ?? row.Name).sort();
    };
    for (const list of ["follow-ups", "visits"]) {
      expect(await names(`/exports/${list}.csv`)).toEqual(["", "", "", "grace", "ito"]);
      // Asked for a purpose, the list is that of those who agreed to it.
      expect(await names(`/exports/${list}.csv?consent=follow-up`)).toEqual(["grace", "ito"]);
      expect(await names(`/exports/${list}.csv?consent=news`)).toEqual(["ito", "lu"]);
      expect(await names(`/exports/${list}.csv?consent=(none)`)).toEqual(["", ""]);
    }
    expect(await names("/exports/contacts.csv")).toEqual(["grace", "ito"]);
    expect(await names("/exports/contacts.csv?consent=news")).toEqual(["ito", "lu"]);
    expect(await names("/exports/contacts.csv?consent=(none)")).toEqual([]);
    const [, ito] = await rowsOf("/exports/contacts.csv");
    expect(ito).toMatchObject({
      Email: "ito@visitor.example",
      Consent: "follow-up; news",
      Questions: "How?",
    });
    const checklist = await organizer.get("/exports/follow-ups.md").expect(200);
    expect(checklist.text.match(/@visitor/g)).toHaveLength(2);
  });

  test("a follow-up says when it is due, how soon, when it was answered, and which slip the visitor has", async () => {
    const visit = aVisit({ questions: [{ id: uuidv7(), text: "Why?", topic: "storage", slip: newCode() }] });
    await (await booth.tablet()).send(visit);
    const [due, answered] = [Date.UTC(2024, 6, 5, 22), Date.UTC(2024, 6, 1, 8, 30)];
    await addExpert("grace");
    await booth.db.write((writer) =>
      writer
        .updateTable("questions")
        .set({
          state: "routed",
          expert_id: "grace",
          priority: "high",
          due_at: due,
          routed_at: NOON,
          answered_at: answered,
        })
        .execute(),
    );
    const { slip } = visit.questions?.[0] ?? {};
    expect(await rowsOf("/exports/follow-ups.csv")).toMatchObject([
      {
        Priority: "high",
        Expert: "grace",
        Due: "2024-07-06 00:00",
        "Routed at": "2024-02-03 12:00",
        "Answered at": "2024-07-01 10:30",
        Slip: codeInGroups(slip as string),
      },
    ]);
    const calendar = await organizer.get("/exports/follow-ups.ics").expect(200);
    expect(calendar.headers["content-type"]).toBe("text/calendar; charset=utf-8");
    expect(calendar.text).toMatch(/DTSTART;VALUE=DATE:20240705\r\n/);
    expect(calendar.text).toMatch(/SUMMARY:Answer due: Storage \(grace\)\r\n/);
  });

  test("each time that contacts leave is written down, with who took them and why", async () => {
    const contact = { name: "Grace", consent: ["follow-up" as const] };
    await (await booth.tablet()).send(
      aVisit({ contact, questions: [{ text: "A" }, { text: "B" }] }),
      aVisit({ project: "wick" }),
    );
    /** The trail, once what has arrived is written down as that. */
    const trail = async () => {
      for (;;) {
        const rows = await booth.db.read
          .selectFrom("contact_exports")
          .select(["actor", "list", "format", "filters", "purpose", "reason", "contacts"])
          .orderBy("id")
          .execute();
        if (rows.every((row) => row.contacts !== null)) return rows;
        await nextTurn();
      }
    };
    await organizer.get("/exports/visits.csv?project=wick&why=none+in+it").expect(200);
    await organizer.get("/exports/visits.csv?consent=news").expect(200);
    await organizer.get("/exports/follow-ups.ics").expect(200);
    await organizer.head("/exports/contacts.vcf").expect(200);
    expect(await trail()).toEqual([]);
    await organizer.get("/exports/follow-ups.csv?event=winter-camp&state=open&why=To+answer").expect(200);
    await organizer.get("/exports/contacts.vcf").expect(200);
    await organizer.get("/exports/follow-ups.zip?by=project&format=xlsx").expect(200);
    const taken = { actor: "organizer", purpose: "follow-up", contacts: 1 };
    expect(await trail()).toEqual([
      {
        ...taken,
        list: "follow-ups",
        format: "csv",
        filters: "state=open",
        reason: "To answer",
      },
      { ...taken, list: "contacts", format: "vcf", filters: "", reason: "" },
      { ...taken, list: "follow-ups", format: "xlsx", filters: "by=project", reason: "" },
    ]);
    const page = await organizer.get("/events/winter-camp/exports").expect(200);
    expect(page.text).toContain("To answer");
    expect(page.text).toContain("a file for each project");
  });

  test("the page says how many rows a list has before it is taken", async () => {
    const contact = { name: "Grace", consent: ["follow-up" as const] };
    await (await booth.tablet()).send(
      aVisit({ contact, project: "lantern", questions: [{ text: "A" }, { text: "B" }] }),
      aVisit({ project: "wick", questions: [{ text: "C" }] }),
      aVisit(),
    );
    const counted = async (address: string) => {
      const { text } = await organizer.get(`/events/winter-camp/exports${address}`).expect(200);
      const said = /<p role="status">([\s\S]*?)<\/p>/.exec(text)?.[1] ?? "";
      return said
        .replace(/<[^>]*>/g, "")
        .replace(/\s+/g, " ")
        .trim();
    };
    expect(await counted("")).toBe("3 questions, 2 of them with contact details");
    expect(await counted("?project=wick")).toBe("1 question, no contact details in it");
    expect(await counted("/visits?event=winter-camp&state=&consent=")).toBe(
      "3 visits, 1 of them with contact details",
    );
    expect(await counted("/visits?state=open&consent=(none)")).toBe("1 visit, no contact details in it");
    expect(await counted("/contacts")).toBe("1 contact");
    expect(await counted("/contacts?consent=news")).toBe("0 contacts");
    const refused = await organizer.get("/events/winter-camp/exports?project=nope&why=Mine").expect(422);
    expect(refused.text).toContain("There is no project “nope” here.");
    expect(refused.text).toContain('value="Mine"');
  });

  test("a list is taken apart into a file an expert, and one of what is with nobody", async () => {
    await addExpert("grace");
    await (await booth.tablet()).send(aVisit({ project: "wick", questions: [{ text: "A" }, { text: "B" }] }));
    await booth.db.write((writer) =>
      writer
        .updateTable("questions")
        .set({ state: "routed", expert_id: "grace" })
        .where("text", "=", "B")
        .execute(),
    );
    const files = async (query: string) => {
      const answer = await organizer
        .get(`/exports/follow-ups.zip?${query}`)
        .buffer()
        .parse(binary)
        .expect(200);
      return await unzipped(answer.body);
    };
    const byExpert = await files("by=expert");
    expect(Object.keys(byExpert).sort()).toEqual([
      "follow-ups-winter-camp/grace.csv",
      "follow-ups-winter-camp/no-expert.csv",
    ]);
    expect(readCsv(String(byExpert["follow-ups-winter-camp/grace.csv"])).map((row) => row[1])).toEqual([
      "Question",
      "B",
    ]);
    expect(readCsv(String(byExpert["follow-ups-winter-camp/no-expert.csv"])).map((row) => row[1])).toEqual([
      "Question",
      "A",
    ]);
    expect(Object.keys(await files("by=project&format=md&state=open"))).toEqual([
      "follow-ups-winter-camp/wick.md",
    ]);
    await organizer.get("/exports/follow-ups.zip?by=expert&state=closed").expect(404);
  });

  test("filters narrow a list down", async () => {
    await addExpert("grace");
    await (await booth.tablet()).send(
      aVisit({
        project: "lantern",
        booth: "hall",
        questions: [{ text: "A", topic: "storage" }, { text: "B" }],
      }),
      aVisit({ project: "wick", category: "existing", topics: ["storage"] }),
      aVisit({ happenedAt: "2024-02-03T23:30:00Z", questions: [{ text: "C", topic: "upgrade" }] }),
    );
    await booth.db.write((writer) =>
      writer
        .updateTable("questions")
        .set({ state: "routed", expert_id: "grace" })
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
    expect(await questions("booth=hall")).toEqual(["A", "B"]);
    expect(await questions("booth=(none)&category=new")).toEqual(["C"]);
    expect(await questions("day=2024-02-03")).toEqual(["A", "B"]);
    expect(await questions("day=2024-02-04")).toEqual(["C"]);
    const visits = async (query: string) =>
      (await rowsOf(`/exports/visits.csv?${query}`)).map((row) => row.Project).sort();
    expect(await visits("")).toEqual(["", "Lantern", "Wick"]);
    expect(await visits("project=wick")).toEqual(["Wick"]);
    expect(await visits("topic=storage")).toEqual(["Lantern", "Wick"]);
    expect(await visits("topic=storage&state=open")).toEqual(["Lantern"]);
    expect(await visits("expert=grace")).toEqual([""]);
    expect(await visits("category=existing")).toEqual(["Wick"]);
    expect(await visits("booth=hall")).toEqual(["Lantern"]);
    expect(await visits("day=2024-02-04")).toEqual([""]);
  });

  test("in the night in which clocks change, each time is the one that people at the event saw", async () => {
    const times = [
      "2024-03-31T00:30:00Z",
      "2024-03-31T01:30:00Z",
      "2024-10-27T00:30:00Z",
      "2024-10-27T01:30:00Z",
    ];
    await (await booth.tablet()).send(...times.map((happenedAt) => aVisit({ happenedAt })));
    const { body } = await organizer.get("/exports/visits.json").expect(200);
    expect(body.map((row: { happened_at: string }) => row.happened_at)).toEqual([
      "2024-03-31T01:30:00.000+01:00",
      "2024-03-31T03:30:00.000+02:00",
      // Half past two comes twice: the offset tells which.
      "2024-10-27T02:30:00.000+02:00",
      "2024-10-27T02:30:00.000+01:00",
    ]);
    const rows = await rowsOf("/exports/visits.csv?day=2024-10-27");
    expect(rows.map((row) => [row.Time, row.Day, row.Hour])).toEqual(
      Array(2).fill(["2024-10-27 02:30", "2024-10-27", "2"]),
    );
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
    await tablet.send(aVisit({ questions: [{ text: "Why?" }] }));
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

  /** Many visits with many words that no format makes small; the first visitor left contact details. */
  async function fill(count: number): Promise<void> {
    const ids = Array.from({ length: count }, () => uuidv7());
    await booth.db.write(async (writer) => {
      for (let start = 0; start < count; start += 500) {
        const rows = ids.slice(start, start + 500).map((id, index) => ({
          id,
          event_id: booth.eventId,
          revision: 1,
          content_hash: "",
          category: "new" as const,
          happened_at: NOON + start + index,
          said_at: NOON,
          received_at: NOON,
          local_day: "2024-02-03",
          local_hour: 12,
          note: randomBytes(2000).toString("hex"),
        }));
        await writer.insertInto("visits").values(rows).execute();
      }
      const [first] = ids as [string];
      await writer.insertInto("contacts").values({ visit_id: first, name: "Grace" }).execute();
      const consent = { visit_id: first, purpose: "follow-up" as const, given_at: NOON };
      await writer.insertInto("contact_consents").values(consent).execute();
    });
  }

  /** Asks and, where it `isLeft`, goes away when a good part has come; gives how the answer ended. */
  async function askAndLeave(
    address: string,
    cookie: string[] | undefined,
    isLeft: boolean,
  ): Promise<string> {
    return new Promise((resolve) => {
      const request = http.get(`${booth.address}${address}`, { headers: { cookie } }, (answer) => {
        let bytes = 0;
        answer.on("data", (part: Buffer) => {
          bytes += part.length;
          if (isLeft && bytes > 300_000) request.destroy();
        });
        answer.once("error", (error) => resolve(error.message));
        answer.once("end", () => resolve("whole"));
      });
      request.on("error", (error) => resolve(error.message));
    });
  }

  const cookieOf = async () => {
    const sent = booth.nobody().post("/session").type("form").send({ passphrase: PASSPHRASE });
    return (await sent).headers["set-cookie"] as unknown as string[];
  };

  test.each(["visits.csv", "visits.xlsx", "visits.json"])(
    "that are broken off stop the reading, and are written down as that: %s",
    async (file) => {
      const cookie = await cookieOf();
      await fill(6000);
      const reads = jest.spyOn(booth.db.aside, "executeQuery");
      expect(await askAndLeave(`/exports/${file}`, cookie, true)).not.toBe("whole");
      // Everybody else is served as before, and by then a reading that went on would be through.
      const organizer = await booth.organizer();
      let before = -1;
      while (before !== reads.mock.calls.length) {
        before = reads.mock.calls.length;
        for (let turn = 0; turn < 5; turn++) await organizer.get("/events").expect(200);
      }
      // All of it would be 24 slices of seven queries.
      expect(before).toBeGreaterThan(0);
      expect(before).toBeLessThan(12 * 7);
      const trail = await booth.db.read.selectFrom("contact_exports").select(["contacts"]).execute();
      expect(trail).toEqual([{ contacts: null }]);
      const page = await organizer.get("/events/winter-camp/exports").expect(200);
      expect(page.text).toContain("Broken off");
    },
  );

  test.each(["visits.csv", "visits.xlsx", "follow-ups.zip?by=project&format=json", "follow-ups.md"])(
    "that fail on the way never look whole: %s",
    async (file) => {
      const cookie = await cookieOf();
      await fill(3000);
      await booth.db.write(async (writer) => {
        const { id } = await writer.selectFrom("visits").select("id").executeTakeFirstOrThrow();
        const question = { event_id: booth.eventId, visit_id: id, position: 1, asked_at: NOON };
        const many = Array.from({ length: 1200 }, (_, at) => ({
          ...question,
          id: uuidv7(),
          text: `Question ${at}`,
        }));
        for (let at = 0; at < many.length; at += 300) {
          await writer
            .insertInto("questions")
            .values(many.slice(at, at + 300))
            .execute();
        }
      });
      const read = booth.db.aside.executeQuery.bind(booth.db.aside);
      let left = 12;
      jest.spyOn(booth.db.aside, "executeQuery").mockImplementation(((query: never) => {
        left -= 1;
        return left < 0 ? Promise.reject(new Error("The disk is gone.")) : read(query);
      }) as typeof read);
      expect(await askAndLeave(`/exports/${file}`, cookie, false)).toBe("aborted");
      expect(booth.logged.some((line) => line.includes('"fault"'))).toBe(true);
      expect(await askAndLeave("/healthz", cookie, false)).toBe("whole");
    },
  );
});
