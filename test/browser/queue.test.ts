import type { Browser, BrowserContext, Page } from "playwright-core";
import { uuidv7 } from "uuidv7";
import { addExpert } from "../../src/experts/store";
import { questionById } from "../../src/questions/store";
import { complaintsAbout } from "../support/axe";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { faultsOf, LAPTOP, openBrowser, signIn, TABLET } from "../support/browser";
import { NOON } from "../support/databases";

const QUEUE = "/events/winter-camp/questions";
const TOPICS = ["storage", "networking", undefined];

let browser: Browser;
let booth: Booth;
let context: BrowserContext;
let page: Page;
let faults: string[];
let ids: string[];

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

beforeEach(async () => {
  booth = await openBooth();
  for (const [name, topic] of [
    ["Kai", "storage"],
    ["Lou", "networking"],
    ["Mae", "upgrade"],
  ] as const) {
    const fields = { name, kind: "person" as const, address: "", topics: [topic], hidden: false };
    await booth.db.write((writer) => addExpert(writer, fields as never, NOON));
  }
  const tablet = await booth.tablet("Ada");
  const visits = Array.from({ length: 60 }, (_, index) =>
    aVisit({
      happenedAt: new Date(NOON - (60 - index) * 60_000).toISOString(),
      questions: [{ id: uuidv7(), text: `Number ${index} of them?`, topic: TOPICS[index % 3] }],
    }),
  );
  await tablet.send(...visits);
  ids = visits.map((visit) => visit.questions?.[0]?.id as string);
  context = await browser.newContext(LAPTOP);
  faults = faultsOf(context);
  page = await context.newPage();
  await signIn(page, booth.address);
  await page.goto(booth.address + QUEUE);
});
afterEach(async () => {
  await context.close();
  await booth.close();
  expect(faults).toEqual([]);
});

const id = (index: number) => ids[index] as string;
const row = (index: number, on = page) => on.locator(`[data-question="${id(index)}"]`);
const standing = async (index: number) => {
  const { state, expert } = await questionById(booth.db.read, id(index));
  return expert ? `${state} ${expert}` : state;
};
const press = async (...keys: string[]) => {
  for (const key of keys) await page.keyboard.press(key);
};
const focused = () => page.evaluate('document.activeElement?.closest("[data-question]")?.dataset.question');
const isOn = (index: number) => row(index).locator("a:focus").waitFor();
const told = (words: string | RegExp) => page.getByText(words).first().waitFor();

test("questions are routed, one keystroke each, and the last one is taken back", async () => {
  await press("j", "e");
  await row(0).getByText("Routed to Kai").waitFor();
  await isOn(1);
  await press("e");
  await row(1).getByText("Routed to Lou").waitFor();
  // Somebody else is chosen.
  await isOn(2);
  await press("Shift+E");
  await page.getByRole("dialog", { name: "Who gets it?" }).waitFor();
  await press("m", "Enter");
  await row(2).getByText("Routed to Mae").waitFor();
  expect([await standing(0), await standing(1), await standing(2)]).toEqual([
    "routed Kai",
    "routed Lou",
    "routed Mae",
  ]);
  await press("u");
  await row(2).locator("[data-choose-for]").waitFor();
  expect(await standing(2)).toBe("open");
  // What is back can be routed again.
  await press("k", "k");
  expect(await focused()).toBe(id(1));
});

test("who knows the keys needs no mouse: help, search, answer, priority, opening", async () => {
  await press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  expect(await complaintsAbout(page)).toEqual([]);
  await press("Escape", "j", "j", "k");
  expect(await focused()).toBe(id(0));
  await press("ArrowDown");
  expect(await focused()).toBe(id(1));
  await press("p");
  await row(1).getByText("high priority").waitFor();
  await told("High priority.");
  expect((await questionById(booth.db.read, id(1))).priority).toBe("high");
  await press("a");
  await page.keyboard.type("Yes, jkx");
  expect(await complaintsAbout(page)).toEqual([]);
  await press("Control+Enter");
  await row(1).locator(".taken").getByText("Answered").waitFor();
  expect((await questionById(booth.db.read, id(1))).answer).toBe("Yes, jkx");
  await press("/");
  await page.keyboard.type("number 17");
  await press("Enter");
  await page.waitForURL(/search=number/);
  await press("j", "o");
  await page.waitForURL(new RegExp(`/questions/${id(17)}`));
  expect(await complaintsAbout(page)).toEqual([]);
  await page.getByRole("link", { name: "All questions" }).click();
  await isOn(17);
});

test("who could take a question is said of all of them, also of those far down", async () => {
  await page.locator("[data-unsure]").first().waitFor({ state: "detached" });
  expect(await row(45).locator(".first").getAttribute("value")).toBe("kai");
  expect(await row(46).locator(".reason").textContent()).toContain("Networking");
  expect(await row(46).locator(".first").textContent()).toContain("Route to Lou");
});

