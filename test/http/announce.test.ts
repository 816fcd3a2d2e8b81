import { createSocket } from "node:dgram";
import os from "node:os";
import type { Responder } from "@homebridge/ciao";
import multicastDns, { type MulticastDNS } from "multicast-dns";
import pino from "pino";
import { type Announcement, announce, type MakeResponder } from "../../src/http/announce";
import { Jobs } from "../../src/jobs";

let logged: string[];
let announcements: Announcement[];
beforeEach(() => {
  logged = [];
  announcements = [];
});
afterEach(async () => {
  await Promise.all(announcements.map((each) => each.end()));
});

/** Its own line about a job that failed is not what these tests are about. */
const jobs = () => new Jobs({ log: pino({ level: "silent" }), now: Date.now });
const log = () => pino({}, { write: (line: string) => void logged.push(JSON.parse(line).msg) });

/** Announces, and resolves when a name is taken. */
function begin(port: number, makeResponder?: MakeResponder): Promise<{ name: string; names: unknown[] }> {
  const names: (string | undefined)[] = [];
  return new Promise((resolve) => {
    const nameTaken = (name: string | undefined) => {
      names.push(name);
      if (name) resolve({ name, names });
    };
    announcements.push(announce({ port, log: log(), jobs: jobs() }, nameTaken, makeResponder));
  });
}

/** Whether this machine hears its own multicast at all: a machine in a closed box may not. */
function hearsMulticast(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    const done = (is: boolean) => {
      clearTimeout(timer);
      socket.close();
      resolve(is);
    };
    const timer = setTimeout(() => done(false), 1000);
    socket.once("error", () => done(false));
    socket.once("message", () => done(true));
    socket.bind(0, () => {
      try {
        socket.addMembership("224.0.0.250");
        socket.send("is anybody here", socket.address().port, "224.0.0.250", (error) => error && done(false));
      } catch {
        done(false);
      }
    });
  });
}

/** Asks the network for a name, as a tablet does, until somebody answers; gives the addresses. */
async function resolveName(network: MulticastDNS, name: string): Promise<string[]> {
  const found = new Set<string>();
  network.on("response", ({ answers, additionals }) => {
    for (const record of [...answers, ...additionals]) {
      if (record.type === "A" && record.name === name && record.ttl) found.add(String(record.data));
    }
  });
  for (let tries = 0; tries < 50 && found.size === 0; tries++) {
    network.query(name, "A");
    await pause(200);
  }
  return [...found];
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const ownAddresses = () =>
  Object.values(os.networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address));

describe("on the network", () => {
  let network: MulticastDNS;
  let isHeard: boolean;
  beforeAll(async () => {
    isHeard = await hearsMulticast();
    network = multicastDns();
    network.setMaxListeners(0);
    network.on("error", () => {});
  });
  afterAll(() => network.destroy());

  /** Where nothing is heard of anybody, the booth goes on all the same. */
  async function nothingIsLost(): Promise<void> {
    const announcement = announce({ port: 8311, log: log(), jobs: jobs() }, () => {});
    await pause(3000);
    expect(logged.length).toBeLessThanOrEqual(1);
    await announcement.end();
  }

  test("whoever asks for the laptop's name finds its address, and no longer when it stops", async () => {
    if (!isHeard) return nothingIsLost();
    // Somebody else's booth on the same network may have the first name.
    const { name } = await begin(8311);
    expect(name).toMatch(/^boothlight(-\d+)?\.local$/);
    const found = await resolveName(network, name);
    expect(found.length).toBeGreaterThan(0);
    for (const address of found) expect(ownAddresses()).toContain(address);

    const goodbyes: unknown[] = [];
    network.on("response", ({ answers }) => {
      for (const record of answers) if (record.type === "A" && record.ttl === 0) goodbyes.push(record.name);
    });
    await Promise.all(announcements.map((each) => each.end()));
    for (let tries = 0; tries < 50 && !goodbyes.includes(name); tries++) await pause(100);
    expect(goodbyes).toContain(name);
  });

  test("a second booth takes another name, which an address can have", async () => {
    if (!isHeard) return nothingIsLost();
    const first = await begin(8311);
    const second = await begin(8312);
    for (const { name } of [first, second]) expect(name).toMatch(/^boothlight(-\d+)?\.local$/);
    expect(second.name).not.toBe(first.name);
  });
});

describe("what goes wrong is one line, and stops nothing:", () => {
  test("nobody can be reached", async () => {
    let tries = 0;
    const announcement = announce(
      { port: 1, log: log(), jobs: jobs() },
      () => {},
      async () => {
        tries += 1;
        throw new Error("there is no network");
      },
    );
    await pause(50);
    expect(tries).toBe(1);
    expect(logged).toEqual([
      "The laptop cannot be announced as boothlight.local: there is no network. Its addresses work all the same.",
    ]);
    await announcement.end();
  });

  test("it is tried again a minute later, without another line, and then it works", async () => {
    jest.useFakeTimers();
    let tries = 0;
    const names: unknown[] = [];
    const announcement = announce(
      { port: 1, log: log(), jobs: jobs() },
      (name) => names.push(name),
      async () => {
        tries += 1;
        if (tries < 3) throw new Error("there is no network");
        return aResponder();
      },
    );
    await jest.advanceTimersByTimeAsync(130_000);
    expect(tries).toBe(3);
    expect(logged).toHaveLength(1);
    expect(names).toEqual(["boothlight.local"]);
    const ended = announcement.end();
    await jest.advanceTimersByTimeAsync(1000);
    await ended;
    jest.useRealTimers();
  });

  test("the library says no", async () => {
    const responder = aResponder({ advertise: () => Promise.reject(new Error("no answer\nat all")) });
    const announcement = announce(
      { port: 1, log: log(), jobs: jobs() },
      () => {},
      async () => responder,
    );
    await pause(50);
    expect(logged).toEqual([
      "The laptop cannot be announced as boothlight.local: no answer at all. Its addresses work all the same.",
    ]);
    await announcement.end();
  });

  test("taking leave takes too long", async () => {
    const responder = aResponder({ shutdown: () => new Promise(() => {}) });
    const { name } = await begin(1, async () => responder);
    expect(name).toBe("boothlight.local");
    // That of the library never ends.
    await Promise.all(announcements.map((each) => each.end()));
  });
});

test("a name that another takes later is given up for the next one, and pages are told", async () => {
  const listeners: (() => void)[] = [];
  let isTaken = false;
  const responder = aResponder({
    hears: (listener) => listeners.push(listener),
    nameFor: (wanted) => (isTaken && wanted === "boothlight.local" ? "boothlight-(2).local" : wanted),
  });
  const { names } = await begin(1, async () => responder);
  isTaken = true;
  listeners[0]?.();
  await pause(50);
  expect(names).toEqual(["boothlight.local", undefined, "boothlight-2.local"]);
  expect(logged).toEqual([]);
});

/** What announces, for the cases that no network of a test can bring about. */
function aResponder(
  ways: {
    advertise?: () => Promise<void>;
    shutdown?: () => Promise<void>;
    hears?: (listener: () => void) => void;
    nameFor?: (wanted: string) => string;
  } = {},
): Responder {
  return {
    createService: ({ hostname }: { hostname: string }) => ({
      on: (event: string, listener: () => void) => {
        if (event === "hostname-change") ways.hears?.(listener);
      },
      advertise: ways.advertise ?? (async () => {}),
      getHostname: () => `${ways.nameFor?.(hostname) ?? hostname}.`,
      destroy: async () => {},
    }),
    shutdown: ways.shutdown ?? (async () => {}),
  } as unknown as Responder;
}
