// What the capture page costs a tablet: `npm run bench -- capture`. Each figure stands beside its limit.
// The laptop is this process, with the demo's event; the tablet is Chromium. What "slowed" means is Chromium's own
// slowing of the processor, four times.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";
import { findBrowser, ROOT } from "../scripts/set-up.mjs";
import { at, median, tell } from "./support/table.mjs";

const require = createRequire(import.meta.url);
const { pairDevice } = require("../dist/access/store.js");
const { createApp } = require("../dist/app.js");
const { openDatabase } = require("../dist/database/open.js");
const { readEventFile } = require("../dist/imports/form.js");
const { fillDemo } = require("../dist/imports/store.js");
const pino = require("pino");

/** Kilobytes; milliseconds. */
const LIMITS = { bytes: 60, usable: 1000, logged: 50 };
const LOADS = 10;
const TAPS = 200;
const WAITING = 500;
const TABLET = { viewport: { width: 820, height: 1180 }, hasTouch: true, isMobile: true };

/**
 * In the page: when it could be used, and how long each tap takes, from the moment in which the page hears of the finger
 * (how long a browser takes to tell it is not the page's) until the frame that shows the word “Logged” is painted.
 */
const WATCH = `
  window.taps = [];
  let down;
  addEventListener("pointerdown", () => { down = performance.now(); }, true);
  const painted = (then) => requestAnimationFrame(() => {
    const after = new MessageChannel();
    after.port1.onmessage = () => then(performance.now());
    after.port2.postMessage(undefined);
  });
  const look = new MutationObserver(() => {
    if (!document.documentElement.classList.contains("scripted")) return;
    look.disconnect();
    window.usableAt = performance.now();
    const said = document.querySelector("[data-said-text]");
    new MutationObserver(() => {
      if (!said.textContent.startsWith("Logged: ")) return;
      const begin = down;
      painted((at) => {
        taps.push(at - begin);
        window.firstLoggedAt ??= at;
      });
    }).observe(said, { childList: true });
    if (window.tapAtOnce) document.querySelector("[data-targets] button").click();
  });
  look.observe(document, { attributes: true, subtree: true, attributeFilter: ["class"] });
`;

const laptop = await openLaptop();
const browser = await chromium.launch({
  executablePath: findBrowser(),
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});
const lines = [];
const line = (name, value, unit, more) => lines.push({ name, value, unit, ...more });
const DETAIL = { isDetail: true };
const { total, files } = await bytesOfALoad();
line("capture page: a first load until a visit is logged", total / 1024, "KB", { atMost: LIMITS.bytes });
const loads = [];
for (let load = 0; load < LOADS; load++) loads.push(await timesOfALoad(4));
const usable = loads.map((load) => load.usable);
const logged = loads.map((load) => load.logged);
line("… usable, processor slowed four times, median of 10", median(usable), "ms", { atMost: LIMITS.usable });
line("… usable, processor slowed, worst of 10", at(usable, 1), "ms", { atMost: LIMITS.usable });
line("… a tap then is logged, median, from the start", median(logged), "ms", DETAIL);
line("… a tap then is logged, worst, from the start", at(logged, 1), "ms", DETAIL);
for (const slowed of [1, 4]) {
  const taps = await tapsWhileManyWait(slowed);
  const how = slowed > 1 ? ", processor slowed" : "";
  const limit = slowed > 1 ? DETAIL : { atMost: LIMITS.logged };
  line(`… tap to “Logged” while 500 wait, 95th percentile${how}`, at(taps, 0.95), "ms", limit);
  line(`… median${how}`, median(taps), "ms", DETAIL);
  line(`… worst of ${TAPS}${how}`, at(taps, 1), "ms", DETAIL);
}
for (const [name, size] of [...files].sort((a, b) => b[1] - a[1])) {
  line(`over the wire, compressed, with its head: ${name}`, size / 1024, "KB", DETAIL);
}
await browser.close();
await laptop.close();
tell(lines);

