import type { Browser, BrowserContext, Page } from "playwright-core";
import { type Booth, openBooth } from "../support/booth";
import { faultsOf, openBrowser, pairedContext, TABLET } from "../support/browser";

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
  context.setDefaultTimeout(6000);
  page = await context.newPage();
  await page.goto(`${booth.address}/`);
  await page.locator("html.scripted").waitFor();
});
afterEach(async () => {
  await context.close();
  await booth.close();
  expect(faults).toEqual([]);
});

const target = (name: string) => page.locator("[data-targets]").getByRole("button", { name });
const visits = () =>
  booth.db.read
    .selectFrom("visits")
    .selectAll()
    .where("deleted_at", "is", null)
    .orderBy("happened_at")
    .execute();
const onTheLaptop = () => page.getByText("All on the laptop").waitFor();

/** Waits until the laptop has what the test looks for. */
async function until<T>(look: () => Promise<T>, isThere: (found: T) => boolean): Promise<T> {
  for (let tries = 0; tries < 100; tries++) {
    const found = await look();
    if (isThere(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`It did not arrive. The laptop has: ${JSON.stringify(await look())}`);
}

test("one tap from the capture page is a recorded visit", async () => {
  await page.evaluate("taps = 0; addEventListener('pointerdown', () => taps++, true)");
  await target("Curious").tap();
  await page.getByText("Logged: Curious").waitFor();
  const recorded = await until(visits, (found) => found.length === 1);
  expect(recorded[0]).toMatchObject({ category: "curious", staff_name: "Ada", people: 1 });
  expect(await page.evaluate("taps")).toBe(1);
});

test("everything else is saved as it is entered, with nothing to press", async () => {
  await target("New").tap();
  await page.getByLabel("interested", { exact: true }).tap();
  await page.getByLabel("Overview given").tap();
  await page.getByLabel("Lantern", { exact: true }).tap();
  await page.getByLabel("Proxmox VE").tap();
  await page.getByLabel("Easier to install these days").tap();
  await page.getByLabel("Sticker").tap();
  await page.getByRole("button", { name: "One person more" }).tap();
  await page.getByLabel("Question 1", { exact: true }).fill("Does it do VLANs?");
  await page.getByLabel("Topic of question 1").selectOption("Networking");
  await page.getByRole("button", { name: "Another question" }).tap();
  await page.getByLabel("Question 2", { exact: true }).fill("And bonds?");
  await page.getByLabel("Note").fill("Wants to help with the docs.");
  await page.getByText("Contact", { exact: true }).tap();
  await page.getByLabel("Name", { exact: true }).fill("Zoë Müller");
  await page.getByLabel("E-mail").fill("zoe@visitor.example");
  await page.getByLabel("to answer their questions").tap();
  const all = async () => ({
    visit: (await visits())[0],
    questions: await booth.db.read
      .selectFrom("questions")
      .leftJoin("topics", "topics.id", "questions.topic_id")
      .select(["questions.text", "topics.slug as topic"])
      .orderBy("questions.position")
      .execute(),
    contact: await booth.db.read.selectFrom("contacts").selectAll().executeTakeFirst(),
    consent: await booth.db.read.selectFrom("contact_consents").select("purpose").execute(),
  });
  const kept = await until(all, (found) => found.consent.length === 1);
  await onTheLaptop();
  expect(kept.visit).toMatchObject({
    interest: 2,
    overview_given: 1,
    people: 2,
    note: "Wants to help with the docs.",
  });
  expect(kept.questions).toEqual([
    { text: "Does it do VLANs?", topic: "networking" },
    { text: "And bonds?", topic: null },
  ]);
  expect(kept.contact).toMatchObject({ name: "Zoë Müller", email: "zoe@visitor.example" });
  expect(kept.consent).toEqual([{ purpose: "follow-up" }]);
  expect(await visits()).toHaveLength(1);
});

test("undo takes the last visit back", async () => {
  await target("Existing user").tap();
  await until(visits, (found) => found.length === 1);
  await onTheLaptop();
  await page.getByRole("button", { name: "Undo" }).tap();
  await page.getByText(/^Undone: Existing user/).waitFor();
  await until(visits, (found) => found.length === 0);
});

test("visits logged while the laptop is away wait on the tablet, survive a reload, and arrive in order", async () => {
  await context.setOffline(true);
  for (const name of ["New", "Curious", "Existing user"]) {
    await target(name).tap();
    await page.getByText(`Logged: ${name}`).waitFor();
  }
  await page.getByLabel("Note").fill("said while offline");
  await page.getByText(/^3 waiting for the laptop since/).waitFor();
  expect(await visits()).toEqual([]);
  // The note is on the tablet's disk once the typing has paused.
  await page.waitForTimeout(700);
  await context.setOffline(false);
  await page.reload();
  const arrived = await until(visits, (found) => found.length === 3);
  expect(arrived.map((visit) => visit.category)).toEqual(["new", "curious", "existing"]);
  expect(arrived[2]?.note).toBe("said while offline");
  await onTheLaptop();
});

test("a mail address that is none is said beside its field, keeps what was typed, and can be mended", async () => {
  await target("New").tap();
  await onTheLaptop();
  await page.getByText("Contact", { exact: true }).tap();
  await page.getByLabel("E-mail").fill("ada at example");
  await page.getByText("This does not look like a mail address.").waitFor();
  await page.getByText("1 to be mended").waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Mend" }).tap();
  expect(await page.getByLabel("E-mail").inputValue()).toBe("ada at example");
  await page.getByLabel("E-mail").fill("ada@visitor.example");
  await onTheLaptop();
  const contact = await booth.db.read.selectFrom("contacts").select("email").executeTakeFirstOrThrow();
  expect(contact.email).toBe("ada@visitor.example");
});

test("the last visits of this tablet are one tap away, for correction", async () => {
  await target("New").tap();
  await onTheLaptop();
  await target("Curious").tap();
  await onTheLaptop();
  await page.getByRole("link", { name: "Last visits" }).tap();
  await page.getByRole("dialog").getByRole("button", { name: /New$/ }).tap();
  await page.getByRole("radio", { name: "Existing user" }).tap();
  await until(visits, (found) => found[0]?.category === "existing");
  expect((await visits()).map((visit) => visit.category)).toEqual(["existing", "curious"]);
});

test("an edit after the visit has arrived is a new revision, not a conflict", async () => {
  await target("New").tap();
  for (const note of ["one", "one two", "one two three"]) {
    await page.getByLabel("Note").fill(note);
    await until(visits, (found) => found[0]?.note === note);
    await onTheLaptop();
  }
  expect((await visits())[0]?.revision).toBe(4);
  expect(await booth.db.read.selectFrom("visit_conflicts").select("id").execute()).toEqual([]);
});

test("on a laptop the keys 1, 2 and 3 log a visit", async () => {
  for (const key of ["1", "2", "3"]) {
    await page.keyboard.press(key);
    await onTheLaptop();
  }
  const recorded = await until(visits, (found) => found.length === 3);
  expect(recorded.map((visit) => visit.category)).toEqual(["existing", "curious", "new"]);
  await page.getByLabel("Note").fill("3 hosts");
  await until(visits, (found) => found[2]?.note === "3 hosts");
  expect(await visits()).toHaveLength(3);
});

test("the targets stay where they are and never scroll away, however small the screen", async () => {
  for (const viewport of [
    { width: 390, height: 844 },
    { width: 820, height: 1180 },
    { width: 1366, height: 768 },
  ]) {
    await page.setViewportSize(viewport);
    const before = await target("New").boundingBox();
    await target("New").tap();
    await page.getByText("Logged: New").waitFor();
    await page.getByLabel("Note").scrollIntoViewIfNeeded();
    expect(await target("New").boundingBox()).toEqual(before);
    expect(before!.height).toBeGreaterThanOrEqual(140);
    expect(before!.y + before!.height).toBeLessThan(viewport.height / 2);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(viewport.width);
  }
});

test("without script the whole path works as plain forms", async () => {
  const plain = await pairedContext(browser, booth, { ...TABLET, javaScriptEnabled: false });
  plain.setDefaultTimeout(6000);
  const paper = await plain.newPage();
  await paper.goto(`${booth.address}/`);
  await paper.getByRole("button", { name: "Curious" }).tap();
  await paper.getByText(/^Logged: Curious/).waitFor();
  await paper.getByLabel("Note").fill("typed without script");
  await paper.getByLabel("VMware", { exact: true }).tap();
  await paper.getByLabel("Question 1", { exact: true }).fill("Does it work without script?");
  await paper.getByRole("button", { name: "Save" }).tap();
  await paper.getByText(/^Saved: Curious/).waitFor();
  expect((await visits())[0]).toMatchObject({
    category: "curious",
    note: "typed without script",
    revision: 2,
  });

  await paper.getByText("Contact", { exact: true }).tap();
  await paper.getByLabel("Organization").fill("Lakeside Clinic");
  await paper.getByRole("button", { name: "Save" }).tap();
  expect(await paper.getByLabel("Organization").inputValue()).toBe("Lakeside Clinic");

  await paper.getByRole("link", { name: "Last visits" }).tap();
  await paper.getByText("Does it work without script?").waitFor();
  await paper.goBack();
  await paper.getByRole("button", { name: "Undo" }).tap();
  await paper.getByText("Undone. It is not counted.").waitFor();
  expect(await visits()).toEqual([]);
  await paper.getByRole("button", { name: "Count it again" }).tap();
  await paper.getByText(/^Counted again/).waitFor();
  expect(await visits()).toHaveLength(1);
  await plain.close();
});
