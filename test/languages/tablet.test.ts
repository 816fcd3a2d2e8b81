import { readFileSync } from "node:fs";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { MESSAGES, sayIn } from "../../src/http/languages";
import { LANGUAGES, type Language } from "../../src/languages/say";
import { type Booth, openBooth } from "../support/booth";
import { faultsOf, openBrowser, pairedContext, TABLET } from "../support/browser";

const CODES = Object.keys(LANGUAGES) as Language[];
const PHONE: BrowserContextOptions = { ...TABLET, viewport: { width: 390, height: 844 } };

let browser: Browser;
let booth: Booth;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  booth = await openBooth();
  booth.setClock(Date.now());
});
afterEach(() => booth.close());

/** A page of a paired tablet that is set to a language, and to a look. */
async function tabletIn(
  language: Language,
  options: BrowserContextOptions = TABLET,
  look = "light",
): Promise<{ context: BrowserContext; page: Page; faults: string[] }> {
  const context = await pairedContext(browser, booth, options);
  await context.addCookies([
    { name: "boothlight_language", value: language, url: booth.address },
    { name: "boothlight_look", value: look, url: booth.address },
  ]);
  return { context, page: await context.newPage(), faults: faultsOf(context) };
}

async function openCapture(page: Page): Promise<void> {
  await page.goto(`${booth.address}/capture`);
  await page.locator("html.scripted").waitFor();
}

/** Every text of the page, and every label that is read out, that somebody meets there now. */
const textsOn = (page: Page): Promise<string[]> =>
  page.evaluate(`(() => {
    const found = [document.title];
    const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest("[lang]:not(html)");
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (!node.parentElement.closest("script, style") && seen(node.parentElement)) found.push(node.data);
    }
    for (const element of document.querySelectorAll("[aria-label], [placeholder], [title]")) {
      if (!seen(element)) continue;
      for (const name of ["aria-label", "placeholder", "title"]) found.push(element.getAttribute(name) ?? "");
    }
    return found.map((text) => text.trim().replace(/\\s+/g, " ")).filter((text) => text !== "");
  })()`);

/** What English would say, as patterns; without what any language could say, such as "{{category}}, {{at}}". */
const ENGLISH = Object.entries(MESSAGES.en)
  .filter(([, text]) => /\p{L}{2,}/u.test(text.replace(/\{\{\w+\}\}/g, "")))
  .map(([key, text]) => ({
    key,
    pattern: new RegExp(
      `^${text
        .trim()
        .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
        .replace(/\\\{\\\{\w+\\\}\\\}/g, ".+")
        .replace(/\s+/g, " ")}( · Winter Camp · Boothlight)?$`,
      "u",
    ),
  }));

/** Texts of a page that are English, where the language has other words. */
function leftInEnglish(texts: string[], language: Language): string[] {
  return texts.filter((text) =>
    ENGLISH.some(({ key, pattern }) => pattern.test(text) && MESSAGES[language][key] !== MESSAGES.en[key]),
  );
}

test("the search for English finds what was left", () => {
  const texts = [
    "Erfasst: Neugierig",
    "Logged: Neugierig",
    "Undo",
    "3 to be mended",
    "Lantern",
    "Passphrase",
  ];
  expect(leftInEnglish(texts, "de")).toEqual(["Logged: Neugierig", "Undo", "3 to be mended"]);
});

