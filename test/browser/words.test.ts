import type { Browser, BrowserContext, Page } from "playwright-core";
import { pairDevice } from "../../src/access/store";
import { type Booth, openBooth } from "../support/booth";
import { faultsOf, openBrowser, pairedContext, until } from "../support/browser";

/** Words that were typed a moment before something else happened: none of them may be lost, or become another's. */

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
  booth.setClock(Date.now());
  context = await pairedContext(browser, booth);
  faults = faultsOf(context);
  page = await openPage();
});
afterEach(async () => {
  await context.close();
  await booth.close();
  expect(faults).toEqual([]);
});

async function openPage(): Promise<Page> {
  const opened = await context.newPage();
  await opened.goto(`${booth.address}/capture`);
  await opened.locator("html.scripted").waitFor();
  return opened;
}
const tap = (on: Page, name: string) => on.locator("[data-targets]").getByRole("button", { name }).tap();
const visits = () => booth.db.read.selectFrom("visits").selectAll().orderBy("happened_at").execute();
const allSent = (on = page) => on.getByText("All on the laptop", { exact: true }).waitFor();
/** All notes that the laptop has: of the visit, and of what is kept beside it. */
async function notes(): Promise<string[]> {
  const beside = await booth.db.read.selectFrom("visit_conflicts").select("payload").execute();
  const all = [
    ...(await visits()).map((visit) => visit.note),
    ...beside.map((row) => JSON.parse(row.payload).note),
  ];
  return all.filter(Boolean).sort();
}
/** The organizer writes a note into a visit, on the laptop. */
async function noteOnTheLaptop(note: string): Promise<void> {
  const [visit] = await until(visits, (found) => found.length === 1);
  const organizer = await booth.organizer();
  const moment = new Date(visit!.happened_at).toLocaleString("sv-SE", { timeZone: "Europe/Brussels" });
  const time = moment.slice(0, 16).replace(" ", "T");
  await organizer
    .post(`/visits/${visit!.id}`)
    .type("form")
    .send({ revision: String(visit!.revision), category: "new", people: "1", time, note })
    .expect(303);
}

test("a visit stays whose it was, also when something is added to it before it is sent", async () => {
  await page.getByRole("button", { name: "This tablet" }).tap();
  await page.getByLabel("Somebody else uses it too").fill("Bea");
  const dialog = page.getByRole("dialog", { name: "This tablet" });
  await dialog.getByRole("button", { name: "Add" }).tap();
  await dialog.getByRole("button", { name: "Close" }).tap();
  await context.setOffline(true);
  await tap(page, "New");
  await page.getByLabel("Note").fill("said to Bea");
  await page.waitForTimeout(400);
  await context.setOffline(false);
  const [visit] = await until(visits, (found) => found[0]?.note === "said to Bea");
  expect(visit?.staff_name).toBe("Bea");
});

test("what waits stays whose it was when the tablet is paired for somebody else", async () => {
  await context.setOffline(true);
  await tap(page, "New");
  await page.getByText(/^1 waiting for the laptop/).waitFor();
  const { token } = await booth.db.write((writer) =>
    pairDevice(writer, { eventId: booth.eventId, boothId: null }, "Bea", Date.now()),
  );
  await context.addCookies([{ name: "boothlight_device", value: token, url: booth.address }]);
  await context.setOffline(false);
  await page.reload();
  const [visit] = await until(visits, (found) => found.length === 1);
  expect(visit?.staff_name).toBe("Ada");
});

test("words that were typed after a conflict are not taken away by choosing the older ones", async () => {
  await tap(page, "New");
  await until(visits, (found) => found.length === 1);
  await allSent();
  await noteOnTheLaptop("laptop");
  await page.getByLabel("Note").fill("tablet");
  await page.getByText("1 with two versions").waitFor();
  await context.setOffline(true);
  await page.getByLabel("Note").fill("tablet, later");
  await page.getByText(/^1 waiting for the laptop/).waitFor();
  await page.getByRole("button", { name: "Compare" }).tap();
  await page.getByRole("button", { name: "The one from here" }).tap();
  await page.waitForTimeout(300);
  await context.setOffline(false);
  await until(visits, (found) => found[0]?.note === "tablet");
  await page.waitForTimeout(1500);
  expect(await notes()).toContain("tablet, later");
  expect(await notes()).toContain("laptop");
});

test("a visit chosen from a list that was open too long does not overwrite what the laptop has by now", async () => {
  await tap(page, "New");
  await until(visits, (found) => found.length === 1);
  await allSent();
  await noteOnTheLaptop("laptop");
  await context.setOffline(true);
  await page.getByLabel("Note").fill("tablet");
  await page.getByText(/^1 waiting for the laptop/).waitFor();
  await page.getByRole("link", { name: "Last visits" }).tap();
  await context.setOffline(false);
  await page.getByText("1 with two versions").waitFor();
  await page.locator("[data-last-list] button").first().tap();
  // What there is by now is shown, to be chosen from again.
  await page.getByRole("dialog").getByText("laptop").waitFor();
  await page.locator("[data-last-list] button").first().tap();
  await page.getByLabel("Note").fill("tablet, once more");
  await until(notes, (found) => found.includes("tablet, once more"));
  // It was made from the organizer's words, which were seen.
  expect((await visits())[0]?.note).toBe("tablet, once more");
  expect(await notes()).toEqual(["tablet", "tablet, once more"]);
});

