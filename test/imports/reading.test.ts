import { type Part, partsOf, sourceOf } from "../../src/imports/reading/rules";
import fc from "../support/properties";

/** The bytes of a text in pieces that end wherever it happens, also within a character. */
const inPieces = (text: string, ends: number[]) =>
  async function* () {
    const bytes = Buffer.from(text);
    let from = 0;
    for (const end of [...ends.map((end) => end % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)) {
      yield bytes.subarray(from, end);
      from = end;
    }
  };

async function partsIn(text: string, ends: number[] = []): Promise<Part[]> {
  const parts: Part[] = [];
  for await (const part of partsOf(inPieces(text, ends), ["visits"])) parts.push(part);
  return parts;
}

/** The object that the parts are of. */
function together(parts: Part[]): Record<string, unknown> {
  const whole: Record<string, unknown> = {};
  for (const part of parts) {
    if ("value" in part) whole[part.field] = part.value;
    else if ("begins" in part) whole[part.field] = [];
    else (whole[part.field] as unknown[]).push(part.record);
  }
  return whole;
}

test("reads what JSON.parse reads, wherever the pieces end and however it is laid out", async () => {
  const document = fc.record(
    {
      format: fc.json(),
      event: fc.jsonValue(),
      visits: fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()),
      '"\\': fc.string({ unit: "binary" }),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(
      document,
      fc.array(fc.nat(), { maxLength: 12 }),
      fc.constantFrom(undefined, 1, "\t"),
      async (value, ends, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(together(await partsIn(text, ends))).toEqual(JSON.parse(text));
      },
    ),
    { numRuns: 150 },
  );
});

test("gives the records of a list one by one, while the rest has not come yet", async () => {
  let isRestRead = false;
  const source = async function* () {
    yield Buffer.from('{"visits": [{"id": 1}, {"id": 2}, ');
    isRestRead = true;
    yield Buffer.from('{"id": 3}]}');
  };
  const parts = partsOf(source, ["visits"]);
  const first = [await parts.next(), await parts.next()].map(({ value }) => value);
  expect(first).toEqual([
    { field: "visits", begins: true },
    { field: "visits", record: { id: 1 } },
  ]);
  expect(isRestRead).toBe(false);
});

test("lets go of the file when nobody takes more of it", async () => {
  let isClosed = false;
  const source = async function* () {
    try {
      yield Buffer.from('{"visits": [1, 2');
      yield Buffer.from("]}");
    } finally {
      isClosed = true;
    }
  };
  for await (const part of partsOf(source, ["visits"])) if ("record" in part) break;
  expect(isClosed).toBe(true);
});

test("bytes in memory are read more than once", async () => {
  const source = sourceOf(Buffer.from('{"visits": [1]}'));
  for (let time = 0; time < 2; time += 1) {
    const parts: Part[] = [];
    for await (const part of partsOf(source, ["visits"])) parts.push(part);
    expect(together(parts)).toEqual({ visits: [1] });
  }
});

test("what is no object comes as it is", async () => {
  expect(await partsIn("[1, 2]")).toEqual([{ field: "", value: [1, 2] }]);
  expect(await partsIn(" 12 ")).toEqual([{ field: "", value: 12 }]);
});

test.each([
  "",
  "{",
  '{"a" 1}',
  '{"a": 1,}',
  '{"a": 1 "b": 2}',
  "{1: 2}",
  '{"a": }',
  '{"a": 01}',
  '{"visits": [1,]}',
  '{"visits": [,1]}',
  '{"visits": [1 2]}',
  '{"visits": [1}',
  '{"visits": [{"a": "b]}',
  '{"a": [1}}',
  '{"a": 1}}',
  '{"a": 1} x',
  '{"a": "\n"}',
])("%j is no JSON", async (text) => {
  expect(() => JSON.parse(text)).toThrow(SyntaxError);
  await expect(partsIn(text)).rejects.toThrow(SyntaxError);
});

test("bytes that are no UTF-8 are no JSON", async () => {
  const source = sourceOf(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]));
  await expect(partsOf(source, []).next()).rejects.toThrow(SyntaxError);
});
