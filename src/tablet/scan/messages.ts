import type { Pixels } from "./pixels";
import type { Code } from "./reading";

/** What the page asks of the reader, which works off its thread. */
export type Order =
  /** Where the reader's program is: it is loaded while the camera starts. */
  | { wasm: string }
  | { id: number; picture: Blob | Pixels }
  /** A picture of the camera; the turn counts them. */
  | { id: number; frame: ImageBitmap | Pixels; turn: number };

/** What the reader says of it. */
export type Answer =
  | { id: number; done: number }
  | { id: number; codes: Code[] }
  /** The picture is of a kind that this browser cannot show, or the reader itself could not be loaded. */
  | { id: number; problem: "picture" | "reader" };
