import { say } from "./words";

/** A question that was answered before, as the laptop tells it. The answer is markup that the laptop made safe. */
interface Answered {
  id: string;
  text: string;
  answer: string;
}

const TYPING_PAUSE = 700;
const ANSWER_WITHIN = 4000;
/** How often, and with which pause, a question is looked for on the laptop that is still on its way there. */
const TRIES = 10;
const PAUSE = 1500;

/**
 * While a question is typed, looks on the laptop for one like it that was answered, and says so beside it: often the visitor
 * gets the answer on the spot. Without the laptop nothing is said. `send` brings what was typed on its way; `tell` says how it went.
 */
export function offerAnswers(
  form: HTMLFormElement,
  dialog: HTMLDialogElement,
  send: () => void,
  tell: (words: string) => void,
): void {
  const found = new WeakMap<Element, Answered[]>();
  let timer: number | undefined;
  let asked = 0;
  const show = (row: Element, answers: Answered[]) => {
    found.set(row, answers);
    const button = row.querySelector<HTMLButtonElement>("[data-known]");
    if (!button) return;
    button.disabled = answers.length === 0;
    (button.querySelector("span") as HTMLElement).textContent =
      answers.length > 0 ? say("similar.known", { count: answers.length }) : "";
  };
  form.addEventListener("input", ({ target }) => {
    const field = target as HTMLTextAreaElement;
    const row = field.name === "questionText" && field.closest("[data-question]");
    if (!row) return;
    clearTimeout(timer);
    asked += 1;
    const mine = asked;
    timer = window.setTimeout(async () => {
      const answers = await answersLike(field.value);
      // Somebody typed on meanwhile: what comes then counts.
      if (mine === asked) show(row, answers);
    }, TYPING_PAUSE);
  });
  form.addEventListener("click", ({ target }) => {
    const row = (target as HTMLElement).closest("[data-known]")?.closest("[data-question]");
    if (row) open(row);
  });

  function open(row: Element): void {
    const list = dialog.querySelector("[data-answers]") as HTMLElement;
    list.replaceChildren(
      ...(found.get(row) ?? []).map(({ id, text, answer }) => {
        const item = document.createElement("li");
        const question = document.createElement("h3");
        question.textContent = text;
        const words = document.createElement("div");
        words.className = "markdown";
        words.innerHTML = answer;
        // Whoever reads on comes back to the visit as it was.
        for (const link of words.querySelectorAll("a")) link.target = "_blank";
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = say("similar.same");
        button.addEventListener("click", () => {
          dialog.close();
          void note(row, id);
        });
        item.append(question, words, button);
        return item;
      }),
    );
    dialog.showModal();
  }

  /** The question goes to the laptop first; there the two become one. */
  async function note(row: Element, as: string): Promise<void> {
    send();
    const id = row.querySelector<HTMLInputElement>("[name=questionId]")?.value;
    for (let tries = 0; id && tries < TRIES; tries++) {
      const answer = await fetch(`/api/questions/${id}/same`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ as }),
      }).catch(() => undefined);
      if (answer?.ok) return tell(say("similar.noted"));
      if (answer && answer.status !== 404) break;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
    tell(say("similar.not-noted"));
  }
}

async function answersLike(text: string): Promise<Answered[]> {
  try {
    const answer = await fetch(`/api/similar?${new URLSearchParams({ text })}`, {
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(ANSWER_WITHIN),
    });
    return answer.ok ? ((await answer.json()) as { similar: Answered[] }).similar : [];
  } catch {
    return [];
  }
}
