import type { AddressInfo } from "node:net";
import { createApp } from "../src/app";
import type { Route } from "../src/http/route";
import { CALLERS, type Cast, filled, gatherCast, named, pattern, type Who } from "./hostile/cast";
import { type Answer, hangUp, send } from "./hostile/client";
import { contentOf } from "./support/catalogue";

let cast: Cast;

beforeAll(async () => {
  cast = await gatherCast();
});
beforeEach(() => cast.mend());
afterAll(async () => {
  hangUp();
  await cast.close();
});

/** A request that brings nothing, to what is the caller's own. */
async function ask(route: Route, who: Who): Promise<Answer> {
  const { port } = cast.booth.server.address() as AddressInfo;
  return send(port, {
    about: named(route),
    method: route.method.toUpperCase(),
    target: filled(route, cast.own[who] ?? cast.values),
    headers: { Accept: "text/html", ...(await cast.identityOf(who)) },
  });
}

/**
 * Goes to every route of an audience; gives those that answered otherwise than `isRight` says. `mends`: puts back what each has
 * changed, for somebody who is let in.
 */
async function wrongAnswers(
  audience: Route["who"],
  who: Who,
  isRight: (status: number, route: Route) => boolean,
  { mends = false } = {},
) {
  const wrong: string[] = [];
  for (const route of cast.routes.filter((each) => each.who === audience)) {
    const { status } = await ask(route, who);
    // It may have ended the pairing.
    if (mends && route.method !== "get") await cast.mend();
    if (!isRight(status, route) || status >= 500) wrong.push(`${named(route)} answers ${status} to ${who}`);
  }
  return wrong;
}
const is = (wanted: number) => (status: number) => status === wanted;
const letsIn = (status: number) => status !== 401 && status !== 403;
/** What is on a screen that everybody in the hall sees goes on while the organizer's session is locked. */
const isLocked = (status: number, { also }: Route) => (also.whileLocked ? letsIn(status) : status === 401);

/** That each lets in whom it is for, with what it takes: `test/hostile/everything.ts`. */
describe("every route", () => {
  test("that is the organizer's asks everybody else to sign in, refuses tablets, and changes nothing for them", async () => {
    const unsaid = ["devices", "sessions", "settings"];
    const before = await contentOf(cast.booth.db, unsaid);
    expect(await wrongAnswers("organizer", "nobody", is(401))).toEqual([]);
    expect(await wrongAnswers("organizer", "gone", is(401))).toEqual([]);
    expect(await wrongAnswers("organizer", "locked", isLocked)).toEqual([]);
    expect(await wrongAnswers("organizer", "bob", is(403))).toEqual([]);
    expect(await contentOf(cast.booth.db, unsaid)).toEqual(before);
  });

  test("that is the staff's asks everybody else to pair or sign in, and lets tablets and the organizer in", async () => {
    const unsaid = ["devices", "sessions", "settings"];
    const before = await contentOf(cast.booth.db, unsaid);
    expect(await wrongAnswers("staff", "nobody", is(401))).toEqual([]);
    expect(await wrongAnswers("staff", "gone", is(401))).toEqual([]);
    expect(await wrongAnswers("staff", "locked", isLocked)).toEqual([]);
    expect(await contentOf(cast.booth.db, unsaid)).toEqual(before);
    for (const who of ["bob", "eve", "organizer"] as const) {
      expect(await wrongAnswers("staff", who, letsIn, { mends: true })).toEqual([]);
    }
  });

  test("that is anyone's refuses nobody for who they are", async () => {
    // The first page is where the passphrase is typed.
    const asksToUnlock = (status: number, { path }: Route) =>
      path === "/" ? status === 401 : letsIn(status);
    for (const who of CALLERS) {
      const isRight = who === "locked" ? asksToUnlock : letsIn;
      expect(await wrongAnswers("anyone", who, isRight, { mends: true })).toEqual([]);
    }
  });

  test("that is read changes nothing, but for the code that pairs, and the trail of contacts that leave", async () => {
    const changing: string[] = [];
    const UNSAID = ["sessions", "contact_exports"];
    // That the organizer has signed in once is remembered: no route's doing.
    await cast.identityOf("organizer");
    let before = await contentOf(cast.booth.db, UNSAID);
    for (const route of cast.routes.filter((each) => each.method === "get")) {
      for (const who of ["bob", "organizer"] as const) await ask(route, who);
      const after = await contentOf(cast.booth.db, UNSAID);
      if (JSON.stringify(after) !== JSON.stringify(before)) changing.push(named(route));
      before = after;
    }
    expect(changing).toEqual(["GET /pair"]);
  });

  test("is kept in no cache, is taken for nothing else, and lets no script run but the program's own", async () => {
    const wrong: string[] = [];
    for (const route of cast.routes.filter((each) => each.method === "get")) {
      for (const who of ["nobody", "bob", "organizer"] as const) {
        const { status, headers } = await ask(route, who);
        const say = (what: string) => wrong.push(`${named(route)} for ${who}: ${what}`);
        if (status >= 500) say(`answers ${status}`);
        if (headers["cache-control"] !== "no-store") say("may be kept in a cache");
        if (headers["x-content-type-options"] !== "nosniff") say("may be taken for something else");
        const policy = String(headers["content-security-policy"] ?? "unsafe-");
        if (policy.includes("unsafe-")) say("lets any script run");
      }
    }
    expect(wrong).toEqual([]);
  });

  test("has an address of its own: none hides behind an earlier one", () => {
    const hidden: string[] = [];
    for (const [index, route] of cast.routes.entries()) {
      const address = filled(route, cast.values);
      const first = cast.routes.findIndex(
        (each) => each.method === route.method && pattern(each.path).test(address),
      );
      if (first !== index) hidden.push(`${named(route)} behind ${named(cast.routes[first] as Route)}`);
    }
    expect(hidden).toEqual([]);
  });
});

test("nothing else is mounted: each address that answers is a declared route", async () => {
  const app = createApp(cast.booth.deps);
  const mounted = new Set<string>();
  const others: string[] = [];
  for (const layer of app.router.stack) {
    const route = layer.route as { path: string | string[]; methods: Record<string, boolean> } | undefined;
    if (!route) {
      others.push(layer.name);
      continue;
    }
    for (const each of [route.path].flat()) {
      for (const method of Object.keys(route.methods)) mounted.add(`${method.toUpperCase()} ${each}`);
    }
  }
  expect([...mounted].sort()).toEqual([...new Set(cast.routes.map(named))].sort());
  expect(cast.routes.map(named)).toHaveLength(mounted.size);
  // Only files of public/ are answered outside the routes, and no second router hides others.
  expect(others.filter((name) => ["router", "mounted_app"].includes(name))).toEqual([]);
  expect(others.filter((name) => name === "serveStatic")).toHaveLength(1);
});
