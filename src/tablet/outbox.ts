import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import { uuidv7 } from "uuidv7";
import type { Result, SentVisit } from "../visits/form";
import type { Clocks } from "./clock";

/** A visit that the laptop has not acknowledged yet, as it lies on the tablet's disk. */
export interface Waiting {
  id: string;
  /** The short name of the event that it was logged for. */
  event: string;
  visit: SentVisit;
  /** When it was put in, by the tablet's clock, in milliseconds. */
  since: number;
  /** The highest revision that has ever been sent; 0 while none was. */
  sentRevision: number;
  /** Undone: what waits is word of that. */
  undone: boolean;
  /** New with each change of words: by it a page knows whether it has seen what lies here. */
  stamp: string;
  /** What was known of the laptop's clock when the visit was logged. */
  clocks?: Clocks;
  /** Other words for the same visit, from another page on this tablet: they travel after it, as versions beside it. */
  others?: SentVisit[];
  /** What was typed and cannot be taken as it is, while `visit` is what can. */
  draft?: Draft;
  /** Why the laptop did not take it. Waits for somebody to mend it. */
  refused?: Pick<Result, "status" | "problems">;
}

export interface Draft {
  visit: SentVisit;
  problems: NonNullable<Result["problems"]>;
}

/** Two versions of a visit, both of which the laptop has. Kept until somebody here has looked at them. */
export interface TwoVersions {
  id: string;
  event: string;
  mine: SentVisit;
  /** What the laptop goes by; unknown where it did not say. */
  theirs?: SentVisit;
}

/** Why the tablet's disk does not take what is logged. */
export type Trouble = "blocked" | "full" | "lost";

const NAME = "boothlight";
/** What pages of one device tell one another when the tablet was unpaired. */
const FORGET = "forget";

interface Schema extends DBSchema {
  waiting: { key: string; value: Waiting };
  twoVersions: { key: string; value: TwoVersions };
  /** Small things by name: who uses the tablet, what the rescue file holds. Nothing about visitors. */
  kept: { key: string; value: unknown };
}
const STORES = ["waiting", "twoVersions", "kept"] as const;
type Change = (before: Waiting | undefined) => Waiting | undefined;

/** A database that is neither opened nor refused within this time counts as blocked, in milliseconds. */
const OPEN_WITHIN = 3000;
const AGAIN_AFTER = 2000;
/** A database that was just cleared may close the first connections to it, too. */
const TRIES = 3;

/**
 * What waits for the laptop. Everything is on the tablet's disk before a promise resolves; where the disk fails, it
 * is held in memory, `trouble` says why, and the disk is tried again with every change and every few seconds.
 */
export class Outbox {
  #database: IDBPDatabase<Schema> | undefined;
  #trouble: Trouble | undefined;
  #connecting: Promise<void> | undefined;
  /** All that waits, as this page knows it: what there is to rescue when the disk is gone. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #twoVersions = new Map<string, TwoVersions>();
  readonly #kept = new Map<string, unknown>();
  /** What in memory the disk does not have yet. */
  readonly #unsaved = new Set<string>();
  /** The stamps of what lies on the disk. */
  readonly #onDisk = new Map<string, string>();
  readonly #pages = new BroadcastChannel(NAME);
  readonly #changed: (id: string | undefined) => void;
  /** The last change that was begun. It never fails. */
  #changing: Promise<void> = Promise.resolve();

