import { chmodSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { uuidv7 } from "uuidv7";
import {
  inviteToPair,
  inviteToSignIn,
  lockSessions,
  openSession,
  pairDevice,
  setLockAfter,
  unpairDevice,
} from "../../src/access/store";
import { allRoutes } from "../../src/app";
import type { Config } from "../../src/config";
import { type Database, openDatabase, type Reader } from "../../src/database/open";
import { linkOf } from "../../src/experts/links/store";
import { expertById } from "../../src/experts/store";
import { DEVICE_COOKIE, SESSION_COOKIE } from "../../src/http/cookies";
import type { Route } from "../../src/http/route";
import { renewWall } from "../../src/reports/live/store";
import { giveOwnCode } from "../../src/visits/codes/store";
import type { SentVisit } from "../../src/visits/form";
import { newCode } from "../../src/visits/slips/rules";
import { aVisit, type Booth, openBooth, PASSPHRASE } from "../support/booth";
import { type Engine, NOON, temporaryFolder } from "../support/databases";

/**
 * Who tries. `eve` has a tablet that is paired for another event; `gone` has one whose pairing was ended;
 * `locked` is at the organizer's laptop, whose session is locked.
 */
export const CALLERS = ["nobody", "gone", "locked", "eve", "bob", "organizer"] as const;
export type Who = (typeof CALLERS)[number];

/**
 * Whose a text is: each text of the cast says it, so that it is known wherever it turns up. `here` and `there` are what the
 * two events call things; `desk` is the organizer's; `grace` and `heidi` are what the two experts were asked; `mail` is where
 * experts can be reached; `answered` is what anybody of the staff may look up.
 */
export const OWNERS = [
  ...["here", "there", "ada", "bob", "eve", "grace", "heidi", "mail", "desk", "asked", "answered", "key"],
] as const;
export type Owner = (typeof OWNERS)[number];

let marks = 0;
/** A text that is known wherever it turns up, and whose it is. */
export const marked = (owner: Owner) => `qz${owner}zq${++marks}`;
/** Whose texts there are in a text. */
export const ownersIn = (text: string) =>
  new Set([...text.matchAll(/qz([a-z]+)zq\d/g)].map((each) => each[1] as Owner));

/** The text without the marks. */
export const unmarked = (text: string) => text.replace(/qz[a-z]+zq\d+/g, "words");

/** A booth with somebody of each kind, everything there is of each of them, and what each must not see of the others. */
export interface Cast {
  booth: Booth;
  routes: Route[];
  /** What stands for a parameter, by the part of the path before it: `visits/:id`. They are the organizer's to use. */
  values: Record<string, string>;
  /** The same where what is somebody's own is another one's. */
  own: Partial<Record<Who, Record<string, string>>>;
  /** The same of what is another one's: another event's, device's, expert's, visitor's. By whose tablet it is not. */
  foreign: Record<"bob" | "eve", Record<string, string>>;
  tokens: { bob: string; eve: string; gone: string };
  /** Puts back what a route may have ended or changed, as another route needs it: pairings, links, how questions stand. */
  mend(route?: Route): Promise<void>;
  close(): Promise<void>;
  /** A question that anybody of the staff may look up. */
  answered: string;
  /** The headers that tell who it is. The organizer is freshly signed in: a route may sign them out. */
  identityOf(who: Who): Promise<Record<string, string>>;
}

/** A visit of which every field says whose it is. */
function fullVisit(owner: Owner, given: Partial<SentVisit> = {}): SentVisit {
  return aVisit({
    note: marked(owner),
    people: 2,
    interest: 2,
    overviewGiven: true,
    contact: {
      name: marked(owner),
      organization: marked(owner),
      role: marked(owner),
      email: `${marked(owner)}@visitor.example`,
      phone: marked(owner),
      handle: marked(owner),
      website: `https://${marked(owner)}.example`,
      badge: marked(owner),
      note: marked(owner),
      consent: ["follow-up", "news"],
    },
    ...given,
  });
}

/** In place of a browser that prints: the page of the report is looked at elsewhere, and each print takes a second. */
export function printer(folder: string): string {
  const file = path.join(folder, "printer");
  const script = `#!/bin/sh
for each in "$@"; do case $each in --print-to-pdf=*) printf '%%PDF-1.4\\n%%%%EOF\\n' > "\${each#--print-to-pdf=}";; esac; done
`;
  writeFileSync(file, script);
  chmodSync(file, 0o755);
  return file;
}

export interface CastOptions {
  engine?: Engine;
  config?: Partial<Config>;
  /** Opens the booth; left out, as `openBooth` does. */
  open?: (config: Partial<Config>) => Promise<Booth>;
}

/** With the database in the folder of the data, which backups are made of. The organizer's session does not lock by itself. */
const openBoothIn =
  (dataDir: string, engine: Engine = "sqlite") =>
  async (config: Partial<Config>) => {
    if (engine === "postgres") return openBooth({ engine, config });
    const booth = await openBooth({ db: await openDatabase({ dataDir }, NOON), config });
    await booth.db.write((writer) => setLockAfter(writer, null, NOON));
    return booth;
  };

export async function gatherCast({ engine, config, open }: CastOptions = {}): Promise<Cast> {
  const dataDir = temporaryFolder();
  const settings: Partial<Config> = {
    dataDir,
    chromePath: printer(dataDir),
    mailFrom: "Booth <booth@example.org>",
    ...config,
  };
  const booth = await (open ?? openBoothIn(dataDir, engine))(settings);
  const { db, eventId: here } = booth;

  const there = uuidv7();
  const entry = (event: string, owner: Owner, slug: string, position: number) => ({
    id: uuidv7(),
    event_id: event,
    slug,
    name: marked(owner),
    position,
  });
  const event = {
    id: there,
    slug: "summer-camp",
    name: marked("there"),
    venue: marked("there"),
    time_zone: "Europe/Brussels",
    starts_on: "2024-02-03",
    ends_on: "2024-02-04",
    created_at: NOON - 1,
  };
  const LISTS = ["booths", "projects", "topics", "platforms", "remarks", "giveaways"] as const;
  await db.write(async (writer) => {
    await writer.insertInto("events").values(event).execute();
    await writer
      .updateTable("events")
      .set({ name: marked("here") })
      .where("id", "=", here)
      .execute();
    for (const list of LISTS) {
      for (const { id } of await writer
        .selectFrom(list)
        .select("id")
        .where("event_id", "=", here)
        .execute()) {
        await writer
          .updateTable(list)
          .set({ name: marked("here") })
          .where("id", "=", id)
          .execute();
      }
      const theirs = [entry(there, "there", "one", 1), entry(there, "there", "two", 2)];
      await writer
        .insertInto(list)
        .values(theirs as never)
        .execute();
    }
    for (const [event_id, owner] of [
      [here, "desk"],
      [there, "there"],
    ] as const) {
      await writer
        .insertInto("journal")
        .values({ id: uuidv7(), event_id, at: NOON, text: marked(owner) })
        .execute();
    }
  });

  const [ada, bob, gone] = [await booth.tablet("Ada"), await booth.tablet("Bob"), await booth.tablet("Gone")];
  const eve = await db.write((writer) => pairDevice(writer, { eventId: there, boothId: null }, "Eve", NOON));
  await db.write((writer) => unpairDevice(writer, gone.id, NOON));

  const question = (owner: Owner, given: { topic?: string; slip?: string } = {}) => ({
    id: uuidv7(),
    text: `${marked(owner)} Does it run on my laptop?`,
    ...given,
  });
  const lists = {
    topics: ["storage"],
    remarks: ["easier-install"],
    giveaways: ["sticker"],
    platform: "vmware",
  };
  const adas = fullVisit("ada", {
    ...lists,
    questions: [question("ada", { topic: "storage", slip: newCode() })],
  });
  await ada.send(adas);
  await ada.send({ ...adas, note: marked("ada") });
  const bobs = fullVisit("bob", {
    ...lists,
    questions: [question("bob", { slip: newCode() }), question("bob")],
  });
  await bob.send(bobs);
  await bob.send({ ...bobs, note: marked("bob") });
  const asGrace = fullVisit("ada", { questions: [question("grace", { topic: "storage", slip: newCode() })] });
  const asHeidi = fullVisit("ada", { questions: [question("heidi", { topic: "storage", slip: newCode() })] });
  const answered = fullVisit("ada", {
    questions: [question("answered", { topic: "upgrade", slip: newCode() })],
  });
  await ada.send(asGrace, asHeidi, answered, aVisit({ note: marked("ada"), questions: [question("ada")] }));
  const eves = fullVisit("eve", {
    topics: ["one"],
    questions: [question("eve", { topic: "one", slip: newCode() })],
  });
  await booth
    .nobody()
    .post("/api/visits")
    .set("Authorization", `Bearer ${eve.token}`)
    .send({ visits: [eves, { ...eves, note: marked("eve") }] })
    .expect(200);

  const [grace, heidi] = [uuidv7(), uuidv7()];
  const code = (visit: SentVisit) => visit.questions?.[0]?.slip as string;
  const idOf = (visit: SentVisit) => visit.questions?.[0]?.id as string;
  const asked = { here: uuidv7(), there: uuidv7() };
  const views = { here: uuidv7(), there: uuidv7() };
  const texts = { here: uuidv7(), there: uuidv7() };
  const messages = { grace: uuidv7(), heidi: uuidv7(), visitor: uuidv7() };
  await db.write(async (writer) => {
    for (const [id, slug] of [
      [grace, "grace"],
      [heidi, "heidi"],
    ] as const) {
      const reached = {
        address: `${marked("mail")}@experts.example`,
        webhook: `https://${marked("desk")}.example/`,
      };
      await writer
        .insertInto("experts")
        .values({ id, slug, name: slug, kind: "person", created_at: NOON, reached_by: "mail", ...reached })
        .execute();
      await writer
        .insertInto("expert_topics")
        .values({ expert_id: id, topic_slug: "storage", position: 1 })
        .execute();
      await writer.insertInto("expert_projects").values({ expert_id: id, project_slug: "lantern" }).execute();
    }
    for (const [place, owner] of [
      ["here", "asked"],
      ["there", "there"],
    ] as const) {
      const left = {
        name: marked(owner),
        email: `${marked(owner)}@visitor.example`,
        consent: ["follow-up"],
      };
      const event_id = place === "here" ? here : there;
      await writer
        .insertInto("visitor_questions")
        .values({
          id: asked[place],
          event_id,
          code: newCode(),
          text: marked(owner),
          topic_id: null,
          contact: JSON.stringify(left),
          language: "en",
          asked_at: NOON,
          refused_at: null,
        })
        .execute();
      await writer
        .insertInto("saved_views")
        .values({
          id: views[place],
          event_id,
          name: marked("desk"),
          query: "topic=storage",
          created_at: NOON,
        })
        .execute();
      const front = {
        title: marked("desk"),
        author: marked("desk"),
        date: "2024-02-04",
        tags: [marked("desk")],
        categories: [],
      };
      await writer
        .insertInto("write_ups")
        .values({
          event_id,
          version: 1,
          front: JSON.stringify(front),
          text: marked("desk"),
          changed_at: NOON,
        })
        .execute();
      await writer
        .insertInto("write_up_texts")
        .values({ id: texts[place], event_id, text: marked("desk"), kept_at: NOON, reason: "afresh" })
        .execute();
      await writer
        .insertInto("contact_exports")
        .values({
          id: uuidv7(),
          event_id,
          at: NOON,
          actor: "organizer",
          list: "contacts",
          format: "csv",
          filters: `topic=${marked("desk")}`,
          purpose: "follow-up",
          reason: marked("desk"),
          contacts: 1,
        })
        .execute();
      await writer
        .insertInto("staff_names")
        .values({ event_id, name: marked("desk") })
        .execute();
    }
    for (const [to, id, of] of [
      [grace, messages.grace, asGrace],
      [heidi, messages.heidi, asHeidi],
    ] as const) {
      const step = uuidv7();
      const due = { expert_id: to, due_at: NOON + 86_400_000, routed_at: NOON };
      await writer
        .updateTable("questions")
        .set({ state: "routed", ...due })
        .where("id", "=", idOf(of))
        .execute();
      await writer
        .insertInto("activity")
        .values({
          id: step,
          question_id: idOf(of),
          at: NOON,
          actor: "organizer",
          step: "routed",
          expert_id: to,
          note: marked(to === grace ? "grace" : "heidi"),
        })
        .execute();
      await writer
        .insertInto("messages")
        .values({
          id,
          kind: "routing",
          via: "hand",
          state: "held",
          expert_id: to,
          created_at: NOON,
          due_at: NOON,
          problem: marked("desk"),
        })
        .execute();
      await writer
        .insertInto("message_steps")
        .values({ message_id: id, activity_id: step, question_id: idOf(of) })
        .execute();
    }
    const answer = {
      state: "answered",
      answer: marked("answered"),
      expert_id: grace,
      routed_at: NOON,
      answered_at: NOON,
    } as const;
    await writer.updateTable("questions").set(answer).where("id", "=", idOf(answered)).execute();
    const step = uuidv7();
    await writer
      .insertInto("activity")
      .values({
        id: step,
        question_id: idOf(answered),
        at: NOON,
        actor: "grace",
        actor_kind: "expert",
        step: "answered",
        expert_id: grace,
        note: answer.answer,
      })
      .execute();
    await writer
      .insertInto("messages")
      .values({
        id: messages.visitor,
        kind: "answer",
        via: "hand",
        state: "held",
        visit_id: answered.id,
        created_at: NOON,
        due_at: NOON,
      })
      .execute();
    await writer
      .insertInto("message_steps")
      .values({ message_id: messages.visitor, activity_id: step, question_id: idOf(answered) })
      .execute();
  });

  const ownCode = (await db.write((writer) => giveOwnCode(writer, { visitId: bobs.id }))) as string;
  await db.write((writer) =>
    writer
      .insertInto("retentions")
      .values({ event_id: here, days: 180, until: "2024-09-01", reason: marked("desk") })
      .execute(),
  );
  await db.write((writer) =>
    writer
      .insertInto("texts_to_look_at")
      .values({ place: "note", id: bobs.id, event_id: here, reason: "name", since: NOON })
      .execute(),
  );
  await db.write((writer) =>
    writer
      .insertInto("controllers")
      .values(
        [here, there].map((event_id, index) => ({
          event_id,
          name: marked(index ? "there" : "here"),
          reach: marked(index ? "there" : "here"),
          link: "",
        })),
      )
      .execute(),
  );
  booth.deps.jobs.start({
    name: "nothing",
    owner: "tests",
    what: "Nothing",
    every: 3600,
    limit: 1,
    work: async () => {},
  });

  const linkTo = async (id: string) => (await linkOf(db, await expertById(db.read, id)))?.slice(3) as string;
  const [pairCode, signInCode] = await Promise.all([
    db.write((writer) => inviteToPair(writer, { eventId: here, boothId: null }, NOON)),
    db.write((writer) => inviteToSignIn(writer, NOON)),
  ]);
  const [wall] = await Promise.all([
    db.write((writer) => renewWall(writer, here, NOON)),
    db.write((writer) => renewWall(writer, there, NOON)),
  ]);
  const conflictOf = async (visit: SentVisit) =>
    (
      await db.read
        .selectFrom("visit_conflicts")
        .select("id")
        .where("visit_id", "=", visit.id)
        .executeTakeFirstOrThrow()
    ).id;

  const shared: Record<string, string> = {
    "events/:slug": "winter-camp",
    "lists/:list": "topics",
    "pair/:code": pairCode,
    "sign-in/:code": signInCode,
    "experts/:slug": "grace",
    "wall/:token": wall,
    "x/:token": await linkTo(grace),
    "x/questions/:id": idOf(asGrace),
    "s/:code": code(answered),
    "devices/:id": ada.id,
    "experts/:id": grace,
    "texts/:id": texts.here,
    "views/:id": views.here,
    "asked/:id": asked.here,
    "messages/:id": messages.grace,
    "me/:code": ownCode,
    "consents/:purpose": "follow-up",
    "jobs/:name": "nothing",
  };
  const of = (visit: SentVisit, conflict: string) => ({
    "visits/:id": visit.id,
    "questions/:id": idOf(visit),
    "conflicts/:conflictId": conflict,
  });
  const [adasConflict, bobsConflict, evesConflict] = [
    await conflictOf(adas),
    await conflictOf(bobs),
    await conflictOf(eves),
  ];
  const cast: Cast = {
    booth,
    routes: allRoutes(booth.deps),
    values: { ...shared, ...of(adas, adasConflict) },
    own: {
      bob: { ...shared, ...of(bobs, bobsConflict) },
      eve: { ...shared, "events/:slug": "summer-camp", "asked/:id": asked.there, ...of(eves, evesConflict) },
    },
    foreign: {
      bob: {
        ...shared,
        ...of(adas, adasConflict),
        "x/questions/:id": idOf(asHeidi),
        "asked/:id": asked.there,
      },
      eve: {
        ...shared,
        ...of(bobs, bobsConflict),
        "x/questions/:id": idOf(asHeidi),
        "asked/:id": asked.here,
      },
    },
    tokens: { bob: bob.token, eve: eve.token, gone: gone.token },
    answered: idOf(answered),
    async close() {
      await booth.deps.jobs.stop();
      await booth.close();
      rmSync(dataDir, { recursive: true });
    },
    mend: (route) => putBack(db, kept, wayOf(route, [adas, bobs, eves].map(idOf), grace)),
    async identityOf(who): Promise<Record<string, string>> {
      if (who === "nobody") return {};
      if (who === "gone") return { Authorization: `Bearer ${gone.token}` };
      if (who === "organizer" || who === "locked") {
        const session = await db.write(async (writer) => {
          const token = await openSession(writer, booth.deps.now());
          if (who === "locked") await lockSessions(writer, [token], booth.deps.now());
          return token;
        });
        return { Cookie: `${SESSION_COOKIE}=${session}` };
      }
      return { Cookie: `${DEVICE_COOKIE}=${who === "bob" ? bob.token : eve.token}` };
    },
  };
  const kept = await keptRows(db);
  return cast;
}

/** Tables of which what the cast has in them is put back, each after those that it refers to, with what tells rows apart. */
const PUT_BACK: Record<string, string[]> = {
  events: ["id"],
  booths: ["id"],
  projects: ["id"],
  topics: ["id"],
  platforms: ["id"],
  remarks: ["id"],
  giveaways: ["id"],
  devices: ["id"],
  invitations: ["code_hash"],
  wall_links: ["event_id"],
  experts: ["id"],
  visits: ["id"],
  visit_conflicts: ["id"],
  contacts: ["visit_id"],
  contact_consents: ["visit_id", "purpose"],
  questions: ["id"],
  slips: ["code"],
  visitor_questions: ["id"],
  visitor_codes: ["code"],
  activity: ["id"],
  messages: ["id"],
  message_steps: ["message_id", "activity_id", "question_id"],
  saved_views: ["id"],
  write_ups: ["event_id"],
  write_up_texts: ["id"],
  texts_to_look_at: ["place", "id"],
  retentions: ["event_id"],
};
/** What would keep it from coming back. */
const TAKEN_AWAY = ["erasures", "gone_visits", "erased_contacts", "visit_revisions"];

type Rows = Record<string, Record<string, unknown>[]>;

async function keptRows(db: Database): Promise<Rows> {
  const rows: Rows = {};
  for (const table of Object.keys(PUT_BACK)) {
    rows[table] = await rowsOf(db.read, table);
  }
  return rows;
}

/**
 * Puts back what there was; `differs`: what of it stands otherwise this time. What is as it was is not written again: this is done
 * hundreds of times, after requests of which most changed nothing.
 */
async function putBack(
  db: Database,
  kept: Rows,
  differs: (table: string, row: Record<string, unknown>) => object,
): Promise<void> {
  await db.write(async (writer) => {
    for (const table of TAKEN_AWAY) await writer.deleteFrom(table as "erasures").execute();
    await writer.deleteFrom("wall_links").execute();
    for (const [table, keys] of Object.entries(PUT_BACK)) {
      const standing = new Set((await rowsOf(writer, table)).map((row) => JSON.stringify(row)));
      const rows = (kept[table] ?? [])
        .map((row): Record<string, unknown> => ({ ...row, ...differs(table, row) }))
        .filter((row) => !standing.has(JSON.stringify(row)));
      const columns = Object.keys(rows[0] ?? {}).filter((column) => !keys.includes(column));
      if (rows.length === 0) continue;
      await writer
        .insertInto(table as "events")
        .values(rows as never)
        .onConflict((known) =>
          columns.length === 0
            ? known.doNothing()
            : known
                .columns(keys as never)
                .doUpdateSet(
                  (eb) =>
                    Object.fromEntries(
                      columns.map((column) => [column, eb.ref(`excluded.${column}` as never)]),
                    ) as never,
                ),
        )
        .execute();
    }
  });
}

function rowsOf(read: Reader, table: string): Promise<Record<string, unknown>[]> {
  return read
    .selectFrom(table as "events")
    .selectAll()
    .execute();
}

/** How these questions have to stand for a route to do something with them. */
function wayOf(route: Route | undefined, ids: string[], expertId: string) {
  const isReturn = route?.path.endsWith("/return");
  const state = isReturn ? "routed" : route?.path.endsWith("/reopening") ? "closed" : "open";
  return (table: string, row: Record<string, unknown>) =>
    table === "questions" && ids.includes(row.id as string)
      ? { state, expert_id: isReturn ? expertId : null }
      : {};
}

/** What must stand in no answer at all. */
export const KEYS = [PASSPHRASE];

/** Whose texts somebody may be shown by a route, whatever they send to it. */
export function ownersShownTo(who: Who, route: Route): Set<Owner> {
  if (who === "organizer") return new Set(OWNERS.filter((owner) => owner !== "key"));
  const shown = new Set<Owner>();
  const add = (...owners: Owner[]) => {
    for (const owner of owners) shown.add(owner);
  };
  // What stands in an address that was given to somebody opens that, and nothing else.
  if (route.path.startsWith("/x/:token")) add("here", "grace", "answered", "ada", "mail");
  if (route.path.startsWith("/s")) add("here", "answered");
  // What everybody in the hall sees.
  if (who === "locked" && route.also.whileLocked) add("here", "answered");
  if (route.path.startsWith("/me")) add("here", "bob");
  if (route.path.startsWith("/wall/:token")) add("here", "answered");
  if (route.path.startsWith("/pair/:code")) add("here");
  // Visitors choose the event and see what it is called, and its topics.
  if (route.path === "/ask" || route.path === "/privacy") add("here", "there");
  if (route.who !== "staff" && route.path !== "/") return shown;
  if (who === "bob") add("here", "bob", "asked", "answered");
  if (who === "eve") add("there", "eve", "answered");
  return shown;
}

/** The path of a route with values in the place of its parameters. Throws where there is none for one of them. */
export function filled(route: Route, values: Record<string, string>): string {
  return route.path.replace(/([^/]*)\/:(\w+)/g, (all, before: string, name: string, at: number) => {
    const isExperts = route.path.startsWith("/x/:token") && at > 0 && before === "questions";
    const value = values[isExperts ? "x/questions/:id" : `${before}/:${name}`];
    if (value === undefined) {
      throw new Error(
        `Nothing stands for ${all} of ${named(route)} in the cast: test/hostile/cast.ts says what does.`,
      );
    }
    return `${before}/${value}`;
  });
}

export const named = (route: Pick<Route, "method" | "path">) => `${route.method.toUpperCase()} ${route.path}`;

/** Whether an address is a route's. */
export function pattern(routePath: string): RegExp {
  const parts = routePath.split("/").map((part) => {
    const literal = part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return literal.replace(/:\w+/g, "[^/]+?");
  });
  return new RegExp(`^${parts.join("/")}$`);
}
