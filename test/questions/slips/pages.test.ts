import { uuidv7 } from "uuidv7";
import { codeInGroups, newCode } from "../../../src/visits/slips/rules";
import { slipOf } from "../../../src/visits/slips/store";
import { deleteVisit } from "../../../src/visits/store";
import { aVisit, type Booth, openBooth, type Tablet } from "../../support/booth";
import { NOON } from "../../support/databases";

let booth: Booth;
let tablet: Tablet;
afterEach(() => booth.close());

async function open(config: Parameters<typeof openBooth>[0] = {}): Promise<void> {
  booth = await openBooth(config);
  tablet = await booth.tablet("Ada");
}

/** Logs a question with a slip; gives its id, its code and its visit's id. */
async function ask(text = "Does Zoë's disk fit?") {
  const question = { id: uuidv7(), text, topic: "storage", slip: newCode() };
  const visit = aVisit({
    note: "Zoë from Ghent",
    contact: { name: "Zoë Peeters", email: "zoe@visitor.example", consent: ["follow-up"] },
    questions: [question],
  });
  await tablet.send(visit);
  return { id: question.id, code: question.slip, visitId: visit.id };
}

async function answer(id: string, text: string): Promise<void> {
  const organizer = await booth.organizer();
  await organizer
    .post(`/questions/${id}/answer`)
    .type("form")
    .send({ version: "1", answer: text })
    .expect(303);
}

const get = (address: string, headers: Record<string, string> = {}) =>
  booth.nobody().get(address).set(headers);

describe("what a visitor finds under a code", () => {
  beforeEach(() => open());

  test("is the state, the topic, the day and the answer as Markdown, and nobody's name", async () => {
    const { id, code } = await ask();
    const before = (await get(`/s/${codeInGroups(code)}`).expect(200)).text;
    expect(before).toContain("It is waiting for somebody who knows the answer.");
    expect(before).toContain("3 February 2024");
    expect(before).toContain("Storage");
    await answer(
      id,
      "Dear Zoë Peeters,\n\nit **does**, says zoe@visitor.example. <b>See</b> https://example.org/docs",
    );
    const after = (await get(`/s/${code.toLowerCase()}`).expect(200)).text;
    expect(after).toContain("It is answered.");
    expect(after).toContain("it <strong>does</strong>");
    expect(after).toContain('href="https://example.org/docs"');
    expect(after).not.toContain("<b>");
    for (const personal of ["Zoë", "zoe@", "Peeters", "Ghent", "disk fit", id]) {
      expect(before + after).not.toContain(personal);
    }
  });

  test("is said in the visitor's language", async () => {
    const { code } = await ask();
    const page = (await get(`/s/${code}`, { "Accept-Language": "de" }).expect(200)).text;
    expect(page).toContain("Sie wartet auf jemanden, der die Antwort weiß.");
    expect(page).toContain("3. Februar 2024");
  });

  test("leads the organizer on to the question, and nobody else", async () => {
    const { id, code } = await ask();
    const organizer = await booth.organizer();
    expect((await organizer.get(`/s/${code}`).expect(200)).text).toContain(`/questions/${id}`);
    const answer = await get(`/s/${code}`, { Authorization: `Bearer ${tablet.token}` }).expect(200);
    expect(answer.text).not.toContain(id);
  });

  test("sets no cookie, and is nothing for search engines or caches", async () => {
    const { code } = await ask();
    for (const address of [`/s/${code}`, `/s/${newCode()}`, "/s"]) {
      const { headers } = await get(address);
      expect(headers["set-cookie"]).toBeUndefined();
      expect(headers["x-robots-tag"]).toContain("noindex");
      expect(headers["cache-control"]).toBe("no-store");
    }
  });

  test("is the same, byte for byte, for a code that never was, was erased, is in the bin, or was put aside", async () => {
    const erased = await ask();
    const inBin = await ask();
    const aside = newCode();
    await booth.db.write(async (writer) => {
      await writer.deleteFrom("questions").where("id", "=", erased.id).execute();
      await deleteVisit(writer, inBin.visitId, "Ada", NOON);
      await writer
        .insertInto("visitor_questions")
        .values({
          id: uuidv7(),
          event_id: booth.eventId,
          code: aside,
          text: "Buy this",
          language: "en",
          asked_at: NOON,
          refused_at: NOON,
          topic_id: null,
          contact: null,
        })
        .execute();
    });
    const answers = [];
    for (const code of [newCode(), newCode(), erased.code, inBin.code, aside]) {
      const { status, text, headers } = await get(`/s/${codeInGroups(code)}`);
      const { date, ratelimit, "ratelimit-policy": policy, ...rest } = headers;
      answers.push(JSON.stringify({ status, text, rest }));
    }
    expect(answers[0]).toContain('"status":404');
    expect(answers[0]).toContain("There is nothing under this code");
    expect(new Set(answers).size).toBe(1);
  });

  test("is a question that waits for a look, too", async () => {
    const id = uuidv7();
    await booth.nobody().post("/ask").type("form").send({ id, question: "Why?" }).expect(303);
    const { code } = await booth.db.read
      .selectFrom("visitor_questions")
      .select("code")
      .executeTakeFirstOrThrow();
    const page = (await get(`/s/${code}`).expect(200)).text;
    expect(page).toContain("Somebody at the booth looks at it next.");
    expect(page).not.toContain("Why?");
  });
});

