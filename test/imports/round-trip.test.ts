import { readFileSync } from "node:fs";
import path from "node:path";
import naughty from "big-list-of-naughty-strings";
import { uuidv7 } from "uuidv7";
import { changeList, listsOf } from "../../src/catalog/store";
import type { Database } from "../../src/database/open";
import { addToJournal, listEvents } from "../../src/events/store";
import { addExpert } from "../../src/experts/store";
import { readEventFile } from "../../src/imports/form";
import { importEvent } from "../../src/imports/store";
import { eventFileText } from "../../src/imports/writing/store";
import { setController } from "../../src/privacy/notice/store";
import { keepAsked, setAside } from "../../src/questions/asking/store";
import { letRouteItself } from "../../src/questions/by-itself/store";
import { mergeQuestions } from "../../src/questions/merging/store";
import type { Step, Taker } from "../../src/questions/rules";
import { changePriority, changeTopic, takeStep } from "../../src/questions/steps/store";
import { tidy } from "../../src/text";
import { newCode, newOwnCode } from "../../src/visits/slips/rules";
import { deleteVisit, giveSlip, reviseVisit, visitById } from "../../src/visits/store";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { contentOf } from "../support/catalogue";
import { ENGINES, freshDatabase, NOON } from "../support/databases";
import fc from "../support/properties";

const ORGANIZER: Taker = { kind: "organizer", name: "organizer" };
const DAY = 86_400_000;

async function fileOf(db: Database): Promise<string> {
  const [event] = await listEvents(db.read);
  let text = "";
  for await (const piece of eventFileText(db, event as { id: string })) text += piece;
  return text;
}

const take = async (db: Database, text: string, now = NOON) =>
  importEvent(db, await readEventFile(Buffer.from(text)), now);

/** What an event file says comes from these columns alone; the others are the laptop's own business. */
const OWN: Record<string, string[]> = {
  events: ["id", "created_at"],
  booths: ["id", "event_id"],
  projects: ["id", "event_id"],
  topics: ["id", "event_id"],
  platforms: ["id", "event_id"],
  remarks: ["id", "event_id"],
  giveaways: ["id", "event_id"],
  journal: ["id", "event_id"],
  staff_names: ["event_id"],
  experts: ["id", "created_at", "revision", "link_number", "link_open", "webhook"],
  expert_topics: ["expert_id"],
  expert_projects: ["expert_id"],
  visits: [
    ...["event_id", "booth_id", "project_id", "platform_id", "device_id", "revised_by"],
    ...["content_hash", "received_at"],
  ],
  visit_topics: ["topic_id"],
  visit_remarks: ["remark_id"],
  visit_giveaways: ["giveaway_id"],
  visit_texts: [],
  contacts: [],
  contact_consents: [],
  visitor_codes: [],
  controllers: ["event_id"],
  questions: [
    ...["event_id", "topic_id", "expert_id", "project_id", "version", "changed_at", "brought"],
    "likeness",
  ],
  activity: ["id", "expert_id", "before", "undoes"],
  slips: [],
  visitor_questions: ["event_id", "topic_id"],
  write_ups: ["event_id", "version"],
};

/** What a database holds, without what is a laptop's own, and without the bin. */
async function heldIn(db: Database): Promise<Record<string, string[]>> {
  const content = await contentOf(db);
  const rows = (table: string) => (content[table] ?? []).map((row) => JSON.parse(row));
  const binned = new Set(rows("visits").flatMap((row) => (row.deleted_at === null ? [] : row.id)));
  const hidden = new Set(rows("questions").flatMap((row) => (row.hidden ? row.id : [])));
  const isHere = (row: Record<string, string>, table: string) =>
    !binned.has(table === "visits" ? row.id : row.visit_id) &&
    !hidden.has(table === "questions" ? row.id : row.question_id) &&
    !(table === "visitor_questions" && row.refused_at !== null);
  return Object.fromEntries(
    Object.entries(OWN).map(([table, own]) => [
      table,
      rows(table)
        .filter((row) => isHere(row, table))
        .map((row) => JSON.stringify(Object.entries(row).filter(([column]) => !own.includes(column))))
        .sort(),
    ]),
  );
}

