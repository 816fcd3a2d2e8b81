import { ask, changesSince, type Done, type Outcome, suggestionsFor } from "../queue/laptop";
import {
  allRows,
  idOf,
  isTaken,
  linkOf,
  offerAgain,
  pickOf,
  ROW,
  rowOf,
  selectedRows,
  setPriority,
  setTopic,
  settle,
  setVersion,
  shownAs,
  suggest,
} from "../queue/rows";

/**
 * The organizer's queue by keyboard: what the page does as plain HTML, in place and with a way back. Other organizers'
 * steps are shown in the rows that they took them with.
 */
const find = <T extends HTMLElement>(selector: string) => document.querySelector<T>(selector);
const queue = find("[data-queue]");
const bulk = find<HTMLFormElement>("#bulk");
const help = find<HTMLDialogElement>("[data-keys]");
const choose = find<HTMLDialogElement>("[data-choose]");
const search = find<HTMLInputElement>("#search");
const toast = find("[data-toast]");
const toastWords = find("[data-toast-words]");
const toastUndo = find("[data-toast-undo]");
const keysOn = find<HTMLInputElement>("[data-keys-on]");

/** How often the page asks what others did. */
const ASK_EVERY = 4000;
/** What was written a moment before the last answer may have been kept a moment after it. */
const OVERLAP = 10_000;
const KEYS_OFF = "queue-keys-off";
const LEFT_AT = "queue-left-at";

let current: HTMLElement | undefined;
let lastPicked: HTMLElement | undefined;
let marked: HTMLElement | undefined;
/** What was done here, the last last: how it is taken back. */
const doneHere: string[][] = [];
/** Whom the dialog chooses somebody for. */
let choosingFor: HTMLElement[] = [];

document.documentElement.dataset.scripted = "";
for (const hidden of document.querySelectorAll<HTMLElement>("[data-help]")) hidden.hidden = false;
if (keysOn) {
  keysOn.checked = localStorage.getItem(KEYS_OFF) === null;
  keysOn.addEventListener("change", () => {
    if (keysOn.checked) localStorage.removeItem(KEYS_OFF);
    else localStorage.setItem(KEYS_OFF, "yes");
  });
}
find("[data-help]")?.addEventListener("click", () => help?.showModal());
showSelection();
const leftAt = sessionStorage.getItem(LEFT_AT);
sessionStorage.removeItem(LEFT_AT);
if (leftAt) goTo(rowOf(leftAt));

// Which question a key is about

document.addEventListener("focusin", (event) => {
  const row = (event.target as Element).closest<HTMLElement>(ROW);
  if (row) mark(row);
});

function mark(row: HTMLElement): void {
  if (current && current !== row) delete current.dataset.current;
  current = row;
  row.dataset.current = "";
}

