import type { Browser, BrowserContext, Page } from "playwright-core";
import { closeSession } from "../../src/access/store";
import { renewWall } from "../../src/reports/live/store";
import { complaintsAbout } from "../support/axe";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { faultsOf, LAPTOP, openBrowser, signIn } from "../support/browser";
import { NOON } from "../support/databases";

let browser: Browser;
let booth: Booth;
let tablet: Tablet;
let context: BrowserContext;
let faults: string[];

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  booth = await openBooth({ config: { publicUrl: "http://booth.example.org" } });
  tablet = await booth.tablet("Ada");
  await tablet.send(aVisit({ category: "curious", happenedAt: new Date(NOON - 600_000).toISOString() }));
  context = await browser.newContext(LAPTOP);
  faults = faultsOf(context);
});
afterEach(async () => {
  await context.close();
  await booth.close();
});

/** Today on the desk, connected. */
async function openDesk(): Promise<Page> {
  const page = await context.newPage();
  await signIn(page, booth.address);
  await page.locator("[data-live-state][data-state=connected]").waitFor();
  // What is marked here is gone when the page is loaded again.
  await page.evaluate("document.body.dataset.same = 'yes'");
  return page;
}

/** The wall under its own address, in a browser that is signed in nowhere. */
async function openWall(options = {}): Promise<Page> {
  const token = await booth.db.write((writer) => renewWall(writer, booth.eventId, NOON));
  const page = await context.newPage();
  await page.setViewportSize({ width: 1920, height: 1080 });
  await page.goto(`${booth.address}/wall/${token}?${new URLSearchParams({ language: "en", ...options })}`);
  await page.locator("[data-live-state][data-state=connected]").waitFor({ state: "attached" });
  await page.evaluate("document.body.dataset.same = 'yes'");
  return page;
}

const isSame = (page: Page) => page.evaluate("document.body.dataset.same === 'yes'");

test("a visit that a tablet sends shows on the desk and on the wall, and neither is loaded again", async () => {
  const [desk, wall] = [await openDesk(), await openWall()];
  // Here figures count up.
  await wall.emulateMedia({ reducedMotion: "no-preference" });
  await tablet.send(aVisit({ category: "new", people: 4, platform: "vmware", project: "wick" }));
  await desk.getByText("from VMware").waitFor();
  expect(await desk.locator(".latest li").first().textContent()).toContain("4 people · Wick · from VMware");
  expect(await desk.locator(".latest li").count()).toBe(2);
  expect(await desk.locator(".day .sum").textContent()).toBe("2 visits with 5 people");
  await desk.getByText("2 visits in the last half hour; one person is logging.").waitFor();
  await wall.locator(".of-day", { hasText: "2 conversations today" }).waitFor();
  expect(await wall.locator('.wall-categories [data-category="new"] b').textContent()).toBe("1");
  expect(await wall.locator(".wall-ask .qr svg").count()).toBe(1);
  expect([await isSame(desk), await isSame(wall), faults]).toEqual([true, true, []]);
});

test("what somebody does on the desk stays as it is: focus, what is folded open, and the place of things", async () => {
  const desk = await openDesk();
  await desk.getByText("As a table").click();
  const link = desk
    .getByRole("link", { name: "Find somebody" })
    .or(desk.getByRole("link", { name: "All questions" }));
  await link.focus();
  const places = () =>
    desk.evaluate(`[...document.querySelectorAll(".desk > *")].map((card) => {
      const { x, y, width } = card.getBoundingClientRect();
      return [card.dataset.key, x, y + scrollY, width];
    })`);
  const before = await places();
  const happenedAt = new Date(NOON - 60_000).toISOString();
  await tablet.send(aVisit({ happenedAt, questions: [{ text: "When?" }] }));
  await desk.getByRole("link", { name: "Find somebody" }).waitFor();
  expect(await desk.evaluate("document.activeElement.textContent")).toContain("Find somebody");
  expect(await desk.locator(".hours details").getAttribute("open")).toBe("");
  expect(await desk.locator(".hours tbody td").last().textContent()).toBe("2");
  expect(await places()).toEqual(before);
  expect(await isSame(desk)).toBe(true);
});

test("a page that lost the laptop says since when, and goes on by itself when it is back", async () => {
  const [desk, wall] = [await openDesk(), await openWall()];
  await booth.goAway();
  const since = /^Not connected since \d\d:\d\d$/;
  for (const page of [desk, wall]) await page.getByText(since).waitFor();
  await booth.comeBack();
  await tablet.send(aVisit());
  await desk.getByText("2 visits in the last half hour").waitFor();
  await wall.getByText("2 conversations today").waitFor();
  for (const page of [desk, wall]) expect(await page.getByText(since).count()).toBe(0);
});

test("without event streams the page asks again and again, and says when it is signed out", async () => {
  await context.addInitScript("delete window.EventSource");
  await context.clock.install();
  const desk = await openDesk();
  await tablet.send(aVisit());
  await context.clock.runFor(16_000);
  await desk.getByText("2 visits in the last half hour").waitFor();
  const [cookie] = (await context.cookies()).filter(({ name }) => name === "boothlight_session");
  await booth.db.write((writer) => closeSession(writer, cookie?.value as string));
  await context.clock.runFor(16_000);
  await desk.getByText(/^You are signed out. What you see is from \d\d:\d\d\.$/).waitFor();
});

