import { checkExport, checkFilters } from "../../src/exports/form";
import { asText, checklist, csv, FOLLOW_UPS, json, VISITS } from "../../src/exports/rules";
import { forSheets } from "../../src/sheets";
import { readCsv } from "../support/csv";

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
  const format = csv([{ heading: "A" }, { heading: "B" }]);
  const written =
    format.start +
    format.rows(
      [
        ['x,"y"\nz', 3],
        [null, "é"],
      ],
      true,
    ) +
    format.end;
  expect(written).toBe('\uFEFFA,B\r\n"x,""y""\nz",3\r\n,é\r\n');
  expect(readCsv(written)).toEqual([
    ["A", "B"],
    ['x,"y"\nz', "3"],
    ["", "é"],
  ]);
});

test("JSON has every word as it was written, over several pages", () => {
  const format = json([{ key: "a" }]);
  const written =
    format.start + format.rows([["=1"], ["007"]], true) + format.rows([[null]], false) + format.end;
  expect(JSON.parse(written)).toEqual([{ a: "=1" }, { a: "007" }, { a: null }]);
  expect(JSON.parse(format.start + format.end)).toEqual([]);
});

test("a checklist ticks what is answered, and shows what people typed as text", () => {
  const columns = [
    { key: "question", heading: "Question" },
    { key: "state", heading: "State" },
    { key: "answer", heading: "Answer" },
  ];
  const format = checklist(columns, "Follow-ups: *Camp*");
  expect(
    format.start +
      format.rows(
        [
          ["# How\nlong?", "answered", "<b>Soon</b>"],
          ["Why?", "open", null],
        ],
        true,
      ),
  ).toBe(
    [
      "# Follow-ups: \\*Camp\\*",
      "",
      "- [x] \\# How long?",
      "    - State: answered",
      "    - Answer: \\<b\\>Soon\\</b\\>",
      "",
      "- [ ] Why?",
      "    - State: open",
      "",
    ].join("\n"),
  );
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
  for (const columns of [FOLLOW_UPS, VISITS]) {
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
  expect(checkFilters({ event: "camp", project: "", state: "open" })).toEqual({
    ok: true,
    value: { event: "camp", state: "open" },
  });
  const wrong = checkFilters({ state: "lost", evnt: "camp", topic: ["a", "b"] });
  expect(!wrong.ok && wrong.problems.map(({ field }) => field).sort()).toEqual(["evnt", "state", "topic"]);
});

test("the command line is told which lists and formats there are", () => {
  expect(checkExport({ list: "visits", format: "csv", topic: "storage" })).toEqual({
    ok: true,
    value: { list: "visits", format: "csv", filters: { topic: "storage" } },
  });
  expect(checkExport({ list: "visits", format: "md" })).toMatchObject({
    ok: false,
    problems: [{ field: "format" }],
  });
  expect(checkExport({ list: "people", format: "csv" })).toMatchObject({
    ok: false,
    problems: [{ field: "list" }],
  });
});
