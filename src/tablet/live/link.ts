/** How it stands with what the page shows. */
export type State =
  | "connected"
  /** The laptop does not answer: what is shown is of before. */
  | "lost"
  /** It answers, and says nothing to this browser any more: signed out, or an address that is no longer good. */
  | "out"
  /** It answers, but not with what is live. */
  | "refused";

/** The laptop gives a sign of life every quarter of a minute; after more than two of them that did not come, it is gone. */
const SILENCE = 40_000;
/** A connection that comes back so soon was none to speak of. */
const PATIENCE = 5_000;
/** How often the page asks where nothing is told it. */
const ASK_EVERY = 15_000;
/** After so many times it tries to be told again. */
const ASKS = 4;

/**
 * Keeps a page told of what is live: by server-sent events, or, where there are none, by asking again and again. `show` is
 * given each message; `tell` how it stands, with the time of the last sign of life. Nothing is open while nobody looks:
 * browsers have six connections to a laptop, for all of their pages.
 */
export function keepTold(
  address: string,
  show: (message: string) => void,
  tell: (state: State, heard: number) => void,
): void {
  let source: EventSource | undefined;
  let heard = Date.now();
  let opened = heard;
  let asked = 0;
  let asking: ReturnType<typeof setTimeout> | undefined;

  const alive = () => {
    heard = Date.now();
    tell("connected", heard);
  };

  const listen = () => {
    if (!("EventSource" in window)) return ask();
    asked = 0;
    opened = Date.now();
    source = new EventSource(address);
    source.addEventListener("message", (event) => {
      alive();
      show(event.data);
    });
    source.addEventListener("beat", alive);
    // While it can, it comes back by itself; else it was refused, or something between does not let it through.
    source.addEventListener("error", () => {
      if (source?.readyState === EventSource.CLOSED) ask();
    });
  };

  const ask = () => {
    source?.close();
    source = undefined;
    clearTimeout(asking);
    asked += 1;
    void once();
  };

  const once = async () => {
    const state = await askOnce();
    if (document.hidden || source) return;
    if (state === "connected") alive();
    else tell(state, heard);
    // Who is signed out has to do something; the page cannot.
    if (state === "out") return;
    asking = setTimeout(asked >= ASKS ? listen : ask, ASK_EVERY);
  };

  const askOnce = async (): Promise<State> => {
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      if ([401, 403, 404].includes(answer.status)) return "out";
      if (!answer.ok) return "refused";
      const message = await answer.text();
      if (!document.hidden) show(message);
      return "connected";
    } catch {
      return "lost";
    }
  };

  setInterval(() => {
    if (!source) return;
    const silence = Date.now() - Math.max(heard, opened);
    if (silence > SILENCE) ask();
    else if (source.readyState === EventSource.CONNECTING && silence > PATIENCE) tell("lost", heard);
  }, 1000);

  const anew = () => {
    clearTimeout(asking);
    source?.close();
    source = undefined;
    if (!document.hidden) listen();
  };
  document.addEventListener("visibilitychange", anew);
  // Locked, it was told nothing.
  addEventListener("unlocked", anew);
  if (!document.hidden) listen();
}