describe("a code that is typed", () => {
  beforeEach(() => open());

  test("leads to its page, however it was typed", async () => {
    const { code } = await ask();
    const typed = encodeURIComponent(codeInGroups(code).toLowerCase().replaceAll("-", " "));
    const { headers } = await get(`/s?code=${typed}`).expect(303);
    expect(headers.location).toBe(`/s/${codeInGroups(code)}`);
  });

  test("with a wrong character comes back with that word, whether its like was ever given or not", async () => {
    const { code } = await ask();
    const wrong = (code.startsWith("2") ? "3" : "2") + code.slice(1);
    for (const address of [`/s/${wrong}`, `/s?code=${wrong}`]) {
      const page = (await get(address).expect(422)).text;
      expect(page).toContain("One character is wrong");
      expect(page).toContain(`value="${wrong}"`);
    }
    expect((await get("/s?code=hello").expect(422)).text).toContain("ten letters and digits");
  });

  test("that is a guess can fail thirty times, then even a right one has to wait", async () => {
    const { code } = await ask();
    for (let tries = 0; tries < 30; tries++) await get(`/s/${newCode()}`).expect(404);
    await get(`/s/${newCode()}`).expect(429);
    await get(`/s/${code}`).expect(429);
  });

  test("is no guess where it is right, or fails its own check: a hall behind one address gets on", async () => {
    const { code } = await ask();
    const wrong = (code.startsWith("2") ? "3" : "2") + code.slice(1);
    for (let visitor = 0; visitor < 50; visitor++) {
      await get(`/s/${wrong}`).expect(422);
      await get(`/s/${code}`).expect(200);
    }
  });
});

describe("a slip for staff", () => {
  const asTablet = (method: "get" | "post", address: string, token = tablet.token) =>
    booth
      .nobody()
      [method](address)
      .set({ Authorization: `Bearer ${token}` });

  test("is given by the device that logged the visit and by the organizer, and by no other device", async () => {
    await open();
    const visit = aVisit({ questions: [{ id: uuidv7(), text: "How?" }] });
    await tablet.send(visit);
    const id = visit.questions?.[0]?.id as string;
    const other = await booth.tablet("Bea");
    await asTablet("post", `/questions/${id}/slip`, other.token).expect(404);
    await asTablet("get", `/questions/${id}/slip`, other.token).expect(404);
    expect(await slipOf(booth.db.read, id)).toBeUndefined();
    const made = await asTablet("post", `/questions/${id}/slip`)
      .set("Accept", "application/json")
      .expect(200);
    expect(made.body).toEqual({
      code: codeInGroups((await slipOf(booth.db.read, id)) as string),
      link: made.body.code,
    });
    const organizer = await booth.organizer();
    await organizer.post(`/questions/${id}/slip`).expect(303);
    expect((await organizer.get(`/questions/${id}/slip`).expect(200)).text).toContain("<svg");
    expect(await booth.db.read.selectFrom("slips").selectAll().execute()).toHaveLength(1);
    const { staff } = await booth.db.read
      .selectFrom("activity")
      .select("actor as staff")
      .where("step", "=", "slip given")
      .executeTakeFirstOrThrow();
    expect(staff).toBe("Ada");
  });

  test("that was printed is bound by typing its code, unless another question has it", async () => {
    await open();
    const { id, code: taken } = await ask();
    const printed = codeInGroups(newCode());
    const send = (code: string) =>
      asTablet("post", `/questions/${id}/slip`)
        .type("form")
        .send({ code: ` ${code.toLowerCase()} ` });
    await send(printed).expect(303);
    await get(`/s/${printed}`).expect(200);
    await get(`/s/${taken}`).expect(200);
    const other = await ask();
    const refused = await send(codeInGroups(other.code)).expect(422);
    expect(refused.text).toContain("Another question has this slip.");
    expect(refused.text).toContain(codeInGroups(other.code).toLowerCase());
    expect((await send("KM4-7QX-RW92").expect(422)).text).toContain("not the code of a slip");
  });

  test.each([
    [
      { publicUrl: "https://booth.example.org", mailFrom: "team@booth.example" },
      "https://booth.example.org/s/",
    ],
    [{ mailFrom: "Team <team@booth.example>" }, "mailto:team@booth.example?subject=Question%20"],
    [{}, ""],
  ])("leads where the settings say: %j", async (config, start) => {
    await open({ config });
    const { id, code } = await ask();
    const made = await asTablet("post", `/questions/${id}/slip`)
      .set("Accept", "application/json")
      .expect(200);
    expect(made.body.link).toMatch(start + codeInGroups(code));
    expect(made.body.link.startsWith(start)).toBe(true);
    // The tablet makes the same by itself.
    const template = /data-slip-link="([^"]*)"/.exec((await asTablet("get", "/capture")).text)?.[1];
    expect(template?.replaceAll("&amp;", "&").replace("000-000-0000", codeInGroups(code))).toBe(
      made.body.link,
    );
  });
});

