import { rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { unpairDevice } from "../../src/access/store";
import { createApp } from "../../src/app";
import en from "../../src/languages/en.json";
import { photograph, qrCode } from "../support/badge";
import { type Booth, openBooth } from "../support/booth";
import { faultsOf, openBrowser, TABLET, until } from "../support/browser";
import { openTrustedBooth, openTrustingProfile, trustingHome } from "../support/trusted";

let browser: Browser;
let booth: Booth;
let context: BrowserContext;
let page: Page;
let tablet: { id: string; token: string };
let faults: string[];

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  booth = await openBooth();
  booth.setClock(Date.now());
  tablet = await booth.tablet("Grace");
  // Under 127.0.0.1 a browser lets HTTP do what elsewhere needs HTTPS.
  context = await browser.newContext(TABLET);
  await context.addCookies([{ name: "boothlight_device", value: tablet.token, url: booth.address }]);
  faults = faultsOf(context);
  page = await context.newPage();
});
afterEach(async () => {
  await context.close();
  if (!booth.server.listening) await comeBack();
  await booth.close();
  expect(faults).toEqual([]);
});

const target = (name: string, on = page) => on.locator("[data-targets]").getByRole("button", { name });
const visits = (from = booth) =>
  from.db.read.selectFrom("visits").selectAll().where("deleted_at", "is", null).execute();
const offlineWords = (on: Page) => on.locator("[data-tablet-offline]").textContent();
const isReady = async (on = page) => (await offlineWords(on)) === en["tablet.offline-yes"];
const pageBuild = (on = page) => on.locator("[data-capture]").getAttribute("data-build");
const isKept = async (on = page) => (await on.locator("[data-capture]").getAttribute("data-shell")) !== null;

const untilReady = (on = page) =>
  until(
    () => isReady(on),
    (is) => is,
  );

/** Opens the page as a tablet that has just been paired, and waits until it is kept. */
async function openReady(on = page): Promise<void> {
  await on.goto(`${booth.address}/`);
  await untilReady(on);
}

/** The laptop is out of reach: nothing answers at its address, not to the worker either. */
let port: number;
async function goAway(): Promise<void> {
  port = (booth.server.address() as AddressInfo).port;
  const closed = new Promise((resolve) => booth.server.close(resolve));
  booth.server.closeAllConnections();
  await closed;
}
function comeBack(): Promise<void> {
  return new Promise((resolve) => booth.server.listen(port, "127.0.0.1", resolve));
}

/** The laptop is started again with another version of the program. */
function runVersion(build: string): void {
  const next = createApp(booth.deps);
  next.locals.build = build;
  booth.server.removeAllListeners("request").on("request", next);
}

/** What the page does each ten minutes. Waits until the new version is there and waits for its turn. */
async function lookForVersion(on = page): Promise<void> {
  await on.evaluate("navigator.serviceWorker.getRegistration('/capture').then((known) => known.update())");
  await on.evaluate(`new Promise((resolve) => {
    const look = async () =>
      (await navigator.serviceWorker.getRegistration("/capture")).waiting ? resolve() : setTimeout(look, 50);
    look();
  })`);
}

/** The page takes it that a minute has passed since somebody touched it. */
const letAMinutePass = () =>
  page.evaluate(`{
    const now = performance.now.bind(performance);
    performance.now = () => now() + 61_000;
  }`);

test("once paired, the page starts without network, and what is logged then arrives later", async () => {
  await openReady();
  expect(page.url()).toBe(`${booth.address}/capture`);
  await goAway();
  await page.reload();
  await target("Curious").tap();
  await page.getByText("Logged: Curious").waitFor();
  // With all its lists.
  await page.getByRole("group", { name: "Talked about" }).getByLabel("Storage").tap();
  await page.getByLabel("VMware", { exact: true }).tap();
  await page.reload();
  // It counts what waits here. How many the booth had today, it does not know.
  await page.locator("[data-idle]").waitFor();
  expect(await page.locator("[data-count-curious]").textContent()).toBe("1");
  expect(await page.locator("[data-booth-today]").textContent()).toBe("");
  await target("New").tap();
  await page.getByText(/^2 waiting for the laptop/).waitFor();
  await comeBack();
  const arrived = await until(visits, (found) => found.length === 2);
  expect(arrived.map((visit) => visit.category).sort()).toEqual(["curious", "new"]);
});

