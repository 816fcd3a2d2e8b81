import { renameSync, rmSync } from "node:fs";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { watchLaptop } from "../../src/backups/check/store";
import { openDatabase, sqliteFile } from "../../src/database/open";
import { type Booth, openBooth } from "../support/booth";
import { faultsOf, LAPTOP, openBrowser, pairedContext, signIn } from "../support/browser";
import { temporaryFolder } from "../support/databases";
import { openDisk, type SmallDisk, whyNoDisks } from "../support/small-disk";

let browser: Browser;
let folder: string;
let disk: SmallDisk | undefined;
let booth: Booth;
let context: BrowserContext;
let faults: string[];

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());
afterEach(async () => {
  await context.close();
  await booth.deps.jobs.stop();
  await booth.close();
  disk?.remove();
  if (!disk) rmSync(folder, { recursive: true });
  disk = undefined;
  expect(faults).toEqual([]);
});

async function open(dataDir: string): Promise<void> {
  folder = dataDir;
  booth = await openBooth({
    db: await openDatabase({ dataDir }, Date.now()),
    now: Date.now,
    config: { dataDir },
  });
  context = await pairedContext(browser, booth);
  faults = faultsOf(context);
}

async function openPage(): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${booth.address}/capture`);
  await page.locator("html.scripted").waitFor();
  return page;
}
const tap = (page: Page, name: string) => page.locator("[data-targets]").getByRole("button", { name }).tap();
const count = async () => (await booth.db.read.selectFrom("visits").select("id").execute()).length;

/** Breaks the laptop; gives what mends it. */
const breakLaptop = {
  full() {
    disk?.fill();
    return () => disk?.makeRoom();
  },
  gone() {
    const aside = `${sqliteFile(folder)}.aside`;
    renameSync(sqliteFile(folder), aside);
    return () => renameSync(aside, sqliteFile(folder));
  },
};

const why = whyNoDisks();
describe.each([
  ["its disk is full", "full", "the disk is full"],
  ["its data is not where it was", "gone", "The database file is not where it was"],
] as const)("while the laptop cannot save, because %s", (words, trouble, onDesk) => {
  const possible = trouble === "full" && why ? test.skip : test;
  const skipped = trouble === "full" && why ? ` (skipped: ${why})` : "";

  possible(
    `tablets go on, say why, and deliver when it has passed; the desk says what to do${skipped}`,
    async () => {
      if (trouble === "full") disk = openDisk(8);
      await open(disk?.folder ?? temporaryFolder());
      const page = await openPage();
      await tap(page, "Curious");
      // The page says already before the tap that all is there.
      while ((await count()) === 0) await page.waitForTimeout(20);
      await page.getByText("All on the laptop").waitFor();
      const mend = breakLaptop[trouble]();
      await tap(page, "New");
      await page.getByText("Logged: New").waitFor();
      await page.getByLabel("Note").fill("typed while the laptop could not save. ".repeat(100));
      await page.getByText(new RegExp(`^1 waiting for the laptop since .*: ${words}$`)).waitFor();
      await tap(page, "Existing user");
      await page.getByText(new RegExp(`^2 waiting for the laptop since .*: ${words}$`)).waitFor();
      expect(await count()).toBe(1);
      mend();
      await page.getByText("All on the laptop").waitFor();
      expect(await count()).toBe(3);
    },
  );

  possible(`the organizer's pages say it, until it has passed${skipped}`, async () => {
    if (trouble === "full") disk = openDisk(8);
    await open(disk?.folder ?? temporaryFolder());
    await context.close();
    context = await browser.newContext(LAPTOP);
    const page = await context.newPage();
    await signIn(page, booth.address);
    const mend = breakLaptop[trouble]();
    const failed = booth.db.write((writer) =>
      writer
        .insertInto("settings")
        .values({ name: "large", value: "x".repeat(100_000) })
        .execute(),
    );
    await expect(failed).rejects.toMatchObject({ trouble });
    await page.goto(`${booth.address}/events`);
    const said = page.getByRole("status").filter({ hasText: onDesk });
    await said.waitFor();
    expect(await said.getByRole("link").getAttribute("href")).toBe("/laptop");
    mend();
    watchLaptop(booth.deps);
    while (booth.db.trouble()) await page.waitForTimeout(20);
    await page.reload();
    await page.getByRole("heading", { name: "Events", exact: true }).waitFor();
    expect(await said.count()).toBe(0);
  });
});
