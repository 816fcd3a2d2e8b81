import { sql } from "kysely";
import { uuidv7 } from "uuidv7";
import { similarTo } from "../../../src/database/search";
import { mergeQuestions, splitQuestion } from "../../../src/questions/merging/store";
import type { Taker } from "../../../src/questions/rules";
import { isSought, likeQuestion } from "../../../src/questions/search/store";
import { takeStep, undoStep } from "../../../src/questions/steps/store";
import { questionById } from "../../../src/questions/store";
import type { SentVisit } from "../../../src/visits/form";
import { terms } from "../../../src/visits/terms/rules";
import { aVisit, type Booth, openBooth, type Tablet } from "../../support/booth";
import { ENGINES, NOON } from "../../support/databases";

const US: Taker = { kind: "organizer", name: "organizer" };

describe.each(ENGINES)("a search on %s", (engine) => {
  let booth: Booth;
  let tablet: Tablet;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    tablet = await booth.tablet("Ada");
  });
  afterEach(() => booth.close());

  async function ask(text: string, given: Partial<SentVisit> = {}): Promise<string> {
    const id = uuidv7();
    await tablet.send(aVisit({ questions: [{ id, text }], ...given }));
    return id;
  }
  const find = async (typed: string) => {
    const sought = await isSought(booth.db.read, "questions.id", typed);
    if (!sought) return undefined;
    const rows = await booth.db.read.selectFrom("questions").select("id").where(sought).execute();
    return rows.map((row) => row.id);
  };
  const shownAs = async (id: string) => (await questionById(booth.db.read, id)).version;
  const answer = async (id: string, note: string) => {
    const shown = await shownAs(id);
    return booth.db.write((writer) =>
      takeStep(writer, id, { step: "answered", shown, note, by: US, now: NOON }),
    );
  };

  test.each([
    ["another form of a word", "Can we upgrade in place?", "upgrading"],
    ["a singular for a plural", "Which LUNs does it see?", "lun"],
    ["a German plural", "Wie mache ich Aktualisierungen ohne Ausfall?", "Aktualisierung"],
    ["a French plural", "Est-ce que les sauvegardes sont chiffrées ?", "sauvegarde"],
    ["a word without its accents", "Wie groß darf Żółw sein?", "zolw gross"],
    ["a name without its accents", "Ask Zając", "zajac"],
    ["a beginning", "Does it migrate workloads?", "workl"],
    ["a number", "What changed between 4.5 and 4.10?", "4.10"],
    ["a compound written as one", "Does SR-IOV work?", "sriov"],
    ["a compound written as two", "Does SRIOV work?", "sr-iov"],
    ["words in another order", "Backup of a running machine", "machine backup"],
    ["a question with other little words", "Where is the installer?", "what about the installer"],
    ["what stands behind an apostrophe", "Le prix de l'hébergement", "hebergement"],
    ["words without blanks between them", "仮想マシンの移行はできますか", "移行"],
    ["one character of them", "仮想マシンの移行はできますか", "想"],
    ["the middle of a word", "Datenbanksicherungen?", "sicherung"],
    ["an address", "Write to zoe@example.org", "zoe@example.org"],
    ["odd characters beside it", `He said "why" (twice) AND 'NOT`, `"why" AND (twice`],
  ])("finds by %s", async (_what, text, typed) => {
    const id = await ask(text);
    await ask("Something else entirely");
    expect(await find(typed)).toEqual([id]);
  });

  test("needs all words, and finds nothing where one is not there", async () => {
    await ask("Can we upgrade the storage?");
    expect(await find("upgrade networking")).toEqual([]);
    expect(await find("?!")).toEqual([]);
    expect(await find("  ")).toBeUndefined();
  });

  test("finds what the visit says around the question, until it no longer does", async () => {
    const id = uuidv7();
    const visit = aVisit({
      note: "Forty hosts",
      contact: { name: "Renée", organization: "ACME", consent: ["follow-up"] },
      questions: [{ id, text: "Which disk?" }],
    });
    await tablet.send(visit);
    for (const typed of ["host", "renee", "acme disk"]) expect(await find(typed)).toEqual([id]);
    await tablet.send({ ...visit, revision: 2, note: "Fifty", contact: undefined });
    expect(await find("fifty")).toEqual([id]);
    for (const typed of ["host", "renee", "acme disk"]) expect(await find(typed)).toEqual([]);
  });

  test("finds by the answer from the moment it is given, until it is taken back", async () => {
    const id = await ask("Which disk?");
    const step = await answer(id, "Any NVMe drive");
    expect(await find("drives")).toEqual([id]);
    const shown = await shownAs(id);
    await booth.db.write((writer) => undoStep(writer, id, { step, shown, by: US, now: NOON }));
    expect(await find("drives")).toEqual([]);
  });

  test("finds a question by the words of those that are asked together with it, until they are taken apart", async () => {
    const [head, member] = [await ask("Which disk?"), await ask("What storage do you need?")];
    const shown = async (id: string) => ({ id, version: await shownAs(id) });
    const [into, other] = [await shown(head), await shown(member)];
    await booth.db.write((writer) => mergeQuestions(writer, into, [other], { by: US, now: NOON }));
    expect(await find("storage")).toEqual([head]);
    await booth.db.write((writer) => splitQuestion(writer, member, { by: US, now: NOON }));
    expect(await find("storage")).toEqual([member]);
    expect(await find("disk")).toEqual([head]);
  });

  test("finds nothing of what was taken out, and the index holds none of its words", async () => {
    const id = uuidv7();
    const visit = aVisit({ questions: [{ id, text: "Zanzibar?" }] });
    await tablet.send(visit);
    expect(await find("zanzibar")).toEqual([id]);
    await tablet.send({ ...visit, revision: 2, questions: [] });
    expect(await find("zanzibar")).toEqual([]);
    const kept =
      engine === "sqlite"
        ? sql<{
            count: number;
          }>`SELECT count(*) AS count FROM search_words_data WHERE instr(block, 'anzibar')`
        : sql<{ count: number }>`SELECT count(*) AS count FROM search_documents`;
    expect(Number((await kept.execute(booth.db.read)).rows[0]?.count)).toBe(0);
  });

  test("what is like a text is found with the most alike first", async () => {
    const near = await ask("How do I upgrade the storage nodes without downtime?");
    const far = await ask("Is there an upgrade?");
    await ask("Where do I get a T-shirt?");
    const given = { terms: terms("Can storage nodes be upgraded?") };
    expect((await similarTo(booth.db.read, given, 5)).map((each) => each.id)).toEqual([near, far]);
    expect(await similarTo(booth.db.read, { ...given, answered: true }, 5)).toEqual([]);
    await answer(far, "Yes");
    expect((await similarTo(booth.db.read, { ...given, answered: true }, 5)).map((each) => each.id)).toEqual([
      far,
    ]);
    expect(await similarTo(booth.db.read, { ...given, eventIds: [uuidv7()] }, 5)).toEqual([]);
    expect(await similarTo(booth.db.read, { terms: [] }, 5)).toEqual([]);
    const question = await questionById(booth.db.read, near);
    expect((await likeQuestion(booth.db.read, question, 5)).map((each) => each.id)).toEqual([far]);
  });

  test("a question that cannot be indexed is kept all the same, and indexed when it can be", async () => {
    await booth.db.write((writer) => sql`ALTER TABLE search_documents RENAME TO away`.execute(writer));
    const id = await ask("Which disk?");
    expect(booth.logged.join("\n")).toContain("questions could not be indexed");
    expect((await questionById(booth.db.read, id)).text).toBe("Which disk?");
    await booth.db.write((writer) => sql`ALTER TABLE away RENAME TO search_documents`.execute(writer));
    expect(await find("disks")).toEqual([id]);
  });
});
