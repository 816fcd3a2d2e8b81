import { MESSAGES, sayIn } from "../../src/http/languages";
import { LANGUAGES, type Language } from "../../src/languages/say";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { textsOf } from "../support/words";

const CODES = Object.keys(LANGUAGES) as Language[];

let booth: Booth;
let ada: Tablet;
beforeEach(async () => {
  booth = await openBooth();
  ada = await booth.tablet();
});
afterEach(() => booth.close());

const asAda = (method: "get" | "post" | "delete", address: string, language: Language) =>
  booth
    .nobody()
    [method](address)
    .set("Authorization", `Bearer ${ada.token}`)
    .set("Cookie", `boothlight_language=${language}`)
    .set("Accept", "application/json");

describe.each(CODES)("refused in %s", (language) => {
  const say = sayIn(language);

  test("fields of a visit, checked by the form and by the event's lists", async () => {
    const visit = aVisit({ people: 0, topics: ["knitting"], contact: { email: "ada at example" } });
    const { body } = await asAda("post", "/api/visits", language)
      .send({ visits: [visit] })
      .expect(200);
    expect(body.results[0]).toMatchObject({ status: "invalid" });
    expect(body.results[0].problems).toEqual([
      { field: "people", message: say("problem.amount-least", { least: 1 }) },
      { field: "contact.email", message: say("problem.mail") },
      { field: "topics", message: say("problem.not-in-topics", { name: "knitting" }) },
    ]);
  });

  test("an id that belongs elsewhere", async () => {
    const question = { id: "018d6f2e-9c10-7d52-8a44-0c1d2e3f4a5b", text: "How large?" };
    await ada.send(aVisit({ questions: [question] }));
    const { body } = await asAda("post", "/api/visits", language).send({
      visits: [aVisit({ questions: [question] })],
    });
    expect(body.results[0].problems).toEqual([
      { field: "questions.0.id", message: say("problem.id-of-other-visit") },
    ]);
  });

  test("a visit that was logged on another tablet, and one for another event", async () => {
    const [visit] = [aVisit()];
    await (await booth.tablet("Bea")).send(visit);
    const foreign = await asAda("delete", `/api/visits/${visit!.id}`, language).expect(403);
    expect(foreign.body).toMatchObject({
      title: say("refused.title-forbidden"),
      message: say("refused.not-yours"),
    });
    const other = await asAda("get", "/api/visits?event=summer-camp", language).expect(409);
    expect(other.body.message).toBe(say("refused.other-event", { event: "Winter Camp" }));
  });

  test("a tablet that is not paired any more, on a page of its language", async () => {
    const { text } = await booth
      .nobody()
      .get("/capture")
      .set("Authorization", "Bearer of-yesterday")
      .set("Accept", "text/html")
      .set("Accept-Language", language)
      .expect(401);
    expect(text).toContain(`<html lang="${language}"`);
    expect(textOf(text)).toContain(say("refused.unpaired"));
    expect(textOf(text)).toContain(say("refused.title-sign-in"));
  });

  test("a wrong passphrase, and pairing without a name", async () => {
    const wrong = await booth
      .nobody()
      .post("/session")
      .set("Accept-Language", language)
      .set("Accept", "text/html")
      .type("form")
      .send({ passphrase: "" })
      .expect(422);
    expect(textOf(wrong.text)).toContain(say("sign-in.empty"));
    const late = await booth
      .nobody()
      .post("/pair/too-late")
      .set("Accept-Language", language)
      .set("Accept", "application/json")
      .send({ name: "" })
      .expect(422);
    expect(late.body).toMatchObject({
      message: say("pairing.name-missing"),
      fields: [{ field: "name", message: say("pairing.name-empty") }],
    });
  });

  test("a page that is not there, a broken address, and a request that no page sends", async () => {
    const nobody = (method: "get" | "post", address: string) =>
      booth.nobody()[method](address).set("Accept", "application/json").set("Accept-Language", language);
    expect((await nobody("get", "/nowhere").expect(404)).body.message).toBe(say("refused.no-page"));
    expect((await nobody("get", "/%00").expect(400)).body.message).toBe(say("refused.address"));
    const foreign = await nobody("post", "/session").set("Origin", "https://elsewhere.example").expect(403);
    expect(foreign.body.message).toBe(say("refused.other-site"));
    const broken = await nobody("post", "/session").type("json").send("{").expect(400);
    expect(broken.body.message).toBe(say("refused.json"));
  });
});

test("the organizer's desk is refused in English, whatever the browser asks for", async () => {
  const organizer = await booth.organizer();
  const ask = (address: string) =>
    organizer.get(address).set("Accept-Language", "ja").set("Accept", "application/json");
  expect((await ask("/nowhere").expect(404)).body.title).toBe("Nothing here");
  expect((await ask("/visits/nothing").expect(404)).body.message).toBe(
    "There is no such visit. It may have been erased.",
  );
});

test("a plain form of a visit comes back with its problems in the language of the page", async () => {
  const id = "018d6f2e-8b2a-7c31-9f3e-2b1f6f0f3a77";
  await asAda("post", "/capture/visits", "de").type("form").send({ id, category: "new" }).expect(303);
  const { text } = await asAda("post", `/capture/visits/${id}`, "de")
    .set("Accept", "text/html")
    .type("form")
    .send({ revision: "1", category: "new", "contact.email": "ada at example" })
    .expect(422);
  expect(text).toContain('<html lang="de"');
  expect(text).toContain("Das sieht nicht nach einer Mailadresse aus.");
  expect(text).toContain("ada at example");
});

