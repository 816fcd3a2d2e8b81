import { DateTime } from "luxon";
import { clockOf } from "../../src/exports/clock/rules";
import { checkExport, checkQuery, checkZipQuery } from "../../src/exports/form";
import { checklist, csv, inTracker, json, jsonLines } from "../../src/exports/formats/rules";
import { asText, COLUMNS, type Column, type ColumnType, type Context } from "../../src/exports/rules";
import { textForWorkbook } from "../../src/exports/workbook/rules";
import { forSheets } from "../../src/sheets";
import { readCsv } from "../support/csv";
import { NOON } from "../support/databases";

type Cells = Record<string, unknown>;
/** A column that is no more than its key. */
const column = (key: string, type: ColumnType = "text"): Column<Cells> => ({
  key,
  heading: key.toUpperCase(),
  meaning: key,
  type,
  get: (row) => row[key] as string | null,
});
const CONTEXT = { clock: clockOf("Europe/Brussels") } as Context;

test.each([
  ['=HYPERLINK("http://evil.example","click")'],
  ["=1+1"],
  ["+1"],
  ["-2"],
  ["@SUM(A1:A9)"],
  ["\t=1+1"],
  ["\ttab first"],
  ["\r=1+1"],
  ["  =1+1"],
  ["\u00a0=1+1"],
  ["\u200b=1+1"],
  ["\ufeff=1+1"],
  ["\uff1d1+1"],
  ["\uff0b1"],
  ["\uff0d2"],
  ["\uff20SUM(1)"],
  ["+49 170 1234567"],
  ["+491701234567"],
  ["007"],
  ["030 123456"],
  ["(030) 12"],
  ["1-2"],
  ["3/4"],
  ["1E5"],
  ["1.10"],
  ["12:30"],
  ["50%"],
  ["123456789012"],
  ["$1.00"],
  ["5 €"],
  ["MAR1"],
  ["Sep 9"],
  ["1 May 2014"],
  ["May 2014"],
  ["5 pm"],
  ["12:30 PM"],
  ["true"],
])("%j stays text in a spreadsheet, and can be read", (typed) => {
  expect(forSheets(typed)).toBe(`'${typed}`);
});

test.each([
  ["Uğur Zając"],
  ["O'Neill"],
  ['How much, and "when"?'],
  ["two\nlines"],
  ["2 × 4 cores"],
  ["a=b"],
  ["ada@visitor.example"],
  ["https://visitor.example/=1"],
  ["42"],
  ["0"],
  ["2014-04-15"],
  ["2014-04-15 10:11"],
  ["01456664-9e7e-7067-8da0-000000000000"],
  ["01456664-1111-7067-8000-000000000000"],
  ["May we use it?"],
  ["Marvin 12b"],
  ["5 people"],
  ["true story"],
  [""],
])("%j is left as it is", (typed) => {
  expect(forSheets(typed)).toBe(typed);
});

test("a text of very many digits is read once", () => {
  const digits = "1".repeat(300_000);
  const before = process.cpuUsage();
  expect(forSheets(digits)).toBe(`'${digits}`);
  expect(forSheets(`${digits}x`)).toBe(`${digits}x`);
  expect(forSheets(`${digits}.${digits}x`)).toBe(`${digits}.${digits}x`);
  expect(forSheets(` ${"(1)".repeat(100_000)}x`)).toMatch(/^ .*x$/);
  // Microseconds. Read again from each digit it took minutes.
  expect(process.cpuUsage(before).user).toBeLessThan(10_000_000);
});

test("numbers and nothing are left as they are", () => {
  expect(forSheets(-2)).toBe(-2);
  expect(forSheets(null)).toBeNull();
});

