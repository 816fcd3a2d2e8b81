import { sql } from "kysely";
import { uuidv7 } from "uuidv7";
import { checkFigures, countAnew } from "../../src/database/figures";
import { Problem } from "../../src/errors";
import { eventBySlug } from "../../src/events/store";
import { addExpert } from "../../src/experts/store";
import { readEventFile } from "../../src/imports/form";
import { importEvent } from "../../src/imports/store";
import { mergeQuestions, splitQuestion } from "../../src/questions/merging/store";
import { lastStep, STEPS } from "../../src/questions/rules";
import { takeStep, trailOf, undoStep } from "../../src/questions/steps/store";
import type { FigureFilters } from "../../src/reports/rules";
import { figuresOf } from "../../src/reports/store";
import type { SentVisit } from "../../src/visits/form";
import { deleteVisit, restoreVisit } from "../../src/visits/store";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import { countedByHand } from "../support/counted";
import { ENGINES, type Engine, NOON } from "../support/databases";
import fc from "../support/properties";

const BY = { kind: "organizer" as const, name: "organizer" };
const VISITS = 5;

/** What a visit says. */
const words = fc.record(
  {
    category: fc.constantFrom("existing", "curious", "new"),
    happenedAt: fc.constantFrom("2024-02-02T23:30:00Z", "2024-02-03T10:00:00Z", "2024-02-04T09:15:00Z"),
    booth: fc.constantFrom(undefined, "hall", "lounge"),
    project: fc.constantFrom(undefined, "lantern", "wick"),
    people: fc.integer({ min: 1, max: 9 }),
    platform: fc.constantFrom(undefined, "vmware", "proxmox", "Something else"),
    interest: fc.constantFrom(undefined, 1, 3),
    overviewGiven: fc.constantFrom(undefined, true, false),
    topics: fc.subarray(["storage", "upgrade"]),
    remarks: fc.subarray(["easier-install"]),
    giveaways: fc.subarray(["sticker", "t-shirt"]),
    staff: fc.constantFrom(undefined, "Noor", "Ed Vance"),
    contact: fc.constantFrom(
      undefined,
      { email: "ada@visitor.example", consent: [] },
      { name: "Ada", consent: ["news"] },
    ),
    questions: fc.array(
      fc.record({
        text: fc.constantFrom("Can it run on one box?", "Can it run on one box!", "How?", "なぜ"),
        topic: fc.constantFrom(undefined, "storage", "networking"),
      }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: ["category", "happenedAt"] },
);
type Words = Partial<SentVisit>;
const FIELDS = [
  "category",
  "happenedAt",
  "booth",
  "project",
  "people",
  "platform",
  "interest",
  "overviewGiven",
  "topics",
  "remarks",
  "giveaways",
  "contact",
  "questions",
] as const;

const visit = fc.nat({ max: VISITS - 1 });
const happening = fc.oneof(
  { weight: 5, arbitrary: fc.record({ what: fc.constant("record" as const), visit, words }) },
  // An edit as most are: of one thing alone.
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constant("edit" as const),
      visit,
      words,
      only: fc.constantFrom(...FIELDS),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constantFrom("bin", "put back" as const), visit }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("erase" as const), visit }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("import" as const), words }) },
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constant("step" as const),
      visit,
      step: fc.constantFrom(...STEPS),
      hours: fc.nat({ max: 90 }),
      to: fc.nat({ max: 1 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constantFrom("undo", "merge", "split" as const), visit, other: visit }),
  },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;
const filters: fc.Arbitrary<FigureFilters> = fc.record(
  {
    day: fc.constantFrom("2024-02-03", "2024-02-04"),
    booth: fc.constantFrom("hall", "(none)"),
    project: fc.constantFrom("lantern", "(none)"),
    category: fc.constantFrom("existing", "new"),
  },
  { requiredKeys: [] },
);

