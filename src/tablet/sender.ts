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
  #atOnce = MOST_AT_ONCE;
  #running = false;
  #again = false;
  #pause = FIRST_PAUSE;
  #timer: number | undefined;

  /** `changed` is called whenever something was acknowledged or refused, or the standing changed. */
  constructor(outbox: Outbox, changed: (standing: Standing) => void) {
    this.#outbox = outbox;
    this.#changed = changed;
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
      this.#tell(standing);
      if (standing.kind === "done") this.#pause = FIRST_PAUSE;
      else if (!this.#again) {
        this.#timer = window.setTimeout(() => this.send(), this.#pause);
        this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
      }
    }
    this.#running = false;
  }

  async #sendAll(): Promise<Standing> {
    for (;;) {
      const ready = (await this.#outbox.all()).filter((entry) => !entry.refused);
      if (ready.length === 0) return { kind: "done" };
      this.#tell({ kind: "sending" });
      const undone = ready.find((entry) => entry.undone);
      const answer = undone
        ? await this.#sendUndo(undone)
        : await this.#sendVisits(ready.slice(0, this.#atOnce));
      if (answer !== "acknowledged") return { kind: answer };
    }
  }

  async #sendVisits(entries: Waiting[]): Promise<Standing["kind"] | "acknowledged"> {
    await this.#outbox.markSent(entries);
    const response = await request("POST", "/api/visits", {
      sentAt: new Date().toISOString(),
      visits: entries.map((entry) => entry.visit),
    });
    if (!response.ok) return this.#notTaken(response, entries);
    const { results } = (await response.json()) as { results: Result[] };
    for (const [index, result] of results.entries()) {
      const entry = entries[index];
      if (!entry) break;
      const { revision } = entry.visit;
      if (result.status === "invalid" || result.status === "conflict") {
        await this.#outbox.keepRefused(entry.id, revision, {
          status: result.status,
          problems: result.problems,
        });
      } else await this.#outbox.letGo(entry.id, revision);
    }
    this.#atOnce = MOST_AT_ONCE;
    return "acknowledged";
  }

  async #sendUndo(entry: Waiting): Promise<Standing["kind"] | "acknowledged"> {
    const response = await request("DELETE", `/api/visits/${entry.id}`);
    if (!response.ok) return this.#notTaken(response, [entry]);
    await this.#outbox.letGo(entry.id, entry.visit.revision);
    return "acknowledged";
  }

  /** A request that failed as a whole. Where the laptop will never take it, its records are told apart. */
  async #notTaken(response: Response, entries: Waiting[]): Promise<Standing["kind"] | "acknowledged"> {
    if (response.status === 401) return "unpaired";
    if (response.status >= 500 || response.status === 429) return "away";
    if (entries.length > 1) {
      this.#atOnce = 1;
      return "acknowledged";
    }
    const entry = entries[0] as Waiting;
    const { message } = (await response.json()) as { message: string };
    const refused = { status: "invalid" as const, problems: [{ field: "", message }] };
    await this.#outbox.keepRefused(entry.id, entry.visit.revision, refused);
    return "acknowledged";
  }

  #tell(standing: Standing): void {
    this.#changed(standing);
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
