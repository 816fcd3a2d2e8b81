import { readFileSync } from "node:fs";
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from "playwright-core";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import { codeInGroups, newCode } from "../../src/visits/slips/rules";
import { slipOf } from "../../src/visits/slips/store";
import { complaintsAbout } from "../support/axe";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { faultsOf, LAPTOP, openBrowser, signIn, TABLET, until } from "../support/browser";

const PHONE: BrowserContextOptions = {
  ...TABLET,
  viewport: { width: 390, height: 844 },
  colorScheme: "dark",
  locale: "en-GB",
};
const PUBLIC = "https://booth.example.org";
/** Millimetres in points, as PDF counts. */
const mm = (length: number) => (length * 72) / 25.4;

let browser: Browser;
let booth: Booth;
let tablet: Tablet;
const contexts: BrowserContext[] = [];
const faults: string[][] = [];

beforeAll(async () => {
  const wasm = readFileSync(require.resolve("zxing-wasm/reader/zxing_reader.wasm"));
  prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(wasm).buffer } });
  browser = await openBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  booth = await openBooth({ config: { publicUrl: PUBLIC } });
  booth.setClock(Date.now());
  // An event that takes questions today, also where midnight passes meanwhile.
  const day = (from: number) => new Date(Date.now() + from * 86_400_000).toISOString().slice(0, 10);
  await booth.db.write((writer) =>
    writer
      .updateTable("events")
      .set({ starts_on: day(-1), ends_on: day(1) })
      .execute(),
  );
  tablet = await booth.tablet("Ada");
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
  await booth.close();
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

/** What cameras read in a picture of the page. */
async function codesIn(picture: Buffer): Promise<string[]> {
  const found = await readBarcodes(new Uint8Array(picture), { formats: ["QRCode"], maxNumberOfSymbols: 20 });
  return found.map((code) => code.text);
}
const codeIn = async (place: Locator) => (await codesIn(await place.screenshot()))[0];
/** The code that a slip shows to people. */
const shownCode = async (place: Page | Locator) =>
  (await place.locator(".slip-code:not(.own-code)").innerText()).trim();

const target = (page: Page, name: string) => page.locator("[data-targets]").getByRole("button", { name });

test("from a visitor's own phone over the tablet to the answer under the code", async () => {
  const phone = await open(PHONE);
  await phone.goto(`${booth.address}/ask`);
  expect(await complaintsAbout(phone)).toEqual([]);
  await phone.getByLabel("Your question").fill("Can two brokers share one disk?");
  await phone.getByLabel("What it is about").selectOption("Storage");
  await phone.getByText("Have the answer sent to you").tap();
  await phone.getByLabel("Name").fill("Zoë Peeters");
  await phone.getByLabel("E-mail").fill("zoe@visitor.example");
  expect(await phone.getByLabel("to answer my question").isChecked()).toBe(false);
  await phone.getByLabel("to answer my question").check();
  expect(await complaintsAbout(phone)).toEqual([]);
  await phone.getByRole("button", { name: "Ask" }).tap();
  await phone.getByText("Your question has arrived").waitFor();
  expect(await complaintsAbout(phone)).toEqual([]);
  const code = await shownCode(phone);
  expect(await codeIn(phone.locator(".qr"))).toBe(`${PUBLIC}/s/${code}`);
  await phone.getByText("Somebody at the booth looks at it next.").waitFor();

  const staff = await open(TABLET, true);
  await staff.goto(`${booth.address}/capture`);
  await staff.getByRole("link", { name: "1 question from a visitor" }).tap();
  await staff.getByText("Can two brokers share one disk?").waitFor();
  expect(await complaintsAbout(staff)).toEqual([]);
  await staff.getByRole("button", { name: "Curious" }).tap();
  await staff.getByText("It counts now").waitFor();
  expect(await complaintsAbout(staff)).toEqual([]);

  await phone.goto(`${booth.address}/s/${code}`);
  await phone.getByText("It is waiting for somebody who knows the answer.").waitFor();

  const laptop = await open(LAPTOP);
  await signIn(laptop, booth.address);
  await laptop.goto(`${booth.address}/s/${code}`);
  await laptop.getByRole("link", { name: "The question" }).click();
  await laptop.getByLabel("Answer", { exact: true }).fill("Dear Zoë Peeters, **no**: each has its own.");
  await laptop.getByRole("button", { name: "Answered" }).click();
  const answered = () =>
    booth.db.read.selectFrom("questions").select("id").where("state", "=", "answered").execute();
  await until(answered, (found) => found.length === 1);

  await phone.reload();
  await phone.getByText("It is answered.").waitFor();
  expect((await phone.locator(".answer .markdown").innerText()).trim()).toBe("Dear …, no: each has its own.");
  expect(await complaintsAbout(phone)).toEqual([]);
  expect(await phone.content()).not.toContain("Zoë");
});