function goTo(row: HTMLElement | undefined): void {
  if (!row) return;
  mark(row);
  linkOf(row)?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function move(by: 1 | -1): void {
  const rows = allRows();
  const first = by > 0 ? rows[0] : rows.at(-1);
  goTo(current ? rows[rows.indexOf(current) + by] : first);
}

/** The next question that something is left to do with. */
function goOn(): void {
  const rows = allRows();
  const after = current ? rows.slice(rows.indexOf(current) + 1) : rows;
  goTo(after.find((row) => !isTaken(row)) ?? current);
}

/** What a key works on: the selected questions, else the current one. */
function targets(): HTMLElement[] {
  const selected = selectedRows();
  return selected.length > 0 ? selected : current ? [current] : [];
}

queue?.addEventListener("click", (event) => {
  const target = event.target as Element;
  const row = target.closest<HTMLElement>(ROW);
  if (!row) return;
  if (target.closest(".text a")) sessionStorage.setItem(LEFT_AT, idOf(row));
  const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (target.closest("[data-choose-for]") && choose && isPlain) {
    event.preventDefault();
    chooseFor([row]);
  }
  if (target instanceof HTMLInputElement && target === pickOf(row)) pick(row, target.checked, event.shiftKey);
});

/** Selects a question or not; with a range, all from the last one that was. */
function pick(row: HTMLElement, isPicked: boolean, isRange: boolean): void {
  const rows = allRows();
  const [from, to] = [rows.indexOf(lastPicked ?? row), rows.indexOf(row)].sort((a, b) => a - b);
  for (const each of isRange && lastPicked ? rows.slice(from, (to ?? 0) + 1) : [row]) {
    const box = pickOf(each);
    if (box && !isTaken(each)) box.checked = isPicked;
  }
  lastPicked = row;
  showSelection();
}

function selectNone(): void {
  for (const row of selectedRows()) (pickOf(row) as HTMLInputElement).checked = false;
  lastPicked = undefined;
  showSelection();
}

function showSelection(): void {
  const count = selectedRows().length;
  if (!bulk) return;
  bulk.hidden = count === 0;
  const words = find("[data-count]");
  if (words) words.textContent = `${count} selected`;
  const clear = find("[data-clear]");
  if (clear) clear.hidden = false;
}
find("[data-clear]")?.addEventListener("click", () => {
  selectNone();
  goTo(current);
});

// Doing something

async function act(fields: Record<string, string>, rows: HTMLElement[]): Promise<Outcome> {
  const body = new URLSearchParams(fields);
  for (const row of rows) {
    body.append("question", shownAs(row));
    if (row.dataset.suggested) body.append("suggested", `${idOf(row)}.${row.dataset.suggested}`);
  }
  const outcome = await ask("/questions/bulk", body);
  const undo = outcome.done.flatMap((each) => each.undo ?? []);
  if (undo.length > 0) doneHere.push(undo);
  for (const each of outcome.done) showDone(each);
  if (outcome.done.length > 0) selectNone();
  say(inWords(outcome), undo.length > 0);
  if (outcome.notDone.length > 0) void look();
  return outcome;
}

function showDone(done: Done): void {
  if (done.also) {
    const other = rowOf(done.also.id);
    if (other) setVersion(other, done.also.version);
  }
  const row = rowOf(done.id);
  if (!row) return;
  const isSame = done.state === row.dataset.state && !done.mergedInto && !done.undo?.startsWith("step");
  setVersion(row, done.version);
  setPriority(row, done.priority);
  setTopic(row, done.topic);
  if (!isSame) settle(row, done.words, done.undo ? undoButton([done.undo]) : undefined);
}

function undoButton(undo: string[]): HTMLElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Undo";
  button.addEventListener("click", () => void takeBack(undo));
  return button;
}

async function takeBack(undo = doneHere.pop()): Promise<void> {
  if (!undo) {
    // What a form of this page has led to, before it was loaded.
    const form = find<HTMLFormElement>("[data-undo-form]");
    if (form) form.requestSubmit();
    else say("Nothing was done on this page yet.", false);
    return;
  }
  for (const [index, each] of doneHere.entries()) {
    doneHere[index] = each.filter((one) => !undo.includes(one));
  }
  const body = new URLSearchParams(undo.map((each) => ["undo", each]));
  const outcome = await ask("/questions/bulk/undo", body);
  for (const each of outcome.done) {
    const row = rowOf(each.id);
    if (row) {
      offerAgain(row);
      setVersion(row, each.version);
      setPriority(row, each.priority);
      setTopic(row, each.topic);
    }
    const also = each.also && rowOf(each.also.id);
    if (also) setVersion(also, each.also?.version ?? 0);
  }
  const [first] = outcome.done;
  if (outcome.message) doneHere.push(undo);
  if (first && !document.activeElement?.closest(ROW)) goTo(rowOf(first.id));
  say(outcome.done.length > 0 ? `Taken back. ${inWords({ ...outcome, done: [] })}` : inWords(outcome), false);
}

function inWords({ done, notDone, message }: Outcome): string {
  const [first] = done;
  const told = first
    ? done.length === 1
      ? `${first.words}.`
      : `${first.words}: ${done.length} questions.`
    : "";
  const isOne = done.every((each) => each.words === first?.words);
  const all = isOne || !first ? told : `Done with ${done.length} questions.`;
  const reasons = [...new Set(notDone.map((each) => each.why))].join(" ");
  const left =
    notDone.length === 0
      ? ""
      : `Nothing was done with ${notDone.length === 1 ? "one question" : `${notDone.length} questions`}: ${reasons}`;
  return [message, all, left].filter(Boolean).join(" ");
}

let closing: ReturnType<typeof setTimeout> | undefined;

function say(words: string, canUndo: boolean): void {
  if (!toast || !toastWords || !toastUndo || !words) return;
  toast.hidden = false;
  toastWords.textContent = words;
  toastUndo.hidden = !canUndo;
  clearTimeout(closing);
  closing = setTimeout(() => {
    // Not under a finger, or a screen reader's cursor.
    if (!toast.matches(":hover, :focus-within")) toast.hidden = true;
  }, 15_000);
}
toastUndo?.addEventListener("click", () => void takeBack());
find("[data-toast-close]")?.addEventListener("click", () => {
  if (toast) toast.hidden = true;
});

