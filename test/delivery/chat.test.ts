import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { postToChat } from "../../src/delivery/chat";
import { addAnswerer, ask, deliver, messagesOf, SOON, step } from "../support/asking";
import { type Booth, listen, openBooth, shut } from "../support/booth";
import { NOON } from "../support/databases";

/** A chat's server, as far as its webhook goes. */
let server: Server;
let address: string;
/** What was posted, and how it is answered. */
let posted: { path: string; type: string | undefined; body: Record<string, unknown> }[];
let answer: (res: ServerResponse, req: IncomingMessage) => void;
beforeEach(async () => {
  posted = [];
  answer = (res) => res.end("ok");
  server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    posted.push({
      path: req.url as string,
      type: req.headers["content-type"],
      body: JSON.parse(Buffer.concat(chunks).toString()),
    });
    answer(res, req);
  });
  await listen(server, 0);
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  if (server.listening) await shut(server);
});

const words = { subject: "[Camp] Question", text: "Which disk?\n" };
const status = (code: number, headers: Record<string, string> = {}) => {
  answer = (res) => {
    res.writeHead(code, headers);
    res.end();
  };
};

test("a chat is sent what Slack, Mattermost, Rocket.Chat, Zulip and matrix-hookshot take", async () => {
  expect(await postToChat(`${address}/hooks/abc`, words)).toEqual({ kind: "delivered" });
  expect(posted).toEqual([
    {
      path: "/hooks/abc",
      type: "application/json; charset=utf-8",
      body: { text: "**[Camp] Question**\n\nWhich disk?\n" },
    },
  ]);
});

test.each<[number, Record<string, string>, object]>([
  [204, {}, { kind: "delivered" }],
  [
    429,
    { "Retry-After": "90" },
    { kind: "later", reason: "The chat asked to try again later (429).", after: 90_000 },
  ],
  [
    429,
    { "Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT" },
    { kind: "later", reason: "The chat asked to try again later (429)." },
  ],
  [503, {}, { kind: "later", reason: "The chat asked to try again later (503)." }],
  [400, {}, { kind: "refused", reason: "The chat refused it (400)." }],
  [
    404,
    {},
    { kind: "refused", reason: "The chat refused it: there is nothing at its address any more (404)." },
  ],
  [
    302,
    { Location: "/elsewhere" },
    {
      kind: "refused",
      reason: "The chat's address leads on to another one (302). Give the expert that one.",
    },
  ],
  [
    502,
    {},
    { kind: "unknown", reason: "The chat had trouble of its own (502). It may have posted it all the same." },
  ],
])("the answer %i %j is understood, and not followed elsewhere", async (code, headers, outcome) => {
  status(code, headers);
  expect(await postToChat(`${address}/hook`, words)).toEqual(outcome);
  expect(posted).toHaveLength(1);
});

test("a chat that is away is tried again; nothing has left", async () => {
  await shut(server);
  expect(await postToChat(`${address}/hook`, words)).toEqual({
    kind: "later",
    reason: "The chat cannot be reached.",
  });
});

test("of a chat that hangs up or never answers, nobody knows", async () => {
  const unknown = { kind: "unknown", reason: "The chat did not say that it has it." };
  answer = (_res, req) => req.socket.destroy();
  expect(await postToChat(`${address}/hook`, words)).toEqual(unknown);
  answer = () => {};
  expect(await postToChat(`${address}/hook`, words, { patience: 200 })).toEqual(unknown);
});

test.each(["ftp://chat.example/hook", "file:///etc/passwd", "nonsense"])(
  "%s is no address of a chat",
  async (webhook) => {
    expect(await postToChat(webhook, words)).toEqual({
      kind: "refused",
      reason: "The chat's address is no web address.",
    });
  },
);

describe("a message to a chat", () => {
  let booth: Booth;
  let clock: number;
  beforeEach(async () => {
    booth = await openBooth();
    clock = NOON;
    const expertId = await addAnswerer(booth, {
      reached_by: "webhook",
      webhook: `${address}/hook`,
      address: "https://chat.example/",
    });
    await step(booth, await ask(booth, "Which disk?", { topic: "storage" }), "routed", { expertId });
    wait(SOON);
  });
  afterEach(() => booth.close());
  const wait = (by: number) => {
    clock += by;
    booth.setClock(clock);
  };

  test("arrives once, with the question and what it is about", async () => {
    expect(await deliver(booth, "webhook")).toEqual([{ kind: "delivered" }]);
    expect(posted).toHaveLength(1);
    expect(posted[0]?.body.text).toContain("**[Winter Camp] Question about Storage: Which disk?**");
    expect(posted[0]?.body.text).toContain("Topic: Storage");
  });

  test("waits as long as the chat asks for, where that is longer than the pause", async () => {
    status(429, { "Retry-After": "600" });
    await deliver(booth, "webhook");
    expect((await messagesOf(booth))[0]).toMatchObject({
      state: "waiting",
      due_at: clock + 600_000,
      left_at: null,
    });
    status(200);
    wait(599_999);
    expect(await deliver(booth, "webhook")).toEqual([]);
    wait(1);
    expect(await deliver(booth, "webhook")).toEqual([{ kind: "delivered" }]);
  });

  test("is not posted a second time by itself where nobody knows of the first", async () => {
    answer = (_res, req) => req.socket.destroy();
    await deliver(booth, "webhook");
    expect((await messagesOf(booth))[0]).toMatchObject({ state: "uncertain", left_at: clock });
    status(200);
    wait(24 * 60 * 60_000);
    expect(await deliver(booth, "webhook")).toEqual([]);
    expect(posted).toHaveLength(1);
  });
});
