import { pixelsOf } from "./canvas";
import type { Answer, Order } from "./messages";
import type { Code } from "./reading";

/** Why nothing could be read: the picture cannot be shown here, or the reader did not load. */
export class ReadingProblem extends Error {
  readonly what: "picture" | "reader";

  constructor(what: "picture" | "reader") {
    super(`reading failed: ${what}`);
    this.what = what;
  }
}

interface Asked {
  resolve: (codes: Code[]) => void;
  reject: (problem: ReadingProblem) => void;
  tell?: (done: number) => void;
}

/** The page's end of the worker that reads codes. */
export class Reader {
  readonly #worker: Worker;
  readonly #asked = new Map<number, Asked>();
  #last = 0;

  /** Takes the addresses of the worker's script and of the program that it runs. */
  constructor(worker: string, wasm: string) {
    this.#worker = new Worker(worker);
    this.#worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => this.#hear(data));
    this.#worker.addEventListener("error", () => this.#fail());
    // Its script knows no address but its own.
    this.#worker.postMessage({ wasm: new URL(wasm, location.href).href } satisfies Order);
  }

  /** The codes of a photo; none where there are none. `tell` hears how far it is, from 0 to 1. */
  async picture(photo: Blob, tell: (done: number) => void): Promise<Code[]> {
    const picture = canPaintOffThread
      ? photo
      : await pixelsOf(photo, contextOf).catch(() => {
          throw new ReadingProblem("picture");
        });
    return this.#ask((id) => [{ id, picture }, []], tell);
  }

  /** The codes of the camera's picture of this moment. */
  async frame(video: HTMLVideoElement, turn: number): Promise<Code[]> {
    const bitmap = await createImageBitmap(video);
    if (canPaintOffThread) return this.#ask((id) => [{ id, frame: bitmap, turn }, [bitmap]]);
    const pixels = await pixelsOf(bitmap, contextOf);
    return this.#ask((id) => [{ id, frame: pixels, turn }, [pixels.data.buffer]]);
  }

  close(): void {
    this.#worker.terminate();
    this.#fail();
  }

  #ask(order: (id: number) => [Order, Transferable[]], tell?: (done: number) => void): Promise<Code[]> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject, tell });
      this.#worker.postMessage(...order(id));
    });
  }

  #hear(answer: Answer): void {
    const asked = this.#asked.get(answer.id);
    if ("done" in answer) {
      asked?.tell?.(answer.done);
      return;
    }
    this.#asked.delete(answer.id);
    if ("codes" in answer) asked?.resolve(answer.codes);
    else asked?.reject(new ReadingProblem(answer.problem));
  }

  #fail(): void {
    for (const { reject } of this.#asked.values()) reject(new ReadingProblem("reader"));
    this.#asked.clear();
  }
}

/** Safari before 16.4 has no canvas off the page's thread: there the page paints, and the worker still reads. */
const canPaintOffThread = typeof OffscreenCanvas !== "undefined";

function contextOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return context as unknown as OffscreenCanvasRenderingContext2D;
}