async function routeAsSuggested(): Promise<void> {
  const rows = targets();
  if (rows.length === 0) return;
  // Where nobody is suggested, somebody has to be chosen.
  if (rows.length === 1 && !rows[0]?.dataset.suggested) return chooseFor(rows);
  const { done } = await act({ action: "suggested" }, rows);
  if (done.length > 0) goOn();
}

function chooseFor(rows: HTMLElement[]): void {
  if (!choose || rows.length === 0) return;
  choosingFor = rows;
  const select = choose.querySelector("select");
  if (!select || select.options.length === 0) {
    say("There is nobody to route to yet.", false);
    return;
  }
  choose.returnValue = "";
  select.value = rows[0]?.dataset.suggested ?? select.options[0]?.value ?? "";
  choose.showModal();
  select.focus();
}
choose?.addEventListener("close", () => {
  const expert = choose.querySelector("select")?.value;
  if (choose.returnValue !== "route" || !expert) return goTo(current);
  void act({ action: "route", expert }, choosingFor).then(({ done }) =>
    done.length > 0 ? goOn() : goTo(current),
  );
});
choose?.querySelector("select")?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  choose.close("route");
});

function nextPriority(): void {
  const rows = targets();
  const next: Record<string, string> = { normal: "high", high: "low", low: "normal" };
  const [first] = rows;
  if (first) void act({ action: "priority", priority: next[first.dataset.priority ?? ""] ?? "normal" }, rows);
}

function putTogether(): void {
  const selected = selectedRows();
  if (selected.length > 1) {
    void merge(selected);
    return;
  }
  if (!current) return;
  if (!marked || isTaken(marked)) {
    marked = current;
    marked.dataset.marked = "";
    say("Marked. Press m on a question that asks the same.", false);
    return;
  }
  const head = marked;
  delete head.dataset.marked;
  marked = undefined;
  if (head === current) say("No longer marked.", false);
  else void merge([head, current]);
}

async function merge(rows: HTMLElement[]): Promise<void> {
  const { done } = await act({ action: "merge" }, rows);
  if (done.length > 0) goTo(rowOf(done[0]?.mergedInto ?? "") ?? current);
}

function openAnswer(): void {
  const rows = targets();
  const row = current && rows.includes(current) ? current : rows[0];
  const template = find<HTMLTemplateElement>("[data-answer-box]");
  if (!row || !template || rows.length === 0) return;
  const open = row.querySelector<HTMLTextAreaElement>(".answer-box textarea");
  if (open) {
    open.focus();
    return;
  }
  const box = (template.content.cloneNode(true) as DocumentFragment).querySelector("form") as HTMLFormElement;
  const text = box.querySelector("textarea") as HTMLTextAreaElement;
  const label = box.querySelector("label") as HTMLLabelElement;
  text.id = `answer-${idOf(row)}`;
  label.htmlFor = text.id;
  if (rows.length > 1) label.textContent = `One answer for ${rows.length} questions`;
  row.append(box);
  if (toast) toast.hidden = true;
  text.focus({ preventScroll: true });
  box.scrollIntoView({ block: "nearest" });
  const close = () => box.remove();
  box.querySelector("[data-cancel]")?.addEventListener("click", () => {
    close();
    goTo(row);
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      box.requestSubmit();
    }
  });
  box.addEventListener("submit", (event) => {
    event.preventDefault();
    void act({ action: "answer", answer: text.value }, rows).then(({ done }) => {
      // Where somebody was faster, what was typed stays.
      if (done.length === 0) return text.focus();
      close();
      goOn();
    });
  });
}
addEventListener("beforeunload", (event) => {
  const isTyped = [...document.querySelectorAll<HTMLTextAreaElement>(".answer-box textarea")].some(
    (text) => text.value.trim() !== "",
  );
  if (isTyped) event.preventDefault();
});

// Forms do in place what they would do by loading a page

