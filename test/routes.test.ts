import type { Test } from "supertest";
import { uuidv7 } from "uuidv7";
import { inviteToPair, inviteToSignIn, openSession, unpairDevice } from "../src/access/store";
import { allRoutes, createApp } from "../src/app";
import { linkOf } from "../src/experts/links/store";
import { expertById } from "../src/experts/store";
import { DEVICE_COOKIE, SESSION_COOKIE } from "../src/http/cookies";
import type { Route } from "../src/http/route";
import { renewWall } from "../src/reports/live/store";
import { newCode } from "../src/visits/slips/rules";
import { aVisit, type Booth, openBooth, type Tablet } from "./support/booth";
import { contentOf } from "./support/catalogue";
import { NOON } from "./support/databases";

const CALLERS = ["nobody", "unpaired", "device", "organizer"] as const;
type Who = (typeof CALLERS)[number];

/** A booth with a little of everything: Ada's tablet logged what Bob's, which asks, must not see. */
interface Cast {
  booth: Booth;
  routes: Route[];
  bob: Tablet;
  /** What stands for a parameter, by the part of the path before it: `visits/:id`. */
  values: Record<string, string>;
  ownVisit: string;
  ownQuestion: string;
}

async function gather(): Promise<Cast> {
  // Behind a proxy, so that each request can come from an address of its own and none is slowed down.
  const booth = await openBooth({ config: { publicUrl: "http://booth.example.org" } });
  const [ada, bob] = [await booth.tablet("Ada"), await booth.tablet("Bob")];
  const theirs = aVisit({
    topics: ["storage"],
    contact: { name: "Zoë", email: "zoe@example.org", consent: ["follow-up"] },
    questions: [{ id: uuidv7(), text: "Does it run on my laptop?", topic: "storage" }],
  });
  const own = aVisit({
    category: "curious",
    note: "In a hurry",
    questions: [{ id: uuidv7(), text: "Where is the talk?", slip: newCode() }],
  });
  await ada.send(theirs);
  await ada.send({ ...theirs, note: "said otherwise elsewhere" });
  await bob.send(own);
  const expert = { id: uuidv7(), slug: "grace", name: "Grace" };
  await booth.db.write((writer) =>
    writer
      .insertInto("experts")
      .values({ ...expert, kind: "person", created_at: NOON })
      .execute(),
  );
  const asked = await askByThemselves(booth);
  const message = { id: uuidv7(), kind: "routing", via: "hand", state: "held" } as const;
  const step = { id: uuidv7(), question_id: theirs.questions?.[0]?.id, at: NOON, actor: "organizer" };
  await booth.db.write(async (writer) => {
    await writer
      .insertInto("messages")
      .values({ ...message, expert_id: expert.id, created_at: NOON, due_at: NOON })
      .execute();
    await writer
      .insertInto("activity")
      .values({ ...step, step: "routed", expert_id: expert.id })
      .execute();
    await writer
      .insertInto("message_steps")
      .values({
        message_id: message.id,
        activity_id: step.id,
        question_id: theirs.questions?.[0]?.id as string,
      })
      .execute();
  });
  const view = {
    id: uuidv7(),
    event_id: booth.eventId,
    name: "Mine",
    query: "topic=storage",
    created_at: NOON,
  };
  await booth.db.write((writer) => writer.insertInto("saved_views").values(view).execute());
  const earlier = {
    id: uuidv7(),
    event_id: booth.eventId,
    text: "## Thanks",
    kept_at: NOON,
    reason: "afresh" as const,
  };
  await booth.db.write(async (writer) => {
    const front = { title: "What we heard", author: "", date: "2024-02-04", tags: [], categories: [] };
    await writer
      .insertInto("write_ups")
      .values({
        event_id: booth.eventId,
        version: 1,
        front: JSON.stringify(front),
        text: "",
        changed_at: NOON,
      })
      .execute();
    await writer.insertInto("write_up_texts").values(earlier).execute();
  });
  const conflict = await booth.db.read.selectFrom("visit_conflicts").select("id").executeTakeFirstOrThrow();
  return {
    booth,
    routes: allRoutes(booth.deps),
    bob,
    ownVisit: own.id,
    ownQuestion: own.questions?.[0]?.id as string,
    values: {
      "events/:slug": "winter-camp",
      "lists/:list": "topics",
      "devices/:id": ada.id,
      "pair/:code": await booth.db.write((writer) =>
        inviteToPair(writer, { eventId: booth.eventId, boothId: null }, NOON),
      ),
      "sign-in/:code": await booth.db.write((writer) => inviteToSignIn(writer, NOON)),
      "visits/:id": theirs.id,
      "questions/:id": theirs.questions?.[0]?.id as string,
      "experts/:id": expert.id,
      "experts/:slug": expert.slug,
      "conflicts/:id": conflict.id,
      "texts/:id": earlier.id,
      "views/:id": view.id,
      "x/:token": (await linkOf(booth.db, await expertById(booth.db.read, expert.id)))?.slice(3) ?? "",
      "asked/:id": asked,
      "s/:code": own.questions?.[0]?.slip as string,
      "messages/:id": message.id,
      "wall/:token": await booth.db.write((writer) => renewWall(writer, booth.eventId, NOON)),
    },
  };
}

