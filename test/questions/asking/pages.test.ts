import { uuidv7 } from "uuidv7";
import { aVisit, type Booth, openBooth, type Tablet } from "../../support/booth";
import { NOON } from "../../support/databases";

let booth: Booth;
let tablet: Tablet;
beforeEach(async () => {
  booth = await openBooth({ config: { publicUrl: "https://booth.example.org" } });
  tablet = await booth.tablet("Ada");
});
afterEach(() => booth.close());

const held = () => booth.db.read.selectFrom("visitor_questions").selectAll().execute();
const visits = () => booth.db.read.selectFrom("visits").selectAll().execute();

/** One phone, behind the proxy; it keeps its cookies where `cookies` are given along. */
function send(body: object, { from = "198.51.100.7", cookies = "" } = {}) {
  const form = { id: uuidv7(), question: "Why?", ...body };
  return booth
    .nobody()
    .post("/ask")
    .set({ "X-Forwarded-For": from, Cookie: cookies })
    .type("form")
    .send(form);
}

const asTablet = (method: "get" | "post", address: string, token = tablet.token) =>
  booth
    .nobody()
    [method](address)
    .set({ Authorization: `Bearer ${token}` });

async function asked(body: object = {}): Promise<string> {
  const id = uuidv7();
  await send({ id, ...body }, { from: `198.51.100.${(await held()).length}` }).expect(303);
  return id;
}

describe("a visitor's own phone", () => {
  test("asks with a question alone, and is led to its slip", async () => {
    const { headers } = await send({ topic: "storage" }).expect(303);
    expect(headers.location).toMatch(/^\/s\/\w{3}-\w{3}-\w{4}\?new=yes$/);
    const slip = (await booth.nobody().get(String(headers.location)).expect(200)).text;
    expect(slip).toContain("Your question has arrived");
    expect(slip).toContain("<svg");
    expect(await held()).toMatchObject([{ text: "Why?", contact: null, asked_at: NOON }]);
    expect(await visits()).toEqual([]);
  });

  test("has nothing ticked beforehand, in any language", async () => {
    for (const language of ["en", "de", "ja"]) {
      const page = (await booth.nobody().get("/ask").set("Accept-Language", language).expect(200)).text;
      expect(page.match(/type="checkbox"/g)).toHaveLength(2);
      expect(page).not.toContain("checked");
      expect(page).toContain(`lang="${language}"`);
    }
  });

  test("gets the form back with all that was typed, and what is wrong with it", async () => {
    const typed = {
      question: "Does it <b>fit</b>?",
      topic: "storage",
      name: "Zoë",
      email: "zoe@",
      consent: "news",
    };
    const page = (await send(typed).expect(422)).text;
    expect(page).toContain("This does not look like a mail address.");
    for (const words of [
      "Does it &lt;b&gt;fit&lt;/b&gt;?",
      'value="Zoë"',
      'value="zoe@"',
      'value="storage" selected',
    ])
      expect(page).toContain(words);
    expect(page).toMatch(/value="news" checked/);
    expect(page).not.toMatch(/value="follow-up" checked/);
    expect(await held()).toEqual([]);
  });

  test("that is a machine is told which field gave it away, and people lose no word", async () => {
    const page = (await send({ homepage: "http://spam.example" }).expect(422)).text;
    expect(page).toContain("This field is there to catch machines");
    expect(page).toContain("Why?");
    expect(page).not.toContain("for-machines");
    expect(await held()).toEqual([]);
  });

  test("that sends the form twice has asked once", async () => {
    const id = uuidv7();
    const [one, two] = [await send({ id }).expect(303), await send({ id }).expect(303)];
    expect(one.headers.location).toBe(two.headers.location);
    expect(await held()).toHaveLength(1);
  });

  test("asks five times an hour, then is asked to come to the booth, with the question still there", async () => {
    const first = await send({}).expect(303);
    const cookies = String(first.headers["set-cookie"]).split(";")[0] as string;
    for (let times = 1; times < 5; times++)
      await send({}, { cookies, from: `198.51.100.${times}` }).expect(303);
    const page = (await send({ question: "A sixth?" }, { cookies, from: "198.51.100.99" }).expect(429)).text;
    expect(page).toContain("Please come to the booth");
    expect(page).toContain("A sixth?");
    expect(await held()).toHaveLength(5);
    booth.setClock(NOON + 61 * 60_000);
    await send({}, { cookies }).expect(303);
  });

  test("that throws its cookies away is held up by its address, and others are not", async () => {
    for (let times = 0; times < 20; times++) await send({}).expect(303);
    await send({}).expect(429);
    await send({}, { from: "198.51.100.8" }).expect(303);
    expect(await held()).toHaveLength(21);
  });

  test("is not held up by forms that came back", async () => {
    for (let times = 0; times < 30; times++) await send({ question: "" }).expect(422);
    await send({}).expect(303);
  });

  test("hears that the booth has closed, a fortnight after the event", async () => {
    booth.setClock(NOON + 20 * 86_400_000);
    const page = (await booth.nobody().get("/ask").expect(200)).text;
    expect(page).toContain("No questions are taken here just now");
    expect(page).not.toContain("<textarea");
    await send({}).expect(410);
  });

  test("hears so too where the address names no event that there is", async () => {
    const page = (await booth.nobody().get("/ask?event=nowhere").expect(200)).text;
    expect(page).toContain("No questions are taken here just now");
  });
});