/** What the organizer alone can be told is a sentence; every other refusal has a key. */
const TO_THE_ORGANIZER = [
  "src/events/store.ts: There is no event of this name.",
  "src/http/upload.ts: The form did not come through whole. Please send it again.",
  "src/visits/routes.ts: Please choose one of the two versions.",
  "src/visits/routes.ts: The form did not come through whole. Please open the visit again.",
  "src/visits/store.ts: There is no such version of this visit.",
  "src/visits/store.ts: There is no such visit. It may have been erased.",
  "src/visits/store.ts: This version cannot be used.",
  "src/visits/store.ts: This visit is in the bin. Put it back first.",
  "src/visits/store.ts: This visit was changed a moment ago. Look at it again, then choose.",
];

test("whatever staff can be refused with has a key", () => {
  const files = Object.entries(textsOf("src", ".ts")).filter(([file]) =>
    /^src\/(http|events|access|settings|visits|capture)\//.test(file),
  );
  const sentences = files.flatMap(([file, text]) =>
    [...text.matchAll(/new Problem\(\s*"[a-z-]+",\s*["`]([^"`]* [^"`]*)["`]/g)].map(
      ([, sentence]) => `${file}: ${sentence}`,
    ),
  );
  expect([...new Set(sentences)].sort()).toEqual(TO_THE_ORGANIZER);
});

test("what is kept is the same in every language", async () => {
  const all = await Promise.all(CODES.map(keptIn));
  for (const kept of all) expect(kept).toEqual(all[0]);
  expect(all[0]?.visits).toHaveLength(2);
});

/** The same day at a booth, on a device of a language: everything that is in the database after it. */
async function keptIn(language: Language) {
  const own = await openBooth();
  const { id: device, token } = await own.tablet();
  const ask = (address: string) =>
    own
      .nobody()
      .post(address)
      .set("Authorization", `Bearer ${token}`)
      .set("Cookie", `boothlight_language=${language}`);
  const id = "018d6f2e-8b2a-7c31-9f3e-2b1f6f0f3a55";
  const question = "018d6f2e-9c10-7d52-8a44-0c1d2e3f4a5b";
  await ask("/capture/visits").type("form").send({ id, category: "curious", project: "lantern" }).expect(303);
  await ask(`/capture/visits/${id}`)
    .type("form")
    .send({
      revision: "1",
      category: "existing",
      project: "lantern",
      platformOther: "Bare metal",
      interest: "3",
      overviewGiven: "yes",
      remarks: ["easier-install"],
      topics: ["storage"],
      questionId: question,
      questionText: "How large?",
      questionTopic: "storage",
      "contact.name": "Zoë",
      consent: ["follow-up"],
    })
    .expect(303);
  const other = aVisit({ id: "018d6f2e-8b2a-7c31-9f3e-2b1f6f0f3a56", platform: "vmware", interest: 2 });
  await ask("/api/visits")
    .send({ visits: [other, aVisit({ topics: ["knitting"] })] })
    .expect(200);
  const table = (name: "visits" | "contacts" | "contact_consents" | "questions" | "activity" | "platforms") =>
    own.db.read.selectFrom(name).selectAll().execute();
  const rows = {
    visits: await table("visits"),
    contacts: await table("contacts"),
    consents: await table("contact_consents"),
    questions: await table("questions"),
    activity: await table("activity"),
    platforms: await table("platforms"),
  };
  await own.close();
  // Ids that each booth makes anew are the same thing by another name.
  const names = new Map<string, string>([
    [device, "device"],
    [id, "visit"],
    [other.id, "other visit"],
    [question, "question"],
  ]);
  return JSON.parse(
    JSON.stringify(rows).replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (found) => {
      if (!names.has(found)) names.set(found, `id ${names.size}`);
      return names.get(found) as string;
    }),
  );
}

test("a page and its form send the same, whatever their language, but for the words that were shown beside a tick", async () => {
  const fields = await Promise.all(
    CODES.map(async (language) => {
      const { text } = await asAda("get", "/capture", language).set("Accept", "text/html").expect(200);
      expect(text).toContain(`<html lang="${language}"`);
      const sent = text.replace(/<form[^>]*action="\/settings"[\s\S]*?<\/form>/g, "");
      return [...sent.matchAll(/<(?:input|button|option|textarea|select)\b[^>]*>/g)]
        .map(([tag]) => [/ name="([^"]*)"/.exec(tag)?.[1], / value="([^"]*)"/.exec(tag)?.[1]].join("="))
        .map((field) => field.replace(/^(consentLanguage|consentWords\.[a-z-]+)=.+/, "$1=as shown"))
        .filter((field) => !field.startsWith("id="));
    }),
  );
  expect(fields[0]!.length).toBeGreaterThan(20);
  expect(fields[0]).toEqual(
    expect.arrayContaining(["consentLanguage=as shown", "consentWords.news=as shown"]),
  );
  for (const own of fields) expect(own).toEqual(fields[0]);
});

/** A page's text as people read it. */
function textOf(page: string): string {
  return page.replaceAll("&#39;", "'").replaceAll("&#34;", '"').replaceAll("&amp;", "&");
}

test.each(CODES)("in %s the page carries its messages for the tablet's code", async (language) => {
  const { text } = await asAda("get", "/capture", language).set("Accept", "text/html").expect(200);
  const carried = /<script type="application\/json" data-messages>([^<]*)<\/script>/.exec(text)?.[1];
  const told = JSON.parse(carried as string) as Record<string, string>;
  const all = Object.entries(MESSAGES[language]);
  expect(told).toEqual(Object.fromEntries(all.filter(([key]) => key in told)));
  expect(told).toHaveProperty(["standing.waiting_other"]);
  expect(told).not.toHaveProperty(["refused.unpaired"]);
});