/** A visitor asks on their own phone; gives the question's id. */
async function askByThemselves(booth: Booth): Promise<string> {
  const id = uuidv7();
  const left = { name: "Zoë", email: "zoe@example.org", consent: ["follow-up"] };
  await booth.db.write((writer) =>
    writer
      .insertInto("visitor_questions")
      .values({
        id,
        event_id: booth.eventId,
        code: newCode(),
        text: "Is anybody there?",
        topic_id: null,
        contact: JSON.stringify(left),
        language: "en",
        asked_at: NOON,
        refused_at: null,
      })
      .execute(),
  );
  return id;
}

/** The path with values in the place of its parameters. */
function filled(pattern: string, values: Record<string, string>): string {
  return pattern.replace(/([^/]*)\/:(\w+)/g, (_all, before: string, name: string) => {
    const value = values[`${before}/:${name}`] ?? (name === "id" ? uuidv7() : "no-such-one");
    return `${before}/${value}`;
  });
}

/** What a caller's requests carry. The organizer is freshly signed in: a route may sign them out. */
async function identityOf(who: Who, { booth, bob }: Cast): Promise<Record<string, string>> {
  if (who === "device") {
    // A route may have ended the pairing.
    await booth.db.write((writer) =>
      writer.updateTable("devices").set({ unpaired_at: null }).where("id", "=", bob.id).execute(),
    );
    return { Cookie: `${DEVICE_COOKIE}=${bob.token}` };
  }
  if (who === "organizer") {
    const session = await booth.db.write((writer) => openSession(writer, NOON));
    return { Cookie: `${SESSION_COOKIE}=${session}` };
  }
  if (who === "nobody") return {};
  const tablet = await booth.tablet("Gone");
  await booth.db.write((writer) => unpairDevice(writer, tablet.id, NOON));
  return { Authorization: `Bearer ${tablet.token}` };
}

let requests = 0;

/** One request. Each comes from an address of its own, so that none is slowed down as a guess. */
function ask(booth: Booth, method: Route["method"], address: string, identity: Record<string, string>): Test {
  requests += 1;
  const from = `10.${requests >> 16}.${(requests >> 8) & 255}.${requests & 255}`;
  return booth
    .nobody()
    [method](address)
    .set({ "X-Forwarded-For": from, "Accept-Encoding": "identity", ...identity })
    .redirects(0);
}

const named = (route: Route) => `${route.method.toUpperCase()} ${route.path}`;

let cast: Cast;
afterEach(() => cast.booth.close());

