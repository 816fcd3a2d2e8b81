import { readdirSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import path from "node:path";
import MarkdownIt from "markdown-it";
import type { BrowserContext } from "playwright-core";
import { uuidv7 } from "uuidv7";
import { eventBySlug } from "../../src/events/store";
import { documentOf } from "../../src/http/pages";
import type { Route } from "../../src/http/route";
import { asPrinted } from "../../src/reports/page/rules";
import { reportPage } from "../../src/reports/page/store";
import { deliver } from "../support/asking";
import { aVisit, openBooth } from "../support/booth";
import { NOON } from "../support/databases";
import { openPostOffice, type PostOffice } from "../support/post-office";
import { type Cast, filled, gatherCast, named, type Who } from "./cast";
import { hangUp, send } from "./client";
import { fillEverything } from "./fill";
import { type Body, bodiesOf } from "./forms";
import { each, few, IS_PAGE, isTyped, Lookout, REPORTED_POLICY } from "./lookout";
import { ALL, PAYLOADS, TYPED } from "./payloads";

const lookout = new Lookout();
let office: PostOffice;
let cast: Cast;
let port: number;
let bodies: Map<string, Body>;
/** As the application has it, and reports it. */
let policy: string;

/** Rows that pages of their own are looked at: they have all of it. */
const WITH_ALL = 6;

/** Longer details are taken from nobody, and texts are searched for them. */
const LONGEST_DETAIL = 300;

function rowText(row: number, column: number, name: string): string {
  if (row >= WITH_ALL) return PAYLOADS[(row * 7 + column) % PAYLOADS.length] as string;
  if (!name.startsWith("contacts.")) return ALL;
  const start = row < 2 ? 0 : ((row * 9 + column) * LONGEST_DETAIL) % ALL.length;
  return ALL.slice(start, start + LONGEST_DETAIL);
}

beforeAll(async () => {
  office = await openPostOffice();
  cast = await gatherCast({
    config: { smtpUrl: office.url, mailFrom: "Booth <booth@example.org>" },
    open: (config) => openBooth({ config, around: lookout.inReportMode }),
  });
  await lookout.open(cast);
  port = (cast.booth.server.address() as AddressInfo).port;
  bodies = await bodiesOf(cast, port);
  const { headers } = await send(port, { about: "", target: "/healthz" });
  policy = String(headers[REPORTED_POLICY]);
  await cast.mend();
  await moreOfEverything();
  const columns = await fillEverything(cast.booth.db, rowText);
  expect(columns.length).toBeGreaterThan(30);
});
afterAll(async () => {
  hangUp();
  await lookout.close();
  await office.goAway();
  await cast.close();
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

/** Pages that have nothing on them that anybody typed: forms that are empty yet, and refusals. */
const PLAIN = new Set([
  "GET /sign-in",
  "GET /sign-in/:code",
  "GET /trust",
  "GET /trust/certificate",
  "GET /s",
  "GET /me",
  "GET /locking",
  "GET /laptop",
  "GET /exports/follow-ups.zip",
  "GET /compare.json",
  "GET /events/:slug/compare.json",
]);

/** The pages of a route for somebody: with what it takes, and with what else it can be asked for. */
function addressesOf(route: Route, who: Who): string[] {
  const { values } = cast;
  const own = cast.own[who] ?? values;
  const path = filled(route, own);
  const body = bodies.get(named(route));
  const addresses = new Set([path]);
  if (body?.type === "form") addresses.add(`${path}?${new URLSearchParams(body.fields)}`);
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
  // Pages that show something of what was typed, and pages that do not.
  const [shown, plain] = [new Set<string>(), new Set<string>()];
  await each(visits, async ({ who, route, address }) => {
    const headers = { Accept: "text/html,*/*;q=0.8", ...(await cast.identityOf(who)) };
    const answer = await send(port, { about: "", target: address, headers });
    const type = String(answer.headers["content-type"] ?? "");
    if (answer.status >= 500) faults.push(`${address} for ${who} answers ${answer.status}`);
    opened.add(named(route));
    if (IS_PAGE.test(type)) {
      if (isTyped(answer.text)) shown.add(named(route));
      else plain.add(named(route));
      // What was answered is shown as it is, not made a second time.
      const instead = { html: answer.text, policy: String(answer.headers[REPORTED_POLICY]) };
      if (answer.status < 400 || address.includes("?"))
        faults.push(...(await lookout.look(who, address, instead)));
      return;
    }
    // No browser takes it for a page.
    const isLeadOn = answer.status >= 300 && answer.status < 400;
    if (answer.headers["x-content-type-options"] !== "nosniff")
      faults.push(`${address} may be taken for a page`);
    if (type === "" && !isLeadOn && answer.status !== 204) faults.push(`${address} does not say what it is`);
  });
  expect(few(faults)).toEqual([]);
  expect([...plain].filter((name) => !shown.has(name) && !PLAIN.has(name))).toEqual([]);
  expect(
    cast.routes.filter((route) => route.method === "get" && !opened.has(named(route))).map(named),
  ).toEqual([]);
});

/** A visit of which every field is typed by somebody who means no good. */
const hostileVisit = (text: string) =>
  aVisit({
    happenedAt: new Date(cast.booth.deps.now()).toISOString(),
    note: text.slice(0, 4000),
    platform: text.slice(0, 80),
    contact: { name: text.slice(0, 200), organization: text.slice(0, 200), consent: ["follow-up"] },
    questions: [{ id: uuidv7(), text: text.slice(0, 3900) }],
  });

/** What was typed last, to wait for. */
const LAST = "<img data-hostile src=x onerror=__ran(911)>";

test("nothing runs that comes to a page while it is open", async () => {
  const [desk, phone] = [await lookout.contextOf("organizer"), await lookout.contextOf("bob")];
  // What stands before the write-up is short enough to be saved, and so to be shown as it will be.
  const front = {
    title: TYPED[0],
    author: TYPED[1],
    date: "2024-02-04",
    tags: [PAYLOADS[0]],
    categories: [],
  };
  await cast.booth.db.write((writer) =>
    writer
      .updateTable("write_ups")
      .set({ front: JSON.stringify(front), text: "x" })
      .execute(),
  );
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
  for (const text of [...TYPED, LAST]) await tablet.send(hostileVisit(text));
  await pages[0]?.getByText(LAST).first().waitFor({ state: "attached" });
  // On the tablet, from lists with such names; what others were answered is shown while a question is typed.
  await capture.locator("[data-targets] button").first().click();
  await capture.locator("[name=note]").fill(ALL);
  await capture.locator("textarea[name=questionText]").first().fill(ALL.slice(0, 900));
  await capture.locator("[data-known]:not([disabled])").first().click();
  await capture.locator("[data-answers] li").first().waitFor();
  // The write-up is rendered as it is typed.
  await pages[3]?.locator("#write-up textarea[name=text]").fill(`${LAST}\n\n${ALL}`);
  await pages[3]?.locator("[data-preview]").getByText(LAST).first().waitFor({ state: "attached" });
  const faults: string[] = [];
  for (const page of [...pages, capture]) faults.push(...(await lookout.found(page)));
  expect(few([...faults, ...lookout.whatHappened()])).toEqual([]);
  for (const page of [...pages, capture]) await page.close();
});

test("the tablets' code puts markup into a page in places that are looked at here, and in no others", () => {
  const folder = path.resolve(__dirname, "../../src/tablet");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  const making =
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|setHTML|DOMParser|\beval\(|new Function/;
  const found = files.filter((file) => making.test(readFileSync(path.join(folder, file), "utf8")));
  expect(found.sort()).toEqual([
    // The page of the same laptop, to keep it.
    "install.ts",
    // Parts of the page of the same laptop, as they are by now.
    "pages/backups.ts",
    // What is live, as the page has it: opened above.
    "pages/live.ts",
    // The preview: typed into above.
    "pages/write-up.ts",
    // Icons.
    "scan/dialog.ts",
    // What others were answered: opened above.
    "similar.ts",
    // Icons.
    "slips/dialog.ts",
  ]);
});

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
    const html = `<!doctype html><title>x</title>${publisher.render(text.replace(/^---\n[\s\S]*?\n---\n/, "")).replaceAll(/ style="text-align:(left|right|center)"/g, "")}`;
    faults.push(...(await lookout.look("nobody", target.replace(/\?.*/, ""), { html, policy })));
  }
  expect(few(faults)).toEqual([]);
  await db.write((writer) => writer.insertInto("write_ups").values(kept).execute());
});

