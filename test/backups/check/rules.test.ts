import {
  certificateFinding,
  clockFinding,
  durabilityFinding,
  folderFinding,
  integrityFinding,
  savingFinding,
  spaceFinding,
  worstFirst,
  zoneFinding,
} from "../../../src/backups/check/rules";
import { NOON } from "../../support/databases";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const MB = 1_000_000;

test.each([
  [5000, "good", "5.0 GB"],
  [1000, "good", "1.0 GB"],
  [999, "look", "999 MB"],
  [200, "look", "200 MB"],
  [199, "bad", "199 MB"],
  [0, "bad", "0 kB"],
])("%i MB free are %s", (free, verdict, words) => {
  expect(spaceFinding(free * MB)).toMatchObject({ verdict, words: expect.stringContaining(words) });
});

describe("the clock", () => {
  const clock = (given: Partial<Parameters<typeof clockFinding>[0]>) =>
    clockFinding({ now: NOON, lastNoted: NOON - MINUTE, offsets: [], ...given });

  test("fits where nothing speaks against it", () => {
    expect(clock({})).toMatchObject({ verdict: "good" });
    expect(clock({ lastNoted: undefined })).toMatchObject({ verdict: "good" });
    // Notes of a moment ahead are notes of now.
    expect(clock({ lastNoted: NOON + 4 * MINUTE })).toMatchObject({ verdict: "good" });
  });

  test("is wrong before the program was made, and before what it has noted", () => {
    expect(clock({ now: Date.UTC(1970, 0, 1), lastNoted: undefined })).toMatchObject({ verdict: "bad" });
    expect(clock({ lastNoted: NOON + 3 * DAY })).toMatchObject({
      verdict: "bad",
      words: expect.stringContaining("3 days before what it has noted"),
    });
  });

  test("is doubted where tablets agree on another time, and not where one tablet is wrong", () => {
    expect(clock({ offsets: [7 * MINUTE, 7 * MINUTE + 4000] })).toMatchObject({
      verdict: "look",
      words: "The laptop's clock is 7 minutes ahead of what 2 tablets say, which agree.",
    });
    expect(clock({ offsets: [-70 * MINUTE, -71 * MINUTE, 0] })).toMatchObject({
      verdict: "look",
      words: expect.stringContaining("behind what 2 tablets say"),
    });
    expect(clock({ offsets: [7 * MINUTE] })).toMatchObject({ verdict: "good" });
    expect(clock({ offsets: [7 * MINUTE, 0, 0] })).toMatchObject({ verdict: "good" });
    expect(clock({ offsets: [7 * MINUTE, -40 * MINUTE] })).toMatchObject({ verdict: "good" });
  });
});

test("a time zone that shows another time is worth a look, another name for the same time is not", () => {
  const brussels = { zone: "Europe/Brussels", offset: 60 };
  expect(zoneFinding({ zone: "Europe/Berlin", offset: 60 }, brussels)).toMatchObject({ verdict: "good" });
  expect(zoneFinding({ zone: "America/New_York", offset: -300 }, brussels)).toMatchObject({
    verdict: "look",
  });
});

describe("the certificate", () => {
  const given = { expires: NOON + 90 * DAY, isOwn: false };

  test("that holds for long is good; none is needed where HTTPS is off", () => {
    expect(certificateFinding(given, NOON)).toMatchObject({ verdict: "good" });
    expect(certificateFinding(undefined, NOON)).toMatchObject({ verdict: "good" });
  });

  test("from elsewhere has to be renewed by somebody, the laptop's own renews itself", () => {
    expect(certificateFinding({ ...given, expires: NOON + 10 * DAY }, NOON)).toMatchObject({
      verdict: "look",
    });
    expect(certificateFinding({ ...given, expires: NOON - DAY }, NOON)).toMatchObject({ verdict: "bad" });
    const own = { expires: NOON + 10 * DAY, isOwn: true };
    expect(certificateFinding(own, NOON)).toMatchObject({ verdict: "good" });
    expect(certificateFinding({ ...own, expires: NOON - DAY }, NOON)).toMatchObject({ verdict: "look" });
  });

  test("for another name than the one that codes lead to, or that cannot be read, is bad", () => {
    expect(certificateFinding({ ...given, missingName: "booth.example.org" }, NOON)).toMatchObject({
      verdict: "bad",
      words: expect.stringContaining("booth.example.org"),
    });
    expect(certificateFinding({ broken: "It cannot be read." }, NOON)).toMatchObject({ verdict: "bad" });
  });
});

test("a data folder is for its account alone, and all of it", () => {
  const folder = { folder: "/data", mode: 0o40700, foreign: [] };
  expect(folderFinding(folder)).toMatchObject({ verdict: "good" });
  expect(folderFinding({ ...folder, mode: 0o40750 })).toMatchObject({
    verdict: "look",
    advice: 'Close it to them: chmod 700 "/data"',
  });
  expect(folderFinding({ ...folder, foreign: ["boothlight.db-wal"] })).toMatchObject({
    verdict: "look",
    words: expect.stringContaining("boothlight.db-wal belongs to another account"),
  });
});

test("a database that does not wait for the disk is bad", () => {
  expect(durabilityFinding({ journal: "wal", synchronous: 2 })).toMatchObject({ verdict: "good" });
  expect(durabilityFinding({ journal: "wal", synchronous: 1 })).toMatchObject({ verdict: "bad" });
  expect(durabilityFinding({ journal: "delete", synchronous: 2 })).toMatchObject({ verdict: "bad" });
});

test("damage and rows that belong to nothing are bad", () => {
  expect(integrityFinding([], {})).toMatchObject({ verdict: "good" });
  expect(integrityFinding(["page 7 is never used"], {})).toMatchObject({
    verdict: "bad",
    words: "The database is damaged: page 7 is never used.",
    advice: expect.stringContaining("boothlight restore"),
  });
  expect(integrityFinding([], { questions: 2 })).toMatchObject({
    verdict: "bad",
    words: "Rows belong to nothing: 2 of questions.",
  });
});

test.each(["full", "read-only", "damaged", "gone", "busy", "failing", "away"] as const)(
  "trouble (%s) says since when, and what helps",
  (kind) => {
    const found = savingFinding({ kind, since: NOON }, () => "12:00");
    expect(found).toMatchObject({ verdict: "bad", words: expect.stringContaining("12:00") });
    expect(found.advice).toContain("tablets");
  },
);

test("the worst is said first", () => {
  const found = (of: string, verdict: "good" | "look" | "bad") => ({ of, verdict, words: "" });
  const all = [found("a", "good"), found("b", "look"), found("c", "bad"), found("d", "look")];
  expect(worstFirst(all).map(({ of }) => of)).toEqual(["c", "b", "d", "a"]);
});