describe.each(["ja", "de"] as const)("a tablet in %s", (language) => {
  const say = sayIn(language);
  /** Whole texts, or what stands beside others on a line. */
  const shown = (page: Page, words: string) => page.getByText(words).first().waitFor();

  test("logs a visit, undoes it, and says what is wrong with a mail address, all in its language", async () => {
    const { context, page, faults } = await tabletIn(language);
    await openCapture(page);
    expect(await page.getAttribute("html", "lang")).toBe(language);
    const allTexts = await textsOn(page);

    const target = page.locator("[data-targets] button[value=new]");
    await target.tap();
    await shown(page, say("capture.logged", { category: say("category.new") }));
    await shown(page, say("standing.all-sent"));
    allTexts.push(...(await textsOn(page)));

    await page.getByText(say("visit.contact"), { exact: true }).tap();
    const mail = page.getByLabel(say("visit.contact-email"));
    await mail.fill("ada at example");
    await mail.blur();
    await shown(page, say("problem.mail"));
    await shown(page, say("standing.to-mend", { count: 1 }));
    allTexts.push(...(await textsOn(page)));
    await mail.fill("ada@visitor.example");
    await mail.blur();
    await shown(page, say("standing.all-sent"));

    await page.getByRole("button", { name: say("capture.undo") }).tap();
    const undone = say("capture.undone-at", { category: say("category.new"), at: "AT" });
    await shown(page, undone.slice(0, undone.indexOf("AT")));
    allTexts.push(...(await textsOn(page)));

    await page.getByRole("button", { name: say("tablet.title") }).tap();
    await page.getByRole("dialog", { name: say("tablet.title") }).waitFor();
    allTexts.push(...(await textsOn(page)));

    expect(allTexts.length).toBeGreaterThan(150);
    expect(leftInEnglish(allTexts, language)).toEqual([]);
    expect(await booth.db.read.selectFrom("visits").select("category").execute()).toEqual([
      { category: "new" },
    ]);
    expect(faults).toEqual([]);
    await context.close();
  });

  test("waits in its language while the laptop is away", async () => {
    const { context, page } = await tabletIn(language);
    await openCapture(page);
    await context.setOffline(true);
    await page.locator("[data-targets] button[value=curious]").tap();
    const waiting = say("standing.waiting", { count: 1, since: "SINCE", why: "WHY" });
    await page
      .locator("[data-standing=waiting]")
      .filter({ hasText: waiting.slice(0, 2) })
      .waitFor();
    expect(leftInEnglish(await textsOn(page), language)).toEqual([]);
    await context.close();
  });

  test("pairs, signs in and is refused in its language", async () => {
    const context = await browser.newContext({ ...TABLET, locale: language });
    const page = await context.newPage();
    const texts: string[] = [];
    for (const path of ["/", "/sign-in", "/pair/too-late", "/nowhere", await pairingPath()]) {
      await page.goto(booth.address + path);
      expect(await page.getAttribute("html", "lang")).toBe(language);
      texts.push(...(await textsOn(page)));
    }
    expect(texts.length).toBeGreaterThan(30);
    expect(leftInEnglish(texts, language)).toEqual([]);
    await context.close();
  });
});

async function pairingPath(): Promise<string> {
  const { text } = await (await booth.organizer()).get("/pair").set("Accept", "text/html");
  return new URL(/data-pairing-address>([^<]+)</.exec(text)?.[1] as string).pathname;
}

/** What reaches over the edge of the page, or over the edge of what it stands in. */
const overflowing = (page: Page): Promise<string[]> =>
  page.evaluate(`(() => {
    const width = document.documentElement.clientWidth;
    const found = [];
    if (document.documentElement.scrollWidth > width) found.push("the page: " + document.documentElement.scrollWidth);
    for (const element of document.querySelectorAll("button, .button, .chip, .lamp, .target span, label, legend, h1, h2, h3, summary, p")) {
      const box = element.getBoundingClientRect();
      if (box.width === 0 || element.closest(".visually-hidden, .skip, .names")) continue;
      const words = element.textContent.trim();
      if (element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1) found.push("too long: " + words);
      else if (box.right > width + 1 || box.left < -1) found.push("outside: " + words);
    }
    return found;
  })()`);

test.each(CODES)("in %s nothing needs more room than a phone has", async (language) => {
  const { context, page } = await tabletIn(language, PHONE);
  const found: string[] = [];
  for (const path of ["/sign-in", await pairingPath(), "/nowhere", "/capture/visits"]) {
    await page.goto(booth.address + path);
    found.push(...(await overflowing(page)));
  }
  await openCapture(page);
  found.push(...(await overflowing(page)));
  await page.locator("[data-targets] button[value=existing]").tap();
  await page.locator("[data-details]:not([hidden])").waitFor();
  await page.getByText(sayIn(language)("visit.contact"), { exact: true }).tap();
  found.push(...(await overflowing(page)));
  // The targets are large and first, whatever they are called.
  for (const target of await page.locator("[data-targets] button").all()) {
    const box = await target.boundingBox();
    expect(box!.height).toBeGreaterThanOrEqual(140);
    expect(box!.y + box!.height).toBeLessThan(422);
  }
  await page.getByRole("button", { name: sayIn(language)("tablet.title") }).tap();
  found.push(...(await overflowing(page)));
  expect(found).toEqual([]);
  await context.close();
});

