import type { Browser, BrowserContext, Page } from "playwright-core";
import { complaintsAbout } from "../support/axe";
import { type Booth, openBooth } from "../support/booth";
import { faultsOf, openBrowser, pairedContext } from "../support/browser";
import { NOON } from "../support/databases";

const DAY = 86_400_000;

let booth: Booth;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let faults: string[];
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  booth = await openBooth();
  context = await pairedContext(browser, booth);
  faults = faultsOf(context);
  page = await context.newPage();
  await page.goto(`${booth.address}/`);
  await page.locator("html.scripted").waitFor();
});
afterEach(async () => {
  await context.close();
  await booth.close();
  expect(faults).toEqual([]);
});

/** A visit that the laptop has not heard of when the event is over. */
async function logOutOfReach(): Promise<void> {
  await booth.goAway();
  await page.getByRole("button", { name: /^New/ }).click();
  await page.getByText(/^1 waiting for the laptop since/).waitFor();
}

test("a tablet that comes back days after its event delivers what waits, and says plainly that it is over", async () => {
  await logOutOfReach();
  booth.setClock(NOON + 10 * DAY);
  await booth.comeBack();
  // The page that was open leads there by itself; loading it again does the same.
  await page.goto(`${booth.address}/capture`);
  await page.getByRole("heading", { name: "Winter Camp is over. Thank you!" }).waitFor();
  await page.getByText("Nothing waits here: everything is on the laptop.").waitFor();
  expect(await booth.db.read.selectFrom("visits").select("category").execute()).toEqual([
    { category: "new" },
  ]);
  expect(await complaintsAbout(page)).toEqual([]);
  await page.getByRole("button", { name: "Unpair this tablet" }).click();
  await page.getByRole("heading", { name: "Booth staff" }).waitFor();
});

test("an open capture page notices that its event is over, and leads there when nobody is at it", async () => {
  booth.setClock(NOON + 10 * DAY);
  // It asks the laptop by itself every half minute.
  await page.getByRole("heading", { name: "Winter Camp is over. Thank you!" }).waitFor();
});

test("a month later what waits is saved as a rescue file, and only then taken off the tablet", async () => {
  await logOutOfReach();
  booth.setClock(NOON + 60 * DAY);
  await booth.comeBack();
  await page.goto(`${booth.address}/`);
  await page.getByText("the laptop takes nothing from it any more").waitFor();
  await page.getByText("1 visit still waits here.").waitFor();
  await page.getByRole("button", { name: "Unpair this tablet" }).click();
  await page
    .getByText("1 still waits here. Let it reach the laptop, or save the rescue file first.")
    .waitFor();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save rescue file" }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/^boothlight-rescue-winter-camp-/);
  await page.getByRole("button", { name: "Unpair this tablet" }).click();
  await page.getByRole("heading", { name: "Booth staff" }).waitFor();
  expect(await booth.db.read.selectFrom("visits").select("id").execute()).toEqual([]);
});
