import type { Browser, BrowserContext, BrowserContextOptions, LaunchOptions, Page } from "playwright-core";
import type { Booth } from "./booth";
import { PASSPHRASE } from "./booth";

declare global {
  var playwrightOfThisProcess: () => typeof import("playwright-core");
}

export const { chromium } = globalThis.playwrightOfThisProcess();

/** Milliseconds that a page has for what is waited for: a machine that is busy otherwise may stand still for a while. */
export const PATIENCE = 100_000;

/**
 * Looks until what it finds is so, and gives that; `meanwhile` is done between two looks. What a page has done shows at the
 * laptop some time later.
 */
export async function until<T>(
  look: () => Promise<T>,
  isSo: (found: T) => boolean,
  meanwhile: () => Promise<unknown> = async () => {},
): Promise<T> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (isSo(found)) return found;
    if (Date.now() > end) throw new Error(`It did not come to that. There is: ${JSON.stringify(found)}`);
    await meanwhile();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Starts the Chrome or Chromium that `npm test` found; `more`: how else it is started. */
export async function openBrowser(more: LaunchOptions = {}): Promise<Browser> {
  const browser = await chromium.launch({ ...launchOptions(), ...more });
  const open = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const context = await open(options);
    context.setDefaultTimeout(PATIENCE);
    return context;
  };
  return browser;
}

/** Which browser is started, and how. */
export function launchOptions() {
  const executablePath = process.env.CHROME_PATH;
  if (!executablePath)
    throw new Error("CHROME_PATH is not set. `npm test` finds or installs a browser and sets it.");
  return {
    executablePath,
    timeout: PATIENCE,
    args: [
      "--no-sandbox",
      // Pages share a process: to start one for each is a sixth of all that a test of pages costs.
      "--renderer-process-limit=1",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      // Nobody but the booth is asked anything: a test that needs no network runs where there is none.
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    ],
  };
}

/** Nothing is lit up slowly: drawing that without a graphics card is most of what a machine of tests would do. */
const CALM = { reducedMotion: "reduce" } as const;

export const TABLET: BrowserContextOptions = {
  ...CALM,
  viewport: { width: 820, height: 1180 },
  hasTouch: true,
  isMobile: true,
  timezoneId: "Europe/Brussels",
};
export const LAPTOP: BrowserContextOptions = {
  ...CALM,
  viewport: { width: 1366, height: 800 },
  timezoneId: "Europe/Brussels",
};

/** What Chromium says where the network fails, which tests make it do: of a file of the page, of its service worker's script. */
const NETWORK_FAILS = /Failed to load resource|An unknown error occurred when fetching the script/;

/** Everything that went wrong in a page without anybody seeing it: thrown errors, and what the policy blocked. */
export function faultsOf(context: BrowserContext): string[] {
  const faults: string[] = [];
  context.on("weberror", (error) => faults.push(String(error.error())));
  context.on("console", (message) => {
    if (message.type() === "error" && !NETWORK_FAILS.test(message.text())) faults.push(message.text());
  });
  return faults;
}

/** Signs the organizer in through the page. */
export async function signIn(page: Page, address: string): Promise<void> {
  await page.goto(`${address}/`);
  await page.getByLabel("Passphrase").fill(PASSPHRASE);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForLoadState();
}

/** A context that holds a paired tablet's cookie. */
export async function pairedContext(
  browser: Browser,
  booth: Booth,
  options: BrowserContextOptions = TABLET,
): Promise<BrowserContext> {
  const tablet = await booth.tablet();
  const context = await browser.newContext(options);
  await context.addCookies([{ name: "boothlight_device", value: tablet.token, url: booth.address }]);
  return context;
}
