import { newSecret } from "../../access/rules";
import { isSessionOpen } from "../../access/store";
import type { Writer } from "../../database/door";
import type { Reader } from "../../database/open";
import type { Instant } from "../../database/tables";
import { Problem } from "../../errors";
import { type Event, eventById } from "../../events/store";
import type { Job, Jobs, Running } from "../../jobs";
import type { Metrics } from "../../metrics";
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
  /** Whom they count for, where nobody may take all there is room for. */
  from?: string;
  /** What lets them listen, such as a session: those who have the same one are looked after together. */
  pass: string;
  /** Whether it still does. */
  isGood: () => Promise<boolean>;
}

/** Seconds between two looks: who watches is told at most that often. */
const LOOK_EVERY = 1;
/** Seconds that a look may take. */
const LIMIT = 30;
/** After so many looks without a change all is made anew: the last hour moves on, and a session may have run out. */
const LOOKS_UNCHANGED = 20;

/**
 * What is looked after for all who watch it, such as an event: it is made anew, once for all, only where the stamp of it is
 * another one.
 */
class Watch {
  readonly #stampNow: () => Promise<string>;
  readonly #listeners = new Map<Listener, { sent?: string }>();
  #stamp: string | undefined;
  #looks = 0;
  #once: Once = rememberer();

  constructor(stampNow: () => Promise<string>) {
    this.#stampNow = stampNow;
  }

  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  add(listener: Listener): void {
    this.#listeners.set(listener, {});
  }

  remove(listener: Listener): void {
    this.#listeners.delete(listener);
  }

  async look(): Promise<void> {
    // First: what is committed while the picture is made shows in the next look.
    const stamp = await this.#stampNow();
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
    // Gone meanwhile, or there is nothing new.
    if (!state || state.sent === text) return;
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

/**
 * What lets the organizer listen: the first of their sessions that is open, for as long as it is; `opens` where another
 * one does, too. Throws `sign-in`.
 */
export async function sessionPass(
  read: Reader,
  sessions: string[],
  now: () => Instant,
  opens = isSessionOpen,
): Promise<Pick<Listener, "pass" | "isGood">> {
  for (const session of sessions) {
    const isGood = () => opens(read, session, now());
    if (await isGood()) return { pass: `${opens.name} ${session}`, isGood };
  }
  throw new Problem("sign-in", "refused.sign-in-first");
}

/** What is looked at for those who watch, and how often. */
export interface Looking extends Pick<Job, "name" | "owner" | "what"> {
  jobs: Jobs;
  /** Counts who listens. */
  metrics?: Metrics;
  /** Seconds from one look to the next; left out: 1. */
  every?: number;
  /** Says the same as long as there is nothing new to show. */
  stamp: () => Promise<string>;
}

/** Who watches what, on this program: a job as long as there is somebody, one look at a time for all of them. */
export class Watches {
  readonly #of = new Map<string, Watch>();
  readonly #listeners = new Set<Listener>();
  readonly #looking: Looking;
  #job: Running | undefined;

  constructor(looking: Looking) {
    this.#looking = looking;
  }

  /** How many listen to anything whose view starts so; of all, or of one place. */
  count(view: string, from?: string): number {
    return [...this.#listeners].filter(
      (listener) => listener.view.startsWith(view) && (from === undefined || listener.from === from),
    ).length;
  }

  /** Has somebody told of something, such as an event, at once and whenever it changes; gives what ends it. */
  listen(what: string, listener: Listener): () => void {
    const watch = this.#of.get(what) ?? new Watch(this.#looking.stamp);
    this.#of.set(what, watch);
    this.#listeners.add(listener);
    this.#looking.metrics?.countStream(1);
    watch.add(listener);
    if (this.#job) this.#job.soon();
    else this.#begin();
    return () => {
      this.#listeners.delete(listener);
      this.#looking.metrics?.countStream(-1);
      watch.remove(listener);
      if (watch.isEmpty && this.#of.get(what) === watch) this.#of.delete(what);
      if (this.#of.size === 0) this.#end();
    };
  }

  /** Ends all of them: the program stops. */
  end(): void {
    for (const listener of [...this.#listeners]) listener.end();
  }

  #begin(): void {
    const { jobs, name, owner, what, every = LOOK_EVERY } = this.#looking;
    this.#job = jobs.start({ name, owner, what, every, limit: LIMIT, work: () => this.#lookAtAll() });
  }

  #end(): void {
    const job = this.#job;
    void job?.stop().then(() => {
      if (this.#job !== job) return;
      this.#job = undefined;
      // Somebody came while the last look was under way.
      if (this.#of.size > 0) this.#begin();
    });
  }

  /** What fails for one keeps nothing from the others. */
  async #lookAtAll(): Promise<void> {
    const looks = await Promise.allSettled([...this.#of.values()].map((watch) => watch.look()));
    const failed = looks.find((look) => look.status === "rejected");
    // Nothing is wrong where nobody watches any more, as when the program stops.
    if (failed && this.#of.size > 0) throw failed.reason;
  }
}
