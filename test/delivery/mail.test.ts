import { simpleParser } from "mailparser";
import { mailCarrier, wrapped } from "../../src/delivery/mail";
import { CLAIM } from "../../src/messages/rules";
import { claimDue, expireClaims, sendNow } from "../../src/messages/store";
import { addAnswerer, ask, deliver, messagesOf, SOON, step } from "../support/asking";
import { type Booth, openBooth } from "../support/booth";
import { NOON } from "../support/databases";
import { openPostOffice, type PostOffice, refusal, silence } from "../support/post-office";

const MINUTE = 60_000;

let office: PostOffice;
let booth: Booth;
let clock: number;
beforeEach(async () => {
  office = await openPostOffice();
  booth = await openBooth({
    config: { smtpUrl: office.url, mailFrom: "booth@camp.example", publicUrl: "https://booth.camp.example" },
  });
  clock = NOON;
});
afterEach(async () => {
  await booth.close();
  await office.goAway();
});

const wait = (by: number) => {
  clock += by;
  booth.setClock(clock);
};

/** A question with Kai, whose message is due. */
async function routeOne(text = "Which disk?", given: Parameters<typeof ask>[2] = {}) {
  const kai = await addAnswerer(booth);
  const id = await ask(booth, text, { topic: "storage", ...given });
  await step(booth, id, "routed", { expertId: kai });
  wait(SOON);
  return { kai, id };
}

const theMessage = async () => (await messagesOf(booth))[0];

test("a question that is routed arrives at the expert, once, and not before its time", async () => {
  const kai = await addAnswerer(booth);
  await step(booth, await ask(booth, "Which disk?", { topic: "storage" }), "routed", { expertId: kai });
  expect(await deliver(booth)).toEqual([]);
  wait(SOON);
  expect(await deliver(booth)).toEqual([{ kind: "delivered" }]);
  expect(await deliver(booth)).toEqual([]);
  expect(office.raw).toHaveLength(1);
  expect(office.recipients).toEqual(["kai@experts.example"]);
  const message = await theMessage();
  const [mail] = await office.mailbox();
  expect(mail).toMatchObject({
    subject: "[Winter Camp] Question about Storage: Which disk?",
    messageId: `<${message?.id}@booth.camp.example>`,
    date: new Date(clock),
  });
  expect(message).toMatchObject({ state: "delivered", attempts: 1, left_at: clock, delivered_at: clock });
});

describe("a mail server that is away", () => {
  test("is asked again with growing pauses, and gets the mail once when it is back", async () => {
    await routeOne();
    await office.goAway();
    const reason = "Nothing answers at the mail server's address.";
    for (const pause of [1, 5, 15, 60, 60, 60]) {
      expect(await deliver(booth)).toEqual([{ kind: "later", reason, isAway: true }]);
      // It has certainly not left: its step can be taken back.
      expect(await theMessage()).toMatchObject({ state: "waiting", left_at: null, problem: reason });
      wait(pause * MINUTE - 1);
      expect(await deliver(booth)).toEqual([]);
      wait(1);
    }
    await office.comeBack();
    expect(await deliver(booth)).toEqual([{ kind: "delivered" }]);
    expect(office.raw).toHaveLength(1);
    expect(await theMessage()).toMatchObject({ state: "delivered", problem: null, attempts: 7 });
  });

  test("is told apart from one whose name nobody knows", async () => {
    await routeOne();
    booth.deps.config.smtpUrl = "smtp://mail.nowhere.invalid:25";
    expect(await deliver(booth)).toMatchObject([
      { kind: "later", isAway: true, reason: expect.stringMatching(/name is not known here/) },
    ]);
  });

  test("is asked at once where the organizer says so", async () => {
    await routeOne();
    await office.goAway();
    await deliver(booth);
    await office.comeBack();
    const message = await theMessage();
    await booth.db.write((writer) => sendNow(writer, message?.id as string, { now: clock }));
    expect(await deliver(booth)).toEqual([{ kind: "delivered" }]);
    expect(office.raw).toHaveLength(1);
  });
});

