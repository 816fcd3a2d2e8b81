import { type Booth, openBooth } from "../support/booth";

let booth: Booth;
beforeAll(async () => {
  booth = await openBooth();
});
afterAll(() => booth.close());

const choose = (form: object) => booth.nobody().post("/settings").type("form").send(form).redirects(0);
const cookiesOf = (answer: { headers: Record<string, unknown> }) =>
  (answer.headers["set-cookie"] as string[] | undefined) ?? [];
const page = (cookie: string, path = "/") =>
  booth.nobody().get(path).set("Accept", "text/html").set("Cookie", cookie);

test("language and look are kept on the device for a year, where its scripts can read them", async () => {
  const answer = await choose({ language: "ja", look: "contrast", next: "/capture" }).expect(303);
  expect(answer.headers.location).toBe("/capture");
  const cookies = cookiesOf(answer);
  expect(cookies).toEqual([
    expect.stringContaining("boothlight_language=ja"),
    expect.stringContaining("boothlight_look=contrast"),
  ]);
  for (const cookie of cookies) {
    expect(cookie).toMatch(/Max-Age=31536000;.*Path=\/;.*SameSite=Lax/);
    expect(cookie).not.toMatch(/HttpOnly|Secure/);
  }
});

test("what is left out stays as it was", async () => {
  expect(cookiesOf(await choose({ look: "dark" }).expect(303))).toEqual([
    expect.stringContaining("boothlight_look=dark"),
  ]);
  expect(cookiesOf(await choose({ language: "", look: "" }).expect(303))).toEqual([]);
});

test("a program is answered without a page", async () => {
  const answer = await booth
    .nobody()
    .post("/settings")
    .set("Accept", "application/json")
    .send({ language: "fr" });
  expect(answer.status).toBe(204);
  expect(cookiesOf(answer)).toEqual([expect.stringContaining("boothlight_language=fr")]);
});

test.each(["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", ""])(
  "leads to no other site: %p",
  async (next) => {
    expect((await choose({ look: "light", next }).expect(303)).headers.location).toBe("/");
  },
);

test("what is no language and no look is refused, in the language of the device", async () => {
  const answer = await booth
    .nobody()
    .post("/settings")
    .set("Accept", "application/json")
    .set("Accept-Language", "de")
    .send({ language: "xx", look: "loud" })
    .expect(422);
  expect(cookiesOf(answer)).toEqual([]);
  expect(answer.body).toMatchObject({
    message: "Das lässt sich nicht einstellen.",
    fields: [
      { field: "language", message: "Möglich ist hier: en, de, fr, es, pt oder ja." },
      { field: "look", message: "Möglich ist hier: auto, light, dark oder contrast." },
    ],
  });
});

test("a page has the look from its first line on, before any script", async () => {
  const dark = (await page("boothlight_look=dark")).text;
  expect(dark).toMatch(/<html lang="en" data-look="dark">/);
  expect(dark).toContain('<meta name="color-scheme" content="dark">');
  expect(dark).toMatch(/contrast\.css[^>]*media="\(prefers-contrast: more\)"/);
  const contrast = (await page("boothlight_look=contrast")).text;
  expect(contrast).toContain('<meta name="color-scheme" content="light">');
  expect(contrast).toMatch(/contrast\.css[^>]*media="all"/);
  const auto = (await page("boothlight_look=whatever")).text;
  expect(auto).toContain('data-look="auto"');
  expect(auto).toContain('<meta name="color-scheme" content="light dark">');
});

test("where nobody has chosen, the browser's languages decide; where none of ours is among them, English", async () => {
  const languageOf = async (accepted: string, cookie = "") => {
    const { text } = await page(cookie).set("Accept-Language", accepted);
    return /<html lang="(\w+)"/.exec(text)?.[1];
  };
  expect(await languageOf("pt-BR,pt;q=0.9,en;q=0.5")).toBe("pt");
  expect(await languageOf("nl,fr;q=0.8,en;q=0.5")).toBe("fr");
  expect(await languageOf("nl")).toBe("en");
  expect(await languageOf("fr", "boothlight_language=ja")).toBe("ja");
  expect(await languageOf("fr", "boothlight_language=xx")).toBe("fr");
});

test("the capture page keeps for another year what was chosen, and nothing that was not", async () => {
  const { token } = await booth.tablet();
  const ask = (cookie: string) =>
    booth.nobody().get("/capture").set("Cookie", cookie).set("Authorization", `Bearer ${token}`).expect(200);
  const kept = cookiesOf(await ask("boothlight_language=es; boothlight_look=dark"));
  expect(kept).toHaveLength(2);
  for (const cookie of kept) expect(cookie).toContain("Max-Age=31536000");
  expect(cookiesOf(await ask(""))).toEqual([]);
});

test("no page with a language stays in a cache", async () => {
  for (const path of ["/", "/sign-in", "/pair/nothing"]) {
    expect((await page("boothlight_language=de", path)).headers["cache-control"]).toBe("no-store");
  }
});
