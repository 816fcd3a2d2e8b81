import { readFileSync } from "node:fs";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { faultsOf, LAPTOP, openBrowser, pairedContext, signIn, until } from "../support/browser";

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
});
afterEach(async () => {
  await context.close();
  await booth.close();
  expect(faults).toEqual([]);
});

async function openCapture(): Promise<void> {
  await page.goto(`${booth.address}/capture`);
  await page.locator("html.scripted").waitFor();
}
const target = (name: string) => page.locator("[data-targets]").getByRole("button", { name });
const visits = () => booth.db.read.selectFrom("visits").selectAll().orderBy("happened_at").execute();
const openTablet = () => page.getByRole("button", { name: "This tablet" }).tap();
const tabletDialog = () => page.getByRole("dialog", { name: "This tablet" });
const allSent = () => page.getByText("All on the laptop", { exact: true }).waitFor();

async function addName(name: string): Promise<void> {
  await openTablet();
  await page.getByLabel("Somebody else uses it too").fill(name);
  await tabletDialog().getByRole("button", { name: "Add" }).tap();
  await tabletDialog().getByRole("button", { name: "Close" }).tap();
}

test("two people who share a tablet switch names in a tap, and each visit is whose it was", async () => {
  await openCapture();
  await addName("Bea");
  await target("New").tap();
  await page.getByRole("button", { name: "Ada", exact: true }).tap();
  await target("Curious").tap();
  await page.getByText("Logged: Curious").waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Bea", exact: true }).tap();
  await target("Existing user").tap();
  const recorded = await until(visits, (found) => found.length === 3);
  expect(recorded.map((visit) => visit.staff_name)).toEqual(["Bea", "Ada", "Bea"]);
  await openTablet();
  await page.getByRole("button", { name: "Remove Bea" }).tap();
  await tabletDialog().getByRole("button", { name: "Close" }).tap();
  await target("New").tap();
  expect((await until(visits, (found) => found.length === 4))[3]?.staff_name).toBe("Ada");
});

test("unpairing is refused while something waits, and takes everything off the tablet when nothing does", async () => {
  await openCapture();
  await context.setOffline(true);
  await target("New").tap();
  await page.getByText(/^1 waiting for the laptop/).waitFor();
  await openTablet();
  await page.getByRole("button", { name: "Unpair this tablet" }).tap();
  await page.getByText("1 still waits here.").waitFor();
  await tabletDialog().getByRole("button", { name: "Close" }).tap();
  await context.setOffline(false);
  await until(visits, (found) => found.length === 1);
  await allSent();
  await openTablet();
  await page.getByRole("button", { name: "Unpair this tablet" }).tap();
  await page.getByRole("heading", { name: "Booth staff" }).waitFor();
  expect(await context.cookies()).toEqual([]);
  const left = await page.evaluate(`(async () => {
    const workers = (await navigator.serviceWorker.getRegistrations()).length;
    const kept = await new Promise((resolve) => {
      const opening = indexedDB.open("boothlight");
      opening.onsuccess = () => {
        const store = opening.result.transaction("kept").objectStore("kept").count();
        store.onsuccess = () => { opening.result.close(); resolve(store.result); };
      };
    });
    return { workers, kept, caches: (await caches.keys()).length };
  })()`);
  expect(left).toEqual({ workers: 0, kept: 0, caches: 0 });
});

test("a page that is open beside the one that unpairs the tablet shows nothing any more", async () => {
  await openCapture();
  await target("New").tap();
  await page.getByText("Logged: New").waitFor();
  await allSent();
  const beside = await context.newPage();
  await beside.goto(`${booth.address}/capture`);
  await beside.locator("html.scripted").waitFor();
  await beside.getByRole("button", { name: "This tablet" }).tap();
  await beside.getByRole("button", { name: "Unpair this tablet" }).tap();
  await beside.getByRole("heading", { name: "Booth staff" }).waitFor();
  await page.getByRole("heading", { name: "Booth staff" }).waitFor();
});

test("the rescue file takes what waits to the laptop by hand, and what is sent later counts once", async () => {
  await openCapture();
  await context.setOffline(true);
  await target("New").tap();
  await page.getByLabel("Note").fill("saved by hand");
  await target("Curious").tap();
  await page.getByText("Contact", { exact: true }).tap();
  await page.getByLabel("Organization").fill("Lakeside Clinic");
  await page.getByLabel("E-mail").fill("ada at example");
  await page.getByLabel("E-mail").blur();
  await page.getByText("1 to be mended").waitFor();
  await openTablet();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    tabletDialog().getByRole("button", { name: "Save rescue file" }).tap(),
  ]);
  expect(download.suggestedFilename()).toMatch(/^boothlight-rescue-winter-camp-[\d-]+\.json$/);
  const file = readFileSync(await download.path());
  const organizer = await booth.organizer();
  const bringIn = () => organizer.post("/rescue-files").attach("file", file, download.suggestedFilename());
  expect((await bringIn()).text).toContain("From the tablet of Ada");
  const beside = async () =>
    (await booth.db.read.selectFrom("visit_conflicts").select("payload").execute()).map((row) => row.payload);
  expect(await beside()).toEqual([expect.stringContaining("ada at example")]);
  const rescued = await visits();
  expect(rescued.map((visit) => [visit.category, visit.note, visit.staff_name])).toEqual([
    ["new", "saved by hand", "Ada"],
    ["curious", null, "Ada"],
  ]);
  await bringIn();
  await tabletDialog().getByRole("button", { name: "Close" }).tap();
  await context.setOffline(false);
  await page.getByText("1 to be mended").waitFor();
  await until(
    () => page.locator(".standing").innerText(),
    (words) => !words.includes("waiting") && !words.includes("on the way"),
  );
  expect(await visits()).toHaveLength(2);
  expect(await beside()).toHaveLength(1);
});