test("a mail server that takes its time gets the mail once", async () => {
  await routeOne();
  office.at = Object.fromEntries(
    (["connect", "from", "to", "data", "kept", "answered"] as const).map((stage) => [
      stage,
      () => new Promise((resolve) => setTimeout(resolve, 150)),
    ]),
  );
  expect(await deliver(booth)).toEqual([{ kind: "delivered" }]);
  expect(office.raw).toHaveLength(1);
});

describe("a mail server that never answers", () => {
  const hurried = () =>
    mailCarrier(
      { smtpUrl: office.url, mailFrom: "booth@camp.example" },
      { connect: 300, greet: 300, answer: 300 },
    );
  const letter = {
    to: { name: "Kai", address: "kai@experts.example", webhook: "" },
    from: "Camp",
    subject: "Hello",
    text: "Hello",
    html: "<p>Hello</p>",
    language: "en",
    isAutomatic: false,
    isPublic: false,
    follows: undefined,
    about: [],
  };

  test.each(["connect", "from", "to", "data"] as const)(
    "at “%s”: nothing has left, and it is tried again",
    async (stage) => {
      office.at[stage] = silence;
      const outcome = await hurried()(letter, { id: "1", host: "camp.example", at: NOON });
      // At “data” the mail itself was on its way already: the server only takes its time to read it.
      expect(outcome).toMatchObject(
        stage === "data"
          ? { kind: "unknown" }
          : { kind: "later", isAway: true, reason: "The mail server does not answer." },
      );
      expect(office.raw).toEqual([]);
    },
  );

  test("after it has the mail: nobody knows, and the same mail goes again", async () => {
    office.at.answered = silence;
    expect(await hurried()(letter, { id: "1", host: "camp.example", at: NOON })).toEqual({
      kind: "unknown",
      reason: "The connection broke before the mail server said that it has it.",
    });
  });

  test("is not waited for when the program stops", async () => {
    office.at.from = silence;
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(), 200);
    const carry = mailCarrier({ smtpUrl: office.url, mailFrom: "booth@camp.example" });
    const outcome = await carry(letter, { id: "1", host: "camp.example", at: NOON }, stopping.signal);
    expect(outcome).toMatchObject({ kind: "later" });
  });
});

describe("a mail server that refuses", () => {
  test.each([
    ["connect", 421, "4.3.2 Too busy", "The mail server has no time just now (421, 4.3.2).", true],
    [
      "connect",
      554,
      "5.7.1 You are on a list",
      "The mail server does not take mail from this laptop (554, 5.7.1).",
      true,
    ],
    [
      "from",
      451,
      "4.7.1 Greylisted",
      "The mail server does not take mail from MAIL_FROM (451, 4.7.1).",
      true,
    ],
    [
      "from",
      553,
      "5.7.1 Not your address",
      "The mail server does not take mail from MAIL_FROM (553, 5.7.1).",
      true,
    ],
    ["to", 450, "4.2.0 Greylisted", "The mail server asked to try again later (450, 4.2.0).", false],
    ["to", 421, "4.7.0 Too many", "The mail server has no time just now (421, 4.7.0).", true],
    ["kept", 452, "4.3.1 Disk full", "The mail server asked to try again later (452, 4.3.1).", false],
    ["kept", 451, "Local error", "The mail server asked to try again later (451).", false],
  ] as const)(
    "for now (at “%s”, %i %s) gets the mail later, once",
    async (stage, code, words, reason, isAway) => {
      await routeOne();
      office.at[stage] = () => {
        throw refusal(code, words);
      };
      expect(await deliver(booth)).toEqual([{ kind: "later", reason, ...(isAway && { isAway }) }]);
      expect(await theMessage()).toMatchObject({ state: "waiting", left_at: null, problem: reason });
      office.at = {};
      wait(MINUTE);
      expect(await deliver(booth)).toEqual([{ kind: "delivered" }]);
      expect(office.raw).toHaveLength(1);
    },
  );

  test.each([
    [
      "to",
      550,
      "5.1.1 <kai@experts.example> unknown",
      "The mail server refused it: there is no such mailbox (550, 5.1.1).",
    ],
    ["to", 552, "5.2.2 Over quota", "The mail server refused it: the mailbox is full (552, 5.2.2)."],
    ["to", 554, "5.7.1 kai@experts.example: relay access denied", "The mail server refused it (554, 5.7.1)."],
    ["kept", 550, "Looks like spam to kai@experts.example", "The mail server refused it (550)."],
  ] as const)(
    "for good (at “%s”, %i %s) is not asked again, and the reason is kept without anybody's address",
    async (stage, code, words, reason) => {
      await routeOne();
      office.at[stage] = () => {
        throw refusal(code, words);
      };
      expect(await deliver(booth)).toEqual([{ kind: "refused", reason }]);
      office.at = {};
      wait(24 * 60 * MINUTE);
      expect(await deliver(booth)).toEqual([]);
      const message = await theMessage();
      expect(message).toMatchObject({ state: "failed", left_at: null, problem: reason });
      expect(booth.logged.join("")).not.toContain("kai@");
      // The organizer mends what is wrong and sends it again: the same mail.
      await booth.db.write((writer) => sendNow(writer, message?.id as string, { now: clock }));
      expect(await deliver(booth)).toEqual([{ kind: "delivered" }]);
      expect((await office.mailbox()).map((mail) => mail.messageId)).toEqual([
        `<${message?.id}@booth.camp.example>`,
      ]);
    },
  );
});

