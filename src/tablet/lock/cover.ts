/** What a cover says, by why it is there. */
export const WORDS = {
  locked: [
    "Locked",
    "Type the passphrase to go on where you were. What was typed on this page is still here.",
  ],
  out: [
    "Signed out",
    "Type the passphrase to go on where you were. What was typed on this page is still here.",
  ],
  away: ["Covered", "The laptop’s program does not answer. This page shows again as soon as it does."],
} as const;
export type Why = keyof typeof WORDS;

/** Stands in the place of a page that is locked. */
export class Cover {
  readonly #dialog: HTMLDialogElement;
  readonly #page = document.createDocumentFragment();
  readonly #modals: HTMLDialogElement[];
  readonly #title = document.title;
  readonly #scroll = { left: scrollX, top: scrollY };
  readonly #focused = document.activeElement;
  /** The capture page works on while it is covered: what is logged is on its way, and its code finds its parts. */
  readonly #worksOn = document.querySelector("[data-capture]") !== null;

  constructor(template: HTMLTemplateElement, unlock: (passphrase: string) => Promise<string | undefined>) {
    this.#dialog = (template.content.cloneNode(true) as DocumentFragment).querySelector(
      "dialog",
    ) as HTMLDialogElement;
    this.#modals = [...document.querySelectorAll<HTMLDialogElement>("dialog:modal")];
    if (this.#worksOn) {
      for (const dialog of this.#modals) dialog.close();
      document.documentElement.classList.add("is-locked");
    } else this.#page.append(...document.body.childNodes);
    document.body.append(this.#dialog);
    // Browsers let a second Escape close any dialog.
    this.#dialog.addEventListener("cancel", (event) => event.preventDefault());
    this.#dialog.addEventListener("close", () => this.#dialog.isConnected && this.#dialog.showModal());
    // Keys are for the cover alone: a page has its own.
    this.#dialog.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") event.preventDefault();
    });
    this.#dialog.querySelector("form")?.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#try(unlock);
    });
    this.#dialog.showModal();
    this.#field.focus();
  }

  get #field(): HTMLInputElement {
    return this.#dialog.querySelector("input") as HTMLInputElement;
  }

  say(why: Why): void {
    const [title, words] = WORDS[why];
    this.#put("[data-lock-title]", title);
    this.#put("[data-lock-words]", words);
    document.title = `${title} · Boothlight`;
  }

  /** Only what is new, so that nobody is read the same words again and again. */
  #put(where: string, text: string): void {
    const place = this.#dialog.querySelector(where);
    if (place && place.textContent !== text) place.textContent = text;
  }

  async #try(unlock: (passphrase: string) => Promise<string | undefined>): Promise<void> {
    const button = this.#dialog.querySelector("button") as HTMLButtonElement;
    const problem = this.#dialog.querySelector("[data-lock-problem]") as HTMLElement;
    button.disabled = true;
    const wrong = await unlock(this.#field.value);
    button.disabled = false;
    problem.textContent = wrong ?? "";
    problem.hidden = wrong === undefined;
    if (wrong === undefined) return;
    this.#field.select();
    this.#field.focus();
  }

  /** The page is as it was. */
  lift(): void {
    this.#dialog.remove();
    document.title = this.#title;
    if (this.#worksOn) {
      document.documentElement.classList.remove("is-locked");
      return;
    }
    document.body.append(this.#page);
    for (const dialog of this.#modals) {
      // Out of the document it was taken from the layer above all others, but not closed.
      dialog.removeAttribute("open");
      dialog.showModal();
    }
    scrollTo(this.#scroll);
    if (this.#focused instanceof HTMLElement) this.#focused.focus({ preventScroll: true });
  }
}