test("a code is typed as it was read out, and one wrong character is told", async () => {
  const question = { text: "How large can it get?", slip: newCode() };
  await tablet.send(aVisit({ questions: [question] }));
  const phone = await open(PHONE);
  await phone.goto(`${booth.address}/s`);
  expect(await complaintsAbout(phone)).toEqual([]);
  const field = phone.getByLabel("The code on your slip");
  const spoken = codeInGroups(question.slip).toLowerCase().replaceAll("-", " ");
  await field.fill((spoken.startsWith("2") ? "3" : "2") + spoken.slice(1));
  await phone.getByRole("button", { name: "Look" }).tap();
  await phone.getByText("One character is wrong").waitFor();
  expect(await complaintsAbout(phone)).toEqual([]);
  await field.fill(spoken);
  await phone.getByRole("button", { name: "Look" }).tap();
  await phone.getByText("It is waiting for somebody who knows the answer.").waitFor();
  await phone.goto(`${booth.address}/s/${newCode()}`);
  await phone.getByText("There is nothing under this code").waitFor();
  expect(await complaintsAbout(phone)).toEqual([]);
});

test("the tablet gives a slip while the laptop is out of reach, and it is good once the visit has arrived", async () => {
  const page = await open(TABLET, true);
  await page.goto(`${booth.address}/`);
  await page.locator("html.scripted").waitFor();
  await target(page, "New").tap();
  await page.getByLabel("Question 1", { exact: true }).fill("Does it run on ARM?");
  await page.waitForFunction(() =>
    performance.getEntriesByType("resource").some(({ name }) => /slip\.js/.test(name)),
  );
  await page.getByText("All on the laptop").waitFor();
  await booth.goAway();
  await page.getByRole("button", { name: "Give a slip" }).tap();
  const slip = page.getByRole("dialog", { name: "Slip for a question" });
  await slip.waitFor();
  const code = await shownCode(slip);
  expect(await codeIn(slip.locator(".qr"))).toBe(`${PUBLIC}/s/${code}`);
  expect(await complaintsAbout(page)).toEqual([]);
  await slip.getByRole("button", { name: "Close" }).tap();
  await page.getByRole("button", { name: `Slip ${code}` }).waitFor();
  await booth.comeBack();
  const bound = () => booth.db.read.selectFrom("slips").select(["code", "question_id"]).execute();
  const [kept] = await until(bound, (rows) => rows.length > 0);
  expect(codeInGroups(kept?.code ?? "")).toBe(code);
  await booth.nobody().get(`/s/${code}`).expect(200);
  // Shown once more, it is the same.
  await page.getByRole("button", { name: `Slip ${code}` }).tap();
  expect(await shownCode(slip)).toBe(code);
});

test("a tablet that starts without network shows slips as well", async () => {
  const page = await open(TABLET, true);
  await page.goto(`${booth.address}/capture`);
  await page.locator("html.scripted").waitFor();
  const kept = `(async () => {
    const all = [];
    for (const name of await caches.keys()) {
      for (const { url } of await (await caches.open(name)).keys()) all.push(url);
    }
    return all.some((url) => url.includes("/built/slip.js")) && all.some((url) => url.includes("/slips.css"));
  })()`;
  await until(
    () => page.evaluate(kept),
    (isKept) => isKept === true,
  );
  await booth.goAway();
  await page.reload();
  await page.locator("html.scripted").waitFor();
  await target(page, "Curious").tap();
  await page.getByLabel("Question 1", { exact: true }).fill("Is there a talk?");
  await page.getByRole("button", { name: "Give a slip" }).tap();
  const slip = page.getByRole("dialog", { name: "Slip for a question" });
  await slip.waitFor();
  expect(await codeIn(slip.locator(".qr"))).toBe(`${PUBLIC}/s/${await shownCode(slip)}`);
  await booth.comeBack();
});

