import { uuidv7 } from "uuidv7";
import { listsOf } from "../../src/catalog/store";
import { eventById } from "../../src/events/store";
import { readEventFile } from "../../src/imports/form";
import { outcomeInWords } from "../../src/imports/rules";
import { importEvent } from "../../src/imports/store";
import { checkVisitOfFile } from "../../src/imports/visits/form";
import { letRouteItself } from "../../src/questions/by-itself/store";
import { splitQuestion } from "../../src/questions/merging/store";
import type { Taker } from "../../src/questions/rules";
import { takeStep, undoStep } from "../../src/questions/steps/store";
import { watchQuestions } from "../../src/questions/watch/store";
import { newCode } from "../../src/visits/slips/rules";
import { chooseVersion, editVisit } from "../../src/visits/store";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { contentOf } from "../support/catalogue";
import { ENGINES, NOON } from "../support/databases";

const ORGANIZER: Taker = { kind: "organizer", name: "organizer" };
const iso = (at: number) => new Date(at).toISOString();

const EVENT = {
  slug: "winter-camp",
  name: "Winter Camp",
  timeZone: "Europe/Brussels",
  startsOn: "2024-02-02",
  endsOn: "2024-02-04",
};
const KAI = { slug: "kai", name: "Kai", kind: "person", address: "kai@experts.example", topics: ["storage"] };
const MIA = { slug: "mia", name: "Mia", kind: "person", address: "mia@experts.example" };
const ROUTED = { at: iso(NOON - 5000), step: "routed", by: "organizer", as: "organizer", expert: "kai" };

/** An event file for the booth's own event, of this version of the format. */
const fileWith = (given: object, version = 2) =>
  readEventFile(
    Buffer.from(
      JSON.stringify({ format: "boothlight-event", version, event: EVENT, experts: [KAI, MIA], ...given }),
    ),
  );
const asked = (given: object = {}) => ({ id: uuidv7(), text: "Which disk?", ...given });
const visitWith = (...questions: object[]) => ({ ...aVisit(), questions });

