import { uuidv7 } from "uuidv7";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { ENGINES, NOON } from "../support/databases";

describe.each(ENGINES)("on %s", (engine) => {
  let booth: Booth;
  let tablet: Tablet;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    tablet = await booth.tablet();
  });
  afterEach(() => booth.close());

  const iso = (at: number) => new Date(at).toISOString();
  const kept = (id: string) =>
    booth.db.read.selectFrom("visits").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  const visitCount = async () =>
    (await booth.db.read.selectFrom("visits").select("id").where("deleted_at", "is", null).execute()).length;

  describe("the six statuses", () => {
    test("a visit is recorded with everything that was said", async () => {
      const visit = aVisit({
        category: "curious",
        booth: "hall",
        project: "lantern",
        people: 3,
        platform: "vmware",
        interest: 2,
        overviewGiven: true,
        topics: ["storage", "upgrade"],
        remarks: ["easier-install"],
        giveaways: ["sticker"],
        note: "Runs forty hosts.\nWants sizing.",
        contact: { name: "Uğur Zając", email: "ugur@visitor.example", consent: ["follow-up"] },
        questions: [{ id: uuidv7(), text: "How many hosts?", topic: "storage" }],
      });
      expect(await tablet.send(visit)).toEqual([{ id: visit.id, status: "recorded" }]);
      const answer = await booth
        .nobody()
        .get("/api/visits")
        .set("Authorization", `Bearer ${tablet.token}`)
        .expect(200);
      const consentShown = { "follow-up": { at: new Date(NOON).toISOString() } };
      expect(answer.body.visits).toEqual([{ ...visit, contact: { ...visit.contact, consentShown } }]);
    });

    test("a visit sent twice is counted once", async () => {
      const visit = aVisit({ questions: [{ text: "Does it run on my laptop?" }] });
      expect(await tablet.send(visit)).toEqual([{ id: visit.id, status: "recorded" }]);
      expect(await tablet.send(visit)).toEqual([{ id: visit.id, status: "replayed" }]);
      expect(await visitCount()).toBe(1);
    });

    test("the same words in another order, or with empty fields, are the same visit", async () => {
      const visit = aVisit({ topics: ["storage", "upgrade"], note: "hello" });
      await tablet.send(visit);
      const { note, topics, ...rest } = visit;
      const again = {
        note: " hello ",
        topics: ["upgrade", "storage", "storage"],
        platform: "",
        contact: null,
        ...rest,
      };
      expect(await tablet.send(again)).toEqual([{ id: visit.id, status: "replayed" }]);
    });

    test("a higher revision updates", async () => {
      const visit = aVisit({ category: "new" });
      await tablet.send(visit);
      const changed = { ...visit, revision: 2, category: "existing" };
      expect(await tablet.send(changed)).toEqual([{ id: visit.id, status: "updated" }]);
      expect((await kept(visit.id)).category).toBe("existing");
      expect(await visitCount()).toBe(1);
    });

    test("an overtaken revision that arrives late changes nothing", async () => {
      const visit = aVisit({ note: "first" });
      await tablet.send({ ...visit, revision: 3, note: "third" });
      expect(await tablet.send({ ...visit, revision: 2, note: "second" })).toEqual([
        { id: visit.id, status: "replayed" },
      ]);
      expect((await kept(visit.id)).note).toBe("third");
    });

    test("the same revision with other words is a conflict, and both versions are kept", async () => {
      const visit = aVisit({ note: "what the first tablet wrote" });
      await tablet.send(visit);
      const other = await booth.tablet("Grace");
      const words = { ...visit, note: "what the second tablet wrote" };
      expect(await other.send(words)).toEqual([{ id: visit.id, status: "conflict" }]);
      expect(await other.send(words)).toEqual([{ id: visit.id, status: "conflict" }]);
      expect((await kept(visit.id)).note).toBe("what the first tablet wrote");
      const conflicts = await booth.db.read.selectFrom("visit_conflicts").selectAll().execute();
      expect(conflicts).toHaveLength(1);
      expect(JSON.parse(conflicts[0]!.payload).note).toBe("what the second tablet wrote");
    });

    test("other words for a revision that was replaced meanwhile are a conflict too", async () => {
      const visit = aVisit({ note: "one" });
      await tablet.send(visit);
      await tablet.send({ ...visit, revision: 2, note: "two" });
      await tablet.send({ ...visit, revision: 3, note: "three" });
      expect(await tablet.send({ ...visit, revision: 2, note: "two" })).toEqual([
        { id: visit.id, status: "replayed" },
      ]);
      expect(await tablet.send({ ...visit, revision: 2, note: "two, elsewhere" })).toEqual([
        { id: visit.id, status: "conflict", visit: { ...visit, revision: 3, note: "three" } },
      ]);
    });

    test("what the organizer made of a visit waits beside it when a tablet that did not know replaces it", async () => {
      const visit = aVisit({ note: "as logged" });
      await tablet.send(visit);
      const organizer = await booth.organizer();
      const typed = {
        revision: "1",
        category: "existing",
        time: "2024-02-03T12:00",
        people: "1",
        note: "the organizer's words",
      };
      await organizer.post(`/visits/${visit.id}`).type("form").send(typed).expect(303);
      // Revision 2 of the tablet never arrived, so that it sends revision 3.
      expect(await tablet.send({ ...visit, revision: 3, note: "typed while away" })).toEqual([
        { id: visit.id, status: "updated" },
      ]);
      const waiting = await booth.db.read
        .selectFrom("visit_conflicts")
        .select(["payload", "resolved_at"])
        .execute();
      expect(waiting).toHaveLength(1);
      expect(waiting[0]?.resolved_at).toBeNull();
      expect(JSON.parse(waiting[0]!.payload)).toMatchObject({
        category: "existing",
        note: "the organizer's words",
      });
    });

    test("a tablet that changes its own visit again and again sets nothing aside", async () => {
      const visit = aVisit({ note: "one" });
      await tablet.send(
        visit,
        { ...visit, revision: 2, note: "two" },
        { ...visit, revision: 4, note: "four" },
      );
      expect(await booth.db.read.selectFrom("visit_conflicts").select("id").execute()).toEqual([]);
    });

    test("the organizer who saves a visit without a change changes nothing", async () => {
      const visit = aVisit({ platform: "Proxmox VE", questions: [{ text: "Why?" }] });
      await tablet.send(visit);
      const organizer = await booth.organizer();
      const question = await booth.db.read.selectFrom("questions").select("id").executeTakeFirstOrThrow();
      const typed = {
        revision: "1",
        category: visit.category,
        time: "2024-02-03T12:00",
        people: "1",
        platform: "proxmox",
        questionId: question.id,
        questionText: "Why?",
        questionTopic: "",
      };
      await organizer.post(`/visits/${visit.id}`).type("form").send(typed).expect(303);
      expect((await kept(visit.id)).revision).toBe(1);
    });

    test("words of an overtaken revision that was never seen can be read", async () => {
      const visit = aVisit({ note: "one" });
      await tablet.send(visit, { ...visit, revision: 3, note: "three" });
      expect(await tablet.send({ ...visit, revision: 2, note: "two" })).toEqual([
        { id: visit.id, status: "replayed" },
      ]);
      const aside = await booth.db.read.selectFrom("visit_conflicts").selectAll().executeTakeFirstOrThrow();
      expect(JSON.parse(aside.payload).note).toBe("two");
      expect(aside.resolved_at).not.toBeNull();
    });

    test("a visit that was undone before it arrived stays gone", async () => {
      const visit = aVisit();
      await booth
        .nobody()
        .delete(`/api/visits/${visit.id}`)
        .set("Authorization", `Bearer ${tablet.token}`)
        .expect(204);
      expect(await tablet.send(visit)).toEqual([{ id: visit.id, status: "gone" }]);
      expect(await visitCount()).toBe(0);
    });

    test("a visit that was undone afterwards is gone, and words that come after it are kept for the organizer", async () => {
      const visit = aVisit();
      await tablet.send(visit);
      await booth
        .nobody()
        .delete(`/api/visits/${visit.id}`)
        .set("Authorization", `Bearer ${tablet.token}`)
        .expect(204);
      const later = { ...visit, revision: 2, note: "typed while the laptop was away" };
      expect(await tablet.send(visit, later)).toEqual([
        { id: visit.id, status: "gone", visit },
        { id: visit.id, status: "gone", visit },
      ]);
      const conflict = await booth.db.read
        .selectFrom("visit_conflicts")
        .select("payload")
        .executeTakeFirstOrThrow();
      expect(conflict.payload).toContain("typed while the laptop was away");
    });

    test("one bad record never holds up its neighbours", async () => {
      const [good, alsoGood] = [aVisit(), aVisit()];
      const bad = { ...aVisit(), category: "friend", people: 0 };
      const results = await tablet.send(good, bad, "not even a record", alsoGood);
      expect(results.map((result) => result.status)).toEqual(["recorded", "invalid", "invalid", "recorded"]);
      expect(results[1]?.problems?.map((problem) => problem.field).sort()).toEqual(["category", "people"]);
      expect(await visitCount()).toBe(2);
    });
  });

  describe("what a record says of itself", () => {
    const versions = () => booth.db.read.selectFrom("visit_conflicts").selectAll().execute();
    const save = async (id: string, revision: number, note: string) => {
      const typed = { revision, category: "new", time: "2024-02-03T12:00", people: "1", note };
      const organizer = await booth.organizer();
      await organizer.post(`/visits/${id}`).type("form").send(typed).expect(303);
    };

    test("is no part of its words: who logged it and what it was made from change no visit", async () => {
      const visit = aVisit({ note: "Hello" });
      await tablet.send({ ...visit, staff: "Grace" });
      expect(await tablet.send({ ...visit, staff: "Linus", base: 0 })).toEqual([
        { id: visit.id, status: "replayed" },
      ]);
      expect(await versions()).toEqual([]);
    });

    test("who logged it, where people share a tablet, stays with the visit and is a name to filter by", async () => {
      const [shared, own] = [aVisit(), aVisit()];
      await tablet.send({ ...shared, staff: " Grace  " }, { ...own, staff: "" });
      await tablet.send({ ...shared, revision: 2, staff: "Linus", note: "later" });
      expect((await kept(shared.id)).staff_name).toBe("Grace");
      expect((await kept(own.id)).staff_name).toBe("Ada");
      const organizer = await booth.organizer();
      const list = await organizer.get("/events/winter-camp/visits?staff=Grace").expect(200);
      expect(list.text).toContain(shared.id);
      expect(list.text).not.toContain(own.id);
      expect(list.text).toMatch(/<option value="Grace" selected/);
    });

    test.each(["organizer", "Organizer", " ORGA\u00adNIZER ", "organ izer", "ｏｒｇａｎｉｚｅｒ"])(
      "cannot be that %p logged it: that is the laptop's own name",
      async (staff) => {
        const [result] = await tablet.send({ ...aVisit(), staff });
        expect(result?.problems).toEqual([
          { field: "staff", message: "This name is the organizer's. Please use another." },
        ]);
      },
    );

    test("a tablet that saw what the organizer made of a visit replaces it, and nothing is set aside", async () => {
      const visit = aVisit({ note: "as logged" });
      await tablet.send(visit);
      await save(visit.id, 1, "the organizer's words");
      expect(await tablet.send({ ...visit, revision: 3, base: 2, note: "both" })).toMatchObject([
        { status: "updated" },
      ]);
      expect((await kept(visit.id)).note).toBe("both");
      expect(await versions()).toEqual([]);
    });

    test("a tablet that started from an older revision sets aside what it cannot know", async () => {
      const visit = aVisit({ note: "as logged" });
      await tablet.send(visit);
      await save(visit.id, 1, "the organizer's words");
      await tablet.send({ ...visit, revision: 3, base: 1, note: "typed while away" });
      const [aside] = await versions();
      expect(JSON.parse(aside!.payload).note).toBe("the organizer's words");
      expect(aside!.resolved_at).toBeNull();
    });

    test("words that were made from something else are a conflict, also where their revision was skipped", async () => {
      const visit = aVisit({ note: "one" });
      await tablet.send(visit, { ...visit, revision: 3, base: 1, note: "three" });
      const grace = await booth.tablet("Grace");
      expect(await grace.send({ ...visit, revision: 2, base: 1, note: "two, by Grace" })).toEqual([
        { id: visit.id, status: "conflict" },
      ]);
      expect((await versions()).map((version) => version.resolved_at)).toEqual([null]);
    });

    test("a page that goes on without having seen the other page's words on the same tablet sets them aside", async () => {
      const visit = aVisit();
      await tablet.send(visit);
      await tablet.send({ ...visit, revision: 2, base: 1, note: "the first page" });
      await tablet.send({ ...visit, revision: 2, base: 1, note: "the second page" });
      await tablet.send({ ...visit, revision: 3, base: 1, note: "the second page, later" });
      const aside = (await versions()).filter((version) => version.resolved_at === null);
      expect(aside.map((version) => JSON.parse(version.payload).note).sort()).toEqual([
        "the first page",
        "the second page",
      ]);
    });

    test("words that wait for a choice and are sent again over what was seen settle it", async () => {
      const visit = aVisit({ note: "one" });
      await tablet.send(visit);
      await save(visit.id, 1, "the organizer's words");
      const mine = { ...visit, revision: 2, base: 1, note: "the tablet's words" };
      const [conflict] = await tablet.send(mine);
      expect(conflict).toMatchObject({
        status: "conflict",
        visit: { revision: 2, note: "the organizer's words" },
      });
      expect(await tablet.send({ ...mine, revision: 3, base: 2 })).toEqual([
        { id: visit.id, status: "updated" },
      ]);
      expect((await kept(visit.id)).note).toBe("the tablet's words");
      const left = await versions();
      expect(left.every((version) => version.resolved_at !== null)).toBe(true);
      expect(
        Object.fromEntries(left.map((version) => [JSON.parse(version.payload).note, version.chosen])),
      ).toEqual({ "the tablet's words": 1, "the organizer's words": 0 });
    });

    test("words that another tablet logged are never shown", async () => {
      const visit = aVisit({ note: "Zoë's phone number" });
      await tablet.send(visit);
      const grace = await booth.tablet("Grace");
      const guess = { ...visit, note: "a guess" };
      expect(await grace.send(guess)).toEqual([{ id: visit.id, status: "conflict" }]);
      await booth
        .nobody()
        .delete(`/api/visits/${visit.id}`)
        .set("Authorization", `Bearer ${tablet.token}`)
        .expect(204);
      expect(await grace.send(guess)).toEqual([{ id: visit.id, status: "gone" }]);
    });
  });

  describe("what breaks a rule is named field by field", () => {
    const problems = async (given: object) =>
      (await tablet.send({ ...aVisit(), ...given }))[0]?.problems ?? [];

    test.each([
      ["an unknown field", { favouriteColour: "blue" }, "favouriteColour"],
      [
        "an unknown field of the contact",
        { contact: { name: "Ada", shoeSize: 38, consent: [] } },
        "contact.shoeSize",
      ],
      ["an id that is none", { id: "visit-1" }, "id"],
      ["a revision of 0", { revision: 0 }, "revision"],
      ["a category that there is not", { category: "fan" }, "category"],
      ["a time without zone", { happenedAt: "2024-02-03 12:00" }, "happenedAt"],
      ["an interest of 4", { interest: 4 }, "interest"],
      ["half a person", { people: 1.5 }, "people"],
      ["a topic that the event does not have", { topics: ["storage", "cooking"] }, "topics"],
      ["a project that the event does not have", { project: "torch" }, "project"],
      ["a question without words", { questions: [{ text: "  " }] }, "questions.0.text"],
      [
        "a question on an unknown topic",
        { questions: [{ text: "Why?", topic: "cooking" }] },
        "questions.0.topic",
      ],
      ["a mail address that is none", { contact: { email: "ada at example", consent: [] } }, "contact.email"],
      ["a purpose that there is not", { contact: { name: "Ada", consent: ["spam"] } }, "contact.consent.0"],
      ["a note that is too long", { note: "x".repeat(5001) }, "note"],
    ])("%s", async (_name, given, field) => {
      const found = await problems(given);
      expect(found.map((problem) => problem.field)).toEqual([field]);
      expect(found[0]?.message).toMatch(/[.]$/);
    });

    test("all of them at once, also those that the event's lists show", async () => {
      const found = await problems({
        interest: 9,
        project: "torch",
        contact: { email: "none", consent: [] },
        topics: ["cooking"],
      });
      expect(found.map((problem) => problem.field).sort()).toEqual([
        "contact.email",
        "interest",
        "project",
        "topics",
      ]);
    });

    test("a question of another visit is not taken over", async () => {
      const id = uuidv7();
      await tablet.send(aVisit({ questions: [{ id, text: "Mine?" }] }));
      expect(await problems({ questions: [{ id, text: "Yours?" }] })).toEqual([
        { field: "questions.0.id", message: "This id belongs to a question of another visit." },
      ]);
    });
  });

  describe("the whole request", () => {
    const post = (body: string | object) =>
      booth.nobody().post("/api/visits").set("Authorization", `Bearer ${tablet.token}`).send(body);

    test("is refused without a paired device", async () => {
      const answer = await booth.nobody().post("/api/visits").send({ visits: [] }).expect(401);
      expect(answer.body.message).toBe("Pair this tablet or sign in first.");
    });

    test("names a field that it does not know", async () => {
      const answer = await post({ visits: [], device: "mine" }).expect(422);
      expect(answer.body.fields).toEqual([{ field: "device", message: "There is no field “device” here." }]);
    });

    test("is limited in number and in size", async () => {
      await post({ visits: Array.from({ length: 1001 }, () => ({})) }).expect(422);
      await post({ visits: [{ note: "x".repeat(5_000_000) }] }).expect(413);
      expect(await visitCount()).toBe(0);
    });
  });

  test("a platform that nobody foresaw joins the list, once, whoever writes it how", async () => {
    const visits = ["Nutanix AHV", "nutanix ahv", "Nutanix  AHV", "vmware", "VMWARE"].map((platform) =>
      aVisit({ platform }),
    );
    const results = await tablet.send(...visits);
    expect(results.map((result) => result.status)).toEqual(Array(5).fill("recorded"));
    const list = await booth.db.read
      .selectFrom("platforms")
      .select(["slug", "name"])
      .orderBy("position")
      .execute();
    expect(list).toEqual([
      { slug: "vmware", name: "VMware" },
      { slug: "proxmox", name: "Proxmox VE" },
      { slug: "nutanix-ahv", name: "Nutanix AHV" },
    ]);
  });

  test("platforms whose names differ in signs alone stay apart", async () => {
    for (const platform of ["C", "C++", "C#", "Альт 10", "РЕД ОС 10", "c++"])
      await tablet.send(aVisit({ platform }));
    const list = await booth.db.read
      .selectFrom("platforms")
      .select(["slug", "name"])
      .orderBy("position")
      .execute();
    expect(list.slice(2).map((entry) => entry.name)).toEqual(["C", "C++", "C#", "Альт 10", "РЕД ОС 10"]);
    expect(new Set(list.map((entry) => entry.slug)).size).toBe(list.length);
  });

  test("the same words asked twice are two questions", async () => {
    const visit = aVisit({ questions: [{ text: "Why?", topic: "storage" }, { text: "Why?" }] });
    await tablet.send(visit);
    await tablet.send(visit);
    expect(await booth.db.read.selectFrom("questions").select("id").execute()).toHaveLength(2);
  });

  test("a visit is undone by its id in any case of letters, and nothing else is taken for one", async () => {
    const visit = aVisit();
    await tablet.send(visit);
    const undo = (id: string) =>
      booth.nobody().delete(`/api/visits/${id}`).set("Authorization", `Bearer ${tablet.token}`);
    await undo("x".repeat(200)).expect(404);
    await undo(visit.id.toUpperCase()).expect(204);
    expect(await visitCount()).toBe(0);
    expect(await booth.db.read.selectFrom("gone_visits").selectAll().execute()).toEqual([]);
  });

  test("what a tablet logged for another event is not mixed into this one", async () => {
    const answer = await booth
      .nobody()
      .post("/api/visits?event=last-year")
      .set("Authorization", `Bearer ${tablet.token}`)
      .send({ visits: [aVisit()] })
      .expect(409);
    expect(answer.body.message).toBe(
      "This was logged for another event. The tablet is paired for Winter Camp now.",
    );
    expect(await visitCount()).toBe(0);
  });

  test("a tablet whose clock is three hours behind logs visits at the right hour", async () => {
    const threeHours = 3 * 3_600_000;
    const visit = aVisit({ happenedAt: iso(NOON - threeHours - 600_000) });
    await booth
      .nobody()
      .post("/api/visits")
      .set("Authorization", `Bearer ${tablet.token}`)
      .send({ sentAt: iso(NOON - threeHours), visits: [visit] })
      .expect(200);
    expect(await kept(visit.id)).toMatchObject({
      happened_at: NOON - 600_000,
      said_at: NOON - threeHours - 600_000,
      clock_offset: threeHours,
      local_day: "2024-02-03",
      local_hour: 11,
    });
  });

  test("a visit's day and hour are those of the event's zone", async () => {
    const visit = aVisit({ happenedAt: "2024-02-02T23:30:00Z" });
    await tablet.send(visit);
    expect(await kept(visit.id)).toMatchObject({ local_day: "2024-02-03", local_hour: 0 });
  });

  test("a question that was routed stays when the tablet takes it out; one that nobody touched goes", async () => {
    const [routed, untouched] = [uuidv7(), uuidv7()];
    const visit = aVisit({
      questions: [
        { id: routed, text: "Routed?" },
        { id: untouched, text: "Untouched?" },
      ],
    });
    await tablet.send(visit);
    await booth.db.write((writer) =>
      writer
        .insertInto("activity")
        .values({
          id: uuidv7(),
          question_id: routed,
          visit_id: null,
          at: NOON,
          actor: "organizer",
          step: "routed",
          expert_id: null,
          note: null,
        })
        .execute(),
    );
    await tablet.send({ ...visit, revision: 2, questions: [] });
    const left = await booth.db.read.selectFrom("questions").select("id").execute();
    expect(left).toEqual([{ id: routed }]);
  });

  test("a device sees its own visits and takes back no other's", async () => {
    const other = await booth.tablet("Grace");
    const visit = aVisit();
    await tablet.send(visit);
    const seen = await booth
      .nobody()
      .get("/api/visits")
      .set("Authorization", `Bearer ${other.token}`)
      .expect(200);
    expect(seen.body.visits).toEqual([]);
    await booth
      .nobody()
      .delete(`/api/visits/${visit.id}`)
      .set("Authorization", `Bearer ${other.token}`)
      .expect(403);
    expect(await visitCount()).toBe(1);
  });

  test("consent keeps the time at which it was given, and is withdrawn with the tick", async () => {
    const visit = aVisit({ contact: { name: "Ada", consent: ["follow-up"] } });
    await tablet.send(visit);
    booth.setClock(NOON + 60_000);
    await tablet.send({ ...visit, revision: 2, contact: { name: "Ada L.", consent: ["follow-up", "news"] } });
    const consents = () =>
      booth.db.read
        .selectFrom("contact_consents")
        .select(["purpose", "given_at"])
        .orderBy("purpose")
        .execute();
    expect(await consents()).toEqual([
      { purpose: "follow-up", given_at: NOON },
      { purpose: "news", given_at: NOON + 60_000 },
    ]);
    await tablet.send({ ...visit, revision: 3, contact: { name: "Ada L.", consent: [] } });
    expect(await consents()).toEqual([]);
  });
});
