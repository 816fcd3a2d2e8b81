import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import MarkdownIt from "markdown-it";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { uuidv7 } from "uuidv7";
import { eventBySlug } from "../../src/events/store";
import { documentOf } from "../../src/http/pages";
import type { Route } from "../../src/http/route";
import { asPrinted } from "../../src/reports/page/rules";
import { reportPage } from "../../src/reports/page/store";
import { deliver } from "../support/asking";
import { aVisit, openBooth } from "../support/booth";
import { LAPTOP, openBrowser, TABLET } from "../support/browser";
import { NOON } from "../support/databases";
import { openPostOffice, type PostOffice } from "../support/post-office";
import { type Cast, filled, gatherCast, named, type Who } from "./cast";
import { hangUp, send } from "./client";
import { fillEverything } from "./fill";
import { type Body, bodiesOf, encoded } from "./forms";
import { fieldNames, ITS_OWN } from "./names";
import { ALL, ALL_AS_ADDRESS, PAYLOADS } from "./payloads";

/** As the application has it. */
const POLICY = `default-src 'self'; script-src 'self'; script-src-attr 'none'; style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; report-uri /hostile-report`;
const REPORTS = "/hostile-report";
/** Pages that are open at once. */
const AT_ONCE = 4;
/** Milliseconds that a page gets for what it does once it is there. */
const SETTLES = 150;

/**
 * The policy of each answer in report mode: it blocks nothing, so that whatever is not stopped before would run, and each
 * thing that it would have blocked is reported.
 */
function inReportMode(app: RequestListener): RequestListener {
  return (req: IncomingMessage, res: ServerResponse) => {
    if (req.url?.startsWith(REPORTS)) {
      let text = "";
      req.on("data", (chunk) => {
        text += chunk;
      });
      req.on("end", () => {
        seen.push({ what: "a violation was reported to the laptop", of: text.slice(0, 600) });
        res.writeHead(204).end();
      });
      return;
    }
    const [setHeader, getHeader] = [res.setHeader.bind(res), res.getHeader.bind(res)];
    const isPolicy = (name: string) => name.toLowerCase() === "content-security-policy";
    const REPORTING = "Content-Security-Policy-Report-Only";
    res.setHeader = (name, value) =>
      isPolicy(name) ? setHeader(REPORTING, `${value}; report-uri ${REPORTS}`) : setHeader(name, value);
    res.getHeader = (name) => getHeader(isPolicy(name) ? REPORTING : name);
    app(req, res);
  };
}

interface Sight {
  what: string;
  of: string;
}

/** Everything that should not have happened, since it was last asked. */
const seen: Sight[] = [];
const whatHappened = () => seen.splice(0).map(({ what, of }) => `${what}: ${of}`);

/** The words that stand in a page of what was typed, in its text and in its fields. */
const isTyped = (html: string) => /__ran|data-hostile|elsewhere\.example/.test(html);

/** What a page must not have of what people typed, as a function in the page: it gives what it finds. */
const FIND = `(root) => {
  const found = [];
  const say = (what, element) => found.push(what + " " + element.outerHTML.slice(0, 200));
  for (const element of root.querySelectorAll("*")) {
    const tag = element.localName;
    if (element.hasAttribute("data-hostile")) say("an element that was typed:", element);
    if (["iframe", "object", "embed", "base", "math", "frame", "applet", "animate", "foreignobject"].includes(tag)) say("a strange element:", element);
    if (tag === "script" && !element.src && element.type !== "application/json") say("a script without an address:", element);
    if (tag === "style" && !root.documentElement?.hasAttribute("data-printed")) say("styles:", element);
    if (tag === "meta" && element.httpEquiv && !element.closest("noscript")) say("an order for the browser:", element);
    for (const { name, value } of element.attributes) {
      if (name.startsWith("on") || name === "srcdoc") say("code in an attribute:", element);
      const isAddress = ["href", "src", "action", "formaction", "xlink:href", "data", "poster", "srcset", "background", "ping"].includes(name);
      const scheme = /^[\\s\\u0000-\\u001f]*([a-z][a-z0-9+.\\-\\s]*):/i.exec(value)?.[1]?.replace(/\\s/g, "").toLowerCase();
      if (isAddress && scheme && !["http", "https", "mailto", "tel"].includes(scheme) && !value.startsWith("data:image/svg+xml,%3Csvg")) say("an address that is code:", element);
      if (["src", "srcset", "action", "formaction", "poster"].includes(name) && /^(https?:)?\\/\\//i.test(value) && new URL(value, location.href).origin !== location.origin) say("a foreign address that is fetched:", element);
    }
  }
  return found;
}`;

