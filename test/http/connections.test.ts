import { EventEmitter } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import request from "supertest";
import { createApp } from "../../src/app";
import {
  CONNECTION_LIMITS,
  type ConnectionLimits,
  connectionOptions,
  limitConnections,
} from "../../src/http/connections";
import { REQUESTS_A_MINUTE } from "../../src/http/limits";
import { renewWall } from "../../src/reports/live/store";
import { aVisit, type Booth, listen, openBooth, shut } from "../support/booth";
import { NOON } from "../support/databases";
import { openEvents } from "../support/events";
import { openTrustedBooth } from "../support/trusted";

let booth: Booth;
afterEach(() => booth.close());

describe("a server with little patience", () => {
  const limits: ConnectionLimits = {
    ...CONNECTION_LIMITS,
    headWithin: 300,
    requestWithin: 700,
    idleFor: 300,
    movesWithin: 1000,
    lookEvery: 50,
  };
  let server: Server;
  let sockets: Socket[] = [];
  let timers: NodeJS.Timeout[] = [];
  beforeEach(async () => {
    booth = await openBooth();
    server = createServer(connectionOptions(limits), createApp(booth.deps));
    limitConnections(server, { limits });
    await listen(server, 0);
  });
  afterEach(async () => {
    for (const timer of timers) clearInterval(timer);
    for (const socket of sockets) socket.destroy();
    [timers, sockets] = [[], []];
    await shut(server);
  });

  /** A connection of its own; `ended` comes when the other end has closed it. */
  function open() {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    sockets.push(socket);
    socket.on("error", () => {});
    const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    return { socket, ended };
  }
  /** Sends something again and again, as slow as somebody who wants to hold the connection. */
  const drip = (socket: Socket, text: string) => timers.push(setInterval(() => socket.write(text), 60));
  /** To a machine that was busy just then, they are slow too; the next one is not. */
  const answersOthers = async () => {
    while ((await request(server).get("/healthz")).status !== 200);
  };

  test("lets go of fifty clients who send a head that never ends, and answers everybody else meanwhile", async () => {
    const slow = Array.from({ length: 50 }, open);
    for (const { socket } of slow) {
      socket.resume().write("GET / HTTP/1.1\r\nHost: booth\r\n");
      drip(socket, "X-Slow: yes\r\n");
    }
    await answersOthers();
    await Promise.all(slow.map(({ ended }) => ended));
    await answersOthers();
  });

  test("lets go of a client whose body comes a byte at a time", async () => {
    const { socket, ended } = open();
    let said = "";
    socket.on("data", (chunk) => (said += chunk));
    socket.write(
      "POST /session HTTP/1.1\r\nHost: booth\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\n",
    );
    drip(socket, "a");
    await answersOthers();
    await ended;
    expect(said).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("lets go of one who asks for much and reads nothing, without holding it in memory", async () => {
    const { socket, ended } = open();
    socket.pause();
    const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
    const ask = "GET /assets/built/zxing_reader.wasm HTTP/1.1\r\nHost: booth\r\n\r\n";
    socket.write(ask.repeat(40));
    const held = await accepted;
    let most = 0;
    timers.push(setInterval(() => (most = Math.max(most, held.writableLength)), 20));
    await answersOthers();
    await new Promise((resolve) => held.once("close", resolve));
    expect(most).toBeLessThan(1_000_000);
    socket.destroy();
    await ended;
  });

  test("closes connections that ask for nothing", async () => {
    const { socket, ended } = open();
    socket.resume().write("GET /healthz HTTP/1.1\r\nHost: booth\r\n\r\n");
    await ended;
  });

  test("refuses heads that are too long, and more connections than there is room for", async () => {
    const { status } = await request(server).get("/").set("X-Long", "x".repeat(20_000));
    expect(status).toBe(431);
    expect((await request(server).get(`/${"x".repeat(20_000)}`)).status).toBe(431);
    server.maxConnections = 5;
    const many = Array.from({ length: 10 }, open);
    for (const { socket } of many) socket.resume();
    await Promise.all(many.slice(5).map(({ ended }) => ended));
  });
});

describe("connections of one address", () => {
  const fakeServer = () => Object.assign(new EventEmitter(), { setTimeout: () => {} }) as unknown as Server;
  const fakeSocket = (remoteAddress: string) =>
    Object.assign(new EventEmitter(), {
      remoteAddress,
      isRefused: false,
      destroy() {
        this.isRefused = true;
      },
    });

  beforeEach(async () => {
    booth = await openBooth();
  });

  test("are limited, so that nobody takes them all; those of the laptop itself, and of a proxy, are not", () => {
    const limits = { ...CONNECTION_LIMITS, mostOfOne: 3 };
    const refused = (server: Server, addresses: string[]) =>
      addresses.map((address) => {
        const socket = fakeSocket(address);
        server.emit("connection", socket);
        return socket;
      });
    const server = fakeServer();
    limitConnections(server, { limits });
    const theirs = refused(server, Array(5).fill("::ffff:192.0.2.7"));
    expect(theirs.map((each) => each.isRefused)).toEqual([false, false, false, true, true]);
    expect(refused(server, ["192.0.2.8"])[0]?.isRefused).toBe(false);
    expect(refused(server, Array(9).fill("127.0.0.1")).some((each) => each.isRefused)).toBe(false);
    theirs[0]?.emit("close");
    expect(refused(server, ["192.0.2.7", "192.0.2.7"]).map((each) => each.isRefused)).toEqual([false, true]);
    const behindProxy = fakeServer();
    limitConnections(behindProxy, { limits, isBehindProxy: true });
    expect(refused(behindProxy, Array(9).fill("192.0.2.7")).some((each) => each.isRefused)).toBe(false);
  });

  test("of HTTPS have the same patience as those of HTTP", async () => {
    const trusted = await openTrustedBooth();
    try {
      const { headersTimeout, requestTimeout, keepAliveTimeout } = trusted.secure.server;
      expect({ headersTimeout, requestTimeout, keepAliveTimeout }).toEqual({
        headersTimeout: CONNECTION_LIMITS.headWithin,
        requestTimeout: CONNECTION_LIMITS.requestWithin,
        keepAliveTimeout: CONNECTION_LIMITS.idleFor,
      });
    } finally {
      await trusted.close();
    }
  });
});

describe("requests behind one address", () => {
  beforeEach(async () => {
    booth = await openBooth({ config: { publicUrl: "http://booth.example.org" } });
  });

  const from = (address: string) => ({ "X-Forwarded-For": address });

  test("of ten tablets that come back with 2,000 visits are all taken, and would be if each were sent by itself", async () => {
    expect(REQUESTS_A_MINUTE.address).toBeGreaterThanOrEqual(3 * 2000);
    expect(REQUESTS_A_MINUTE.device).toBeGreaterThanOrEqual(3 * 200);
    const tablets = await Promise.all(Array.from({ length: 10 }, (_, n) => booth.tablet(`Staff ${n}`)));
    const statuses = await Promise.all(
      tablets.map(async ({ token }) => {
        const seen = new Set<number>();
        const headers = { Authorization: `Bearer ${token}`, ...from("198.51.100.7") };
        for (let batch = 0; batch < 20; batch++) {
          const visits = Array.from({ length: 10 }, () => aVisit());
          seen.add((await booth.nobody().post("/api/visits").set(headers).send({ visits })).status);
        }
        return [...seen];
      }),
    );
    expect(statuses).toEqual(Array(10).fill([200]));
    const { count } = await booth.db.read
      .selectFrom("visits")
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    expect(Number(count)).toBe(2000);
  });

  test("of a device that never stops have to wait, whatever address it claims, without holding up its neighbours", async () => {
    const [stolen, ada] = [await booth.tablet("Stolen"), await booth.tablet("Ada")];
    // The laptop's own, which nobody counts.
    const ask = (token: string) =>
      booth
        .nobody()
        .get("/healthz")
        .set({ Accept: "application/json", Authorization: `Bearer ${token}`, ...from("127.0.0.1") });
    let refused = 0;
    for (let sent = 0; sent <= REQUESTS_A_MINUTE.device; sent++) {
      const answer = await ask(stolen.token);
      if (answer.status === 429) {
        refused += 1;
        expect(answer.get("Retry-After")).toBe("60");
        expect(answer.body.problem).toBe("too-many");
      }
    }
    expect(refused).toBe(1);
    await ask(ada.token).expect(200);
  });

  test("for the wall hold forty streams and no more, so that others have room", async () => {
    const token = await booth.db.write((writer) => renewWall(writer, booth.eventId, NOON));
    const watch = (address: string) => openEvents(`${booth.address}/wall/${token}/live`, from(address));
    const theirs = await Promise.all(Array.from({ length: 41 }, () => watch("198.51.100.7")));
    const other = await watch("198.51.100.8");
    const statuses = theirs.map(({ answer }) => answer.statusCode);
    for (const events of [...theirs, other]) events.close();
    expect(statuses.filter((status) => status === 200)).toHaveLength(40);
    expect(statuses.filter((status) => status === 503)).toHaveLength(1);
    expect(other.answer.statusCode).toBe(200);
  });
});
