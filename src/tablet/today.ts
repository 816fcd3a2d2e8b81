import type { SentVisit } from "../visits/form";
import { type Clocks, LaptopClock } from "./clock";
import type { Outbox } from "./outbox";
import type { Device } from "./rescue";
import { say } from "./words";

type Category = SentVisit["category"];
type Counts = Record<Category, number>;
const CATEGORIES: Category[] = ["existing", "curious", "new"];

/** What `GET /api/today` tells. */
export interface TodayAnswer {
  /** How brightly the sphere is lit, 0 to 10. */
  light: number;
  own: Counts;
  booth: Counts;
  /** Questions that visitors asked by themselves, and that nobody has looked at. */
  asked: number;
  /** The laptop's clock, ISO 8601. */
  now: string;
  /** This tablet as the laptop knows it; null for the organizer. */
  device: Device | null;
  /** What the page would be made of by now. */
  shell: string;
  /** The event is over: the laptop only takes what waits. */
  isOver?: boolean;
}

interface Place {
  outbox: Outbox;
  /** What shows the light. */
  sphere: Iterable<HTMLElement>;
  address: string;
  /** What the page came with; a page from the tablet's own disk comes with nothing. */
  first: Pick<TodayAnswer, "light" | "own" | "booth"> | undefined;
  /** The laptop answered. `clocks`: how its clock stands to this tablet's. */
  near: (answer: TodayAnswer, clocks: Clocks) => void;
  /** The event is over, and this tablet's pages with it. */
  over: () => void;
}

const EVERY = 30_000;
const AFTER = 5000;
const ANSWER_WITHIN = 15_000;

/** What the day looks like: this tablet's counts, the booth's, and the light. Tells the laptop what waits here. */
export class Today {
  readonly #place: Place;
  #shown: Pick<TodayAnswer, "light" | "own" | "booth">;
  #soon: number | undefined;
  /** What the laptop was told last of what waits. */
  #told = "";
  #isNear = false;
  /** Whether the laptop said how many the booth had: this tablet alone does not know. */
  #isHeard: boolean;
  #isRescued = false;
  readonly #clock = new LaptopClock();

  constructor(place: Place) {
    this.#place = place;
    this.#shown = place.first ?? { light: 0, own: none(), booth: none() };
    this.#isHeard = place.first !== undefined;
    // A page that comes from the tablet's disk counts what waits there until the laptop is heard.
    if (!place.first) this.#countWaiting({ alsoSent: true });
  }

  start(): void {
    this.#show();
    void this.refresh();
    setInterval(() => void this.refresh(), EVERY);
  }

  /** A visit more, or one less, before the laptop says so. */
  count(category: Category, by: 1 | -1): void {
    for (const counts of [this.#shown.own, this.#shown.booth]) {
      counts[category] = Math.max(0, counts[category] + by);
    }
    if (by > 0) this.#shown.light = Math.min(10, Math.max(1, this.#shown.light));
    this.#show();
  }

  /** Ten tablets that each ask after each visit would be most of what the laptop does. */
  refreshSoon(): void {
    if (this.#soon !== undefined) return;
    this.#soon = window.setTimeout(() => {
      this.#soon = undefined;
      void this.refresh();
    }, AFTER);
  }

  /**
   * How the clocks stand. The laptop is asked where it was not heard yet or the tablet's clock may have been set;
   * undefined where it does not say. Fails where nobody answers.
   */
  async clocks(): Promise<Clocks | undefined> {
    if (!this.#clock.clocks && !(await this.refresh())) throw new Error("Nobody answers.");
    return this.#clock.clocks;
  }

  /** Asks the laptop. Gives whether anybody answered. */
  async refresh(): Promise<boolean> {
    const response = await fetch(this.#place.address, { signal: AbortSignal.timeout(ANSWER_WITHIN) }).catch(
      () => undefined,
    );
    this.#isNear = response?.ok ?? false;
    const answer = this.#isNear
      ? ((await response?.json().catch(() => undefined)) as TodayAnswer | undefined)
      : undefined;
    // Their pages are the laptop's: nobody is led away from this one to find nothing.
    for (const part of document.querySelectorAll<HTMLElement>("[data-near-only]")) part.hidden = !answer;
    if (!answer) {
      this.#showAsked(0);
      if (response?.status === 401 && (await isEnded(response))) this.#place.over();
      return response !== undefined;
    }
    const clocks = this.#clock.hear(answer.now);
    this.#shown = { light: answer.light, own: answer.own, booth: answer.booth };
    this.#isHeard = true;
    this.#countWaiting();
    this.#show();
    this.#showAsked(answer.asked);
    this.#place.near(answer, clocks);
    if (answer.isOver) this.#place.over();
    void this.tellNow(this.#isRescued);
    return true;
  }

  /** Tells the laptop how much waits here, so that nobody there unpairs this tablet by mistake. Soon, when it is near. */
  tell(isRescued: boolean): void {
    this.#isRescued = isRescued;
    if (this.#isNear && this.#place.outbox.all().length === 0) void this.tellNow(isRescued);
  }

  async tellNow(isRescued: boolean): Promise<void> {
    const waiting = this.#place.outbox.all();
    const since = waiting[0] ? new Date(waiting[0].since).toISOString() : undefined;
    const standing = { waiting: waiting.length, since, rescued: isRescued };
    const told = JSON.stringify(standing);
    if (told === this.#told) return;
    const before = this.#told;
    this.#told = told;
    const response = await fetch("/api/standing", {
      method: "POST",
      headers: { Accept: "application/json", "Content-Type": "application/json" },
      body: JSON.stringify({ ...standing, sentAt: new Date().toISOString() }),
    }).catch(() => undefined);
    if (!response?.ok) this.#told = before;
  }

  /** What the laptop has not heard of yet counts all the same. `alsoSent`: and what it may have heard of. */
  #countWaiting({ alsoSent = false } = {}): void {
    for (const { visit, sentRevision, undone } of this.#place.outbox.all()) {
      if (undone || (sentRevision > 0 && !alsoSent)) continue;
      this.#shown.own[visit.category] += 1;
      this.#shown.booth[visit.category] += 1;
    }
  }

  #showAsked(count: number): void {
    const link = document.querySelector<HTMLElement>("[data-asked]");
    if (!link) return;
    link.hidden = !count;
    link.textContent = say("standing.asked", { count });
  }

  #show(): void {
    const { own, booth, light } = this.#shown;
    for (const category of CATEGORIES) {
      const place = document.querySelector(`[data-count-${category}]`);
      if (place) place.textContent = String(own[category]);
    }
    for (const sphere of this.#place.sphere) sphere.dataset.light = String(light);
    const all = booth.existing + booth.curious + booth.new;
    const place = document.querySelector("[data-booth-today]");
    if (place && this.#isHeard) {
      place.textContent =
        all === 0 ? say("capture.first-of-day") : say("capture.booth-today", { count: all });
    }
  }
}

/** Whether the laptop says that the event is over, and not that it does not know this tablet. */
async function isEnded(response: Response): Promise<boolean> {
  const said = (await response.json().catch(() => undefined)) as { problem?: string } | undefined;
  return said?.problem === "ended";
}

function none(): Counts {
  return { existing: 0, curious: 0, new: 0 };
}
