import { readFileSync } from "node:fs";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type Booth, openBooth } from "../support/booth";
import { faultsOf, openBrowser, pairedContext, until } from "../support/browser";

let browser: Browser;
let booth: Booth;
let context: BrowserContext;
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
});
afterEach(async () => {
  await context.close();
  await booth.close();
  expect(faults).toEqual([]);
});

async function openPage(): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${booth.address}/capture`);
  await page.locator("html.scripted").waitFor();
  return page;
}
const tap = (page: Page, name: string) => page.locator("[data-targets]").getByRole("button", { name }).tap();
const count = async () => (await booth.db.read.selectFrom("visits").select("id").execute()).length;

/** The rescue file that the button in the bar saves. */
async function rescueFile(page: Page) {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.locator(".standing").getByRole("button", { name: "Save rescue file" }).tap(),
  ]);
  return JSON.parse(readFileSync(await download.path(), "utf8"));
}

/** What every try to write says while the disk is full. */
const FULL_DISK = `
  const put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (...given) {
    if (window.diskIsFull) throw new DOMException("no space", "QuotaExceededError");
    return put.apply(this, given);
  };`;

test("a full disk is said at once, the visit is in the rescue file, and goes to the disk when there is room", async () => {
  await context.addInitScript(FULL_DISK);
  const page = await openPage();
  await context.setOffline(true);
  await tap(page, "Curious");
  await page.getByText("Logged: Curious").waitFor();
  await page.evaluate("diskIsFull = true");
  await tap(page, "New");
  await page.getByText("New: NOT on the tablet's disk yet.").waitFor();
  await page
    .getByText(/^This tablet's disk is full · 1 in this page alone: keep it open · 2 waiting/)
    .waitFor();
  await page.getByLabel("Note").fill("typed on a full disk");
  await page.waitForTimeout(400);
  const file = await rescueFile(page);
  expect(file.waiting.map((entry: { visit: object }) => entry.visit)).toEqual([
    expect.objectContaining({ category: "curious" }),
    expect.objectContaining({ category: "new", note: "typed on a full disk" }),
  ]);
  await page.evaluate("diskIsFull = false");
  await page.getByText(/^2 waiting for the laptop since/).waitFor();
  await page.reload().catch(() => {});
  await context.setOffline(false);
  const again = await openPage();
  await again.getByText("All on the laptop").waitFor();
  expect(await count()).toBe(2);
});

test("with a full disk visits still reach the laptop, and the screen says so only when they have", async () => {
  await context.addInitScript(`${FULL_DISK}; window.diskIsFull = true;`);
  const page = await openPage();
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await page.route("**/api/visits*", async (route) => {
    await held;
    await route.continue();
  });
  await tap(page, "New");
  await page.getByText("New: NOT on the tablet's disk yet.").waitFor();
  await page.waitForTimeout(300);
  expect(await page.getByText("Logged: New").count()).toBe(0);
  letGo();
  await page.getByText("Logged: New").waitFor();
  expect(await count()).toBe(1);
});

test("a browser that keeps nothing says so; visits are held in the page, rescued, and sent", async () => {
  await context.addInitScript(
    `indexedDB.open = () => { throw new DOMException("denied", "SecurityError"); };`,
  );
  const page = await openPage();
  await page.getByText("This browser lets nothing be kept on the tablet").waitFor();
  await context.setOffline(true);
  await tap(page, "Existing user");
  await page.getByText("Existing user: NOT on the tablet's disk yet.").waitFor();
  expect((await rescueFile(page)).waiting).toHaveLength(1);
  await context.setOffline(false);
  await until(count, (found) => found === 1);
});

test("a disk that is cleared while the page is open gets everything back from the page", async () => {
  const page = await openPage();
  await context.setOffline(true);
  for (const name of ["New", "Curious", "New"]) {
    await tap(page, name);
    await page.getByText(`Logged: ${name}`).waitFor();
  }
  const devtools = await context.newCDPSession(page);
  await devtools.send("Storage.clearDataForOrigin", { origin: booth.address, storageTypes: "indexeddb" });
  await tap(page, "Existing user");
  await page.getByText("Logged: Existing user").waitFor();
  await page.getByText(/^4 waiting for the laptop since/).waitFor();
  const onDisk = await page.evaluate(`new Promise((resolve) => {
    const opening = indexedDB.open("boothlight");
    opening.onsuccess = () => {
      const all = opening.result.transaction("waiting").objectStore("waiting").getAll();
      all.onsuccess = () => { opening.result.close(); resolve(all.result.length); };
    };
  })`);
  expect(onDisk).toBe(4);
  await context.setOffline(false);
  await until(count, (found) => found === 4);
});

test("nobody can delete the database from another page while this one is open", async () => {
  const page = await openPage();
  await context.setOffline(true);
  await tap(page, "New");
  await page.getByText("Logged: New").waitFor();
  await context.setOffline(false);
  const other = await context.newPage();
  await other.goto(`${booth.address}/healthz`);
  const outcome = await other.evaluate(`new Promise((resolve) => {
    const deleting = indexedDB.deleteDatabase("boothlight");
    deleting.onblocked = () => resolve("blocked");
    deleting.onsuccess = () => resolve("deleted");
  })`);
  expect(outcome).toBe("blocked");
});

test("what waits from a page of an older version is sent", async () => {
  const page = await context.newPage();
  await page.goto(`${booth.address}/healthz`);
  await page.evaluate(`new Promise((resolve) => {
    const opening = indexedDB.open("boothlight", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("waiting", { keyPath: "id" });
    opening.onsuccess = () => {
      const write = opening.result.transaction("waiting", "readwrite");
      write.objectStore("waiting").put({
        id: "018d6f2e-8b2a-7c31-9f3e-2b1f6f0f3a55", event: "winter-camp", since: Date.now(), sentRevision: 0, undone: false,
        visit: { id: "018d6f2e-8b2a-7c31-9f3e-2b1f6f0f3a55", revision: 1, category: "new", happenedAt: new Date().toISOString() },
      });
      write.oncomplete = () => { opening.result.close(); resolve(); };
    };
  })`);
  await page.goto(`${booth.address}/capture`);
  await until(count, (found) => found === 1);
  await page.getByText("All on the laptop").waitFor();
});

test("two pages on one tablet: what one types the other shows, and what both type is kept", async () => {
  const [one, two] = [await openPage(), await openPage()];
  await tap(one, "New");
  await one.getByText("All on the laptop").waitFor();
  await two.reload();
  await two.getByRole("link", { name: "Last visits" }).tap();
  await two.getByRole("dialog").getByRole("button", { name: /New$/ }).tap();
  await context.setOffline(true);
  await one.getByLabel("Note").fill("typed in the first");
  await until(
    () => two.getByLabel("Note").inputValue(),
    (found) => found === "typed in the first",
  );
  // Both in the same moment: each types before it can hear of the other.
  await Promise.all([
    one.getByLabel("Note").fill("the first once more"),
    two.getByLabel("Note").fill("the second too"),
  ]);
  await one.waitForTimeout(600);
  await context.setOffline(false);
  const words = async () => {
    const notes = await booth.db.read.selectFrom("visits").select("note").execute();
    const versions = await booth.db.read.selectFrom("visit_conflicts").select("payload").execute();
    return [
      ...notes.map((row) => row.note),
      ...versions.map((row) => JSON.parse(row.payload).note as string),
    ].sort();
  };
  const found = await until(words, ({ length }) => length > 1);
  expect(found).toEqual(["the first once more", "the second too"]);
  await one.getByText("1 with two versions").waitFor();
  await two.getByText("1 with two versions").waitFor();
});
