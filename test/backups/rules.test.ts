import {
  type Backup,
  backupNamed,
  findingFrom,
  isDue,
  nameOf,
  newestFirst,
  readmeText,
  SPANS,
  type Standing,
  sizeInWords,
  toForget,
  toThinOut,
  troubleInWords,
} from "../../src/backups/rules";
import { NOON } from "../support/databases";
import fc from "../support/properties";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const backupAt = (at: number, given: Partial<Backup> = {}): Backup => {
  const backup = { of: "7f3a09c1", at, isEncrypted: false, isBeforeUpgrade: false, ...given };
  return { ...backup, name: nameOf(backup) };
};

/** Backups of the last two years, to the second, no two of one second. */
const someBackups = fc
  .uniqueArray(fc.integer({ min: 0, max: 2 * 365 * 86_400 }), { minLength: 1, maxLength: 200 })
  .map((ages) => ages.map((age) => backupAt(NOON - age * 1000)));

test("a name says all that is to be known of a backup, and other names say nothing", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4e12 }),
      fc.boolean(),
      fc.boolean(),
      (at, isEncrypted, isBeforeUpgrade) => {
        const backup = backupAt(Math.floor(at / 1000) * 1000, { isEncrypted, isBeforeUpgrade });
        expect(backupNamed(backup.name)).toEqual(backup);
      },
    ),
  );
  for (const name of [
    "boothlight.db",
    "boothlight-7f3a09c1-2026-11-26T12-20-00Z.db.part-12",
    "boothlight-7f3a09c1-2026-13-26T12-20-00Z.db",
    "holiday.jpg",
  ])
    expect(backupNamed(name)).toBeUndefined();
});

test.each([
  [0, "0 kB"],
  [400, "1 kB"],
  [812_000, "812 kB"],
  [999_900, "1.0 MB"],
  [4_210_000, "4.2 MB"],
  [9_970_000, "10 MB"],
  [31_400_000_000, "31 GB"],
  [2_500_000_000_000, "2.5 TB"],
])("%d bytes are %s", (bytes, words) => {
  expect(sizeInWords(bytes)).toBe(words);
});

describe("thinned out", () => {
  const left = (backups: Backup[], spans = SPANS[0], now = NOON) => {
    const [newest] = newestFirst(backups) as [Backup];
    const gone = new Set(toThinOut(backups, { newest, now, spans }));
    return backups.filter((each) => !gone.has(each));
  };

  test("the newest always stays, and all of the last two hours", () => {
    fc.assert(
      fc.property(someBackups, fc.constantFrom(...SPANS), (backups, spans) => {
        const kept = left(backups, spans);
        expect(kept).toContain(newestFirst(backups)[0]);
        for (const each of backups) if (NOON - each.at <= spans.all) expect(kept).toContain(each);
      }),
    );
  });

  test("whatever went has a newer one of the same hour, day or month", () => {
    fc.assert(
      fc.property(someBackups, (backups) => {
        const kept = left(backups);
        for (const each of backups.filter((backup) => !kept.includes(backup))) {
          const age = NOON - each.at;
          const length = age <= 2 * DAY ? 13 : age <= 31 * DAY ? 10 : 7;
          const period = (at: number) => new Date(at).toISOString().slice(0, length);
          expect(kept.some(({ at }) => at > each.at && period(at) === period(each.at))).toBe(true);
        }
      }),
    );
  });

  test("thinning out twice is thinning out once, and what is left is few", () => {
    fc.assert(
      fc.property(someBackups, (backups) => {
        const kept = left(backups);
        expect(left(kept)).toEqual(kept);
        const older = kept.filter(({ at }) => NOON - at > 2 * HOUR).length;
        expect(older).toBeLessThanOrEqual(49 + 33 + 26);
      }),
    );
  });

  test("an event of four days, backed up every ten minutes, is left in some sixty backups, and two months later in one", () => {
    let backups: Backup[] = [];
    let now = NOON;
    for (; now < NOON + 4 * DAY; now += 10 * MINUTE) {
      backups = left([...backups, backupAt(now)], SPANS[0], now);
    }
    expect(backups.length).toBeGreaterThan(55);
    expect(backups.length).toBeLessThan(70);
    expect(left(backups, SPANS[0], now + 60 * DAY)).toHaveLength(1);
  });

  test("with less room less is kept, and never nothing", () => {
    const backups = Array.from({ length: 300 }, (_each, index) => backupAt(NOON - index * 10 * MINUTE));
    const counts = SPANS.map((spans) => left(backups, spans).length);
    expect([...counts].sort((a, b) => b - a)).toEqual(counts);
    expect(counts.at(-1)).toBeGreaterThanOrEqual(1);
  });

  test("what a wrong clock dated later than the newest goes, and the newest stays", () => {
    const newest = backupAt(NOON);
    const early = backupAt(NOON + 400 * DAY);
    expect(toThinOut([early, newest], { newest, now: NOON })).toEqual([early]);
  });

  test("what was there before an upgrade stays for a month", () => {
    const before = backupAt(NOON - 20 * DAY - MINUTE, { isBeforeUpgrade: true });
    const after = backupAt(NOON - 20 * DAY);
    const newest = backupAt(NOON);
    expect(toThinOut([newest, after, before], { newest, now: NOON })).toEqual([]);
    expect(toThinOut([newest, after, before], { newest, now: NOON + 30 * DAY })).toEqual([before]);
  });
});