describe("a mail server that drops the connection", () => {
  const cut = (at: PostOffice) => {
    at.cut();
    return silence();
  };

  test.each(["connect", "from", "to"] as const)("at “%s”: nothing has left", async (stage) => {
    await routeOne();
    office.at[stage] = cut;
    expect(await deliver(booth)).toMatchObject([{ kind: "later", isAway: true }]);
    expect(await theMessage()).toMatchObject({ state: "waiting", left_at: null });
    office.at = {};
    wait(MINUTE);
    expect(await deliver(booth)).toEqual([{ kind: "delivered" }]);
    expect(office.raw).toHaveLength(1);
  });

  test.each([
    ["before it kept the mail", "kept", 1],
    ["after it kept the mail, before it said so", "answered", 2],
  ] as const)(
    "after DATA, %s: the same mail goes again, and the mailbox has it once",
    async (_when, stage, sent) => {
      await routeOne();
      office.at[stage] = cut;
      expect(await deliver(booth)).toMatchObject([{ kind: "unknown" }]);
      expect(await theMessage()).toMatchObject({ state: "waiting", left_at: clock });
      office.at = {};
      wait(MINUTE);
      expect(await deliver(booth)).toEqual([{ kind: "delivered" }]);
      expect(office.raw).toHaveLength(sent);
      expect(await office.mailbox()).toHaveLength(1);
      const dates = await Promise.all(
        office.raw.map(async (raw) => (await simpleParser(raw)).date?.getTime()),
      );
      expect(new Set(dates)).toEqual(new Set([clock - MINUTE]));
    },
  );

  test("counts as having left from then on, also where later tries certainly brought nothing", async () => {
    const { id } = await routeOne();
    office.at.answered = cut;
    await deliver(booth);
    const left = clock;
    await office.goAway();
    wait(MINUTE);
    expect(await deliver(booth)).toMatchObject([{ kind: "later" }]);
    expect(await theMessage()).toMatchObject({ state: "waiting", left_at: left });
    // The expert gives it back meanwhile: there is nothing to tell, but it may have been read.
    await office.comeBack();
    await step(booth, id, "given back");
    wait(5 * MINUTE);
    await deliver(booth);
    expect(await theMessage()).toMatchObject({ state: "cancelled", left_at: left });
  });
});

test("a Message-ID stays the same when the settings change between two tries", async () => {
  await routeOne();
  office.at.answered = (at) => {
    at.cut();
    return silence();
  };
  await deliver(booth);
  office.at = {};
  wait(MINUTE);
  booth.deps.config.publicUrl = "https://elsewhere.example";
  booth.deps.config.mailFrom = "other@elsewhere.example";
  await deliver(booth);
  expect(office.raw).toHaveLength(2);
  expect(await office.mailbox()).toHaveLength(1);
});

