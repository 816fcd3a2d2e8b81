import type { ReaderOptions, ReadResult } from "zxing-wasm/reader";
import { textOfCode } from "./charset";
import { deblurred, type Gray, type Pixels, shrunk, toPixels } from "./pixels";

/** A code that was found in a picture. */
export interface Code {
  text: string;
  /** What kind of code it is, as zxing names it: `QRCode`, `Code128`. */
  format: string;
  /** Bars only: such codes are read wrong more easily than others. */
  isLinear: boolean;
}

export type Read = (pixels: Pixels, options: ReaderOptions) => Promise<ReadResult[]>;

/** No picture is worth more pixels than this on its longer side. */
export const LONGEST_SIDE = 2400;

/** One way to look at a picture. */
interface Look {
  side: number;
  linear?: boolean;
  /** The blur to take back: its radius in pixels of the shrunken picture, and how often. */
  blur?: [radius: number, rounds: number];
}

/**
 * From the quickest to the slowest. Square codes first: to look for them takes a fifth of the time. A small picture
 * has less noise, a large one has small codes. Then the same with the blur taken back that hands and lenses make.
 */
const LOOKS_AT_PICTURE: Look[] = [
  { side: 1000 },
  { side: 1600 },
  { side: 640 },
  { side: 1000, linear: true },
  { side: 2400 },
  { side: 400, blur: [2, 12] },
  { side: 640, blur: [2, 12] },
  { side: 1000, blur: [2, 5] },
  { side: 1600, linear: true },
  { side: 1000, blur: [3, 12] },
  { side: 1000, blur: [2, 5], linear: true },
  { side: 1600, blur: [2, 8] },
  { side: 1600, blur: [3.5, 12] },
];

const BASE: ReaderOptions = {
  tryHarder: true,
  tryRotate: true,
  tryInvert: true,
  tryDownscale: true,
  textMode: "Plain",
  maxNumberOfSymbols: 8,
};
const SQUARE: ReaderOptions = {
  ...BASE,
  formats: ["QRCode", "MicroQRCode", "RMQRCode", "Aztec", "DataMatrix", "PDF417", "MaxiCode"],
};
const LINEAR: ReaderOptions = {
  ...BASE,
  formats: ["Code128", "Code39", "Code93", "Codabar", "EAN13", "EAN8", "UPCA", "UPCE", "ITF", "DataBar"],
  // Stripes of a shirt are read as a number now and then, but hardly on three lines alike.
  minLineCount: 3,
};

/** All codes of a picture: looks at it in one way after the other until there are some. */
export async function readPicture(picture: Gray, read: Read, tell: (done: number) => void): Promise<Code[]> {
  const looks = looksAt(Math.max(picture.width, picture.height));
  for (const [index, look] of looks.entries()) {
    tell(index / looks.length);
    const codes = await lookAt(picture, look, read);
    if (codes.length > 0) return codes;
  }
  return [];
}

/** A picture that is small already gets the same looks in its own measure, each once. */
function looksAt(longest: number): Look[] {
  const scale = Math.min(1, longest / 1600);
  const looks = LOOKS_AT_PICTURE.map((look) => ({
    ...look,
    side: Math.min(longest, Math.round(look.side * scale)),
  }));
  return looks.filter((look, index) => looks.findIndex((other) => isSame(look, other)) === index);
}

const isSame = (a: Look, b: Look) =>
  a.side === b.side && a.linear === b.linear && a.blur?.join() === b.blur?.join();

/**
 * The codes of a camera's picture, one of many: each gets the quick look, and in turns one more. `turn` counts them.
 */
export async function readFrame(frame: Gray, turn: number, read: Read): Promise<Code[]> {
  const more: Look[][] = [[{ side: 800, linear: true }], [{ side: 640, blur: [2, 8] }], [{ side: 1600 }]];
  for (const look of [{ side: 1000 }, ...(more[turn % more.length] ?? [])]) {
    const codes = await lookAt(frame, look, read);
    if (codes.length > 0) return codes;
  }
  return [];
}

async function lookAt(picture: Gray, { side, linear, blur }: Look, read: Read): Promise<Code[]> {
  const small = shrunk(picture, side);
  const sharp = blur ? deblurred(small, ...blur) : small;
  const found = await read(toPixels(sharp), linear ? LINEAR : SQUARE);
  return found
    .filter((result) => result.isValid && result.bytes.length > 0)
    .map((result) => ({ text: textOfCode(result), format: result.format, isLinear: linear === true }));
}
