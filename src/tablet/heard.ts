import type { SentVisit } from "../visits/form";

/** What was heard on this tablet, for completing what is typed. In memory only: it may name visitors' employers. */
export class Heard {
  readonly #places: Record<"platforms" | "organizations", HTMLDataListElement>;

  constructor(platforms: HTMLDataListElement, organizations: HTMLDataListElement) {
    this.#places = { platforms, organizations };
  }

  /** Remembers what a visit says. `platformName` is what people read for its platform. */
  listen(visit: SentVisit, platformName: string | undefined): void {
    this.#add("platforms", platformName);
    this.#add("organizations", visit.contact?.organization);
  }

  #add(list: "platforms" | "organizations", words: string | null | undefined): void {
    const place = this.#places[list];
    const isThere = [...place.options].some((each) => each.value.toLowerCase() === words?.toLowerCase());
    if (words && !isThere) place.prepend(new Option(words, words));
  }
}