describe.each(ENGINES)("on %s", (engine) => {
  let booth: Booth;
  beforeEach(async () => {
    booth = await openBooth({ engine });
  });
  afterEach(() => booth.close());

  const bring = async (given: object, now = NOON) => importEvent(booth.db, await fileWith(given), now);
  const questionOf = (id: string) =>
    booth.db.read.selectFrom("questions").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  const expertId = async (slug: string) =>
    (
      await booth.db.read
        .selectFrom("experts")
        .select("id")
        .where("slug", "=", slug)
        .executeTakeFirstOrThrow()
    ).id;
  const messages = () => booth.db.read.selectFrom("messages").select(["kind", "state"]).execute();
  const watch = (now = NOON) =>
    watchQuestions({ db: booth.db, suggester: booth.deps.suggester, now: () => now }, new Map());
  const step = async (id: string, name: "routed" | "given back" | "answered", slug?: string) => {
    const expert = slug && (await expertId(slug));
    const { version } = await questionOf(id);
    return booth.db.write((writer) =>
      takeStep(writer, id, {
        step: name,
        shown: version,
        expertId: expert,
        note: name === "answered" ? "Any." : undefined,
        by: ORGANIZER,
        now: NOON + 1000,
      }),
    );
  };

  describe("an import tells nobody and routes nothing", () => {
    test("not who has a question, though nothing was ever sent to them from here", async () => {
      const [routed, answered] = [
        asked({ state: "routed", expert: "kai", dueAt: iso(NOON + 1000), trail: [ROUTED] }),
        asked({ state: "answered", expert: "kai", answer: "Any.", trail: [ROUTED] }),
      ];
      const contact = { name: "Zoë", email: "zoe@visitor.example", consent: ["follow-up"] };
      await bring({ visits: [{ ...visitWith(routed, answered), contact }] });
      await watch();
      expect(await messages()).toEqual([]);
      expect(await questionOf(routed.id)).toMatchObject({ state: "routed" });
    });

    test("not that it comes back, once its time has run out", async () => {
      const late = asked({ state: "routed", expert: "kai", dueAt: iso(NOON - 1000), trail: [ROUTED] });
      await bring({ visits: [visitWith(late)] });
      await watch();
      expect(await questionOf(late.id)).toMatchObject({ state: "open", rank: 0 });
      expect(await messages()).toEqual([]);
    });

    test("what is routed here afterwards is told, also to the same expert", async () => {
      const one = asked({ state: "routed", expert: "kai", trail: [ROUTED] });
      await bring({ visits: [visitWith(one)] });
      await step(one.id, "given back");
      const id = await step(one.id, "routed", "kai");
      expect(await messages()).toEqual([{ kind: "routing", state: "waiting" }]);
      // Taken back, it is as it was brought: with nobody, and still nothing for the program to decide.
      const { version } = await questionOf(one.id);
      await booth.db.write((writer) =>
        undoStep(writer, one.id, { step: id, shown: version, by: ORGANIZER, now: NOON + 2000 }),
      );
      expect(await questionOf(one.id)).toMatchObject({ state: "open", brought: 1 });
    });

    test("not where the event routes by itself, until the organizer says so here", async () => {
      const [fresh, cameBack] = [
        asked({ topic: "storage" }),
        asked({ topic: "storage", cameBack: true, trail: [ROUTED, { ...ROUTED, step: "given back" }] }),
      ];
      await letRouteItself(booth.db, booth.eventId, true);
      const before = Array.from({ length: 8 }, (_, number) =>
        asked({ text: `Which disk is number ${number}?`, topic: "storage" }),
      );
      await bring({ visits: [visitWith(...before), visitWith(fresh, cameBack)] });
      // It learns that Kai has all of these, so it is certain.
      for (const { id } of before) await step(id, "routed", "kai");
      await watch();
      expect(await questionOf(fresh.id)).toMatchObject({ state: "open" });
      await letRouteItself(booth.db, booth.eventId, true);
      await watch();
      expect(await questionOf(fresh.id)).toMatchObject({ state: "routed" });
      expect(await questionOf(cameBack.id)).toMatchObject({ state: "open" });
    });

    test("what was done elsewhere cannot be taken back here", async () => {
      const one = asked({ state: "routed", expert: "kai", trail: [ROUTED] });
      await bring({ visits: [visitWith(one)] });
      const { id } = await booth.db.read
        .selectFrom("activity")
        .select("id")
        .where("question_id", "=", one.id)
        .executeTakeFirstOrThrow();
      await expect(
        booth.db.write((writer) =>
          undoStep(writer, one.id, { step: id, shown: 1, by: ORGANIZER, now: NOON }),
        ),
      ).rejects.toThrow("another step");
    });
  });

  describe("what is here already", () => {
    test("keeps where its questions stand", async () => {
      const one = asked({ state: "routed", expert: "kai", trail: [ROUTED] });
      const other = asked({ askedWith: one.id });
      const file = { visits: [visitWith(one), visitWith(other)] };
      await bring(file);
      await step(one.id, "answered");
      await booth.db.write((writer) => splitQuestion(writer, other.id, { by: ORGANIZER, now: NOON + 2000 }));
      const before = await contentOf(booth.db);
      expect(await bring(file, NOON + 9000)).toMatchObject({ visits: { added: 0, there: 2 }, bad: [] });
      expect(await contentOf(booth.db)).toEqual(before);
    });

    test("gets the questions that a higher revision brings, with where they stand", async () => {
      const [one, two] = [asked(), asked({ text: "And?", state: "closed", priority: "high" })];
      const visit = visitWith(one);
      await bring({ visits: [visit] });
      const consentAt = { news: iso(NOON - 7000) };
      const later = {
        ...visit,
        revision: 2,
        contact: { name: "Zoë", consent: ["news"], consentAt },
        questions: [{ ...one, state: "closed" }, two],
      };
      expect(await bring({ visits: [later] }, NOON + 1)).toMatchObject({ visits: { updated: 1 }, bad: [] });
      expect(await questionOf(one.id)).toMatchObject({ state: "open" });
      expect(await questionOf(two.id)).toMatchObject({ state: "closed", priority: "high", rank: 1 });
      const consents = await booth.db.read.selectFrom("contact_consents").selectAll().execute();
      expect(consents).toMatchObject([{ purpose: "news", given_at: NOON - 7000 }]);
    });

    test("stays gone where it was erased, and in the bin where it was put", async () => {
      const [gone, binned] = [visitWith(asked()), visitWith(asked())];
      await bring({ visits: [binned] });
      await booth.db.write(async (writer) => {
        await writer.insertInto("gone_visits").values({ visit_id: gone.id, gone_at: NOON }).execute();
        await writer.updateTable("visits").set({ deleted_at: NOON }).where("id", "=", binned.id).execute();
      });
      const before = await contentOf(booth.db);
      expect((await bring({ visits: [gone, binned] })).visits).toMatchObject({ gone: 2, added: 0 });
      expect(await contentOf(booth.db)).toEqual(before);
    });

    test("with other words is kept beside them, and can be chosen", async () => {
      const one = asked();
      const visit = { ...visitWith(one), saidAt: iso(NOON - 60_000) };
      await bring({ visits: [visit] });
      const note = "Said otherwise.";
      const trail = [{ ...ROUTED, step: "edited" }];
      const other = { ...visit, note, staff: "Eve", trail, questions: [{ ...one, state: "closed" }] };
      expect((await bring({ visits: [other] })).visits).toMatchObject({ conflict: 1 });
      const event = await eventById(booth.db.read, booth.eventId);
      const lists = await listsOf(booth.db.read, booth.eventId);
      const { id } = await booth.db.read.selectFrom("visit_conflicts").select("id").executeTakeFirstOrThrow();
      await booth.db.write((writer) =>
        chooseVersion(
          writer,
          { event, lists, now: NOON + 1 },
          { visitId: visit.id, conflictId: id, use: true, shown: 1 },
        ),
      );
      const here = await booth.db.read.selectFrom("visits").selectAll().executeTakeFirstOrThrow();
      expect(here).toMatchObject({ note, happened_at: NOON, said_at: NOON - 60_000 });
    });

    test("a crash among the visits is made good by the next import", async () => {
      const [one, other] = [asked({ state: "closed" }), asked()];
      await bring({ visits: [visitWith(one)] });
      const member = { ...visitWith(other) };
      await bring({ visits: [member] });
      expect(await questionOf(other.id)).toMatchObject({ merged_into: null });
      const whole = { ...member, questions: [{ ...other, askedWith: one.id }] };
      expect((await bring({ visits: [whole] })).visits).toMatchObject({ there: 1 });
      expect(await questionOf(other.id)).toMatchObject({ merged_into: one.id, state: "closed" });
    });
  });

  test("a question follows its visit, and those that are asked together stand alike", async () => {
    const head = asked({
      state: "routed",
      expert: "kai",
      priority: "high",
      dueAt: iso(NOON + 5000),
      claimedAt: iso(NOON + 1),
      trail: [ROUTED],
    });
    const member = asked({ askedWith: head.id, routedAt: iso(NOON + 2) });
    const early = { ...visitWith(member), happenedAt: iso(NOON - 1000), project: "wick" };
    await bring({ visits: [early, { ...visitWith(head), project: "lantern" }] });
    const [one, other] = [await questionOf(head.id), await questionOf(member.id)];
    expect(one).toMatchObject({ rank: 1, hidden: 0, brought: 1, due_at: NOON + 5000, claimed_at: NOON + 1 });
    const { state, expert_id, answer, due_at, claimed_at, rank, priority } = one;
    expect(other).toMatchObject({ state, expert_id, answer, due_at, claimed_at, rank, priority });
    expect(other).toMatchObject({ merged_into: head.id, routed_at: NOON + 2, asked_at: NOON - 1000 });
    const projects = await booth.db.read.selectFrom("projects").select(["id", "slug"]).execute();
    const slugOf = (id: string | null) => projects.find((project) => project.id === id)?.slug;
    expect([slugOf(one.project_id), slugOf(other.project_id)]).toEqual(["lantern", "wick"]);
  });

  test("a slip without a trail keeps its question all the same", async () => {
    const one = asked({ slips: [{ code: newCode() }] });
    const visit = visitWith(one);
    await bring({ visits: [visit] });
    const event = await eventById(booth.db.read, booth.eventId);
    const lists = await listsOf(booth.db.read, booth.eventId);
    const edited = { ...visit, revision: 2, questions: [] };
    expect(await editVisit(booth.db, event, lists, 1, edited, NOON)).toMatchObject({ status: "updated" });
    expect(await questionOf(one.id)).toMatchObject({ state: "open" });
  });

  test("a question that waits here for a look and was looked at elsewhere counts once, with its slip", async () => {
    const code = newCode();
    const waiting = { id: uuidv7(), code, text: "Hello?", language: "en", askedAt: iso(NOON) };
    expect((await bring({ asked: [waiting] })).lists.asked).toEqual({ added: 1, there: 0 });
    const counted = asked({ id: waiting.id, slips: [{ code, madeAt: iso(NOON), language: "en" }] });
    expect((await bring({ asked: [waiting], visits: [visitWith(counted)] })).bad).toEqual([]);
    expect(await booth.db.read.selectFrom("visitor_questions").selectAll().execute()).toEqual([]);
    expect(await booth.db.read.selectFrom("slips").selectAll().execute()).toMatchObject([
      { code, question_id: waiting.id, language: "en" },
    ]);
    expect((await bring({ asked: [waiting] })).lists.asked).toEqual({ added: 0, there: 1 });
  });

  test("what is bad is named by its place and holds up nothing else", async () => {
    const [mine, theirs] = [newCode(), newCode()];
    const first = asked({ slips: [{ code: mine }] });
    const joined = asked({ askedWith: first.id });
    const good = visitWith(first);
    const outcome = await bring({
      event: { ...EVENT },
      writeUp: { front: [], text: 7, changedAt: "soon" },
      asked: [
        { id: uuidv7(), code: theirs, text: "Hello?", language: "en", askedAt: iso(NOON) },
        { id: uuidv7(), code: theirs, text: "Me too", language: "en", askedAt: iso(NOON) },
        { id: uuidv7(), code: newCode(), text: "Me", topic: "poetry", language: "en", askedAt: iso(NOON) },
        { id: "7", code: "KM4-7QX-RW9X", text: "", language: "en", askedAt: iso(NOON) },
      ],
      visits: [
        good,
        visitWith(asked({ slips: [{ code: mine }, { code: theirs }] })),
        visitWith(asked({ state: "routed" })),
        visitWith(asked({ expert: "zoe", trail: [{ ...ROUTED, expert: "eve" }] })),
        visitWith(asked({ state: "lost", dueAt: "soon", priority: "urgent", colour: "red" })),
        visitWith(asked({ state: "answered", dueAt: iso(NOON) })),
        visitWith(joined),
        visitWith(asked({ askedWith: joined.id })),
        visitWith(asked({ askedWith: uuidv7() })),
        visitWith(asked({ askedWith: first.id, state: "closed" })),
        { ...aVisit(), contact: { name: "Zoë", consent: ["news"], consentAt: { "follow-up": iso(NOON) } } },
        { ...aVisit(), trail: [{ at: iso(NOON), step: "", by: "Ada", as: "ghost" }] },
        { ...aVisit(), saidAt: "then", staff: 7, topics: ["poetry"] },
      ],
    });
    expect(outcome.visits).toMatchObject({ added: 5 });
    expect(outcome.bad.map(({ place, message }) => `${place}: ${message}`)).toEqual([
      "asked[3].id: This should be an id such as 0190163d-8694-739b-aea5-966c26f8ad91.",
      "asked[3].code: This is not the code of a slip.",
      "asked[3].text: Please fill this in.",
      "writeUp.front: This should be a set of fields.",
      "writeUp.text: This should be text.",
      "writeUp.changedAt: This should be a time such as 2014-04-15T17:11:38.203Z.",
      `asked[1].code: ${inGroups(theirs)} leads to another question here already.`,
      "asked[2].topic: “poetry” is not in this event's list of topics.",
      `visits[1].questions[0].slips[0].code: ${inGroups(mine)} leads to another question here already: this one came in without it.`,
      `visits[1].questions[0].slips[1].code: ${inGroups(theirs)} leads to another question here already: this one came in without it.`,
      "visits[2].questions[0].expert: A question that is routed is with somebody: who has it?",
      "visits[3].questions[0].expert: There is no expert “zoe” here.",
      "visits[3].questions[0].trail[0].expert: There is no expert “eve” here.",
      "visits[4].questions[0].state: This should be open, routed, answered or closed.",
      "visits[4].questions[0].priority: This should be high, normal or low.",
      "visits[4].questions[0].dueAt: This should be a time such as 2014-04-15T17:11:38.203Z.",
      "visits[4].questions[0].colour: There is no field “colour” here.",
      "visits[5].questions[0].dueAt: Only a question that is routed has this.",
      "visits[9].questions[0].state: The question that this one is asked together with says that.",
      "visits[10].contact.consentAt.follow-up: There is no consent to this.",
      "visits[11].trail[0].step: Please fill this in.",
      "visits[11].trail[0].as: This should be organizer, staff, expert, visitor or program.",
      "visits[12].saidAt: This should be a time such as 2014-04-15T17:11:38.203Z.",
      "visits[12].staff: This should be text.",
      "visits[12].topics: “poetry” is not in this event's list of topics.",
      "visits[7].questions[0].askedWith: One of the two is asked together with another question already: name the one that stands for all.",
      "visits[8].questions[0].askedWith: There is no such question at this event.",
    ]);
    expect(await questionOf(joined.id)).toMatchObject({ merged_into: first.id });
    expect(outcomeInWords(outcome)).toContain("visits[8].questions[0].askedWith (id ");
  });

  test("a file of version 1 comes in as ever: questions open, logged by nobody", async () => {
    const visit = visitWith(asked({ topic: "storage" }));
    const outcome = await importEvent(booth.db, await fileWith({ visits: [visit] }, 1), NOON);
    expect(outcome).toMatchObject({ visits: { added: 1 }, questions: 1, bad: [] });
    expect(await booth.db.read.selectFrom("visits").selectAll().execute()).toMatchObject([
      { staff_name: null, clock_offset: 0, received_at: NOON, happened_at: NOON },
    ]);
    expect(await booth.db.read.selectFrom("questions").selectAll().execute()).toMatchObject([
      { state: "open", expert_id: null, rank: 2, asked_at: NOON, changed_at: NOON },
    ]);
    expect(await booth.db.read.selectFrom("activity").selectAll().execute()).toEqual([]);
  });
});

function inGroups(code: string): string {
  return `${code.slice(0, 3)}-${code.slice(3, 6)}-${code.slice(6)}`;
}

test("a visit of a file says nothing of what a device works with", () => {
  const { id, category } = aVisit();
  const visit = { id, revision: 1, category, happenedAt: "2024-02-03T11:00:00Z" };
  expect(checkVisitOfFile(visit)).toMatchObject({ ok: true });
  for (const more of [{ base: 1 }, { questions: [{ text: "Why?", slip: newCode() }] }])
    expect(checkVisitOfFile({ ...visit, ...more })).toMatchObject({ ok: false });
});