/** The demo's event on this machine, with a paired tablet. It can be shut and is then out of reach. */
async function openLaptop() {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), "boothlight-bench-"));
  const db = await openDatabase({ dataDir }, Date.now());
  const config = { port: 0, host: "127.0.0.1", dataDir, organizerPassphrase: "four words are good" };
  const deps = { db, config, log: pino({ level: "silent" }), now: Date.now };
  await fillDemo(deps, await readEventFile(readFileSync(path.join(ROOT, "db/demo-event.json"))), "UTC");
  const { id: eventId } = await db.read.selectFrom("events").select("id").executeTakeFirstOrThrow();
  const { token } = await db.write((writer) =>
    pairDevice(writer, { eventId, boothId: null }, "Ada", Date.now()),
  );
  const server = createServer(createApp(deps));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  const shut = () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    return closed;
  };
  return {
    address: `http://127.0.0.1:${port}`,
    token,
    goAway: shut,
    comeBack: () => new Promise((resolve) => server.listen(port, "127.0.0.1", resolve)),
    async close() {
      await shut();
      await db.close();
      rmSync(dataDir, { recursive: true });
    },
  };
}

/** A page of a tablet that has never been here. Without a service worker: that loads later, and all of it again. */
async function openPage(slowed) {
  const context = await browser.newContext({ ...TABLET, serviceWorkers: "block" });
  await context.addCookies([{ name: "boothlight_device", value: laptop.token, url: laptop.address }]);
  const page = await context.newPage();
  await page.addInitScript(WATCH);
  const devtools = await context.newCDPSession(page);
  if (slowed > 1) await devtools.send("Emulation.setCPUThrottlingRate", { rate: slowed });
  return { page, devtools, close: () => context.close() };
}

async function bytesOfALoad() {
  const { page, devtools, close } = await openPage(1);
  const addresses = new Map();
  const files = new Map();
  devtools.on("Network.requestWillBeSent", ({ requestId, request }) => addresses.set(requestId, request.url));
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const address = addresses.get(requestId) ?? "";
    if (!address.startsWith(laptop.address)) return;
    const { pathname } = new URL(address);
    files.set(pathname, (files.get(pathname) ?? 0) + encodedDataLength);
  });
  await devtools.send("Network.enable");
  await page.goto(`${laptop.address}/capture`);
  await until(page, "window.usableAt");
  await page.locator("[data-targets] button").first().tap();
  await page.getByText("All on the laptop").waitFor();
  await until(page, "taps.length === 1");
  await close();
  return { total: [...files.values()].reduce((sum, size) => sum + size, 0), files };
}

/** Milliseconds from the start of navigation until the page can be used, and until a tap made right then is logged. */
async function timesOfALoad(slowed) {
  const { page, close } = await openPage(slowed);
  await page.addInitScript("window.tapAtOnce = true");
  await page.goto(`${laptop.address}/capture`);
  await until(page, "window.firstLoggedAt");
  const [usable, logged] = await page.evaluate("[usableAt, firstLoggedAt]");
  await close();
  return { usable, logged };
}

/** How long each of 200 taps takes while 500 visits wait, in milliseconds. */
async function tapsWhileManyWait(slowed) {
  const { page, devtools, close } = await openPage(1);
  await page.goto(`${laptop.address}/capture`);
  await until(page, "window.usableAt");
  await laptop.goAway();
  await page.evaluate(`(async () => {
    const targets = document.querySelectorAll("[data-targets] button");
    for (let count = 0; count < ${WAITING}; count++) {
      const before = taps.length;
      targets[count % 3].click();
      while (taps.length === before) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    taps.length = 0;
  })()`);
  await page.getByText(`${WAITING} waiting for the laptop`).waitFor();
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: slowed });
  const targets = page.locator("[data-targets] button");
  for (let tap = 0; tap < TAPS; tap++) {
    await targets.nth(tap % 3).tap();
    await until(page, `taps.length > ${tap}`);
    // Nobody taps in step with what the page does in between.
    await page.waitForTimeout(Math.random() * 150);
  }
  const taps = await page.evaluate("taps");
  await close();
  await laptop.comeBack();
  return taps;
}

/** Waits in the page until an expression is true there. */
function until(page, expression) {
  return page.evaluate(`new Promise((resolve) => {
    const look = () => (${expression} ? resolve() : setTimeout(look, 5));
    look();
  })`);
}