test("CSV begins with a byte order mark, ends its lines as RFC 4180 says, and quotes what needs it", () => {
  const format = csv(
    [column("a"), column("b", "number"), column("c", "texts"), column("d", "names")],
    CONTEXT,
  );
  const rows = [
    { a: 'x,"y"\nz', b: 3, c: ["1.", "=2"], d: ["p", "q"] },
    { a: null, b: null, c: [], d: ["é;"] },
    { a: "lone\rreturn", b: -1, c: [], d: [] },
  ];
  const written = format.start + format.rows(rows, true) + format.end;
  expect(written).toBe(
    '\uFEFFA,B,C,D\r\n"x,""y""\nz",3,"\'1.\n=2",p; q\r\n,,,é;\r\n"lone\rreturn",-1,,\r\n'.replace(
      "'1.",
      "1.",
    ),
  );
  expect(readCsv(written)[1]).toEqual(['x,"y"\nz', "3", "1.\n=2", "p; q"]);
});

test("JSON has every word as it was written, over several pages, and instants with the offset of the event's zone", () => {
  const columns = [column("a"), column("at", "instant"), column("all", "names")];
  const [first, second] = [
    { a: "=1", at: NOON, all: ["x; y", "z"] },
    { a: "007", at: null, all: [] },
  ];
  const expected = [{ ...first, at: "2024-02-03T12:00:00.000+01:00" }, second];
  const list = json(columns, CONTEXT);
  expect(JSON.parse(list.start + list.rows([first], true) + list.rows([second], false) + list.end)).toEqual(
    expected,
  );
  expect(JSON.parse(list.start + list.end)).toEqual([]);
  const lines = jsonLines(columns, CONTEXT).rows([first, second], true).split("\n");
  expect(lines.pop()).toBe("");
  expect(lines.map((line) => JSON.parse(line))).toEqual(expected);
});