test("what one page types while the visit is sent from another is kept beside it", async () => {
  await tap(page, "New");
  await until(visits, (found) => found.length === 1);
  await allSent();
  const two = await openPage();
  await two.getByRole("link", { name: "Last visits" }).tap();
  await two.getByRole("dialog").getByRole("button", { name: /New$/ }).tap();
  await two.getByText("Contact", { exact: true }).tap();
  await two.getByLabel("E-mail").pressSequentially("ada@visitor.example");
  await page.evaluate(`(() => {
    const note = document.querySelector("[name=note]");
    note.value = "typed in the first";
    note.dispatchEvent(new Event("input", { bubbles: true }));
  })()`);
  await until(visits, (found) => found[0]?.note === "typed in the first");
  await two.waitForTimeout(4500);
  const mails = async () => {
    const contacts = await booth.db.read.selectFrom("contacts").select("email").execute();
    const beside = await booth.db.read.selectFrom("visit_conflicts").select("payload").execute();
    return [
      ...contacts.map((row) => row.email),
      ...beside.map((row) => JSON.parse(row.payload).contact?.email),
    ].filter(Boolean);
  };
  await until(mails, (found) => found.includes("ada@visitor.example"));
  expect(await notes()).toContain("typed in the first");
});

test("what is mended is what was typed last", async () => {
  await context.setOffline(true);
  await tap(page, "New");
  await page.getByText("Contact", { exact: true }).tap();
  await page.getByLabel("E-mail").fill("ada at example");
  await page.getByLabel("E-mail").blur();
  await page.getByText("1 to be mended").waitFor();
  await page.evaluate(`(() => {
    const mail = document.querySelector("[name='contact.email']");
    mail.value = "ada@visitor.example";
    mail.dispatchEvent(new Event("input", { bubbles: true }));
    document.querySelector("[data-mend]").click();
  })()`);
  await page.waitForTimeout(300);
  expect(await page.getByLabel("E-mail").inputValue()).toBe("ada@visitor.example");
  await context.setOffline(false);
  await allSent();
  const contacts = await booth.db.read.selectFrom("contacts").select("email").execute();
  expect(contacts).toEqual([{ email: "ada@visitor.example" }]);
});

test("an undo that is taken back brings back what was typed just before it", async () => {
  await tap(page, "New");
  await page.getByText("Contact", { exact: true }).tap();
  // On an iPad a tap on a button does not leave the field.
  await page.evaluate(`(() => {
    const mail = document.querySelector("[name='contact.email']");
    mail.value = "ada@visitor.example";
    mail.dispatchEvent(new Event("input", { bubbles: true }));
    document.querySelector("[data-undo]").click();
  })()`);
  await page.getByRole("button", { name: "Count it again" }).tap();
  await page.getByText("Counted again: New").waitFor();
  expect(await page.getByLabel("E-mail").inputValue()).toBe("ada@visitor.example");
});

test("an undo is taken back also where only its answer was lost", async () => {
  await tap(page, "New");
  await until(visits, (found) => found.length === 1);
  await allSent();
  await page.route("**/api/visits/*", async (route) => {
    await route.fetch();
    await route.abort();
  });
  await page.getByRole("button", { name: "Undo" }).tap();
  await until(visits, (found) => found[0]?.deleted_at !== null);
  await page.getByText(/^1 waiting for the laptop/).waitFor();
  await page.getByRole("button", { name: "Count it again" }).tap();
  await until(visits, (found) => found[0]?.deleted_at === null);
  await allSent();
  const waiting = booth.db.read.selectFrom("visit_conflicts").selectAll().where("resolved_at", "is", null);
  expect(await waiting.execute()).toEqual([]);
  expect(await page.getByLabel("Note").isVisible()).toBe(true);
});

test("a page that is left takes the last words to the disk", async () => {
  await context.setOffline(true);
  await tap(page, "New");
  await page.getByText("Logged: New").waitFor();
  await page.getByText("Contact", { exact: true }).tap();
  await page.getByLabel("E-mail").pressSequentially("ada@visitor.example");
  await context.setOffline(false);
  await page.goto(`${booth.address}/trust`);
  await page.goto(`${booth.address}/capture`);
  const contacts = () => booth.db.read.selectFrom("contacts").select("email").execute();
  expect(await until(contacts, (found) => found.length === 1)).toEqual([{ email: "ada@visitor.example" }]);
});

test("an undo that a hall's network refuses is not taken for done", async () => {
  await tap(page, "New");
  await until(visits, (found) => found.length === 1);
  await allSent();
  let tries = 0;
  await page.route("**/api/visits/*", async (route) => {
    tries += 1;
    if (tries === 1) await route.fulfill({ status: 403, contentType: "text/html", body: "Please log in" });
    else await route.continue();
  });
  await page.getByRole("button", { name: "Undo" }).tap();
  await until(visits, (found) => found[0]?.deleted_at !== null);
});

test("a page that holds visits in memory alone is not loaded anew for another language", async () => {
  await page.evaluate(`IDBObjectStore.prototype.put = () => {
    throw new DOMException("no space", "QuotaExceededError");
  }`);
  await context.route("**/api/visits*", (route) => route.abort());
  await tap(page, "New");
  await page.getByText(/NOT on the tablet's disk/).waitFor();
  await page.getByRole("button", { name: "This tablet" }).tap();
  const dialog = page.getByRole("dialog", { name: "This tablet" });
  await dialog.getByLabel("Deutsch").tap();
  await dialog.getByRole("button", { name: "Use these" }).tap();
  await page.waitForTimeout(1500);
  await context.unroute("**/api/visits*");
  await until(visits, (found) => found.length === 1);
});
