import { knownOutbox } from "../outbox";
import { isRescued } from "../rescue";

/**
 * On the organizer's pages: what was logged in this browser and has not reached the laptop's program would be out of
 * reach after signing out, so that is not done by mistake. What visitors said does not stay behind in the browser.
 */
const form = document.querySelector<HTMLFormElement>("[data-sign-out]");
const refused = document.querySelector<HTMLDialogElement>("[data-sign-out-refused]");

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  void signOut();
});

async function signOut(): Promise<void> {
  const outbox = await knownOutbox();
  if (outbox && !outbox.trouble && !isRescued(outbox)) return refused?.showModal();
  if (outbox?.all().length === 0) await outbox.forgetEverything();
  // Not `requestSubmit`: that would ask again.
  form?.submit();
}