test("a tablet whose browser was closed starts without network, over HTTPS, and its visits arrive", async () => {
  const trusted = await openTrustedBooth();
  trusted.setClock(Date.now());
  const home = trustingHome(trusted.authorityFile);
  const { token } = await trusted.tablet("Ada");
  try {
    let profile = await openTrustingProfile(home);
    await profile.addCookies([
      {
        name: "boothlight_device",
        value: token,
        url: trusted.secureAddress,
        expires: Date.now() / 1000 + 86_400,
      },
    ]);
    let first = await profile.newPage();
    await first.goto(`${trusted.secureAddress}/`);
    await untilReady(first);
    await profile.close();
    await trusted.goAway();

    profile = await openTrustingProfile(home);
    first = await profile.newPage();
    await first.goto(`${trusted.secureAddress}/capture`);
    await target("Existing user", first).tap();
    await first.getByText("Logged: Existing user").waitFor();
    await first.getByLabel("Note").fill("came while the laptop slept");
    await first.getByText(/^1 waiting for the laptop/).waitFor();
    expect(await visits(trusted)).toEqual([]);

    await trusted.comeBack();
    const [visit] = await until(
      () => visits(trusted),
      (found) => found[0]?.note === "came while the laptop slept",
    );
    expect(visit).toMatchObject({ category: "existing", staff_name: "Ada" });
    await profile.close();
  } finally {
    await trusted.close();
    rmSync(home, { recursive: true, force: true });
  }
});

