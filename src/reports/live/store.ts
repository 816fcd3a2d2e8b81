import type { Logger } from "pino";
import { newSecret } from "../../access/rules";
import type { Writer } from "../../database/door";
import type { Database, Reader } from "../../database/open";
import { stampOf } from "../../database/stamp";
import type { Instant } from "../../database/tables";
import { Problem } from "../../errors";
import { type Event, eventById } from "../../events/store";
import { HOUR, type Hour, hoursBefore, type Load, NOW, type Span, sameHours } from "./rules";

/* What comes in, and what is usual */

const logged = (read: Reader, event: Event, { from, until }: Span) =>
  read
    .selectFrom("visits")
    .where("event_id", "=", event.id)
    .where("deleted_at", "is", null)
    .where("happened_at", ">", from)
    .where("happened_at", "<=", until);

/** The visits of a span, and how many people of the booth logged them; what has no name is the laptop's. */
async function hourOf(read: Reader, event: Event, span: Span): Promise<Hour> {
  const row = await logged(read, event, span)
    .select(({ fn, val }) => [
      fn.countAll<number>().as("visits"),
      fn
        .count<number>(fn.coalesce("staff_name", val("")))
        .distinct()
        .as("hands"),
    ])
    .executeTakeFirstOrThrow();
  return { visits: Number(row.visits), hands: Number(row.hands) };
}

/** From the first to the last visit of a span; undefined where there is none. */
async function openIn(read: Reader, event: Event, span: Span): Promise<Span | undefined> {
  // One at either end, found in the index: a day of a large event has tens of thousands between them.
  const at = (order: "asc" | "desc") =>
    logged(read, event, span).select("happened_at").orderBy("happened_at", order).limit(1).executeTakeFirst();
  const [first, last] = [await at("asc"), await at("desc")];
  return first && last && { from: first.happened_at, until: last.happened_at };
}

/**
 * What comes in right now, with the hours that tell what is usual: of the earlier days those on which the booth was open
 * for the whole of that hour; where there is none, the last ones of today.
 */
export async function loadOf(read: Reader, event: Event, now: Instant): Promise<Load & { lastHour: number }> {
  const lastHour = await hourOf(read, event, { from: now - HOUR, until: now });
  const { visits } = await hourOf(read, event, { from: now - NOW, until: now });
  const load = { visits, hands: lastHour.hands, lastHour: lastHour.visits };
  const earlier: Hour[] = [];
  for (const { hour, day } of sameHours(event, now)) {
    const open = await openIn(read, event, day);
    if (open && open.from <= hour.from && hour.until <= open.until)
      earlier.push(await hourOf(read, event, hour));
  }
  if (earlier.length > 0) return { ...load, usual: { of: "this hour", hours: earlier } };
  const today = await openIn(read, event, { from: now - 12 * HOUR, until: now });
  const hours: Hour[] = [];
  for (const span of today ? hoursBefore(now, today.from) : []) hours.push(await hourOf(read, event, span));
  return { ...load, usual: { of: "today", hours } };
}

/* The wall's address */

/** The last part of the wall's address; undefined where there is none. */
export async function wallToken(read: Reader, eventId: string): Promise<string | undefined> {
  const row = await read
    .selectFrom("wall_links")
    .select("token")
    .where("event_id", "=", eventId)
    .executeTakeFirst();
  return row?.token;
}

/** Makes an address for the wall; one that there was opens nothing any more. */
export async function renewWall(writer: Writer, eventId: string, now: Instant): Promise<string> {
  const row = { token: newSecret(), made_at: now };
  await writer
    .insertInto("wall_links")
    .values({ event_id: eventId, ...row })
    .onConflict((conflict) => conflict.column("event_id").doUpdateSet(row))
    .execute();
  return row.token;
}

/** Takes the wall's address away. */
export async function endWall(writer: Writer, eventId: string): Promise<void> {
  await writer.deleteFrom("wall_links").where("event_id", "=", eventId).execute();
}

/** The event whose wall this is. Throws `missing` for an address that was renewed, taken away or made up. */
export async function eventOfWall(read: Reader, token: string): Promise<Event> {
  const row = await read
    .selectFrom("wall_links")
    .select("event_id")
    .where("token", "=", token)
    .executeTakeFirst();
  if (!row) throw new Problem("missing", "refused.no-wall");
  return eventById(read, row.event_id);
}

/* Who watches an event */

/** Keeps what was asked for under a name, so that all who ask in the same round are given the same. */
export type Once = <T>(name: string, work: () => Promise<T>) => Promise<T>;

