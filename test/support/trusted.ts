import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { Browser, BrowserContext, BrowserContextOptions } from "playwright-core";
import { createApp } from "../../src/app";
import type { Network } from "../../src/http/addresses";
import { type SecureServer, secureServer } from "../../src/http/secure";
import { type Booth, listen, openBooth, shut } from "./booth";
import { chromium, launchOptions, openBrowser, PATIENCE, TABLET } from "./browser";
import { temporaryFolder } from "./databases";

/** A booth that is reached over HTTPS too, with a certificate of its own authority, as `serve` makes it. */
export interface TrustedBooth extends Booth {
  /** https://localhost:PORT */
  secureAddress: string;
  /** The certificate of the laptop's authority, PEM: what a device has to trust. */
  authorityFile: string;
  /** The folder of authority, certificate and keys is `certificates` in here. */
  dataDir: string;
  secure: SecureServer;
}

/** Opens a booth as `openBooth` does, and beside it its HTTPS server. The certificate holds by the real clock. */
export async function openTrustedBooth(options: Parameters<typeof openBooth>[0] = {}): Promise<TrustedBooth> {
  const booth = await openBooth(options);
  const dataDir = temporaryFolder();
  const network: Network = { port: (booth.server.address() as AddressInfo).port };
  booth.deps.network = network;
  const secure = await secureServer(createApp(booth.deps), {
    config: { ...booth.deps.config, dataDir },
    network,
    log: booth.deps.log,
    now: Date.now,
  });
  await secure.listen(async () => {
    await listen(secure.server, 0);
    return (secure.server.address() as AddressInfo).port;
  });
  const { port } = secure.server.address() as AddressInfo;
  const doors = [
    { server: booth.server, port: network.port },
    { server: secure.server, port },
  ];
  return {
    ...booth,
    secure,
    dataDir,
    secureAddress: `https://localhost:${port}`,
    authorityFile: path.join(dataDir, "certificates", "authority.crt"),
    async goAway() {
      await Promise.all(doors.map(({ server }) => shut(server)));
    },
    async comeBack() {
      await Promise.all(doors.map(({ server, port }) => listen(server, port)));
    },
    async close() {
      if (secure.server.listening) await shut(secure.server);
      await booth.close();
      rmSync(dataDir, { recursive: true });
    },
  };
}

/**
 * A home folder for a browser that trusts an authority, as the system of a device does after somebody let it: in the
 * database of certificates that Chromium reads on Linux. Remove it when the browser is closed.
 */
export function trustingHome(authorityFile: string): string {
  const home = temporaryFolder();
  const database = path.join(home, ".pki", "nssdb");
  mkdirSync(database, { recursive: true });
  try {
    const certutil = (...args: string[]) =>
      execFileSync("certutil", [...args, "-d", `sql:${database}`], { stdio: "pipe" });
    certutil("-N", "--empty-password");
    certutil("-A", "-n", "Boothlight", "-t", "C,,", "-i", authorityFile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error(
      "certutil is not there, so that no browser can be made to trust a certificate. Install it (Debian, Ubuntu: sudo apt-get install libnss3-tools), or run `npm test` as root.",
    );
  }
  return home;
}

/** Starts the browser with such a home. Each of its contexts is a device of its own. */
export function openTrustingBrowser(home: string): Promise<Browser> {
  return openBrowser({ env: { ...process.env, HOME: home } as Record<string, string> });
}

/**
 * Starts it with a profile that is kept in that home: what an earlier start with it stored is there, even where that one
 * was killed.
 */
export async function openTrustingProfile(
  home: string,
  options: BrowserContextOptions = TABLET,
): Promise<BrowserContext> {
  const context = await chromium.launchPersistentContext(path.join(home, "profile"), {
    ...launchOptions(),
    ...options,
    env: { ...process.env, HOME: home } as Record<string, string>,
  });
  context.setDefaultTimeout(PATIENCE);
  return context;
}