test("what is selected is worked on together, and taken back together", async () => {
  await press("j", "x", "j", "j", "Shift+X");
  await told("3 selected");
  expect(await complaintsAbout(page)).toEqual([]);
  await press("Shift+E");
  await page.getByRole("dialog").waitFor();
  await press("l", "Enter");
  await told("Routed to Lou: 3 questions.");
  expect([await standing(0), await standing(1), await standing(2)]).toEqual(Array(3).fill("routed Lou"));
  await press("u");
  await told("Taken back.");
  expect([await standing(0), await standing(1), await standing(2)]).toEqual(Array(3).fill("open"));
});

test("two that ask the same are put together", async () => {
  await press("j", "m", "j", "m");
  await row(1).getByText("Put together with another one").waitFor();
  expect((await questionById(booth.db.read, id(1))).merged_into).toBe(id(0));
  // The one that stands for both can be worked on at once.
  await press("e");
  await row(0).getByText("Routed to Kai").waitFor();
  expect(await standing(1)).toBe("routed Kai");
});

test("of two organizers at once, each sees what the other has done, and overwrites nothing", async () => {
  const second = await browser.newContext(LAPTOP);
  const other = await second.newPage();
  await signIn(other, booth.address);
  await other.goto(booth.address + QUEUE);
  await other.keyboard.press("j");
  await other.keyboard.press("a");
  await other.keyboard.type("My careful words");
  booth.setClock(NOON + 1000);
  await press("j", "e");
  await row(0).getByText("Routed to Kai").waitFor();
  // The other one was faster with a key than the page with the news: what was typed stays.
  await other.keyboard.press("Control+Enter");
  await other.getByText("This question was routed by somebody else a moment ago.").first().waitFor();
  expect(await row(0, other).getByRole("textbox").inputValue()).toBe("My careful words");
  await row(0, other).getByText("routed to Kai a moment ago").waitFor();
  await other.getByText("1 question changed").waitFor();
  expect(await complaintsAbout(other)).toEqual([]);
  await other.keyboard.press("Escape");
  await other.keyboard.press("e");
  await other.getByText("Nothing was done with one question").first().waitFor();
  expect(await standing(0)).toBe("routed Kai");
  await second.close();
});

test("a visitor's words are never a key, and the keys can be switched off", async () => {
  await press("/");
  await page.keyboard.type("jkeamxu?");
  expect(await page.getByRole("searchbox").inputValue()).toBe("jkeamxu?");
  await press("Escape", "?");
  await page.getByLabel("Keys of one letter").uncheck();
  await press("Escape", "j", "e");
  await page.reload();
  await press("j", "e");
  expect(await page.getByLabel("Keys of one letter").isChecked()).toBe(false);
  expect(await standing(0)).toBe("open");
});

test.each([
  ["a tablet", TABLET],
  ["a phone", { ...TABLET, viewport: { width: 390, height: 844 } }],
])("on %s many are selected and routed by touch", async (_what, device) => {
  const touched = await browser.newContext(device);
  const touch = await touched.newPage();
  await signIn(touch, booth.address);
  await touch.goto(booth.address + QUEUE);
  expect(await complaintsAbout(touch)).toEqual([]);
  await row(0, touch).locator(".pick").tap();
  await row(3, touch).locator(".pick").tap();
  await touch.getByText("2 selected").waitFor();
  expect(await complaintsAbout(touch)).toEqual([]);
  await touch.getByRole("button", { name: "Route as suggested" }).tap();
  await touch.getByText("Routed to Kai: 2 questions.").waitFor();
  expect([await standing(0), await standing(3)]).toEqual(["routed Kai", "routed Kai"]);
  await touched.close();
});

test("without script the same is done by plain forms", async () => {
  const plain = await browser.newContext({ ...LAPTOP, javaScriptEnabled: false });
  const sheet = await plain.newPage();
  await signIn(sheet, booth.address);
  await sheet.goto(booth.address + QUEUE);
  await row(0, sheet).getByRole("checkbox").check();
  await row(1, sheet).getByRole("checkbox").check();
  await sheet.getByRole("button", { name: "Route as suggested" }).click();
  await sheet.getByText("Done with 2 questions.").waitFor();
  expect([await standing(0), await standing(1)]).toEqual(["routed Kai", "routed Lou"]);
  await sheet.getByRole("button", { name: "Undo all 2" }).click();
  await sheet.getByText("Taken back for 2 questions.").waitFor();
  await row(3, sheet).getByRole("button", { name: "Route to Kai" }).click();
  await sheet.getByText("Routed to Kai:").waitFor();
  expect(await standing(0)).toBe("open");
  await plain.close();
});
