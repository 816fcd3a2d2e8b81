import { knownOutbox } from "../outbox";
import { isRescued } from "../rescue";

/**
 * On the organizer's pages.
 *
 * Signing out: what was logged in this browser and has not reached the laptop's program would be out of
 * reach after signing out, so that is not done by mistake. What visitors said does not stay behind in the browser.
 */
const form = document.querySelector<HTMLFormElement>("[data-sign-out]");
const refused = document.querySelector<HTMLDialogElement>("[data-sign-out-refused]");

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  void signOut();
});

/** Copies the text of an element, or of a field as it is typed; the button says so. */
for (const button of document.querySelectorAll<HTMLButtonElement>("[data-copy][data-copied]")) {
  button.hidden = false;
  button.addEventListener("click", () => void copyFor(button));
}

/** Prints the page: a browser's own dialog also saves it as a PDF. */
for (const button of document.querySelectorAll<HTMLButtonElement>("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

async function copyFor(button: HTMLButtonElement): Promise<void> {
  const source = document.getElementById(button.dataset.copy ?? "");
  const words = button.querySelector("span");
  if (!source || !words) return;
  const isField = source instanceof HTMLTextAreaElement || source instanceof HTMLInputElement;
  if (isField) source.select();
  else getSelection()?.selectAllChildren(source);
  const text = isField ? source.value : (source.textContent ?? "");
  words.textContent = (await isCopied(text)) ? (button.dataset.copied ?? "") : "Press Ctrl C";
}

/** Over plain HTTP browsers keep the clipboard to what is selected on the page. */
async function isCopied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}

async function signOut(): Promise<void> {
  const outbox = await knownOutbox();
  if (outbox && !outbox.trouble && !isRescued(outbox)) return refused?.showModal();
  if (outbox?.all().length === 0) await outbox.forgetEverything();
  // Other windows still show what is nobody's any more in a moment.
  new BroadcastChannel("boothlight-session").postMessage("signs out");
  // Not `requestSubmit`: that would ask again.
  form?.submit();
}
