import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { questionById } from "../../src/questions/store";
import { complaintsAbout } from "../support/axe";
import { type Booth, openBooth, type Tablet } from "../support/booth";
import { faultsOf, openBrowser, signIn } from "../support/browser";
import { anExpert, asked, type Holder, steps } from "../support/holding";

const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
  reducedMotion: "reduce",
};
/** What somebody types who wants to see whether it runs. */
const NAUGHTY = `"'><img src=x onerror="throw Error('ran')"><script>throw Error('ran')</script> [x](javascript:throw/**/Error) ![](https://tracker.example/1.gif)`;

let browser: Browser;
let booth: Booth;
let tablet: Tablet;
let kai: Holder;
let lou: Holder;
let context: BrowserContext;
let page: Page;
let faults: string[];
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  booth = await openBooth();
  tablet = await booth.tablet();
  kai = await anExpert(booth, "Kai", { topics: ["storage"] });
  lou = await anExpert(booth, "Lou");
});
afterEach(async () => {
  await context?.close();
  await booth.close();
});

async function phone(options: BrowserContextOptions = {}): Promise<void> {
  context = await browser.newContext({ ...PHONE, ...options });
  faults = faultsOf(context);
  page = await context.newPage();
}
const open = (path: string) => page.goto(booth.address + path);
const box = () => page.getByRole("textbox", { name: "Your answer" });

async function askedOf(holder: Holder, text: string, given: Parameters<typeof asked>[2] = {}) {
  const id = await asked(tablet, text, given);
  await steps(booth, id, "routed", { to: holder });
  return id;
}

test("an expert in the tram: on it, a draft that outlives a reload, a look, the answer, and putting it right", async () => {
  await phone();
  const id = await askedOf(kai, "Which disk?");
  await open(kai.link);
  await page.getByRole("link", { name: "Which disk?" }).click();
  await page.getByRole("button", { name: "I am on it" }).click();
  await page.getByText("You are on it").waitFor();

  await box().fill("Use **two**.");
  await page.getByText("Kept on this device", { exact: true }).waitFor();
  await page.reload();
  expect(await box().inputValue()).toBe("Use **two**.");
  await page.getByText("Your draft").waitFor();

  await page.getByRole("button", { name: "Look at it first" }).click();
  expect(await page.locator("#preview strong").textContent()).toBe("two");
  await page.getByRole("button", { name: "Send the answer" }).click();
  await page.getByText("Thank you! Your answer is kept").waitFor();
  expect(await questionById(booth.db.read, id)).toMatchObject({ state: "answered", answer: "Use **two**." });

  await page.getByRole("link", { name: "Look at it" }).click();
  const right = page.getByRole("textbox", { name: "Put the answer right" });
  expect(await right.inputValue()).toBe("Use **two**.");
  expect(await page.getByText("Your draft").isVisible()).toBe(false);
  await right.fill("Use **three**.");
  await page.getByRole("button", { name: "Save the answer" }).click();
  await page.getByText("Thank you! Your answer is kept").waitFor();
  expect(await questionById(booth.db.read, id)).toMatchObject({ answer: "Use **three**." });
  // The list's own script takes the draft away.
  while ((await page.evaluate("localStorage.length")) !== 0) await page.waitForTimeout(20);
  expect(faults).toEqual([]);
});

test("without a connection nothing that was written is lost, and it can be sent later", async () => {
  await phone();
  const id = await askedOf(kai, "Which disk?");
  await open(`${kai.link}/questions/${id}`);
  await box().fill("An SSD.");
  await context.setOffline(true);
  await page.getByRole("button", { name: "Send the answer" }).click();
  await page.getByText("There is no connection just now.").waitFor();
  await context.setOffline(false);
  await open(`${kai.link}/questions/${id}`);
  expect(await box().inputValue()).toBe("An SSD.");
  await page.getByRole("button", { name: "Send the answer" }).click();
  await page.getByText("Thank you! Your answer is kept").waitFor();
  expect(await questionById(booth.db.read, id)).toMatchObject({ answer: "An SSD." });
});

test("a draft can be dropped, and what two questions get is not mixed up", async () => {
  await phone();
  const [one, two] = [await askedOf(kai, "One?"), await askedOf(kai, "Two?")];
  await open(`${kai.link}/questions/${one}`);
  await box().fill("To one");
  await open(`${kai.link}/questions/${two}`);
  expect(await box().inputValue()).toBe("");
  await open(`${kai.link}/questions/${one}`);
  await page.getByRole("button", { name: "Drop it" }).click();
  expect(await box().inputValue()).toBe("");
  await page.reload();
  expect(await box().inputValue()).toBe("");
});

