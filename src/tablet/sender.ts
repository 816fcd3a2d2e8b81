import type { Result, SentVisit } from "../visits/form";
import { type Clocks, setSince } from "./clock";
import type { Outbox, Waiting } from "./outbox";

const MOST_AT_ONCE = 50;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 15_000;
const ANSWER_WITHIN = 15_000;

/** Why the laptop cannot save, as it says itself: see docs/protocol.md. */
const LAPTOP_TROUBLES = ["full", "read-only", "damaged", "gone", "busy", "failing", "away"] as const;
export type LaptopTrouble = (typeof LAPTOP_TROUBLES)[number];

/** How sending stands, for the people who look at the screen. */
export type Standing =
  | { kind: "done" }
  | { kind: "sending" }
  /** Nobody answers; the tablet itself has no network; the laptop answers, but cannot take it now. */
  | { kind: "away"; why: "no answer" | "no network" | "trouble"; trouble?: LaptopTrouble }
  /** The laptop does not know this tablet any more. */
  | { kind: "unpaired" };

/** What came back that somebody has to be told. */
export type News =
  | { kind: "conflict"; entry: Waiting; theirs?: SentVisit }
  | { kind: "gone"; entry: Waiting }
  /** Another question has the code of a slip: the new one has to be shown. */
  | { kind: "slips"; entry: Waiting; slips: NonNullable<Result["slips"]> }
  | { kind: "not undone"; entry: Waiting };

/** A result as the laptop gives it; with a conflict, what it goes by. */
type Answered = Result & { visit?: SentVisit };
type Outcome = Standing | "go on";

/**
 * Carries what waits in the outbox to the laptop, in the background, as long as the page is open. Tries again with
 * growing pauses, and at once when the network is back. Lets go of a visit only when the laptop has acknowledged it.
 */
export class Sender {
  readonly #outbox: Outbox;
  readonly #changed: (standing: Standing) => void;
  readonly #told: (news: News) => void;
  readonly #clocks: () => Promise<Clocks | undefined>;
  /** The last revision of each visit that the laptop has acknowledged since the page was opened. */
  readonly #acknowledged = new Map<string, number>();
  #atOnce = MOST_AT_ONCE;
  #running = false;
  #again = false;
  #pause = FIRST_PAUSE;
  #timer: number | undefined;
  /** The last try failed: until one succeeds that is what there is to say, not that another one is under way. */
  #isFailing = false;

  /** What failed on the laptop's side in this round: it waits for the next one, and holds up nobody. */
  readonly #passedOver = new Set<string>();

