import { Cover, type Why, WORDS } from "../lock/cover";

/**
 * Covers the organizer's page when nobody is at the laptop. The laptop's program decides: it answers nothing more to a
 * session that is locked. This page only knows when to ask, tells it that somebody is there, and takes what it shows off
 * the screen: out of the document, so that nobody finds it with a browser's tools. What was typed comes back with it.
 */
interface Standing {
  state: "open" | "locked" | "out";
  /** Milliseconds until it locks; null: never by itself. */
  locksIn: number | null;
}

/** That somebody is there is said that often at most. */
const SAY_EVERY = 60_000;
/**
 * How often a page that is covered asks whether it still has to be (another window may have unlocked), and one that got no
 * answer yet how it stands.
 */
const ASK_EVERY = 5000;
/** A page that has not heard from the laptop's program counts as left alone after this: what is set at first. */
const UNHEARD_LOCKS_AFTER = 15 * 60_000;
/** A timer that is a little early would ask for nothing. */
const SLACK = 500;
const ANSWER_WITHIN = 15_000;
/** What other windows of this browser are told: look how it stands. */
const LOOK = "look";
/** After a page that signs out has left. */
const LEAVES_WITHIN = 1000;
const SIGNS = ["pointerdown", "keydown", "wheel", "touchmove", "input"];

const template = document.querySelector<HTMLTemplateElement>("template[data-lock]");
const windows = new BroadcastChannel("boothlight-session");

if (template) keepLocked(template);

function keepLocked(template: HTMLTemplateElement): void {
  /** By this browser's clock; undefined: never by itself. */
  let locksAt: number | undefined = Date.now() + UNHEARD_LOCKS_AFTER;
  let isHeard = false;
  let saidAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let cover: Cover | undefined;

  const isDue = () => locksAt !== undefined && Date.now() >= locksAt;

  async function look(address = "/session", method = "GET"): Promise<void> {
    const standing = await ask(address, method);
    if (standing) hear(standing);
    else if (cover) cover.say("away");
    else if (isDue()) hide("away");
    again();
  }

  function hear({ state, locksIn }: Standing): void {
    isHeard = true;
    locksAt = locksIn === null ? undefined : Date.now() + locksIn;
    if (state !== "open") hide(state);
    else show();
  }

  function again(): void {
    clearTimeout(timer);
    if (cover || !isHeard) timer = setTimeout(() => void look(), ASK_EVERY);
    else if (locksAt !== undefined) {
      timer = setTimeout(() => void look(), Math.max(0, locksAt - Date.now()) + SLACK);
    }
  }

  function hide(why: Why): void {
    cover ??= new Cover(template, unlock);
    cover.say(why);
  }

  function show(): void {
    if (!cover) return;
    cover.lift();
    cover = undefined;
    dispatchEvent(new Event("unlocked"));
  }

  /** Gives what is wrong; undefined where it is open again. */
  async function unlock(passphrase: string): Promise<string | undefined> {
    const answer = await fetch("/session", {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new URLSearchParams({ passphrase }),
      signal: AbortSignal.timeout(ANSWER_WITHIN),
    }).catch(() => undefined);
    if (!answer) return WORDS.away[1];
    if (!answer.ok) return wrongWith(await answer.json().catch(() => undefined));
    await look();
    windows.postMessage(LOOK);
    return undefined;
  }

  function somebody(): void {
    if (cover) return;
    // Whoever comes too late has to unlock first: also where the laptop slept meanwhile, and no timer ran.
    if (isDue()) {
      hide("locked");
      void look();
    } else if (Date.now() - saidAt > SAY_EVERY) {
      saidAt = Date.now();
      void look("/session/use", "POST");
    }
  }

  /** A page that comes back may have been away for long. */
  function back(isOld: boolean): void {
    if (isOld || isDue()) hide("locked");
    void look();
  }

  for (const sign of SIGNS) addEventListener(sign, somebody, { capture: true, passive: true });
  addEventListener("pageshow", (event) => event.persisted && back(true));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && back(false));
  windows.addEventListener("message", ({ data }) => {
    if (data === LOOK) void look();
    else setTimeout(() => void look(), LEAVES_WITHIN);
  });
  document.querySelector("[data-lock-now]")?.addEventListener("submit", (event) => {
    event.preventDefault();
    hide("locked");
    void ask("/session/lock", "POST").then(async () => {
      await look();
      windows.postMessage(LOOK);
    });
  });
  void look();
}

/** What the laptop says of the session; undefined where it does not answer. Locked is what it answers nothing to. */
async function ask(address: string, method: string): Promise<Standing | undefined> {
  try {
    const answer = await fetch(address, {
      method,
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(ANSWER_WITHIN),
      // Whoever locks and leaves the page has locked.
      keepalive: method === "POST",
    });
    if (answer.status === 401 && method === "POST") return await ask("/session", "GET");
    return answer.status === 200 ? await answer.json() : undefined;
  } catch {
    return undefined;
  }
}

function wrongWith(said: { message?: string; fields?: { message: string }[] } | undefined): string {
  return said?.fields?.[0]?.message ?? said?.message ?? "That did not work. Please try again.";
}