describe.each(ENGINES)("a day at the booth on %s", (engine) => {
  let booth: Booth;
  let db: Database;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    db = booth.db;
  });
  afterEach(() => booth.close());

  /** Everything that an event can have, by the ways in which it comes about. */
  async function live(): Promise<void> {
    const [ada, bob] = [await booth.tablet("Ada"), await booth.tablet("Bob")];
    const ids = Array.from({ length: 8 }, () => uuidv7());
    const question = (number: number, more: object = {}) => ({
      id: ids[number] as string,
      text: `Which disk, ${number}?`,
      ...more,
    });
    const zoe = aVisit({
      category: "existing",
      booth: "lounge",
      project: "wick",
      people: 3,
      interest: 2,
      overviewGiven: false,
      topics: ["upgrade", "storage"],
      remarks: ["easier-install"],
      giveaways: ["t-shirt", "sticker"],
      note: "‮right to left, 👩‍👩‍👧 and \u0007 a bell\n  two blanks",
      contact: {
        name: "Zoë",
        email: "zoe@visitor.example",
        website: "https://zoe.example",
        consent: ["news", "follow-up"],
        consentShown: {
          news: {
            words: "Ich bin einverstanden, dass Sie meine Angaben verwenden: „Neuigkeiten“ 👋",
            language: "de",
            by: "visitor",
            at: iso(NOON - 4000),
          },
          "follow-up": { by: "staff" },
        },
        ownCode: newOwnCode(),
      },
      questions: [question(0, { topic: "storage", slip: newCode() }), question(1), question(2)],
    });
    await ada.send(zoe, aVisit({ platform: "A wall of candles", happenedAt: iso(NOON - 5000) }));
    await bob.send(
      aVisit({ contact: { phone: "+32 1", consent: [] }, questions: [question(3), question(4)] }),
      aVisit({ note: "in the bin", questions: [question(5)] }),
      aVisit({ overviewGiven: true, staff: "Eve", questions: [question(6)] }),
    );
    const organizer = await booth.organizer();
    await organizer.post("/capture/visits").type("form").send({ category: "new", event: "winter-camp" });
    const expert = (given: object) =>
      db.write((writer) =>
        addExpert(
          writer,
          { name: "Kai", kind: "person", address: "kai@experts.example", topics: [], ...given },
          NOON,
        ),
      );
    const kai = await expert({ projects: ["wick"], languages: ["de", "fr"], weekly: 2 });
    const mia = await expert({
      name: "Mia",
      kind: "chat",
      address: "https://chat.example",
      reachedBy: "webhook",
      webhook: "https://chat.example/hook/secret",
      topics: ["else", "storage"],
      timeZone: "Asia/Tokyo",
      awayFrom: "2024-03-01",
      awayUntil: null,
    });
    await expert({ name: "Lea", topics: ["storage"], hidden: true });
    await expert({ name: "Nobody's", topics: ["else"] });
    let now = NOON;
    const step = async (number: number, step: Step, more: object = {}, by: Taker = ORGANIZER) => {
      now += 1000;
      const id = ids[number] as string;
      await db.write(async (writer) => {
        const { version } = await writer
          .selectFrom("questions")
          .select("version")
          .where("id", "=", id)
          .executeTakeFirstOrThrow();
        await takeStep(writer, id, { step, shown: version, by, now, ...more });
      });
    };
    const shown = async (number: number) => {
      const id = ids[number] as string;
      return {
        id,
        version: (
          await db.read
            .selectFrom("questions")
            .select("version")
            .where("id", "=", id)
            .executeTakeFirstOrThrow()
        ).version,
      };
    };
    await step(0, "routed", { expertId: kai });
    await step(0, "claimed", {}, { kind: "expert", name: "Kai", expertId: kai });
    await step(1, "routed", { expertId: mia });
    await step(1, "passed on", { expertId: kai });
    await step(1, "answered", { note: "Any.\nSee https://disks.example" });
    await step(2, "routed", { expertId: mia });
    await step(2, "given back", { note: "Not mine." });
    await step(4, "closed");
    const [into, other] = [await shown(1), await shown(3)];
    await db.write((writer) => mergeQuestions(writer, into, [other], { by: ORGANIZER, now: now + 1 }));
    const low = await shown(6);
    await db.write((writer) =>
      changePriority(writer, low.id, { priority: "low", shown: low.version, by: ORGANIZER, now: now + 2 }),
    );
    await step(5, "routed", { expertId: mia });
    const [event] = await listEvents(db.read);
    if (!event) throw new Error("There is no event.");
    const lists = await listsOf(db.read, event.id);
    await db.write((writer) =>
      changeTopic(writer, { event, lists, now: now + 3 }, ids[4] as string, {
        topic: "upgrade",
        by: ORGANIZER,
      }),
    );
    await db.write(async (writer) => {
      const visit = await visitById(writer, zoe.id);
      await reviseVisit(writer, { event, lists, now: now + 4 }, visit, (sent) => ({ ...sent, people: 4 }));
      const { visit_id } = await writer
        .selectFrom("questions")
        .select("visit_id")
        .where("id", "=", ids[5] as string)
        .executeTakeFirstOrThrow();
      await deleteVisit(writer, visit_id, "Bob", now + 5);
      await giveSlip(writer, ids[6] as string, "Eve", now + 6);
      const [topic, hall] = [lists.topics[2]?.id, lists.booths[0]?.id];
      await changeList(writer, "topics", event.id, { changed: [], added: [], hide: topic, up: topic });
      await changeList(writer, "booths", event.id, {
        changed: [{ id: hall as string, name: "The “hall”" }],
        added: [{ name: "東" }],
      });
      await writer.updateTable("giveaways").set({ ran_out_at: NOON }).where("slug", "=", "sticker").execute();
      await writer.updateTable("giveaways").set({ arrived: null }).where("slug", "=", "t-shirt").execute();
      // A tablet's clock that was wrong, and a question that was asked at another time than its visit.
      await writer
        .updateTable("visits")
        .set({ said_at: NOON - 3 * DAY, clock_offset: 3 * DAY })
        .where("id", "=", zoe.id)
        .execute();
      await writer
        .updateTable("questions")
        .set({ asked_at: NOON - 77 })
        .where("id", "=", ids[1] as string)
        .execute();
      await addToJournal(writer, event.id, { at: NOON + 2, text: "Rain" });
      await addToJournal(writer, event.id, { at: NOON + 1, text: "Lights on" });
      const asked = { eventId: event.id, topicId: null, language: "en" as const, now: NOON };
      const shown = { words: "to answer my question", language: "en", by: "visitor" as const, at: iso(NOON) };
      const left = {
        name: "Noor",
        email: undefined,
        consent: ["follow-up" as const, "news" as const],
        consentShown: { "follow-up": shown, news: { ...shown, at: iso(NOON + 60_000) } },
      };
      await setController(writer, event.id, {
        name: "Lantern e.V.",
        reach: "privacy@lantern.example\n“By post”",
        link: "https://lantern.example/privacy",
      });
      await keepAsked(writer, { ...asked, id: uuidv7(), text: "Hello?", topic: undefined, left });
      await keepAsked(writer, { ...asked, id: uuidv7(), text: "And?", topic: undefined, left: undefined });
      const refused = uuidv7();
      await keepAsked(writer, { ...asked, id: refused, text: "Spam", topic: undefined, left: undefined });
      await setAside(writer, event.id, refused, NOON);
      await writer
        .insertInto("write_ups")
        .values({
          event_id: event.id,
          version: 7,
          front: JSON.stringify({ title: "Winter", tags: ["a", "b"], draft: true }),
          text: "\n# Winter\n\n{{ visits }} visits.  \n",
          changed_at: NOON + 10,
          published_at: NOON + 20,
          published: JSON.stringify({ visits: "7" }),
        })
        .execute();
    });
    await letRouteItself(db, event.id, true);
  }

  test("leaves whole: export, import into an empty database, export again gives the same bytes", async () => {
    await live();
    const [text, held] = [await fileOf(db), await heldIn(db)];
    expect(await fileOf(db)).toBe(text);
    await booth.close();
    // On PostgreSQL in the process this is the same one, emptied.
    const elsewhere = await freshDatabase(engine);
    booth = { ...booth, close: elsewhere.close };
    const outcome = await take(elsewhere, text);
    expect(outcome).toMatchObject({ bad: [], isNewEvent: true, withoutWebhook: ["Mia"] });
    expect(await fileOf(elsewhere)).toBe(text);
    const here = await heldIn(elsewhere);
    // Whom the tablets belonged to is known as those who logged.
    expect(here.staff_names?.length).toBeGreaterThan(held.staff_names?.length as number);
    const { staff_names, experts, expert_topics, ...rest } = held;
    expect(here).toMatchObject(rest);
    expect(here.experts).toEqual(experts?.filter((row) => !row.includes("Nobody's")));
  });

  test("comes back to where it was written, and changes nothing", async () => {
    await live();
    const [text, before] = [await fileOf(db), await contentOf(db)];
    const outcome = await take(db, text, NOON + DAY);
    expect(outcome).toMatchObject({ bad: [], isNewEvent: false, questions: 0 });
    expect(outcome.visits).toEqual({ added: 0, there: 5, updated: 0, conflict: 0, gone: 0 });
    expect(await contentOf(db)).toEqual(before);
  });

  test("keeps secrets at home, and what is in the bin", async () => {
    await live();
    const text = await fileOf(db);
    for (const word of ["hook/secret", "in the bin", "Spam", "Nobody's"]) expect(text).not.toContain(word);
    expect(JSON.parse(text).experts.map((expert: { slug: string }) => expert.slug)).toEqual([
      "kai",
      "lea",
      "mia",
    ]);
  });
});

