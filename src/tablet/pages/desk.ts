import { Outbox } from "../outbox";
import { isRescued } from "../rescue";

/**
 * On the organizer's pages: what was logged in this browser and has not reached the laptop's program would be out of
 * reach after signing out, so that is not done by mistake.
 */
const form = document.querySelector<HTMLFormElement>("[data-sign-out]");
const refused = document.querySelector<HTMLDialogElement>("[data-sign-out-refused]");

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  void signOut();
});

async function signOut(): Promise<void> {
  // Where nothing was ever logged, looking must not make a database.
  const known = await indexedDB.databases?.().catch(() => []);
  const outbox = known?.some(({ name }) => name === "boothlight") ? await Outbox.open(() => {}) : undefined;
  if (outbox && !outbox.trouble && !isRescued(outbox)) refused?.showModal();
  // Not `requestSubmit`: that would ask again.
  else form?.submit();
}
