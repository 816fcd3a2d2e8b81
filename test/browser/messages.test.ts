import type { Browser } from "playwright-core";
import { addAnswerer, ask, messagesOf, step } from "../support/asking";
import { type Booth, openBooth } from "../support/booth";
import { faultsOf, LAPTOP, openBrowser, signIn } from "../support/browser";

let browser: Browser;
let booth: Booth;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  booth = await openBooth();
});
afterEach(() => booth.close());

const forum = { kind: "forum", name: "The forum", address: "https://forum.example/new", reached_by: "hand" };

test("the organizer puts a text right, copies it, and keeps that it was posted", async () => {
  const expertId = await addAnswerer(booth, forum);
  await step(booth, await ask(booth, "Which disk? Ask jane@other.example"), "routed", { expertId });
  const context = await browser.newContext(LAPTOP);
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: booth.address });
  const faults = faultsOf(context);
  const page = await context.newPage();
  await signIn(page, booth.address);
  await page.getByRole("link", { name: "Messages 1 to look at" }).click();
  const [row, what] = await Promise.all([
    page.locator(".messages > li").boundingBox(),
    page.locator(".messages > li > .what").boundingBox(),
  ]);
  expect(what?.width).toBeGreaterThan((row?.width ?? 0) / 2);
  await page.getByRole("link", { name: "A question for The forum" }).click();
  expect(await page.locator("mark[data-is=maybe]").allTextContents()).toEqual(["jane@other.example"]);
  const text = page.getByLabel("The text", { exact: true }).and(page.locator("textarea"));
  await text.fill("Which disk?");
  await page.getByRole("button", { name: "Copy the text" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  expect(await page.evaluate("navigator.clipboard.readText()")).toBe("Which disk?");
  await page.getByRole("button", { name: "I have posted it" }).click();
  await page.getByText("Delivered at 12:00.").waitFor();
  expect((await messagesOf(booth))[0]).toMatchObject({ state: "delivered" });
  // Nothing asks for a look any more.
  expect(await page.getByRole("link", { name: "Messages", exact: true }).count()).toBe(1);
  expect(faults).toEqual([]);
  await context.close();
});

test("without script the same goes, but for copying", async () => {
  const expertId = await addAnswerer(booth, {
    ...forum,
    kind: "mailing-list",
    address: "list@lists.example",
  });
  await step(booth, await ask(booth), "routed", { expertId });
  const context = await browser.newContext({ ...LAPTOP, javaScriptEnabled: false });
  const page = await context.newPage();
  await signIn(page, booth.address);
  const [message] = await messagesOf(booth);
  await page.goto(`${booth.address}/messages/${message?.id}`);
  expect(await page.getByRole("button", { name: "Copy the text" }).isVisible()).toBe(false);
  await page.getByRole("button", { name: "Cancel the message" }).click();
  await page.getByText("Cancelled.", { exact: true }).waitFor();
  expect((await messagesOf(booth))[0]).toMatchObject({ state: "cancelled" });
  await context.close();
});
