import { readFileSync } from "node:fs";
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from "playwright-core";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import { LANGUAGES } from "../../src/languages/say";
import { codeInGroups, newOwnCode } from "../../src/visits/slips/rules";
import { complaintsAbout } from "../support/axe";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { faultsOf, LAPTOP, openBrowser, signIn, TABLET, until } from "../support/browser";

const PUBLIC = "https://booth.example.org";
const PHONE: BrowserContextOptions = {
  ...TABLET,
  viewport: { width: 390, height: 844 },
  colorScheme: "dark",
  locale: "en-GB",
  // The page is for any phone: it does its job without script.
  javaScriptEnabled: false,
};

let browser: Browser;
let booth: Booth;
let tablet: Tablet;
const contexts: BrowserContext[] = [];
const faults: string[][] = [];

beforeAll(async () => {
  const wasm = readFileSync(require.resolve("zxing-wasm/reader/zxing_reader.wasm"));
  prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(wasm).buffer } });
  browser = await openBrowser();
  booth = await openBooth({ config: { publicUrl: PUBLIC } });
  booth.setClock(Date.now());
  const day = (from: number) => new Date(Date.now() + from * 86_400_000).toISOString().slice(0, 10);
  await booth.db.write((writer) =>
    writer
      .updateTable("events")
      .set({ starts_on: day(-1), ends_on: day(1) })
      .execute(),
  );
  tablet = await booth.tablet("Ada");
});
afterAll(async () => {
  await browser.close();
  await booth.close();
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
  expect(faults.splice(0).flat()).toEqual([]);
});

async function open(options: BrowserContextOptions, isPaired = false): Promise<Page> {
  const context = await browser.newContext(options);
  contexts.push(context);
  faults.push(faultsOf(context));
  if (isPaired) {
    await context.addCookies([{ name: "boothlight_device", value: tablet.token, url: booth.address }]);
  }
  return context.newPage();
}

async function codeIn(place: Locator): Promise<string | undefined> {
  const picture = new Uint8Array(await place.screenshot());
  return (await readBarcodes(picture, { formats: ["QRCode"] }))[0]?.text;
}

test("a visitor reads and ticks on the turned tablet while the laptop is away, and takes everything out on their phone", async () => {
  const page = await open(TABLET, true);
  await page.goto(`${booth.address}/`);
  await page.locator("html.scripted").waitFor();
  await page.locator("[data-targets]").getByRole("button", { name: "Curious" }).tap();
  await page.locator("details.contact summary").tap();
  const turn = page.getByRole("button", { name: "Let them read and tick" });
  await turn.tap();
  await page.getByText("First the details, then turn the tablet round.").waitFor();
  await page.getByLabel("Name", { exact: true }).fill("Zoë Peeters");
  await page.waitForFunction(() =>
    performance.getEntriesByType("resource").some(({ name }) => /slip\.js/.test(name)),
  );
  await page.getByText("All on the laptop").waitFor();
  await booth.goAway();
  await turn.tap();
  const theirs = page.locator("dialog.to-visitor");
  await theirs.getByText("Is this right?").waitFor();
  for (const box of await theirs.getByRole("checkbox").all()) expect(await box.isChecked()).toBe(false);
  await theirs.getByRole("button", { name: "Français" }).tap();
  await theirs.getByText("Zoë Peeters").waitFor();
  await theirs.getByText("pour répondre à mes questions").tap();
  // What was ticked in French stays French.
  await theirs.getByRole("button", { name: "Deutsch" }).tap();
  await theirs.getByText("um mir Neuigkeiten zum Projekt zu schicken").tap();
  await theirs.getByText("um mir Neuigkeiten zum Projekt zu schicken").tap();
  expect(await complaintsAbout(page)).toEqual([]);
  await theirs.getByRole("button", { name: "Fertig" }).tap();
  await theirs.getByText("Deine eigene Seite").waitFor();
  const code = (await theirs.locator(".slip-code").innerText()).trim();
  expect(await codeIn(theirs.locator(".qr"))).toBe(`${PUBLIC}/me/${code}`);
  expect(await complaintsAbout(page)).toEqual([]);
  await theirs.getByRole("button", { name: "Tablet zurückgeben" }).tap();
  expect(await page.getByLabel("to answer their questions").isChecked()).toBe(true);
  // Staff tick the other one, in the words of their own page.
  await page.getByLabel("to send news of the project").check();
  await booth.comeBack();

  const kept = () => booth.db.read.selectFrom("contact_consents").selectAll().orderBy("purpose").execute();
  expect(await until(kept, (rows) => rows.length === 2)).toMatchObject([
    {
      purpose: "follow-up",
      words: "J’accepte que vous utilisiez mes coordonnées: pour répondre à mes questions",
      language: "fr",
      given_by: "visitor",
    },
    {
      purpose: "news",
      words: "They agree that we use it: to send news of the project",
      language: "en",
      given_by: "staff",
    },
  ]);

  const phone = await open(PHONE);
  await phone.goto(`${booth.address}/me/${code}`);
  await phone.getByText("J’accepte que vous utilisiez mes coordonnées").waitFor();
  await phone.getByRole("button", { name: "To send you news of the project: Take back" }).tap();
  await phone.getByText("It is taken back.").waitFor();
  expect(await kept()).toHaveLength(1);
  await phone.getByText("Correct the details").tap();
  await phone.getByLabel("E-mail").fill("zoe@visitor.example");
  await phone.getByRole("button", { name: "Save" }).tap();
  await phone.getByText("Your details were changed.").waitFor();
  await phone.getByText("zoe@visitor.example").waitFor();
  const [download] = await Promise.all([
    phone.waitForEvent("download"),
    phone.getByRole("link", { name: "Everything on this page as a file" }).tap(),
  ]);
  expect(JSON.parse(readFileSync(await download.path(), "utf8"))).toMatchObject({
    details: { name: "Zoë Peeters", email: "zoe@visitor.example" },
  });
  await phone.getByRole("link", { name: "Take it out" }).tap();
  await phone.getByRole("link", { name: "No, leave it as it is" }).tap();
  await phone.getByRole("link", { name: "Take it out" }).tap();
  await phone.getByRole("button", { name: "Yes, take it out for good" }).tap();
  await phone.getByText("Nothing that says who you are is kept here any more.").waitFor();
  await phone.goto(`${booth.address}/me/${code}`);
  await phone.getByText("Nothing is kept under this code").waitFor();
  expect(await kept()).toEqual([]);
});