  /**
   * `changed` is called whenever something was acknowledged or refused, or the standing changed; `told` when the
   * laptop has other words for a visit, or did not count or not undo it. `clocks` asks the laptop for the time, and
   * fails where nobody answers.
   */
  constructor(
    outbox: Outbox,
    changed: (standing: Standing) => void,
    told: (news: News) => void,
    clocks: () => Promise<Clocks | undefined>,
  ) {
    this.#outbox = outbox;
    this.#changed = changed;
    this.#told = told;
    this.#clocks = clocks;
    addEventListener("online", () => this.send());
    addEventListener("offline", () => this.send());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.send();
    });
  }

  /** The revision of a visit that the laptop is known to have. */
  acknowledged(id: string): number | undefined {
    return this.#acknowledged.get(id);
  }

  /** Sends what waits, soon. Never throws: what goes wrong is the standing. */
  send(): void {
    this.#again = true;
    clearTimeout(this.#timer);
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#again) {
      this.#again = false;
      const standing = await this.#sendAll().catch(
        (): Standing => ({ kind: "away", why: navigator.onLine ? "no answer" : "no network" }),
      );
      this.#isFailing = standing.kind !== "done";
      this.#changed(standing);
      if (standing.kind === "done") this.#pause = FIRST_PAUSE;
      else if (!this.#again) {
        // Ten tablets that lost the laptop at the same moment do not come back at the same moment.
        const pause = this.#pause * (0.75 + Math.random() / 2);
        this.#timer = window.setTimeout(() => this.send(), pause);
        this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
      }
    }
    this.#running = false;
  }

  async #sendAll(): Promise<Standing> {
    this.#passedOver.clear();
    for (;;) {
      const waiting = this.#outbox.all().filter((entry) => !entry.refused);
      const ready = waiting.filter((entry) => !this.#passedOver.has(entry.id));
      const [next] = ready;
      if (!next) return waiting.length === 0 ? { kind: "done" } : { kind: "away", why: "trouble" };
      if (!this.#isFailing) this.#changed({ kind: "sending" });
      const together = ready.filter((entry) => !entry.undone && entry.event === next.event);
      const outcome = next.undone
        ? await this.#sendUndo(next)
        : await this.#sendVisits(next, together.slice(0, this.#atOnce));
      if (outcome !== "go on") return outcome;
    }
  }

  async #sendVisits(next: Waiting, together: Waiting[]): Promise<Outcome> {
    // Only what was logged by a clock that nobody has set since can tell its time together.
    const clocks = together.some((entry) => entry.clocks) ? await this.#clocks() : undefined;
    const set = (entry: Waiting) =>
      clocks ? setSince(Date.parse(entry.visit.happenedAt), entry.clocks, clocks) : 0;
    const sent = await this.#outbox.markSent(together.filter((entry) => set(entry) === set(next)));
    if (sent.length === 0) return "go on";
    const response = await request("POST", `/api/visits?event=${encodeURIComponent(next.event)}`, {
      // What the clock that they were logged by would show now.
      sentAt: new Date(Date.now() + set(next)).toISOString(),
      visits: sent.map((entry) => this.#onTopOfAll(entry)),
    });
    if (!response.ok) return this.#notTaken(response, sent);
    const { results } = (await response.json()) as { results: Answered[] };
    this.#pause = FIRST_PAUSE;
    this.#isFailing = false;
    for (const [index, entry] of sent.entries()) await this.#take(entry, results[index]);
    this.#atOnce = MOST_AT_ONCE;
    return "go on";
  }

  /** What waits was made from what this tablet sent before it, of which the laptop may have taken more by now. */
  #onTopOfAll({ id, visit }: Waiting): SentVisit {
    const base = Math.max(visit.base ?? 0, this.#acknowledged.get(id) ?? 0);
    return base > 0 ? { ...visit, base } : visit;
  }

  async #take(entry: Waiting, result: Answered | undefined): Promise<void> {
    // An answer without a word on this visit acknowledges nothing: it is sent again.
    if (result?.id !== entry.id) {
      this.#passedOver.add(entry.id);
      return;
    }
    if (result.status === "invalid") {
      return this.#outbox.keepRefused(entry, { status: "invalid", problems: result.problems });
    }
    const { id, event, visit } = entry;
    if (result.status !== "conflict") this.#acknowledged.set(id, visit.revision);
    else {
      await this.#outbox.keepTwoVersions({ id, event, mine: visit, theirs: result.visit });
    }
    await this.#outbox.letGo(entry);
    if (result.status === "conflict") this.#told({ kind: "conflict", entry, theirs: result.visit });
    if (result.status === "gone") this.#told({ kind: "gone", entry });
    if (result.slips?.length) this.#told({ kind: "slips", entry, slips: result.slips });
  }

  async #sendUndo(entry: Waiting): Promise<Outcome> {
    const response = await request("DELETE", `/api/visits/${entry.id}`);
    // As in #notTaken: what a hall's Wi-Fi refuses, the laptop has not heard of.
    const isNotOurs = response.status === 403 && isJson(response);
    if (response.status !== 204 && !isNotOurs) return this.#notTaken(response, [entry]);
    this.#isFailing = false;
    await this.#outbox.letGo(entry);
    // A tablet that was paired anew is another one to the laptop: what was logged before is the organizer's to delete.
    if (isNotOurs) this.#told({ kind: "not undone", entry });
    return "go on";
  }

  /** A request that failed as a whole: its records are sent one by one, so that one that fails stands alone. */
  async #notTaken(response: Response, sent: Waiting[]): Promise<Outcome> {
    // A hall's Wi-Fi may answer in the laptop's place; the laptop's own answers are JSON.
    if (response.status === 401 && isJson(response)) return { kind: "unpaired" };
    if (response.status === 429) return { kind: "away", why: "trouble" };
    // It would take none of the others either, and is asked no more often than it has to be.
    const trouble = response.status === 503 ? await troubleOf(response) : undefined;
    if (trouble) return { kind: "away", why: "trouble", trouble };
    if (sent.length > 1) {
      this.#atOnce = 1;
      return "go on";
    }
    const entry = sent[0] as Waiting;
    // Only the laptop itself can refuse a visit: a page that a hall's Wi-Fi puts in between cannot.
    const refusal = response.status >= 400 && response.status < 500 ? await messageOf(response) : undefined;
    if (refusal === undefined) {
      this.#passedOver.add(entry.id);
      return "go on";
    }
    await this.#outbox.keepRefused(entry, {
      status: "invalid",
      problems: [{ field: "", message: refusal }],
    });
    return "go on";
  }
}

function isJson(response: Response): boolean {
  return response.headers.get("content-type")?.includes("json") ?? false;
}

async function troubleOf(response: Response): Promise<LaptopTrouble | undefined> {
  const body = (await response.json().catch(() => undefined)) as { trouble?: unknown } | undefined;
  return LAPTOP_TROUBLES.find((each) => each === body?.trouble);
}

async function messageOf(response: Response): Promise<string | undefined> {
  const body = (await response.json().catch(() => undefined)) as { message?: unknown } | undefined;
  return typeof body?.message === "string" ? body.message : undefined;
}

function request(method: string, address: string, body?: unknown): Promise<Response> {
  return fetch(address, {
    method,
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_WITHIN),
  });
}
