import { uuidv7 } from "uuidv7";
import { keptUnder } from "../../src/privacy/own/store";
import { ownCodeOf } from "../../src/visits/codes/store";
import type { SentVisit } from "../../src/visits/form";
import { codeInGroups, newOwnCode, readOwnCode } from "../../src/visits/slips/rules";
import { activityOfVisit, visitById } from "../../src/visits/store";
import { addAnswerer, deliver, SOON, step } from "../support/asking";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { ENGINES, NOON } from "../support/databases";
import { openPostOffice } from "../support/post-office";

const SHOWN = {
  words: "Einverstanden: um Fragen zu beantworten",
  language: "de",
  by: "visitor" as const,
  at: new Date(NOON - 60_000).toISOString(),
};

let booth: Booth;
let tablet: Tablet;
afterEach(() => booth.close());

/** Zoë left her details on the tablet, and holds the code of her page. */
async function zoe(given: Partial<SentVisit> = {}): Promise<{ visit: SentVisit; page: string }> {
  const code = newOwnCode();
  const visit = aVisit({
    category: "curious",
    topics: ["storage"],
    note: "Tall, in a hurry",
    ...given,
    contact: {
      name: "Zoë Peeters",
      email: "zoe@vistor.example",
      badge: "A-17",
      note: "Prefers mail",
      consent: ["follow-up"],
      consentShown: { "follow-up": SHOWN },
      ownCode: code,
    },
    questions: [{ id: uuidv7(), text: "How large can it get?", topic: "storage" }],
  });
  expect(await tablet.send(visit)).toMatchObject([{ status: "recorded" }]);
  return { visit, page: `/me/${codeInGroups(code)}` };
}

const get = (address: string, language = "en") =>
  booth.nobody().get(address).set("Cookie", `boothlight_language=${language}`);
const post = (address: string, body: object = {}, language = "en") =>
  booth.nobody().post(address).set("Cookie", `boothlight_language=${language}`).type("form").send(body);
const contactOf = async ({ id }: SentVisit) => (await visitById(booth.db.read, id)).contact;

