import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";

/** A small disk of its own, to be filled, broken and taken away. */
export interface SmallDisk {
  /** The folder that lies on it. */
  folder: string;
  /** Fills it up to the last block. */
  fill(): void;
  /** There is room again. */
  makeRoom(): void;
  /** From now on nothing can be written: what a file system does by itself when its disk fails. None in memory. */
  fail?(): void;
  remove(): void;
}

const run = (command: string, ...words: string[]) => spawnSync(command, words).status === 0;

/** Why this machine gives no small disks: mounting is for root. Undefined where it does. */
export function whyNoDisks(kind: "memory" | "ext4" = "memory"): string | undefined {
  try {
    openDisk(4, kind).remove();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Makes a disk of so many megabytes: in memory (tmpfs), or ext4 in a file. Throws where this machine lets nobody mount one. */
export function openDisk(megabytes: number, kind: "memory" | "ext4" = "memory"): SmallDisk {
  const home = mkdtempSync(path.join(os.tmpdir(), "boothlight-disk-"));
  const place = path.join(home, "mounted");
  mkdirSync(place);
  const image = path.join(home, "image");
  const isThere =
    kind === "memory"
      ? run("mount", "-t", "tmpfs", "-o", `size=${megabytes}m`, "none", place)
      : run("truncate", "-s", `${megabytes}M`, image) &&
        run("mkfs.ext4", "-q", image) &&
        run("mount", "-o", "loop", image, place);
  if (!isThere) {
    rmSync(home, { recursive: true });
    throw new Error(`no disk (${kind}) can be mounted on this machine`);
  }
  const folder = path.join(place, "data");
  mkdirSync(folder, { mode: 0o700 });
  const ballast = path.join(place, "ballast");
  return {
    folder,
    fill() {
      const file = openSync(ballast, "a");
      try {
        // Large pieces first, then what is left in small ones.
        for (const size of [256 * 1024, 4096, 512]) fillWith(file, Buffer.alloc(size));
      } finally {
        closeSync(file);
      }
    },
    makeRoom: () => rmSync(ballast, { force: true }),
    // ext4's way to try out that it gives up: https://www.kernel.org/doc/html/latest/admin-guide/ext4.html, "abort".
    ...(kind === "ext4" && { fail: () => void run("mount", "-o", "remount,abort", place) }),
    remove() {
      if (!run("umount", place)) run("umount", "-l", place);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function fillWith(file: number, piece: Buffer): void {
  try {
    for (;;) if (writeSync(file, piece) < piece.length) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
}