describe("printing slips", () => {
  beforeEach(() => open());

  test("offers the questions of the day, gives slips to those chosen, and shows them on one sheet", async () => {
    const organizer = await booth.organizer();
    const chosen = await ask("Chosen?");
    const visit = aVisit({ questions: [{ id: uuidv7(), text: "Without a slip?" }] });
    const yesterday = aVisit({
      happenedAt: new Date(NOON - 86_400_000).toISOString(),
      questions: [{ text: "Asked yesterday?" }],
    });
    await tablet.send(visit, yesterday);
    const today = (await organizer.get("/events/winter-camp/slips").expect(200)).text;
    expect(today).toContain("Chosen?");
    expect(today).not.toContain("Asked yesterday?");
    expect((await organizer.get("/events/winter-camp/slips?of=all").expect(200)).text).toContain(
      "Asked yesterday?",
    );
    const id = visit.questions?.[0]?.id as string;
    const { headers } = await organizer
      .post("/events/winter-camp/slips")
      .type("form")
      .send({ question: [chosen.id, id], paper: "a4", language: "fr" })
      .expect(303);
    const sheet = (await organizer.get(String(headers.location)).expect(200)).text;
    expect(sheet.match(/class="printed"/g)).toHaveLength(2);
    for (const code of [chosen.code, (await slipOf(booth.db.read, id)) as string]) {
      for (const group of codeInGroups(code).split("-")) expect(sheet).toContain(`<span>${group}</span>`);
    }
    expect(sheet).toContain('lang="fr"');
  });

  test("asks for a choice where none was made, and says where a question is not of this event", async () => {
    const organizer = await booth.organizer();
    await ask("Chosen?");
    for (const question of [undefined, uuidv7()]) {
      const page = await organizer
        .post("/events/winter-camp/slips")
        .type("form")
        .send({ question })
        .expect(422);
      expect(page.text).toContain("choose at least one question");
      expect(page.text).toContain("Chosen?");
    }
  });

  test("prints nothing for codes that lead nowhere, and makes none up but for blank sheets", async () => {
    const organizer = await booth.organizer();
    const sheet = async (query: string) =>
      (await organizer.get(`/events/winter-camp/slips/sheet?${query}`).expect(200)).text;
    expect(await sheet(`codes=${newCode()}.${newCode()}`)).not.toContain('class="printed"');
    expect((await sheet("blank=2")).match(/class="printed"/g)).toHaveLength(20);
    expect((await sheet("blank=2")).match(/class="paper"/g)).toHaveLength(2);
    expect(await sheet("blank=-3")).not.toContain('class="printed"');
    expect((await sheet("blank=1e9")).match(/class="printed"/g)).toHaveLength(100);
  });
});