describe.each(ENGINES)("a visitor's own page on %s", (engine) => {
  beforeEach(async () => {
    booth = await openBooth({ engine });
    tablet = await booth.tablet();
  });

  test("shows all that is kept, and what was agreed to in the words of then", async () => {
    const { page } = await zoe();
    const { text, headers } = await get(page).expect(200);
    for (const kept of [
      ...["Winter Camp", "Zoë Peeters", "zoe@vistor.example", "A-17", "Prefers mail", "Tall, in a hurry"],
      ...["How large can it get?", "Curious, knew of it", "Storage", "3 February 2024", "2 August 2024"],
      `<blockquote lang="de">${SHOWN.words}</blockquote>`,
      "You agreed: 3 Feb 2024, 11:59, by your own hand.",
    ]) {
      expect(text).toContain(kept);
    }
    expect(headers).toMatchObject({ "x-robots-tag": "noindex, nofollow", "cache-control": "no-store" });
    expect(headers["referrer-policy"]).toBe("same-origin");
    // Whoever logged it is not theirs to know.
    expect(text).not.toContain("Ada");
  });

  test("takes a correction, which no tablet undoes unseen", async () => {
    const { visit, page } = await zoe();
    const form = { name: "Zoë Peeters", email: "zoe@visitor.example", phone: "+32 555 0100" };
    await post(`${page}/details`, form).expect(303).expect("Location", `${page}?done=corrected`);
    expect(await contactOf(visit)).toMatchObject({ ...form, badge: "A-17", note: "Prefers mail" });
    expect((await contactOf(visit))?.consents).toMatchObject([
      { words: SHOWN.words, given_at: NOON - 60_000 },
    ]);
    expect(await activityOfVisit(booth.db.read, visit.id)).toMatchObject([
      { step: "corrected", actor: "visitor", actor_kind: "visitor" },
    ]);
    const [late] = await tablet.send({ ...visit, revision: 2, note: "Tall" });
    expect(late).toMatchObject({ status: "conflict" });
    expect(await contactOf(visit)).toMatchObject(form);
  });

  test("gives a correction back with what is wrong with it, in the visitor's language", async () => {
    const { visit, page } = await zoe();
    const wrong = await post(`${page}/details`, { name: "Zoë", email: "zoe at home" }, "de").expect(422);
    expect(wrong.text).toContain('value="zoe at home"');
    expect(wrong.text).toContain('aria-invalid="true"');
    expect(wrong.text).toContain('<html lang="de"');
    expect(await contactOf(visit)).toMatchObject({ email: "zoe@vistor.example" });
  });

  test("takes a consent back, and keeps another one in the words of its button", async () => {
    const { visit, page } = await zoe();
    await post(`${page}/consents/follow-up/withdrawal`).expect(303);
    expect((await contactOf(visit))?.consents).toEqual([]);
    expect((await get(page)).text).toContain("You agreed to nothing");
    booth.setClock(NOON + 60_000);
    // The page was read in French; another language was chosen in another window since.
    await post(`${page}/consents`, { purpose: "news", language: "fr" }, "ja").expect(303);
    expect((await contactOf(visit))?.consents).toEqual([
      {
        purpose: "news",
        words: "Pour vous envoyer des nouvelles du projet: J’accepte",
        language: "fr",
        given_by: "visitor",
        given_at: NOON + 60_000,
      },
    ]);
    const steps = (await activityOfVisit(booth.db.read, visit.id)).map((each) => each.step);
    expect(steps).toEqual(["agreed", "withdrawn"]);
    // Twice is once.
    await post(`${page}/consents/follow-up/withdrawal`).expect(303);
    expect((await activityOfVisit(booth.db.read, visit.id)).length).toBe(2);
  });

  test("is taken along as a card and as a file with everything", async () => {
    const { visit, page } = await zoe();
    const card = await get(`${page}/card.vcf`)
      .expect(200)
      .expect("Content-Type", /^text\/vcard/);
    expect(card.text).toMatch(/^BEGIN:VCARD\r\nVERSION:4\.0/);
    expect(card.text).toContain("FN:Zoë Peeters");
    const file = await get(`${page}/everything.json`).expect(200);
    expect(JSON.parse(file.text)).toMatchObject({
      event: "Winter Camp",
      keptUntil: "2024-08-02",
      details: { name: "Zoë Peeters", email: "zoe@vistor.example", badge: "A-17", note: "Prefers mail" },
      consents: [{ purpose: "follow-up", words: SHOWN.words, language: "de", givenBy: "visitor" }],
      visit: { category: "curious", topics: ["Storage"], note: "Tall, in a hurry" },
      questions: [{ text: visit.questions?.[0]?.text, state: "open" }],
    });
  });

  test("is taken out after being asked once: its code is unknown then, and the visit still counts", async () => {
    const { visit, page } = await zoe();
    expect((await get(`${page}/erasure`).expect(200)).text).toContain("Take everything out?");
    expect(await contactOf(visit)).toBeDefined();
    const { headers } = await post(`${page}/erasure`).expect(303);
    expect((await get(String(headers.location)).expect(200)).text).toContain("It is taken out");
    const erased = await booth.db.read.selectFrom("erasures").selectAll().execute();
    expect(erased).toMatchObject([{ kind: "visit", id: visit.id, why: "asked" }]);
    const kept = await visitById(booth.db.read, visit.id);
    expect(kept).toMatchObject({ category: "curious", deleted_at: null, contact: undefined });
    expect(await booth.db.read.selectFrom("visitor_codes").selectAll().execute()).toEqual([]);
    for (const address of [page, `${page}/card.vcf`, `${page}/everything.json`, `${page}/erasure`]) {
      await get(address).expect(404);
    }
    await post(`${page}/details`, { name: "Zoë" }).expect(404);
    // The tablet that still has it does not bring it back.
    await tablet.send({ ...visit, revision: 5 });
    await get(page).expect(404);
  });

  test("of a question that nobody has looked at yet is there at once, and stays when it counts", async () => {
    const id = uuidv7();
    const form = { id, question: "Why?", name: "Noor", email: "noor@visitor.example", consent: "news" };
    const asked = await post("/ask", { ...form, language: "es" }, "de").expect(303);
    const cookies = ([asked.headers["set-cookie"]].flat() as string[]).map((each) => each.split(";")[0]);
    const slip = await booth.nobody().get(String(asked.headers.location)).set("Cookie", cookies.join("; "));
    const code = /\/me\/([\w-]+)"/.exec(slip.text)?.[1] as string;
    expect(readOwnCode(code)).toEqual({
      kind: "code",
      code: await ownCodeOf(booth.db.read, { questionId: id }),
    });
    // The slip is shown to others; the way to the own page is not.
    expect((await get(String(asked.headers.location))).text).not.toContain("/me/");

    const page = `/me/${code}`;
    expect((await get(page).expect(200)).text).toContain("Acepto que lo uséis");
    await post(`${page}/details`, { name: "Noor A.", email: "noor@visitor.example", phone: "12" }).expect(
      303,
    );
    await post(`${page}/consents`, { purpose: "follow-up", language: "en" }).expect(303);

    await booth
      .nobody()
      .post(`/asked/${id}/acceptance`)
      .set("Authorization", `Bearer ${tablet.token}`)
      .type("form")
      .send({ category: "new" })
      .expect(303);
    const { of } = (await keptUnder(booth.db.read, code.replaceAll("-", ""))) as { of: { visitId: string } };
    const { contact } = await visitById(booth.db.read, of.visitId);
    expect(contact).toMatchObject({ name: "Noor A.", phone: null });
    expect(contact?.consents).toMatchObject([
      { purpose: "follow-up", language: "en", given_by: "visitor" },
      { purpose: "news", language: "es", given_by: "visitor", given_at: NOON },
    ]);
    await get(page).expect(200);
  });

  test("of a question that waits is taken out with it", async () => {
    const id = uuidv7();
    await post("/ask", { id, question: "Why?", name: "Noor" }).expect(303);
    const code = (await ownCodeOf(booth.db.read, { questionId: id })) as string;
    // Nobody has looked at it: the question goes, too, and the page does not promise that it stays.
    const asks = (await get(`/me/${codeInGroups(code)}/erasure`).expect(200)).text;
    expect(asks).toContain("your question go for good");
    expect(asks).not.toContain("What you asked stays");
    await post(`/me/${codeInGroups(code)}/erasure`).expect(303);
    await get(`/me/${codeInGroups(code)}`).expect(404);
    expect(await booth.db.read.selectFrom("visitor_questions").selectAll().execute()).toEqual([]);
  });

  test("of a visit in the bin can be read and taken out, and changes nothing else", async () => {
    const { visit, page } = await zoe();
    await (await booth.organizer()).post(`/visits/${visit.id}/deletion`).expect(303);
    expect((await get(page).expect(200)).text).toContain("put your visit aside");
    await post(`${page}/consents/follow-up/withdrawal`).expect(422);
    expect((await contactOf(visit))?.consent).toEqual(["follow-up"]);
    await post(`${page}/erasure`).expect(303);
    await get(page).expect(404);
  });
});

