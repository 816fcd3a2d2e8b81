import type { Request, Response } from "express";
import multer, { MulterError } from "multer";
import { Problem } from "../errors";

/** The largest file that is received, in bytes: an event file of about 150,000 visits. */
const LARGEST_FILE = 64 * 1024 * 1024;
export const LARGEST_FILE_IN_WORDS = "64 MB";

/** The longest field besides the file, in bytes, where a route does not take longer ones. */
const LARGEST_FIELD = 64 * 1024;

const receiverOf = (fieldSize: number) =>
  multer({
    storage: multer.memoryStorage(),
    limits: { fileSize: LARGEST_FILE, files: 1, fields: 50, fieldSize, parts: 60 },
  }).single("file");

/**
 * Receives a form with a file in its field `file`: the other fields come to `req.body`; given are the file's bytes,
 * undefined where none was chosen, or that it is too large.
 */
export async function upload(
  req: Request,
  res: Response,
  { largestField = LARGEST_FIELD } = {},
): Promise<{ bytes?: Uint8Array; isTooLarge?: boolean }> {
  const receive = receiverOf(largestField);
  const error = await new Promise<unknown>((resolve) => void receive(req, res, resolve));
  if (error instanceof MulterError && error.code === "LIMIT_FILE_SIZE") return { isTooLarge: true };
  if (error) throw new Problem("malformed", "The form did not come through whole. Please send it again.");
  return req.file && req.file.size > 0 ? { bytes: req.file.buffer } : {};
}