let browser: Browser;
let office: PostOffice;
let cast: Cast;
let port: number;
let bodies: Map<string, Body>;
const contexts = new Map<Who, BrowserContext>();
const NAMES = fieldNames();

async function contextOf(who: Who): Promise<BrowserContext> {
  const known = contexts.get(who);
  if (known) return known;
  const context = await browser.newContext(who === "bob" ? TABLET : LAPTOP);
  const { Cookie } = await cast.identityOf(who);
  const [name, value] = Cookie?.split("=") ?? [];
  if (name && value) await context.addCookies([{ name, value, url: cast.booth.address }]);
  await context.exposeBinding("__ran", ({ page }, number) => {
    seen.push({ what: `a script ran, of ${PAYLOADS[number as number] ?? number}`, of: page.url() });
  });
  await context.exposeBinding("__violated", ({ page }, what) => {
    seen.push({ what: `the policy would have blocked ${what}`, of: page.url() });
  });
  await context.addInitScript(`document.addEventListener("securitypolicyviolation", (event) => {
    __violated(event.effectiveDirective + " " + event.blockedURI + " " + event.sample + " " + event.sourceFile);
  })`);
  context.on("dialog", (dialog) => {
    seen.push({ what: "a dialog opened", of: dialog.message() });
    void dialog.dismiss();
  });
  context.on("request", (request) => {
    const isOwn = [cast.booth.address, "data:", "blob:", "about:"].some((start) =>
      request.url().startsWith(start),
    );
    if (!isOwn)
      seen.push({ what: `a request went to ${request.url().slice(0, 100)}`, of: request.frame().url() });
  });
  await context.route(
    (url) => url.origin !== cast.booth.address,
    (route) => route.abort(),
  );
  contexts.set(who, context);
  return context;
}

/** Opens a page, or what is given in its place, and says what of it is wrong. */
async function look(
  who: Who,
  address: string,
  instead?: { html: string; policy?: string },
): Promise<string[]> {
  const page = await (await contextOf(who)).newPage();
  try {
    if (instead) {
      const headers = {
        "Content-Type": "text/html; charset=utf-8",
        ...(instead.policy && { "Content-Security-Policy-Report-Only": instead.policy }),
      };
      await page.route(
        (url) => url.href === new URL(address, cast.booth.address).href,
        (route) => route.fulfill({ status: 200, body: instead.html, headers }),
      );
    }
    await page.goto(cast.booth.address + address, { waitUntil: "load" });
    await page.waitForTimeout(SETTLES);
    return [...(await found(page)), ...whatHappened()].map((what) => `${address} for ${who}: ${what}`);
  } finally {
    await page.close();
  }
}

const found = (page: Page) => page.evaluate<string[]>(`(${FIND})(document)`);

let inert: Promise<Page> | undefined;
/** The same of markup, without opening it: nothing runs, and what would is found all the same. */
async function lookInto(html: string): Promise<string[]> {
  // Without a policy: where there is one, what would run is reported even of markup that nobody opens.
  inert ??= browser.newContext().then((context) => context.newPage());
  return (await inert).evaluate<string[]>(
    `(${FIND})(new DOMParser().parseFromString(${JSON.stringify(html)}, "text/html"))`,
  );
}

async function each<T>(all: T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = [...all];
  const take = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, take));
}

const rowText = (row: number, column: number) =>
  row % 8 < 5
    ? row % 2 === 0
      ? ALL
      : ALL_AS_ADDRESS
    : (PAYLOADS[(row * 7 + column) % PAYLOADS.length] as string);

beforeAll(async () => {
  [browser, office] = await Promise.all([openBrowser(), openPostOffice()]);
  cast = await gatherCast({
    config: { smtpUrl: office.url, mailFrom: "Booth <booth@example.org>", publicUrl: undefined },
    open: (config) => openBooth({ config, around: inReportMode }),
  });
  port = (cast.booth.server.address() as AddressInfo).port;
  bodies = await bodiesOf(cast, port);
  await cast.mend();
  await moreOfEverything();
  const columns = await fillEverything(cast.booth.db, rowText);
  expect(columns.length).toBeGreaterThan(30);
}, 120_000);
afterAll(async () => {
  hangUp();
  await browser.close();
  await office.goAway();
  await cast.booth.close();
});