describe("staff", () => {
  test("see what waits, without who left it; the organizer sees the name", async () => {
    await asked({ question: "Does it fit?", name: "Zoë", email: "zoe@visitor.example", topic: "storage" });
    expect((await asTablet("get", "/api/today")).body.asked).toBe(1);
    expect((await asTablet("get", "/capture")).text).toContain("1 question from a visitor");
    const page = (await asTablet("get", "/asked").expect(200)).text;
    for (const words of ["Does it fit?", "Left a name and a mail address", "Storage"]) {
      expect(page).toContain(words);
    }
    for (const words of ["Zoë", "zoe@visitor.example"]) expect(page).not.toContain(words);
    const desk = (await (await booth.organizer()).get("/asked").expect(200)).text;
    expect(desk).toContain("Zoë left a mail address");
  });

  test("let one count with one tap, and a second tap does no harm", async () => {
    const id = await asked();
    const tap = () => asTablet("post", `/asked/${id}/acceptance`).type("form").send({ category: "curious" });
    expect((await tap().expect(303)).headers.location).toBe("/asked?done=counts");
    expect((await tap().expect(303)).headers.location).toBe("/asked?done=before");
    expect(await visits()).toMatchObject([{ category: "curious", staff_name: "Ada", happened_at: NOON }]);
    expect((await asTablet("get", "/asked?done=counts")).text).toContain("No question waits for a look.");
  });

  test("add one to the visit that they have just logged", async () => {
    const visit = aVisit({ category: "existing" });
    await tablet.send(visit);
    const id = await asked();
    expect((await asTablet("get", "/asked")).text).toContain(`value="${visit.id}"`);
    await asTablet("post", `/asked/${id}/acceptance`).type("form").send({ visit: visit.id }).expect(303);
    expect(await visits()).toHaveLength(1);
    const question = await booth.db.read.selectFrom("questions").selectAll().executeTakeFirstOrThrow();
    expect(question).toMatchObject({ id, visit_id: visit.id });
  });

  test("who choose nothing are asked to", async () => {
    const id = await asked();
    const page = await asTablet("post", `/asked/${id}/acceptance`).expect(422);
    expect(page.text).toContain("Please choose what the visitor is, or the visit.");
    expect(await held()).toHaveLength(1);
  });

  test("put one aside and bring it back", async () => {
    const id = await asked({ question: "Buy this?" });
    const { headers } = await asTablet("post", `/asked/${id}/refusal`).expect(303);
    const aside = (await asTablet("get", String(headers.location))).text;
    expect(aside).toContain("Its slip leads nowhere");
    expect(aside).toContain(`/asked/${id}/return`);
    expect(aside).not.toContain(`/asked/${id}/acceptance`);
    await asTablet("post", `/asked/${id}/return`).expect(303);
    expect((await asTablet("get", "/asked")).text).toContain(`/asked/${id}/acceptance`);
  });

  test("of another event have nothing to do with it", async () => {
    const id = await asked();
    const other = uuidv7();
    await booth.db.write(async (writer) => {
      const event = {
        name: "Other",
        venue: "",
        time_zone: "UTC",
        starts_on: "2024-02-02",
        ends_on: "2024-02-04",
      };
      await writer
        .insertInto("events")
        .values({ id: other, slug: "other", created_at: NOON, ...event })
        .execute();
      await writer.updateTable("devices").set({ event_id: other }).where("id", "=", tablet.id).execute();
    });
    expect((await asTablet("get", "/asked")).text).not.toContain(id);
    for (const step of ["acceptance", "refusal", "return"]) {
      await asTablet("post", `/asked/${id}/${step}`).type("form").send({ category: "new" }).expect(404);
    }
    expect(await held()).toMatchObject([{ id, refused_at: null }]);
  });
});

describe("the sign", () => {
  test("leads phones to the form of this event", async () => {
    const organizer = await booth.organizer();
    const page = (await organizer.get("/events/winter-camp/ask-sign?language=fr&paper=a4").expect(200)).text;
    expect(page).toContain("booth.example.org/ask");
    expect(page).toContain("Demandez ici");
    expect(page).toContain("sign-a4.css");
  });

  test("says so where no phone reaches the laptop", async () => {
    const alone = await openBooth();
    const organizer = await alone.organizer();
    const page = (await organizer.get("/events/winter-camp/ask-sign").expect(200)).text;
    expect(page).toContain("No phone reaches this laptop");
    expect(page).not.toContain("<svg viewBox");
    await alone.close();
  });
});