describe("the code of an own page", () => {
  beforeEach(async () => {
    booth = await openBooth({ config: { publicUrl: "https://booth.example.org" } });
    tablet = await booth.tablet();
  });

  test("is typed in either field for codes, however it was read out", async () => {
    const { page } = await zoe();
    const typed = page.slice("/me/".length).toLowerCase().replaceAll("-", " ");
    await get(`/me?code=${encodeURIComponent(typed)}`)
      .expect(303)
      .expect("Location", page);
    await get(`/s?code=${encodeURIComponent(typed)}`)
      .expect(303)
      .expect("Location", page);
  });

  test("with one wrong character is told as that, before anything is looked up", async () => {
    const { page } = await zoe();
    const wrong = page.endsWith("2") ? `${page.slice(0, -1)}3` : `${page.slice(0, -1)}2`;
    expect((await get(wrong).expect(422)).text).toContain("One character is wrong");
    expect((await get("/me/hello").expect(422)).text).toContain("twelve letters and digits");
  });

  test("that never was, and one whose details are gone, get the same page", async () => {
    const { visit, page } = await zoe();
    await tablet.send({ ...visit, revision: 2, contact: undefined });
    const [gone, never] = [
      await get(page).expect(404),
      await get(`/me/${codeInGroups(newOwnCode())}`).expect(404),
    ];
    expect(gone.text).toBe(never.text);
    expect(gone.text).not.toContain(page.slice(4));
  });

  test("is not found by guessing: after 30 tries there is a pause, which wrong characters do not bring about", async () => {
    for (let tries = 0; tries < 40; tries++) await get("/me/KM4Q-7QXR-W93K").expect(422);
    for (let tries = 0; tries < 30; tries++) await get(`/me/${newOwnCode()}`).expect(404);
    await get(`/me/${newOwnCode()}`).expect(429);
    await post(`/me/${newOwnCode()}/erasure`).expect(429);
  });

  test("is shown by staff for their own visits, and made where there is none", async () => {
    const visit = aVisit({ contact: { name: "Zoë" } });
    await tablet.send(visit);
    const bob = await booth.tablet("Bob");
    const as = (token: string) => ({ Authorization: `Bearer ${token}`, Accept: "text/html" });
    const address = `/visits/${visit.id}/own-code`;
    await booth.nobody().get(address).set(as(bob.token)).expect(404);
    expect((await booth.nobody().get(address).set(as(tablet.token)).expect(200)).text).toContain(
      "no code yet",
    );
    await booth.nobody().post(address).set(as(tablet.token)).expect(303);
    await booth.nobody().post(address).set(as(tablet.token)).expect(303);
    const codes = await booth.db.read.selectFrom("visitor_codes").select("code").execute();
    expect(codes).toHaveLength(1);
    const shown = (await booth.nobody().get(address).set(as(tablet.token)).expect(200)).text;
    expect(shown.replaceAll(/<[^>]*>/g, "")).toContain(codeInGroups(codes[0]?.code ?? ""));
    expect(shown).toContain("booth.example.org/me");
    const nobody = aVisit();
    await tablet.send(nobody);
    await booth.nobody().post(`/visits/${nobody.id}/own-code`).set(as(tablet.token)).expect(303);
    expect((await booth.nobody().get(`/visits/${nobody.id}/own-code`).set(as(tablet.token))).text).toContain(
      "Without details there is no page",
    );
  });

  test("is in the mail that brings the answer, and the answer on the page is without what others left", async () => {
    const office = await openPostOffice();
    await booth.close();
    booth = await openBooth({
      config: { publicUrl: "https://booth.example.org", smtpUrl: office.url, mailFrom: "booth@example.org" },
    });
    tablet = await booth.tablet();
    const contact = { name: "Zoë", email: "zoe@visitor.example", consent: ["follow-up" as const] };
    const questions = [{ id: uuidv7(), text: "Which disk?" }];
    const visit = aVisit({ contact, questions });
    await tablet.send(visit);
    const expertId = await addAnswerer(booth);
    await step(booth, questions[0]?.id as string, "routed", { expertId });
    await step(booth, questions[0]?.id as string, "answered", { note: "Any, dear Zoë." });
    booth.setClock(NOON + SOON);
    await deliver(booth);
    const code = codeInGroups((await ownCodeOf(booth.db.read, { visitId: visit.id })) as string);
    const mails = (await office.mailbox()).map(({ text }) => text);
    expect(mails.some((text) => text?.includes(`https://booth.example.org/me/${code}`))).toBe(true);
    expect((await get(`/me/${code}`).expect(200)).text).toContain("Any, dear Zoë.");
    await office.goAway();
  });
});
