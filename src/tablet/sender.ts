import type { Result } from "../visits/form";
import type { Outbox, Waiting } from "./outbox";

const MOST_AT_ONCE = 50;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;
const ANSWER_WITHIN = 15_000;

/** How sending stands, for the people who look at the screen. */
export type Standing =
  | { kind: "done" }
  | { kind: "sending" }
  | { kind: "away" }
  /** The laptop does not know this tablet any more. */
  | { kind: "unpaired" };

/**
 * Carries what waits in the outbox to the laptop, in the background, as long as the page is open. Tries again with
 * growing pauses, and at once when the network is back. Lets go of a visit only when the laptop has acknowledged it.
 */
export class Sender {
  readonly #outbox: Outbox;
  readonly #changed: (standing: Standing) => void;
  readonly #told: (what: "conflict" | "not undone", entry: Waiting) => void;
  #atOnce = MOST_AT_ONCE;
  #running = false;
  #again = false;
  #pause = FIRST_PAUSE;
  #timer: number | undefined;

  /** What failed on the laptop's side in this round: it waits for the next one, and holds up nobody. */
  readonly #passedOver = new Set<string>();

  /**
   * `changed` is called whenever something was acknowledged or refused, or the standing changed; `told` when the
   * laptop has other words for a visit, or did not undo it.
   */
  constructor(
    outbox: Outbox,
    changed: (standing: Standing) => void,
    told: (what: "conflict" | "not undone", entry: Waiting) => void,
  ) {
    this.#outbox = outbox;
    this.#changed = changed;
    this.#told = told;
    addEventListener("online", () => this.send());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.send();
    });
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
      const standing = await this.#sendAll().catch((): Standing => ({ kind: "away" }));
      this.#changed(standing);
      if (standing.kind === "done") this.#pause = FIRST_PAUSE;
      else if (!this.#again) {
        this.#timer = window.setTimeout(() => this.send(), this.#pause);
        this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
      }
    }
    this.#running = false;
  }

  async #sendAll(): Promise<Standing> {
    this.#passedOver.clear();
    for (;;) {
      const waiting = (await this.#outbox.all()).filter((entry) => !entry.refused);
      const ready = waiting.filter((entry) => !this.#passedOver.has(entry.id));
      const [next] = ready;
      if (!next) return { kind: waiting.length === 0 ? "done" : "away" };
      this.#changed({ kind: "sending" });
      const together = ready.filter((entry) => !entry.undone && entry.event === next.event);
      const answer = next.undone
        ? await this.#sendUndo(next)
        : await this.#sendVisits(next.event, together.slice(0, this.#atOnce));
      if (answer !== "go on") return { kind: answer };
    }
  }

  async #sendVisits(event: string, entries: Waiting[]): Promise<Standing["kind"] | "go on"> {
    const sent = await this.#outbox.markSent(entries);
    if (sent.length === 0) return "go on";
    const response = await request("POST", `/api/visits?event=${encodeURIComponent(event)}`, {
      sentAt: new Date().toISOString(),
      visits: sent.map((entry) => entry.visit),
    });
    if (!response.ok) return this.#notTaken(response, sent);
    const { results } = (await response.json()) as { results: Result[] };
    for (const [index, entry] of sent.entries()) {
      const result = results[index];
      if (result?.status === "invalid") {
        await this.#outbox.keepRefused(entry, { status: "invalid", problems: result.problems });
        continue;
      }
      // The laptop keeps both versions of a conflict, and the organizer chooses: nothing is left to do here.
      await this.#outbox.letGo(entry);
      if (result?.status === "conflict") this.#told("conflict", entry);
    }
    this.#atOnce = MOST_AT_ONCE;
    return "go on";
  }

  async #sendUndo(entry: Waiting): Promise<Standing["kind"] | "go on"> {
    const response = await request("DELETE", `/api/visits/${entry.id}`);
    if (response.status !== 204 && response.status !== 403) return this.#notTaken(response, [entry]);
    await this.#outbox.letGo(entry);
    // A tablet that was paired anew is another one to the laptop: what was logged before is the organizer's to delete.
    if (response.status === 403) this.#told("not undone", entry);
    return "go on";
  }

  /** A request that failed as a whole: its records are sent one by one, so that one that fails stands alone. */
  async #notTaken(response: Response, sent: Waiting[]): Promise<Standing["kind"] | "go on"> {
    if (response.status === 401) return "unpaired";
    if (response.status === 429) return "away";
    if (sent.length > 1) {
      this.#atOnce = 1;
      return "go on";
    }
    const entry = sent[0] as Waiting;
    if (response.status < 400 || response.status >= 500) {
      this.#passedOver.add(entry.id);
      return "go on";
    }
    const { message } = (await response.json()) as { message: string };
    await this.#outbox.keepRefused(entry, { status: "invalid", problems: [{ field: "", message }] });
    return "go on";
  }
}

function request(method: string, address: string, body?: unknown): Promise<Response> {
  return fetch(address, {
    method,
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_WITHIN),
  });
}
