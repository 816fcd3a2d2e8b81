import { simpleParser } from "mailparser";
import { startDelivery } from "../../../src/delivery/loop";
import type { Letter, Outcome } from "../../../src/messages/rules";
import { letterOf } from "../../../src/questions/letters/store";
import { addAnswerer, ask, messagesOf, SOON, step } from "../../support/asking";
import { type Booth, openBooth } from "../../support/booth";
import { NOON } from "../../support/databases";

type Agent = Awaited<ReturnType<Booth["organizer"]>>;

const MAIL = { smtpUrl: "smtp://mail.camp.example", mailFrom: "booth@camp.example" };

let booth: Booth;
let agent: Agent;
/** What went out, and what becomes of what goes next. */
let went: Letter[];
let next: Outcome;
let stop: () => Promise<void>;
beforeEach(async () => {
  booth = await openBooth({ config: MAIL });
  agent = await booth.organizer();
  went = [];
  next = { kind: "delivered" };
  const carry = async (letter: Letter) => {
    if (next.kind === "delivered") went.push(letter);
    return next;
  };
  const delivery = startDelivery(booth.deps, { mail: carry, webhook: carry }, (message) =>
    letterOf(booth.db, message, { now: booth.deps.now() }),
  );
  booth.deps.delivery = delivery;
  stop = delivery.stop;
});
afterEach(async () => {
  await stop();
  await booth.close();
});

const zoe = {
  name: "Zoë van Dyk",
  organization: "ACME",
  email: "zoe@visitor.example",
  phone: "+32 470 12 34 56",
  consent: ["follow-up" as const],
};

async function route(
  text: string,
  expert: Parameters<typeof addAnswerer>[1] = {},
  given: Parameters<typeof ask>[2] = {},
) {
  const expertId = await addAnswerer(booth, expert);
  const question = await ask(booth, text, { topic: "storage", ...given });
  await step(booth, question, "routed", { expertId });
  const message = (await messagesOf(booth)).at(-1);
  return { expertId, question, id: message?.id as string };
}

const stateOf = async (id: string) => (await messagesOf(booth)).find((each) => each.id === id)?.state;
const page = async (address: string) => (await agent.get(address).expect(200)).text;
const post = (address: string, body: object = {}) => agent.post(address).type("form").send(body);

const list = { kind: "mailing-list", name: "The users' list", address: "users@lists.example" };

test("the list tells what waits, what asks for the organizer, what failed and why, and what was sent", async () => {
  expect(await page("/messages")).toContain("No message yet.");
  const sent = await route("A sent one");
  await post(`/messages/${sent.id}/sending`).expect(303);
  next = { kind: "refused", reason: "The mail server refused it: the mailbox is full (552, 5.2.2)." };
  const failed = await route("A failed one", { name: "Lou" });
  await post(`/messages/${failed.id}/sending`).expect(303);
  await route("A waiting <one>", { name: "Mia" });
  await route("One to look at", list);

  const text = await page("/messages?event=winter-camp");
  const sections = text.split('<h2 class="section-head"').slice(1);
  expect(sections.map((each) => /data-shelf="(\w+)"/.exec(each)?.[1])).toEqual([
    "look",
    "failed",
    "waiting",
    "sent",
  ]);
  expect(sections[0]).toContain("Everybody reads it there");
  expect(sections[1]).toContain("the mailbox is full (552, 5.2.2)");
  expect(sections[2]).toContain("A waiting &lt;one&gt;");
  expect(sections[2]).toContain("It goes at 12:02");
  expect(sections[3]).toContain("Delivered at 12:00.");
  // One to look at, and one that failed.
  expect(text).toContain('<b class="count">2<span class="visually-hidden"> to look at</span></b>');
  const filtered = await page("/messages?state=failed");
  expect(filtered).toContain("A failed one");
  expect(filtered).not.toContain("A sent one");
});

test("messages are paged: each is on one page", async () => {
  const expertId = await addAnswerer(booth, list);
  for (let number = 0; number < 55; number++) {
    await step(booth, await ask(booth, `Number ${number}.`), "routed", { expertId });
  }
  const first = await page("/messages?state=look");
  const more = /href="(\/messages\?state=look&amp;after=[^"]+)"/.exec(first)?.[1] as string;
  const second = await page(more.replaceAll("&amp;", "&"));
  const ids = [first, second].map((text) =>
    [...text.matchAll(/href="\/messages\/([0-9a-f-]{36})"/g)].map((found) => found[1]),
  );
  expect(ids.map((each) => each.length)).toEqual([50, 5]);
  expect(new Set(ids.flat()).size).toBe(55);
});

