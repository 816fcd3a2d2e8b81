import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { openDatabase } from "../../src/database/open";
import type { ErasedKind } from "../../src/database/tables";
import { eventById } from "../../src/events/store";
import { erase } from "../../src/privacy/erasure/store";
import { figuresOf } from "../../src/reports/store";
import { type Booth, openBooth } from "../support/booth";
import { ENGINES, freshDatabase, NOON, temporaryFolder } from "../support/databases";
import { columnsOf, columnsWith, MARKS, type Marked, markEverything } from "../support/marked";

const BY = { actor: "organizer", actorKind: "organizer", why: "asked" } as const;

/** What is not asked for by name, but follows from the mark's place: packed words, hashes, short names. */
const unreadable = (column: string) =>
  /^search_words_(data|idx)\.|\.slug$/.test(column) && !column.startsWith("experts.");

describe.each(ENGINES)("on %s", (engine) => {
  let booth: Booth;
  let dataDir: string | undefined;
  let marked: Marked;

  beforeAll(async () => {
    dataDir = engine === "sqlite" ? temporaryFolder() : undefined;
    const db = dataDir ? await openDatabase({ dataDir }, NOON) : await freshDatabase(engine);
    booth = await openBooth({ engine, db });
    marked = await markEverything(booth);
  });
  afterAll(() => booth.close());

  const eraseAll = (...what: [ErasedKind, string][]) =>
    booth.db.write(async (writer) => {
      for (const [kind, id] of what) await erase(writer, { kind, id }, BY, NOON);
    });
  const figures = async () => figuresOf(booth.db.read, await eventById(booth.db.read, booth.eventId), {});

  /** Whatever the program shows, sends or writes for the organizer that may hold words. */
  async function everythingShown(): Promise<string> {
    const organizer = await booth.organizer();
    const addresses = [
      "/",
      "/events",
      "/events/winter-camp",
      "/events/winter-camp/visits",
      "/events/winter-camp/visits?show=two-versions",
      `/visits/${marked.visitId}`,
      "/events/winter-camp/questions",
      `/questions/${marked.questionId}`,
      "/messages",
      "/experts",
      "/experts.csv?webhooks=yes",
      "/devices?event=winter-camp",
      "/asked?event=winter-camp",
      "/events/winter-camp/exports",
      "/events/winter-camp/slips",
      "/events/winter-camp/report",
      "/events/winter-camp/report.json",
      "/events/winter-camp/report.md",
      "/events/winter-camp/write-up",
      "/exports/visits.json?event=winter-camp",
      "/exports/contacts.vcf?event=winter-camp",
      "/exports/contacts.csv?event=winter-camp",
      "/exports/follow-ups.csv?event=winter-camp",
      "/exports/event.json?event=winter-camp",
      "/api/visits?event=winter-camp",
    ];
    const pages: string[] = [];
    for (const address of addresses) {
      const answer = await organizer.get(address);
      expect([address, answer.status]).toEqual([address, 200]);
      pages.push(answer.text ?? answer.body.toString());
    }
    return pages.join("\n").toLowerCase();
  }

  /** Whatever stands in the database's files, also where no row leads to it any more. */
  function bytesOnDisk(): string {
    if (!dataDir) return "";
    const folder = dataDir;
    const files = readdirSync(folder).map((name) => path.join(folder, name));
    return files
      .filter((file) => existsSync(file))
      .map((file) => readFileSync(file).toString("latin1"))
      .join("\n")
      .toLowerCase();
  }

  test.each([
    [
      "a visitor",
      "visitor",
      () => [
        ["visit", marked.visitId],
        ["visitor-question", marked.askedId],
      ],
    ],
    ["a staff member", "staff", () => [["device", marked.deviceId]]],
    ["an expert", "expert", () => [["expert", marked.expertId]]],
  ] as [string, "visitor" | "staff" | "expert", () => [ErasedKind, string][]][])(
    "of %s who is erased nothing is left: in no table, no file, no page, no list",
    async (_, who, what) => {
      const mark = MARKS[who];
      const before = (await columnsWith(booth.db, mark)).filter((column) => !unreadable(column));
      // Versions that lost went with the visitor.
      const expected = columnsOf(who, engine).filter(
        (column) => who === "visitor" || column !== "visit_conflicts.payload",
      );
      expect(before).toEqual(expected);
      const counted = await figures();
      await everythingShown();

      await eraseAll(...what());
      expect(await booth.db.forget()).toBe(true);

      expect(await columnsWith(booth.db, mark)).toEqual([]);
      expect(mark.exec(bytesOnDisk())).toBeNull();
      expect(mark.exec(await everythingShown())).toBeNull();
      expect(mark.exec(booth.logged.join("\n").toLowerCase())).toBeNull();
      const after = await figures();
      // The expert's questions are with nobody again; all else is counted as before.
      if (who === "expert") expect(after.questions).toBe(counted.questions);
      else if (who === "visitor") expect(after).toEqual(counted);
      else
        expect(JSON.stringify(after)).toBe(
          JSON.stringify(counted).replaceAll("Staffina Quillbeard", "Staff 1"),
        );
    },
  );
});
