import { isTalkedInto } from "../probe";

/** On the page that pairs this device, over HTTPS: says so where the browser was only talked into opening it. */
const connection = document.querySelector<HTMLElement>("[data-probe]");
if (connection && (await isTalkedInto(connection.dataset.probe ?? ""))) {
  for (const state of connection.querySelectorAll<HTMLElement>("[data-state]")) {
    state.hidden = state.dataset.state !== "talked-into";
  }
}
