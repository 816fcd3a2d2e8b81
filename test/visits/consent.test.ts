import type { SentVisit } from "../../src/visits/form";
import { newOwnCode } from "../../src/visits/slips/rules";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { ENGINES, NOON } from "../support/databases";

const GERMAN = { words: "Einverstanden: um Fragen zu beantworten", language: "de" } as const;
const FRENCH = { words: "D’accord : pour répondre", language: "fr" } as const;
const iso = (at: number) => new Date(at).toISOString();

describe.each(ENGINES)("consent on %s", (engine) => {
  let booth: Booth;
  let tablet: Tablet;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    tablet = await booth.tablet();
  });
  afterEach(() => booth.close());

  const consents = () =>
    booth.db.read.selectFrom("contact_consents").selectAll().orderBy("purpose").execute();
  const codes = () => booth.db.read.selectFrom("visitor_codes").select(["code", "visit_id"]).execute();
  const withContact = (contact: object, given: Partial<SentVisit> = {}): SentVisit =>
    aVisit({ ...given, contact: { name: "Zoë", consent: ["follow-up"], ...contact } });
  const next = (visit: SentVisit, contact: object): SentVisit => ({
    ...visit,
    revision: visit.revision + 1,
    contact: { ...visit.contact, ...contact },
  });

  test("is kept with the words that were shown, their language, whose hand ticked and when", async () => {
    await tablet.send(
      withContact({ consentShown: { "follow-up": { ...GERMAN, by: "visitor", at: iso(NOON - 90_000) } } }),
    );
    expect(await consents()).toMatchObject([
      { purpose: "follow-up", ...GERMAN, given_by: "visitor", given_at: NOON - 90_000 },
    ]);
  });

  test("of an older tablet, which sends no words, is kept as nobody recorded them", async () => {
    await tablet.send(withContact({}));
    expect(await consents()).toMatchObject([{ words: null, language: null, given_by: null, given_at: NOON }]);
  });

  test("is not later than word of it came, and by the laptop's clock where the tablet's is wrong", async () => {
    const day = 86_400_000;
    const behind = withContact({
      consentShown: { "follow-up": { ...GERMAN, at: iso(NOON - day - 5000) } },
    });
    const ahead = withContact({ consentShown: { "follow-up": { ...GERMAN, at: iso(NOON + 3000) } } });
    await booth
      .nobody()
      .post("/api/visits")
      .set("Authorization", `Bearer ${tablet.token}`)
      .send({ sentAt: iso(NOON - day), visits: [behind] })
      .expect(200);
    await tablet.send(ahead);
    const times = (await consents()).map(({ given_at }) => given_at);
    expect(times.sort()).toEqual([NOON - 5000, NOON]);
  });

  test("keeps its words and its time when other details change, in whatever language that is", async () => {
    const visit = withContact({ consentShown: { "follow-up": { ...GERMAN, at: iso(NOON - 1000) } } });
    await tablet.send(visit);
    booth.setClock(NOON + 60_000);
    const shown = { ...FRENCH, at: iso(NOON + 50_000) };
    const edited = next(visit, {
      email: "zoe@visitor.example",
      consent: ["follow-up", "news"],
      consentShown: { "follow-up": shown, news: shown },
    });
    expect(await tablet.send(edited)).toMatchObject([{ status: "updated" }]);
    expect(await consents()).toMatchObject([
      { purpose: "follow-up", ...GERMAN, given_at: NOON - 1000 },
      { purpose: "news", ...FRENCH, given_at: NOON + 50_000 },
    ]);
  });

  test("that is taken back and given again is a new one, with words of its own", async () => {
    const visit = withContact({ consentShown: { "follow-up": GERMAN } });
    await tablet.send(visit);
    const without = next(visit, { consent: [], consentShown: undefined });
    await tablet.send(without);
    expect(await consents()).toEqual([]);
    booth.setClock(NOON + 60_000);
    await tablet.send(next(without, { consent: ["follow-up"], consentShown: { "follow-up": FRENCH } }));
    expect(await consents()).toMatchObject([{ ...FRENCH, given_at: NOON + 60_000 }]);
  });

  test("in other words is the same record: sent again it is replayed, and nothing changes", async () => {
    const visit = withContact({ consentShown: { "follow-up": GERMAN } });
    await tablet.send(visit);
    const again = { ...visit, contact: { ...visit.contact, consentShown: { "follow-up": FRENCH } } };
    expect(await tablet.send(again)).toMatchObject([{ status: "replayed" }]);
    expect(await consents()).toMatchObject([GERMAN]);
  });

  test("that the organizer puts back with another version has its words and its time again", async () => {
    const visit = withContact({ consentShown: { "follow-up": { ...GERMAN, by: "staff", at: iso(NOON) } } });
    await tablet.send(visit);
    const organizer = await booth.organizer();
    booth.setClock(NOON + 60_000);
    // The organizer takes the contact out; the tablet, which does not know, says something else.
    await organizer
      .post(`/visits/${visit.id}`)
      .type("form")
      .send({ revision: 1, category: "new", time: "2024-02-03T12:00" })
      .expect(303);
    expect(await consents()).toEqual([]);
    await tablet.send({ ...next(visit, {}), note: "Tall" });
    const conflict = await booth.db.read.selectFrom("visit_conflicts").select("id").executeTakeFirstOrThrow();
    await organizer
      .post(`/visits/${visit.id}/conflicts/${conflict.id}/resolution`)
      .type("form")
      .send({ revision: 2, choice: "use" })
      .expect(303);
    expect(await consents()).toMatchObject([{ ...GERMAN, given_by: "staff", given_at: NOON }]);
  });

  test.each([
    ["words without end", { words: "x".repeat(501) }, "contact.consentShown.follow-up.words"],
    ["a language that is none", { language: "<b>" }, "contact.consentShown.follow-up.language"],
    ["a hand that nobody has", { by: "robot" }, "contact.consentShown.follow-up.by"],
    ["a time that is none", { at: "yesterday" }, "contact.consentShown.follow-up.at"],
    ["a field of its own", { colour: "red" }, "contact.consentShown.follow-up.colour"],
  ])("with %s is refused by its place", async (_what, shown, field) => {
    const [result] = await tablet.send(withContact({ consentShown: { "follow-up": shown } }));
    expect(result).toMatchObject({ status: "invalid", problems: [{ field }] });
    expect(await consents()).toEqual([]);
  });

  describe("the code of a visitor's own page", () => {
    test("comes with the visit, and stays when a later record leaves it out", async () => {
      const visit = withContact({ ownCode: newOwnCode() });
      await tablet.send(visit);
      await tablet.send(next(visit, { ownCode: undefined, phone: "12" }));
      expect(await codes()).toEqual([{ code: visit.contact?.ownCode, visit_id: visit.id }]);
    });

    test("is told again to the tablet that asks for its visits", async () => {
      const visit = withContact({ ownCode: newOwnCode() });
      await tablet.send(visit);
      const { body } = await booth
        .nobody()
        .get("/api/visits")
        .set("Authorization", `Bearer ${tablet.token}`)
        .expect(200);
      expect(body.visits[0].contact.ownCode).toBe(visit.contact?.ownCode);
    });

    test("that opens another visitor's page goes on doing so, and the visit is recorded all the same", async () => {
      const [first, second] = [withContact({ ownCode: newOwnCode() }), withContact({})];
      await tablet.send(first);
      const results = await tablet.send(next(second, { ownCode: first.contact?.ownCode }));
      expect(results).toMatchObject([{ status: "recorded" }]);
      expect(await codes()).toEqual([{ code: first.contact?.ownCode, visit_id: first.id }]);
    });

    test("goes when the details go", async () => {
      const visit = withContact({ ownCode: newOwnCode() });
      await tablet.send(visit);
      await tablet.send({ ...visit, revision: 2, contact: undefined });
      expect(await codes()).toEqual([]);
    });

    test("with one wrong character is a problem of its field", async () => {
      const [result] = await tablet.send(withContact({ ownCode: "KM4Q-7QXR-W93K" }));
      expect(result).toMatchObject({ status: "invalid", problems: [{ field: "contact.ownCode" }] });
    });
  });
});