test("a program that ended in the midst of a try: nobody else sends until its claim ran out, then the same mail goes", async () => {
  await routeOne();
  const claimed = await booth.db.write((writer) => claimDue(writer, "mail", clock));
  expect(await deliver(booth)).toEqual([]);
  wait(CLAIM - 1);
  await booth.db.write((writer) => expireClaims(writer, "mail", clock));
  expect(await deliver(booth)).toEqual([]);
  wait(1);
  await booth.db.write((writer) => expireClaims(writer, "mail", clock));
  expect(await deliver(booth)).toEqual([{ kind: "delivered" }]);
  const [mail] = await office.mailbox();
  expect(mail).toMatchObject({
    messageId: `<${claimed?.id}@booth.camp.example>`,
    date: new Date(NOON + SOON),
  });
});

describe("a safe connection and a sign-in", () => {
  /** Opens a booth for another mail server; gives what became of a mail. */
  async function deliverTo(
    options: Parameters<typeof openPostOffice>[0],
    urlOf: (office: PostOffice) => string,
  ) {
    const other = await openPostOffice(options);
    booth.deps.config.smtpUrl = urlOf(other);
    await routeOne();
    const [outcome] = await deliver(booth);
    await other.goAway();
    return { outcome, raw: other.raw, signedIn: other.signedIn, recipients: other.recipients };
  }
  const withUser = (office: PostOffice, query = "", user = "booth:secret") =>
    office.url.replace("://", `://${user}@`) + query;

  test("TLS from the start", async () => {
    const sent = await deliverTo({ secure: true }, (at) => `${at.url}?tls.rejectUnauthorized=false`);
    expect(sent).toMatchObject({ outcome: { kind: "delivered" }, recipients: ["kai@experts.example"] });
  });

  test("not to a server whose certificate nobody vouches for, unless that is asked for", async () => {
    const sent = await deliverTo({ secure: true }, (at) => at.url);
    expect(sent.outcome).toEqual({
      kind: "later",
      // smtp-server's own certificate is one that nobody vouches for, and it is old.
      reason: expect.stringMatching(
        /^The mail server's certificate (is not trusted on this laptop|has expired)\.$/,
      ),
      isAway: true,
    });
    expect(sent.raw).toEqual([]);
  });

  test("STARTTLS with a sign-in", async () => {
    const sent = await deliverTo({ disabledCommands: [], authOptional: false }, (at) =>
      withUser(at, "?requireTLS=true&tls.rejectUnauthorized=false"),
    );
    expect(sent).toMatchObject({ outcome: { kind: "delivered" }, signedIn: ["booth"] });
  });

  test("a sign-in with signs that addresses write out", async () => {
    const sent = await deliverTo({ authOptional: false, allowInsecureAuth: true }, (at) =>
      withUser(at, "", "booth:s%65cret"),
    );
    expect(sent).toMatchObject({ outcome: { kind: "delivered" }, signedIn: ["booth"] });
  });

  test("a sign-in that is wrong is no message's fault: it waits until the setting is right", async () => {
    const sent = await deliverTo({ authOptional: false, allowInsecureAuth: true }, (at) =>
      withUser(at, "", "booth:wrong"),
    );
    expect(sent.outcome).toEqual({
      kind: "later",
      reason: "The mail server does not accept the sign-in of SMTP_URL (535, 5.7.8).",
      isAway: true,
    });
    expect(await theMessage()).toMatchObject({ state: "waiting", left_at: null });
    expect(booth.logged.join("")).not.toContain("wrong");
  });

  test("a server that wants a sign-in where none is set", async () => {
    const sent = await deliverTo({ authOptional: false, allowInsecureAuth: true }, (at) => at.url);
    expect(sent.outcome).toMatchObject({ kind: "later", isAway: true });
    expect(await theMessage()).toMatchObject({ state: "waiting" });
  });
});