export interface Listener {
  /** What they look at: all who look at the same are sent the same text. */
  view: string;
  /** Makes that text. */
  make: (once: Once) => Promise<string>;
  send: (text: string) => void;
  end: () => void;
  /** What lets them listen, such as a session: those who have the same one are looked after together. */
  pass: string;
  /** Whether it still does. */
  isGood: () => Promise<boolean>;
}

/** Milliseconds between two looks: who watches is told at most that often. */
const LOOK_EVERY = 1000;
/** After so many looks without a change all is made anew: the last hour moves on, and a session may have run out. */
const LOOKS_UNCHANGED = 20;

/**
 * Looks after an event for all who watch it: one look a second at whether anything was committed, by whichever program,
 * however many they are, and none while there is nobody. Only where something was, what they see is made anew, once for all.
 */
class Watch {
  readonly #db: Database;
  readonly #log: Logger;
  readonly #listeners = new Map<Listener, { sent?: string }>();
  #stamp: string | undefined;
  #looks = 0;
  #once: Once = rememberer();
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isFailing = false;

  constructor(db: Database, log: Logger) {
    this.#db = db;
    this.#log = log;
  }

  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  add(listener: Listener): void {
    this.#listeners.set(listener, {});
    if (this.#listeners.size === 1 && !this.#looking) this.#start();
    // The first look shows it to whoever is there by then.
    else if (!this.#looking) void this.#show(listener).catch((error) => this.#failed(error));
  }

  remove(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.isEmpty) clearTimeout(this.#timer);
  }

  #start(): void {
    this.#looking = this.#look()
      .then(
        () => {
          this.#isFailing = false;
        },
        (error) => this.#failed(error),
      )
      .finally(() => {
        this.#looking = undefined;
        if (!this.isEmpty) this.#timer = setTimeout(() => this.#start(), LOOK_EVERY).unref();
      });
  }

  async #look(): Promise<void> {
    // First: what is committed while the picture is made shows in the next look.
    const stamp = await stampOf(this.#db);
    this.#looks += 1;
    const isNew = stamp !== this.#stamp || this.#looks > LOOKS_UNCHANGED;
    if (isNew) {
      this.#once = rememberer();
      await this.#turnAway();
    }
    for (const listener of this.#listeners.keys()) await this.#show(listener);
    if (isNew) {
      this.#stamp = stamp;
      this.#looks = 0;
    }
  }

  async #show(listener: Listener): Promise<void> {
    const once = this.#once;
    const text = await once(`view ${listener.view}`, () => listener.make(once));
    const state = this.#listeners.get(listener);
    // Gone meanwhile, shown something newer, or there is nothing new.
    if (!state || once !== this.#once || state.sent === text) return;
    state.sent = text;
    listener.send(text);
  }

  /** Lets those go who may not listen any more. */
  async #turnAway(): Promise<void> {
    const once = rememberer();
    for (const listener of this.#listeners.keys()) {
      if (await once(listener.pass, listener.isGood)) continue;
      this.#listeners.delete(listener);
      listener.end();
    }
  }

  #failed(error: unknown): void {
    // Every second would say no more than once, and nothing is wrong where the program stops.
    if (!this.#isFailing && !this.isEmpty) {
      const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
      this.#log.error({ name, code }, "what is live could not be looked up");
    }
    this.#isFailing = true;
  }
}

function rememberer(): Once {
  const made = new Map<string, Promise<unknown>>();
  return <T>(name: string, work: () => Promise<T>) => {
    const there = made.get(name) ?? work();
    made.set(name, there);
    // What failed is tried again.
    there.catch(() => made.delete(name));
    return there as Promise<T>;
  };
}

/** Who watches which event, on this program. */
export class Watches {
  readonly #of = new Map<string, Watch>();
  readonly #listeners = new Set<Listener>();
  readonly #deps: { db: Database; log: Logger };

  constructor(deps: { db: Database; log: Logger }) {
    this.#deps = deps;
  }

  /** How many listen to anything whose view starts so. */
  count(view: string): number {
    return [...this.#listeners].filter((listener) => listener.view.startsWith(view)).length;
  }

  /** Has somebody told of an event, at once and whenever something changes; gives what ends it. */
  listen(eventId: string, listener: Listener): () => void {
    const watch = this.#of.get(eventId) ?? new Watch(this.#deps.db, this.#deps.log);
    this.#of.set(eventId, watch);
    this.#listeners.add(listener);
    watch.add(listener);
    return () => {
      this.#listeners.delete(listener);
      watch.remove(listener);
      if (watch.isEmpty && this.#of.get(eventId) === watch) this.#of.delete(eventId);
    };
  }

  /** Ends all of them: the program stops. */
  end(): void {
    for (const listener of [...this.#listeners]) listener.end();
  }
}
