import { uuidv7 } from "uuidv7";
import { type ConsentShown, editedVisit, type SentVisit } from "../visits/form";
import { codeInGroups } from "../visits/slips/rules";
import { say } from "./words";

/**
 * Text is saved this long after the last key, in milliseconds. A mail address is nothing before its end, and half a
 * platform would join the event's list.
 */
const TYPING_PAUSE = 150;
const PAUSE_FOR_WHOLE_WORDS = 4000;

/**
 * The form of everything that can be said of a visit. It tells each change by itself: there is nothing to press.
 */
export class Details {
  readonly #form: HTMLFormElement;
  readonly #changed: () => void;
  #timer: number | undefined;

  constructor(form: HTMLFormElement, changed: () => void) {
    this.#form = form;
    this.#changed = changed;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.flush();
    });
    form.addEventListener("input", (event) => {
      if ((event.target as HTMLElement).matches("[data-find-topic]")) return this.#findTopic(event.target);
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => this.flush(), pauseAfter(event.target));
    });
    form.addEventListener("click", (event) => this.#click(event));
    form.addEventListener("change", (event) => {
      const field = event.target as HTMLInputElement;
      // The field is left: what was typed in it is whole.
      if (this.#timer !== undefined) queueMicrotask(() => this.flush());
      // A platform is one of the list or something else, not both.
      if (field.name === "platformOther" && field.value) uncheck(form, "platform");
      if (field.name === "platform")
        (form.elements.namedItem("platformOther") as HTMLInputElement).value = "";
    });
  }

  /** Whether something was typed that is not kept yet. */
  get isTyping(): boolean {
    return this.#timer !== undefined;
  }

  /** Tells a change that still waits for the typing to pause. */
  flush(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#changed();
  }

  /** What the form says, as a visit with the same id, revision and time as `base`. */
  read(base: SentVisit): SentVisit {
    for (const row of this.#form.querySelectorAll<HTMLElement>("[data-question]")) {
      const id = row.querySelector("[name=questionId]") as HTMLInputElement;
      // From its first word on a question is the same one, whatever becomes of the words.
      if (!id.value && (row.querySelector("[name=questionText]") as HTMLTextAreaElement).value.trim())
        id.value = uuidv7();
    }
    const body: Record<string, string[]> = {};
    for (const [name, value] of new FormData(this.#form)) body[name] = [...(body[name] ?? []), String(value)];
    const edited = editedVisit(body, base, base.revision - 1, base.happenedAt) as unknown as SentVisit;
    return this.#withWhatIsNotOffered(edited, base);
  }

  /** What a visit has of entries that are no longer offered has no field here, and stays. */
  #withWhatIsNotOffered(edited: SentVisit, base: SentVisit): SentVisit {
    const isOffered = (name: string, value: string) =>
      this.#form.querySelector(`input[name=${name}][value="${CSS.escape(value)}"]`) !== null;
    const kept = (list: "topics" | "remarks" | "giveaways") => [
      ...(edited[list] ?? []),
      ...(base[list] ?? []).filter((value) => !isOffered(list, value)),
    ];
    return {
      ...edited,
      contact: edited.contact && { ...edited.contact, consentShown: timed(edited.contact.consentShown) },
      staff: base.staff,
      project:
        edited.project ?? (base.project && !isOffered("project", base.project) ? base.project : undefined),
      topics: kept("topics"),
      remarks: kept("remarks"),
      giveaways: kept("giveaways"),
    };
  }

  /** Shows a visit. `platformName` is what people read for a platform that is not offered here. */
  show(visit: SentVisit, platformName: string | undefined): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const form = this.#form;
    form.reset();
    const values: Record<string, unknown> = {
      category: [visit.category],
      project: [visit.project],
      platform: [visit.platform],
      interest: [String(visit.interest ?? "")],
      overviewGiven: visit.overviewGiven ? ["yes"] : [],
      topics: visit.topics ?? [],
      remarks: visit.remarks ?? [],
      giveaways: visit.giveaways ?? [],
      consent: visit.contact?.consent ?? [],
    };
    for (const field of form.querySelectorAll<HTMLInputElement>("input[type=checkbox], input[type=radio]")) {
      field.checked = (values[field.name] as unknown[] | undefined)?.includes(field.value) ?? false;
    }
    const set = (name: string, value: unknown) => {
      const field = form.elements.namedItem(name) as HTMLInputElement | null;
      if (field) field.value = value === undefined || value === null ? "" : String(value);
    };
    const isListed = form.querySelector("input[name=platform]:checked") !== null;
    set("platformOther", isListed ? "" : platformName);
    set("people", visit.people ?? 1);
    set("note", visit.note);
    for (const field of form.querySelectorAll<HTMLInputElement>("[name^='contact.']")) {
      const value = (visit.contact as Record<string, unknown> | null | undefined)?.[
        field.name.slice("contact.".length)
      ];
      field.value = typeof value === "string" ? value : "";
    }
    (form.querySelector("details.contact") as HTMLDetailsElement).open = Boolean(visit.contact);
    this.#showQuestions(visit.questions ?? []);
    this.showProblems([]);
  }

  /** Puts the focus where there is something to mend, else at the beginning. */
  focus(): void {
    const fields = [...this.#form.elements] as HTMLInputElement[];
    const first = fields.find((field) => field.matches("input:not([type=hidden])"));
    (fields.find((field) => field.getAttribute("aria-invalid") === "true") ?? first)?.focus();
  }

  /** Puts each problem beside its field; those of no field on the page are given back. */
  showProblems(problems: { field: string; message: string }[]): { field: string; message: string }[] {
    for (const shown of this.#form.querySelectorAll("[data-problem]")) shown.remove();
    for (const field of this.#form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    return problems.filter(({ field: name, message }) => {
      const field = this.#form.elements.namedItem(name);
      if (!(field instanceof HTMLElement)) return true;
      const text = document.createElement("p");
      text.className = "problem";
      text.dataset.problem = "";
      text.id = `problem-${name}`;
      text.textContent = message;
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", text.id);
      field.after(text);
      const closed = field.closest("details");
      if (closed) closed.open = true;
      return false;
    });
  }

  #showQuestions(questions: NonNullable<SentVisit["questions"]>): void {
    const frame = this.#form.querySelector("[data-questions]") as HTMLElement;
    const rows = frame.querySelectorAll<HTMLElement>("[data-question]");
    for (const row of [...rows].slice(1)) row.remove();
    const first = rows[0] as HTMLElement;
    fillQuestion(first, questions[0]);
    for (const question of questions.slice(1)) fillQuestion(this.#addQuestion(), question);
  }

  #addQuestion(): HTMLElement {
    const rows = this.#form.querySelectorAll<HTMLElement>("[data-question]");
    const last = rows[rows.length - 1] as HTMLElement;
    const row = last.cloneNode(true) as HTMLElement;
    const number = rows.length + 1;
    row.querySelector("textarea")?.setAttribute("aria-label", say("capture.question", { number }));
    row.querySelector("select")?.setAttribute("aria-label", say("capture.question-topic", { number }));
    fillQuestion(row, undefined);
    last.after(row);
    return row;
  }

  /** A topic that was typed, or chosen from what completes it, is ticked. */
  #findTopic(target: EventTarget | null): void {
    const field = target as HTMLInputElement;
    const wanted = field.value.trim().toLocaleLowerCase();
    const chip = [...this.#form.querySelectorAll<HTMLInputElement>("input[name=topics]")].find(
      (each) => each.closest("label")?.textContent?.trim().toLocaleLowerCase() === wanted,
    );
    if (!chip) return;
    field.value = "";
    if (!chip.checked) chip.click();
  }

  #click(event: MouseEvent): void {
    const target = event.target as HTMLElement;
    if (target.closest("[data-add-question]")) this.#addQuestion().querySelector("textarea")?.focus();
    const step = target.closest<HTMLElement>("[data-step]");
    if (step) {
      const people = this.#form.elements.namedItem("people") as HTMLInputElement;
      people.value = String(
        Math.min(999, Math.max(1, Number(people.value || 1) + Number(step.dataset.step))),
      );
      people.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
}