test("a printed slip is typed on the tablet; one that another question has is exchanged before the visitor leaves", async () => {
  const taken = newCode();
  await tablet.send(aVisit({ questions: [{ text: "Whose is it?", slip: taken }] }));
  const page = await open(TABLET, true);
  await page.goto(`${booth.address}/`);
  await page.locator("html.scripted").waitFor();
  await target(page, "Existing user").tap();
  await page.getByRole("button", { name: "Give a slip" }).tap();
  await page.getByText("First the question, then its slip.").waitFor();
  await page.getByLabel("Question 1", { exact: true }).fill("Does it run on ARM?");
  await page.getByRole("button", { name: "Give a slip" }).tap();
  const printed = page.getByLabel("Or type the code of a printed slip");
  await printed.fill("KM4-7QX-RW92");
  await page.getByRole("button", { name: "Use this code" }).tap();
  await page.getByText("One character may be wrong").waitFor();
  await printed.fill(codeInGroups(taken).toLowerCase());
  await page.getByRole("button", { name: "Use this code" }).tap();
  await page.getByText("This code belongs to another question.").waitFor();
  const question = await booth.db.read
    .selectFrom("questions")
    .select("id")
    .where("text", "=", "Does it run on ARM?")
    .executeTakeFirstOrThrow();
  const given = codeInGroups((await slipOf(booth.db.read, question.id)) as string);
  expect(given).not.toBe(codeInGroups(taken));
  await page.getByRole("button", { name: `Slip ${given}` }).waitFor();
  await page.getByText(`The new slip is ${given}`).waitFor();
});

describe("on paper", () => {
  const slips = Array.from({ length: 11 }, () => newCode());

  /** The sizes of the pages, in points. */
  const sizesOf = (pdf: Buffer) =>
    [...pdf.toString("latin1").matchAll(/\/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]/g)].map((box) =>
      box.slice(1).map(Number),
    );

  test.each([
    ["a4", 2, mm(210), mm(297)],
    ["label", 11, mm(62), mm(29)],
  ])("%s: the pages have its size, and every code on them is read", async (paper, pages, width, height) => {
    const long = "An event with a name that is far longer than anybody would want to print it";
    await booth.db.write((writer) => writer.updateTable("events").set({ name: long }).execute());
    await tablet.send(...slips.map((slip) => aVisit({ questions: [{ text: "How?", slip }] })));
    const laptop = await open(LAPTOP);
    await signIn(laptop, booth.address);
    const query = `paper=${paper}&language=de&codes=${slips.join(".")}`;
    await laptop.goto(`${booth.address}/events/winter-camp/slips/sheet?${query}`);
    const sizes = sizesOf(await laptop.pdf({ preferCSSPageSize: true }));
    expect(sizes).toHaveLength(pages);
    for (const size of sizes) {
      expect(Math.abs((size[0] as number) - width)).toBeLessThan(1);
      expect(Math.abs((size[1] as number) - height)).toBeLessThan(1);
    }
    const read: string[] = [];
    for (const sheet of await laptop.locator(".paper").all())
      read.push(...(await codesIn(await sheet.screenshot())));
    expect(read.sort()).toEqual(slips.map((code) => `${PUBLIC}/s/${codeInGroups(code)}`).sort());
    // Nothing runs over the edge of its slip, however long the name.
    const over = await laptop.evaluate(`[...document.querySelectorAll(".printed")].filter((slip) => {
      const words = slip.querySelector(".words");
      const [inner, outer] = [words.getBoundingClientRect(), slip.getBoundingClientRect()];
      return inner.top < outer.top || inner.bottom > outer.bottom || words.scrollWidth > words.clientWidth + 1;
    }).length`);
    expect(over).toBe(0);
  });
});