test("a message is shown as it would go now, can go at once, and is not sent twice", async () => {
  const { id, question } = await route("Which <disk>?", {}, { contact: zoe, note: "Forty hosts" });
  const text = await page(`/messages/${id}`);
  expect(text).toContain("Which &lt;disk&gt;?");
  expect(text).toContain("zoe@visitor.example");
  expect(text).toContain("Forty hosts");
  expect(text).toContain(`href="/questions/${question}"`);
  const sent = await post(`/messages/${id}/sending`).expect(303);
  expect(await page(sent.headers.location as string)).toContain("Delivered at 12:00.");
  expect(went).toHaveLength(1);
  await post(`/messages/${id}/sending`).expect(409);
  await post(`/messages/${id}/cancelling`).expect(409);
  await post(`/messages/${id}/delivery`).expect(409);
  expect(went).toHaveLength(1);
});

test("what is cancelled does not go, and can go after all", async () => {
  const { id } = await route("Which disk?");
  await post(`/messages/${id}/cancelling`).expect(303);
  booth.setClock(NOON + SOON);
  await booth.deps.delivery?.look();
  expect(went).toEqual([]);
  expect(await stateOf(id)).toBe("cancelled");
  await post(`/messages/${id}/sending`).expect(303);
  expect(went).toHaveLength(1);
});

describe("to a public place", () => {
  const asked = "We are ACME and run Forty hosts. Mail me: zoe@visitor.example, Zoë, or bob@other.example";

  test("a message waits for a last look, without contact and note, with what looks personal marked", async () => {
    const { id } = await route(asked, list, { contact: zoe, note: "A secret note" });
    booth.setClock(NOON + SOON);
    await booth.deps.delivery?.look();
    expect(went).toEqual([]);
    const whole = await page(`/messages/${id}`);
    // Below it the organizer reads the question as it was asked.
    const text = whole.slice(0, whole.indexOf("<h2>It is about</h2>"));
    for (const word of ["ACME", "Zoë", "bob@other.example"]) {
      expect(text).toContain(`<mark data-is="maybe">${word}</mark>`);
    }
    for (const word of ["zoe@visitor.example", "470 12", "secret note", "van Dyk"])
      expect(text).not.toContain(word);
  });

  test("it goes in the words that the organizer gave it, and never with the visitor's own details", async () => {
    const { id } = await route(asked, list, { contact: zoe });
    const refused = await post(`/messages/${id}/sending`, {
      text: "Ask her: ZOE@visitor.example or 0470/123456",
    }).expect(422);
    expect(refused.text).toContain(
      "Please take out what the visitor left of themselves: ZOE@visitor.example, 0470/123456.",
    );
    expect(refused.text).toContain("Ask her: ZOE@visitor.example or 0470/123456</textarea>");
    expect(await stateOf(id)).toBe("held");
    await post(`/messages/${id}/sending`, { text: " " }).expect(422);
    await post(`/messages/${id}/sending`, { text: "Somebody runs forty hosts.\r\n\r\nWhich <disk>?" }).expect(
      303,
    );
    expect(went).toHaveLength(1);
    expect(went[0]).toMatchObject({
      to: { address: "users@lists.example" },
      text: "Somebody runs forty hosts.\n\nWhich <disk>?\n",
      html: expect.stringContaining("<p>Which &lt;disk&gt;?</p>"),
    });
    expect(went[0]?.subject).toBe(
      "[Winter Camp] Question about Storage: We are … and run Forty hosts. Mail me: …, …, or …",
    );
  });

  test("it is posted by hand where the place cannot be reached by itself", async () => {
    const { id } = await route("Which disk?", {
      kind: "forum",
      name: "The forum",
      address: "https://forum.example/new",
      reached_by: "hand",
    });
    const text = await page(`/messages/${id}`);
    expect(text).toContain('href="https://forum.example/new"');
    expect(text).not.toContain("Post it now");
    await post(`/messages/${id}/sending`, { text: "Which disk?" }).expect(409);
    await post(`/messages/${id}/delivery`).expect(303);
    expect((await messagesOf(booth))[0]).toMatchObject({
      state: "delivered",
      left_at: NOON,
      delivered_at: NOON,
    });
  });
});

