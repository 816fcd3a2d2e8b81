import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import compression from "compression";
import express from "express";
import { type EventStream, openStream } from "../../src/http/streams";
import { listen, shut } from "../support/booth";
import { openEvents } from "../support/events";

let server: Server;
let address: string;
let streams: EventStream[];
let ended: number;
/** Seconds that whoever reads nothing is given. */
let readsWithin: number;
beforeEach(async () => {
  streams = [];
  ended = 0;
  readsWithin = 60;
  const app = express();
  app.use(compression({ threshold: 0 }));
  app.get("/", (_req, res) => {
    const onEnd = () => {
      ended += 1;
    };
    streams.push(openStream(res, onEnd, { readsWithin }));
  });
  app.get("/late", (req, res) => {
    res.on("close", () => setImmediate(() => streams.push(openStream(res, () => (ended += 1)))));
    req.socket.destroy();
  });
  server = createServer(app);
  await listen(server, 0);
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterEach(() => shut(server));

const only = () => streams[0] as EventStream;
/** Enough that no system takes it in before anybody reads. */
const LARGE = JSON.stringify({ text: "x".repeat(8_000_000) });

test("a message is there when it was sent, uncompressed, and nothing on the way may hold it back", async () => {
  const events = await openEvents(address);
  expect(events.answer.headers).toMatchObject({
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
  });
  expect(events.answer.headers["content-encoding"]).toBeUndefined();
  only().send('{"a":"1"}');
  expect(await events.next()).toEqual({ a: "1" });
  only().send('{"a":"2"}');
  expect(await events.next()).toEqual({ a: "2" });
  expect(events.received()).toMatch(/^retry: \d+\n\n/);
  events.close();
});

test("it ends once, from either side, and what is sent after it goes nowhere", async () => {
  const [one, other] = [await openEvents(address), await openEvents(address)];
  only().end();
  only().send('{"a":"1"}');
  expect(await one.ended).toBe("ended");
  other.close();
  await other.ended;
  while (ended < 2) await new Promise(setImmediate);
  expect(one.waiting()).toBe(0);
  streams[1]?.send('{"a":"1"}');
  streams[1]?.end();
  expect(ended).toBe(2);
});

test("it ends also where whoever asked had left before it was opened", async () => {
  await expect(openEvents(`${address}late`)).rejects.toThrow();
  while (streams.length === 0) await new Promise(setImmediate);
  only().send('{"a":"1"}');
  while (ended === 0) await new Promise(setImmediate);
  expect(ended).toBe(1);
});

test("who is slow gets the newest message, and none of those in between", async () => {
  const events = await openEvents(address);
  events.answer.pause();
  only().send(LARGE);
  for (let number = 1; number <= 100; number++) only().send(JSON.stringify({ number }));
  events.answer.resume();
  expect((await events.next()).text).toHaveLength(8_000_000);
  expect(await events.next()).toEqual({ number: 100 });
  expect(events.waiting()).toBe(0);
  events.close();
});

test("who does not read at all is let go", async () => {
  readsWithin = 0.3;
  const deaf = await silent();
  while (streams.length === 0) await new Promise(setImmediate);
  only().send(LARGE);
  only().send(LARGE);
  await new Promise<void>((resolve) => {
    const look = () => (ended === 1 ? resolve() : setTimeout(look, 20));
    look();
  });
  deaf.destroy();
});

test("who does not read does not keep the program from stopping", async () => {
  const deaf = await silent();
  while (streams.length === 0) await new Promise(setImmediate);
  only().send(LARGE);
  only().end();
  while (ended < 1) await new Promise(setImmediate);
  deaf.destroy();
});

/** Asks, and never reads a word of the answer. */
function silent(): Promise<Socket> {
  return new Promise((resolve) => {
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, "127.0.0.1", () => {
      socket.pause();
      socket.write("GET / HTTP/1.1\r\nHost: booth\r\n\r\n");
      resolve(socket);
    });
    socket.on("error", () => {});
  });
}