/** So many rows of what people type that each payload stands alone in some of them. */
async function moreOfEverything(): Promise<void> {
  const { db, eventId } = cast.booth;
  const tablet = await cast.booth.tablet("Ida");
  const visits = Array.from({ length: 40 }, (_, index) =>
    aVisit({
      note: "x",
      topics: ["storage"],
      happenedAt: new Date(NOON - index * 60_000).toISOString(),
      contact: {
        name: "x",
        organization: "x",
        role: "x",
        email: "a@b.example",
        phone: "1",
        handle: "x",
        website: "x",
        badge: "x",
        note: "x",
        consent: ["follow-up"],
      },
      questions: [{ id: uuidv7(), text: "Is there a way?", topic: "storage" }],
    }),
  );
  await tablet.send(...visits);
  await db.write(async (writer) => {
    for (const table of ["booths", "projects", "topics", "platforms", "remarks", "giveaways"] as const) {
      const rows = Array.from({ length: 10 }, (_, index) => ({
        id: uuidv7(),
        event_id: eventId,
        slug: `more-${index}`,
        name: `${table} ${index}`,
        position: index + 10,
      }));
      await writer
        .insertInto(table)
        .values(rows as never)
        .execute();
    }
    for (let index = 0; index < 10; index++) {
      await writer
        .insertInto("experts")
        .values({
          id: uuidv7(),
          slug: `expert-${index}`,
          name: "x",
          kind: index % 2 ? "forum" : "chat",
          address: "x",
          webhook: "x",
          created_at: NOON,
        })
        .execute();
      await writer
        .insertInto("journal")
        .values({ id: uuidv7(), event_id: eventId, at: NOON + index + 1, text: "x" })
        .execute();
    }
    // Steps of each kind, of whose note and actor the trail tells.
    const question = cast.values["questions/:id"] as string;
    for (const step of [
      "routed",
      "answered",
      "given back",
      "passed on",
      "timed out",
      "closed",
      "reopened",
      "merged",
      "priority",
      "topic",
    ]) {
      await writer
        .insertInto("activity")
        .values({
          id: uuidv7(),
          question_id: question,
          visit_id: cast.values["visits/:id"] as string,
          at: NOON,
          actor: "x",
          step,
          note: "x",
          before: "{}",
        })
        .execute();
    }
  });
}

/** What a browser shows as a page, and runs scripts of. */
const IS_PAGE = /^(text\/html|text\/xml|application\/xml|[\w-]+\/[\w.-]+\+xml)/;

/** The pages of a route for somebody: with what it takes, and with what else it can be asked for. */
function addressesOf(route: Route, who: Who): string[] {
  const { values } = cast;
  const own = cast.own[who] ?? values;
  const path = filled(route, own);
  const body = bodies.get(named(route));
  const addresses = new Set([path]);
  if (body?.type === "form") addresses.add(`${path}?${new URLSearchParams(body.fields)}`);
  if (who === "organizer") addresses.add(filled(route, { ...values, ...cast.own.eve }));
  for (const query of QUERIES[named(route)] ?? [])
    addresses.add(path + query.replace("OWN", own["visits/:id"] ?? ""));
  return [...addresses];
}

/** What else pages can be asked for: other states of them. */
const QUERIES: Record<string, string[]> = {
  "GET /": ["?visit=OWN", "?undone=OWN"],
  "GET /capture": ["?visit=OWN&said=logged", "?undone=OWN"],
  "GET /messages": ["?state=look", "?state=failed", "?state=waiting", "?state=sent", "?state=cancelled"],
  "GET /events/:slug/visits": ["?show=bin", "?search=img"],
  "GET /events/:slug/questions": ["?state=answered", "?state=routed", "?search=img"],
  "GET /questions/:id": ["?search=img"],
  "GET /experts": ["?search=img"],
  "GET /events/:slug/slips": ["?of=all"],
  "GET /events/:slug/slips/sheet": ["?blank=1", "?blank=1&paper=label"],
  "GET /s/:code": ["?new=yes"],
  "GET /asked": ["?done=counts"],
};

