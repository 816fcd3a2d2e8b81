import { countTo } from "../live/figures";
import { keepTold, type State } from "../live/link";
import { morph } from "../live/morph";
import { stayAwake } from "../wake";

/**
 * Pages that change as things happen: today on the desk, and the wall. They come with their words, and say how it stands
 * with the connection; what is told them is the markup of their own part, which is put in the place of the last one.
 */
const live = document.querySelector<HTMLElement>("[data-live]");
const stateWords = document.querySelector<HTMLElement>("[data-live-state]");
const said = document.querySelector<HTMLElement>("[data-live-said]");

interface Message {
  /** The markup of the part. */
  html: string;
  /** Which day it is of. */
  day: string;
  /** The same in a sentence, for those who do not see it. */
  said?: string;
}

/** Screen readers are told that often at most. */
const SAY_EVERY = 60_000;
let saidAt = Date.now();

function show(text: string): void {
  if (!live) return;
  const message = JSON.parse(text) as Message;
  // Another day is another page: its head says so too.
  if (message.day !== live.dataset.day) {
    location.reload();
    return;
  }
  const fresh = live.cloneNode(false) as HTMLElement;
  fresh.innerHTML = message.html;
  morph(live, fresh, countTo);
  sayIfNew(message.said);
}

function sayIfNew(words: string | undefined): void {
  if (!said || !words || said.textContent === words || Date.now() - saidAt < SAY_EVERY) return;
  said.textContent = words;
  saidAt = Date.now();
}

function tell(state: State, heard: number): void {
  if (!stateWords) return;
  const words = stateWords.dataset[state] ?? "";
  const time = new Date(heard).toLocaleTimeString(document.documentElement.lang, {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: live?.dataset.zone,
  });
  const shown = words.replace("{time}", time);
  if (stateWords.textContent === shown && stateWords.dataset.state === state) return;
  stateWords.dataset.state = state;
  stateWords.textContent = shown;
}

if (live) {
  keepTold(live.dataset.live ?? "", show, tell);
  if ("stayAwake" in live.dataset) stayAwake();
}

const fullScreen = document.querySelector<HTMLButtonElement>("[data-full-screen]");
if (fullScreen && document.fullscreenEnabled) {
  fullScreen.hidden = false;
  fullScreen.addEventListener("click", () => {
    scrollTo(0, 0);
    void document.documentElement.requestFullscreen();
  });
}