document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  const submitter = event.submitter as HTMLButtonElement | null;
  if (form.dataset.one === "route" && submitter) {
    const row = form.closest<HTMLElement>(ROW);
    if (!row) return;
    event.preventDefault();
    void act({ action: "route", expert: submitter.value }, [row]).then(({ done }) => {
      if (done.length > 0) goOn();
    });
  } else if (form === bulk && submitter) {
    event.preventDefault();
    const fields = new FormData(form);
    const sent: Record<string, string> = { action: submitter.value };
    for (const name of ["expert", "answer", "priority", "topic"]) sent[name] = String(fields.get(name) ?? "");
    const rows = selectedRows();
    if (rows.length === 0) return say("Select a question first.", false);
    void act(sent, rows);
  }
});

// Keys

const KEYS: Record<string, (event: KeyboardEvent) => void> = {
  j: () => move(1),
  k: () => move(-1),
  o: () => current && linkOf(current)?.click(),
  e: () => void routeAsSuggested(),
  E: () => chooseFor(targets()),
  a: () => openAnswer(),
  p: () => nextPriority(),
  m: () => putTogether(),
  x: () => current && pick(current, !pickOf(current)?.checked, false),
  X: () => current && pick(current, true, true),
  u: () => void takeBack(),
  "/": () => {
    search?.focus();
    search?.select();
  },
  "?": () => help?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target as HTMLElement;
  // A dialog has keys of its own.
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") return leave(target);
  if (isField(target)) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (!target.closest(ROW)) return;
    event.preventDefault();
    return move(event.key === "ArrowDown" ? 1 : -1);
  }
  const key = KEYS[event.key];
  if (!key || keysOn?.checked === false) return;
  event.preventDefault();
  key(event);
});

function isField(element: HTMLElement): boolean {
  if (element instanceof HTMLInputElement) return !["checkbox", "radio", "button"].includes(element.type);
  return element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement;
}

/** Out of what is open: a field, else what is selected, else what is marked. */
function leave(target: HTMLElement): void {
  const box = target.closest(".answer-box");
  if (box) {
    box.querySelector<HTMLElement>("[data-cancel]")?.click();
  } else if (isField(target)) {
    target.blur();
    goTo(current);
  } else if (selectedRows().length > 0) {
    selectNone();
  } else if (marked) {
    delete marked.dataset.marked;
    marked = undefined;
  } else if (toast) {
    toast.hidden = true;
  }
}

// Who could take a question, where the page came without

const SUGGESTED_AT_ONCE = 10;

async function suggestAll(): Promise<void> {
  const unsure = allRows().filter((row) => row.dataset.unsure !== undefined);
  for (let from = 0; from < unsure.length; from += SUGGESTED_AT_ONCE) {
    const rows = unsure.slice(from, from + SUGGESTED_AT_ONCE);
    const found = await suggestionsFor(rows.map(idOf));
    for (const row of rows) suggest(row, found[idOf(row)] ?? []);
  }
}
void suggestAll();

// What others do meanwhile

let since = Number(find("[data-queue]")?.dataset.at ?? find<HTMLInputElement>('input[name="at"]')?.value);
const path = queue?.dataset.path ?? location.pathname;
/** Questions that changed elsewhere and are not on this page, or not as they are. */
const news = new Set<string>();
/** The versions of what is on this page that others have made. */
const heardOf = new Map<string, number>();
/** What was there when the page was made is no news. */
const start = since;

async function look(): Promise<void> {
  const heard = await changesSince(path, Math.max(start, since - OVERLAP));
  if (!heard) return;
  since = heard.at;
  for (const change of heard.changes) {
    const row = rowOf(change.id);
    if (row && Number(row.dataset.version) >= change.version && change.isThere) continue;
    if (!row) {
      if (change.isThere) news.add(change.id);
      continue;
    }
    if (heardOf.get(change.id) === change.version) continue;
    heardOf.set(change.id, change.version);
    news.add(change.id);
    const open = document.createElement("a");
    open.className = "button";
    open.href = linkOf(row)?.href ?? "";
    open.textContent = "Look";
    settle(row, `${change.words || "changed"} a moment ago`, open);
    // Its forms still say what was shown: whatever is done with it now is refused, and told why.
    row.dataset.elsewhere = "";
  }
  const notice = find("[data-news]");
  const words = notice?.querySelector("span");
  if (!notice || !words || news.size === 0) return;
  notice.hidden = false;
  const told = news.size === 1 ? "1 question changed" : `${news.size} questions changed`;
  if (words.textContent !== told) words.textContent = told;
}

if (!Number.isNaN(since)) {
  setInterval(() => {
    if (document.visibilityState === "visible") void look();
  }, ASK_EVERY);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void look();
  });
}
