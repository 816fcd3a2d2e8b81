import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Server as Door } from "node:net";
import request from "supertest";
import { uuidv7 } from "uuidv7";
import { pairDevice, setLockAfter } from "../../src/access/store";
import { createApp } from "../../src/app";
import type { Config } from "../../src/config";
import type { Database } from "../../src/database/open";
import type { Deps } from "../../src/deps";
import { Jobs } from "../../src/jobs";
import { makeLog } from "../../src/log";
import { Metrics } from "../../src/metrics";
import { suggester } from "../../src/questions/suggestions/store";
import type { SentVisit } from "../../src/visits/form";
import { type Engine, freshDatabase, NOON } from "./databases";

export const PASSPHRASE = "four words are good";

/** A running booth for a test: real database, real HTTP, an event with small lists, a clock that stands still. */
export interface Booth {
  deps: Deps;
  db: Database;
  server: Server;
  /** http://127.0.0.1:PORT */
  address: string;
  eventId: string;
  /** Moves the laptop's clock. */
  setClock(at: number): void;
  /** What the log has said, one JSON object a line. */
  logged: string[];
  /** Somebody without any cookie. */
  nobody(): ReturnType<typeof request>;
  /** The organizer, signed in. */
  organizer(): Promise<ReturnType<typeof request.agent>>;
  /** A paired device; its requests carry the token. */
  tablet(staffName?: string): Promise<Tablet>;
  /** The door is shut and every connection cut, as if the laptop were out of reach. */
  goAway(): Promise<void>;
  /** It opens again at the same address. */
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

export interface Tablet {
  id: string;
  token: string;
  /** Posts visits; gives the results. */
  send(
    ...visits: unknown[]
  ): Promise<{ id: string; status: string; problems?: { field: string; message: string }[] }[]>;
}

/**
 * Opens a booth with the event "Winter Camp" (slug `winter-camp`, 2 to 4 February 2024, Europe/Brussels). `now`: a
 * clock of its own, in place of the one that `setClock` moves; `db`: a database of its own, closed with the booth;
 * `locks`: the organizer's session does, as it does by itself. Elsewhere the clock may jump and somebody is still there;
 * `around`: what stands between the application and who asks it.
 */
export async function openBooth(
  options: {
    engine?: Engine;
    config?: Partial<Config>;
    now?: () => number;
    db?: Database;
    locks?: boolean;
    around?: (app: RequestListener) => RequestListener;
  } = {},
): Promise<Booth> {
  const db = options.db ?? (await freshDatabase(options.engine));
  let clock = NOON;
  const logged: string[] = [];
  const config: Config = {
    port: 0,
    host: "127.0.0.1",
    dataDir: "unused",
    organizerPassphrase: PASSPHRASE,
    logLevel: "info",
    ...options.config,
  };
  const log = makeLog("info", { write: (line: string) => void logged.push(line) });
  const now = options.now ?? (() => clock);
  const deps: Deps = {
    db,
    config,
    log,
    // Without what is known beforehand: what a test routes is all there is to learn from.
    suggester: suggester(() => []),
    jobs: new Jobs({ log, now }),
    metrics: new Metrics(),
    now,
  };
  const eventId = await addEvent(db);
  if (!options.locks && !options.db) await db.write((writer) => setLockAfter(writer, null, clock));
  const app = createApp(deps);
  const server = createServer(options.around?.(app) ?? app);
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;
  return {
    deps,
    db,
    server,
    address: `http://127.0.0.1:${port}`,
    eventId,
    setClock: (at) => {
      clock = at;
    },
    logged,
    nobody: () => request(server),
    async organizer() {
      const agent = request.agent(server);
      await agent.post("/session").type("form").send({ passphrase: PASSPHRASE }).expect(303);
      return agent;
    },
    async tablet(staffName = "Ada") {
      const { id, token } = await db.write((writer) =>
        pairDevice(writer, { eventId, boothId: null }, staffName, now()),
      );
      return {
        id,
        token,
        async send(...visits) {
          const answer = await request(server)
            .post("/api/visits")
            .set("Authorization", `Bearer ${token}`)
            .send({ sentAt: new Date(clock).toISOString(), visits })
            .expect(200);
          return answer.body.results;
        },
      };
    },
    goAway: () => shut(server),
    comeBack: () => listen(server, port),
    async close() {
      if (server.listening) await shut(server);
      await db.close();
    },
  };
}

export function listen(server: Door, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
}

export async function shut(server: Door & Pick<Server, "closeAllConnections">): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

/** A visit as a tablet sends it. What the test is about is given, the rest does not matter. */
export function aVisit(given: Partial<SentVisit> = {}): SentVisit {
  return { id: uuidv7(), revision: 1, category: "new", happenedAt: new Date(NOON).toISOString(), ...given };
}

/** Sets up the event "Winter Camp" with small lists; gives its id. */
export async function addEvent(db: Database): Promise<string> {
  const id = uuidv7();
  await db.write(async (writer) => {
    await writer
      .insertInto("events")
      .values({
        id,
        slug: "winter-camp",
        name: "Winter Camp",
        venue: "Brussels",
        time_zone: "Europe/Brussels",
        starts_on: "2024-02-02",
        ends_on: "2024-02-04",
        created_at: NOON,
      })
      .execute();
    const entries = (...names: [string, string][]) =>
      names.map(([slug, name], index) => ({ id: uuidv7(), event_id: id, slug, name, position: index + 1 }));
    await writer
      .insertInto("booths")
      .values(entries(["hall", "Main hall"], ["lounge", "Lounge"]))
      .execute();
    await writer
      .insertInto("projects")
      .values(entries(["lantern", "Lantern"], ["wick", "Wick"]))
      .execute();
    await writer
      .insertInto("topics")
      .values(entries(["storage", "Storage"], ["networking", "Networking"], ["upgrade", "Upgrade"]))
      .execute();
    await writer
      .insertInto("platforms")
      .values(entries(["vmware", "VMware"], ["proxmox", "Proxmox VE"]))
      .execute();
    await writer
      .insertInto("remarks")
      .values(entries(["easier-install", "Easier to install these days"]))
      .execute();
    await writer
      .insertInto("giveaways")
      .values(
        entries(["sticker", "Sticker"], ["t-shirt", "T-shirt"]).map((entry) => ({
          ...entry,
          shipped: 100,
          arrived: 90,
        })),
      )
      .execute();
  });
  return id;
}