// PostgreSQL in the process has one connection alone, and a snapshot holds it.
test("an event is written as it stood when the writing began", async () => {
  const booth = await openBooth();
  const { db } = booth;
  const tablet = await booth.tablet();
  await tablet.send(...Array.from({ length: 501 }, () => aVisit()));
  const pieces = eventFileText(db, { id: booth.eventId });
  let text = (await pieces.next()).value + (await pieces.next()).value;
  await tablet.send(aVisit({ happenedAt: iso(NOON + 1), platform: "A new one" }));
  for await (const piece of pieces) text += piece;
  const { visits, platforms } = JSON.parse(text);
  expect([visits.length, platforms.length]).toEqual([501, 2]);
  expect(JSON.parse(await fileOf(db)).platforms).toHaveLength(3);
  await booth.close();
});

function iso(at: number): string {
  return new Date(at).toISOString();
}

describe("the demo's event", () => {
  test("is the same after it went out and in again", async () => {
    const file = readFileSync(path.resolve(__dirname, "../../db/demo-event.json"), "utf8");
    const [first, second] = [await freshDatabase(), await freshDatabase()];
    try {
      await take(first, file);
      const text = await fileOf(first);
      const plain = JSON.parse(file);
      expect(
        JSON.parse(text)
          .visits.map((visit: { id: string }) => visit.id)
          .sort(),
      ).toEqual(plain.visits.map((visit: { id: string }) => visit.id).sort());
      expect(await take(second, text, NOON + DAY)).toMatchObject({ bad: [] });
      expect(await fileOf(second)).toBe(text);
    } finally {
      await first.close();
      await second.close();
    }
  });
});

