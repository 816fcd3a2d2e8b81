import type { Browser, Page } from "playwright-core";
import { uuidv7 } from "uuidv7";
import { addAnswerer, ask, messagesOf, step } from "../support/asking";
import { complaintsAbout } from "../support/axe";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { faultsOf, openBrowser, pairedContext, signIn } from "../support/browser";
import { NOON } from "../support/databases";

const LONG_NAME = "Zoë-Marie von und zu Donaudampfschifffahrtsgesellschaftskapitänswitwe";

let browser: Browser;
let full: Booth;
let empty: Booth;
let visitId: string;
let questionId: string;
let messageId: string;

beforeAll(async () => {
  browser = await openBrowser();
  full = await openBooth();
  empty = await openBooth();
  await empty.db.write((writer) => writer.deleteFrom("journal").execute());
  visitId = uuidv7();
  questionId = uuidv7();
  const tablet = await full.tablet(LONG_NAME);
  await tablet.send(
    aVisit({
      id: visitId,
      category: "curious",
      project: "lantern",
      platform: "vmware",
      interest: 3,
      topics: ["storage"],
      note: `${"Averyveryverylongwordwithoutanyspace".repeat(4)} <script>alert(1)</script>`,
      contact: {
        name: LONG_NAME,
        organization: "Library",
        email: "zoe@visitor.example",
        consent: ["follow-up"],
      },
      questions: [
        { id: questionId, text: "How many disks does a thin pool take, and why?", topic: "storage" },
      ],
    }),
    ...Array.from({ length: 20 }, (_, index) =>
      aVisit({
        category: (["existing", "curious", "new"] as const)[index % 3],
        happenedAt: new Date(NOON - index * 1_200_000).toISOString(),
        remarks: index % 2 ? ["easier-install"] : [],
        giveaways: ["sticker"],
        questions: index % 5 ? [] : [{ text: `Question number ${index}?` }],
      }),
    ),
  );
  const list = { kind: "mailing-list", name: `${LONG_NAME}'s list`, address: "list@lists.example" };
  const expertId = await addAnswerer(full, list);
  const asked = await ask(full, `Ask jane@other.example: ${"longwordwithoutaspace".repeat(6)}?`);
  await step(full, asked, "routed", { expertId });
  messageId = (await messagesOf(full))[0]?.id as string;
});
afterAll(async () => {
  await browser.close();
  await full.close();
  await empty.close();
});

const PAGES = [
  "/",
  "/capture",
  "/capture/visits",
  "/devices",
  "/pair",
  "/events",
  "/events/new",
  "/events/winter-camp",
  "/events/winter-camp/visits",
  "/events/winter-camp/questions",
  "/events/winter-camp/report",
  "/compare",
  "/events/winter-camp/compare",
  "/events/winter-camp/wall",
  "/events/winter-camp/exports",
  "/events/winter-camp/exports/contacts?consent=news",
  "/events/winter-camp/slips?of=all",
  "/events/winter-camp/slips/sheet?blank=1",
  "/events/winter-camp/ask-sign",
  "/asked",
  "/ask",
  "/s",
  "/experts",
  "/experts/new",
  "/experts/import",
  "/laptop",
  "/backups",
  "/locking",
  "/people",
  "/people?search=zo",
  "/texts-to-look-at",
  "/events/winter-camp/retention",
  "/events/winter-camp/notice",
  "/privacy",
  "/me",
  "/messages",
  "/messages?state=failed",
];

/** What is wrong with the page at an address. */
async function complaintsAt(page: Page, address: string): Promise<string[]> {
  const answer = await page.goto(address);
  const found = await complaintsAbout(page);
  return answer?.ok() ? found : [`status ${answer?.status()}`, ...found];
}

describe.each([
  ["a phone in the dark", "full", { viewport: { width: 390, height: 844 }, colorScheme: "dark" as const }],
  ["a laptop by day", "empty", { viewport: { width: 1366, height: 800 }, colorScheme: "light" as const }],
])("on %s", (_name, filled, options) => {
  test(`every page, ${filled}, can be used by everybody`, async () => {
    const booth = filled === "full" ? full : empty;
    const context = await browser.newContext(options);
    const faults = faultsOf(context);
    const page = await context.newPage();
    await signIn(page, booth.address);
    const more =
      booth === full
        ? [
            `/visits/${visitId}`,
            `/questions/${questionId}`,
            `/capture?visit=${visitId}`,
            `/messages/${messageId}`,
          ]
        : [];
    const complaints: Record<string, string[]> = {};
    for (const address of [...PAGES, ...more]) {
      const found = await complaintsAt(page, booth.address + address);
      if (found.length > 0) complaints[address] = found;
    }
    expect(complaints).toEqual({});
    expect(faults).toEqual([]);
    await context.close();
  });

  test("staff's pages and those before the sign-in can be used by everybody", async () => {
    const tablet = await pairedContext(browser, full, options);
    const page = await tablet.newPage();
    for (const address of ["/", "/capture/visits"]) {
      expect(await complaintsAt(page, full.address + address)).toEqual([]);
    }
    await tablet.close();
    const nobody = await browser.newContext(options);
    expect(await complaintsAt(await nobody.newPage(), `${full.address}/`)).toEqual([]);
    await nobody.close();
  });
});
