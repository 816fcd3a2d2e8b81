import type { IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { fromBuffer } from "yauzl";

/** Has supertest give a body as bytes. */
export function binary(answer: unknown, done: (error: Error | null, body: Buffer) => void): void {
  const parts: Buffer[] = [];
  (answer as IncomingMessage)
    .on("data", (part: Buffer) => parts.push(part))
    .on("end", () => done(null, Buffer.concat(parts)));
}

/** The files of a ZIP by their names, as text; read without the library that wrote it. */
export function unzipped(bytes: Buffer): Promise<Record<string, string>> {
  return new Promise((resolve, reject) => {
    fromBuffer(bytes, { lazyEntries: true, validateEntrySizes: true }, (error, zip) => {
      if (error) return reject(error);
      const files: Record<string, string> = {};
      zip.on("entry", (entry) => {
        zip.openReadStream(entry, async (problem, stream) => {
          if (problem) return reject(problem);
          files[entry.fileName] = String(await buffer(stream));
          zip.readEntry();
        });
      });
      zip.on("end", () => resolve(files));
      zip.on("error", reject);
      zip.readEntry();
    });
  });
}
