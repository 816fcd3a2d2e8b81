import { readFileSync } from "node:fs";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import { deblurred, type Gray, shrunk, toGray, toPixels } from "../../src/tablet/scan/pixels";
import { type Read, readFrame, readPicture } from "../../src/tablet/scan/reading";
import { qrCode } from "../support/badge";

/** A code as a picture, each square of it several pixels wide, with quiet space around. */
function pictureOf(text: string, square = 8): Gray {
  const code = qrCode(text);
  const width = (code.width + 8) * square;
  const data = new Uint8ClampedArray(width * width).fill(235);
  for (let y = 0; y < width; y++) {
    for (let x = 0; x < width; x++) {
      const [row, column] = [Math.floor(y / square) - 4, Math.floor(x / square) - 4];
      const isInside = row >= 0 && column >= 0 && row < code.height && column < code.width;
      if (isInside && code.dark[row * code.width + column]) data[y * width + x] = 20;
    }
  }
  return { data, width, height: width };
}

/** Blurred by two means over squares of this reach. */
function blurred({ data, width, height }: Gray, reach: number): Gray {
  const mean = (from: ArrayLike<number>, step: number, at: number) => {
    let sum = 0;
    for (let off = -reach; off <= reach; off++) sum += from[at + off * step] ?? 235;
    return sum / (2 * reach + 1);
  };
  let now: ArrayLike<number> = data;
  for (const step of [1, width, 1, width]) {
    const before = now;
    now = Float32Array.from(data, (_, at) => mean(before, step, at));
  }
  return { data: Uint8ClampedArray.from(now), width, height };
}

const distance = (a: Gray, b: Gray) =>
  a.data.reduce((sum, shade, at) => sum + Math.abs(shade - (b.data[at] as number)), 0) / a.data.length;

beforeAll(() => {
  const wasm = readFileSync(require.resolve("zxing-wasm/reader/zxing_reader.wasm"));
  prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(wasm).buffer } });
});
const read: Read = (pixels, options) => readBarcodes(pixels as never, options);
const texts = (codes: { text: string }[]) => codes.map((code) => code.text);

test("a picture made smaller keeps its light and its shape", () => {
  const picture = pictureOf("made smaller");
  const small = shrunk(picture, 131);
  expect(small).toMatchObject({ width: 131, height: 131 });
  const mean = ({ data }: Gray) => data.reduce((sum, shade) => sum + shade, 0) / data.length;
  expect(Math.abs(mean(small) - mean(picture))).toBeLessThan(1);
  expect(shrunk(picture, 5000)).toBe(picture);
  expect(shrunk({ data: new Uint8ClampedArray(900), width: 900, height: 1 }, 100)).toMatchObject({
    width: 100,
    height: 1,
  });
});

test("grey is as bright as the colour was", () => {
  const data = Uint8ClampedArray.from([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 9, 9, 9, 255]);
  expect([...toGray({ data, width: 4, height: 1 }).data]).toEqual([76, 149, 28, 9]);
  expect([...toPixels({ data: Uint8ClampedArray.of(7), width: 1, height: 1 }).data]).toEqual([7, 7, 7, 255]);
});

test("a blur is taken back, most of it", () => {
  const sharp = pictureOf("taken back");
  const soft = blurred(sharp, 2);
  expect(distance(deblurred(soft, 2, 12), sharp)).toBeLessThan(distance(soft, sharp) / 1.5);
});

test("a blurred picture of a code that no look finds as it is, is read", async () => {
  const soft = blurred(pictureOf("MECARD:N:Byron,Ada;EMAIL:ada@engines.example;;"), 5);
  for (const side of [1000, 640, 400]) {
    expect(await read(toPixels(shrunk(soft, side)), { formats: ["QRCode"] })).toEqual([]);
  }
  expect(texts(await readPicture(soft, read, () => {}))).toEqual([
    "MECARD:N:Byron,Ada;EMAIL:ada@engines.example;;",
  ]);
});

test("reading ends with the first look that finds something, and tells how far it is", async () => {
  const done: number[] = [];
  expect(texts(await readPicture(pictureOf("at once"), read, (part) => done.push(part)))).toEqual([
    "at once",
  ]);
  expect(done).toEqual([0]);
  const nothing = { data: new Uint8ClampedArray(800 * 600).fill(128), width: 800, height: 600 };
  expect(await readPicture(nothing, read, (part) => done.push(part))).toEqual([]);
  expect(done.length).toBeGreaterThan(5);
  expect(done.slice(1)).toEqual(done.slice(1).toSorted((a, b) => a - b));
  expect(done.at(-1)).toBeLessThan(1);
});

test("the camera's pictures are looked at in turns, so that a blurred one has its turn", async () => {
  const soft = blurred(pictureOf("in its turn", 4), 2);
  const found = await Promise.all([0, 1, 2].map((turn) => readFrame(soft, turn, read)));
  expect(found.flatMap(texts)).toEqual(["in its turn"]);
});