/** With the time of those that were agreed to just now. */
function timed(shown: ConsentShown | null | undefined): ConsentShown | undefined {
  if (!shown) return undefined;
  const at = new Date().toISOString();
  return Object.fromEntries(
    Object.entries(shown).map(([purpose, each]) => [purpose, each && { ...each, at: each.at ?? at }]),
  );
}

/** Lets a second tap on a chosen one, or the space bar, take the choice back, which radio buttons do not do by themselves. */
export function letGoOnSecondTap(form: HTMLFormElement): void {
  let chosenBefore: HTMLInputElement | null = null;
  form.addEventListener("pointerdown", (event) => {
    const label = (event.target as HTMLElement).closest("label");
    const radio = label?.querySelector<HTMLInputElement>("input[type=radio]");
    chosenBefore = radio?.checked && radio.name !== "category" ? radio : null;
  });
  form.addEventListener("click", (event) => {
    if (!chosenBefore || event.target !== chosenBefore) return;
    letGo(chosenBefore);
    chosenBefore = null;
  });
  form.addEventListener("keydown", (event) => {
    const radio = event.target as HTMLInputElement;
    if (event.key !== " " || radio.type !== "radio" || !radio.checked || radio.name === "category") return;
    event.preventDefault();
    letGo(radio);
  });
}

function letGo(radio: HTMLInputElement): void {
  radio.checked = false;
  radio.dispatchEvent(new Event("input", { bubbles: true }));
}

function fillQuestion(
  row: HTMLElement,
  question: NonNullable<SentVisit["questions"]>[number] | undefined,
): void {
  (row.querySelector("[name=questionId]") as HTMLInputElement).value = question?.id ?? "";
  (row.querySelector("[name=questionText]") as HTMLTextAreaElement).value = question?.text ?? "";
  setSlip(row, question?.slip ?? "");
  const known = row.querySelector<HTMLButtonElement>("[data-known]");
  if (known) known.disabled = true;
  const topic = row.querySelector("[name=questionTopic]") as HTMLSelectElement;
  topic.value = question?.topic ?? "";
  if (question?.topic && topic.value !== question.topic) {
    topic.append(new Option(question.topic, question.topic, false, true));
  }
}

/** Puts the code of a slip into a question's row; empty where it has none. */
export function setSlip(row: Element, code: string): void {
  (row.querySelector("[name=questionSlip]") as HTMLInputElement).value = code;
  const words = row.querySelector("[data-slip-words]");
  if (words) words.textContent = code ? say("slip.shown", { code: codeInGroups(code) }) : say("slip.give");
}

function uncheck(form: HTMLFormElement, name: string): void {
  for (const field of form.querySelectorAll<HTMLInputElement>(`input[name=${name}]`)) field.checked = false;
}

function pauseAfter(target: EventTarget | null): number {
  if (target instanceof HTMLTextAreaElement) return TYPING_PAUSE;
  if (!(target instanceof HTMLInputElement) || /checkbox|radio/.test(target.type)) return 0;
  return target.type === "email" || target.name === "platformOther" ? PAUSE_FOR_WHOLE_WORDS : TYPING_PAUSE;
}
