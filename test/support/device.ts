import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { chromium, launchOptions, PATIENCE } from "./browser";
import { temporaryFolder } from "./databases";

/** A whole tablet browser as a process of its own, with a profile that outlives it. */
export interface Device {
  context: BrowserContext;
  page: Page;
  /** Ends it as the system or an empty battery does: no word to the page, nothing written any more. */
  kill(): Promise<void>;
  /** Ends it as somebody does who closes it. */
  close(): Promise<void>;
  /** Starts it again, after either, with the same profile. */
  start(): Promise<void>;
  /** Ends it and takes its profile away. */
  remove(): Promise<void>;
}

/** Starts a browser with a profile of its own. */
export async function openDevice(): Promise<Device> {
  const profile = temporaryFolder();
  let running: Running | undefined;
  const device: Device = {
    get context() {
      return (running as Running).context;
    },
    get page() {
      return (running as Running).page;
    },
    async start() {
      running = await run(profile);
    },
    async kill() {
      const { child, browser, ended } = running as Running;
      running = undefined;
      // The browser with the processes it is made of: they are a group of their own.
      process.kill(-(child.pid as number), "SIGKILL");
      await ended;
      await browser.close().catch(() => {});
    },
    async close() {
      const { browser, ended } = running as Running;
      running = undefined;
      const session = await browser.newBrowserCDPSession();
      await session.send("Browser.close");
      await ended;
    },
    async remove() {
      if (running) await device.kill();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  await device.start();
  return device;
}

interface Running {
  child: ChildProcess;
  ended: Promise<void>;
  browser: Browser;
  context: BrowserContext;
  page: Page;
}

async function run(profile: string): Promise<Running> {
  const { executablePath, args } = launchOptions();
  const own = ["--headless=new", "--remote-debugging-port=0", "--window-size=820,1180"];
  const child = spawn(executablePath, [...args, ...own, `--user-data-dir=${profile}`, "about:blank"], {
    env: { ...process.env, TZ: "Europe/Brussels" },
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const browser = await chromium.connectOverCDP(await addressOf(child, ended));
  const context = browser.contexts()[0] as BrowserContext;
  context.setDefaultTimeout(PATIENCE);
  const page = context.pages()[0] ?? (await context.newPage());
  return { child, ended, browser, context, page };
}

/** Where it can be spoken to: it says so when it has started. */
function addressOf(child: ChildProcess, ended: Promise<void>): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr?.on("data", (chunk) => {
      said += chunk;
      const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (found) resolve(found);
    });
    void ended.then(() => reject(new Error(`The browser ended before it had started:\n${said}`)));
  });
}
