import type { AddressInfo } from "node:net";
import path from "node:path";
import { sql } from "kysely";
import { checkFigures } from "../../src/database/figures";
import type { Route } from "../../src/http/route";
import { aVisit, PASSPHRASE } from "../support/booth";
import { contentOf } from "../support/catalogue";
import type { Engine } from "../support/databases";
import fc from "../support/properties";
import { CALLERS, type Cast, filled, gatherCast, named, ownersIn, ownersShownTo, type Who } from "./cast";
import { type Answer, hangUp, type Shot, send } from "./client";
import { type Aim, FAMILIES } from "./families";
import { type Body, bodiesOf, encoded } from "./forms";
import { fieldNames, ITS_OWN } from "./names";

/**
 * How many requests of a family a route gets from whom it is for, from each other who may use it, and from each who may not; of
 * those that are heavy; and with the other engine, of those that the database gets to see. They are chosen by lot, the same ones
 * each time: to look for more, raise these by hand.
 */
const PICKS = { own: 1, admitted: 1, refused: 1, heavy: 1, ofData: 1 };
/** Requests that are under way at once. */
const AT_ONCE = 4;
/** More than a page of them says nothing more. */
const MOST_FAULTS = 25;

/** What a good request is refused for, with the reason. */
const REFUSED: Record<string, number> = {
  // The passphrase is another one.
  "POST /session": 401,
  // There is no certificate without HTTPS.
  "GET /trust/certificate": 404,
  // What is written there is no code, nothing was done that could be taken back, nothing was put together.
  "GET /s": 422,
  "GET /me": 422,
  "POST /questions/:id/undo": 409,
  "POST /questions/:id/split": 409,
  "POST /questions/bulk": 409,
  "POST /questions/bulk/undo": 409,
  // The message goes by hand.
  "POST /messages/:id/sending": 409,
};

/** Numbers that come in the same order each time (mulberry32). */
function lots(seed: string): () => number {
  let state = [...seed].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) | 0, 7);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function pick<T>(all: readonly T[], most: number, seed: string): T[] {
  if (all.length <= most) return [...all];
  const next = lots(seed);
  const left = [...all];
  return Array.from({ length: most }, () => left.splice(Math.floor(next() * left.length), 1)[0] as T);
}

const NAMES = fieldNames();

/** Whom a route lets in. */
const ADMITTED: Record<Route["who"], readonly Who[]> = {
  anyone: CALLERS,
  staff: ["bob", "eve", "organizer"],
  organizer: ["organizer"],
};