/** Lets one thing happen. What the program refuses in words does not, and is tried by others. */
async function happen(
  booth: Booth,
  tablet: Tablet,
  experts: string[],
  ids: string[],
  said: Map<string, Words>,
  each: Happening,
) {
  const { db } = booth;
  const id = "visit" in each ? (ids[each.visit] as string) : "";
  const question = async (visitId: string) =>
    db.read
      .selectFrom("questions")
      .select(["id", "version"])
      .where("visit_id", "=", visitId)
      .executeTakeFirst();
  const [one, other] = [await question(id), "other" in each && (await question(ids[each.other] as string))];
  switch (each.what) {
    case "record":
    case "edit": {
      const before = said.get(id);
      if (each.what === "edit" && !before) return;
      const now = each.words as Words;
      const words = each.what === "edit" ? { ...before, [each.only]: now[each.only] } : now;
      said.set(id, words);
      const kept = await db.read
        .selectFrom("visits")
        .select("revision")
        .where("id", "=", id)
        .executeTakeFirst();
      const revision = (kept?.revision ?? 0) + 1;
      return void (await tablet.send({ ...aVisit(words), id, revision }));
    }
    case "bin":
      return void (await db.write((writer) => deleteVisit(writer, id, "organizer", NOON)));
    case "put back":
      return void (await db.write((writer) => restoreVisit(writer, id, "organizer", NOON)));
    case "erase":
      // Whoever takes somebody out, by whatever way: the figures follow.
      return db.write(async (writer) => {
        const asked = writer.selectFrom("questions").select("id").where("visit_id", "=", id);
        await writer
          .updateTable("questions")
          .set({ merged_into: null })
          .where("merged_into", "in", asked)
          .execute();
        await writer.deleteFrom("questions").where("visit_id", "=", id).execute();
        await writer.deleteFrom("visits").where("id", "=", id).execute();
      });
    case "import": {
      const event = { name: "Winter Camp", venue: "Brussels", timeZone: "Europe/Brussels" };
      const days = { startsOn: "2024-02-02", endsOn: "2024-02-04" };
      const { staff, ...said } = aVisit(each.words as Words) as SentVisit;
      const file = {
        format: "boothlight-event",
        version: 1,
        event: { slug: "winter-camp", ...event, ...days },
      };
      const bytes = Buffer.from(JSON.stringify({ ...file, visits: [said] }));
      return void (await importEvent(db, await readEventFile(bytes), NOON));
    }
    case "step":
      if (!one) return;
      return void (await db.write((writer) =>
        takeStep(writer, one.id, {
          step: each.step,
          shown: one.version,
          expertId: experts[each.to],
          note: "So.",
          by: BY,
          now: NOON + each.hours * 3_600_000,
        }),
      ));
    case "undo":
      if (!one) return;
      return void (await db.write(async (writer) => {
        const step = lastStep(await trailOf(writer, one.id))?.id ?? "";
        await undoStep(writer, one.id, { step, shown: one.version, by: BY, now: NOON });
      }));
    case "merge":
      if (!one || !other || one.id === other.id) return;
      return db.write((writer) => mergeQuestions(writer, one, [other], { by: BY, now: NOON }));
    case "split":
      if (!one) return;
      return db.write((writer) => splitQuestion(writer, one.id, { by: BY, now: NOON }));
  }
}

const HISTORIES: Record<Engine, number> = { sqlite: 60, postgres: 6 };

describe.each(ENGINES)("kept figures on %s", (engine) => {
  let booth: Booth;
  beforeEach(async () => {
    booth = await openBooth({ engine });
  });
  afterEach(() => booth.close());

  test("are what counting by hand gives, whatever was recorded, edited, deleted, erased, routed or imported", async () => {
    const tablet = await booth.tablet("Kim");
    const expert = (name: string) =>
      booth.db.write((writer) =>
        addExpert(writer, { name, kind: "person", address: "", topics: [], hidden: false }, NOON),
      );
    const experts = [await expert("Kai"), await expert("Lou")];
    const event = await eventBySlug(booth.db.read, "winter-camp");
    let done = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(happening, { minLength: 5, maxLength: 25 }),
        filters,
        async (history, narrowed) => {
          const ids = Array.from({ length: VISITS }, () => uuidv7());
          const said = new Map<string, Words>();
          for (const each of history) {
            await happen(booth, tablet, experts, ids, said, each).then(
              () => done++,
              (error) => {
                if (!(error instanceof Problem)) throw error;
              },
            );
          }
          // Whatever waits to be indexed is, with the commit that nothing comes after.
          await booth.db.write(async () => {});
          expect(await figuresOf(booth.db.read, event)).toEqual(await countedByHand(booth.db.read, event));
          expect(await figuresOf(booth.db.read, event, narrowed)).toEqual(
            await countedByHand(booth.db.read, event, narrowed),
          );
          expect(await checkFigures(booth.db.read)).toEqual([]);
        },
      ),
      { numRuns: HISTORIES[engine], endOnFailure: true },
    );
    expect(done).toBeGreaterThan(HISTORIES[engine] * 4);
  });

  test("that are wrong are found, and put right by counting anew", async () => {
    const tablet = await booth.tablet();
    await tablet.send(aVisit({ remarks: ["easier-install"], questions: [{ text: "How?" }] }), aVisit({}));
    const { write, read } = booth.db;
    await write(async (writer) => {
      await sql`UPDATE kept_figures SET visits = visits + 3 WHERE what = 'visit'`.execute(writer);
      await sql`DELETE FROM kept_figures WHERE what = 'remark'`.execute(writer);
      await sql`UPDATE kept_alike SET questions = 9`.execute(writer);
    });
    const eventId = booth.eventId;
    expect(await checkFigures(read)).toEqual([
      { what: "visit", eventId, kept: 5, counted: 2 },
      { what: "remark", eventId, kept: 0, counted: 1 },
      { what: "alike", eventId, kept: 9, counted: 1 },
    ]);
    await write((writer) => countAnew(writer));
    expect(await checkFigures(read)).toEqual([]);
  });
});
