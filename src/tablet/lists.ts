/** How many fingers (or mouse buttons) are down. */
let down = 0;
for (const [type, change] of [
  ["pointerdown", 1],
  ["pointerup", -1],
  ["pointercancel", -1],
] as const) {
  addEventListener(
    type,
    () => {
      down = Math.max(0, down + change);
    },
    { capture: true, passive: true },
  );
}

/** A finger that leaves the window is never heard of again. */
const LONGEST_TOUCH = 2000;

/**
 * Gives the open page the lists of a fresh one, in place. Everything that is typed or ticked stays, also what is no
 * longer offered, and nothing moves while a finger is down.
 */
export async function takeLists(fresh: Document): Promise<void> {
  for (let waited = 0; down > 0 && waited < LONGEST_TOUCH; waited += 100) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  for (const list of document.querySelectorAll<HTMLElement>("[data-list]")) {
    const other = fresh.querySelector<HTMLElement>(`[data-list="${list.dataset.list}"]`);
    if (!other) continue;
    const chips = list.querySelector<HTMLElement>(".chips");
    if (!chips) list.replaceChildren(...imported(other.childNodes));
    else list.hidden = takeChips(chips, other) === 0 && other.hidden;
  }
  const names = [document, fresh].map((page) => page.getElementById("all-topics"));
  if (names[0] && names[1]) names[0].replaceChildren(...imported(names[1].childNodes));
  const topics = fresh.querySelector<HTMLSelectElement>("select[name=questionTopic]");
  for (const select of document.querySelectorAll<HTMLSelectElement>("select[name=questionTopic]")) {
    if (topics) takeOptions(select, topics);
  }
  const [page, other] = [document, fresh].map((each) => each.querySelector<HTMLElement>("[data-capture]"));
  if (page && other) page.dataset.project = other.dataset.project ?? "";
}

/** Gives how many chips stay although they are no longer offered. */
function takeChips(chips: HTMLElement, other: Element): number {
  const before = new Map(chipsOf(chips).map((chip) => [fieldOf(chip).value, chip]));
  const offered = chipsOf(other).map((chip) => {
    const known = before.get(fieldOf(chip).value);
    before.delete(fieldOf(chip).value);
    if (!known) {
      const added = document.importNode(chip, true);
      // What a fresh page starts with is not what this visit said.
      fieldOf(added).checked = false;
      return added;
    }
    const [words, others] = [known, chip].map((each) => each.querySelector("span"));
    if (words && others && words.textContent !== others.textContent) words.textContent = others.textContent;
    return known;
  });
  const ticked: HTMLElement[] = [];
  for (const chip of before.values()) {
    if (fieldOf(chip).checked) ticked.push(chip);
    else chip.remove();
  }
  // What is in its place stays there: moving it would take the focus away.
  let next = chips.firstElementChild;
  for (const chip of [...offered, ...ticked]) {
    if (chip === next) next = next.nextElementSibling;
    else chips.insertBefore(chip, next);
  }
  return ticked.length;
}

function takeOptions(select: HTMLSelectElement, other: HTMLSelectElement): void {
  const chosen = select.selectedOptions[0];
  const value = select.value;
  select.replaceChildren(...imported(other.childNodes));
  if (chosen && ![...select.options].some((option) => option.value === value)) select.append(chosen);
  select.value = value;
}

function chipsOf(place: Element): HTMLElement[] {
  return [...place.querySelectorAll<HTMLElement>("label.chip")];
}

function fieldOf(chip: HTMLElement): HTMLInputElement {
  return chip.querySelector("input") as HTMLInputElement;
}

function imported(nodes: NodeListOf<ChildNode>): Node[] {
  return [...nodes].map((node) => document.importNode(node, true));
}
