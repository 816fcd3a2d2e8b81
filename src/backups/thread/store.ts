import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

/** What can be asked of the thread: what it is given, what it gives. */
export interface Works {
  /**
   * A copy of the database `source` as it stands at one moment, in the file `to`, with nothing in it of what was deleted.
   * Checked: whole, its references lead somewhere, as many rows in each table as there were at that moment.
   * `folder`: for what lies there meanwhile.
   */
  copy: { given: { source: string; folder: string; to: string }; gives: Copied };
  /**
   * Brings a file to `part`, in another folder, and from there to its name `to` once it is on the disk and was read back the
   * same; encrypted where there is a `recipient`. Gives the bytes that it takes there.
   */
  carry: {
    given: { file: string; sha256: string; part: string; to: string; recipient?: string };
    gives: { size: number };
  };
  /**
   * Opens a backup into the file `to` and checks it. `keys`: encrypted identities, which the passphrase opens; `sealed`: a
   * file that `seal` made, which is opened along with it. Throws `wrong-passphrase` where nothing of that opens the backup,
   * `damaged` where it is not whole.
   */
  open: {
    given: { file: string; to: string; keys: string[]; passphrase?: string; sealed?: string };
    gives: Opened;
  };
  /** Makes a pair of keys: what is encrypted for the recipient is opened by the identity, which the passphrase opens. */
  makeKey: { given: { passphrase: string }; gives: { recipient: string; key: string } };
  /** Whether a passphrase opens a key. */
  opensKey: { given: { key: string; passphrase: string }; gives: boolean };
  /** A small text, encrypted. */
  seal: { given: { text: string; recipient: string }; gives: Uint8Array };
}

export interface Copied {
  /** Bytes. */
  size: number;
  /** Of the whole file. */
  sha256: string;
  /** The same for the same content: without what the database counts for itself in the head of the file. */
  content: string;
  /** Rows of each table. */
  counts: Record<string, number>;
}

export interface Opened {
  counts: Record<string, number>;
  /** The text that was sealed; undefined where there is none, or it cannot be opened by the same means. */
  unsealed?: string;
}

/** How far a work is: what it is at, and in bytes or pages where that is known. */
export interface Reached {
  step: "copying" | "checking" | "writing" | "reading back";
  done?: number;
  of?: number;
}

/** Why a work failed. `code`: of the system or the database, or `damaged`, `wrong-passphrase`, `differs`. */
export class Fault extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Does what takes long, or may get stuck, in a thread of its own: nobody at a tablet waits for a slow stick, for the check of
 * a database or for encryption. Throws a Fault where it fails or `signal` ends it; what it had begun is cleared away by
 * whoever asked.
 */
export function inThread<Name extends keyof Works>(
  name: Name,
  given: Works[Name]["given"],
  { signal, onReach }: { signal?: AbortSignal; onReach?: (reached: Reached) => void } = {},
): Promise<Works[Name]["gives"]> {
  const workerData = {
    name,
    given,
    driver: require.resolve("better-sqlite3"),
    age: pathToFileURL(require.resolve("age-encryption")).href,
  };
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new Fault("aborted", "It was broken off."));
    // `import` stays outside of what a compiler sees: age is a module that cannot be required everywhere.
    const thread = new Worker(`(${work})((name) => import(name))`, { eval: true, workerData });
    const end = () => {
      // Nobody waits longer for a thread that is stuck in a write to a stick.
      thread.unref();
      const patience = pause(1000, undefined, { ref: false });
      void Promise.race([thread.terminate(), patience]).then(() =>
        reject(new Fault("aborted", "It was broken off.")),
      );
    };
    signal?.addEventListener("abort", end, { once: true });
    thread.on("message", (told: Told<Works[Name]["gives"]>) => {
      if ("reached" in told) return onReach?.(told.reached);
      signal?.removeEventListener("abort", end);
      if ("fault" in told) reject(new Fault(told.fault.code, told.fault.message));
      else resolve(told.done);
    });
    thread.on("error", (error: Error & { code?: string }) =>
      reject(new Fault(error.code ?? "thread", error.message)),
    );
    thread.on(
      "exit",
      () => signal?.aborted || reject(new Fault("thread", "The thread that works on backups has ended.")),
    );
  });
}

type Told<Done> = { reached: Reached } | { done: Done } | { fault: { code: string; message: string } };

