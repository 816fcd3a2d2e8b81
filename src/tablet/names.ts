import type { Outbox } from "./outbox";
import { say } from "./words";

const NAMES = "names";
interface Kept {
  all: string[];
  /** Who logs now. */
  current: string;
}

/** Who uses this tablet: a button for each, in the bar, so that two people who share it switch in a tap. */
export class Names {
  readonly #outbox: Outbox;
  readonly #bar: HTMLElement;
  readonly #list: HTMLElement;
  #own: string;
  #kept: Kept;

  /** `own` is the name that the tablet is paired for; `bar` gets the buttons, `list` the names to take out again. */
  constructor(outbox: Outbox, own: string, bar: HTMLElement, list: HTMLElement) {
    this.#outbox = outbox;
    this.#bar = bar;
    this.#list = list;
    this.#own = own;
    this.#kept = outbox.kept<Kept>(NAMES) ?? { all: [], current: own };
    this.#show();
  }

  /** Whose visit is logged now; empty where nobody is known here yet. */
  get current(): string {
    return this.#isKnown(this.#kept.current) ? this.#kept.current : this.#own;
  }

  /** Whether that is whom the page is for. */
  get isOwn(): boolean {
    return this.current === this.#own;
  }

  /** The laptop says whom the tablet is paired for. */
  setOwn(name: string): void {
    if (name === this.#own) return;
    if (this.#kept.current === this.#own) this.#kept.current = name;
    this.#own = name;
    this.#show();
  }

  /** Adds a name, and switches to it. */
  async add(typed: string): Promise<void> {
    const name = typed.trim().replace(/\s+/g, " ").slice(0, 60);
    if (name === "") return;
    const known = [this.#own, ...this.#kept.all].find((each) => each.toLowerCase() === name.toLowerCase());
    if (!known) this.#kept.all.push(name);
    await this.#choose(known ?? name);
  }

  async #choose(name: string): Promise<void> {
    this.#kept.current = name;
    this.#show();
    await this.#outbox.keep(NAMES, this.#kept);
  }

  async #remove(name: string): Promise<void> {
    this.#kept.all = this.#kept.all.filter((each) => each !== name);
    await this.#choose(this.#isKnown(this.#kept.current) ? this.#kept.current : this.#own);
  }

  #isKnown(name: string): boolean {
    return name === this.#own || this.#kept.all.includes(name);
  }

  #show(): void {
    const { current } = this;
    const hadFocus = [this.#bar, this.#list].find((place) => place.contains(document.activeElement));
    const names = [this.#own, ...this.#kept.all].filter(Boolean);
    this.#bar.replaceChildren(
      ...names.map((name) => {
        const button = buttonSaying(name);
        button.setAttribute("aria-pressed", String(name === current));
        button.addEventListener("click", () => void this.#choose(name));
        return button;
      }),
    );
    this.#list.replaceChildren(
      ...this.#kept.all.map((name) => {
        const item = document.createElement("li");
        const button = buttonSaying(say("tablet.remove"));
        button.setAttribute("aria-label", say("tablet.remove-name", { name }));
        button.addEventListener("click", () => void this.#remove(name));
        item.append(name, button);
        return item;
      }),
    );
    if (hadFocus === this.#bar) this.#bar.querySelector<HTMLElement>("[aria-pressed=true]")?.focus();
    // Who took a name out of the list goes on at its end.
    if (hadFocus === this.#list) this.#list.parentElement?.querySelector("input")?.focus();
  }
}

function buttonSaying(words: string): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = words;
  return button;
}
