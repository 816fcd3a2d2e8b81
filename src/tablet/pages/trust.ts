import { knownOutbox } from "../outbox";
import { isTalkedInto } from "../probe";

/** On the page about trust: asks the laptop's secure addresses whether this browser trusts them, and shows what it found. */
const verdict = document.querySelector<HTMLElement>("[data-places]");
const states = [...document.querySelectorAll<HTMLElement>("[data-state]")];
const places: string[] = JSON.parse(verdict?.dataset.places ?? "[]");
const next = verdict?.dataset.next ?? "/";
/** A laptop that is out of reach answers never. */
const PATIENCE = 5000;
let asked = 0;

if (verdict?.dataset.secure !== undefined) {
  if (await isTalkedInto(verdict.dataset.probe ?? "")) show("talked-into");
} else if (places.length > 0) {
  // Installing is done in another app: whoever comes back sees at once whether it worked.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void check();
  });
  document.querySelector("[data-again]")?.addEventListener("click", () => void check({ isAsked: true }));
  void check({ isAsked: true, isFirst: true });
}
// A Mac and an iPad call themselves the same; only one of them is touched.
if (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints === 0) {
  for (const guide of document.querySelectorAll<HTMLDetailsElement>("[data-system]")) {
    guide.open = guide.dataset.system === "laptop";
  }
}

/** `isAsked`: somebody waits for the answer; `isFirst`: nobody has read anything here yet. */
async function check({ isAsked = false, isFirst = false } = {}): Promise<void> {
  asked += 1;
  const turn = asked;
  if (isAsked) show("asking");
  const trusted = await Promise.all(places.map(isTrusted));
  if (turn !== asked) return;
  const place = places.find((_, index) => trusted[index]);
  if (!place) return show("missing");
  // What waits belongs to the address under which it was logged: from the other one nobody would see it.
  const outbox = await knownOutbox();
  if (outbox && outbox.all().length > 0) return show("waiting");
  // A tablet that trusts the laptop since yesterday came here to be paired, not to read.
  if (isFirst && next.startsWith("/pair/")) return location.replace(place + next);
  const link = document.querySelector<HTMLAnchorElement>("a[data-on]");
  const where = document.querySelector("[data-where]");
  if (link) link.href = place + next;
  if (where) where.textContent = place;
  show("trusted");
}

/** Whether the browser reaches an address without a complaint about its certificate. */
async function isTrusted(place: string): Promise<boolean> {
  try {
    const options: RequestInit = {
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(PATIENCE),
    };
    const answer = await fetch(`${place}/trust/check`, options);
    return answer.ok;
  } catch {
    return false;
  }
}

function show(name: string): void {
  for (const state of states) state.hidden = state.dataset.state !== name;
  for (const part of document.querySelectorAll<HTMLElement>("[data-until-trusted]")) {
    part.hidden = name === "trusted";
  }
}