describe("every place where consent is given", () => {
  let booth: Booth;
  let tablet: Tablet;
  beforeEach(async () => {
    booth = await openBooth();
    tablet = await booth.tablet();
  });
  afterEach(() => booth.close());

  const asTablet = (method: "get" | "post", address: string) =>
    booth
      .nobody()
      [method](address)
      .set({ Authorization: `Bearer ${tablet.token}`, Accept: "text/html" });

  /** The boxes that stand for a purpose in a page, and those of them that are ticked. */
  const boxes = (page: string) => {
    const all = page.match(/<input[^>]*name="consent"[^>]*>/g) ?? [];
    return { all: all.length, ticked: all.filter((box) => / checked/.test(box)).length };
  };

  test("has nothing ticked beforehand", async () => {
    const visit = aVisit({ contact: { name: "Zoë", email: "zoe@visitor.example", consent: [] } });
    await tablet.send(visit);
    const organizer = await booth.organizer();
    const pages = [
      (await asTablet("get", "/capture").expect(200)).text,
      (await asTablet("get", "/capture/shell").expect(200)).text,
      // A contact that is there, from a badge for instance, is no consent either.
      (await asTablet("get", `/capture?visit=${visit.id}`).expect(200)).text,
      (await booth.nobody().get("/ask").expect(200)).text,
      (await organizer.get(`/visits/${visit.id}`).expect(200)).text,
    ];
    expect(pages.map(boxes)).toEqual(pages.map(() => ({ all: 2, ticked: 0 })));
  });

  test("keeps what a form without script showed beside the tick, in the language of its page", async () => {
    const visit = aVisit();
    await tablet.send(visit);
    const page = (await asTablet("get", `/capture?visit=${visit.id}`).set("Cookie", "boothlight_language=pt"))
      .text;
    const hidden = Object.fromEntries(
      [...page.matchAll(/<input type="hidden" name="(consent[^"]*)" value="([^"]*)">/g)].map((found) =>
        found.slice(1),
      ),
    );
    // Another language is chosen in another window before the form is sent.
    await asTablet("post", `/capture/visits/${visit.id}`)
      .set("Cookie", "boothlight_language=ja")
      .type("form")
      .send({ ...hidden, revision: 1, category: "new", "contact.name": "Zoë", consent: "news" })
      .expect(303);
    const kept = await booth.db.read.selectFrom("contact_consents").selectAll().execute();
    expect(kept).toMatchObject([{ purpose: "news", language: "pt", given_by: "staff" }]);
    expect(kept[0]?.words).toBe(hidden["consentWords.news"]);
    expect(page).toContain((kept[0]?.words ?? "none").split(": ")[1]);
  });

  test("shows the organizer what was agreed to, and makes no words up for what the organizer ticks", async () => {
    const shown = { words: "Einverstanden: <b>Neues</b>", language: "de", by: "visitor" as const };
    const contact = { name: "Zoë", consent: ["news" as const], consentShown: { news: shown } };
    const visit = aVisit({ contact });
    await tablet.send(visit);
    const organizer = await booth.organizer();
    const form = { revision: 1, category: "new", time: "2024-02-03T12:00", "contact.name": "Zoë" };
    await organizer
      .post(`/visits/${visit.id}`)
      .type("form")
      .send({ ...form, consent: ["news", "follow-up"] })
      .expect(303);
    const page = (await organizer.get(`/visits/${visit.id}`).expect(200)).text;
    expect(page).toContain('<q lang="de">Einverstanden: &lt;b&gt;Neues&lt;/b&gt;</q>');
    expect(page).toContain("ticked by the visitor");
    expect(page).toContain("The words that were shown were not recorded.");
    const csv = (await organizer.get("/exports/contacts.csv?consent=news").expect(200)).text;
    expect(csv).toContain("Einverstanden: <b>Neues</b>");
    expect(csv.split("\r\n")[0]).toContain("Agreed to");
  });
});