test("passed on by the organizer while an answer was written: it is said, and the answer is there to copy", async () => {
  await phone();
  const id = await askedOf(kai, "Which disk?");
  await open(`${kai.link}/questions/${id}`);
  await box().fill("An SSD.");
  await steps(booth, id, "passed on", { to: lou });
  await page.getByRole("button", { name: "Send the answer" }).click();
  await page.getByRole("heading", { name: "This question is not with you any more" }).waitFor();
  expect(await page.getByLabel("What you wrote was not sent").inputValue()).toBe("An SSD.");
  expect(await questionById(booth.db.read, id)).toMatchObject({
    state: "routed",
    expert: "Lou",
    answer: null,
  });
});

test("all of it works without script", async () => {
  await phone({ javaScriptEnabled: false });
  const id = await askedOf(kai, "Which disk?");
  const other = await askedOf(kai, "Which cable?");
  await open(`${kai.link}/questions/${id}`);
  await box().fill("An SSD.");
  await page.getByRole("button", { name: "Send the answer" }).click();
  expect(await questionById(booth.db.read, id)).toMatchObject({ state: "answered", answer: "An SSD." });
  await open(`${kai.link}/questions/${other}`);
  await page.getByText("Pass it on").first().click();
  await page.getByLabel("Who can answer it?").selectOption("Lou");
  await page.getByRole("button", { name: "Pass it on" }).click();
  await page.getByText("Passed on to Lou").waitFor();
  expect(await questionById(booth.db.read, other)).toMatchObject({ state: "routed", expert: "Lou" });
});

test("what anybody typed runs nowhere: not as a question, a note or an answer, and no picture is loaded", async () => {
  await phone();
  const asking: string[] = [];
  context.on("request", (request) => asking.push(request.url()));
  const id = await askedOf(kai, NAUGHTY, { note: NAUGHTY });
  await open(kai.link);
  await open(`${kai.link}/questions/${id}`);
  await box().fill(NAUGHTY);
  await page.getByRole("button", { name: "Look at it first" }).click();
  await page.locator("#preview").waitFor();
  await page.getByRole("button", { name: "Send the answer" }).click();
  await page.getByRole("link", { name: "Look at it" }).click();
  await page.getByRole("heading", { name: "The answer" }).waitFor();
  await signIn(page, booth.address);
  await open(`/questions/${id}`);
  await page.getByRole("heading", { name: "The answer" }).waitFor();
  expect(faults).toEqual([]);
  expect(asking.filter((url) => !url.startsWith(booth.address))).toEqual([]);
});

test.each(["light", "dark"] as const)("on a phone, %s, everybody can use every page", async (colorScheme) => {
  await phone({ colorScheme });
  const long = "Donaudampfschifffahrtsgesellschaftskapitänswitwe".repeat(3);
  const id = await askedOf(kai, `${long}: how do I move two hundred LUNs?`, {
    note: long,
    contact: { name: long, organization: long, email: "zoe@visitor.example", consent: ["follow-up"] },
  });
  const done = await askedOf(kai, "Which disk?");
  await steps(booth, done, "answered", {
    note: `# Two\n### More\n\`\`\`\n${long}\n\`\`\`\n\n| ${long} | b |\n|--|--:|\n| 1 | 2 |\n\nhttps://example.org/${long}`,
  });
  const complaints: Record<string, string[]> = {};
  const look = async (name: string) => {
    const found = await complaintsAbout(page);
    if (found.length > 0) complaints[name] = found;
  };
  const visit = async (name: string, path: string) => {
    await open(path);
    await look(name);
  };
  await visit("questions", `${kai.link}?done=answered&question=${done}`);
  await page.getByText("I am away for a while").click();
  await page.getByLabel("Last day").fill("2024-01-01");
  await page.getByRole("button", { name: "Save these days" }).click();
  await page.getByText("The last day comes before the first.").waitFor();
  await look("wrong days");
  await visit("nothing waits", lou.link);
  await visit("answered", `${kai.link}/questions/${done}`);
  await visit("no such question", `${kai.link}/questions/none`);
  await visit("question", `${kai.link}/questions/${id}`);
  for (const words of ["Pass it on", "Give it back"]) await page.getByText(words).first().click();
  await box().fill(long);
  await page.getByText("Kept on this device", { exact: true }).waitFor();
  await look("question, all open");
  await page.getByRole("button", { name: "Look at it first" }).click();
  await look("a look at the answer");
  expect(complaints).toEqual({});
  expect(faults).toEqual([]);
});
