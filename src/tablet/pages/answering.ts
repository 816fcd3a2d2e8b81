/**
 * On an expert's private page: what they write is kept on their device until it is sent, so that a lost connection, a
 * closed tab or a reload loses nothing.
 */
const KEPT_FOR = 60 * 24 * 3_600_000;
const PREFIX = "boothlight_draft_";

interface Draft {
  text: string;
  /** When it was last written on. */
  at: number;
}

const box = document.querySelector<HTMLTextAreaElement>("[data-draft]");
const part = (name: string) => document.querySelector<HTMLElement>(`[${name}]`);

forgetOld();
const sent = part("data-sent")?.dataset.sent;
if (sent) keep(sent, "");
if (box) keepDraftOf(box);
offerToCopy();

function keepDraftOf(place: HTMLTextAreaElement): void {
  const id = place.dataset.draft ?? "";
  const kept = part("data-draft-kept");
  const saved = part("data-draft-saved");
  const asItIs = place.defaultValue;
  const draft = draftOf(id);
  // What came back from the laptop is newer than what was kept.
  if (place.hasAttribute("data-typed")) keep(id, place.value);
  else if (draft === asItIs) keep(id, "");
  else if (draft !== undefined) {
    place.value = draft;
    if (kept) kept.hidden = false;
  }
  place.addEventListener("input", () => {
    const isKept = keep(id, place.value === asItIs ? "" : place.value);
    if (kept) kept.hidden = true;
    if (saved) saved.hidden = !isKept || place.value === asItIs;
  });
  part("data-draft-drop")?.addEventListener("click", () => {
    keep(id, "");
    place.value = asItIs;
    if (kept) kept.hidden = true;
    place.focus();
  });
  place.form?.addEventListener("submit", (event) => {
    const offline = part("data-offline");
    if (offline) offline.hidden = navigator.onLine;
    if (!navigator.onLine) event.preventDefault();
  });
}

function draftOf(id: string): string | undefined {
  try {
    const draft = JSON.parse(localStorage.getItem(PREFIX + id) ?? "null") as Draft | null;
    return draft?.text || undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a draft, or forgets it where it is empty; gives whether the browser lets it. */
function keep(id: string, text: string): boolean {
  try {
    const draft: Draft = { text, at: Date.now() };
    if (text === "") localStorage.removeItem(PREFIX + id);
    else localStorage.setItem(PREFIX + id, JSON.stringify(draft));
    return true;
  } catch {
    return false;
  }
}

function forgetOld(): void {
  try {
    for (const key of Object.keys(localStorage).filter((each) => each.startsWith(PREFIX))) {
      const { at } = JSON.parse(localStorage.getItem(key) ?? "{}") as Partial<Draft>;
      if (!at || at < Date.now() - KEPT_FOR) localStorage.removeItem(key);
    }
  } catch {
    // Nothing is kept in this browser.
  }
}

/** Browsers let pages copy over HTTPS alone; elsewhere the text can be marked by hand. */
function offerToCopy(): void {
  const button = document.querySelector<HTMLButtonElement>("[data-copy]");
  const text = document.getElementById(button?.dataset.copy ?? "");
  if (!button || !(text instanceof HTMLTextAreaElement) || !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    text.select();
    void navigator.clipboard.writeText(text.value);
  });
}