test("a page that shows what was typed as it was typed is caught, in each of the ways", async () => {
  const faults = await look("nobody", "/control", {
    html: `<!doctype html><title>x</title><p>${ALL}`,
    policy: POLICY,
  });
  const ways = [
    "a script ran",
    "would have blocked script-src",
    "would have blocked img-src",
    "a request went to https://elsewhere.example",
    "an element that was typed",
    "code in an attribute",
    "an address that is code",
    "a strange element",
  ];
  expect(ways.filter((way) => !faults.some((fault) => fault.includes(way)))).toEqual([]);
  const reported = async () => {
    for (
      let tries = 0;
      tries < 50 && !seen.some(({ what }) => what.includes("reported to the laptop"));
      tries++
    )
      await new Promise((resolve) => setTimeout(resolve, 100));
    return whatHappened().length + faults.filter((fault) => fault.includes("reported to the laptop")).length;
  };
  expect(await reported()).toBeGreaterThan(0);
  // Each by itself, so that none hides behind another.
  const isMarkup = (payload: string) => /<[a-z]+[\s/][^<>]*data-hostile[^<>'"]*>/i.test(payload);
  const missed: string[] = [];
  for (const payload of PAYLOADS.filter(isMarkup)) {
    if ((await lookInto(`<p>${payload}`)).length === 0) missed.push(payload);
  }
  expect(missed).toEqual([]);
});

test("no page that is read lets anything run that was typed, whoever opens it", async () => {
  const faults: string[] = [];
  const visits: { who: Who; route: Route; address: string }[] = [];
  for (const who of ["nobody", "bob", "organizer"] as const) {
    for (const route of cast.routes.filter((one) => one.method === "get")) {
      if (who === "nobody" && route.who !== "anyone") continue;
      if (who === "bob" && route.who === "organizer") continue;
      if (who === "organizer" && route.who === "anyone" && route.path !== "/") continue;
      for (const address of addressesOf(route, who)) visits.push({ who, route, address });
    }
  }
  const opened = new Set<string>();
  await each(visits, async ({ who, route, address }) => {
    const headers = { Accept: "text/html,*/*;q=0.8", ...(await cast.identityOf(who)) };
    const answer = await send(port, { about: "", target: address, headers });
    const type = String(answer.headers["content-type"] ?? "");
    if (answer.status >= 500) faults.push(`${address} for ${who} answers ${answer.status}`);
    opened.add(named(route));
    if (IS_PAGE.test(type)) {
      if (answer.status < 400 || address.includes("?")) faults.push(...(await look(who, address)));
      return;
    }
    // No browser takes it for a page.
    const isLeadOn = answer.status >= 300 && answer.status < 400;
    if (answer.headers["x-content-type-options"] !== "nosniff")
      faults.push(`${address} may be taken for a page`);
    if (type === "" && !isLeadOn && answer.status !== 204) faults.push(`${address} does not say what it is`);
  });
  expect(faults).toEqual([]);
  expect(
    cast.routes.filter((route) => route.method === "get" && !opened.has(named(route))).map(named),
  ).toEqual([]);
}, 180_000);

/** What is typed into forms and addresses: it has to be short, so there are several that each have much in them. */
const TYPED = [
  `"'></title></textarea></script></style><img data-hostile src=x onerror=__ran(901)>`,
  "javascript:__ran(902)//\"'`><svg data-hostile onload=__ran(903)>",
  `x" data-hostile onfocus=__ran(904) autofocus y='`,
  `[x](javascript:__ran(905)) <%= 1 %> {{7*7}} &lt;img data-hostile src=x onerror=__ran(906)&gt;`,
];

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
    const inside = await lookInto(html);
    faults.push(...inside.map((what) => `${named(route)}, ${target.slice(0, 200)}: ${what}`));
  }
  const one = new Map(pages.map((page) => [`${named(page.route)} ${page.html.length >> 11}`, page]));
  await each([...one.values()], async ({ who, target, html }) => {
    faults.push(...(await look(who, target.slice(0, 300).replace(/%[^%]?$/, ""), { html, policy: POLICY })));
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
    for (const [name] of good) {
      for (const text of TYPED.slice(0, 2)) {
        const fields = good.map(([each, value]): [string, string] => [each, each === name ? text : value]);
        ask(`${path}?${new URLSearchParams(fields)}`);
      }
    }
  }
  const [first] = cast.routes;
  for (const text of TYPED) {
    if (first) asked.push({ who: "nobody", route: first, target: `/${encodeURIComponent(text)}` });
  }
  const pages = await echoes(asked);
  expect(pages.length).toBeGreaterThan(20);
  expect(await lookAt(pages)).toEqual([]);
}, 180_000);

