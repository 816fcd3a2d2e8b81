import { randomBytes } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";

const state = z.object({
  /** Whose backups these are: in the names of all of them. */
  of: z.string().regex(/^[0-9a-f]{8}$/),
  /** The folder that was chosen on the page. */
  place: z.string().optional(),
  /** What backups are encrypted for, and what opens them: under the passphrase, which is kept nowhere. */
  encryption: z.object({ recipient: z.string(), key: z.string() }).optional(),
  /** The last backup in each folder that has one. */
  last: z.record(
    z.string(),
    z.object({
      name: z.string(),
      at: z.number(),
      size: z.number(),
      /** Hash of what is in it. */
      content: z.string(),
      /** What it is encrypted for. */
      recipient: z.string().optional(),
      /** Whether the folder was on another disk than the data. */
      isElsewhere: z.boolean(),
    }),
  ),
});

/** What the laptop has to know of its backups when it is started again, or the stick is away. */
export type Kept = z.infer<typeof state>;
export type Last = Kept["last"][string];

const fileIn = (dataDir: string) => path.join(dataDir, "backups.json");

/** What is kept; made anew, and not yet kept, where there is nothing or it cannot be read. */
export async function keptOf(dataDir: string): Promise<Kept> {
  try {
    const parsed = state.safeParse(JSON.parse(await readFile(fileIn(dataDir), "utf8")));
    if (parsed.success) return parsed.data;
  } catch {
    // It is not there, or half of it was lost: everything in it but the key is known again after the next backup, and the key
    // lies beside the backups too.
  }
  return { of: randomBytes(4).toString("hex"), last: {} };
}

/** Keeps it in a file for its owner alone: what was there before stays until it is on the disk. */
export async function keep(dataDir: string, kept: Kept): Promise<void> {
  await writeSafely(fileIn(dataDir), JSON.stringify(kept, undefined, 1));
}

/** Writes a small file so that there is always one, whole: the one before, or this one. */
export async function writeSafely(file: string, content: string | Uint8Array): Promise<void> {
  const part = `${file}.part-${process.pid}`;
  try {
    const handle = await open(part, "w", 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    throw error;
  }
}

/** The name of the file that opens what is encrypted for a recipient, together with the passphrase. */
export function keyFileOf(recipient: string): string {
  return `boothlight-key-${recipient.slice(4, 12)}.age`;
}