  /** `changed` is told of what another page on this tablet did (the visit's id), and of trouble that came or went. */
  private constructor(changed: (id: string | undefined) => void) {
    this.#changed = changed;
    this.#pages.addEventListener("message", (event) => void this.#readAgain(event.data));
    setInterval(() => {
      if (this.#trouble) void this.#mend();
    }, AGAIN_AFTER);
  }

  /** Opens the outbox, in memory where the browser gives no disk. Never fails. */
  static async open(changed: (id: string | undefined) => void): Promise<Outbox> {
    const outbox = new Outbox(changed);
    await outbox.#connect();
    return outbox;
  }

  /** Why what is logged is in memory only; undefined where it is on the disk. */
  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  /** All that waits, in the order in which it was put in. */
  all(): Waiting[] {
    return [...this.#waiting.values()].sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1));
  }

  get(id: string): Waiting | undefined {
    return this.#waiting.get(id);
  }

  /** Whether the tablet's disk has a visit's last words. */
  isOnDisk(id: string): boolean {
    return !this.#unsaved.has(id) || this.#onDisk.get(id) === this.#waiting.get(id)?.stamp;
  }

  /** Visits of which the laptop has other words than this tablet. */
  twoVersions(): TwoVersions[] {
    return [...this.#twoVersions.values()];
  }

  /** A small thing that was kept on this tablet. */
  kept<T>(name: string): T | undefined {
    return this.#kept.get(name) as T | undefined;
  }

  async keep(name: string, value: unknown): Promise<void> {
    this.#kept.set(name, value);
    await this.#database?.put("kept", value, name).catch(() => {});
  }

  /**
   * Puts a visit in, or in place of what waits of it. `visit.revision` is the last one that is known of here, 0 for a
   * new visit, and `visit.base` the last one that the laptop is known to have; a revision that has been sent is never used again for other words. `seen` is the stamp of what
   * the edit was made from: where something else lies here by now, it goes along as another version. `draft` is kept
   * beside it where some of what was typed has to be mended first. Gives what was put in.
   */
  async put(
    event: string,
    visit: SentVisit,
    edit: { now: number; seen?: string; draft?: Draft; clocks?: Clocks },
  ): Promise<Waiting> {
    const stamp = uuidv7();
    await this.#change([visit.id], (before) => {
      // What waits and was never sent gets no new revision by an edit.
      const isAhead = visit.revision === before?.visit.revision && (visit.base ?? 0) < visit.revision;
      const sentRevision = Math.max(before?.sentRevision ?? 0, isAhead ? 0 : visit.revision);
      const others = before?.others ?? [];
      const isUnseen = before !== undefined && !before.undone && before.stamp !== edit.seen;
      return {
        id: visit.id,
        event: before?.event ?? event,
        visit: { ...visit, revision: sentRevision + 1 },
        since: before?.since ?? edit.now,
        sentRevision,
        undone: false,
        stamp,
        clocks: before ? before.clocks : edit.clocks,
        ...(isUnseen
          ? { others: [...others, before.draft?.visit ?? before.visit] }
          : others.length > 0 && { others }),
        ...(edit.draft && { draft: edit.draft }),
      };
    });
    return this.#waiting.get(visit.id) as Waiting;
  }

  /** Undoes a visit: what was never sent is simply taken out, for the rest word of it waits. */
  async undo(event: string, visit: SentVisit, now: number): Promise<void> {
    const stamp = uuidv7();
    await this.#change([visit.id], (before) => {
      if (before && before.sentRevision === 0) return undefined;
      return {
        id: visit.id,
        event: before?.event ?? event,
        visit: before?.visit ?? visit,
        since: before?.since ?? now,
        sentRevision: Math.max(before?.sentRevision ?? 0, visit.revision),
        undone: true,
        stamp,
        ...(before?.others && { others: before.others }),
      };
    });
  }

  /**
   * Marks what is going to be sent, before anything is, so that a reload in between knows. Gives the entries as they
   * are by now: without those that were taken out, undone or refused meanwhile.
   */
  async markSent(entries: Waiting[]): Promise<Waiting[]> {
    const isMarked = (entry: Waiting) => entry.sentRevision >= entry.visit.revision;
    const known = entries.flatMap(({ id }) => this.#waiting.get(id) ?? []);
    // While the laptop is away the same ones are tried again and again: that is nothing for the disk.
    if (known.every(isMarked)) return known.filter((entry) => !entry.undone && !entry.refused);
    const marked = new Map<string, Waiting>();
    await this.#change(
      entries.map(({ id }) => id),
      (entry) => {
        if (!entry || entry.undone || entry.refused) return entry;
        const next = isMarked(entry) ? entry : { ...entry, sentRevision: entry.visit.revision };
        marked.set(entry.id, next);
        return next;
      },
    );
    return entries.flatMap(({ id }) => marked.get(id) ?? []);
  }

  /**
   * Lets go of what the laptop has, unless it was changed or undone since. Other words for the same visit come next;
   * a draft stays, to be mended.
   */
  async letGo(sent: Waiting): Promise<void> {
    await this.#settle(sent, ({ draft, others = [], ...entry }) => {
      const [next, ...rest] = others;
      if (next) {
        return {
          ...entry,
          // The same revision again, with other words: the laptop keeps them as a version beside what it has.
          visit: { ...next, revision: entry.sentRevision },
          stamp: uuidv7(),
          ...(draft && { draft }),
          ...(rest.length > 0 && { others: rest }),
        };
      }
      return (
        draft && {
          ...entry,
          visit: { ...draft.visit, revision: entry.visit.revision },
          refused: { status: "invalid", problems: draft.problems },
        }
      );
    });
  }

  /** Keeps what the laptop refused, with the reason, unless it was changed or undone since. */
  async keepRefused(sent: Waiting, refused: NonNullable<Waiting["refused"]>): Promise<void> {
    await this.#settle(sent, (entry) => ({ ...entry, refused }));
  }

  /** Keeps both versions of a visit until somebody has compared them. The laptop has them, too. */
  async keepTwoVersions(versions: TwoVersions): Promise<void> {
    this.#twoVersions.set(versions.id, versions);
    await this.#database?.put("twoVersions", versions).catch(() => {});
    this.#pages.postMessage(undefined);
  }

  async forgetTwoVersions(id: string): Promise<void> {
    this.#twoVersions.delete(id);
    await this.#database?.delete("twoVersions", id).catch(() => {});
    this.#pages.postMessage(undefined);
  }

  /** Takes everything off the tablet. For when it is unpaired: what waits has to be rescued before. */
  async forgetEverything(): Promise<void> {
    this.#waiting.clear();
    this.#twoVersions.clear();
    this.#kept.clear();
    this.#unsaved.clear();
    for (const store of STORES) await this.#database?.clear(store);
    this.#pages.postMessage(FORGET);
  }

  async #settle(sent: Waiting, becomes: (entry: Waiting) => Waiting | undefined): Promise<void> {
    await this.#change([sent.id], (entry) =>
      entry && entry.stamp === sent.stamp && entry.undone === sent.undone ? becomes(entry) : entry,
    );
  }

  /**
   * Changes entries in one go, one change after the other: what is in memory alone has nobody else to keep two changes
   * apart. `becomes` may be called more than once; an entry that it gives back as it was is not written again.
   */
  #change(ids: string[], becomes: Change): Promise<void> {
    const change = this.#changing.then(() => this.#changeNow(ids, becomes));
    this.#changing = change;
    return change;
  }

  async #changeNow(ids: string[], becomes: Change, isSecondTry = false): Promise<void> {
    const after = new Map<string, Waiting | undefined>();
    if (!this.#database && this.#trouble !== "blocked") await this.#connect();
    try {
      if (!this.#database) throw new DOMException("The database is not open.", "NotFoundError");
      const transaction = this.#database.transaction("waiting", "readwrite", { durability: "strict" });
      // Should it fail, the loop below throws too; nobody else waits for this.
      transaction.done.catch(() => {});
      for (const id of new Set([...this.#unsaved, ...ids])) {
        const isUnsaved = this.#unsaved.has(id);
        const before = isUnsaved ? this.#waiting.get(id) : await transaction.store.get(id);
        const next = ids.includes(id) ? becomes(before) : before;
        if (next && (isUnsaved || next !== before)) await transaction.store.put(next);
        else if (!next && (isUnsaved || before)) await transaction.store.delete(id);
        after.set(id, next);
      }
      await transaction.done;
      for (const [id, entry] of after) {
        this.#unsaved.delete(id);
        this.#onDisk.set(id, entry?.stamp ?? "");
      }
      if (this.#unsaved.size === 0) this.#say(undefined);
    } catch (error) {
      if (isClosed(error)) {
        // A closed connection stays closed. Where a new one can be had, nothing has happened.
        this.#database = undefined;
        if (!isSecondTry) return this.#changeNow(ids, becomes, true);
      }
      after.clear();
      for (const id of ids) {
        after.set(id, becomes(this.#waiting.get(id)));
        this.#unsaved.add(id);
      }
      this.#say(troubleOf(error, this.#trouble));
    }
    for (const [id, entry] of after) {
      if (entry) this.#waiting.set(id, entry);
      else this.#waiting.delete(id);
      this.#pages.postMessage(id);
    }
  }

  #say(trouble: Trouble | undefined): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    queueMicrotask(() => this.#changed(undefined));
  }

  /** Tries the disk again: what it does not have goes there. */
  async #mend(): Promise<void> {
    if (!this.#database) await this.#connect();
    if (this.#database) await this.#change([], (entry) => entry);
  }

  #connect(): Promise<void> {
    this.#connecting ??= this.#connectAnew().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connectAnew(): Promise<void> {
    try {
      const late = new Promise<never>((_resolve, reject) => {
        setTimeout(() => reject(new DOMException("Nobody answered.", "TimeoutError")), OPEN_WITHIN);
      });
      this.#database = await Promise.race([this.#openWithPatience(), late]);
      await this.#readAll();
    } catch {
      this.#database = undefined;
      this.#say(this.#trouble ?? "blocked");
      return;
    }
    if (this.#unsaved.size === 0) this.#say(undefined);
  }

  async #openWithPatience(tries = TRIES): Promise<IDBPDatabase<Schema>> {
    try {
      return await this.#openDatabase();
    } catch (error) {
      if (tries <= 1 || !isClosed(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return this.#openWithPatience(tries - 1);
    }
  }

  #openDatabase(): Promise<IDBPDatabase<Schema>> {
    return openDB<Schema>(NAME, 2, {
      upgrade(database, before) {
        if (before < 1) database.createObjectStore("waiting", { keyPath: "id" });
        if (before < 2) {
          database.createObjectStore("twoVersions", { keyPath: "id" });
          database.createObjectStore("kept");
        }
      },
      // Somebody cleared the site's data, or the browser did: what this page knows goes back to the disk.
      terminated: () => {
        this.#database = undefined;
        void this.#mend();
      },
      // A newer page on this tablet needs another form of the database: this one goes on in memory until its reload.
      blocking: (_current, wanted, event) => {
        if (wanted === null) return; // To be deleted: not while this page is open.
        (event.target as unknown as IDBDatabase).close();
        this.#database = undefined;
      },
    });
  }

  async #readAll(): Promise<void> {
    const transaction = (this.#database as IDBPDatabase<Schema>).transaction(STORES);
    const [onDisk, twoVersions, names, kept] = await Promise.all([
      transaction.objectStore("waiting").getAll(),
      transaction.objectStore("twoVersions").getAll(),
      transaction.objectStore("kept").getAllKeys(),
      transaction.objectStore("kept").getAll(),
    ]);
    // What this page knows and the disk does not was lost there.
    const ids = new Set(onDisk.map((entry) => entry.id));
    for (const id of this.#waiting.keys()) if (!ids.has(id)) this.#unsaved.add(id);
    this.#onDisk.clear();
    for (const { id, stamp } of onDisk) this.#onDisk.set(id, stamp ?? "");
    for (const entry of onDisk) {
      // Entries of an older page have no stamp.
      if (!this.#unsaved.has(entry.id)) this.#waiting.set(entry.id, { ...entry, stamp: entry.stamp ?? "" });
    }
    for (const entry of twoVersions) this.#twoVersions.set(entry.id, entry);
    for (const [index, name] of names.entries()) this.#kept.set(name, kept[index]);
  }

  /** Another page on this tablet changed something. */
  async #readAgain(id: string | undefined): Promise<void> {
    // Nothing of before may stay on a screen, nor come back to the disk from a page's memory.
    if (id === FORGET) return location.replace("/");
    if (!this.#database) return;
    try {
      if (id === undefined) {
        this.#twoVersions.clear();
        for (const entry of await this.#database.getAll("twoVersions"))
          this.#twoVersions.set(entry.id, entry);
      } else if (!this.#unsaved.has(id)) {
        const entry = await this.#database.get("waiting", id);
        if (entry) this.#waiting.set(id, entry);
        else this.#waiting.delete(id);
      }
    } catch {
      // The next change of this page's own finds out what is wrong with the disk.
      return;
    }
    this.#changed(id);
  }
}

/** A transaction on a connection that was closed fails so, or is broken off by the closing. */
function isClosed(error: unknown): boolean {
  const { name } = error as { name?: string };
  return name === "InvalidStateError" || name === "AbortError" || name === "UnknownError";
}

function troubleOf(error: unknown, before: Trouble | undefined): Trouble {
  const name = (error as { name?: string } | null)?.name ?? "";
  if (name === "QuotaExceededError") return "full";
  return before ?? "lost";
}

/** The outbox of this address, where something was ever logged under it: looking must not make one. */
export async function knownOutbox(): Promise<Outbox | undefined> {
  const known = await indexedDB.databases?.().catch(() => []);
  return known?.some(({ name }) => name === NAME) ? Outbox.open(() => {}) : undefined;
}