test("where nobody knows whether a chat has it, the organizer says that it arrived, or sends it again", async () => {
  next = { kind: "unknown", reason: "The chat did not say that it has it." };
  const { id } = await route("Which disk?", { reached_by: "webhook", webhook: "https://chat.example/hook" });
  await post(`/messages/${id}/sending`).expect(303);
  expect(await stateOf(id)).toBe("uncertain");
  const text = await page(`/messages/${id}`);
  expect(text).toContain("Nobody knows whether it arrived.");
  expect(text).toContain("It arrived</button>");
  next = { kind: "delivered" };
  await post(`/messages/${id}/sending`).expect(303);
  expect(went).toHaveLength(1);
  expect(await stateOf(id)).toBe("delivered");
});

describe("by hand", () => {
  test("as a draft for a mail program", async () => {
    const { id } = await route("Läuft 柏?", { name: "Zoë Ω" });
    const answer = await agent
      .get(`/messages/${id}.eml`)
      .buffer(true)
      .parse((res, done) => {
        const chunks: Buffer[] = [];
        res.on("data", (chunk) => chunks.push(chunk));
        res.on("end", () => done(null, Buffer.concat(chunks)));
      })
      .expect(200);
    expect(answer.headers["content-type"]).toContain("message/rfc822");
    expect(answer.headers["content-disposition"]).toBe("attachment; filename=message.eml");
    const mail = await simpleParser(answer.body as Buffer);
    expect(mail.headers.get("x-unsent")).toBe("1");
    expect(mail.to).toMatchObject({ value: [{ name: "Zoë Ω", address: "kai@experts.example" }] });
    expect(mail.subject).toBe("[Winter Camp] Question about Storage: Läuft 柏?");
    expect(mail.text).toContain("Läuft 柏?");
    expect(await stateOf(id)).toBe("waiting");
  });

  test("as an address that opens one", async () => {
    const { id } = await route("Which disk & why?");
    const href = /href="(mailto:[^"]+)"/.exec(await page(`/messages/${id}`))?.[1] as string;
    const address = new URL(href.replaceAll("&amp;", "&"));
    expect(address.pathname).toBe("kai@experts.example");
    expect(address.searchParams.get("subject")).toBe(
      "[Winter Camp] Question about Storage: Which disk & why?",
    );
    expect(address.searchParams.get("body")).toContain("Which disk & why?\r\n");
  });

  test("without a mail server the pages say what to do, and what was sent by hand is kept as sent", async () => {
    booth.deps.config.smtpUrl = undefined;
    const { id } = await route("Which disk?");
    for (const address of ["/messages", `/messages/${id}`]) {
      expect(await page(address)).toContain("No mail server is set, so mails wait here.");
    }
    await post(`/messages/${id}/delivery`).expect(303);
    expect(await stateOf(id)).toBe("delivered");
  });
});

test("while the mail server is away, the pages say so, and since when", async () => {
  next = { kind: "later", reason: "Nothing answers at the mail server's address.", isAway: true };
  const { id } = await route("Which disk?");
  await post(`/messages/${id}/sending`).expect(303);
  const text = await page(`/messages/${id}`);
  expect(text).toContain("No mail goes out since 12:00.");
  expect(text).toContain(
    "Tried once, last at 12:00. Nothing answers at the mail server&#39;s address. Next try at 12:01.",
  );
});

describe("a digest", () => {
  test("carries all that an expert has in one mail, the most urgent first, and takes along what waits", async () => {
    const { expertId, id: waiting } = await route("The first");
    await step(booth, await ask(booth, "The second"), "routed", { expertId });
    const given = await ask(booth, "Given back");
    await step(booth, given, "routed", { expertId });
    await step(booth, given, "given back");
    await booth.db.write((writer) =>
      writer.updateTable("questions").set({ due_at: NOON }).where("text", "=", "The second").execute(),
    );
    const made = await post(`/experts/${expertId}/digest`).expect(303);
    expect(await page(made.headers.location as string)).toContain("Delivered at 12:00.");
    expect(went).toHaveLength(1);
    expect(went[0]).toMatchObject({ subject: "[Winter Camp] 2 questions are with you", isAutomatic: true });
    expect(went[0]?.text).toMatch(/1\. The second[\s\S]+2\. The first/);
    expect(went[0]?.text).not.toContain("Given back");
    expect(await stateOf(waiting)).toBe("cancelled");
    booth.setClock(NOON + SOON);
    await booth.deps.delivery?.look();
    expect(went).toHaveLength(1);
  });

  test("of nothing is none", async () => {
    const expertId = await addAnswerer(booth);
    const { text } = await post(`/experts/${expertId}/digest`).expect(409);
    expect(text).toContain("Kai has no question now.");
    expect(await messagesOf(booth)).toEqual([]);
  });
});
