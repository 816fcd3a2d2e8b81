import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { inviteToPair } from "../../src/access/store";
import { complaintsAbout } from "../support/axe";
import { faultsOf, LAPTOP, openBrowser, pairedContext, TABLET } from "../support/browser";
import { openTrustedBooth, type TrustedBooth } from "../support/trusted";

type Size = [width: number, height: number];
const PHONE: Size = [390, 844];
const PAD: Size = [820, 1180];

let browser: Browser;
let booth: TrustedBooth;
let context: BrowserContext;
let page: Page;
let faults: string[];

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  booth = await openTrustedBooth({ now: Date.now });
});
afterEach(async () => {
  await context.close();
  await booth.close();
  expect(faults).toEqual([]);
});

async function openTablet(options: BrowserContextOptions, look = "auto"): Promise<void> {
  context = await pairedContext(browser, booth, options);
  await context.addCookies([{ name: "boothlight_look", value: look, url: booth.address }]);
  faults = faultsOf(context);
  page = await context.newPage();
  await openCapture();
}
async function openCapture(): Promise<void> {
  await page.goto(`${booth.address}/capture`);
  await page.locator("html.scripted").waitFor();
}
const button = (name: string) => page.getByRole("button", { name, exact: true });
const target = (name: string) => page.locator("[data-targets]").getByRole("button", { name });
const saved = (words: string) => page.getByText(words, { exact: true }).waitFor();
const recorded = () => booth.db.read.selectFrom("visits").selectAll().orderBy("happened_at").execute();

/** The organizer writes a note into the last visit, on the laptop, while somebody writes another one here. */
async function makeTwoVersions(): Promise<void> {
  await saved("All on the laptop");
  const visit = (await recorded()).at(-1)!;
  const organizer = await booth.organizer();
  const moment = new Date(visit.happened_at).toLocaleString("sv-SE", { timeZone: "Europe/Brussels" });
  const form = { revision: String(visit.revision), category: visit.category, people: "1" };
  const time = moment.slice(0, 16).replace(" ", "T");
  await organizer
    .post(`/visits/${visit.id}`)
    .type("form")
    .send({ ...form, time, note: "laptop" })
    .expect(303);
  await page.getByLabel("Note").fill("tablet");
  await page.getByText("1 with two versions").waitFor();
}

/**
 * Goes through all that a tablet shows, and gives what is wrong with it, by what was shown and in which size of a
 * screen. `complaintsNow` looks at what is shown.
 */
async function complaintsAboutAll(
  sizes: Size[],
  complaintsNow: () => Promise<string[]>,
): Promise<Record<string, string[]>> {
  const complaints: Record<string, string[]> = {};
  const look = async (what: string) => {
    for (const [width, height] of sizes) {
      await page.setViewportSize({ width, height });
      await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
      const found = await complaintsNow();
      if (found.length > 0) complaints[`${what}, ${width} × ${height}`] = found;
    }
  };
  await look("the page before a visit");
  await target("New").tap();
  await page.getByText("Logged: New").waitFor();
  await page.getByLabel("VMware", { exact: true }).tap();
  await page.getByLabel("interested", { exact: true }).tap();
  await look("a visit");
  await page.getByText("Contact", { exact: true }).tap();
  await page.getByLabel("E-mail").fill("ada at example");
  await page.getByLabel("E-mail").blur();
  await page.getByText("This does not look like a mail address.").waitFor();
  await page.getByText("1 to be mended").waitFor();
  await look("a contact to be mended");
  await page.getByLabel("E-mail").fill("");
  await page.getByLabel("E-mail").blur();
  await makeTwoVersions();
  await button("Compare").tap();
  await page.getByRole("dialog").waitFor();
  await look("two versions");
  await button("The laptop's").tap();
  await page.getByRole("link", { name: "Last visits" }).tap();
  await page.getByText("Tap one to correct it.").waitFor();
  await look("the last visits");
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).tap();
  await button("This tablet").tap();
  await page.getByRole("dialog").waitFor();
  await look("this tablet");
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).tap();
  await booth.goAway();
  await target("Existing user").tap();
  await page.getByText(/^1 waiting for the laptop since/).waitFor();
  await look("a visit that waits");
  await button("Undo").tap();
  await page.getByText(/^Undone/).waitFor();
  await look("a visit that was undone");
  await booth.comeBack();
  await page.goto(`${booth.address}/capture/visits`);
  await look("the last visits as a page");
  const place = { eventId: booth.eventId, boothId: null };
  const code = await booth.db.write((writer) => inviteToPair(writer, place, Date.now()));
  await page.goto(`${booth.address}/pair/${code}`);
  await look("pairing");
  await page.goto(`${booth.address}/trust`);
  await look("trusting the laptop");
  return complaints;
}

