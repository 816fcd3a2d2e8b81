import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import { pixelsOf } from "../scan/canvas";
import type { Answer, Order } from "../scan/messages";
import { type Gray, toGray } from "../scan/pixels";
import { type Code, type Read, readFrame, readPicture } from "../scan/reading";

/** Reads codes off the page's thread. It takes one order after the other. */
let orders = Promise.resolve();
let isReady: Promise<unknown> = Promise.reject(new Error("not told where the reader is"));
isReady.catch(() => {});

addEventListener("message", ({ data: order }: MessageEvent<Order>) => {
  if ("wasm" in order) {
    // The library's own choice would be an address of somebody else's.
    isReady = prepareZXingModule({ overrides: { locateFile: () => order.wasm }, fireImmediately: true });
    isReady.catch(() => {});
  } else orders = orders.then(async () => postMessage(await answer(order)));
});

const read: Read = (pixels, options) => readBarcodes(pixels as ImageData, options);

async function answer(order: Exclude<Order, { wasm: string }>): Promise<Answer> {
  const { id } = order;
  let gray: Gray;
  try {
    const source = "picture" in order ? order.picture : order.frame;
    gray = toGray("data" in source ? source : await pixelsOf(source, contextOf));
  } catch {
    return { id, problem: "picture" };
  }
  try {
    await isReady;
    const codes: Code[] =
      "picture" in order
        ? await readPicture(gray, read, (done) => postMessage({ id, done } satisfies Answer))
        : await readFrame(gray, order.turn, read);
    return { id, codes };
  } catch {
    return { id, problem: "reader" };
  }
}

function contextOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  return context as OffscreenCanvasRenderingContext2D;
}
