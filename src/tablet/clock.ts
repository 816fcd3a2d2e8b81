/** How this tablet's clock stood to the laptop's when the laptop was last heard. */
export interface Clocks {
  /** Milliseconds to add to the tablet's clock. */
  offset: number;
  /** When that was, by the laptop's clock. */
  heardAt: number;
}

/** Less than this is the time that answers take, not a clock that was set. */
const TOLERANCE = 60_000;
/** A page's own count of time and the clock differ by this much: the clock was set, or the tablet slept. */
const JUMP = 30_000;

/**
 * By how much the tablet's clock was set after it showed `at`, in milliseconds; 0 where it was not. `then`: what was
 * known of the clocks when it showed that; `now`: what is known.
 *
 * What was noted then happened between the laptop's last word before it and now. Where that is so by the clock as it
 * was at that word, it was set later. (Where it is so by the clock of now as well, the tablet was out of reach for
 * longer than the clock is set by: then the word that is nearer counts.)
 */
export function setSince(at: number, then: Clocks | undefined, now: Clocks): number {
  if (!then || Math.abs(now.offset - then.offset) < TOLERANCE) return 0;
  const happened = at + then.offset;
  const isPossible = happened > then.heardAt - TOLERANCE && happened < Date.now() + now.offset + TOLERANCE;
  return isPossible ? now.offset - then.offset : 0;
}

/** Notes what the laptop's clock shows, and tells whether that still holds. */
export class LaptopClock {
  #clocks: Clocks | undefined;
  #begin = 0;

  /** `now`: the laptop's clock, ISO 8601, as an answer tells it that has just come. */
  hear(now: string): Clocks {
    this.#begin = beginOfPage();
    this.#clocks = { offset: Date.parse(now) - Date.now(), heardAt: Date.parse(now) };
    return this.#clocks;
  }

  /** Undefined where the laptop was not heard since the page was opened, or the clock may have been set since. */
  get clocks(): Clocks | undefined {
    return Math.abs(beginOfPage() - this.#begin) < JUMP ? this.#clocks : undefined;
  }
}

/** When the page was opened, by the clock of now: another moment as soon as the clock is set. */
function beginOfPage(): number {
  return Date.now() - performance.now();
}