/** A stack, a file of the program, what a database or a library says of itself. */
const INSIDES = [
  /\n\s+at .+:\d+:\d+/,
  /node_modules|node:internal/,
  new RegExp(path.resolve(__dirname, "../..").replace(/[.*+?^${}()|[\]\\]/g, "\\$&")),
  /\b(src|dist|views)\/[\w/-]+\.(ts|js|ejs)\b/,
  /\b(SqliteError|SQLITE_|sqlite3|PGlite|pg_catalog|SQLSTATE|relation "|syntax error at|no such (table|column))/i,
  /\b(TypeError|RangeError|SyntaxError|ReferenceError|ENOENT|EACCES|ERR_[A-Z_]+)\b/,
];

let cast: Cast;
let port: number;
let bodies: Map<string, Body>;

async function open(engine: Engine): Promise<void> {
  cast = await gatherCast({ engine });
  port = (cast.booth.server.address() as AddressInfo).port;
  bodies = await bodiesOf(cast, port);
  await cast.mend();
}

async function close(): Promise<void> {
  hangUp();
  await cast.close();
}

function aimOf(route: Route, who: Who): Aim {
  const address = filled(route, cast.own[who] ?? cast.values);
  const body = bodies.get(named(route)) ?? { type: "form", fields: [] };
  const query = route.method === "get" ? encoded(body).body : body.query;
  return { cast, route, path: address, target: query ? `${address}?${query}` : address, body, names: NAMES };
}

/** Each of these makes a backup, and a key for it of a passphrase, which takes long on purpose. */
const isHeavy = (route: Route) => route.method === "post" && route.path.startsWith("/backups");

/** So many routes that write are gone to before the cast is put back as it was: it takes as long as many requests. */
const PUT_BACK_AFTER = 8;
/** Routes that need something to stand in a way of its own. */
const NEEDS = /\/(return|reopening)$/;

function picksFor(family: string, route: Route, who: Who, engine: Engine): number {
  const isItsOwn = who === ITS_OWN[route.who];
  if (engine === "postgres") return isItsOwn ? PICKS.ofData : 0;
  const isOther = who === pick(CALLERS, 1, `${family} ${named(route)}`)[0];
  const lot = lots(`${family} ${named(route)} ${who}`)();
  if (isHeavy(route)) return isItsOwn && lot < 0.4 ? PICKS.heavy : 0;
  if (FAMILIES[family]?.isHeavy) return isItsOwn || (isOther && lot < 0.3) ? PICKS.heavy : 0;
  if (isItsOwn) return PICKS.own;
  // The others get a part of the kinds each: who is refused is refused before anything is looked at that was sent.
  if (ADMITTED[route.who].includes(who)) return lot < 0.3 ? PICKS.admitted : 0;
  return lot < 0.2 ? PICKS.refused : 0;
}

/** What is wrong with an answer, whoever got it and whatever they sent. */
function wrongWith(
  { status, headers, text }: Answer,
  shot: Shot,
  who: Who,
  route: Route,
): string | undefined {
  if (status >= 500) return `answers ${status}`;
  if (status === 0 && !shot.mayHangUp) return `gives no answer: ${text}`;
  const inside = INSIDES.map((each) => each.exec(text)?.[0]).find((each) => each);
  if (inside) return `tells of its insides: ${inside.trim()}`;
  const shown = ownersShownTo(who, route);
  const others = [...ownersIn(text)].filter((owner) => !shown.has(owner));
  if (others.length > 0)
    return `shows what is of ${others.join(", ")}: ${/.{0,60}qz[a-z]+zq\d.{0,20}/.exec(text)?.[0]}`;
  const keys = [PASSPHRASE, cast.tokens.bob, cast.tokens.eve, cast.tokens.gone];
  if (keys.some((key) => text.includes(key))) return "shows a key";
  // What was read from the bare connection begins with its head.
  const head = shot.raw ? (text.split("\r\n\r\n")[0] ?? "") : JSON.stringify(headers);
  if (/^x-injected:|"x-injected":|injected=1/im.test(head)) return "has a header that somebody typed";
  const leads = headers.location;
  if (leads !== undefined && !/^\/(?![/\\])[^\\\s]*$/.test(leads)) return `leads elsewhere: ${leads}`;
  return undefined;
}

/** Routes after which somebody is not signed in, or paired, any more. */
const ENDS = new Set(["POST /session/end", "POST /pairing/end"]);

/** What was made last: most callers come to the same address, and there are hundreds of them for each. */
let made: { family: string; route: Route; target: string; shots: Shot[] } | undefined;

/** Sends to a route what was picked for it, a few at a time; gives what is wrong with the answers. */
async function fire(route: Route, who: Who, family: string, most: number): Promise<string[]> {
  const aim = aimOf(route, who);
  if (made?.family !== family || made.target !== aim.target || made.route !== route) {
    made = { family, route, target: aim.target, shots: FAMILIES[family]?.shots(aim) ?? [] };
  }
  const { shots } = made;
  const isData = cast.booth.db.engine === "postgres" && who === ITS_OWN[route.who];
  const sure = isData ? shots.filter(({ isSure }) => isSure) : [];
  const picked = [...sure, ...pick(shots, most, `${family} ${named(route)} ${who}`)];
  if (picked.length === 0) return [];
  const faults: string[] = [];
  let identity = await cast.identityOf(who);
  const work = async () => {
    for (let shot = picked.shift(); shot; shot = picked.shift()) {
      if (ENDS.has(named(route))) {
        await cast.mend(route);
        identity = await cast.identityOf(who);
      }
      const wrong = wrongWith(await sendAs(identity, aim, shot), shot, who, route);
      if (!wrong) continue;
      const log = cast.booth.logged.findLast((line) => line.includes('"fault"')) ?? "";
      faults.push(`${named(route)} for ${who}, ${family}, ${shot.about}: ${wrong} ${log.slice(0, 900)}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return faults;
}

/** Sends to a route as somebody. */
function sendAs(identity: Record<string, string>, { route, target }: Aim, shot: Shot): Promise<Answer> {
  const whole = { ...shot, ...shot.make?.(), make: undefined };
  const { "X-More-Cookies": more, ...headers } = whole.headers ?? {};
  const cookies = [identity.Cookie, more].filter(Boolean).join("; ");
  return send(port, {
    method: route.method.toUpperCase(),
    target,
    ...whole,
    headers: { ...identity, ...(cookies && { Cookie: cookies }), ...headers },
  });
}

/** That everything still works, whatever was sent: what is wrong. */
async function brokenAfter(): Promise<string[]> {
  const { db, eventId, logged } = cast.booth;
  const broken: string[] = [];
  await cast.mend();
  const tablet = await cast.booth.tablet("Fay");
  const [result] = await tablet.send(aVisit());
  if (result?.status !== "recorded") broken.push(`a visit is ${result?.status}`);
  const differences = await checkFigures(db.read);
  if (differences.length > 0) broken.push(`figures differ: ${JSON.stringify(differences.slice(0, 3))}`);
  const { visits } = await db.read
    .selectFrom("visits")
    .where("event_id", "=", eventId)
    .where("deleted_at", "is", null)
    .select(({ fn }) => fn.countAll<number>().as("visits"))
    .executeTakeFirstOrThrow();
  const headers = await cast.identityOf("organizer");
  const report = await send(port, { about: "", target: "/events/winter-camp/report.json", headers });
  const told = JSON.parse(report.text).visits?.total ?? JSON.parse(report.text).visits;
  if (told !== Number(visits)) broken.push(`the report has ${JSON.stringify(told)} visits of ${visits}`);
  if (db.engine === "sqlite") {
    // On a connection that only reads it finds fault with a full-text index that has changed since it was last read.
    const { rows } = await db.write((writer) =>
      sql<{ integrity_check: string }>`PRAGMA integrity_check`.execute(writer),
    );
    if (rows[0]?.integrity_check !== "ok") broken.push(JSON.stringify(rows));
    const orphans = await sql`PRAGMA foreign_key_check`.execute(db.read);
    if (orphans.rows.length > 0) broken.push(JSON.stringify(orphans.rows));
  }
  // A fault of which nobody was told: half an answer was out already, or it was nobody's request.
  const faults = logged.filter((line) => /"level":(50|60)/.test(line));
  broken.push(...faults.slice(0, 5).map((line) => `the log has ${line.slice(0, 900)}`));
  const told2 = logged.find((line) => ownersIn(line).size > 0);
  if (told2) broken.push(`the log tells what people typed: ${told2.slice(0, 300)}`);
  logged.length = 0;
  if (({} as { polluted?: unknown }).polluted !== undefined) broken.push("every object is polluted");
  return broken;
}

/** The tests of everything that is sent to every route, with one engine: each has a file of its own, to run side by side. */
export function sendEverything(engine: Engine): void {
  beforeAll(() => open(engine));
  afterAll(close);

  test("each route takes what is meant for it", async () => {
    const wrong: string[] = [];
    for (const route of cast.routes) {
      const who = ITS_OWN[route.who];
      const { body, target } = aimOf(route, who);
      await cast.mend(route);
      const identity = await cast.identityOf(who);
      const sent = route.method === "get" ? { headers: identity } : encoded(body);
      const { status, text } = await send(port, {
        about: "",
        method: route.method.toUpperCase(),
        target,
        ...sent,
        headers: { ...identity, ...sent.headers },
      });
      // PostgreSQL has its own ways to be backed up.
      const isElsewhere = engine === "postgres" && route.path.startsWith("/backups");
      const refused = REFUSED[named(route)] ?? (isElsewhere && route.method !== "get" ? 409 : undefined);
      const isRight = refused ? status === refused : status < 400;
      if (!isRight)
        wrong.push(`${named(route)} answers ${status}: ${text.replace(/<[^>]*>|\s+/g, " ").slice(0, 600)}`);
    }
    expect(wrong).toEqual([]);
    expect(await brokenAfter()).toEqual([]);
  });

  test("what is another one's is not changed by anybody who knows its id", async () => {
    const wrong: string[] = [];
    const everything = () => contentOf(cast.booth.db, ["devices", "sessions"]);
    const before = await everything();
    for (const route of cast.routes) {
      const isOfOne =
        route.who === "staff" ? route.path.includes(":") : route.path.includes("/x/:token/questions");
      if (!isOfOne) continue;
      for (const who of ["nobody", "gone", "eve", "bob"] as const) {
        const values = cast.foreign[who === "eve" ? "eve" : "bob"];
        const { body } = aimOf(route, who);
        const sent = route.method === "get" ? {} : encoded(body);
        const target = filled(route, values) + (body.query ? `?${body.query}` : "");
        const shot = { about: "", target, ...sent };
        const answer = await sendAs(await cast.identityOf(who), aimOf(route, who), shot);
        const say = (what: string) => wrong.push(`${named(route)} for ${who}: ${what}`);
        if (![401, 403, 404].includes(answer.status)) say(`answers ${answer.status}`);
        const shows = wrongWith(answer, shot, who, route);
        if (shows) say(shows);
        if (JSON.stringify(await everything()) !== JSON.stringify(before)) say("changes something");
      }
    }
    expect(wrong).toEqual([]);
  });

  test("no body that chance makes is a fault", async () => {
    const writing = cast.routes.filter(
      (route) => route.method === "post" && !ENDS.has(named(route)) && !isHeavy(route),
    );
    const word = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.constantFrom(...NAMES, "\0", "\ud800", "__proto__", "1e400", "winter-camp"),
      fc.constantFrom(...Object.values(cast.values)),
    );
    const fields = fc.dictionary(
      fc.oneof(fc.constantFrom(...NAMES), word),
      fc.oneof(word, fc.jsonValue({ stringUnit: "binary" })),
    );
    const chance = fc.asyncProperty(
      fc.constantFrom(...writing),
      fields,
      fc.boolean(),
      async (route, typed, isJson) => {
        const who = ITS_OWN[route.who];
        const aim = aimOf(route, who);
        const good = aim.body.type === "json" ? aim.body.json : Object.fromEntries(aim.body.fields);
        const all = { ...good, ...typed };
        const shot: Shot = isJson
          ? { about: "", body: JSON.stringify(all), headers: { "Content-Type": "application/json" } }
          : {
              about: "",
              ...encoded({
                type: "form",
                fields: Object.entries(all).map(([name, value]) => [name, String(value)]),
              }),
            };
        const wrong = wrongWith(await sendAs(await cast.identityOf(who), aim, shot), shot, who, route);
        expect(wrong && `${named(route)}: ${wrong} ${cast.booth.logged.at(-1)}`).toBeUndefined();
      },
    );
    await fc.assert(chance, { numRuns: 100 });
    expect(await brokenAfter()).toEqual([]);
  });

  const families = Object.entries(FAMILIES).filter(
    ([, { reachesData }]) => engine === "sqlite" || reachesData,
  );
  test.each(families.map(([family]) => family))(
    "%s: no fault, nothing of another one's, and all works after",
    async (family) => {
      const faults: string[] = [];
      let written = 0;
      for (const route of cast.routes) {
        if (route.method !== "get" && (written++ % PUT_BACK_AFTER === 0 || NEEDS.test(route.path))) {
          await cast.mend(route);
        }
        for (const who of CALLERS) {
          if (faults.length >= MOST_FAULTS) break;
          const most = picksFor(family, route, who, engine);
          faults.push(...(await fire(route, who, family, most)));
        }
      }
      expect(faults).toEqual([]);
      expect(await brokenAfter()).toEqual([]);
    },
  );
}
