import { aVisit, type Booth, openBooth, PASSPHRASE, type Tablet } from "../support/booth";
import { contentOf } from "../support/catalogue";

let booth: Booth;
afterEach(() => booth.close());

describe("a write", () => {
  let tablet: Tablet;
  beforeEach(async () => {
    booth = await openBooth();
    tablet = await booth.tablet();
  });

  const write = (headers: Record<string, string>) =>
    booth
      .nobody()
      .post("/api/visits")
      .set("Cookie", `boothlight_device=${tablet.token}`)
      .set(headers)
      .send({ visits: [aVisit()] });

  test.each<Record<string, string>>([
    { Origin: "https://evil.example" },
    { Origin: "http://127.0.0.1.evil.example" },
    { Origin: "http://127.0.0.1:1" },
    { Origin: "null" },
    { Origin: "no address at all" },
    { "Sec-Fetch-Site": "cross-site" },
    { "Sec-Fetch-Site": "same-site" },
    { Origin: "https://evil.example", "Sec-Fetch-Site": "same-origin" },
  ])("from another site is refused and changes nothing: %j", async (headers) => {
    const before = await contentOf(booth.db);
    const refused = await write(headers).expect(403);
    expect(refused.body.message).toBe("This came from another site, so nothing was changed.");
    expect(await contentOf(booth.db)).toEqual(before);
  });

  test("of the page itself is taken, and so is one of a program that names no site", async () => {
    await write({ Origin: booth.address, Host: new URL(booth.address).host }).expect(200);
    await write({ "Sec-Fetch-Site": "same-origin" }).expect(200);
    await write({ "Sec-Fetch-Site": "none" }).expect(200);
    await write({}).expect(200);
    expect(await booth.db.read.selectFrom("visits").select("id").execute()).toHaveLength(4);
  });

  test.each(["post", "put", "patch", "delete"] as const)(
    "is refused whatever its method: %s",
    async (method) => {
      const refused = await booth.nobody()[method]("/session/end").set("Origin", "https://evil.example");
      expect(refused.status).toBe(403);
    },
  );

  test("from another site does not even sign in", async () => {
    const refused = await booth
      .nobody()
      .post("/session")
      .set("Origin", "https://evil.example")
      .type("form")
      .send({ passphrase: PASSPHRASE });
    expect(refused.status).toBe(403);
    expect(refused.get("Set-Cookie")).toBeUndefined();
  });

  test("is what counts: a link on another site may lead to a page", async () => {
    await booth.nobody().get("/").set("Origin", "https://evil.example").expect(200);
  });
});

test("behind a proxy that changes the host, the address of PUBLIC_URL is our own", async () => {
  booth = await openBooth({ config: { publicUrl: "https://booth.example.org" } });
  const signIn = (origin: string) =>
    booth.nobody().post("/session").set("Origin", origin).type("form").send({ passphrase: PASSPHRASE });
  await signIn("https://booth.example.org").expect(303);
  await signIn("http://booth.example.org").expect(403);
  await signIn("https://booth.example.org.evil.example").expect(403);
});

test("no other site is ever invited to read", async () => {
  booth = await openBooth();
  for (const method of ["get", "options"] as const) {
    const answer = await booth.nobody()[method]("/api/visits").set("Origin", "https://evil.example");
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  }
});