test("the document that the report's PDF is printed from holds nothing that runs", async () => {
  const event = await eventBySlug(cast.booth.db.read, "winter-camp");
  const page = await reportPage(cast.booth.db.read, event, {}, NOON);
  const html = await documentOf("reports/printed", asPrinted(page, "a4"));
  expect(isTyped(html)).toBe(true);
  // Its own policy stands in it; that is its own, as its styles are.
  const bare = html
    .replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "")
    .replace(/<style>[\s\S]*?<\/style>/, "");
  expect(await lookout.look("nobody", "/printed", { html: bare, policy })).toEqual([]);
});

test("a mail has the headers that it should have, and nothing in it runs", async () => {
  const { db } = cast.booth;
  const [grace] = [cast.values["experts/:id"] as string];
  cast.booth.setClock(NOON + 3_600_000);
  // Where they can be reached is known; all else is as it was typed.
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
    faults.push(...(await lookout.look("nobody", "/mail", { html: withoutOwnStyles(html), policy })));
  }
  expect(few(faults)).toEqual([]);
});

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

// The last one: what a browser reports of its page may come later than the next test begins.
test("a page that shows what was typed as it was typed is caught, in each of the ways", async () => {
  const faults = await lookout.look("nobody", "/control", {
    html: `<!doctype html><title>x</title><p>${ALL}`,
    policy,
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
    "reported to the laptop",
  ];
  const missing = () => ways.filter((way) => !faults.some((fault) => fault.includes(way)));
  // The browser runs things, and reports, when it has time for it.
  for (let tries = 0; tries < 600 && missing().length > 0; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    faults.push(...lookout.whatHappened());
  }
  expect(missing()).toEqual([]);
  // Each by itself, so that none hides behind another.
  const isMarkup = (payload: string) => /<[a-z]+[\s/][^<>]*data-hostile[^<>'"]*>/i.test(payload);
  const missed: string[] = [];
  for (const payload of PAYLOADS.filter(isMarkup)) {
    if ((await lookout.lookInto(`<p>${payload}`)).length === 0) missed.push(payload);
  }
  expect(missed).toEqual([]);
});