test("nothing is open while nobody looks at the page", async () => {
  const desk = await openDesk();
  const streams = () =>
    new Promise((resolve) => booth.server.getConnections((_error, count) => resolve(count)));
  const hide = (isHidden: boolean) =>
    desk.evaluate(`Object.defineProperty(document, "hidden", { value: ${isHidden}, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"))`);
  const asked: string[] = [];
  desk.on("request", (request) => asked.push(request.url()));
  const ended = desk.waitForEvent("requestfailed", (request) => request.url().endsWith("/live"));
  await hide(true);
  await ended;
  await tablet.send(aVisit());
  await hide(false);
  await desk.getByText("2 visits in the last half hour").waitFor();
  expect(asked.filter((address) => address.endsWith("/live"))).toHaveLength(1);
  expect(await streams()).toBeGreaterThan(0);
});

test("the laptop's page follows its jobs, in place", async () => {
  let isFull = true;
  booth.deps.jobs.start({
    name: "copies",
    owner: "backups",
    what: "Copies what is new to the stick",
    every: 600,
    limit: 60,
    work: async () => {
      if (isFull) throw Object.assign(new Error("no room"), { code: "ENOSPC" });
    },
  });
  const page = await context.newPage();
  await signIn(page, booth.address);
  await page.goto(`${booth.address}/laptop`);
  await page.locator("[data-live-state][data-state=connected]").waitFor();
  await page.evaluate("document.body.dataset.same = 'yes'");
  const row = page.getByRole("row", { name: "Copies what is new to the stick" });
  expect(await row.textContent()).toContain("Failed. The disk was full.");
  const button = row.getByRole("button", { name: "Do it now: Copies what is new to the stick" });
  await button.focus();
  const columns = () =>
    page.evaluate(
      `[...document.querySelectorAll(".jobs thead th")].map((cell) => cell.getBoundingClientRect().x)`,
    );
  const before = await columns();
  isFull = false;
  booth.deps.jobs.soon("copies");
  await row.getByText("Failed.").waitFor({ state: "detached" });
  expect(await page.evaluate("document.activeElement.ariaLabel")).toContain("Do it now: Copies");
  expect(await columns()).toEqual(before);
  expect(await isSame(page)).toBe(true);
  await button.click();
  await page.getByText("It is done now: “Copies what is new to the stick”.").waitFor();
  expect(await complaintsAbout(page)).toEqual([]);
  expect(faults).toEqual([]);
  await booth.deps.jobs.stop();
});

test("without script the wall is loaded again by itself, and today is whole", async () => {
  const plain = await browser.newContext({ ...LAPTOP, javaScriptEnabled: false });
  const page = await plain.newPage();
  const token = await booth.db.write((writer) => renewWall(writer, booth.eventId, NOON));
  await page.goto(`${booth.address}/wall/${token}?language=en`);
  expect(await page.locator("noscript meta").getAttribute("content")).toBe("30");
  expect(await page.locator(".of-day").textContent()).toContain("1 conversation today");
  await signIn(page, booth.address);
  expect(await page.locator(".day .sum").textContent()).toBe("1 visit with 1 person");
  expect(await page.locator("meta[http-equiv=refresh]").count()).toBe(0);
  await plain.close();
});

test.each(["light", "dark", "contrast"])(
  "both can be used by everybody, %s, and the wall is one screenful",
  async (look) => {
    await tablet.send(
      ...Array.from({ length: 24 }, (_, index) =>
        aVisit({
          category: (["existing", "curious", "new"] as const)[index % 3],
          happenedAt: new Date(NOON - index * 1_200_000).toISOString(),
          platform: `A platform whose name is as long as names become, number ${index % 5}`,
          remarks: ["easier-install"],
        }),
      ),
    );
    await booth.db.write((writer) =>
      writer
        .updateTable("remarks")
        .set({
          name: "Easier to install these days, said somebody who had tried it three times and given up twice",
        })
        .execute(),
    );
    await context.addCookies([{ name: "boothlight_look", value: look, url: booth.address }]);
    const [desk, wall] = [await openDesk(), await openWall({ look })];
    expect(await complaintsAbout(desk)).toEqual([]);
    for (const [width, height] of [
      [1366, 768],
      [1920, 1080],
      [1024, 768],
    ] as const) {
      await wall.setViewportSize({ width, height });
      expect(await complaintsAbout(wall)).toEqual([]);
      // All of it is seen without scrolling, and nothing sticks out of its place.
      const outside =
        await wall.evaluate(`[...document.querySelectorAll(".wall > *, .wall-light > *, .wall-ask > *, .wall-categories li > *")]
      .filter((part) => {
        const { right, bottom } = part.getBoundingClientRect();
        const frame = part.parentElement.getBoundingClientRect();
        return right > Math.min(innerWidth, frame.right + 1) || bottom > Math.min(innerHeight, frame.bottom + 1);
      }).map((part) => part.outerHTML.slice(0, 80))`);
      expect([width, outside]).toEqual([width, []]);
    }
    expect(faults).toEqual([]);
  },
);
