import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Result, SentVisit } from "../visits/form";

/** A visit that the laptop has not acknowledged yet, as it lies on the tablet's disk. */
export interface Waiting {
  id: string;
  visit: SentVisit;
  /** When it was put in, by the tablet's clock, in milliseconds. */
  since: number;
  /** The highest revision that has ever been sent; 0 while none was. */
  sentRevision: number;
  /** Undone: what waits is word of that. */
  undone: boolean;
  /** Why the laptop did not take it. Waits for somebody to mend it. */
  refused?: Pick<Result, "status" | "problems">;
}

interface Schema extends DBSchema {
  waiting: { key: string; value: Waiting };
}

/** What waits for the laptop. Everything is on the tablet's disk before a promise resolves. */
export class Outbox {
  readonly #database: IDBPDatabase<Schema>;

  private constructor(database: IDBPDatabase<Schema>) {
    this.#database = database;
  }

  static async open(): Promise<Outbox> {
    const database = await openDB<Schema>("boothlight", 1, {
      upgrade: (fresh) => void fresh.createObjectStore("waiting", { keyPath: "id" }),
    });
    return new Outbox(database);
  }

  /** All that waits, in the order in which it was put in. */
  async all(): Promise<Waiting[]> {
    return (await this.#database.getAll("waiting")).sort(
      (a, b) => a.since - b.since || (a.id < b.id ? -1 : 1),
    );
  }

  get(id: string): Promise<Waiting | undefined> {
    return this.#database.get("waiting", id);
  }

  /**
   * Puts a visit in, or in place of what waits of it. `visit.revision` is the last one that the laptop may know of,
   * 0 for a new visit; a revision that has been sent is never used again for other words. Gives the visit as put in.
   */
  async put(visit: SentVisit, now: number): Promise<SentVisit> {
    const transaction = this.#database.transaction("waiting", "readwrite", { durability: "strict" });
    const before = await transaction.store.get(visit.id);
    const sentRevision = before?.sentRevision ?? visit.revision;
    const entry: Waiting = {
      id: visit.id,
      visit: { ...visit, revision: sentRevision + 1 },
      since: before?.since ?? now,
      sentRevision,
      undone: false,
    };
    await transaction.store.put(entry);
    await transaction.done;
    return entry.visit;
  }

  /** Undoes a visit: what was never sent is simply taken out, for the rest word of it waits. */
  async undo(visit: SentVisit, now: number): Promise<void> {
    const transaction = this.#database.transaction("waiting", "readwrite", { durability: "strict" });
    const before = await transaction.store.get(visit.id);
    if (before && before.sentRevision === 0) await transaction.store.delete(visit.id);
    else {
      const sentRevision = before?.sentRevision ?? visit.revision;
      await transaction.store.put({
        id: visit.id,
        visit,
        since: before?.since ?? now,
        sentRevision,
        undone: true,
      });
    }
    await transaction.done;
  }

  /** Marks visits as being sent. Resolves before anything is, so that a reload in between knows. */
  async markSent(entries: Waiting[]): Promise<void> {
    const transaction = this.#database.transaction("waiting", "readwrite", { durability: "strict" });
    for (const { id } of entries) {
      const entry = await transaction.store.get(id);
      if (entry) await transaction.store.put({ ...entry, sentRevision: entry.visit.revision });
    }
    await transaction.done;
  }

  /** Lets go of a visit, unless it was changed after the revision that is settled. */
  async letGo(id: string, revision: number): Promise<void> {
    const transaction = this.#database.transaction("waiting", "readwrite");
    const entry = await transaction.store.get(id);
    if (entry && entry.visit.revision === revision) await transaction.store.delete(id);
    await transaction.done;
  }

  /** Keeps a visit that the laptop refused, with the reason, unless it was mended meanwhile. */
  async keepRefused(id: string, revision: number, refused: Waiting["refused"]): Promise<void> {
    const transaction = this.#database.transaction("waiting", "readwrite");
    const entry = await transaction.store.get(id);
    if (entry && entry.visit.revision === revision) await transaction.store.put({ ...entry, refused });
    await transaction.done;
  }
}
