import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { openWays, startDelivery } from "../../src/delivery/loop";
import { letterOf } from "../../src/questions/letters/store";
import { addAnswerer } from "../support/asking";
import { type Booth, openBooth } from "../support/booth";
import { faultsOf, LAPTOP, openBrowser, pairedContext, signIn, TABLET, until } from "../support/browser";
import { openPostOffice, type PostOffice } from "../support/post-office";

const PHONE: BrowserContextOptions = { ...TABLET, viewport: { width: 390, height: 844 } };
const LATER = 11 * 60_000;

let browser: Browser;
let booth: Booth;
let office: PostOffice;
let delivery: ReturnType<typeof startDelivery>;
const contexts: BrowserContext[] = [];
const faults: string[][] = [];

beforeAll(async () => {
  browser = await openBrowser();
  office = await openPostOffice();
  booth = await openBooth({ config: { smtpUrl: office.url, mailFrom: "Booth <booth@example.org>" } });
  booth.setClock(Date.now());
  // What is in mails has to be found here.
  booth.deps.config.publicUrl = booth.address;
  const { db, config, now } = booth.deps;
  delivery = startDelivery(booth.deps, await openWays({ db, config }), (message) =>
    letterOf(db, message, { publicUrl: config.publicUrl, now: now() }),
  );
});
afterAll(async () => {
  await delivery.stop();
  await browser.close();
  await booth.close();
  await office.goAway();
});

async function open(context: BrowserContext): Promise<Page> {
  contexts.push(context);
  faults.push(faultsOf(context));
  return context.newPage();
}

/** Time passes, and what is due goes out: gives the mail to this address that came last. */
async function mailTo(address: string) {
  booth.setClock(booth.deps.now() + LATER);
  await delivery.look();
  const mails = await office.mailbox();
  const mail = mails.filter(({ to }) => to && !Array.isArray(to) && to.text.includes(address)).at(-1);
  if (!mail) throw new Error(`There is no mail to ${address}.`);
  return mail;
}

test("asked, suggested, routed, mailed, answered under the private link, and read on the slip and in a mail; the next one who asks has it on the spot", async () => {
  await addAnswerer(booth, { name: "Kai", address: "kai@experts.example" });
  await addAnswerer(booth, { name: "Lou", address: "lou@experts.example" });
  await booth.db.write(async (writer) => {
    for (const [slug, name] of [
      ["storage", "Kai"],
      ["networking", "Lou"],
    ] as const) {
      const { id } = await writer
        .selectFrom("experts")
        .select("id")
        .where("name", "=", name)
        .executeTakeFirstOrThrow();
      await writer
        .insertInto("expert_topics")
        .values({ expert_id: id, topic_slug: slug, position: 1 })
        .execute();
    }
    await writer
      .updateTable("topics")
      .set({ keywords: '["disk","lun"]' })
      .where("slug", "=", "storage")
      .execute();
  });

  // Asked: on the tablet, with a contact that may be written to, and a slip to take away.
  const tablet = await open(await pairedContext(browser, booth, TABLET));
  await tablet.goto(`${booth.address}/capture`);
  await tablet.locator("html.scripted").waitFor();
  await tablet.locator("[data-targets]").getByRole("button", { name: "New" }).tap();
  await tablet.getByText("Logged: New").waitFor();
  await tablet
    .getByLabel("Question 1", { exact: true })
    .fill("How many disks does a thin pool of LUNs need?");
  await tablet.getByText("Contact", { exact: true }).tap();
  await tablet.getByLabel("Name", { exact: true }).fill("Zoë Müller");
  await tablet.getByLabel("E-mail").fill("zoe@visitor.example");
  await tablet.getByLabel("to answer their questions").tap();
  await tablet.getByRole("button", { name: "Give a slip" }).tap();
  const code = (
    await tablet.getByRole("dialog", { name: "Slip for a question" }).locator(".slip-code").innerText()
  ).trim();
  await tablet.getByRole("dialog").getByRole("button", { name: "Close" }).tap();
  await until(
    () => booth.db.read.selectFrom("slips").selectAll().execute(),
    (found) => found.length === 1,
  );
  await until(
    () => booth.db.read.selectFrom("contact_consents").selectAll().execute(),
    (found) => found.length === 1,
  );

  // Suggested, and routed in one keystroke.
  const laptop = await open(await browser.newContext(LAPTOP));
  await signIn(laptop, booth.address);
  await laptop.goto(`${booth.address}/events/winter-camp/questions`);
  await laptop.getByRole("button", { name: "Route to Kai" }).waitFor();
  expect(await laptop.locator(".reason").first().innerText()).toContain("Storage:");
  await laptop.keyboard.press("j");
  await laptop.keyboard.press("e");
  await until(
    () => booth.db.read.selectFrom("questions").select("state").executeTakeFirst(),
    (found) => found?.state === "routed",
  );

  // The mail, as a mail program reads it.
  const asked = await mailTo("kai@experts.example");
  expect(asked.subject).toContain("thin pool");
  expect(asked.text).toContain("How many disks does a thin pool of LUNs need?");
  expect(asked.text).toContain("zoe@visitor.example");
  const link = /http:\/\/127\.0\.0\.1:\d+\/x\/[\w-]+/.exec(asked.text ?? "")?.[0] as string;
  expect(asked.html).toContain(link);

  // Answered, on the expert's phone.
  const phone = await open(await browser.newContext(PHONE));
  await phone.goto(link);
  await phone.getByRole("link", { name: /thin pool/ }).tap();
  await phone
    .getByLabel("Your answer")
    .fill("**Two** are enough, see [the guide](https://docs.example.org/thin).");
  await phone.getByRole("button", { name: "Send the answer" }).tap();
  await phone.getByText("Your answer is kept").waitFor();

  // Under the code on the visitor's phone.
  const visitor = await open(await browser.newContext(PHONE));
  await visitor.goto(`${booth.address}/s/${code}`);
  await visitor.getByText("Two", { exact: true }).waitFor();
  expect(await visitor.getByRole("link", { name: "the guide" }).getAttribute("href")).toBe(
    "https://docs.example.org/thin",
  );
  expect(await visitor.content()).not.toContain("Zoë");

  // … and in the visitor's mailbox.
  const answered = await mailTo("zoe@visitor.example");
  expect(answered.text).toContain("https://docs.example.org/thin");
  expect(answered.html).toContain("<strong>Two</strong>");
  expect((await office.mailbox()).length).toBe(2);

  // Somebody asks the same: staff have the answer while they type, and the question is answered at once.
  await tablet.locator("[data-targets]").getByRole("button", { name: "Curious" }).tap();
  await tablet.getByText("Logged: Curious").waitFor();
  await tablet.getByLabel("Question 1", { exact: true }).fill("how many disks for a thin pool of LUNs");
  await tablet.getByRole("button", { name: "1 answer known" }).tap();
  await tablet.getByRole("dialog").getByText("Two", { exact: true }).waitFor();
  await tablet.getByRole("button", { name: "That answers it" }).tap();
  await tablet.getByText("Noted: this was answered before.").waitFor();
  const states = await booth.db.read.selectFrom("questions").select(["state", "merged_into"]).execute();
  expect(states.map((each) => each.state)).toEqual(["answered", "answered"]);
  expect(states.filter((each) => each.merged_into !== null)).toHaveLength(1);

  for (const context of contexts) await context.close();
  expect(faults.flat()).toEqual([]);
});
