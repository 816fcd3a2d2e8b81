/**
 * The organizer's write-up: what is typed is kept on the laptop a moment later, and in this browser as long as the laptop
 * is away. What the log says is put in where the cursor is, and what will be read follows.
 */
const WAIT = 900;
const AGAIN = 5000;
const PREFIX = "boothlight_write_up_";

const form = document.querySelector<HTMLFormElement>("[data-write-up]");
const find = <T extends HTMLElement>(selector: string) => document.querySelector<T>(selector);
const state = find("[data-state]");

document.documentElement.classList.add("scripted");
if (form && form.dataset.published === undefined) keepWriting(form);

interface Draft {
  version: string;
  fields: Record<string, string>;
}

/** What became of what was typed. `refused`: it cannot be taken as it is; `conflict`: another text was saved meanwhile. */
type Outcome = "saved" | "refused" | "conflict" | "away";

function keepWriting(form: HTMLFormElement): void {
  const key = PREFIX + (form.dataset.writeUp ?? "");
  const field = (name: string) => form.elements.namedItem(name) as HTMLInputElement | HTMLTextAreaElement;
  const inputs = ["title", "author", "date", "tags", "categories", "text"].map(field);
  const text = field("text") as HTMLTextAreaElement;
  const version = field("version");
  const fieldsNow = () => Object.fromEntries(inputs.map((input) => [input.name, input.value]));
  /** It came back with what was typed: nothing of it is on the laptop yet, and it waits for a decision. */
  const isBack = form.dataset.typed !== undefined;
  /** What the laptop has, as far as this window knows. */
  let saved = isBack ? "" : JSON.stringify(fieldsNow());
  let timer: ReturnType<typeof setTimeout> | undefined;
  let saving: Promise<Outcome> | undefined;
  /** Nothing is saved by itself until the organizer has decided. */
  let isStopped = isBack;
  let isLeaving = false;
  const isTyped = () => JSON.stringify(fieldsNow()) !== saved;

  if (isBack) keep();
  else restore();
  for (const input of inputs) input.addEventListener("input", onTyped);
  // What the browser itself brings back after a reload is as good as typed.
  addEventListener("pageshow", () => isTyped() && onTyped());
  addEventListener("online", () => isTyped() && saveSoon(0));
  form.addEventListener("submit", onSubmit);
  for (const link of document.querySelectorAll<HTMLAnchorElement>("[data-leaves]")) {
    link.addEventListener("click", (event) => void onLeave(event, link));
  }
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-insert]")) {
    button.hidden = false;
    button.addEventListener("click", () => insert(button));
  }

  function onTyped(): void {
    keep();
    if (isStopped) return;
    say("Typing …");
    saveSoon(WAIT);
  }

  function saveSoon(wait: number): void {
    clearTimeout(timer);
    if (!isStopped) timer = setTimeout(() => void save(), wait);
  }

  /** One after the other: a version is made from the one before it. */
  async function save(): Promise<Outcome> {
    while (saving) await saving;
    if (!isTyped()) return "saved";
    saving = send();
    try {
      return await saving;
    } finally {
      saving = undefined;
    }
  }

  async function send(): Promise<Outcome> {
    const fields = fieldsNow();
    say("Saving …");
    const over = form.elements.namedItem("over") ? { over: "yes" } : {};
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ ...fields, ...over, version: version.value }),
    }).catch(() => undefined);
    const said = await answer?.json().catch(() => undefined);
    if (answer?.ok && said) {
      saved = JSON.stringify(fields);
      version.value = String(said.version);
      pointOut(undefined);
      show(said, fields);
      if (isTyped()) {
        keep();
        saveSoon(WAIT);
      } else forget();
      say(isTyped() ? "Typing …" : said.saved);
      return "saved";
    }
    if (answer?.status === 409) {
      isStopped = true;
      say(`${said?.message ?? ""} Yours is kept in this browser. Press “Save” to see both.`);
      return "conflict";
    }
    if (answer?.status === 422 && said?.problems) {
      pointOut(said.problems[0]);
      return "refused";
    }
    if (answer?.status === 401) {
      isStopped = true;
      say("You are signed out. It is kept in this browser: sign in, and open this page again.");
      return "away";
    }
    say("The laptop is away. It is kept in this browser, and saved when the laptop is back.");
    saveSoon(AGAIN);
    return "away";
  }

  function pointOut(problem: { field: string; message: string } | undefined): void {
    for (const input of inputs) {
      if (input.name !== problem?.field) {
        input.removeAttribute("aria-invalid");
        continue;
      }
      input.setAttribute("aria-invalid", "true");
      input.closest("details")?.setAttribute("open", "");
      say(`Not saved, but kept in this browser. ${labelOf(input)}: ${problem.message}`);
    }
  }

  function insert(button: HTMLButtonElement): void {
    const markup = button.parentElement?.querySelector("[data-markup]")?.textContent ?? "";
    const { selectionStart: from, selectionEnd: until, value } = text;
    const [before, after] = [value.slice(0, from), value.slice(until)];
    // A table or a quote is a paragraph of its own.
    const isApart = button.dataset.apart !== undefined;
    const above = isApart && before !== "" && !before.endsWith("\n\n") ? "\n\n" : "";
    const below = isApart && after !== "" && !after.startsWith("\n\n") ? "\n\n" : "";
    const put = above + markup + below;
    text.focus();
    // This way the browser's own undo takes it back.
    if (!document.execCommand("insertText", false, put)) {
      text.setRangeText(put, from, until, "end");
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  /** What was typed is on the laptop before anything is done with it. */
  function onSubmit(event: SubmitEvent): void {
    if (isLeaving) return;
    event.preventDefault();
    clearTimeout(timer);
    isStopped = false;
    const { submitter } = event;
    void save().then((outcome) => {
      const goesOn = submitter?.hasAttribute("formaction") ?? false;
      // Of a conflict the laptop shows both texts.
      if (outcome === "conflict" || (outcome === "saved" && goesOn)) {
        isLeaving = true;
        // While this event is still told around, the browser would not hear of it.
        setTimeout(() => form.requestSubmit(submitter));
      } else if (outcome === "saved" && isBack) location.assign(form.action);
    });
  }

  async function onLeave(event: MouseEvent, link: HTMLAnchorElement): Promise<void> {
    if (!isTyped() || isStopped) return;
    event.preventDefault();
    clearTimeout(timer);
    if ((await save()) === "saved") location.assign(link.href);
  }

  /** In this browser, until the laptop has it. What waits for a decision is made from no version: both will be shown. */
  function keep(): void {
    const isUndecided = form.dataset.typed === "conflict";
    const draft: Draft = { version: isUndecided ? "-1" : version.value, fields: fieldsNow() };
    try {
      localStorage.setItem(key, JSON.stringify(draft));
    } catch {
      // Nothing is kept in this browser: the laptop is what there is.
    }
  }

  function forget(): void {
    try {
      localStorage.removeItem(key);
    } catch {
      // As above.
    }
  }

  function kept(): Draft | undefined {
    try {
      return (JSON.parse(localStorage.getItem(key) ?? "null") as Draft | null) ?? undefined;
    } catch {
      return undefined;
    }
  }

  /** What did not reach the laptop comes back. */
  function restore(): void {
    const draft = kept();
    if (!draft) return;
    const asItIs = fieldsNow();
    const ownVersion = version.value;
    // Made from the version that it was made from: where another one was saved since, both will be shown.
    version.value = draft.version;
    for (const input of inputs) input.value = draft.fields[input.name] ?? input.value;
    const notice = find("[data-restored]");
    if (notice) notice.hidden = false;
    find("[data-drop]")?.addEventListener("click", () => {
      clearTimeout(timer);
      for (const input of inputs) input.value = asItIs[input.name] ?? "";
      saved = JSON.stringify(asItIs);
      version.value = ownVersion;
      isStopped = false;
      if (notice) notice.hidden = true;
      forget();
      text.focus();
    });
    saveSoon(WAIT);
  }
}

const labelOf = (input: HTMLElement) => document.querySelector(`label[for="${input.id}"]`)?.textContent ?? "";

function show(
  { preview, remarks }: { preview: string; remarks: string[] },
  { title = "", author = "", date = "" }: Record<string, string>,
): void {
  const place = find("[data-preview]");
  if (place) place.innerHTML = preview;
  const heading = find("[data-title]");
  if (heading) heading.textContent = title;
  const byline = find("[data-byline]");
  if (byline) byline.textContent = [author, date].filter(Boolean).join(" · ");
  const list = remarks.map((words) => Object.assign(document.createElement("li"), { textContent: words }));
  find("[data-remarks]")?.replaceChildren(...list);
}

function say(words: string): void {
  if (state && state.textContent !== words) state.textContent = words;
}

export {};
