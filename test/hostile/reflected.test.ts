import type { AddressInfo } from "node:net";
import type { Route } from "../../src/http/route";
import { openBooth } from "../support/booth";
import { type Cast, filled, gatherCast, named, type Who } from "./cast";
import { hangUp, send } from "./client";
import { type Body, bodiesOf, encoded } from "./forms";
import { each, few, IS_PAGE, isTyped, Lookout, REPORTED_POLICY } from "./lookout";
import { fieldNames, ITS_OWN } from "./names";
import { ALL, TYPED } from "./payloads";

const lookout = new Lookout();
const NAMES = fieldNames();
let cast: Cast;
let port: number;
let bodies: Map<string, Body>;
/** As the application has it, and reports it. */
let policy: string;

beforeAll(async () => {
  cast = await gatherCast({ open: (config) => openBooth({ config, around: lookout.inReportMode }) });
  await lookout.open(cast);
  port = (cast.booth.server.address() as AddressInfo).port;
  bodies = await bodiesOf(cast, port);
  const { headers } = await send(port, { about: "", target: "/healthz" });
  policy = String(headers[REPORTED_POLICY]);
});
afterAll(async () => {
  hangUp();
  await lookout.close();
  await cast.close();
});

interface Asked {
  who: Who;
  route: Route;
  target: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Sends these; gives the pages that say again what was typed. */
async function echoes(asked: Asked[]): Promise<(Asked & { html: string })[]> {
  const pages: (Asked & { html: string })[] = [];
  let last: Route | undefined;
  for (const one of asked) {
    if (one.route !== last && one.route.method !== "get") await cast.mend(one.route);
    last = one.route;
    const { Cookie, ...identity } = await cast.identityOf(one.who);
    const { "X-More-Cookies": more, ...headers } = one.headers ?? {};
    const cookies = [Cookie, more].filter(Boolean).join("; ");
    const answer = await send(port, {
      about: "",
      method: one.route.method.toUpperCase(),
      target: one.target,
      ...(one.body !== undefined && { body: one.body }),
      headers: { Accept: "text/html", ...identity, ...(cookies && { Cookie: cookies }), ...headers },
    });
    if (answer.status >= 500) throw new Error(`${named(one.route)} answers ${answer.status}`);
    const isPage = IS_PAGE.test(String(answer.headers["content-type"] ?? ""));
    if (isPage && isTyped(answer.text)) pages.push({ ...one, html: answer.text });
  }
  return pages;
}

/** Looks into all of these pages, and opens one of each route and its forms. */
async function lookAt(pages: (Asked & { html: string })[]): Promise<string[]> {
  const faults: string[] = [];
  for (const { route, target, html } of pages) {
    const inside = await lookout.lookInto(html);
    faults.push(...inside.map((what) => `${named(route)}, ${target.slice(0, 200)}: ${what}`));
  }
  const one = new Map(pages.map((page) => [`${named(page.route)} ${page.target.includes("?")}`, page]));
  await each([...one.values()], async ({ who, target, html }) => {
    faults.push(...(await lookout.look(who, target.slice(0, 300).replace(/%[^%]?$/, ""), { html, policy })));
  });
  return faults;
}

test("nothing that an address, a header or a cookie says runs on the page that it leads to", async () => {
  const asked: Asked[] = [];
  for (const route of cast.routes.filter((one) => one.method === "get")) {
    const who = ITS_OWN[route.who];
    const path = filled(route, cast.own[who] ?? cast.values);
    const body = bodies.get(named(route));
    const good: [string, string][] = body?.type === "form" ? body.fields : [];
    const ask = (target: string, headers?: Record<string, string>) =>
      asked.push({ who, route, target, ...(headers && { headers }) });
    for (const text of TYPED) {
      for (const names of [NAMES.slice(0, 50), NAMES.slice(50)]) {
        ask(`${path}?${new URLSearchParams(names.map((name): [string, string] => [name, text]))}`);
      }
      if (route.path.includes(":")) ask(route.path.replace(/:\w+/g, encodeURIComponent(text)));
      const cookies = ["language", "look", "looked", "device"].map(
        (name) => `boothlight_${name}=${encodeURIComponent(text)}`,
      );
      const headers = {
        Referer: `http://x.example/?${text}`,
        "Accept-Language": text,
        "User-Agent": text,
        "X-Forwarded-Host": text,
      };
      ask(path, { ...headers, "X-More-Cookies": cookies.join("; ") });
    }
    for (const [number, [name]] of good.entries()) {
      const text = TYPED[number % TYPED.length] as string;
      ask(
        `${path}?${new URLSearchParams(good.map(([each, value]): [string, string] => [each, each === name ? text : value]))}`,
      );
    }
  }
  const [first] = cast.routes;
  for (const text of TYPED) {
    if (first) asked.push({ who: "nobody", route: first, target: `/${encodeURIComponent(text)}` });
  }
  const pages = await echoes(asked);
  expect(pages.length).toBeGreaterThan(20);
  expect(few(await lookAt(pages))).toEqual([]);
});

test("a form that comes back shows what was typed, and runs nothing of it", async () => {
  const asked: Asked[] = [];
  for (const route of cast.routes.filter((one) => one.method === "post")) {
    const who = ITS_OWN[route.who];
    const target = filled(route, cast.own[who] ?? cast.values);
    const body = bodies.get(named(route)) as Body;
    const fields = body.type === "json" ? [] : body.fields;
    const typedIn = (text: string, names: string[]): [string, string][] =>
      fields.map(([name, value]) => [name, names.includes(name) ? text : value]);
    // A key is made of each passphrase, which takes long on purpose.
    const names = route.path.startsWith("/backups") ? [] : [...new Set(fields.map(([name]) => name))];
    const all = fields.map(([name]) => name);
    const tries = [
      ...[...TYPED, ALL].map((text) => ({ text, some: all })),
      ...names.map((name, number) => ({ text: TYPED[number % TYPED.length] as string, some: [name] })),
    ];
    for (const { text, some } of tries) {
      const filledIn = typedIn(text, some);
      const file = body.type === "files" ? { name: text.replaceAll('"', "%22"), content: text } : undefined;
      const sent = file
        ? encoded({ type: "files", fields: filledIn, file })
        : encoded({ type: "form", fields: filledIn });
      asked.push({ who, route, target, ...sent });
    }
  }
  const pages = await echoes(asked);
  expect(new Set(pages.map(({ route }) => route)).size).toBeGreaterThan(15);
  expect(few(await lookAt(pages))).toEqual([]);
});
