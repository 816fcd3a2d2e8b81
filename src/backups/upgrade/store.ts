import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import type { Config } from "../../config";
import type { BeforeUpgrade } from "../../database/open";
import { keep, keptOf } from "../keys/store";
import { folderBesideData } from "../places/store";
import { nameOf, troubleInWords } from "../rules";
import { Fault, inThread } from "../thread/store";

/**
 * Keeps what is there before a database is brought to a newer version, beside the data: from there it is at hand where the
 * newer version turns out to be no better. Throws an Error of one line where it cannot be kept; nothing is upgraded then.
 */
export function keepBeforeUpgrade({ dataDir }: Pick<Config, "dataDir">, now: () => number): BeforeUpgrade {
  return async (source) => {
    const folder = folderBesideData(dataDir);
    const kept = await keptOf(dataDir);
    const name = nameOf({ of: kept.of, at: now(), isEncrypted: false, isBeforeUpgrade: true });
    const under = path.join(dataDir, `backup-under-way-${process.pid}`);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await mkdir(under, { mode: 0o700 });
      const file = path.join(under, "backup.db");
      const { sha256 } = await inThread("copy", { source, folder: under, to: file });
      const part = path.join(folder, `${name}.part-${process.pid}`);
      await inThread("carry", { file, sha256, part, to: path.join(folder, name) });
      await keep(dataDir, kept);
    } catch (error) {
      const words = troubleInWords(error instanceof Fault ? error.code : "unknown", "laptop", { folder });
      throw new Error(
        `the data was not brought to this version, because no copy could be kept of it. ${words}`,
      );
    } finally {
      await rm(under, { recursive: true, force: true });
    }
  };
}