test("what the tablet keeps of the page has nobody's data and no token", async () => {
  await openReady();
  const typed = {
    Note: "Runs forty hosts in Ghent",
    Name: "Zoë Peeters",
    "E-mail": "zoe@visitor.example",
    Organization: "Lakeside Clinic",
  };
  await target("New").tap();
  await page.getByText("Contact", { exact: true }).tap();
  for (const [label, words] of Object.entries(typed))
    await page.getByLabel(label, { exact: true }).fill(words);
  await page.getByLabel("Question 1", { exact: true }).fill("How large can it get?");
  await page.getByLabel("Question 1", { exact: true }).blur();
  await until(
    () => booth.db.read.selectFrom("contacts").select("email").execute(),
    (found) => found[0]?.email === "zoe@visitor.example",
  );
  const [visit] = await visits();
  // The page of the moment, the last visits, an address with a visit, and the page kept anew.
  for (const address of [`/capture?visit=${visit!.id}`, "/capture/visits", "/capture"])
    await page.goto(`${booth.address}${address}`);
  await untilReady();
  const kept = (await page.evaluate(`caches.keys().then((names) => Promise.all(names.map(async (name) => {
    const cache = await caches.open(name);
    const answers = await cache.matchAll();
    return Promise.all(answers.map(async (answer) =>
      [answer.url, JSON.stringify([...answer.headers]), await answer.text()].join(" ")));
  })))`)) as string[][];
  const all = kept.flat().join("\n");
  expect(all).toContain("/capture/shell");
  expect(all).toContain("built/capture.js");
  const told = [...Object.values(typed), "How large", "Grace", visit!.id, tablet.token, tablet.id];
  expect(told.filter((words) => all.includes(words))).toEqual([]);
  expect(kept.flat().some((answer) => /\/api\/|\/capture\/visits \[/.test(answer.split(" ")[0]!))).toBe(
    false,
  );
});

test("what another tab logged out of the laptop's reach, and left when it was closed, is sent by the one that stays", async () => {
  await openReady();
  const other = await context.newPage();
  await other.goto(`${booth.address}/capture`);
  await other.locator("html.scripted").waitFor();
  await goAway();
  await target("New", other).tap();
  await page.getByText(/^1 waiting for the laptop/).waitFor();
  await other.close();
  expect(await visits()).toEqual([]);
  await comeBack();
  await until(visits, (found) => found.map(({ category }) => category).join() === "new");
  await page.getByText("All on the laptop").waitFor();
});

describe("lists that the organizer changes", () => {
  test("are new on an open page, with a half-typed visit untouched", async () => {
    await openReady();
    await target("New").tap();
    await page.getByText("All on the laptop").waitFor();
    const topics = page.getByRole("group", { name: "Talked about" });
    await topics.getByLabel("Storage").tap();
    await page.getByLabel("Coming from something else").pressSequentially("Half a na");
    await booth.db.write(async (writer) => {
      await writer
        .updateTable("topics")
        .set({ hidden: 1 })
        .where("slug", "in", ["storage", "upgrade"])
        .execute();
      await writer
        .insertInto("topics")
        .values({
          id: "018d6f2e-8b2a-7c31-9f3e-2b1f6f0f3a66",
          event_id: booth.eventId,
          slug: "backup",
          name: "Backup",
          position: 0,
        })
        .execute();
      await writer.updateTable("remarks").set({ hidden: 1 }).execute();
    });
    // The next refreshing is half a minute away at most.
    await topics.getByLabel("Backup").waitFor();
    expect(await topics.locator("label").allInnerTexts()).toEqual(["Backup", "Networking", "Storage"]);
    expect(await topics.getByLabel("Storage").isChecked()).toBe(true);
    expect(await page.getByLabel("Topic of question 1").locator("option").allInnerTexts()).toEqual([
      "No topic yet",
      "Backup",
      "Networking",
    ]);
    expect(await page.getByText("Heard again").isVisible()).toBe(false);
    const other = page.getByLabel("Coming from something else");
    expect(await other.inputValue()).toBe("Half a na");
    expect(await page.evaluate("document.activeElement.name")).toBe("platformOther");
    await other.pressSequentially("me");
    await topics.getByLabel("Backup").tap();
    const told = () =>
      booth.db.read
        .selectFrom("visit_topics")
        .innerJoin("topics", "topics.id", "visit_topics.topic_id")
        .select("topics.slug")
        .orderBy("slug")
        .execute();
    await until(told, (found) => found.map((topic) => topic.slug).join() === "backup,storage");
    // And the page starts with them.
    await goAway();
    await page.reload();
    expect(await isKept()).toBe(true);
    expect(await page.locator("[data-list=topics] label").allTextContents()).toEqual([
      "Backup",
      "Networking",
    ]);
  });
});

describe("a new version", () => {
  test("is not taken while a visit is typed, and is taken once when it is left", async () => {
    await openReady();
    await page.reload();
    const before = await pageBuild();
    await target("New").tap();
    // Until then the focus is on what was tapped.
    await page.getByText("Logged: New").waitFor();
    await page.getByLabel("Note").pressSequentially("Half a sen");
    await page.evaluate("isTheSame = true");
    runVersion("next");
    await lookForVersion();
    await page.waitForTimeout(3000);
    await page.getByLabel("Note").pressSequentially("tence");
    // The laptop of the new version takes what the old page sends.
    await until(visits, (found) => found[0]?.note === "Half a sentence");
    await page.waitForTimeout(3000);
    expect(await page.evaluate("isTheSame")).toBe(true);
    expect(await page.getByLabel("Note").inputValue()).toBe("Half a sentence");
    expect(await pageBuild()).toBe(before);

    await letAMinutePass();
    await until(
      () => pageBuild().catch(() => undefined),
      (build) => build === "next",
    );
    expect(await isKept()).toBe(true);
    expect(await page.evaluate("caches.keys()")).toEqual(["boothlight-capture-next"]);
    // No other loading follows.
    await page.evaluate("isTheSame = true");
    await page.waitForTimeout(3000);
    expect(await page.evaluate("isTheSame")).toBe(true);
    await goAway();
    await page.reload();
    expect(await pageBuild()).toBe("next");
  });

  test("is not taken while a visit is typed in another tab", async () => {
    await openReady();
    await page.reload();
    const other = await context.newPage();
    await other.goto(`${booth.address}/capture`);
    await target("New", other).tap();
    await other.getByLabel("Note").fill("typed");
    runVersion("next");
    await lookForVersion();
    await other.getByLabel("Note").fill("typed on");
    await page.waitForTimeout(3000);
    expect(await pageBuild()).not.toBe("next");
    await other.close();
    await until(
      () => pageBuild().catch(() => undefined),
      (build) => build === "next",
    );
  });

  test("is taken by a page that is left alone, without anybody doing anything", async () => {
    await openReady();
    await page.reload();
    runVersion("next");
    await until(
      () => pageBuild().catch(() => undefined),
      (build) => build === "next",
    );
  });

  test("that cannot be kept whole leaves the one before as it is", async () => {
    await openReady();
    const before = await pageBuild();
    runVersion("broken");
    const [next] = booth.server.listeners("request") as ((...args: unknown[]) => void)[];
    booth.server.removeAllListeners("request").on("request", (req, res) => {
      if (req.url === "/capture/shell") res.writeHead(500).end();
      else next?.(req, res);
    });
    await page.evaluate(
      "navigator.serviceWorker.getRegistration('/capture').then((known) => known.update()).catch(() => {})",
    );
    await page.waitForTimeout(2000);
    expect(await page.evaluate("caches.keys()")).toEqual([`boothlight-capture-${before}`]);
    await goAway();
    await page.reload();
    await target("New").tap();
    await page.getByText("Logged: New").waitFor();
  });
});

test("where the page cannot be kept it works with the network, and is kept as soon as that is possible", async () => {
  const [whole] = booth.server.listeners("request") as ((...args: unknown[]) => void)[];
  let isBroken = true;
  booth.server.removeAllListeners("request").on("request", (req, res) => {
    if (isBroken && req.url?.startsWith("/capture/shell")) res.writeHead(500).end();
    else whole?.(req, res);
  });
  await page.goto(`${booth.address}/`);
  await until(
    () => offlineWords(page),
    (words) => words === en["tablet.offline-not-yet"],
  );
  await target("New").tap();
  await until(visits, (found) => found.length === 1);
  expect(await isReady()).toBe(false);
  isBroken = false;
  await until(
    () => isReady(),
    (is) => is,
  );
});

test("the scanner is there without network too, once the tablet had time to keep it", async () => {
  await openReady();
  const addressOf = (part: string) => page.locator("[data-capture]").getAttribute(`data-scanner${part}`);
  const parts = await Promise.all(["", "-worker", "-wasm", "-styles"].map(addressOf));
  for (const part of parts) {
    await until(
      () => page.evaluate(`caches.match(${JSON.stringify(part)}).then((kept) => kept !== undefined)`),
      (isThere) => isThere === true,
    );
  }
  // A browser's own cache may have them as well, or not any more.
  await (await context.newCDPSession(page)).send("Network.clearBrowserCache");
  await goAway();
  await page.reload();
  const photo = await photograph(page, qrCode("MECARD:N:Byron,Ada;;"), {
    width: 1600,
    height: 1200,
    code: 600,
  });
  await page.evaluate(`(async () => {
    const at = document.querySelector("[data-capture]").dataset;
    const { openScanner } = await import(at.scanner);
    const [worker, wasm, styles] = [at.scannerWorker, at.scannerWasm, at.scannerStyles];
    openScanner({ say: (key) => key, worker, wasm, styles, trust: "/trust" });
  })()`);
  const scanner = page.getByRole("dialog", { name: "scan.title" });
  await scanner.locator("input[type=file]").first().setInputFiles({
    name: "badge.jpg",
    mimeType: "image/jpeg",
    buffer: photo,
  });
  await scanner.getByText("Ada Byron", { exact: true }).waitFor();
});

test("a tablet that is not paired any more keeps its page, and says so", async () => {
  await openReady();
  await booth.db.write((writer) => unpairDevice(writer, tablet.id, Date.now()));
  await page.reload();
  expect(await isKept()).toBe(true);
  await target("New").tap();
  await page.getByText(/not paired any more/).waitFor();
  // On a phone too, beside the way out, and whatever else is to be said.
  await page.setViewportSize({ width: 390, height: 844 });
  await page.locator("details.contact summary").tap();
  await page.getByLabel("E-mail").fill("ada at example");
  await page.getByLabel("E-mail").blur();
  await page.getByText("This does not look like a mail address.").waitFor();
  expect(await page.locator("[data-mend]").isVisible()).toBe(false);
  expect(await page.locator(".standing [data-rescue]").isVisible()).toBe(true);
  const cutOff =
    "(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)(document.querySelector('[data-standing]'))";
  expect(await page.evaluate(cutOff)).toBeLessThan(4);
  runVersion("next");
  await page.evaluate(
    "navigator.serviceWorker.getRegistration('/capture').then((known) => known.update()).catch(() => {})",
  );
  await page.waitForTimeout(1500);
  await page.reload();
  expect(await isKept()).toBe(true);
  expect(await pageBuild()).not.toBe("next");
});

test("a tablet that is unpaired on the tablet keeps nothing", async () => {
  await openReady();
  await page.reload();
  await page.getByRole("button", { name: "This tablet" }).tap();
  await page.getByRole("button", { name: "Unpair this tablet" }).tap();
  await page.waitForURL((address) => address.pathname !== "/capture");
  expect(await page.evaluate("caches.keys()")).toEqual([]);
  expect(
    await page.evaluate("navigator.serviceWorker.getRegistrations().then((known) => known.length)"),
  ).toBe(0);
});

test("the page that is kept speaks the language that was chosen", async () => {
  await openReady();
  await context.addCookies([{ name: "boothlight_language", value: "de", url: booth.address }]);
  // Chosen elsewhere in this browser: this page hears of it with its next refreshing.
  await until(
    () =>
      page
        .locator("html")
        .getAttribute("lang")
        .catch(() => undefined),
    (lang) => lang === "de",
  );
  await goAway();
  await page.reload();
  expect(await page.locator("html").getAttribute("lang")).toBe("de");
});

test("a tablet that is paired for another event turns to that event's page", async () => {
  await openReady();
  await booth.db.write(async (writer) => {
    const event = await writer.selectFrom("events").selectAll().executeTakeFirstOrThrow();
    const other = {
      ...event,
      id: "018d6f2e-8b2a-7c31-9f3e-2b1f6f0f3a77",
      slug: "summer-camp",
      name: "Summer Camp",
    };
    await writer.insertInto("events").values(other).execute();
    await writer.updateTable("devices").set({ event_id: other.id }).where("id", "=", tablet.id).execute();
  });
  // The laptop does not take what was logged for the event before: it stays, and holds nobody up.
  await target("New").tap();
  await page.getByText("1 to be mended").waitFor();
  await letAMinutePass();
  await page.getByText("Summer Camp").first().waitFor();
  await page.getByText("1 to be mended").waitFor();
  await goAway();
  await page.reload();
  expect(await page.locator("[data-capture]").getAttribute("data-event")).toBe("summer-camp");
});

test("an address that names a visit is answered by the laptop, and without it by the page that is kept", async () => {
  await openReady();
  await target("New").tap();
  const [visit] = await until(visits, (found) => found.length === 1);
  await page.goto(`${booth.address}/capture?visit=${visit!.id}`);
  expect(await isKept()).toBe(false);
  await goAway();
  await page.goto(`${booth.address}/capture?visit=${visit!.id}`);
  expect(await isKept()).toBe(true);
});