/** What runs in the thread: its text is taken there, so it uses nothing from around it. */
async function work(load: (name: string) => Promise<unknown>): Promise<void> {
  const { parentPort, workerData } = require("node:worker_threads") as typeof import("node:worker_threads");
  const fs = require("node:fs") as typeof import("node:fs");
  const path = require("node:path") as typeof import("node:path");
  const { createHash } = require("node:crypto") as typeof import("node:crypto");
  const Sqlite = require(workerData.driver) as typeof import("better-sqlite3");
  const age = () => load(workerData.age) as Promise<typeof import("age-encryption")>;
  type Base = import("better-sqlite3").Database;

  const PIECE = 256 * 1024;
  const reach = (reached: Reached) => parentPort?.postMessage({ reached });
  const fault = (code: string, message: string) => Object.assign(new Error(message), { code });

  /** A file piece by piece. */
  function* pieces(file: string): Generator<Uint8Array> {
    const from = fs.openSync(file, "r");
    try {
      for (;;) {
        const piece = new Uint8Array(PIECE);
        const size = fs.readSync(from, piece, 0, PIECE, null);
        if (size === 0) return;
        yield piece.subarray(0, size);
      }
    } finally {
      fs.closeSync(from);
    }
  }

  function asStream(file: string, onPiece: (size: number) => void): ReadableStream<Uint8Array> {
    const from = pieces(file);
    return new ReadableStream({
      pull(controller) {
        const { value, done } = from.next();
        if (done) return controller.close();
        onPiece(value.length);
        controller.enqueue(value);
      },
      cancel: () => void from.return(undefined),
    });
  }

  /** Writes a new file, for its owner alone, and waits until it is on the disk. Gives its size. */
  async function write(
    file: string,
    content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): Promise<number> {
    const to = fs.openSync(file, "wx", 0o600);
    let size = 0;
    try {
      for await (const piece of content) {
        for (let at = 0; at < piece.length; ) at += fs.writeSync(to, piece, at);
        size += piece.length;
      }
      fs.fsyncSync(to);
    } finally {
      fs.closeSync(to);
    }
    return size;
  }

  /** A name is on the disk when its folder is. Some file systems have nothing to wait for there and say so. */
  function settle(folder: string): void {
    try {
      const handle = fs.openSync(folder, "r");
      try {
        fs.fsyncSync(handle);
      } finally {
        fs.closeSync(handle);
      }
    } catch (error) {
      const { code = "" } = error as { code?: string };
      if (!["EINVAL", "ENOTSUP", "EISDIR", "EPERM", "EACCES", "EBADF"].includes(code)) throw error;
    }
  }

  function countsOf(base: Base): Record<string, number> {
    const tables = base
      .prepare(
        `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
           AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name`,
      )
      .pluck()
      .all() as string[];
    return Object.fromEntries(
      tables.map((name) => [
        name,
        base
          .prepare(`SELECT count(*) FROM "${name.replaceAll('"', '""')}"`)
          .pluck()
          .get() as number,
      ]),
    );
  }

  /** Gives what is counted in a database that is whole. */
  function check(file: string): Record<string, number> {
    let base: Base | undefined;
    try {
      base = new Sqlite(file, { readonly: true, fileMustExist: true });
      const found = base.pragma("integrity_check(1)", { simple: true });
      if (found !== "ok") throw fault("damaged", "The copy of the database is not whole.");
      if ((base.pragma("foreign_key_check") as unknown[]).length > 0)
        throw fault("damaged", "References in the copy of the database lead nowhere.");
      return countsOf(base);
    } catch (error) {
      const { code = "" } = error as { code?: string };
      if (code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT"))
        throw fault("damaged", "The copy of the database is not whole.");
      throw error;
    } finally {
      base?.close();
    }
  }

  async function copy({ source, folder, to }: Works["copy"]["given"]): Promise<Copied> {
    const whole = path.join(folder, "whole.db");
    const base = new Sqlite(source, { readonly: true, fileMustExist: true, timeout: 5000 });
    let counts: Record<string, number>;
    try {
      // A state that no write changes: a copy of what others write to begins anew with each of their commits.
      base.exec("BEGIN");
      counts = countsOf(base);
      await base.backup(whole, {
        progress({ totalPages, remainingPages }) {
          reach({ step: "copying", done: totalPages - remainingPages, of: totalPages });
          return 2000;
        },
      });
    } finally {
      base.close();
    }
    reach({ step: "checking" });
    // What was deleted stays in a file until something else is written there. Written anew, it has what is in it alone.
    const written = new Sqlite(whole);
    try {
      written.pragma("journal_mode = DELETE");
      written.prepare("VACUUM INTO ?").run(to);
    } finally {
      written.close();
    }
    fs.rmSync(whole);
    fs.chmodSync(to, 0o600);
    const copied = check(to);
    if (JSON.stringify(copied) !== JSON.stringify(counts))
      throw fault("damaged", "The copy of the database has not as many rows as the database.");
    const [all, content] = [createHash("sha256"), createHash("sha256")];
    let at = 0;
    for (const piece of pieces(to)) {
      all.update(piece);
      // https://sqlite.org/fileformat.html: the change counter, and for which of its values the version holds.
      if (at === 0) content.update(piece.fill(0, 24, 28).fill(0, 92, 96));
      else content.update(piece);
      at += piece.length;
    }
    return { size: at, sha256: all.digest("hex"), content: content.digest("hex"), counts };
  }

  async function carry({ file, sha256, part, to, recipient }: Works["carry"]["given"]): Promise<{
    size: number;
  }> {
    const of = fs.statSync(file).size;
    let done = 0;
    const passed = (step: Reached["step"]) => (size: number) => {
      done += size;
      reach({ step, done, of });
    };
    let fileKey: Uint8Array | undefined;
    const read = asStream(file, passed("writing"));
    let content: ReadableStream<Uint8Array> = read;
    if (recipient) {
      const { Encrypter } = await age();
      const encrypter = new Encrypter();
      encrypter.addRecipient(recipient);
      // Only the passphrase opens what is written. To read it back all the same, the key of this one file is noted meanwhile.
      encrypter.addRecipient({
        wrapFileKey(key) {
          fileKey = Uint8Array.from(key);
          return [];
        },
      });
      content = await encrypter.encrypt(read);
    }
    const size = await write(part, content);
    done = 0;
    const hash = createHash("sha256");
    let back: ReadableStream<Uint8Array> = asStream(part, passed("reading back"));
    try {
      if (recipient) {
        const { Decrypter } = await age();
        const decrypter = new Decrypter();
        decrypter.addIdentity({ unwrapFileKey: () => fileKey ?? null });
        back = await decrypter.decrypt(back);
      }
      for await (const piece of back) hash.update(piece);
    } catch (error) {
      if ((error as { code?: string }).code) throw error;
      throw fault("differs", "What was written there reads otherwise.");
    }
    if (hash.digest("hex") !== sha256) throw fault("differs", "What was written there reads otherwise.");
    fs.renameSync(part, to);
    settle(path.dirname(to));
    return { size };
  }

  async function decrypterOf({ keys, passphrase = "" }: { keys: string[]; passphrase?: string }) {
    const { Decrypter } = await age();
    const decrypter = new Decrypter();
    // Each key takes a second to try, so none is where there is nothing to try it with.
    for (const key of passphrase ? keys : []) {
      const identity = await identityIn(key, passphrase);
      if (identity) decrypter.addIdentity(identity);
    }
    // What somebody encrypted by hand, with `age --passphrase`.
    if (passphrase) decrypter.addPassphrase(passphrase);
    return decrypter;
  }

  /** The identity in an encrypted key; undefined where the passphrase does not open it. */
  async function identityIn(key: string, passphrase: string): Promise<string | undefined> {
    const { Decrypter, armor } = await age();
    const decrypter = new Decrypter();
    decrypter.addPassphrase(passphrase);
    try {
      const text = await decrypter.decrypt(armor.decode(key), "text");
      return /^AGE-SECRET-KEY-1\w+$/m.exec(text)?.[0];
    } catch {
      return undefined;
    }
  }

  /** What age throws has no code: the wrong key, or not what was encrypted. */
  function asFault(error: unknown): unknown {
    if ((error as { code?: string }).code) return error;
    return /no identity matched/.test(String(error))
      ? fault("wrong-passphrase", "The passphrase does not open this backup.")
      : fault("damaged", "The backup is not whole.");
  }

  async function open({ file, to, sealed, ...keys }: Works["open"]["given"]): Promise<Opened> {
    let unsealed: string | undefined;
    const of = fs.statSync(file).size;
    let done = 0;
    const read = asStream(file, (size) => {
      done += size;
      reach({ step: "copying", done, of });
    });
    const isEncrypted = Buffer.from(pieces(file).next().value ?? [])
      .subarray(0, 22)
      .equals(Buffer.from("age-encryption.org/v1\n"));
    if (isEncrypted) {
      const decrypter = await decrypterOf(keys);
      try {
        await write(to, await decrypter.decrypt(read));
      } catch (error) {
        throw asFault(error);
      }
      if (sealed && fs.existsSync(sealed))
        unsealed = await decrypter.decrypt(fs.readFileSync(sealed), "text").catch(() => undefined);
    } else await write(to, read);
    reach({ step: "checking" });
    const counts = check(to);
    if (!("migrations" in counts && "visits" in counts))
      throw fault("damaged", "This is no database of Boothlight.");
    return { counts, unsealed };
  }

  async function makeKey({ passphrase }: Works["makeKey"]["given"]): Promise<{
    recipient: string;
    key: string;
  }> {
    const { Encrypter, armor, generateX25519Identity, identityToRecipient } = await age();
    const identity = await generateX25519Identity();
    const recipient = await identityToRecipient(identity);
    const encrypter = new Encrypter();
    encrypter.setPassphrase(passphrase);
    const key = armor.encode(await encrypter.encrypt(`# public key: ${recipient}\n${identity}\n`));
    // A key that does not open what is encrypted for it would be found out too late.
    if ((await identityIn(key, passphrase)) !== identity) throw fault("differs", "The key cannot be opened.");
    return { recipient, key };
  }

  async function seal({ text, recipient }: Works["seal"]["given"]): Promise<Uint8Array> {
    const { Encrypter } = await age();
    const encrypter = new Encrypter();
    encrypter.addRecipient(recipient);
    return encrypter.encrypt(text);
  }

  const opensKey = async ({ key, passphrase }: Works["opensKey"]["given"]) =>
    (await identityIn(key, passphrase)) !== undefined;

  const works = { copy, carry, open, makeKey, opensKey, seal };
  try {
    const done = await works[workerData.name as keyof Works](workerData.given as never);
    parentPort?.postMessage({ done });
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    parentPort?.postMessage({ fault: { code: code ?? "unknown", message } });
  }
}