describe("headers", () => {
  test("names in any script, both ways, in short lines, with text before markup", async () => {
    booth.deps.config.mailFrom = "Стенд <booth@camp.example>";
    const expert = await addAnswerer(booth, { name: "Zoë „柏“ O'Neil, Jr." });
    await step(
      booth,
      await ask(booth, `Läuft ${"das auf meinem ".repeat(30)}Gerät?`, { topic: "storage" }),
      "routed",
      {
        expertId: expert,
      },
    );
    wait(SOON);
    await deliver(booth);
    const [mail] = await office.mailbox();
    expect(mail?.from?.value).toEqual([{ name: "Стенд", address: "booth@camp.example" }]);
    expect(mail?.to).toMatchObject({
      value: [{ name: "Zoë „柏“ O'Neil, Jr.", address: "kai@experts.example" }],
    });
    expect(mail?.replyTo?.value).toMatchObject([{ address: "booth@camp.example" }]);
    expect(mail?.headers.get("content-type")).toMatchObject({ value: "multipart/alternative" });
    expect(mail?.text?.split("\n").filter((line) => line.length > 78 && !line.includes("http"))).toEqual([]);
    expect(mail?.attachments).toEqual([]);
    const raw = office.raw[0] as string;
    expect(raw.split("\r\n").filter((line) => line.length > 998)).toEqual([]);
    expect(raw.indexOf("text/plain")).toBeLessThan(raw.indexOf("text/html"));
  });

  test("where the sender has no name of its own, the mail comes from the event's booth", async () => {
    await routeOne();
    await deliver(booth);
    const [mail] = await office.mailbox();
    expect(mail?.from?.value).toEqual([{ name: "Winter Camp booth", address: "booth@camp.example" }]);
  });

  test("nothing that somebody typed makes a header of its own", async () => {
    await booth.db.write((writer) =>
      writer.updateTable("events").set({ name: "Camp\r\nBcc: eve@evil.example\r\n\r\nHello" }).execute(),
    );
    const expert = await addAnswerer(booth, { name: 'Kai" <eve@evil.example>,\r\nCc: eve@evil.example' });
    const text = "Hi\r\nX-Injected: yes\u2028Bcc: eve@evil.example";
    await step(booth, await ask(booth, text), "routed", { expertId: expert });
    wait(SOON);
    await deliver(booth);
    expect(office.recipients).toEqual(["kai@experts.example"]);
    const [mail] = await office.mailbox();
    expect([...(mail?.headers.keys() ?? [])].sort()).toEqual(
      [
        "content-language",
        "content-type",
        "date",
        "from",
        "message-id",
        "mime-version",
        "reply-to",
        "subject",
        "to",
      ].sort(),
    );
    expect(mail?.to).toMatchObject({ value: [{ address: "kai@experts.example" }] });
  });

  test("a later mail about the same question to the same expert is a reply to the first; to another one it is none", async () => {
    const { kai, id } = await routeOne();
    await deliver(booth);
    const [first] = await messagesOf(booth);
    await step(booth, id, "timed out");
    wait(SOON);
    await deliver(booth);
    const lou = await addAnswerer(booth, { name: "Lou", address: "lou@experts.example" });
    await step(booth, id, "routed", { expertId: lou });
    await step(booth, await ask(booth, "Another one"), "routed", { expertId: kai });
    wait(SOON);
    await deliver(booth);
    const [routed, timedOut, ...others] = await office.mailbox();
    expect(routed?.inReplyTo).toBeUndefined();
    expect(timedOut).toMatchObject({
      inReplyTo: `<${first?.id}@booth.camp.example>`,
      references: `<${first?.id}@booth.camp.example>`,
    });
    expect(others.map((mail) => mail.inReplyTo)).toEqual([undefined, undefined]);
  });

  test("only what the program decides by itself says so", async () => {
    const { id } = await routeOne();
    await deliver(booth);
    await step(booth, id, "timed out");
    wait(SOON);
    await deliver(booth);
    const [routed, timedOut] = await office.mailbox();
    expect(routed?.headers.get("auto-submitted")).toBeUndefined();
    expect(timedOut?.headers.get("auto-submitted")).toBe("auto-generated");
  });
});

test("text is wrapped where words allow, under what it belongs to", () => {
  const long = `1. ${"word ".repeat(20)}\n   Topic: ${"x".repeat(90)}\n> quoted`;
  expect(wrapped(long, 40).split("\n")).toEqual([
    "1. word word word word word word word",
    "   word word word word word word word",
    "   word word word word word word",
    "   Topic:",
    `   ${"x".repeat(90)}`,
    "> quoted",
  ]);
});
