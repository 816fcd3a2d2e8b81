import { createApp } from "../../src/app";
import { DEVICE_COOKIE } from "../../src/http/cookies";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";

let booth: Booth;
let tablet: Tablet;
beforeEach(async () => {
  booth = await openBooth();
  tablet = await booth.tablet("Grace");
});
afterEach(() => booth.close());

const get = (address: string, cookies = "") =>
  booth.nobody().get(address).set("Cookie", `${DEVICE_COOKIE}=${tablet.token};${cookies}`);
const shell = async (cookies?: string) => (await get("/capture/shell", cookies).expect(200)).text;
const fingerprint = async (cookies?: string) => (await get("/api/today", cookies).expect(200)).body.shell;

/** The values of an attribute, wherever a page has it. */
const every = (attribute: string, page: string) =>
  [...page.matchAll(new RegExp(` ${attribute}="([^"]*)"`, "g"))].map(([, value]) => value as string);

describe("the page that a tablet keeps", () => {
  test("has the event's lists, and offers what the page of the moment offers", async () => {
    await booth.db.write((writer) =>
      writer.updateTable("topics").set({ hidden: 1 }).where("slug", "=", "upgrade").execute(),
    );
    const [kept, current] = [await shell(), (await get("/capture").expect(200)).text];
    expect(kept).toContain("Winter Camp");
    expect(every("value", kept)).toEqual(expect.arrayContaining(["lantern", "vmware", "storage", "t-shirt"]));
    expect(every("value", kept)).not.toContain("upgrade");
    const offered = (page: string) =>
      page.split("data-details")[1]?.match(/<label class="chip">.*?<\/label>/g);
    expect(offered(kept)?.length).toBeGreaterThan(10);
    expect(offered(kept)).toEqual(offered(current));
  });

  test("has nothing of a person: no name, no visit, no count, no token", async () => {
    const visit = aVisit({
      note: "Runs forty hosts in Ghent",
      contact: { name: "Zoë Peeters", email: "zoe@visitor.example", consent: ["follow-up"] },
      questions: [{ text: "How large can it get?", topic: "storage" }],
    });
    await tablet.send(visit, ...Array.from({ length: 41 }, () => aVisit()));
    const current = (await get(`/capture?visit=${visit.id}`).expect(200)).text;
    const words = [
      "Grace",
      "Zoë Peeters",
      "zoe@visitor.example",
      "forty hosts",
      "How large can",
      visit.id,
      ">42<",
    ];
    const foundIn = (page: string) => words.filter((each) => page.includes(each));
    expect(foundIn(current)).toEqual(words);
    const kept = (await get(`/capture/shell?visit=${visit.id}&said=logged`).expect(200)).text;
    expect(foundIn(kept)).toEqual([]);
    expect(kept).not.toContain(tablet.token);
    expect(kept).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/);
  });

  test("is for staff alone", async () => {
    await booth.nobody().get("/capture/shell").expect(401);
    const organizer = await booth.organizer();
    const kept = (await organizer.get("/capture/shell?event=winter-camp").expect(200)).text;
    expect(every("data-query", kept)).toEqual(["?event=winter-camp"]);
  });
});

describe("a tablet hears of another page", () => {
  const current = async (cookies?: string) => every("data-fingerprint", await shell(cookies))[0];

  test("and gets the same word from both, until something of it changes", async () => {
    const before = await fingerprint();
    expect(before).toMatch(/^[0-9a-f]{16}$/);
    expect(await current()).toBe(before);
    expect(every("data-fingerprint", (await get("/").expect(200)).text)).toEqual([before]);
    await tablet.send(aVisit());
    booth.setClock(booth.deps.now() + 3_600_000);
    expect(await fingerprint()).toBe(before);
    expect(await current()).toBe(before);
  });

  test("when the organizer changes a list", async () => {
    const before = await fingerprint();
    await booth.db.write((writer) =>
      writer.updateTable("topics").set({ name: "Disks" }).where("slug", "=", "storage").execute(),
    );
    const after = await fingerprint();
    expect(after).not.toBe(before);
    expect(await current()).toBe(after);
  });

  test.each(["boothlight_language=ja", "boothlight_look=contrast"])("when it chose %s", async (cookie) => {
    expect(await fingerprint(cookie)).not.toBe(await fingerprint());
    expect(await current(cookie)).toBe(await fingerprint(cookie));
  });

  test("when the laptop runs another version", async () => {
    const before = await fingerprint();
    const next = createApp(booth.deps);
    next.locals.build = "another";
    booth.server.removeAllListeners("request").on("request", next);
    expect(await fingerprint()).not.toBe(before);
    expect(every("data-build", await shell())).toEqual(["another"]);
  });
});

describe("what starts the page without network", () => {
  test("is a script that is looked at anew each time, and another one with each build", async () => {
    const answer = await booth.nobody().get("/service-worker.js").expect(200);
    expect(answer.get("Content-Type")).toContain("text/javascript");
    expect(answer.get("Cache-Control")).toBe("no-store");
    expect(answer.text).toContain(`"build":"${every("data-build", await shell())[0]}"`);
  });

  test("it keeps what draws slips and what reads badges, as the page asks for them", async () => {
    const page = await shell();
    const { text } = await booth.nobody().get("/service-worker.js").expect(200);
    const asked = ["slip", "slip-styles", "scanner", "scanner-worker", "scanner-wasm", "scanner-styles"];
    for (const name of asked) expect(text).toContain(`"${every(`data-${name}`, page)[0]}"`);
  });

  test("every file that the page names is there, for good", async () => {
    const kept = await shell();
    const files = [...every("href", kept), ...every("src", kept)].filter((file) =>
      file.startsWith("/assets/"),
    );
    expect(files.join(" ")).toMatch(/tokens\.css.*base\.css.*capture\.css.*capture\.js/);
    for (const file of files) {
      const answer = await booth.nobody().get(file).expect(200);
      expect(answer.get("Cache-Control")).toContain("immutable");
    }
  });

  test("the manifest leads to the capture page, with icons of the sizes that it says", async () => {
    expect(every("href", await shell())).toContain("/manifest.webmanifest");
    expect(every("href", (await booth.nobody().get("/sign-in")).text)).not.toContain("/manifest.webmanifest");
    const { body, headers } = await booth.nobody().get("/manifest.webmanifest").expect(200);
    expect(headers["content-type"]).toContain("application/manifest+json");
    expect(body).toMatchObject({ start_url: "/capture", scope: "/capture", display: "standalone" });
    const pictures = body.icons.filter((icon: { type: string }) => icon.type === "image/png");
    expect(pictures.map((icon: { purpose: string }) => icon.purpose)).toEqual(["any", "any", "maskable"]);
    for (const { src, sizes } of pictures) {
      const { body: picture } = await booth.nobody().get(src).buffer(true).expect(200);
      // Where a PNG says how wide and how high it is.
      expect(`${picture.readUInt32BE(16)}x${picture.readUInt32BE(20)}`).toBe(sizes);
    }
  });
});