describe("who was erased", () => {
  const [old, yesterday, today] = [backupAt(NOON - 40 * DAY), backupAt(NOON - 30 * HOUR), backupAt(NOON)];

  test("is in older backups for a day, and then these go", () => {
    const erasedAt = [NOON - 25 * HOUR];
    expect(toForget([today, yesterday, old], erasedAt, NOON)).toEqual([yesterday, old]);
    expect(toForget([today, yesterday, old], erasedAt, NOON - 2 * HOUR)).toEqual([]);
    expect(toForget([today, yesterday, old], [], NOON)).toEqual([]);
  });

  test("never costs the last backup: one made since has to be there", () => {
    expect(toForget([yesterday, old], [NOON - 25 * HOUR], NOON)).toEqual([]);
  });
});

test.each([
  ["nothing was ever backed up", { isChanged: true }, true],
  ["nothing changed", { isChanged: false, lastAt: NOON - DAY }, false],
  ["something changed, ten minutes after the last", { isChanged: true, lastAt: NOON - 10 * MINUTE }, true],
  ["something changed, a minute after the last", { isChanged: true, lastAt: NOON - MINUTE }, false],
  ["the last try failed just now", { isChanged: true, lastAt: NOON - DAY, failedAt: NOON - MINUTE }, false],
  ["the last try failed ten minutes ago", { isChanged: false, failedAt: NOON - 10 * MINUTE }, true],
  ["the stick is back", { isChanged: true, failedAt: NOON - MINUTE, isBack: true }, true],
  ["the clock was put back by a year", { isChanged: true, lastAt: NOON + 365 * DAY }, true],
])("whether a backup is due when %s", (_when, given, due) => {
  expect(isDue({ now: NOON, isBack: false, ...given })).toBe(due);
});

describe("what there is to say", () => {
  const standing = (given: Partial<Standing>) =>
    findingFrom({ place: { folder: "/media/ada/STICK", from: "page" }, is: "other", now: NOON, ...given });

  test.each<[string, Partial<Standing>, string, RegExp]>([
    ["no backup yet, and the program just began", { changedSince: NOON - MINUTE }, "look", /no backup yet/],
    ["no backup yet, seen from a command", { changedSince: "unknown" }, "look", /no backup yet/],
    ["no backup yet for two hours", { changedSince: NOON - 2 * HOUR }, "bad", /no backup yet/],
    ["one of just now", { lastAt: NOON - 3 * MINUTE }, "good", /3 minutes ago, in \/media\/ada\/STICK/],
    ["an old one, and nothing changed", { lastAt: NOON - 9 * DAY }, "good", /9 days ago/],
    [
      "an old one, and much changed",
      { lastAt: NOON - 3 * HOUR, changedSince: NOON - 2 * HOUR },
      "bad",
      /in none/,
    ],
    ["the stick away for a moment", { is: "away", lastAt: NOON - 5 * MINUTE }, "look", /is away/],
    [
      "the stick away for long",
      { is: "away", lastAt: NOON - 3 * HOUR, changedSince: NOON - 2 * HOUR },
      "bad",
      /is away/,
    ],
    [
      "no room there",
      { trouble: "There is no room left in /x.", lastAt: NOON },
      "look",
      /no room left in \/x/,
    ],
    [
      "the same disk alone",
      { place: { folder: "/d/backups", from: "nowhere" }, is: "same", lastAt: NOON },
      "look",
      /same disk/,
    ],
  ])("with %s", (_when, given, verdict, words) => {
    const finding = standing(given);
    expect(finding.verdict).toBe(verdict);
    expect(finding.words).toMatch(words);
    if (verdict !== "good") expect(finding.advice).toBeTruthy();
  });

  test("every trouble has a sentence that names where it is", () => {
    for (const code of ["ENOSPC", "EROFS", "EACCES", "ENOENT", "EIO", "differs", "aborted"])
      expect(troubleInWords(code, "place", { folder: "/media/ada/STICK" })).toContain("/media/ada/STICK");
    for (const code of ["ENOSPC", "SQLITE_FULL", "EROFS"])
      expect(troubleInWords(code, "laptop", { folder: "/x" })).toContain("laptop’s own disk");
    expect(troubleInWords("SQLITE_CORRUPT", "laptop", { folder: "/x" })).toContain("damaged");
  });

  test("what lies beside the backups says how they are opened, and nobody's name", () => {
    expect(readmeText({})).toContain("not encrypted");
    const text = readmeText({ keyFile: "boothlight-key-abcdefgh.age" });
    expect(text).toContain("npm run boothlight -- restore");
    expect(text).toContain("age -d -i boothlight-key-abcdefgh.age");
    for (const line of text.split("\n")) expect(line.length).toBeLessThan(90);
  });
});