describe("language and look are chosen on the tablet", () => {
  test("in its dialog, for the page that is open and for the next one", async () => {
    const { context, page, faults } = await tabletIn("en");
    await openCapture(page);
    await page.locator("[data-targets] button[value=new]").tap();
    await page.getByText("Logged: New").waitFor();
    await page.getByLabel("Note").fill("typed before");
    await page.getByRole("button", { name: "This tablet" }).tap();
    await page.locator("dialog").getByLabel("Français").check();
    await page.locator("dialog").getByLabel("Dark").check();
    await page.locator("dialog").getByRole("button", { name: "Use these" }).tap();
    await page.locator("html[lang=fr][data-look=dark].scripted").waitFor();
    expect(await page.evaluate("getComputedStyle(document.documentElement).colorScheme")).toBe("dark");
    await page.getByText(sayIn("fr")("standing.all-sent")).waitFor();
    const [visit] = await booth.db.read.selectFrom("visits").select("note").execute();
    expect(visit?.note).toBe("typed before");
    expect(faults).toEqual([]);
    await context.close();
  });

  test("without script, in the corner of the page", async () => {
    const { context, page } = await tabletIn("en", { ...TABLET, javaScriptEnabled: false });
    await page.goto(`${booth.address}/capture`);
    await page.getByText("Settings", { exact: true }).tap();
    const panel = page.locator(".settings");
    await panel.getByLabel("Português").check();
    await panel.getByLabel("High contrast").check();
    await panel.getByRole("button", { name: "Use these" }).tap();
    await page.locator("html[lang=pt]").waitFor();
    expect(new URL(page.url()).pathname).toBe("/capture");
    expect(await page.getAttribute("html", "data-look")).toBe("contrast");
    await context.close();
  });

  test("before anybody has paired or signed in, at the foot of the page", async () => {
    const context = await browser.newContext(PHONE);
    const page = await context.newPage();
    const path = await pairingPath();
    await page.goto(booth.address + path);
    await page.getByRole("button", { name: "日本語" }).tap();
    await page.locator("html[lang=ja]").waitFor();
    expect(new URL(page.url()).pathname).toBe(path);
    await page.getByRole("button", { name: "Deutsch" }).tap();
    await page.getByRole("heading", { name: sayIn("de")("pairing.title") }).waitFor();
    await context.close();
  });
});

test.each([
  ["light", "no-preference" as const],
  ["dark", "no-preference" as const],
  ["contrast", "no-preference" as const],
  ["auto", "more" as const],
])("words are readable in the look %s on a device that asks for contrast: %s", async (look, contrast) => {
  const { context, page } = await tabletIn("de", { ...PHONE, contrast }, look);
  const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
  const isHigh = look === "contrast" || contrast === "more";
  const rules = isHigh ? ["color-contrast", "color-contrast-enhanced"] : ["color-contrast"];
  const faults: string[] = [];
  const check = async () => {
    // What lights up is dark again.
    await page.waitForTimeout(1000);
    await page.evaluate(axe);
    const found = await page.evaluate(
      `axe.run(document, { runOnly: ${JSON.stringify(rules)}, rules: { "color-contrast-enhanced": { enabled: ${isHigh} } } })
        .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ": " + node.html.slice(0, 120) + " " + node.any[0]?.message)))`,
    );
    faults.push(...(found as string[]));
  };
  await openCapture(page);
  await check();
  await page.locator("[data-targets] button[value=curious]").tap();
  await page.getByText(sayIn("de")("visit.contact"), { exact: true }).tap();
  await page.locator(".lamp").nth(1).tap();
  await check();
  await page.getByRole("button", { name: sayIn("de")("tablet.title") }).tap();
  await check();
  await page.goto(`${booth.address}/sign-in`);
  await check();
  expect(faults).toEqual([]);
  await context.close();
});