const strings = fc.oneof(
  fc.constantFrom(...(naughty as string[])),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.constantFrom("=1+1", "\tx", "‮abc", "👩‍👩‍👧‍👦", "\u0001\u001f\u007f", "a\r\nb\u2028c", "﷽", "{{ 7*7 }}"),
);

/** A random event as a file that says all in the words that an export has: so it has to come back as it is. */
const anEvent = fc.gen().map((g) => {
  let ids = 0;
  const id = () => {
    ids += 1;
    return `0190163d-8694-739b-aea5-${ids.toString(16).padStart(12, "0")}`;
  };
  const words = (most: number) => tidy(tidy(g(() => strings)).slice(0, most)) || "x";
  const maybe = <T>(value: () => T): T | undefined => (g(fc.boolean) ? value() : undefined);
  const some = <T>(most: number, value: (number: number) => T): T[] =>
    Array.from({ length: g(fc.nat, { max: most }) }, (_, number) => value(number));
  const orNone = <T>(list: T[]): T[] | undefined => (list.length > 0 ? list : undefined);
  const instant = () => iso(NOON + g(fc.integer, { min: -2 * DAY, max: 40 * DAY }));
  const pick = <T>(list: T[]): T => list[g(fc.nat, { max: list.length - 1 })] as T;
  const subset = <T>(list: T[]): T[] => list.filter(() => g(fc.boolean));
  const yes = () => (g(fc.boolean) ? (true as const) : undefined);
  const entry = (name: string) => (number: number) => ({
    slug: `${name}-${number}`,
    name: words(200),
    hidden: yes(),
  });
  const slugs = (list: { slug: string }[]) => list.map(({ slug }) => slug);

  const booths = some(2, entry("booth"));
  const projects = some(2, entry("project"));
  const topics = [0, ...some(2, (number) => number + 1)].map((number) => ({
    ...entry("topic")(number),
    keywords: orNone([...new Set(some(3, () => words(60)))]),
  }));
  const platforms = some(3, entry("platform"));
  const remarks = some(2, (number) => ({ slug: `remark-${number}`, text: words(200), hidden: yes() }));
  const giveaways = some(2, (number) => ({
    ...entry("giveaway")(number),
    shipped: maybe(() => g(fc.nat, { max: 1000 })),
    arrived: maybe(() => g(fc.nat, { max: 1000 })),
    ranOutAt: maybe(instant),
  }));
  const experts = some(3, (number) => {
    const kind = pick(["person", "mailing-list", "forum", "chat"]);
    const isPerson = kind === "person" || kind === "mailing-list";
    const reachedBy = pick(isPerson ? ["mail", "webhook", "hand"] : ["webhook", "hand"]);
    return {
      slug: `expert-${number}`,
      name: tidy(words(200).replace(/\s+/g, " ")) || "x",
      kind,
      address: isPerson ? `${number}@experts.example` : "https://forum.example",
      topics: [...subset(["else", ...slugs(topics).slice(1)]), "topic-0"],
      projects: orNone(subset(["other", ...slugs(projects)]).sort()),
      languages: orNone(subset(["de", "en", "ja"])),
      timeZone: pick(["Europe/Brussels", "Asia/Kathmandu", "UTC"]),
      weekly: maybe(() => g(fc.nat, { max: 9 })),
      awayFrom: maybe(() => "2024-05-03"),
      awayUntil: maybe(() => "2024-05-07"),
      reachedBy,
      hidden: yes(),
    };
  });
  const journal = [
    ...new Map(some(3, () => ({ at: instant(), text: words(1000) })).map((each) => [each.at, each])).values(),
  ].sort((a, b) => (a.at < b.at ? -1 : 1));
  const trail = (isOfQuestion: boolean) =>
    some(3, (number) => ({
      at: iso(NOON + number * g(fc.nat, { max: 2 })),
      step: pick(["routed", "answered", "edited", "given back"]),
      by: words(60),
      as: pick(["organizer", "staff", "expert", "visitor", "program"]),
      expert: isOfQuestion ? maybe(() => (experts.length > 0 ? pick(experts).slug : undefined)) : undefined,
      note: maybe(() => words(5000)),
    })).sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const code = () => newCode((below) => g(fc.nat, { max: below - 1 }));
  const codes = new Set<string>();
  const slip = () => {
    let next = code();
    while (codes.has(next)) next = newCode();
    codes.add(next);
    return { code: next, madeAt: iso(NOON + codes.size), language: maybe(() => pick(["de", "ja"])) };
  };
  const heads: string[] = [];
  const question = () => {
    const own = id();
    const askedWith = heads.length > 0 ? maybe(() => pick(heads)) : undefined;
    const state = pick(["open", ...(experts.length > 0 ? ["routed"] : []), "answered", "closed"]);
    const isRouted = state === "routed";
    const steps = trail(true);
    if (!askedWith) heads.push(own);
    return {
      id: own,
      text: words(4000),
      topic: maybe(() => pick(topics).slug),
      askedAt: maybe(instant),
      ...(!askedWith && {
        state: state === "open" ? undefined : state,
        expert: isRouted || (experts.length > 0 && g(fc.boolean)) ? pick(experts).slug : undefined,
        answer: maybe(() => words(5000)),
        priority: pick(["high", "low", undefined]),
        cameBack: yes(),
        dueAt: isRouted ? maybe(instant) : undefined,
        claimedAt: isRouted ? maybe(instant) : undefined,
        answeredAt: maybe(instant),
      }),
      routedAt: maybe(instant),
      askedWith,
      slips: steps.length > 0 ? orNone(some(2, slip)) : undefined,
      trail: orNone(steps),
    };
  };
  const shown = (consent: string[]) =>
    Object.fromEntries(
      consent.map((each) => [
        each,
        pick([
          { words: words(500), language: pick(["de", "pt-BR"]), by: pick(["staff", undefined]) },
          { by: "visitor" },
        ]),
      ]),
    );
  const contact = () => {
    const consent = subset(["follow-up", "news"]);
    const detail = (most: number) => maybe(() => words(most));
    return {
      name: words(200),
      organization: detail(200),
      role: detail(200),
      email: maybe(() => "zoe@visitor.example"),
      phone: detail(60),
      handle: detail(100),
      website: detail(500),
      badge: detail(500),
      note: detail(2000),
      consent: orNone(consent),
      consentAt:
        consent.length > 0 ? Object.fromEntries(consent.map((each) => [each, instant()])) : undefined,
      consentShown: consent.length > 0 ? maybe(() => shown(consent)) : undefined,
      ownCodes: maybe(() => [newOwnCode(), newOwnCode()].sort()),
    };
  };
  const visits = some(5, () => {
    const happenedAt = iso(NOON + g(fc.nat, { max: 3 }) * 1000);
    const visit = {
      id: id(),
      revision: g(fc.integer, { min: 1, max: 4 }),
      category: pick(["existing", "curious", "new"]),
      happenedAt,
      saidAt: maybe(instant),
      staff: maybe(() => pick([words(60), "organizer", "Ada"])),
      booth: maybe(() => pick([undefined, ...slugs(booths)])),
      project: maybe(() => pick([undefined, ...slugs(projects)])),
      people: pick([undefined, 2, 999]),
      platform: maybe(() => pick([undefined, ...slugs(platforms)])),
      interest: pick([undefined, 1, 3]),
      overviewGiven: pick([undefined, true, false]),
      topics: orNone(subset(slugs(topics)).sort()),
      remarks: orNone(subset(slugs(remarks)).sort()),
      giveaways: orNone(subset(slugs(giveaways)).sort()),
      note: maybe(() => words(5000)),
      contact: maybe(contact),
      questions: orNone(some(3, question)),
      trail: orNone(trail(false)),
    };
    return {
      ...visit,
      saidAt: visit.saidAt === happenedAt ? undefined : visit.saidAt,
      questions: visit.questions?.map((each) => ({
        ...each,
        askedAt: each.askedAt === happenedAt ? undefined : each.askedAt,
      })),
    };
  }).sort((a, b) =>
    a.happenedAt < b.happenedAt ? -1 : a.happenedAt > b.happenedAt ? 1 : a.id < b.id ? -1 : 1,
  );
  const asked = some(2, (number) => ({
    id: id(),
    code: slip().code,
    text: words(2000),
    topic: maybe(() => pick(topics).slug),
    ...maybe(() => ({
      name: words(200),
      email: "noor@visitor.example",
      consent: ["news"],
      consentAt: maybe(() => ({ news: iso(NOON - 5) })),
      consentShown: maybe(() => shown(["news"])),
      ownCodes: maybe(() => [newOwnCode()]),
    })),
    language: "en",
    askedAt: iso(NOON + number),
  }));
  const file = {
    format: "boothlight-event",
    version: 2,
    event: {
      slug: "any-event",
      name: words(200),
      venue: maybe(() => words(200)),
      timeZone: pick(["America/St_Johns", "Europe/Brussels"]),
      startsOn: "2024-02-02",
      endsOn: "2024-02-04",
      routesItself: yes(),
      responsible: maybe(() => ({
        name: words(200),
        reach: words(500),
        link: pick([undefined, "https://lantern.example/privacy"]),
      })),
    },
    ...{ booths: orNone(booths), projects: orNone(projects), topics, platforms: orNone(platforms) },
    ...{ remarks: orNone(remarks), giveaways: orNone(giveaways), experts: orNone(experts) },
    journal: orNone(journal),
    writeUp: maybe(() => ({
      front: { title: words(200), tags: some(2, () => words(20)), draft: g(fc.boolean) },
      text: `${words(5000)}\n`,
      changedAt: instant(),
      publishedAt: maybe(instant),
      published: maybe(() => ({ visits: words(20) })),
    })),
    asked: orNone(asked),
    visits: orNone(visits),
  };
  return JSON.parse(JSON.stringify(file));
});

describe.each(ENGINES)("any event on %s", (engine) => {
  test("comes in, goes out as it came, and comes in elsewhere as the same bytes", async () => {
    await fc.assert(
      fc.asyncProperty(anEvent, async (file) => {
        let db = await freshDatabase(engine);
        try {
          expect((await take(db, JSON.stringify(file))).bad).toEqual([]);
          const text = await fileOf(db);
          expect(JSON.parse(text)).toEqual(file);
          const before = await contentOf(db);
          expect((await take(db, text, NOON + DAY)).bad).toEqual([]);
          expect(await contentOf(db)).toEqual(before);
          await db.close();
          db = await freshDatabase(engine);
          expect((await take(db, text, NOON + DAY)).bad).toEqual([]);
          expect(await fileOf(db)).toBe(text);
        } finally {
          await db.close();
        }
      }),
      { numRuns: engine === "sqlite" ? 25 : 5 },
    );
  });
});
