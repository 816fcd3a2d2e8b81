import { readFileSync } from "node:fs";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type Booth, openBooth } from "../support/booth";
import { faultsOf, LAPTOP, openBrowser, signIn, TABLET, until } from "../support/browser";

let browser: Browser;
let booth: Booth;
let laptopContext: BrowserContext;
let tabletContext: BrowserContext;
let laptop: Page;
let tablet: Page;
const faults: string[][] = [];

beforeAll(async () => {
  browser = await openBrowser();
  booth = await openBooth();
  booth.setClock(Date.now());
  laptopContext = await browser.newContext(LAPTOP);
  tabletContext = await browser.newContext(TABLET);
  for (const context of [laptopContext, tabletContext]) {
    faults.push(faultsOf(context));
  }
  laptop = await laptopContext.newPage();
  tablet = await tabletContext.newPage();
});
afterAll(async () => {
  await browser.close();
  await booth.close();
});

/** Today where the event is, as the form takes it. */
function day(offset = 0): string {
  return new Date(Date.now() + offset * 86_400_000).toLocaleDateString("sv-SE", {
    timeZone: "Europe/Brussels",
  });
}

test("a day at the booth, end to end", async () => {
  // The organizer signs in and sets up an event.
  await signIn(laptop, booth.address);
  await laptop.getByRole("link", { name: "Events" }).click();
  await laptop.getByRole("link", { name: "New event" }).click();
  await laptop.getByLabel("Name", { exact: true }).fill("Open Days Ghent");
  await laptop.getByLabel("Venue", { exact: true }).fill("Old hospital, Ghent");
  await laptop.getByLabel("First day").fill(day());
  await laptop.getByLabel("Last day").fill(day(1));
  await laptop.getByLabel("Time zone of the venue").fill("Europe/Brussels");
  await laptop.getByLabel("Projects that are shown").fill("Lantern\nWick");
  await laptop.getByRole("button", { name: "Set up the event" }).click();
  await laptop.waitForURL("**/events/open-days-ghent*");

  // An expert who takes questions on a topic of the event.
  await laptop.getByRole("link", { name: "Experts" }).click();
  await laptop.getByRole("link", { name: "Add an expert" }).first().click();
  await laptop.getByLabel("Name", { exact: true }).fill("Storage team");
  await laptop.getByLabel("Person", { exact: true }).check();
  await laptop.getByLabel("Address", { exact: true }).fill("storage@example.org");
  await laptop.locator("main button.primary").click();
  await laptop.getByText("Storage team").first().waitFor();

  // A tablet is paired: it opens the address that the QR code holds, and presses the button.
  await laptop.goto(`${booth.address}/pair?event=open-days-ghent`);
  const shown = await laptop.locator("[data-pairing-address]").getAttribute("href");
  await tablet.goto(booth.address + new URL(shown as string).pathname);
  await tablet.getByLabel("Who uses it?").fill("Grace");
  await tablet.getByRole("button", { name: "Pair" }).tap();
  await tablet.getByRole("button", { name: "Curious" }).waitFor();
  await laptop.getByText("Paired: Grace").waitFor();

  // Three visits, one with a question and a contact.
  await tablet.getByRole("button", { name: "Existing user" }).tap();
  await tablet.getByText("Logged: Existing user").waitFor();
  await tablet.getByRole("button", { name: "New", exact: true }).tap();
  await tablet.getByText("Logged: New").waitFor();
  await tablet.getByRole("button", { name: "Curious" }).tap();
  await tablet.getByText("Logged: Curious").waitFor();
  await tablet.getByLabel("Wick", { exact: true }).tap();
  await tablet
    .getByLabel("Question 1", { exact: true })
    .fill("=SUM of disks: how many, for “thin” pools?\nAnd NFS?");
  await tablet.getByText("Contact", { exact: true }).tap();
  await tablet.getByLabel("Name", { exact: true }).fill("Zoë Müller-Łuczak");
  await tablet.getByLabel("Phone").fill("0049123456");
  await tablet.getByLabel("to answer their questions").tap();
  await tablet.getByLabel("to answer their questions").blur();
  await until(
    () => booth.db.read.selectFrom("contact_consents").select("purpose").execute(),
    (found) => found.length > 0,
  );

  // The organizer routes the question by hand.
  await laptop.goto(`${booth.address}/events/open-days-ghent/questions`);
  await laptop.getByText("And NFS?").first().waitFor();
  await laptop.getByRole("link", { name: "And NFS?" }).click();
  await laptop.getByLabel("Route to").selectOption({ label: "Storage team" });
  await laptop.getByRole("button", { name: "Route", exact: true }).click();
  await laptop.getByText("Routed to Storage team").first().waitFor();
  const question = await booth.db.read.selectFrom("questions").selectAll().executeTakeFirstOrThrow();
  expect(question.state).toBe("routed");

  // The list to take home has all of it, and a spreadsheet leaves it alone.
  await laptop.goto(`${booth.address}/events/open-days-ghent/report`);
  const download = laptop.waitForEvent("download");
  await laptop.evaluate(`location.href = "/exports/follow-ups.csv?event=open-days-ghent"`);
  const csv = readFileSync(await (await download).path(), "utf8");
  expect(csv).toContain("Zoë Müller-Łuczak");
  expect(csv).toContain("0049123456");
  expect(csv).toContain("Storage team");
  expect(csv).not.toMatch(/(^|,)"?=SUM/m);

  // The report shows the day, and its figures are those of the page.
  await laptop.getByRole("heading", { name: "Open Days Ghent" }).waitFor();
  await laptop
    .getByText(/3 conversations with 3 people/)
    .first()
    .waitFor();
  const figures = await laptop.evaluate(
    `fetch("/events/open-days-ghent/report.json").then((answer) => answer.json())`,
  );
  expect(figures).toMatchObject({
    visits: 3,
    people: 3,
    category: { curious: 1, existing: 1, new: 1 },
    day: { [day()]: 3 },
    project: { wick: 1 },
    questions: 1,
    visitsWithContact: 1,
    questionsByState: { routed: 1 },
  });
  expect(faults.flat()).toEqual([]);
});
