import type { Browser, BrowserContext, Page } from "playwright-core";
import { complaintsAbout } from "../support/axe";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { faultsOf, LAPTOP, openBrowser, signIn } from "../support/browser";
import { NOON } from "../support/databases";

let browser: Browser;
let booth: Booth;
let context: BrowserContext;
let page: Page;
let faults: string[];

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  booth = await openBooth();
  await (await booth.tablet()).send(
    ...Array.from({ length: 24 }, (_, index) =>
      aVisit({
        category: (["existing", "curious", "new"] as const)[index % 3],
        happenedAt: new Date(NOON - index * 3_600_000).toISOString(),
        platform: index % 2 ? "vmware" : `Home-made ${"cloud".repeat(12)}`,
        project: index % 4 ? "lantern" : "wick",
        questions: index % 5 ? [] : [{ text: "Does it need a licence?", topic: "storage" }],
      }),
    ),
  );
  context = await browser.newContext(LAPTOP);
  faults = faultsOf(context);
  page = await context.newPage();
  await signIn(page, booth.address);
});
afterEach(async () => {
  await context.close();
  await booth.close();
  expect(faults).toEqual([]);
});

const address = () => `${booth.address}/events/winter-camp/write-up`;
const open = async (on = page) => {
  await on.goto(address());
  await on.locator("html.scripted").waitFor();
};
const text = (on = page) => on.getByLabel("Text", { exact: true });
const state = (words: string | RegExp, on = page) =>
  on.locator("[data-state]").filter({ hasText: words }).waitFor();
const cursorAt = (place: number) =>
  page.evaluate(`document.getElementById("text").setSelectionRange(${place}, ${place})`);
const kept = async () =>
  (await booth.db.read.selectFrom("write_ups").select("text").executeTakeFirst())?.text;

test("what is typed is saved by itself, figures are put in at the cursor, and the preview follows", async () => {
  await open();
  await text().fill("We had  talks.\n\nThe end.");
  await cursorAt(7);
  await page.getByRole("button", { name: "Put in: Conversations", exact: true }).click();
  expect(await text().inputValue()).toBe("We had [24](figure:visits) talks.\n\nThe end.");
  await page.getByText("Tables, lists and charts").click();
  await cursorAt(33);
  await page.getByRole("button", { name: "Put in: Chart: conversations by day" }).click();
  await state(/^Saved /);
  const put =
    "We had [24](figure:visits) talks.\n\n[Chart: conversations by day](block:chart-days)\n\nThe end.";
  expect(await text().inputValue()).toBe(put);
  expect(await kept()).toBe(put);
  const preview = page.locator("[data-preview]");
  await preview.getByText("We had 24 talks.").waitFor();
  await preview.getByRole("img", { name: "Conversations by day" }).waitFor();
  // The browser's own undo takes it back.
  await text().press("Control+z");
  expect(await text().inputValue()).toBe("We had [24](figure:visits) talks.\n\nThe end.");
  await page.getByText("Title, author, date, tags, categories").click();
  await page.getByLabel("Title").fill("");
  await state(/^Not saved.*title/i);
  expect(await page.getByLabel("Title").getAttribute("aria-invalid")).toBe("true");
  await page.getByLabel("Title").fill("What we heard");
  await state(/^Saved /);
  await preview.locator("xpath=..").getByText("What we heard").waitFor();
  expect(await complaintsAbout(page)).toEqual([]);
});

test("while the laptop is away what is typed stays in the browser, and reaches it afterwards, also after a reload", async () => {
  await open();
  await text().fill("First");
  await state(/^Saved /);
  await booth.goAway();
  await text().fill("First, and typed while it was away");
  await state("The laptop is away.");
  await booth.comeBack();
  await open();
  await page.getByText("What you typed here last did not reach the laptop").waitFor();
  expect(await text().inputValue()).toBe("First, and typed while it was away");
  await state(/^Saved /);
  expect(await kept()).toBe("First, and typed while it was away");
  await open();
  expect(await page.getByText("What you typed here last").isVisible()).toBe(false);
});

test("two windows: the second one is told, sees both texts, and decides; then it is published as it stands", async () => {
  const other = await context.newPage();
  await open();
  await open(other);
  await text().fill("Of the first window");
  await state(/^Saved /);
  await text(other).fill("Of the second window, [0](figure:visits)");
  await state(
    "Another text was saved in the meantime, in another window. Yours is kept in this browser.",
    other,
  );
  await other.getByRole("button", { name: "Save" }).click();
  await other.getByRole("alert").getByText("The other text", { exact: true }).click();
  expect(await other.getByLabel("The text of the other window").inputValue()).toBe("Of the first window");
  expect(await complaintsAbout(other)).toEqual([]);
  expect(await kept()).toBe("Of the first window");
  await other.getByRole("button", { name: "Save" }).click();
  await other.getByText("Earlier texts").waitFor();
  await state(/^Saved /, other);
  expect(await kept()).toBe("Of the second window, [0](figure:visits)");

  await text(other).press("Control+End");
  await text(other).pressSequentially(" talks");
  await other.getByRole("button", { name: "This is published" }).click();
  await state(/^Published /, other);
  await (await booth.tablet()).send(aVisit());
  await other.reload();
  await other.getByText("One thing has changed since it was published").waitFor();
  expect(await other.locator(".changes").innerText()).toMatch(/Conversations\s+was 24\s+is 25/);
  expect(await complaintsAbout(other)).toEqual([]);
  await other.getByRole("button", { name: "Take the new figures in" }).click();
  await other.getByText("Of the second window, 25 talks").waitFor();
});

test.each([
  ["phone", 390, "light"],
  ["tablet", 820, "dark"],
  ["laptop", 1366, "dark"],
] as const)("the page is fit for everybody on a %s", async (_what, width, colorScheme) => {
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ colorScheme });
  await open();
  await page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true");
  expect(await complaintsAbout(page)).toEqual([]);
});
