import { rmSync } from "node:fs";
import type { Browser } from "playwright-core";
import { openBrowser } from "../support/browser";
import { openTrustedBooth, openTrustingBrowser, type TrustedBooth, trustingHome } from "../support/trusted";

let booth: TrustedBooth;
let home: string;
let trusting: Browser;

beforeAll(async () => {
  booth = await openTrustedBooth();
  home = trustingHome(booth.authorityFile);
  trusting = await openTrustingBrowser(home);
});
afterAll(async () => {
  await trusting?.close();
  await booth.close();
  rmSync(home, { recursive: true, force: true });
});

describe("the laptop's certificate, in a browser that trusts its authority,", () => {
  test.each(["localhost", "127.0.0.1"])("gives %s all that needs HTTPS", async (host) => {
    const page = await trusting.newPage();
    const answer = await page.goto(booth.secureAddress.replace("localhost", host));
    expect(answer?.status()).toBe(200);
    expect(await page.evaluate("isSecureContext")).toBe(true);
    // A browser takes no service worker from a server whose certificate it was only talked into.
    const worker = await page.evaluate(
      `navigator.serviceWorker
        .register("${booth.secureAddress.replace("localhost", host)}/assets/built/trust-probe.js")
        .then((registration) => registration.scope, String)`,
    );
    expect(worker).toBe(`${booth.secureAddress.replace("localhost", host)}/assets/built/`);
    await page.close();
  });

  test("gives nothing to one that does not trust it", async () => {
    const browser = await openBrowser();
    const page = await browser.newPage();
    await expect(page.goto(booth.secureAddress)).rejects.toThrow("ERR_CERT_AUTHORITY_INVALID");
    await browser.close();
  });
});
