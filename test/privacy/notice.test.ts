import { controllerOf } from "../../src/privacy/notice/store";
import { type Booth, openBooth } from "../support/booth";
import { ENGINES } from "../support/databases";

const LANTERN = {
  name: "Lantern e.V.",
  reach: "privacy@lantern.example\r\nHarbour 5, Brussels",
  link: "https://lantern.example/privacy",
};
const LANGUAGES = ["en", "de", "fr", "es", "pt", "ja"];

describe.each(ENGINES)("the privacy notice on %s", (engine) => {
  let booth: Booth;
  beforeEach(async () => {
    booth = await openBooth({ engine, config: { publicUrl: "https://booth.example.org" } });
  });
  afterEach(() => booth.close());

  const read = async (language: string, query = "") =>
    (await booth.nobody().get(`/privacy${query}`).set("Accept-Language", language).expect(200)).text;
  const text = (page: string) => page.replace(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ");

  test("is true before anybody has said who is responsible, and says it from then on, in every language", async () => {
    for (const language of LANGUAGES) {
      const page = await read(language);
      expect(page).toContain(`<html lang="${language}"`);
      expect(page.match(/class="told-part"/g)).toHaveLength(8);
    }
    expect(text(await read("en"))).toContain("The organizers of this booth.");
    const organizer = await booth.organizer();
    const desk = "/events/winter-camp/notice";
    expect((await organizer.get(desk).expect(200)).text).toContain("Nobody has said yet");
    await organizer.post(desk).type("form").send(LANTERN).expect(303);
    expect((await organizer.get(desk).expect(200)).text).not.toContain("Nobody has said yet");
    for (const language of LANGUAGES) {
      expect(text(await read(language))).toContain(
        "Lantern e.V. privacy@lantern.example Harbour 5, Brussels",
      );
      expect(await read(language)).toContain('href="https://lantern.example/privacy"');
    }
    expect(text(await read("en"))).not.toContain("The organizers of this booth.");
  });

  test("says until when details are kept, as the event's days and the visitor's language have it", async () => {
    expect(text(await read("en"))).toContain("Your details until 2 August 2024");
    expect(text(await read("de"))).toContain("2. August 2024");
    expect(text(await read("ja"))).toContain("2024年8月2日");
    // The last day that the organizer changes is in it at once.
    await booth.db.write((writer) => writer.updateTable("events").set({ ends_on: "2024-03-04" }).execute());
    expect(text(await read("en"))).toContain("Your details until 31 August 2024");
  });

  test("is there for an address that is old or mistyped", async () => {
    expect(text(await read("fr", "?event=no-such-one"))).toContain("Vos données à ce stand");
  });

  test("comes back with what was typed where something is missing, and nothing is said", async () => {
    const organizer = await booth.organizer();
    const wrong = { name: "", reach: "Harbour 5", link: "lantern.example" };
    const page = await organizer.post("/events/winter-camp/notice").type("form").send(wrong).expect(422);
    expect(page.text).toContain("Please say who is responsible");
    expect(page.text).toContain("This should be a web address");
    expect(page.text).toContain(">Harbour 5</textarea>");
    expect(page.text).toContain('value="lantern.example"');
    expect(await controllerOf(booth.db.read, booth.eventId)).toBeUndefined();
  });

  test("offers a new event what the last one said, which counts only once it is saved", async () => {
    const organizer = await booth.organizer();
    await organizer.post("/events/winter-camp/notice").type("form").send(LANTERN).expect(303);
    const fields = { timeZone: "Europe/Brussels", startsOn: "2025-02-01", endsOn: "2025-02-02" };
    await organizer
      .post("/events")
      .type("form")
      .send({ name: "Next Camp", ...fields })
      .expect(303);
    const desk = (await organizer.get("/events/next-camp/notice").expect(200)).text;
    expect(desk).toContain('value="Lantern e.V."');
    expect(desk).toContain("Nobody has said yet");
    expect(text(await read("en", "?event=next-camp"))).toContain("The organizers of this booth.");
  });

  test.each(["a4", "letter", "card"])(
    "is printed on %s, a page a language, each marked as what it is",
    async (paper) => {
      const organizer = await booth.organizer();
      await organizer.post("/events/winter-camp/notice").type("form").send(LANTERN).expect(303);
      const address = `/events/winter-camp/notice/sheet?paper=${paper}&language=de&language=ja&language=xx`;
      const page = (await organizer.get(address).expect(200)).text;
      expect(page.match(/<section class="paper [^>]*lang="\w+"/g)?.map((each) => each.slice(-3, -1))).toEqual(
        ["de", "ja"],
      );
      expect(page).toContain(`styles/notice-${paper}.css`);
      expect(page).toContain("<svg");
      expect(text(page)).toContain("booth.example.org/privacy");
      expect(text(page)).toContain("Lantern e.V.");
    },
  );
});

test("what visitors meet leads to the notice", async () => {
  const booth = await openBooth();
  const tablet = await booth.tablet();
  for (const address of ["/ask", "/me", "/capture"]) {
    const page = await booth
      .nobody()
      .get(address)
      .set({ Authorization: `Bearer ${tablet.token}`, Accept: "text/html" })
      .expect(200);
    expect(page.text).toMatch(/href="\/privacy/);
  }
  await booth.close();
});