describe("every route", () => {
  beforeEach(async () => {
    cast = await gather();
  });

  async function visitRoute(route: Route, values: Record<string, string>, who: Who) {
    return ask(cast.booth, route.method, filled(route.path, values), await identityOf(who, cast));
  }

  /** Goes to every route of an audience; gives those that answered otherwise than `isRight` says. */
  async function wrongAnswers(audience: Route["who"], who: Who, isRight: (status: number) => boolean) {
    const wrong: string[] = [];
    for (const route of cast.routes.filter((each) => each.who === audience)) {
      const { status } = await visitRoute(route, cast.values, who);
      if (!isRight(status) || status >= 500) wrong.push(`${named(route)} answers ${status}`);
    }
    return wrong;
  }
  const is = (wanted: number) => (status: number) => status === wanted;
  const letsIn = (status: number) => status !== 401 && status !== 403;

  test("that is the organizer's asks everybody else to sign in, refuses tablets, and changes nothing for them", async () => {
    const before = await contentOf(cast.booth.db, ["devices"]);
    expect(await wrongAnswers("organizer", "nobody", is(401))).toEqual([]);
    expect(await wrongAnswers("organizer", "unpaired", is(401))).toEqual([]);
    expect(await wrongAnswers("organizer", "device", is(403))).toEqual([]);
    expect(await contentOf(cast.booth.db, ["devices"])).toEqual(before);
    expect(await wrongAnswers("organizer", "organizer", letsIn)).toEqual([]);
  });

  test("that is the staff's asks everybody else to pair or sign in, and lets tablets and the organizer in", async () => {
    const before = await contentOf(cast.booth.db, ["devices"]);
    expect(await wrongAnswers("staff", "nobody", is(401))).toEqual([]);
    expect(await wrongAnswers("staff", "unpaired", is(401))).toEqual([]);
    expect(await contentOf(cast.booth.db, ["devices"])).toEqual(before);
    expect(await wrongAnswers("staff", "organizer", letsIn)).toEqual([]);
  });

  test("that is the staff's lets a tablet get at its own visits and at no others", async () => {
    const wrong: string[] = [];
    const before = await contentOf(cast.booth.db);
    const staffs = cast.routes.filter((route) => route.who === "staff");
    const ofOneVisit = staffs.filter((route) => /(visits|questions)\/:id/.test(route.path));
    expect(ofOneVisit.length).toBeGreaterThan(0);
    for (const route of ofOneVisit) {
      const { status } = await visitRoute(route, cast.values, "device");
      if (![403, 404].includes(status)) wrong.push(`${named(route)} answers ${status} for another's visit`);
    }
    expect(await contentOf(cast.booth.db)).toEqual(before);
    const values = { ...cast.values, "visits/:id": cast.ownVisit, "questions/:id": cast.ownQuestion };
    for (const route of staffs) {
      const { status } = await visitRoute(route, values, "device");
      if (!letsIn(status) || status === 404 || status >= 500) wrong.push(`${named(route)} answers ${status}`);
    }
    expect(wrong).toEqual([]);
  });

  test("that is anyone's refuses nobody for who they are", async () => {
    for (const who of CALLERS) expect(await wrongAnswers("anyone", who, letsIn)).toEqual([]);
  });

  test("that is read changes nothing, but for the code that pairs, and the trail of contacts that leave", async () => {
    const changing: string[] = [];
    const UNSAID = ["sessions", "contact_exports"];
    // That the organizer has signed in once is remembered: no route's doing.
    await identityOf("organizer", cast);
    let before = await contentOf(cast.booth.db, UNSAID);
    for (const route of cast.routes.filter((each) => each.method === "get")) {
      for (const who of ["device", "organizer"] as const) {
        const values = { ...cast.values, "visits/:id": cast.ownVisit };
        await visitRoute(route, values, who);
      }
      const after = await contentOf(cast.booth.db, UNSAID);
      if (JSON.stringify(after) !== JSON.stringify(before)) changing.push(named(route));
      before = after;
    }
    expect(changing).toEqual(["GET /pair"]);
  });

  test("that shows a page shows what people typed as text, under headers that let no other script run", async () => {
    await typeEverywhere(cast.booth, HOSTILE);
    const wrong: string[] = [];
    let pages = 0;
    for (const route of cast.routes.filter((each) => each.method === "get")) {
      for (const who of ["nobody", "device", "organizer"] as const) {
        const values = { ...cast.values, "visits/:id": cast.ownVisit };
        const answer = await visitRoute(route, values, who);
        const say = (what: string) => wrong.push(`${named(route)} for ${who}: ${what}`);
        if (answer.status >= 500) say(`answers ${answer.status}`);
        if (answer.get("Cache-Control") !== "no-store") say("may be kept in a cache");
        if (answer.get("X-Content-Type-Options") !== "nosniff") say("may be taken for something else");
        const policy = answer.get("Content-Security-Policy") ?? "unsafe-";
        if (policy.includes("unsafe-")) say("lets any script run");
        if (!answer.type.includes("html")) continue;
        pages += 1;
        // What the policy forbids would silently not work.
        // Messages for the tablet's code are data, which no browser runs.
        const text = answer.text.replace(
          /<script type="application\/json" data-messages>[^<]*<\/script>/,
          "",
        );
        if (/<b data-hostile|<script(?![^>]* src=)|<style/i.test(text))
          say("has markup that was typed, or its own");
        if (/<[a-z][^<>]*\s(on[a-z]+|style)=(?=["'])/i.test(withoutTyped(answer.text)))
          say("has code or styles in an attribute");
        if (/(href|src|action)="\s*(javascript|data|vbscript):(?!image)/i.test(answer.text))
          say("links to code");
      }
    }
    expect(wrong).toEqual([]);
    expect(pages).toBeGreaterThan(20);
  });

  test("has an address of its own: none hides behind an earlier one", () => {
    const hidden: string[] = [];
    for (const [index, route] of cast.routes.entries()) {
      const address = filled(route.path, cast.values);
      const first = cast.routes.findIndex(
        (each) => each.method === route.method && pattern(each.path).test(address),
      );
      if (first !== index) hidden.push(`${named(route)} behind ${named(cast.routes[first] as Route)}`);
    }
    expect(hidden).toEqual([]);
  });
});

/** Markup, quotes and an address that is code: what somebody types who wants to see what happens. */
const HOSTILE = `javascript:alert(1)//"'><b data-hostile onclick="x()" style="x">&lt;\u202e`;

/** Puts a text into every column that people fill. */
async function typeEverywhere({ db }: Booth, text: string): Promise<void> {
  const entries = ["booths", "projects", "topics", "platforms", "remarks", "giveaways"] as const;
  await db.write(async (writer) => {
    await writer.updateTable("events").set({ name: text, venue: text }).execute();
    for (const table of entries) await writer.updateTable(table).set({ name: text }).execute();
    await writer
      .updateTable("topics")
      .set({ keywords: JSON.stringify([text]) })
      .execute();
    const { id } = await writer.selectFrom("events").select("id").executeTakeFirstOrThrow();
    await writer.insertInto("journal").values({ id: uuidv7(), event_id: id, at: NOON, text }).execute();
    await writer.updateTable("saved_views").set({ name: text, query: text }).execute();
    await writer.updateTable("devices").set({ staff_name: text }).execute();
    const left = JSON.stringify({ name: text, email: text, consent: [] });
    await writer.updateTable("visitor_questions").set({ text, contact: left }).execute();
    await writer.updateTable("visits").set({ staff_name: text, note: text }).execute();
    const details = { name: text, organization: text, role: text, email: text, phone: text, handle: text };
    await writer
      .updateTable("contacts")
      .set({ ...details, website: text, badge: text, note: text })
      .execute();
    await writer
      .updateTable("experts")
      .set({ name: text, address: text, webhook: text, reached_by: "webhook" })
      .execute();
    const expert = await writer.selectFrom("experts").select("id").executeTakeFirstOrThrow();
    await writer
      .updateTable("questions")
      .set({ text, answer: text, state: "answered", expert_id: expert.id })
      .execute();
    await writer.updateTable("messages").set({ problem: text }).execute();
    const front = { title: text, author: text, date: text, tags: [text], categories: [text] };
    await writer
      .updateTable("write_ups")
      .set({
        text: `${text}\n\n[${text}](figure:visits)\n\n[x](figure:${text})`,
        front: JSON.stringify(front),
      })
      .execute();
    await writer.updateTable("write_up_texts").set({ text }).execute();
    const question = await writer
      .selectFrom("questions")
      .select(["id", "visit_id"])
      .executeTakeFirstOrThrow();
    const step = { step: "answered", at: NOON, actor: text, note: text, expert_id: expert.id };
    await writer
      .insertInto("activity")
      .values({ id: uuidv7(), question_id: question.id, visit_id: question.visit_id, ...step })
      .execute();
  });
}

/** A page without what was typed: escaped, it is text and no attribute. */
function withoutTyped(html: string): string {
  return html.replace(/&(lt|gt|quot|#34|#39|amp);/g, "").replace(/javascript:alert\(1\)[^<>]*/g, "");
}

function pattern(routePath: string): RegExp {
  const parts = routePath.split("/").map((part) => {
    const literal = part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return literal.replace(/:\w+/g, "[^/]+?");
  });
  return new RegExp(`^${parts.join("/")}$`);
}

test("nothing else is mounted: each address that answers is a declared route", async () => {
  cast = await gather();
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
