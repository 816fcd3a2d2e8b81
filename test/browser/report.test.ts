import { readFileSync } from "node:fs";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { uuidv7 } from "uuidv7";
import { addAnswerer, step } from "../support/asking";
import { complaintsAbout } from "../support/axe";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { faultsOf, LAPTOP, openBrowser, signIn } from "../support/browser";
import { NOON } from "../support/databases";

const LONG = "Zoë-Marie von und zu Donaudampfschifffahrtsgesellschaftskapitänswitwe";
const REPORT = "/events/winter-camp/report";

let browser: Browser;
let booth: Booth;

beforeAll(async () => {
  browser = await openBrowser();
  booth = await openBooth({ config: { chromePath: process.env.CHROME_PATH } });
  const tablets = [await booth.tablet("Ada"), await booth.tablet(LONG)];
  const asked: string[] = [];
  const visits = Array.from({ length: 90 }, (_, index) => {
    const id = uuidv7();
    if (index % 3 === 0) asked.push(id);
    return aVisit({
      category: (["existing", "curious", "new"] as const)[index % 3],
      happenedAt: new Date(NOON - (index % 10) * 1_800_000 - (index % 2) * 86_400_000).toISOString(),
      people: (index % 4) + 1,
      booth: index % 2 ? "hall" : "lounge",
      project: index % 5 ? "lantern" : "wick",
      // Thirty platforms, and one without an end.
      platform: index % 2 ? "vmware" : index === 0 ? "Averylongword".repeat(6) : `Platform ${index % 60}`,
      interest: (index % 3) + 1,
      topics: ["storage"],
      remarks: index % 4 ? [] : ["easier-install"],
      giveaways: ["sticker"],
      note:
        index % 4 ? undefined : `Tried it at home, number ${index}, and ${"longwordwithoutaspace".repeat(4)}`,
      questions: index % 3 ? [] : [{ id, text: "How many disks does a thin pool take?", topic: "storage" }],
    });
  });
  const results = [
    ...((await tablets[0]?.send(...visits.slice(0, 50))) ?? []),
    ...((await tablets[1]?.send(...visits.slice(50))) ?? []),
  ];
  expect(results.filter(({ status }) => status !== "recorded")).toEqual([]);
  const expertId = await addAnswerer(booth, { name: `${LONG}'s list` });
  await booth.db.write(async (writer) => {
    const own = { expert_id: expertId, project_slug: "lantern" };
    await writer.insertInto("expert_projects").values(own).execute();
    await writer.updateTable("giveaways").set({ ran_out_at: NOON }).where("slug", "=", "sticker").execute();
    await writer
      .insertInto("journal")
      .values({ id: uuidv7(), event_id: booth.eventId, at: NOON, text: "The sphere went dark." })
      .execute();
  });
  for (const id of asked.slice(0, 8)) await step(booth, id, "routed", { expertId });
  await step(booth, asked[0] as string, "given back");
});
afterAll(async () => {
  await browser.close();
  await booth.close();
});

async function open(
  options: BrowserContextOptions,
  address: string,
): Promise<{ page: Page; faults: string[] }> {
  const context = await browser.newContext({ ...LAPTOP, ...options });
  const faults = faultsOf(context);
  const page = await context.newPage();
  await signIn(page, booth.address);
  await page.goto(booth.address + address);
  return { page, faults };
}

test.each<[string, BrowserContextOptions, "screen" | "print", string]>([
  [
    "on a phone in the dark",
    { viewport: { width: 390, height: 844 }, colorScheme: "dark" },
    "screen",
    REPORT,
  ],
  ["on a tablet by day", { viewport: { width: 820, height: 1180 }, colorScheme: "light" }, "screen", REPORT],
  ["narrowed down", { colorScheme: "light" }, "screen", `${REPORT}?day=2024-02-03&category=new`],
  ["with nothing to show", { colorScheme: "dark" }, "screen", `${REPORT}?day=2024-02-04`],
  // The width of A4 between its margins; a dark screen prints on white paper.
  ["on paper", { viewport: { width: 673, height: 900 }, colorScheme: "dark" }, "print", REPORT],
])("the report can be read by everybody %s", async (_where, options, media, address) => {
  const { page, faults } = await open(options, address);
  await page.emulateMedia({ media });
  // Loaded anew: of a page that was shown before, some colours are the screen's for a moment.
  await page.reload();
  // Tables behind charts are read as well.
  await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true");
  expect(await complaintsAbout(page)).toEqual([]);
  expect(faults).toEqual([]);
  await page.context().close();
});

test("charts are told apart without colour, and drawn without pictures", async () => {
  const { page } = await open({}, REPORT);
  const chart = page.getByRole("img", { name: /^What visitors use today/ }).first();
  const drawn = await chart.innerHTML();
  expect(drawn).not.toMatch(/<pattern|<image|url\(/);
  for (const dashed of ["butt", "round"]) expect(drawn).toContain(`stroke-linecap="${dashed}"`);
  await page.context().close();
});

/** The titles of a PDF's outline, which its browser writes as they are, and how many pages of which size it has. */
function contentsOf(bytes: Buffer) {
  const text = bytes.toString("latin1");
  const boxes = text.match(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/);
  return {
    chapters: [...text.matchAll(/\/Title \(([^)]*)\)/g)].map((found) => found[1]),
    pages: text.match(/\/Type \/Page\b(?!s)/g)?.length ?? 0,
    size: [Math.round(Number(boxes?.[1])), Math.round(Number(boxes?.[2]))],
  };
}

test("narrowed down and saved as a PDF, it is the whole story on numbered pages", async () => {
  const { page } = await open({}, REPORT);
  await page.getByText("Narrow down").click();
  await page.getByLabel("Project", { exact: true }).selectOption("lantern");
  await page.getByRole("button", { name: "Show" }).click();
  await page.getByRole("heading", { name: "Winter Camp" }).waitFor();
  expect(await page.locator(".headline").textContent()).toMatch(/ about Lantern\.$/);

  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Save as PDF" }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe("winter-camp.pdf");
  const bytes = readFileSync(await file.path());
  const { chapters, pages, size } = contentsOf(bytes);
  expect(size).toEqual([595, 842]);
  expect(pages).toBeGreaterThan(3);
  expect(chapters).toEqual(
    expect.arrayContaining([
      "Winter Camp",
      "When the light was on",
      "Who stood at the booth",
      "Heard again and again",
      "What nobody could answer yet",
      "The numbers behind the charts",
    ]),
  );
  expect(chapters).not.toContain("Whose booth it was");
  // Drawn, not painted: a page of pictures would be some hundred kilobytes.
  expect(bytes.length).toBeLessThan(pages * 120_000);
  await page.context().close();
});

test("the same on the other paper", async () => {
  const answer = await (await booth.organizer()).get(`${REPORT}.pdf?paper=letter`).buffer().expect(200);
  expect(answer.type).toBe("application/pdf");
  expect(contentsOf(answer.body).size).toEqual([612, 792]);
});
