import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { addExpert, expertById, listExperts } from "../../src/experts/store";
import { complaintsAbout } from "../support/axe";
import { type Booth, openBooth } from "../support/booth";
import { faultsOf, LAPTOP, openBrowser, signIn } from "../support/browser";
import { NOON } from "../support/databases";

let browser: Browser;
let booth: Booth;
let page: Page;
let faults: string[];

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  booth = await openBooth();
});
afterEach(async () => {
  await page.context().close();
  await booth.close();
});

async function open(options: BrowserContextOptions = LAPTOP): Promise<void> {
  const context = await browser.newContext(options);
  faults = faultsOf(context);
  page = await context.newPage();
  await signIn(page, booth.address);
}
const box = (name: string) => page.getByRole("checkbox", { name });
const save = () => page.getByRole("button", { name: "Save", exact: true }).last().click();
const expert = (given: object = {}) =>
  booth.db.write((writer) =>
    addExpert(
      writer,
      { name: "Kai", kind: "person", address: "kai@example.org", topics: ["storage"], ...given },
      NOON,
    ),
  );

test("an expert is added: what is asked for follows what was chosen, topics stand in their order", async () => {
  await open();
  await page.goto(`${booth.address}/experts/new`);
  await page.getByRole("textbox", { name: "Name" }).fill("Lantern chat");
  expect(await page.getByLabel("Webhook", { exact: true }).isVisible()).toBe(false);
  await page.getByRole("radio", { name: "Chat" }).check();
  await page.getByText("The address of its page").waitFor();
  await page.getByLabel("Address").fill("https://chat.example.org");
  await page.getByRole("radio", { name: "By webhook" }).check();
  await page.getByLabel("Webhook", { exact: true }).fill("https://chat.example.org/hooks/x");
  for (const name of ["Networking", "Storage", "Upgrade"]) await box(name).click();
  await page.getByRole("button", { name: "Upgrade: one place up" }).click();
  await page.getByRole("button", { name: "Upgrade: one place up" }).click();
  await box("Storage").uncheck();
  await page.getByText("More languages").click();
  await box("Swahili Kiswahili").check();
  expect(await complaintsAbout(page)).toEqual([]);
  await save();
  await page.getByText("Lantern chat is saved.").waitFor();
  expect(await listExperts(booth.db.read)).toMatchObject([
    { name: "Lantern chat", topics: ["upgrade", "networking"], languages: ["sw"], reached_by: "webhook" },
  ]);
  expect(faults).toEqual([]);
});

test("the Enter key saves, and puts no topic further up", async () => {
  await open();
  const id = await expert({ topics: ["storage", "upgrade"] });
  await page.goto(`${booth.address}/experts/${id}`);
  await page.getByLabel("Questions a week").fill("4");
  await page.getByLabel("Questions a week").press("Enter");
  await page.getByText("Kai is saved.").waitFor();
  expect(await expertById(booth.db.read, id)).toMatchObject({ weekly: 4, topics: ["storage", "upgrade"] });
});

test("of two who change an expert at once, the second one sees what differs and decides", async () => {
  await open({ ...LAPTOP, viewport: { width: 390, height: 844 } });
  const id = await expert();
  await page.goto(`${booth.address}/experts/${id}`);
  const other = await page.context().newPage();
  await other.goto(`${booth.address}/experts/${id}`);
  await other.getByLabel("Questions a week").fill("3");
  await other.getByRole("button", { name: "Save", exact: true }).last().click();
  await other.getByText("Kai is saved.").waitFor();

  await page.getByRole("textbox", { name: "Name" }).fill("Kai Berg");
  await save();
  const told = page.getByRole("alert");
  const rows = (await told.getByRole("row").allInnerTexts()).slice(1).map((row) => row.split("\n"));
  expect(rows).toEqual([
    ["Name", "Kai", "Kai Berg"],
    ["Questions a week", "3", "as many as come"],
  ]);
  expect(await complaintsAbout(page)).toEqual([]);
  await page.getByLabel("Questions a week").fill("3");
  await save();
  await page.getByText("Kai Berg is saved.").waitFor();
  expect(await expertById(booth.db.read, id)).toMatchObject({ name: "Kai Berg", weekly: 3 });
});

test("a private link is made, copied, renewed and revoked", async () => {
  await open();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const id = await expert();
  await page.goto(`${booth.address}/experts/${id}`);
  await page.getByRole("button", { name: "Make a link" }).click();
  const shown = () => page.getByRole("textbox", { name: "Private link" }).inputValue();
  const first = await shown();
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  expect(await page.evaluate("navigator.clipboard.readText()")).toBe(first);
  expect(await complaintsAbout(page)).toEqual([]);
  await page.getByRole("button", { name: "Renew" }).click();
  await page.getByText("This is the link now.").waitFor();
  expect(await shown()).not.toBe(first);
  await page.getByRole("button", { name: "Revoke" }).click();
  await page.getByText("They have no link: it was revoked.").waitFor();
  expect(faults).toEqual([]);
});

test("a file is looked at, brought in, and found in the list, on a phone too", async () => {
  await open({ ...LAPTOP, viewport: { width: 390, height: 844 } });
  await expert();
  await page.goto(`${booth.address}/experts/import`);
  const file = 'Name,Topics,Away until\nKai,"storage; upgrade",\nZoë,networking,2024-02-09\nBob,,someday\n';
  await page
    .getByLabel("CSV file")
    .setInputFiles({ name: "experts.csv", mimeType: "text/csv", buffer: Buffer.from(file) });
  await page.getByRole("button", { name: "Show" }).click();
  await page.getByText("Away until: This should be a day").waitFor();
  expect(await complaintsAbout(page)).toEqual([]);
  await page.getByRole("button", { name: "Bring in 2 experts" }).click();
  await page.getByText("From the file: 1 added, 1 changed.").waitFor();
  await page.getByText("away until 9 Feb", { exact: true }).waitFor();
  const gap = page.getByRole("region", { name: "Gaps" });
  expect((await gap.innerText()).replace(/\s+/g, " ")).toBe(
    "Nobody at the moment Networking Zoë is away until 9 Feb",
  );
  expect(await complaintsAbout(page)).toEqual([]);
});
