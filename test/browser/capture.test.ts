import type { Browser, BrowserContext, Page } from "playwright-core";
import { type Booth, openBooth } from "../support/booth";
import { faultsOf, openBrowser, pairedContext, TABLET, until } from "../support/browser";

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
/** Nothing waits on the tablet any more. The page says so before a tap too, so a test looks for its visit first. */
const onTheLaptop = () => page.getByText("All on the laptop").waitFor();
/** Lets requests of this kind go only when the test says so; gives how. */
async function holdBack(method: string): Promise<() => void> {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await page.route("**/api/visits*", async (route) => {
    if (route.request().method() === method) await held;
    await route.continue();
  });
  return letGo;
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

test("an undo is taken back in a tap, with everything that was typed, near the laptop and away from it", async () => {
  const again = () => page.getByRole("button", { name: "Count it again" }).tap();
  await target("New").tap();
  await page.getByLabel("Note").fill("typed before the slip");
  await until(visits, (found) => found[0]?.note === "typed before the slip");
  await onTheLaptop();
  await page.getByRole("button", { name: "Undo" }).tap();
  await until(visits, (found) => found.length === 0);
  await onTheLaptop();
  await again();
  await page.getByText("Counted again: New").waitFor();
  expect((await until(visits, (found) => found.length === 1))[0]?.note).toBe("typed before the slip");

  await context.setOffline(true);
  await target("Curious").tap();
  await page.getByText("Logged: Curious").waitFor();
  await page.getByRole("button", { name: "Undo" }).tap();
  await page.getByText("Undone: Curious").waitFor();
  await again();
  await page.getByText("Counted again: Curious").waitFor();
  await context.setOffline(false);
  const kept = await until(visits, (found) => found.length === 2);
  expect(kept.map((visit) => visit.category)).toEqual(["new", "curious"]);
});

test("undo counts, also while the visit is on its way", async () => {
  const letGo = await holdBack("POST");
  const sent = page.waitForRequest("**/api/visits*");
  await target("Existing user").tap();
  await sent;
  await page.getByRole("button", { name: "Undo" }).tap();
  await page.getByText(/^Undone: Existing user/).waitFor();
  const undone = page.waitForResponse((answer) => answer.request().method() === "DELETE");
  letGo();
  await undone;
  await onTheLaptop();
  expect(await visits()).toEqual([]);
});

test("words typed while the visit is on its way arrive after it", async () => {
  const letGo = await holdBack("POST");
  const sent = page.waitForRequest("**/api/visits*");
  await target("New").tap();
  await sent;
  await page.getByLabel("Note").fill("typed in between");
  await page.getByText(/^1 on the way/).waitFor();
  await page.waitForTimeout(700);
  letGo();
  const arrived = await until(visits, (found) => found[0]?.note === "typed in between");
  expect(arrived).toHaveLength(1);
});

/** The organizer writes a note into a visit, on the laptop. */
async function noteOnTheLaptop(visit: { id: string; happened_at: number }, note: string): Promise<void> {
  const organizer = await booth.organizer();
  const moment = new Date(visit.happened_at).toLocaleString("sv-SE", { timeZone: "Europe/Brussels" });
  await organizer
    .post(`/visits/${visit.id}`)
    .type("form")
    .send({
      revision: "1",
      category: "new",
      people: "1",
      time: moment.slice(0, 16).replace(" ", "T"),
      note,
    })
    .expect(303);
}

describe("a visit that was changed on the laptop too", () => {
  const versionsKept = async () => {
    const rows = await booth.db.read.selectFrom("visit_conflicts").select("payload").execute();
    return rows.map((row) => JSON.parse(row.payload).note);
  };
  const rows = () => page.getByRole("dialog").getByRole("row");

  beforeEach(async () => {
    await target("New").tap();
    const [visit] = await until(visits, (found) => found.length === 1);
    await onTheLaptop();
    await noteOnTheLaptop(visit!, "laptop");
    await page.getByLabel("Note").fill("tablet");
    await page.getByText("This visit was changed on the laptop too.").waitFor();
    await page.getByText("1 with two versions").waitFor();
  });

  test("shows both versions, and the tablet goes on with the laptop's", async () => {
    expect(await page.getByLabel("Note").inputValue()).toBe("laptop");
    expect(await versionsKept()).toEqual(["tablet"]);
    // It would be taken for "undo my change", and takes the whole visit away.
    expect(await page.getByRole("button", { name: "Undo" }).isVisible()).toBe(false);
    await page.getByRole("button", { name: "Compare" }).tap();
    await rows().first().waitFor();
    expect(await rows().allInnerTexts()).toEqual([
      expect.stringMatching(/On the laptop\s+Here/),
      expect.stringMatching(/Note\s+laptop\s+tablet/),
    ]);
    await page.getByRole("button", { name: "The laptop's" }).tap();
    await page.getByText("All on the laptop", { exact: true }).waitFor();
    await page.getByLabel("Overview given").tap();
    const kept = await until(visits, (found) => found[0]?.overview_given === 1);
    expect(kept[0]?.note).toBe("laptop");
    expect(await versionsKept()).toEqual(["tablet"]);
  });

  test("counts as it was said here, where staff choose that, and the laptop's words stay beside it", async () => {
    await page.reload();
    await page.getByRole("button", { name: "Compare" }).tap();
    await page.getByRole("button", { name: "The one from here" }).tap();
    await until(visits, (found) => found[0]?.note === "tablet");
    await page.getByText("All on the laptop", { exact: true }).waitFor();
    // Whoever chose had seen what the laptop had, so the organizer has nothing left to choose.
    const open = await booth.db.read
      .selectFrom("visit_conflicts")
      .select("payload")
      .where("resolved_at", "is", null)
      .execute();
    expect(open).toEqual([]);
    expect(await versionsKept()).toEqual(expect.arrayContaining(["laptop", "tablet"]));
  });
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
  await page.getByLabel("Organization").fill("Lakeside Clinic");
  await page.getByLabel("E-mail").fill("ada at example");
  await page.getByLabel("E-mail").blur();
  // What can be taken is not held up by what cannot.
  await until(
    () => booth.db.read.selectFrom("contacts").select("organization").execute(),
    (found) => found[0]?.organization === "Lakeside Clinic",
  );
  await page.getByText("This does not look like a mail address.").waitFor();
  await page.getByText("1 to be mended").waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Mend" }).tap();
  expect(await page.getByLabel("E-mail").inputValue()).toBe("ada at example");
  await page.getByLabel("E-mail").fill("ada@visitor.example");
  await page.getByLabel("E-mail").blur();
  await page.getByText(/^Saved: New/).waitFor();
  await until(
    () => booth.db.read.selectFrom("contacts").select("email").execute(),
    (found) => found[0]?.email === "ada@visitor.example",
  );
  await onTheLaptop();
});

test("the last visits of this tablet are one tap away, for correction", async () => {
  await target("New").tap();
  await target("Curious").tap();
  await until(visits, (found) => found.length === 2);
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
    // What is measured by the height of the window follows with the next frames.
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
    const before = await target("New").boundingBox();
    await target("New").tap();
    await page.getByText("Logged: New").waitFor();
    await page.getByLabel("Note").scrollIntoViewIfNeeded();
    await context.setOffline(true);
    await target("New").tap();
    await page.getByText(/waiting for the laptop since/).waitFor();
    expect(await target("New").boundingBox()).toEqual(before);
    await context.setOffline(false);
    expect(before!.height).toBeGreaterThanOrEqual(140);
    expect(before!.y + before!.height).toBeLessThan(viewport.height / 2);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(viewport.width);
  }
});

test("a plain form that is sent twice counts once, and one for a deleted visit does not say that it was saved", async () => {
  const tablet = await booth.tablet();
  const send = (address: string, body: object) =>
    booth.nobody().post(address).set("Authorization", `Bearer ${tablet.token}`).type("form").send(body);
  const id = "018d6f2e-8b2a-7c31-9f3e-2b1f6f0f3a55";
  await send("/capture/visits", { id, category: "new" }).expect(303);
  await send("/capture/visits", { id, category: "new" });
  expect(await visits()).toHaveLength(1);
  await send(`/capture/visits/${id}/deletion`, {}).expect(303);
  const late = await send(`/capture/visits/${id}`, {
    revision: "1",
    category: "new",
    note: "typed too late",
  }).expect(410);
  expect(late.text).toContain("This visit is deleted, so it does not count.");
  expect(late.text).toContain("typed too late");
});

test("without script the whole path works as plain forms", async () => {
  const plain = await pairedContext(browser, booth, { ...TABLET, javaScriptEnabled: false });
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