/** How a page may look: what is chosen for it, and what the device asks for. */
const LOOKS = {
  "by day": { look: "light", media: {} },
  "in the dark": { look: "dark", media: {} },
  "in a bright hall": { look: "contrast", media: {} },
  "where the device asks for contrast, in the dark": {
    look: "auto",
    media: { colorScheme: "dark", contrast: "more" },
  },
} as const;

test("in no look does anything on a phone or a tablet keep anybody out", async () => {
  await openTablet(TABLET, "light");
  const dress = async ({ look, media }: (typeof LOOKS)[keyof typeof LOOKS]) => {
    await page.emulateMedia({ reducedMotion: "reduce", colorScheme: null, contrast: null, ...media });
    // As the page comes from the laptop in this look.
    await page.evaluate(`(() => {
      document.documentElement.dataset.look = "${look}";
      document.querySelector("[data-contrast]").media = "${look === "contrast" ? "all" : "(prefers-contrast: more)"}";
      return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    })()`);
  };
  const inEachLook = async () => {
    const complaints: string[] = [];
    for (const [when, dressed] of Object.entries(LOOKS)) {
      const isFirst = dressed.look === "light";
      // Of the other looks only the colours differ, whatever the size of the screen.
      if (!isFirst && page.viewportSize()?.width !== PAD[0]) continue;
      await dress(dressed);
      const found = await complaintsAbout(page, isFirst ? "all" : "colours");
      complaints.push(...found.map((complaint) => `${when}: ${complaint}`));
    }
    await dress(LOOKS["by day"]);
    return complaints;
  };
  expect(await complaintsAboutAll([PHONE, PAD], inEachLook)).toEqual({});
});

test("whoever asks for calm sees nothing light up", async () => {
  await openTablet({ ...TABLET, reducedMotion: "reduce" });
  await target("New").tap();
  await page.getByText("Logged: New").waitFor();
  const lasts = () =>
    page.evaluate("getComputedStyle(document.querySelector('.said.fresh')).animationDuration");
  expect(await lasts()).toBe("1e-05s");
  await page.emulateMedia({ reducedMotion: "no-preference" });
  expect(await lasts()).toBe("0.9s");
});

test("whoever asks for calm gets another look at once, with nothing on the way to it", async () => {
  await openTablet({ ...TABLET, reducedMotion: "reduce" }, "light");
  const onTheWay = (look: string) =>
    page.evaluate(`(() => {
      document.documentElement.dataset.look = "${look}";
      getComputedStyle(document.body).color;
      return document.getAnimations().length;
    })()`);
  expect(await onTheWay("dark")).toBe(0);
  expect(await onTheWay("light")).toBe(0);
});

/** In the page: words that are cut off, or lie outside of what they belong to, or beside the screen. */
const CUT_OFF = `(() => {
  const found = [];
  const modal = document.querySelector("dialog[open]");
  const words = document.createTreeWalker(modal ?? document.body, NodeFilter.SHOW_TEXT);
  // A line of text is less high than the letters' own box says.
  const isOut = (inner, outer, slack) =>
    inner.left < outer.left - 1 || inner.right > outer.right + 1 ||
    inner.top < outer.top - slack || inner.bottom > outer.bottom + slack;
  while (words.nextNode()) {
    const text = words.currentNode.textContent.trim();
    const parent = words.currentNode.parentElement;
    if (!text || !parent.checkVisibility({ visibilityProperty: true })) continue;
    if (parent.closest(".visually-hidden, .skip, script, option, datalist, thead")) continue;
    const range = document.createRange();
    range.selectNodeContents(words.currentNode);
    const place = range.getBoundingClientRect();
    let scrolls = false;
    for (let box = parent; box && box !== document.body; box = box.parentElement) {
      const style = getComputedStyle(box);
      if (/auto|scroll/.test(style.overflowX) && box.scrollWidth > box.clientWidth) scrolls = true;
      if (/auto|scroll/.test(style.overflowY) && box.scrollHeight > box.clientHeight) break;
      if (scrolls) break;
      const holds = box.matches("button, .button, .chip, .lamp, dialog") || /hidden|clip/.test(style.overflow);
      const slack = parseFloat(getComputedStyle(parent).fontSize) * 0.3;
      if (holds && isOut(place, box.getBoundingClientRect(), slack)) found.push("cut off: " + text.slice(0, 60));
    }
    if (!scrolls && (place.left < -1 || place.right > innerWidth + 1)) found.push("beside the screen: " + text.slice(0, 60));
  }
  for (const box of document.querySelectorAll("html, dialog[open], form.about-visit")) {
    if (box.scrollWidth > box.clientWidth) found.push("scrolls sideways: " + (box.className || box.tagName));
  }
  if (!modal) for (const target of document.querySelectorAll(".target")) {
    const { left, right, width, height } = target.getBoundingClientRect();
    if (left < 0 || right > innerWidth || width < 48 || height < 48) found.push("out of reach: " + target.value);
  }
  return [...new Set(found)];
})()`;

