import type { Browser, BrowserContext, Page } from "playwright-core";
import { complaintsAbout } from "../support/axe";
import { aVisit, type Booth, openBooth, PASSPHRASE } from "../support/booth";
import { faultsOf, LAPTOP, openBrowser, signIn, until } from "../support/browser";

const MINUTE = 60_000;
const ZOE = "zoe@visitor.example";

let booth: Booth;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let faults: string[];
let visitId: string;
let now: number;

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  booth = await openBooth({ locks: true });
  now = Date.now();
  booth.setClock(now);
  const visit = aVisit({ contact: { name: "Zoë", email: ZOE, consent: ["follow-up"] } });
  visitId = visit.id;
  await (await booth.tablet()).send(visit);
  context = await browser.newContext(LAPTOP);
  await context.clock.install({ time: now });
  faults = faultsOf(context);
  page = await context.newPage();
  await signIn(page, booth.address);
});
afterEach(async () => {
  await context.close();
  await booth.close();
  expect(faults).toEqual([]);
});

const open = (path: string, on = page) => on.goto(booth.address + path);
const note = (on = page) => on.getByRole("textbox", { name: "Note", exact: true }).first();
const cover = (on = page) => on.getByRole("dialog", { name: "Locked" });

/** Time goes by for the laptop's program and for its browser. */
async function pass(minutes: number): Promise<void> {
  now += minutes * MINUTE;
  booth.setClock(now);
  await context.clock.fastForward(minutes * MINUTE);
}

async function unlock(on = page, passphrase = PASSPHRASE): Promise<void> {
  await on.getByLabel("Passphrase").fill(passphrase);
  await on.getByRole("button", { name: "Unlock" }).click();
}

test("a page that nobody is at is covered, holds nobody's details then, and comes back with what was typed", async () => {
  await open(`/visits/${visitId}`);
  expect(await page.content()).toContain(ZOE);
  await note().fill("He will call agai");
  await page.evaluate("scrollTo(0, 120)");
  await pass(16);
  await cover().waitFor();
  expect(await page.content()).not.toContain(ZOE);
  expect(await page.content()).not.toContain("He will call");
  expect(await page.title()).toBe("Locked · Boothlight");
  expect(await complaintsAbout(page)).toEqual([]);
  for (let presses = 0; presses < 3; presses++) await page.keyboard.press("Escape");
  expect(await cover().isVisible()).toBe(true);

  await unlock(page, "a guess");
  await page.getByText("That is not the passphrase").waitFor();
  expect(await page.content()).not.toContain(ZOE);
  await unlock();
  await note().waitFor();
  expect(await note().inputValue()).toBe("He will call agai");
  expect(await page.evaluate("scrollY")).toBe(120);
  expect(await page.title()).toMatch(/^Visit/);
  await note().pressSequentially("n");
  await note().press("End");
  await page.getByRole("button", { name: "Save" }).first().click();
  await page.getByText("Saved").first().waitFor();
  const [kept] = await booth.db.read.selectFrom("visits").select("note").execute();
  expect(kept?.note).toContain("He will call");
});

test("a page that got no answer when it asked how it stands asks again, and is covered in time", async () => {
  let asked = 0;
  await page.route(/\/session$/, async (route) => {
    asked += 1;
    if (asked > 1) return route.fallback();
    // Nobody answers within the time that it waits.
    await context.clock.fastForward(MINUTE / 2);
    await route.abort().catch(() => {});
  });
  await open(`/visits/${visitId}`);
  await until(
    async () => asked,
    (times) => times > 0,
  );
  await pass(16);
  await cover().waitFor();
  expect(await page.content()).not.toContain(ZOE);
});

test("somebody who only types for an hour is never locked out", async () => {
  await open(`/visits/${visitId}`);
  for (let quarters = 0; quarters < 5; quarters++) {
    await Promise.all([
      page.waitForResponse((answer) => answer.url().endsWith("/session/use")),
      note().press("x"),
    ]);
    await pass(13);
  }
  await open("/events");
  expect(await page.getByRole("heading", { name: "Events" }).isVisible()).toBe(true);
});

test("locked in one window it is in all of them, at once; unlocked in one, all show again and are told what is new", async () => {
  const other = await context.newPage();
  await open("/", other);
  await other.getByText("Live", { exact: true }).waitFor();
  await open(`/visits/${visitId}`);
  await page.getByRole("button", { name: "Lock now" }).click();
  await Promise.all([cover().waitFor(), cover(other).waitFor()]);
  await (await booth.tablet("Bea")).send(aVisit({ happenedAt: new Date(now).toISOString() }));
  await unlock(other);
  await note().waitFor();
  await other.getByText("in the last hour").first().waitFor();
  await other.getByText("Live", { exact: true }).waitFor();
  await other.close();
});

test("going back, or to what the browser still holds, shows nothing after locking and after signing out", async () => {
  await open(`/visits/${visitId}`);
  await open("/events");
  const locked = page.waitForResponse((answer) => answer.url().endsWith("/session/lock"));
  await page.getByRole("button", { name: "Lock now" }).click();
  await cover().waitFor();
  await locked;
  await page.goBack();
  await page.getByRole("heading", { name: "Locked" }).waitFor();
  expect(await page.content()).not.toContain(ZOE);
  await unlock();
  await note().waitFor();
  expect(page.url()).toContain(`/visits/${visitId}`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Organizer" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "Please sign in" }).waitFor();
  expect(await page.content()).not.toContain(ZOE);
});

test("without script, a form that is sent too late asks for the passphrase and goes on", async () => {
  const plain = await browser.newContext({ ...LAPTOP, javaScriptEnabled: false });
  const desk = await plain.newPage();
  await signIn(desk, booth.address);
  await open(`/visits/${visitId}`, desk);
  await note(desk).fill(`Said "never" & <b>meant</b> it`);
  booth.setClock(now + 16 * MINUTE);
  await desk.getByRole("button", { name: "Save" }).first().click();
  await desk.getByText("What you typed is kept on this page").waitFor();
  await unlock(desk, "a guess");
  await desk.getByText("That is not the passphrase").waitFor();
  await unlock(desk);
  await desk.getByText("Saved").first().waitFor();
  expect(await note(desk).inputValue()).toBe(`Said "never" & <b>meant</b> it`);
  await plain.close();
});

test("the organizer's own capture page is covered too, and what was logged there is on the laptop", async () => {
  await open("/capture");
  await page.getByRole("button", { name: /^New/ }).click();
  await page.getByText("All on the laptop").waitFor();
  await pass(16);
  await cover().waitFor();
  expect(await page.getByRole("button", { name: /^New/ }).isVisible()).toBe(false);
  await unlock();
  await page.getByRole("button", { name: /^Curious/ }).click();
  await page.getByText("Logged: Curious").waitFor();
  await page.getByText("All on the laptop").waitFor();
  const visits = await booth.db.read
    .selectFrom("visits")
    .select("category")
    .where("device_id", "is", null)
    .execute();
  expect(visits.map(({ category }) => category).sort()).toEqual(["curious", "new"]);
});
