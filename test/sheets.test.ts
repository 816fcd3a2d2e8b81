import { csvHead, csvLines, csvRead, decoded, forSheets, fromSheets } from "../src/sheets";
import fc from "./support/properties";

/** Texts with everything in them that trips readers of CSV. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(
      fc.constantFrom(
        "'",
        '"',
        ",",
        ";",
        "\n",
        "\r",
        "\r\n",
        "=",
        "+",
        "-",
        "@",
        "0",
        "1",
        "\t",
        "\0",
        "é",
        "🏮",
        " ",
        "\uFEFF",
      ),
    )
    .map((parts) => parts.join("")),
);

test("whatever is written for spreadsheets is read again as it was", () => {
  fc.assert(
    fc.property(text, (typed) => {
      expect(fromSheets(forSheets(typed) as string)).toBe(typed);
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text, text), { maxLength: 8 }), (rows) => {
      const written = csvHead(["A", "B", "C"]) + csvLines(rows);
      const cells = csvRead(written).map((line) => line.cells);
      const full = rows.filter((row) => row.some((cell) => cell.trim() !== ""));
      expect(cells).toEqual([["A", "B", "C"], ...full]);
    }),
    { numRuns: 500 },
  );
});

test("an apostrophe that somebody typed is told from one that keeps a text", () => {
  expect(forSheets("'=1")).toBe("''=1");
  expect(fromSheets("''=1")).toBe("'=1");
  expect(fromSheets("'=1")).toBe("=1");
  expect(fromSheets("'quoted'")).toBe("'quoted'");
  expect(fromSheets("=1")).toBe("=1");
});

test.each([
  ["commas", "Name,Kind\nAda,person\n"],
  ["semicolons, as Excel writes where the comma is for decimals", "Name;Kind\r\nAda;person\r\n"],
  ["tabs", "Name\tKind\rAda\tperson"],
  ["what its first line says", "sep=;\r\nName;Kind\r\nAda;person"],
  ["commas where a quoted heading has semicolons", '"Na;m;e",Kind\nAda,person\n'],
])("cells are parted by %s", (_what, file) => {
  expect(csvRead(file).map(({ cells }) => cells.length)).toEqual([2, 2]);
  expect(csvRead(file)[1]?.cells).toEqual(["Ada", "person"]);
});

test("lines are counted as an editor counts them, and empty ones are left out", () => {
  const lines = csvRead('Name,Kind\r\n\r\n"two\r\nlines",x\n,\n\nlast,y');
  expect(lines).toEqual([
    { line: 1, cells: ["Name", "Kind"] },
    { line: 3, cells: ["two\r\nlines", "x"] },
    { line: 7, cells: ["last", "y"] },
  ]);
});

test("a quotation mark within a cell is a quotation mark; one that is never closed is told", () => {
  expect(csvRead('a,the "old" list\n')[0]?.cells).toEqual(["a", 'the "old" list']);
  expect(() => csvRead('a,b\n"c,d\ne,f\n')).toThrow("never closed");
});

test("a file is read in the encoding that it was written in", () => {
  expect(decoded(Buffer.from("Zoë 🏮"))).toEqual({ text: "Zoë 🏮", isGuess: false });
  expect(decoded(Buffer.from("\uFEFFZoë"))).toEqual({ text: "Zoë", isGuess: false });
  expect(decoded(Buffer.from("\uFEFFZoë", "utf16le"))).toEqual({ text: "Zoë", isGuess: false });
  expect(decoded(Buffer.from("\uFEFFZoë", "utf16le").swap16())).toEqual({ text: "Zoë", isGuess: false });
  expect(decoded(Buffer.from("Zoë", "latin1"))).toEqual({ text: "Zoë", isGuess: true });
});

test("what is no text is refused with what to do", () => {
  expect(() => decoded(Buffer.from([0x50, 0x4b, 3, 4, 0]))).toThrow("CSV UTF-8");
  expect(() => decoded(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 0xff]))).toThrow("not a text file");
});