test.each<[string, number, Size[]]>([
  ["set in the browser of a phone or a tablet", 32, [PHONE, PAD]],
  [
    "by the zoom of a browser",
    16,
    [
      [410, 590],
      [683, 400],
      [320, 568],
    ],
  ],
])("text at 200 %%, %s, leaves nothing cut off or out of reach", async (_name, size, sizes) => {
  await openTablet({ ...TABLET, reducedMotion: "reduce" });
  const devtools = await context.newCDPSession(page);
  await devtools.send("Page.enable");
  await devtools.send("Page.setFontSizes", { fontSizes: { standard: size, fixed: size } });
  await openCapture();
  expect(await page.evaluate("getComputedStyle(document.documentElement).fontSize")).toBe(`${size}px`);
  const cutOff = () => page.evaluate(CUT_OFF) as Promise<string[]>;
  expect(await complaintsAboutAll(sizes, cutOff)).toEqual({});
});

/** In the page: what has the focus, and what is wrong with how that shows. */
const FOCUS = `(() => {
  const at = document.activeElement;
  if (!at || at === document.body) return { name: "", wrong: "nothing has the focus" };
  const label = at.labels?.[0];
  const name = (at.getAttribute("aria-label") ?? label?.textContent ?? at.textContent).trim().replace(/\\s+/g, " ");
  const around = [at, label, at.closest("label")].filter(Boolean);
  const isShown = around.some((each) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(each);
    return outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
  });
  const { left, right, top, bottom } = at.getBoundingClientRect();
  const isInside = left >= -1 && right <= innerWidth + 1 && bottom > 0 && top < innerHeight;
  const wrong = !isShown ? "does not show it" : !isInside ? "is out of sight" : "";
  return { name, wrong };
})()`;

