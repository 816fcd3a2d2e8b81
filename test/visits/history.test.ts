import { uuidv7 } from "uuidv7";
import type { SentVisit } from "../../src/visits/form";
import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";
import fc from "../support/properties";

let booth: Booth;
let tablet: Tablet;
beforeAll(async () => {
  booth = await openBooth();
  tablet = await booth.tablet();
});
afterAll(() => booth.close());

/** What the laptop has of a visit: the words that count, and those that wait for the organizer. */
async function keptOf(id: string) {
  const visits = await booth.db.read.selectFrom("visits").selectAll().where("id", "=", id).execute();
  const conflicts = await booth.db.read
    .selectFrom("visit_conflicts")
    .select("payload")
    .where("visit_id", "=", id)
    .execute();
  const waiting = conflicts.map((row) => (JSON.parse(row.payload) as SentVisit).note);
  return { visits, waiting };
}

/** Revisions of one visit, each with words of its own; the same revision may have several. */
const edits = fc.array(
  fc.record({ revision: fc.integer({ min: 1, max: 4 }), words: fc.integer({ min: 1, max: 3 }) }),
  {
    minLength: 1,
    maxLength: 12,
  },
);

test("however edits of a visit arrive, it is there once, with the words of its highest revision", async () => {
  await fc.assert(
    fc.asyncProperty(edits, async (sent) => {
      const visit = aVisit({ id: uuidv7() });
      for (const { revision, words } of sent)
        await tablet.send({ ...visit, revision, note: `words ${words}` });
      const { visits } = await keptOf(visit.id);
      expect(visits).toHaveLength(1);
      const highest = Math.max(...sent.map((edit) => edit.revision));
      const first = sent.find((edit) => edit.revision === highest);
      expect(visits[0]).toMatchObject({ revision: highest, note: `words ${first?.words}` });
    }),
    { numRuns: 60 },
  );
});

test("nobody's words are lost: of two versions of a revision that was kept, the second waits for the organizer", async () => {
  await fc.assert(
    fc.asyncProperty(edits, async (sent) => {
      const visit = aVisit({ id: uuidv7() });
      const first = new Map<number, number>();
      const lost = new Set<string>();
      // Words that the visit has said before are known: they never wait.
      const said = new Set<number>();
      let highest = 0;
      for (const { revision, words } of sent) {
        const [result] = await tablet.send({ ...visit, revision, note: `words ${words}` });
        const known = first.get(revision);
        if (known === undefined) {
          // An overtaken step that was never seen says nothing of its own: a later revision has replaced it.
          if (revision > highest) {
            first.set(revision, words);
            said.add(words);
          }
          highest = Math.max(highest, revision);
          expect(["recorded", "updated", "replayed"]).toContain(result?.status);
        } else if (known === words || (revision < highest && said.has(words)))
          expect(result?.status).toBe("replayed");
        else {
          expect(result?.status).toBe("conflict");
          lost.add(`words ${words}`);
        }
      }
      const { waiting } = await keptOf(visit.id);
      for (const words of lost) expect(waiting).toContain(words);
    }),
    { numRuns: 60 },
  );
});
