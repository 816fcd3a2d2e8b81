import { readFileSync } from "node:fs";
import path from "node:path";
import { sql } from "kysely";
import { uuidv7 } from "uuidv7";
import { checkFigures } from "../../src/database/figures";
import { addExpert } from "../../src/experts/store";
import type { Step } from "../../src/questions/rules";
import { THE_ORGANIZER, takeStep, trailOf, undoStep } from "../../src/questions/steps/store";
import { questionById } from "../../src/questions/store";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { ENGINES, NOON } from "../support/databases";

const MIGRATION = path.resolve(__dirname, "../../db/migrations/0004-the-report-writes-itself.sql");

describe.each(ENGINES)("a database of the version before the report on %s", (engine) => {
  let booth: Booth;
  beforeEach(async () => {
    booth = await openBooth({ engine });
  });
  afterEach(() => booth.close());

  /** Takes what the version before did not keep out of everything, then does what the migration does. */
  async function upgrade(): Promise<void> {
    const updates = readFileSync(MIGRATION, "utf8")
      .replace(/^--.*$/gm, "")
      .split(/;$/m)
      .filter((statement) => /^\s*UPDATE /.test(statement));
    await booth.db.write(async (writer) => {
      await writer.updateTable("questions").set({ routed_at: null, answered_at: null }).execute();
      const steps = await writer.selectFrom("activity").select(["id", "before"]).execute();
      for (const { id, before } of steps) {
        if (before === null) continue;
        const { routed_at, answered_at, ...old } = JSON.parse(before);
        await writer
          .updateTable("activity")
          .set({ before: JSON.stringify(old) })
          .where("id", "=", id)
          .execute();
      }
      for (const statement of updates) await sql.raw(statement).execute(writer);
    });
  }

  const standing = () =>
    booth.db.read
      .selectFrom("questions")
      .select(["id", "state", "routed_at", "answered_at", "answer"])
      .orderBy("id")
      .execute();

  test("says when questions were routed and answered as if it had been kept, and after a step is undone as well", async () => {
    const [kai, lou] = await Promise.all(
      ["Kai", "Lou"].map((name) =>
        booth.db.write((writer) =>
          addExpert(writer, { name, kind: "person", address: "", topics: [], hidden: false }, NOON),
        ),
      ),
    );
    const histories: (Step | "undone")[][] = [
      ["routed"],
      ["routed", "undone"],
      ["routed", "passed on", "answered"],
      ["answered", "answered", "undone"],
      ["routed", "answered", "reopened"],
      ["routed", "given back", "closed"],
    ];
    const visits = histories.map(() =>
      aVisit({ questions: [{ id: uuidv7(), text: 'Is "answer":null so?' }] }),
    );
    await (await booth.tablet()).send(...visits);
    const ids = visits.map((visit) => visit.questions?.[0]?.id as string);
    let now = NOON;
    const undo = async (id: string) => {
      const { version: shown } = await questionById(booth.db.read, id);
      await booth.db.write(async (writer) => {
        const trail = await trailOf(writer, id);
        const gone = trail.flatMap(({ undoes }) => undoes ?? []);
        const step = trail.find((each) => each.before && !gone.includes(each.id))?.id as string;
        await undoStep(writer, id, { step, shown, by: THE_ORGANIZER, now });
      });
    };
    for (const [index, id] of ids.entries()) {
      for (const step of histories[index] ?? []) {
        now += 60_000;
        if (step === "undone") {
          await undo(id);
          continue;
        }
        const { version: shown } = await questionById(booth.db.read, id);
        const expertId = { routed: kai, "passed on": lou }[step as string];
        const taken = { step, shown, expertId, note: 'So is "answer":null', by: THE_ORGANIZER, now };
        await booth.db.write((writer) => takeStep(writer, id, taken));
      }
    }
    const kept = await standing();
    await upgrade();
    expect(await standing()).toEqual(kept);
    for (const id of ids.filter((_, index) => index !== 1)) await undo(id);
    const times = (at: number) => kept.map(({ routed_at, answered_at }) => ({ routed_at, answered_at }))[at];
    expect(await standing()).toMatchObject([
      { state: "open", routed_at: null, answered_at: null },
      { state: "open", routed_at: null, answered_at: null },
      { state: "routed", routed_at: times(2)?.routed_at, answered_at: null },
      { state: "open", routed_at: null, answered_at: null },
      { state: "answered", routed_at: times(4)?.routed_at, answered_at: NOON + 11 * 60_000 },
      { state: "open", routed_at: times(5)?.routed_at, answered_at: null },
    ]);
    expect(await checkFigures(booth.db.read)).toEqual([]);
  });
});
