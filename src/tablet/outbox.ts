import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Result, SentVisit } from "../visits/form";

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
  /** What was typed and cannot be taken as it is, while `visit` is what can. */
  draft?: Draft;
  /** Why the laptop did not take it. Waits for somebody to mend it. */
  refused?: Pick<Result, "status" | "problems">;
}

export interface Draft {
  visit: SentVisit;
  problems: NonNullable<Result["problems"]>;
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
   * 0 for a new visit; a revision that has been sent is never used again for other words. `draft` is kept beside it
   * where some of what was typed has to be mended first. Gives the revision of what was put in.
   */
  async put(event: string, visit: SentVisit, now: number, draft?: Draft): Promise<number> {
    const transaction = this.#database.transaction("waiting", "readwrite", { durability: "strict" });
    const before = await transaction.store.get(visit.id);
    const sentRevision = before?.sentRevision ?? visit.revision;
    const revision = sentRevision + 1;
    await transaction.store.put({
      id: visit.id,
      event: before?.event ?? event,
      visit: { ...visit, revision },
      since: before?.since ?? now,
      sentRevision,
      undone: false,
      ...(draft && { draft }),
    });
    await transaction.done;
    return revision;
  }

  /** Undoes a visit: what was never sent is simply taken out, for the rest word of it waits. */
  async undo(event: string, visit: SentVisit, now: number): Promise<void> {
    const transaction = this.#database.transaction("waiting", "readwrite", { durability: "strict" });
    const before = await transaction.store.get(visit.id);
    if (before && before.sentRevision === 0) await transaction.store.delete(visit.id);
    else {
      await transaction.store.put({
        id: visit.id,
        event: before?.event ?? event,
        visit,
        since: before?.since ?? now,
        sentRevision: before?.sentRevision ?? visit.revision,
        undone: true,
      });
    }
    await transaction.done;
  }

  /**
   * Marks what is going to be sent, before anything is, so that a reload in between knows. Gives the entries as they
   * are by now: without those that were taken out, undone or refused meanwhile.
   */
  async markSent(entries: Waiting[]): Promise<Waiting[]> {
    const transaction = this.#database.transaction("waiting", "readwrite", { durability: "strict" });
    const marked: Waiting[] = [];
    for (const { id } of entries) {
      const entry = await transaction.store.get(id);
      if (!entry || entry.undone || entry.refused) continue;
      marked.push({ ...entry, sentRevision: entry.visit.revision });
      await transaction.store.put(marked.at(-1) as Waiting);
    }
    await transaction.done;
    return marked;
  }

  /** Lets go of what was sent, unless it was changed or undone since. A draft stays, to be mended. */
  async letGo(sent: Waiting): Promise<void> {
    await this.#settle(
      sent,
      ({ draft, ...entry }) =>
        draft && {
          ...entry,
          visit: { ...draft.visit, revision: entry.visit.revision },
          refused: { status: "invalid", problems: draft.problems },
        },
    );
  }

  /** Keeps what the laptop refused, with the reason, unless it was changed or undone since. */
  async keepRefused(sent: Waiting, refused: NonNullable<Waiting["refused"]>): Promise<void> {
    await this.#settle(sent, (entry) => ({ ...entry, refused }));
  }

  async #settle(sent: Waiting, becomes: (entry: Waiting) => Waiting | undefined): Promise<void> {
    const transaction = this.#database.transaction("waiting", "readwrite");
    const entry = await transaction.store.get(sent.id);
    if (entry && entry.visit.revision === sent.visit.revision && entry.undone === sent.undone) {
      const next = becomes(entry);
      if (next) await transaction.store.put(next);
      else await transaction.store.delete(sent.id);
    }
    await transaction.done;
  }
}