test.each(["Europe/Brussels", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"])(
  "the clock of %s is right through the night in which it changes",
  (zone) => {
    const clock = clockOf(zone);
    const nights = ["2024-03-09T20:00Z", "2024-03-30T20:00Z", "2024-04-06T08:00Z", "2024-11-02T20:00Z"];
    for (const start of [...nights, "2024-10-26T20:00Z", "2024-10-05T08:00Z"].map((each) =>
      Date.parse(each),
    )) {
      for (let at = start; at < start + 18 * 3_600_000; at += 7 * 60_000 + 1) {
        const local = DateTime.fromMillis(at, { zone });
        expect(clock.iso(at)).toBe(
          local.set({}).toISO({ suppressMilliseconds: false })?.replace("Z", "+00:00"),
        );
        expect(clock.minute(at)).toBe(local.toFormat("yyyy-MM-dd HH:mm"));
        expect(clock.day(at)).toBe(local.toISODate());
        expect(clock.wall(at).getTime()).toBe(local.setZone("utc", { keepLocalTime: true }).toMillis());
      }
    }
  },
);

test("a text in a workbook keeps what XML cannot hold, says where it was cut, and never parts a character", () => {
  expect(textForWorkbook("a\rb\u0000c\u000Bd\uFFFEe\tf\ng")).toBe("a_x000D_b_x0000_c_x000B_d_xFFFE_e\tf\ng");
  expect(textForWorkbook("_x000D_ and _x00zz_ and __x0041_")).toBe(
    "_x005F_x000D_ and _x00zz_ and __x005F_x0041_",
  );
  const long = textForWorkbook("🏮".repeat(20_000));
  expect(long.length).toBeLessThanOrEqual(32_767);
  expect(long).toMatch(/^(🏮)+ … \(cut here/u);
  expect(textForWorkbook("x".repeat(32_767))).toBe("x".repeat(32_767));
});

test("a checklist ticks what is answered, and shows what people typed as text", () => {
  const columns = [column("question"), column("state", "name"), column("answer"), column("topics", "names")];
  const format = checklist(columns, CONTEXT, "Follow-ups: *Camp*");
  const rows = [
    { question: "# How\nlong?", state: "answered", answer: "<b>Soon</b>", topics: [] },
    { question: "Why?", state: "open", answer: null, topics: [] },
  ];
  expect(format.start + format.rows(rows, true)).toBe(
    [
      "# Follow-ups: \\*Camp\\*",
      "",
      "- [x] \\# How long?",
      "    - STATE: answered",
      "    - ANSWER: \\<b\\>Soon\\</b\\>",
      "",
      "- [ ] Why?",
      "    - STATE: open",
      "",
    ].join("\n"),
  );
});

test.each([
  ["ask @ada_l or @some-org/team", "ask `@ada_l` or `@some-org`/team"],
  ["as in #12, GH-7 and kernel/linux#3", "as in `#12`, `GH-7` and `kernel/linux#3`"],
  ["#12 first", "`#12` first"],
  ["my_org/a_b#9", "`my_org/a_b#9`"],
  ["merged by !34", "merged by `!34`"],
  ["ada@example.org", "ada@example.org"],
  ["C# or !important", "C# or !important"],
])("in an issue tracker %j calls nobody and leaves no trace elsewhere", (typed, shown) => {
  expect(inTracker(typed)).toBe(shown);
});

test("Markdown of typed text is only its text", () => {
  expect(asText("1. [x](javascript:y) `code` ~~a~~ &amp; $b$")).toBe(
    "1\\. \\[x\\](javascript:y) \\`code\\` &#126;&#126;a&#126;&#126; &amp;amp; \\$b\\$",
  );
  expect(asText("- a\n\n# b")).toBe("\\- a # b");
  expect(asText("{{ ansible_host }} in ~/.ssh & {% raw %}")).toBe(
    "\\{\\{ ansible\\_host \\}\\} in ~/.ssh & \\{% raw %\\}",
  );
});

test("every column has a key of its own, a heading and a meaning", () => {
  for (const columns of Object.values(COLUMNS)) {
    const keys = columns.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(columns.map(({ heading }) => heading)).size).toBe(keys.length);
    for (const { key, heading, meaning } of columns) {
      expect(key).toMatch(/^[a-z_]+$/);
      expect(heading && meaning).toBeTruthy();
    }
  }
});

test("filters are known by name, and empty ones are none", () => {
  expect(checkQuery({ event: "camp", project: "", state: "open", why: " to answer " })).toEqual({
    ok: true,
    value: { filters: { event: "camp", state: "open" }, why: "to answer" },
  });
  const asked = {
    state: "lost",
    evnt: "camp",
    topic: ["a", "b"],
    day: "2024-02-31",
    category: "old",
    consent: "ads",
  };
  const wrong = checkQuery(asked);
  expect(!wrong.ok && wrong.problems.map(({ field }) => field).sort()).toEqual([
    "category",
    "consent",
    "day",
    "evnt",
    "state",
    "topic",
  ]);
  expect(!wrong.ok && wrong.problems.find(({ field }) => field === "state")?.message).toBe(
    "There is no state “lost”; there are open, routed, answered, closed.",
  );
  expect(checkZipQuery({ by: "expert", topic: "storage" })).toEqual({
    ok: true,
    value: { filters: { topic: "storage" }, why: "", by: "expert", format: "csv" },
  });
  expect(checkZipQuery({ by: "topic" })).toMatchObject({ ok: false, problems: [{ field: "by" }] });
});

test("the command line is told which lists and formats there are", () => {
  expect(checkExport({ list: "visits", format: "xlsx", topic: "storage", why: "x" })).toEqual({
    ok: true,
    value: { list: "visits", format: "xlsx", filters: { topic: "storage" }, why: "x" },
  });
  const refused = (given: object, field: string) =>
    expect(checkExport(given)).toMatchObject({ ok: false, problems: [{ field }] });
  refused({ list: "visits", format: "md" }, "format");
  refused({ list: "people", format: "csv" }, "list");
  refused({ list: "visits", format: "csv", by: "expert" }, "by");
});