test("typing completes what was heard here today, and finds a topic", async () => {
  await booth.db.write(async (writer) => {
    const { id } = await writer.selectFrom("events").select("id").executeTakeFirstOrThrow();
    const names = ["Backup", "Clusters", "Docs", "Licence", "Security", "Upgrades to 5"];
    await writer
      .insertInto("topics")
      .values(
        names.map((name, index) => ({
          id: `0198a000-0000-7000-8000-00000000000${index}`,
          event_id: id,
          slug: `topic-${index}`,
          name,
          position: 10 + index,
        })),
      )
      .execute();
  });
  await openCapture();
  await target("New").tap();
  await page.getByLabel("Coming from something else").fill("OpenNebula");
  await page.getByText("Contact", { exact: true }).tap();
  await page.getByLabel("Organization").fill("Lakeside Clinic");
  await page.getByLabel("Organization").blur();
  await page.getByLabel("Find a topic …").fill("upgrades to 5");
  expect(await page.getByLabel("Upgrades to 5").isChecked()).toBe(true);
  await until(
    () => booth.db.read.selectFrom("contacts").select("organization").execute(),
    (found) => found[0]?.organization === "Lakeside Clinic",
  );
  await page.reload();
  await page.locator("html.scripted").waitFor();
  await page.getByRole("link", { name: "Last visits" }).tap();
  await page.getByRole("dialog").getByText("OpenNebula").waitFor();
  await page.keyboard.press("Escape");
  const offered = (list: string) =>
    page.evaluate(`[...document.querySelectorAll("#${list} option")].map((each) => each.value)`) as Promise<
      string[]
    >;
  const organizations = await until(
    () => offered("heard-organizations"),
    (found) => found.length > 0,
  );
  expect(organizations).toEqual(["Lakeside Clinic"]);
  expect(await offered("heard-platforms")).toContain("OpenNebula");
});

test("the screen shows what this tablet logged today, and what the booth did", async () => {
  const other = await booth.tablet("Cem");
  await other.send(
    aVisit({ happenedAt: new Date().toISOString() }),
    aVisit({ happenedAt: new Date().toISOString() }),
  );
  await openCapture();
  await page.getByText("2 at the booth today").waitFor();
  expect(await page.locator("[data-count-new]").innerText()).toBe("0");
  await target("New").tap();
  await allSent();
  await page.locator("[data-count-new]").getByText("1", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Undo" }).tap();
  await page.locator("[data-count-new]").getByText("0", { exact: true }).waitFor();
  await page.getByText("2 at the booth today").waitFor();
});

test("the screen stays on while the page is looked at, where the browser has a way", async () => {
  await context.addInitScript(`
    window.asked = [];
    navigator.wakeLock.request = async (kind) => void asked.push(kind);`);
  await openCapture();
  expect(await page.evaluate("asked")).toEqual(["screen"]);
  await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
  expect(await page.evaluate("asked")).toEqual(["screen", "screen"]);
});

test("a language is there with the visit that was open", async () => {
  await openCapture();
  await target("New").tap();
  await page.getByLabel("Note").fill("kept open");
  await until(visits, (found) => found[0]?.note === "kept open");
  await allSent();
  await openTablet();
  expect(await tabletDialog().getByRole("button", { name: "Save rescue file" }).isDisabled()).toBe(true);
  await tabletDialog().getByLabel("Deutsch").tap();
  await tabletDialog().getByRole("button", { name: "Use these" }).tap();
  await page.getByText("Alles auf dem Laptop").waitFor();
  expect(await page.locator("#note").inputValue()).toBe("kept open");
});

test("a look is there at once, also without the laptop, and stays", async () => {
  await openCapture();
  await context.setOffline(true);
  await openTablet();
  await tabletDialog().getByLabel("High contrast").tap();
  await tabletDialog().getByRole("button", { name: "Use these" }).tap();
  await page.getByText("The look changes now").waitFor();
  const ground = () => page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
  await until(ground, (color) => color === "rgb(255, 255, 255)");
  await context.setOffline(false);
  await page.reload();
  // The page that the tablet keeps is of before: its script gives it the look, and may load it anew meanwhile.
  await until(
    () => ground().catch(() => "loading"),
    (color) => color === "rgb(255, 255, 255)",
  );
});

test("nobody signs out of a browser in which visits still wait", async () => {
  const laptop = await browser.newContext(LAPTOP);
  const desk = await laptop.newPage();
  await signIn(desk, booth.address);
  await desk.route("**/api/visits*", (route) => route.abort());
  await desk.goto(`${booth.address}/capture`);
  await desk.locator("html.scripted").waitFor();
  await desk.keyboard.press("3");
  await desk.getByText(/^1 waiting for the laptop/).waitFor();
  await desk.goto(`${booth.address}/devices`);
  await desk.getByRole("button", { name: "Sign out" }).click();
  await desk.getByRole("heading", { name: "Some visits are still in this browser" }).waitFor();
  await desk.unroute("**/api/visits*");
  await desk.getByRole("link", { name: "Open the capture page" }).click();
  await desk.getByText("All on the laptop", { exact: true }).waitFor();
  expect(await visits()).toHaveLength(1);
  await desk.goto(`${booth.address}/devices`);
  await desk.getByRole("button", { name: "Sign out" }).click();
  await desk.getByLabel("Passphrase").waitFor();
  await laptop.close();
});
