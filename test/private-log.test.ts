import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { KyselyPlugin, RootOperationNode } from "kysely";
import { uuidv7 } from "uuidv7";
import { inviteToPair, openSession } from "../src/access/store";
import { allRoutes } from "../src/app";
import type { Writer } from "../src/database/door";
import type { Database } from "../src/database/open";
import { DEVICE_COOKIE, SESSION_COOKIE } from "../src/http/cookies";
import { renewWall } from "../src/reports/live/store";
import { newCode } from "../src/visits/slips/rules";
import { aVisit, type Booth, openBooth } from "./support/booth";
import { freshDatabase, NOON } from "./support/databases";

/** Is in whatever anybody types, sends or carries here; no word of the program has it. */
const MARK = "zqxprivate";
const EMAIL = `${MARK}.zoe@visitor.example`;

let booth: Booth;
/** Queries that fail: none, or all but those of some tables. */
let faulty: RegExp | undefined;
/** Who it is, and the number in the organizer's menu, have to come out, or nothing would be asked any further. */
const ALL_BUT_CALLERS = /"name":"(sessions|devices|messages)"/;
/** Those that find what an address is about go well too: what is done with it fails. */
const ALL_BUT_FOUND =
  /"name":"(sessions|devices|messages|events|experts|wall_links|invitations|booths|topics)"/;
let printed: string;
beforeEach(async () => {
  faulty = undefined;
  printed = "";
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, "write").mockImplementation((text) => {
      printed += text;
      return true;
    });
  }
  for (const way of ["log", "info", "warn", "error", "debug"] as const) {
    jest.spyOn(console, way).mockImplementation((...words) => {
      printed += words.join(" ");
    });
  }
  const publicUrl = "http://booth.example.org";
  booth = await openBooth({ db: withFaults(await freshDatabase()), config: { publicUrl } });
});
afterEach(async () => {
  jest.restoreAllMocks();
  await booth.close();
});

/** A database that fails, where `faulty` says so, with errors that quote all they were asked, as databases do. */
function withFaults(db: Database): Database {
  const quote = (node: RootOperationNode) => {
    const asked = JSON.stringify(node);
    if (!faulty || faulty.test(asked)) return node;
    throw Object.assign(new Error(`UNIQUE constraint failed:\n${asked}`), {
      code: "SQLITE_FULL",
      detail: `Key (everything)=(${asked}) already exists.`,
      parameters: asked,
    });
  };
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => quote(node),
    transformResult: async ({ result }) => result,
  };
  return {
    ...db,
    read: db.read.withPlugin(plugin),
    aside: db.aside.withPlugin(plugin),
    write: (work) => db.write((writer) => work(writer.withPlugin(plugin) as Writer)),
  };
}

/** Every name that a field or a parameter of an address has, with something private in it. */
function typedEverywhere(): [string, string][] {
  const folder = path.resolve(__dirname, "../views");
  const views = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ejs"),
  );
  const names = views.flatMap((name) =>
    [...readFileSync(path.join(folder, name), "utf8").matchAll(/\sname="([\w.]+)"/g)].map(
      ([, field]) => field as string,
    ),
  );
  return [...new Set([...names, "event", "q", "day", "before", "next"])].map((name) => [name, EMAIL]);
}

/** What must not be found in any log: the mark, and all that opens something. */
async function secrets(): Promise<{
  all: string[];
  values: Record<string, string>;
  carried: Record<string, string>[];
}> {
  const tablet = await booth.tablet(MARK);
  const slip = newCode();
  const visit = aVisit({
    note: EMAIL,
    contact: { name: MARK, email: EMAIL, phone: `+49 ${MARK}`, consent: ["follow-up"] },
    questions: [{ id: uuidv7(), text: `${MARK} asks`, slip }],
  });
  await tablet.send(visit);
  const place = { eventId: booth.eventId, boothId: null };
  const pairing = await booth.db.write((writer) => inviteToPair(writer, place, NOON));
  const wall = await booth.db.write((writer) => renewWall(writer, booth.eventId, NOON));
  const session = await booth.db.write((writer) => openSession(writer, NOON));
  return {
    all: [MARK, tablet.token, slip, pairing, wall, session],
    values: {
      slug: "winter-camp",
      "visits/:id": visit.id,
      "questions/:id": visit.questions?.[0]?.id as string,
      "s/:code": slip,
      "pair/:code": pairing,
      "wall/:token": wall,
    },
    carried: [
      {},
      { Authorization: `Bearer ${MARK}` },
      { Cookie: `${DEVICE_COOKIE}=${tablet.token}; other=${MARK}` },
      { Cookie: `${SESSION_COOKIE}=${session}; other=${MARK}` },
    ],
  };
}

/** The path of a route with something in the place of its parameters: what is there, or what is private. */
function filled(pattern: string, values: Record<string, string>): string {
  return pattern.replace(/([^/]*)\/:(\w+)/g, (_all, before: string, name: string) => {
    return `${before}/${values[`${before}/:${name}`] ?? values[name] ?? `${MARK}-${name}`}`;
  });
}

test.each([
  ["as it should be", undefined],
  ["with a database that fails and quotes what it was asked", ALL_BUT_CALLERS],
  ["with one that fails later", ALL_BUT_FOUND],
])(
  "nothing that anybody typed, sent or carried is in the log or on the terminal, %s",
  async (_how, fails) => {
    const { all, values, carried } = await secrets();
    const typed = new URLSearchParams(typedEverywhere()).toString();
    const json = JSON.stringify({
      ...Object.fromEntries(typedEverywhere()),
      visits: [{ id: MARK, note: EMAIL }],
    });
    let requests = 0;
    let faults = 0;
    faulty = fails;
    for (const route of allRoutes(booth.deps)) {
      // What ends a sign-in or a pairing leaves little to see for what comes after it.
      if (/\/(session\/end|devices\/:id\/unpairing)$/.test(route.path)) continue;
      for (const headers of carried) {
        // Who is nobody tries what is not there.
        for (const there of "Cookie" in headers ? [values] : [{}]) {
          const bodies = route.method === "get" ? [undefined] : ["form", "json"];
          for (const body of bodies) {
            requests += 1;
            const asked = booth
              .nobody()
              [route.method](`${filled(route.path, there)}?${typed}`)
              .set({ ...headers, "X-Forwarded-For": `10.0.${requests >> 8}.${requests & 255}` })
              .set({
                "User-Agent": MARK,
                Referer: `http://booth.example.org/s/${MARK}`,
                "Accept-Language": MARK,
              });
            if (body) asked.type(body);
            const { status } = await (body ? asked.send(body === "form" ? typed : json) : asked);
            if (status >= 500) faults += 1;
          }
        }
      }
    }
    expect(requests).toBeGreaterThan(500);
    expect(faults > 20).toBe(fails !== undefined);
    const log = booth.logged.join("\n");
    expect(booth.logged.length).toBeGreaterThan(300);
    for (const secret of all) {
      expect(log.includes(secret)).toBe(false);
      expect(printed.includes(secret)).toBe(false);
    }
  },
);
