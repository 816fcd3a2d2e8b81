import { uuidv7 } from "uuidv7";
import { pairDevice } from "../../src/access/store";
import { type Lists, listsOf } from "../../src/catalog/store";
import type { Database } from "../../src/database/open";
import { type Event, eventById } from "../../src/events/store";
import { otherVersions } from "../../src/visits/conflicts/store";
import type { SentVisit } from "../../src/visits/form";
import {
  chooseVersion,
  deleteVisit,
  editVisit,
  ORGANIZER,
  recordVisits,
  restoreVisit,
  visitById,
} from "../../src/visits/store";
import { addEvent, aVisit } from "../support/booth";
import { ENGINES, freshDatabase, NOON } from "../support/databases";
import fc from "../support/properties";

/** What somebody does with a visit. Whoever sends says what they saw, rightly, wrongly or not at all. */
const act = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      from: fc.constantFrom("Ada", "Grace", "laptop"),
      revision: fc.integer({ min: 1, max: 6 }),
      base: fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined }),
      words: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("edit" as const),
      isStale: fc.boolean(),
      words: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("choose" as const), use: fc.boolean(), which: fc.nat(4) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "delete" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "restore" as const }) },
);

describe.each(ENGINES)("whatever is done with a visit on %s", (engine) => {
  let db: Database;
  let event: Event;
  let lists: Lists;
  let devices: Record<string, string | null>;
  beforeAll(async () => {
    db = await freshDatabase(engine);
    const id = await addEvent(db);
    event = await eventById(db.read, id);
    lists = await listsOf(db.read, id);
    const pair = async (name: string) =>
      (await db.write((writer) => pairDevice(writer, { eventId: id, boothId: null }, name, NOON))).id;
    devices = { Ada: await pair("Ada"), Grace: await pair("Grace"), laptop: null };
  });
  afterAll(() => db.close());

  const wordsOf = (payload: string) => (JSON.parse(payload) as SentVisit).note;
  const versionsOf = async (id: string) => await otherVersions(db.read, id);

  /** One visit's life. Remembers all words that were acknowledged, and those that were replaced by who knew them. */
  class Life {
    readonly visit = aVisit({ id: uuidv7(), note: "words 0" });
    readonly acknowledged = new Set<string>(["words 0"]);
    readonly left = new Set<string>();

    send(from: string, record: object) {
      const deviceId = devices[from] as string | null;
      const arrival = { event, lists, boothId: null, staffName: from, receivedAt: NOON, clockOffset: 0 };
      return recordVisits(db, { ...arrival, deviceId }, [{ ...this.visit, ...record }]);
    }

    kept() {
      return visitById(db.read, this.visit.id);
    }

    /** Takes note of what an act replaced. `knew`: whether who acted had seen it, or had said it. */
    async after(before: { note: string | null }, knew: boolean) {
      const now = await this.kept();
      if (now.note !== before.note && knew) this.left.add(before.note as string);
    }

    async live(taken: typeof act extends fc.Arbitrary<infer Act> ? Act : never): Promise<void> {
      const before = await this.kept();
      const { id } = this.visit;
      switch (taken.kind) {
        case "send": {
          const note = `words ${taken.words}`;
          const { revision, base } = taken;
          const [result] = await this.send(taken.from, { revision, base, note });
          this.acknowledged.add(note);
          const deviceId = devices[taken.from] as string | null;
          const isOwn = before.revised_by === deviceId && (deviceId !== null || base === undefined);
          await this.after(before, base === before.revision || isOwn);
          // Who logged the visit, and the laptop, are told what is there.
          if (result?.status === "conflict") {
            const told = taken.from === "Grace" ? undefined : before.note;
            expect(result.visit?.note ?? undefined).toBe(told);
          }
          return;
        }
        case "edit": {
          const note = `words ${taken.words}`;
          const shown = taken.isStale ? before.revision - 1 : before.revision;
          const sent = { ...this.visit, revision: shown + 1, note };
          const { status } = await editVisit(db, event, lists, shown, sent, NOON);
          if (status === "updated") this.acknowledged.add(note);
          return this.after(before, !taken.isStale);
        }
        case "choose": {
          const waiting = (await versionsOf(id)).filter((version) => version.resolved_at === null);
          const version = waiting[taken.which % Math.max(1, waiting.length)];
          if (!version || before.deleted_at !== null) return;
          const choice = { visitId: id, conflictId: version.id, use: taken.use, shown: before.revision };
          await db.write((writer) => chooseVersion(writer, { event, lists, now: NOON }, choice));
          if (taken.use) expect((await this.kept()).note).toBe(wordsOf(version.payload));
          return;
        }
        case "delete":
          await db.write((writer) => deleteVisit(writer, id, ORGANIZER, NOON));
          return;
        case "restore":
          await db.write((writer) => restoreVisit(writer, id, ORGANIZER, NOON));
      }
    }
  }

  test("nobody's words are lost: they count, or they are kept beside it, or who replaced them had seen them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 14 }), async (acts) => {
        const life = new Life();
        await life.send("Ada", {});
        for (const taken of acts) {
          await life.live(taken);
          const there = (await life.kept()).note as string;
          const versions = await versionsOf(life.visit.id);
          const found = new Set([there, ...life.left, ...versions.map(({ payload }) => wordsOf(payload))]);
          expect([...life.acknowledged].filter((words) => !found.has(words))).toEqual([]);
          // Nobody is asked to choose between the same words.
          const waiting = versions.filter((version) => version.resolved_at === null);
          expect(waiting.map(({ payload }) => wordsOf(payload))).not.toContain(there);
        }
      }),
      { numRuns: engine === "sqlite" ? 150 : 20 },
    );
  });

  test("who sends the same again, in whatever order, changes nothing", async () => {
    const records = fc.array(
      fc.record({
        from: fc.constantFrom("Ada", "Grace"),
        revision: fc.integer({ min: 1, max: 4 }),
        base: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
        note: fc.constantFrom("one", "two", "three"),
      }),
      { minLength: 1, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(records, async (sent) => {
        const life = new Life();
        for (const { from, ...record } of sent) await life.send(from, record);
        const before = [await life.kept(), await versionsOf(life.visit.id)];
        for (const { from, ...record } of [...sent].reverse()) await life.send(from, record);
        expect([await life.kept(), await versionsOf(life.visit.id)]).toEqual(before);
      }),
      { numRuns: engine === "sqlite" ? 60 : 20 },
    );
  });
});