describe("with the keyboard alone", () => {
  const hidden: string[] = [];
  const key = (name: string) => page.keyboard.press(name);
  const type = (words: string) => page.keyboard.type(words);
  const focus = () => page.evaluate(FOCUS) as Promise<{ name: string; wrong: string }>;
  const focused = async () => (await focus()).name;

  beforeEach(async () => {
    await openTablet(LAPTOP);
    hidden.length = 0;
  });
  afterEach(() => {
    expect(hidden).toEqual([]);
  });

  /** Goes on by Tab until the focus is there, and looks at every stop whether it shows. */
  async function go(name: string | RegExp, by = "Tab"): Promise<void> {
    const seen: string[] = [];
    for (let steps = 0; steps < 90; steps++) {
      await key(by);
      const at = await focus();
      seen.push(at.name);
      if (typeof name === "string" ? at.name === name : name.test(at.name)) return void look(at);
      // Between the last and the first of a page is the browser's own bar.
      if (at.name !== "") look(at);
    }
    throw new Error(`Tab never came to ${name}. It came to: ${seen.join(" | ")}`);
  }
  function look({ name, wrong }: { name: string; wrong: string }): void {
    if (wrong) hidden.push(`${name} ${wrong}`);
  }

  test("a visit is logged, undone, counted again, and told in all its details", async () => {
    await key("1");
    await page.getByText("Logged: Existing user").waitFor();
    expect(await focused()).toMatch(/^Existing user/);
    await go(/^New/);
    await key("Enter");
    await page.getByText("Logged: New").waitFor();
    await go("Undo");
    await key("Enter");
    await page.getByText(/^Undone: New/).waitFor();
    expect(await focused()).toBe("Count it again");
    await saved("All on the laptop");
    await key("Enter");
    await page.getByText(/^Counted again: New/).waitFor();
    expect(await focused()).toBe("Undo");

    await go("a little");
    await key("Space");
    await key("ArrowRight");
    expect(await focused()).toBe("interested");
    await go("Overview given");
    await key("Space");
    await go("One person more");
    await key("Enter");
    await go("Lantern");
    await key("Space");
    await go("VMware");
    await key("Space");
    await go("Easier to install these days");
    await key("Space");
    await go("Sticker");
    await key("Space");
    await go("Question 1");
    await type("Does it do VLANs?");
    await go("Topic of question 1");
    await type("Net");
    await go("Another question");
    await key("Enter");
    expect(await focused()).toBe("Question 2");
    await type("And 2 bonds?");
    await go("Storage");
    await key("Space");
    await go("Note");
    await type("1 of 3 hosts");
    await go("Contact");
    await key("Enter");
    await go("Name");
    await type("Zoë");
    await go("E-mail");
    await type("zoe at visitor");
    await go(/^to answer their questions/);
    await key("Space");

    await page.getByText("1 to be mended").waitFor();
    await go("Mend", "Shift+Tab");
    await key("Enter");
    expect(await focused()).toBe("E-mail");
    await key("Control+A");
    await type("zoe@visitor.example");
    await key("Tab");
    await saved("All on the laptop");

    const visits = await recorded();
    expect(visits.map((visit) => visit.category)).toEqual(["existing", "new"]);
    expect(visits[1]).toMatchObject({
      interest: 2,
      overview_given: 1,
      people: 2,
      note: "1 of 3 hosts",
      deleted_at: null,
    });
    expect(visits[1]?.project_id).not.toBeNull();
    expect(visits[1]?.platform_id).not.toBeNull();
    const questions = await booth.db.read
      .selectFrom("questions")
      .leftJoin("topics", "topics.id", "questions.topic_id")
      .select(["text", "topics.slug as topic"])
      .orderBy("questions.position")
      .execute();
    expect(questions).toEqual([
      { text: "Does it do VLANs?", topic: "networking" },
      { text: "And 2 bonds?", topic: null },
    ]);
    const [contact] = await booth.db.read.selectFrom("contacts").selectAll().execute();
    expect(contact).toMatchObject({ name: "Zoë", email: "zoe@visitor.example" });
    expect(await booth.db.read.selectFrom("contact_consents").select("purpose").execute()).toEqual([
      { purpose: "follow-up" },
    ]);
  });

  test("a choice among several is taken back with the key that made it", async () => {
    await key("2");
    await page.getByText("Logged: Curious").waitFor();
    await go("VMware");
    await key("Space");
    await saved("All on the laptop");
    await key("Space");
    expect(await page.getByLabel("VMware", { exact: true }).isChecked()).toBe(false);
    await saved("All on the laptop");
    await page.waitForTimeout(700);
    expect((await recorded())[0]?.platform_id).toBeNull();
  });

  test("dialogs are opened, used and closed, and the focus is where it was or where one goes on", async () => {
    await key("3");
    await page.getByText("Logged: New").waitFor();
    await saved("All on the laptop");

    await go("Last visits", "Shift+Tab");
    await key("Enter");
    await page.getByText("Tap one to correct it.").waitFor();
    await key("Escape");
    expect(await focused()).toBe("Last visits");
    await key("Enter");
    await page.getByText("Tap one to correct it.").waitFor();
    await go(/New$/);
    await key("Enter");
    expect(await focused()).toBe("a little");

    await booth.goAway();
    await key("2");
    await page.getByText(/^1 waiting for the laptop since/).waitFor();
    await go("This tablet", "Shift+Tab");
    await key("Enter");
    await go("Somebody else uses it too");
    await type("Bea");
    await key("Enter");
    await go("Save rescue file");
    const [download] = await Promise.all([page.waitForEvent("download"), key("Enter")]);
    expect(download.suggestedFilename()).toMatch(/^boothlight-rescue-winter-camp-.*\.json$/);
    await go("Remove Bea", "Shift+Tab");
    await key("Enter");
    expect(await focused()).toBe("Somebody else uses it too");
    await type("Cyd");
    await key("Enter");
    await key("Escape");
    expect(await focused()).toBe("This tablet");
    await go("Ada", "Shift+Tab");
    await key("Enter");
    expect(await focused()).toBe("Ada");
    await go("Cyd");
    await key("Enter");
    expect(await focused()).toBe("Cyd");
    await booth.comeBack();
    await key("1");
    await page.getByText("Logged: Existing user").waitFor();
    await saved("All on the laptop");
    expect((await recorded()).at(-1)?.staff_name).toBe("Cyd");
  });

  test("two versions are compared and chosen from", async () => {
    await key("3");
    await page.getByText("Logged: New").waitFor();
    await makeTwoVersions();
    await go("Compare", "Shift+Tab");
    await key("Enter");
    await page.getByRole("dialog").waitFor();
    await go("The one from here");
    await key("Enter");
    await saved("All on the laptop");
    expect(await focused()).toBe("a little");
    expect((await recorded())[0]?.note).toBe("tablet");
  });
});