test("on a phone nothing runs over the edge in any language, and nothing is hidden from a screen reader", async () => {
  const code = newOwnCode();
  const long = "Wolfeschlegelsteinhausenbergerdorff-van-den-Berg-Papadopoulou";
  await tablet.send(
    aVisit({
      note: "A note that somebody took at the booth, of more than one line on any phone there is",
      topics: ["storage", "networking", "upgrade"],
      contact: {
        name: long,
        organization: `${long} und Söhne`,
        email: `${long.toLowerCase()}@a-very-long-domain-of-a-visitor.example`,
        consent: ["follow-up"],
        consentShown: { "follow-up": { words: "Acepto que uséis mis datos", language: "es", by: "staff" } },
        ownCode: code,
      },
      questions: [{ text: `What about ${long}?` }],
    }),
  );
  const phone = await open({ ...PHONE, javaScriptEnabled: true });
  const own = `/me/${codeInGroups(code)}`;
  const pages = [own, `${own}/erasure`, "/me", "/me?gone=yes", `/me/${newOwnCode()}`, "/privacy"];
  for (const language of Object.keys(LANGUAGES)) {
    await phone.context().addCookies([{ name: "boothlight_language", value: language, url: booth.address }]);
    for (const address of pages) {
      await phone.goto(booth.address + address);
      const over = await phone.evaluate("document.documentElement.scrollWidth - innerWidth");
      expect([language, address, over]).toEqual([language, address, 0]);
      if (language === "de") expect([address, await complaintsAbout(phone)]).toEqual([address, []]);
    }
  }
});

test.each([
  ["a4", 210, 297],
  ["letter", 215.9, 279.4],
  ["card", 148, 105],
])(
  "on %s every language of the notice has its page, and all of it is on it",
  async (paper, width, height) => {
    await booth.db.write(async (writer) => {
      const long = "An association with a name that is far longer than anybody would want to print it";
      await writer.deleteFrom("controllers").execute();
      await writer
        .insertInto("controllers")
        .values({
          event_id: booth.eventId,
          name: long,
          reach: "privacy@association.example\nHarbour Hall 5, 1000 Port Lumen",
          link: "https://association.example/what-we-do-with-your-details/privacy-policy",
        })
        .execute();
    });
    const laptop = await open(LAPTOP);
    await signIn(laptop, booth.address);
    const languages = Object.keys(LANGUAGES).map((code) => `language=${code}`);
    await laptop.goto(
      `${booth.address}/events/winter-camp/notice/sheet?paper=${paper}&${languages.join("&")}`,
    );
    const pdf = (await laptop.pdf({ preferCSSPageSize: true })).toString("latin1");
    const sizes = [...pdf.matchAll(/\/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]/g)].map((box) =>
      box.slice(1).map((points) => (Number(points) * 25.4) / 72),
    );
    expect(sizes).toHaveLength(languages.length);
    for (const [across = 0, down = 0] of sizes) {
      expect(Math.abs(across - width)).toBeLessThan(0.5);
      expect(Math.abs(down - height)).toBeLessThan(0.5);
    }
    const over = await laptop.evaluate(`[...document.querySelectorAll(".paper")].filter((sheet) => {
    const edge = sheet.getBoundingClientRect();
    return [...sheet.querySelectorAll("p, h2, h3, li, .qr")].some((part) => {
      const inner = part.getBoundingClientRect();
      return inner.bottom > edge.bottom - 8 || inner.right > edge.right - 8;
    });
  }).map((sheet) => sheet.lang)`);
    expect(over).toEqual([]);
    const first = laptop.locator(".paper").first();
    expect(await codeIn(first)).toBe(`${PUBLIC}/privacy?event=winter-camp`);
  },
);

test("the organizer's page of the notice says what is missing, at any width", async () => {
  await booth.db.write((writer) => writer.deleteFrom("controllers").execute());
  const laptop = await open(LAPTOP);
  await signIn(laptop, booth.address);
  await laptop.goto(`${booth.address}/events/winter-camp`);
  await laptop.getByRole("link", { name: "Privacy notice" }).click();
  await laptop.getByText("Nobody has said yet who is responsible.").waitFor();
  expect(await complaintsAbout(laptop)).toEqual([]);
  for (const width of [390, 820]) {
    await laptop.setViewportSize({ width, height: 900 });
    expect(await laptop.evaluate("document.documentElement.scrollWidth - innerWidth")).toBe(0);
  }
});