test("a form that comes back shows what was typed, and runs nothing of it", async () => {
  const asked: Asked[] = [];
  for (const route of cast.routes.filter((one) => one.method === "post")) {
    const who = ITS_OWN[route.who];
    const target = filled(route, cast.own[who] ?? cast.values);
    const body = bodies.get(named(route)) as Body;
    const fields = body.type === "json" ? [] : body.fields;
    const typedIn = (text: string, names: string[]): [string, string][] =>
      fields.map(([name, value]) => [name, names.includes(name) ? text : value]);
    const names = [...new Set(fields.map(([name]) => name))];
    for (const text of [...TYPED, ALL]) {
      for (const some of [names, ...(text === ALL ? [] : names.map((name) => [name]))]) {
        const filledIn = typedIn(text, some);
        const file = body.type === "files" ? { name: text.replaceAll('"', "%22"), content: text } : undefined;
        const sent = file
          ? encoded({ type: "files", fields: filledIn, file })
          : encoded({ type: "form", fields: filledIn });
        asked.push({ who, route, target, ...sent });
      }
    }
  }
  const pages = await echoes(asked);
  expect(new Set(pages.map(({ route }) => route)).size).toBeGreaterThan(15);
  expect(await lookAt(pages)).toEqual([]);
}, 180_000);

/** A visit of which every field is typed by somebody who means no good. */
const hostileVisit = (text: string) =>
  aVisit({
    happenedAt: new Date(cast.booth.deps.now()).toISOString(),
    note: text.slice(0, 4000),
    platform: text.slice(0, 80),
    contact: { name: text.slice(0, 200), organization: text.slice(0, 200), consent: ["follow-up"] },
    questions: [{ id: uuidv7(), text: text.slice(0, 3900) }],
  });

test("nothing runs that comes to a page while it is open", async () => {
  const [desk, phone] = [await contextOf("organizer"), await contextOf("bob")];
  const open = async (context: BrowserContext, address: string) => {
    const page = await context.newPage();
    await page.goto(cast.booth.address + address);
    return page;
  };
  const pages = [
    await open(desk, "/"),
    await open(desk, "/events/winter-camp/questions"),
    await open(desk, `/wall/${cast.values["wall/:token"]}?language=en`),
    await open(desk, "/events/winter-camp/write-up"),
  ];
  const capture = await open(phone, "/");
  await Promise.all(
    [0, 2].map((index) =>
      pages[index]?.locator("[data-live-state][data-state=connected]").waitFor({ state: "attached" }),
    ),
  );
  const tablet = await cast.booth.tablet("<img data-hostile src=x onerror=__ran(910)>");
  for (const text of [ALL_AS_ADDRESS, ...TYPED]) await tablet.send(hostileVisit(text));
  // On the tablet: logged and said of with script, from lists with such names; what others were answered is shown while it is typed.
  await capture.locator("[data-targets] button").first().click();
  const field = capture.locator("textarea[name=questionText]").first();
  await field.fill(TYPED[0] as string);
  await capture.locator("[name=note]").fill(ALL);
  await capture.waitForTimeout(1500);
  for (const page of pages) await page.evaluate("window.dispatchEvent(new Event('focus'))");
  await pages[0]?.waitForTimeout(1500);
  // The write-up is rendered as it is typed.
  const text = pages[3]?.locator("#write-up textarea");
  await text?.first().fill(ALL);
  await pages[3]?.waitForTimeout(1500);
  const faults: string[] = [];
  for (const page of [...pages, capture]) faults.push(...(await found(page)));
  expect([...faults, ...whatHappened()]).toEqual([]);
  for (const page of [...pages, capture]) await page.close();
}, 120_000);

/** What makes a page of Markdown, and lets markup through: sites that write-ups are published on do. */
const publisher = new MarkdownIt({ html: true, linkify: true });

