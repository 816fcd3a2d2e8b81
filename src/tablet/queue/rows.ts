/** The rows of the queue as they stand on the page. */
import type { Suggestion } from "./laptop";

export const ROW = "[data-question]";

export function allRows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(ROW)];
}

export function rowOf(id: string): HTMLElement | undefined {
  return document.querySelector<HTMLElement>(`[data-question="${CSS.escape(id)}"]`) ?? undefined;
}

export const idOf = (row: HTMLElement): string => row.dataset.question ?? "";
export const isTaken = (row: HTMLElement): boolean => row.dataset.taken !== undefined;
export const linkOf = (row: HTMLElement): HTMLAnchorElement | null => row.querySelector(".text a");
export const pickOf = (row: HTMLElement): HTMLInputElement | null => row.querySelector(".pick input");

export function selectedRows(): HTMLElement[] {
  return allRows().filter((row) => pickOf(row)?.checked);
}

/** The question as it is shown: its id and version, as forms send them. */
export const shownAs = (row: HTMLElement): string => `${idOf(row)}.${row.dataset.version}`;

/** From now on forms say that this version was shown. */
export function setVersion(row: HTMLElement, version: number): void {
  row.dataset.version = String(version);
  const pick = pickOf(row);
  if (pick) pick.value = shownAs(row);
  for (const field of row.querySelectorAll<HTMLInputElement>('input[name="version"]')) {
    field.value = String(version);
  }
}

export function setPriority(row: HTMLElement, priority: string): void {
  row.dataset.priority = priority;
  const badge = row.querySelector<HTMLElement>(".badge.priority");
  if (!badge) return;
  badge.dataset.level = priority;
  badge.textContent = `${priority} priority`;
  badge.hidden = priority === "normal";
}

export function setTopic(row: HTMLElement, topic: string | null): void {
  const badge = row.querySelector<HTMLElement>("[data-topic]");
  if (!badge) return;
  badge.textContent = topic ?? "no topic";
  badge.classList.toggle("none", topic === null);
}

/** What a row offered before something was done with its question. */
const offered = new WeakMap<HTMLElement, Node[]>();

/** Says in the place of what a row offers what was done with its question; the row stays where it is. */
export function settle(row: HTMLElement, words: string, button?: HTMLElement): void {
  const place = row.querySelector<HTMLElement>(".do");
  if (!place) return;
  if (!offered.has(row)) offered.set(row, [...place.childNodes]);
  const said = document.createElement("p");
  said.className = "taken";
  const text = document.createElement("span");
  text.textContent = words;
  said.append(text, ...(button ? [button] : []));
  place.replaceChildren(said);
  row.dataset.taken = "";
  const pick = pickOf(row);
  if (pick) pick.checked = false;
}

/** Offers again what the row did before. */
export function offerAgain(row: HTMLElement): void {
  delete row.dataset.taken;
  const before = offered.get(row);
  offered.delete(row);
  if (before) row.querySelector(".do")?.replaceChildren(...before);
}

/** Offers in a row who could take its question, the likeliest as the button. */
export function suggest(row: HTMLElement, suggestions: Suggestion[]): void {
  delete row.dataset.unsure;
  const form = row.querySelector<HTMLFormElement>('form[data-one="route"]');
  const rest = form?.querySelector(".else");
  const [first, ...others] = suggestions;
  if (!form || !rest || !first || isTaken(row)) return;
  row.dataset.suggested = first.slug;
  const button = form.querySelector(".first") ?? buttonFor(first, "first");
  button.setAttribute("value", first.slug);
  button.textContent = `Route to ${first.name}`;
  const reason = document.createElement("span");
  reason.className = "reason";
  reason.textContent = first.reason;
  const choose = rest.querySelector<HTMLElement>("[data-choose-for]");
  choose?.classList.add("quiet");
  if (choose) choose.textContent = "Somebody else …";
  rest.before(button);
  rest.replaceChildren(
    reason,
    ...others.map((other) => buttonFor(other, "quiet")),
    ...(choose ? [choose] : []),
  );
}

function buttonFor({ slug, name, reason }: Suggestion, look: string): HTMLButtonElement {
  const button = document.createElement("button");
  button.className = look;
  button.name = "expert";
  button.value = slug;
  button.title = reason;
  button.textContent = name;
  return button;
}
