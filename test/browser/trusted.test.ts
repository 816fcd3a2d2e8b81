import { cpSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { inviteToPair } from "../../src/access/store";
import { localCertificate } from "../../src/http/certificates";
import { faultsOf, LAPTOP, openBrowser, signIn, TABLET } from "../support/browser";
import { NOON, temporaryFolder } from "../support/databases";
import { openTrustedBooth, openTrustingBrowser, type TrustedBooth, trustingHome } from "../support/trusted";

const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

let booth: TrustedBooth;
let home: string;
let trusting: Browser;
let wary: Browser;

beforeAll(async () => {
  booth = await openTrustedBooth();
  home = trustingHome(booth.authorityFile);
  [trusting, wary] = await Promise.all([openTrustingBrowser(home), openBrowser()]);
});
afterAll(async () => {
  await trusting?.close();
  await wary?.close();
  await booth.close();
  rmSync(home, { recursive: true, force: true });
});

const secureAt = (host: string) => booth.secureAddress.replace("localhost", host);
const newCode = () =>
  booth.db.write((writer) => inviteToPair(writer, { eventId: booth.eventId, boothId: null }, NOON));

/** A tablet of its own, with a page open; what goes wrong in it unseen is collected. */
async function aTablet(browser: Browser, options = TABLET): Promise<{ page: Page; faults: string[] }> {
  const context = await browser.newContext(options);
  return { page: await context.newPage(), faults: faultsOf(context) };
}

const registerWorker = (page: Page, host: string) =>
  page.evaluate(
    `navigator.serviceWorker.register("${secureAt(host)}/assets/built/trust-probe.js").then((made) => made.scope, String)`,
  );

describe("the laptop's certificate, in a browser that trusts its authority,", () => {
  test.each(["localhost", "127.0.0.1"])("gives %s all that needs HTTPS", async (host) => {
    const { page } = await aTablet(trusting);
    const answer = await page.goto(secureAt(host));
    expect(answer?.status()).toBe(200);
    expect(await page.evaluate("isSecureContext")).toBe(true);
    // A browser takes no service worker from a server whose certificate it was only talked into.
    expect(await registerWorker(page, host)).toBe(`${secureAt(host)}/assets/built/`);
    await page.context().close();
  });

  test("gives nothing to one that does not trust it", async () => {
    const { page } = await aTablet(wary);
    await expect(page.goto(booth.secureAddress)).rejects.toThrow("ERR_CERT_AUTHORITY_INVALID");
    await page.context().close();
  });
});

describe("the page about trust", () => {
  test("sees that a tablet trusts the laptop, and leads to the same page over HTTPS", async () => {
    const { page, faults } = await aTablet(trusting);
    await page.goto(`${booth.address}/trust?next=/sign-in`);
    const goOn = page.getByRole("link", { name: "Go on here" });
    await goOn.waitFor();
    expect(await page.getByText("Not trusted yet").isVisible()).toBe(false);
    await goOn.click();
    await page.waitForURL(`${secureAt("127.0.0.1")}/sign-in`);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("lets a tablet that trusts the laptop already pair at once, over HTTPS", async () => {
    const { page, faults } = await aTablet(trusting);
    await page.goto(`${booth.address}/trust?next=/pair/${await newCode()}`);
    await page.waitForURL(`${secureAt("127.0.0.1")}/pair/*`);
    expect(await page.getByText("This connection is trusted").isVisible()).toBe(true);
    await page.getByLabel("Who uses it?").fill("Ada");
    await page.getByRole("button", { name: "Pair" }).click();
    await page.getByText("Ada").first().waitFor();
    expect(new URL(page.url()).origin).toBe(secureAt("127.0.0.1"));
    // What HTTPS set stays for HTTPS; over HTTP the same tablet can be paired too.
    await page.goto(`${booth.address}/pair/${await newCode()}`);
    await page.getByLabel("Who uses it?").fill("Bob");
    await page.getByRole("button", { name: "Pair" }).click();
    await page.getByText("Bob").first().waitFor();
    await page.goto(`${secureAt("127.0.0.1")}/capture`);
    await page.getByText("Ada").first().waitFor();
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("lets a tablet that was paired over HTTP go on over HTTPS as the same", async () => {
    const { page } = await aTablet(trusting);
    await page.goto(`${booth.address}/pair/${await newCode()}`);
    await page.getByLabel("Who uses it?").fill("Ada");
    await page.getByRole("button", { name: "Pair" }).click();
    await page.getByText("Ada").first().waitFor();
    await page.goto(`${booth.address}/trust?next=/capture`);
    await page.getByRole("link", { name: "Go on here" }).click();
    await page.waitForURL(`${secureAt("127.0.0.1")}/capture`);
    await page.getByText("Ada").first().waitFor();
    await page.context().close();
  });

  test("leads nobody away from an address under which visits still wait", async () => {
    const { page } = await aTablet(trusting);
    await page.goto(`${booth.address}/pair/${await newCode()}`);
    await page.getByLabel("Who uses it?").fill("Ada");
    await page.getByRole("button", { name: "Pair" }).click();
    await page.locator("html.scripted").waitFor();
    await page.route("**/api/visits*", (route) => route.abort());
    await page.keyboard.press("3");
    await page.getByText(/^1 waiting for the laptop/).waitFor();
    await page.goto(`${booth.address}/trust?next=/capture`);
    await page.getByText("Some visits still wait under the plain address.").waitFor();
    expect(await page.getByRole("link", { name: "Go on here" }).isVisible()).toBe(false);
    await page.unroute("**/api/visits*");
    await page.getByRole("link", { name: "Open the plain address" }).click();
    await page.getByText("All on the laptop", { exact: true }).waitFor();
    await page.goto(`${booth.address}/trust?next=/capture`);
    await page.getByRole("link", { name: "Go on here" }).waitFor();
    await page.context().close();
  });

  test("shows one that does not trust it yet what to do, and lets it go on without", async () => {
    const { page } = await aTablet(wary);
    await page.goto(`${booth.address}/trust?next=/sign-in`);
    await page.getByText("Not trusted yet").waitFor();
    await page.getByRole("button", { name: "Look again" }).click();
    await page.getByText("Not trusted yet").waitFor();
    expect(await page.getByRole("link", { name: "Go on here" }).isVisible()).toBe(false);
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Download the certificate" }).first().click();
    expect((await download).suggestedFilename()).toMatch(/^boothlight.*\.crt$/);
    await page.getByRole("link", { name: "Go on without" }).click();
    await page.waitForURL(`${booth.address}/sign-in`);
    await page.context().close();
  });

  test("sees it as soon as somebody comes back from the settings", async () => {
    const folder = temporaryFolder();
    await localCertificate(folder, { laptop: "lamp", names: ["127.0.0.1"] }, Date.now());
    const device = trustingHome(path.join(folder, "authority.crt"));
    const browser = await openTrustingBrowser(device);
    const other = await openTrustedBooth();
    const { page } = await aTablet(browser);
    await page.goto(`${other.address}/trust?next=/sign-in`);
    await page.getByText("Not trusted yet").waitFor();
    // The same as trusting it on the device, seen from here: from now on the browser has no complaint.
    for (const file of ["authority.crt", "authority.key"]) {
      cpSync(path.join(folder, file), path.join(other.dataDir, "certificates", file));
    }
    await other.secure.look();
    await page.evaluate(`document.dispatchEvent(new Event("visibilitychange"))`);
    await page.getByRole("link", { name: "Go on here" }).waitFor();
    await browser.close();
    await other.close();
    for (const each of [folder, device]) rmSync(each, { recursive: true });
  });

  test("is not taken in by a browser that was told to open the page in spite of its warning", async () => {
    // As after a tap on “Advanced” and “Proceed”: pages come, and service workers do not.
    const { page } = await aTablet(wary, { ...TABLET, ignoreHTTPSErrors: true });
    await page.goto(`${secureAt("127.0.0.1")}/trust?next=/capture`);
    await page.getByText("Somebody told this browser to open the page").waitFor();
    expect(await page.getByText("Trusted ✔").isVisible()).toBe(false);
    await page.getByRole("link", { name: "Download the certificate" }).first().waitFor();
    await page.context().close();
  });

  test("does not lead such a browser on as if it were trusted: the page that pairs it says how it stands", async () => {
    const { page } = await aTablet(wary, { ...TABLET, ignoreHTTPSErrors: true });
    await page.goto(`${booth.address}/trust?next=/pair/${await newCode()}`);
    await page.getByText("Somebody told this browser to open the page").waitFor();
    expect(await page.getByText("This connection is trusted").isVisible()).toBe(false);
    await page.getByRole("link", { name: "Trust the laptop first" }).click();
    await page.getByRole("link", { name: "Download the certificate" }).first().waitFor();
    await page.context().close();
  });

  test("says over HTTPS that all is well, without steps", async () => {
    const { page, faults } = await aTablet(trusting);
    await page.goto(`${secureAt("127.0.0.1")}/trust`, { waitUntil: "networkidle" });
    expect(await page.getByText("Trusted ✔").isVisible()).toBe(true);
    expect(await page.getByRole("link", { name: "Download the certificate" }).first().isVisible()).toBe(
      false,
    );
    // What was tried out is gone again.
    expect(await page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)")).toBe(
      0,
    );
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("works without script: a link to try, and words for what should come", async () => {
    const { page } = await aTablet(trusting, { ...TABLET, javaScriptEnabled: false });
    await page.goto(`${booth.address}/trust?next=/sign-in`);
    expect(await page.getByText("Is it trusted already?").isVisible()).toBe(true);
    await page.getByRole("link", { name: secureAt("127.0.0.1") }).click();
    await page.waitForURL(`${secureAt("127.0.0.1")}/sign-in`);
    await page.context().close();
  });
});

describe.each([
  ["a phone in the dark", { viewport: { width: 390, height: 844 }, colorScheme: "dark" as const }],
  ["a tablet by day", { ...TABLET, colorScheme: "light" as const }],
  ["a laptop in a bright hall", { ...LAPTOP, contrast: "more" as const }],
])("on %s", (_name, options) => {
  test("the pages of trust and of pairing can be used by everybody", async () => {
    const { page } = await aTablet(wary, options);
    const complaints: Record<string, unknown> = {};
    const look = async (address: string) => {
      await page.goto(address);
      // All that is folded away, too.
      await page.evaluate(
        `for (const each of document.querySelectorAll("details")) each.removeAttribute("name"), (each.open = true)`,
      );
      await page.evaluate(AXE);
      const { violations } = (await page.evaluate(`axe.run({ resultTypes: ["violations"] })`)) as {
        violations: { id: string; nodes: { html: string }[] }[];
      };
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`);
      const wider = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
      );
      if (wider !== 0) found.push(`scrolls sideways by ${wider}px`);
      if (found.length > 0) complaints[address] = found;
    };
    await look(`${booth.address}/trust?next=/capture`);
    await page.getByText("Not trusted yet").waitFor();
    await look(`${booth.address}/pair/${await newCode()}`);
    await signIn(page, booth.address);
    await look(`${booth.address}/pair`);
    await look(`${booth.address}/pair?way=trusted`);
    expect(complaints).toEqual({});
    await page.context().close();
  });
});