test("a Markdown file holds nothing that runs where it is published", async () => {
  const { db } = cast.booth;
  // Of an event with no text of the organizer's own, the write-up is what the log makes of all that was typed.
  const kept = await db.read.selectFrom("write_ups").selectAll().execute();
  await db.write((writer) => writer.deleteFrom("write_ups").execute());
  const headers = await cast.identityOf("organizer");
  const faults: string[] = [];
  for (const target of [
    "/events/winter-camp/report.md",
    "/exports/follow-ups.md?event=winter-camp",
    "/exports/follow-ups.md?event=winter-camp&consent=follow-up",
  ]) {
    const { status, text } = await send(port, { about: "", target, headers });
    expect(status).toBe(200);
    expect(isTyped(text)).toBe(true);
    const html = `<!doctype html><title>x</title>${publisher.render(text.replace(/^---\n[\s\S]*?\n---\n/, ""))}`;
    faults.push(...(await look("nobody", target.replace(/\?.*/, ""), { html, policy: POLICY })));
  }
  expect(faults).toEqual([]);
  await db.write((writer) => writer.insertInto("write_ups").values(kept).execute());
}, 60_000);

test("the document that the report's PDF is printed from holds nothing that runs", async () => {
  const event = await eventBySlug(cast.booth.db.read, "winter-camp");
  const page = await reportPage(cast.booth.db.read, event, {}, NOON);
  const html = await documentOf("reports/printed", asPrinted(page, "a4"));
  expect(isTyped(html)).toBe(true);
  // Its own policy stands in it; that is its own, as its styles are.
  const bare = html
    .replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "")
    .replace(/<style>[\s\S]*?<\/style>/, "");
  expect(await look("nobody", "/printed", { html: bare, policy: POLICY })).toEqual([]);
});

test("a mail has the headers that it should have, and nothing in it runs", async () => {
  const { db } = cast.booth;
  const [grace] = [cast.values["experts/:id"] as string];
  cast.booth.setClock(NOON + 3_600_000);
  // Where they can be reached is known; all else is as it was typed.
  await cast.mend();
  await db.write(async (writer) => {
    await writer
      .updateTable("experts")
      .set({ reached_by: "mail", kind: "person", address: "grace@experts.example" })
      .execute();
    await writer.updateTable("contacts").set({ email: "somebody@visitor.example" }).execute();
    await writer
      .updateTable("messages")
      .set({ state: "waiting", via: "mail", due_at: NOON, text: null })
      .execute();
    for (const kind of ["routing", "digest", "time-out"] as const) {
      const id = uuidv7();
      await writer
        .insertInto("messages")
        .values({ id, kind, via: "mail", state: "waiting", expert_id: grace, created_at: NOON, due_at: NOON })
        .execute();
      const steps = await writer.selectFrom("message_steps").selectAll().limit(3).execute();
      await writer
        .insertInto("message_steps")
        .values(steps.map((step) => ({ ...step, message_id: id })))
        .onConflict((known) => known.doNothing())
        .execute();
    }
  });
  await deliver(cast.booth);
  const mails = await office.mailbox();
  expect(mails.length).toBeGreaterThan(2);
  expect(new Set(office.recipients)).toEqual(new Set(["grace@experts.example", "somebody@visitor.example"]));
  const faults: string[] = [];
  for (const mail of mails) {
    const names = [...mail.headers.keys()].filter((name) => !HEADERS.has(name));
    if (names.length > 0) faults.push(`the mail has the headers ${names.join(", ")}`);
    if (mail.attachments.length > 0) faults.push("the mail has a file");
    const html = String(mail.html || "");
    if (!isTyped(html) || !isTyped(mail.text ?? ""))
      faults.push(`nothing that was typed is in ${mail.subject}`);
    faults.push(...(await look("nobody", "/mail", { html: withoutOwnStyles(html), policy: POLICY })));
  }
  expect(faults).toEqual([]);
}, 60_000);

/** The headers that a mail of the booth has. */
const HEADERS = new Set([
  "from",
  "to",
  "reply-to",
  "subject",
  "message-id",
  "in-reply-to",
  "references",
  "date",
  "content-language",
  "auto-submitted",
  "mime-version",
  "content-type",
  "content-transfer-encoding",
  "received",
]);

/** A mail brings its styles in attributes, which mail programs want so: these are its own where they are the letter's. */
const withoutOwnStyles = (html: string) => html.replace(/ style="[a-z0-9:;#%,. -]*"/g, "");
