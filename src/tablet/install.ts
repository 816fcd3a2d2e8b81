import type { MessageKey } from "../languages/say";
import { takeLists } from "./lists";
import { CACHES, cacheOf, KEEP_THE_REST, SHELL, TAKE_OVER, type TookOver } from "./shell";

/** Whether this tablet can open the capture page without network. */
export type OfflineStart =
  /** It can. */
  | "ready"
  /** Not yet: the page is still being kept, or that failed and is tried again. */
  | "preparing"
  /** Only under a trusted address: TRUST leads there. */
  | "needs-trust"
  /** This browser has no way to. */
  | "cannot";

export const START_WORDS: Record<OfflineStart, MessageKey> = {
  ready: "tablet.offline-yes",
  preparing: "tablet.offline-not-yet",
  "needs-trust": "tablet.offline-plain",
  cannot: "tablet.offline-cannot",
};
export const TRUST = "/trust?next=/capture";

interface Options {
  /**
   * Whether the page can be loaded anew and nobody notices: nothing waits for the laptop, no visit is worked on, no
   * dialog is open.
   */
  isIdle(): boolean | Promise<boolean>;
  /** The same, whether something waits or not, as long as the tablet's disk has it. */
  isAtRest(): boolean;
  /** Called with each change of what to tell people. */
  changed(start: OfflineStart): void;
}

/** All pages of this device hold this lock together while they are busy; who holds it alone may change the worker. */
const BUSY = "boothlight-busy";
const LOOK_EVERY = 1000;
/** A hall's network drops requests: the page is kept whole or not at all. */
const RETRY_EVERY = 10_000;
const UPDATE_EVERY = 10 * 60_000;
/** Whatever is wrong: a page is not loaded anew, by itself, more often than this. */
const RENEW_AT_MOST_EVERY = 10 * 60_000;
const ANSWER_WITHIN = 15_000;
const RENEWED_AT = "boothlight-renewed-at";

const own = { ...(document.querySelector<HTMLElement>("[data-capture]")?.dataset ?? {}) };
const shellAddress = SHELL + (own.query ?? "");
/** What the page, or its last refreshing, was made of. */
let fingerprint = own.fingerprint;
let registration: ServiceWorkerRegistration | undefined;
/** The page that is open is another one than the device keeps by now. */
let isReplaced = false;
/** The device is paired for another event by now: the laptop takes nothing of what is logged on this page. */
let isOfOtherEvent = false;
let timers: number[] = [];

/**
 * Lets the page start without network from now on, and takes a new version of it when nobody is in the middle of
 * something. Resolves when that is done or found impossible; never throws, and the page works either way.
 */
export async function install({ isIdle, isAtRest, changed }: Options): Promise<void> {
  // The worker looks after /capture alone: a page that is loaded again has to be there.
  if (location.pathname === "/") history.replaceState(history.state, "", `/capture${location.search}`);
  if (!isSecureContext) return changed("needs-trust");
  if (!navigator.serviceWorker || !navigator.locks || !window.caches) return changed("cannot");
  changed("preparing");

  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if ((data as TookOver).build && (data as TookOver).build !== own.build) isReplaced = true;
  });
  let isReady = false;
  const prepare = async () => {
    // Where the worker is there already this asks nobody, so it works out of the laptop's reach.
    registration = await navigator.serviceWorker.register("/service-worker.js", {
      scope: "/capture",
      updateViaCache: "none",
    });
    await isActive(registration);
    await keepThisPage();
    isReady = true;
    changed("ready");
    whenThereIsTime(() => registration?.active?.postMessage(KEEP_THE_REST));
  };
  await prepare().catch(() => undefined);
  every(LOOK_EVERY, tending(isIdle, isAtRest));
  every(RETRY_EVERY, async () => {
    if (!isReady) await prepare();
  });
  // Out of the laptop's reach this fails, as it should.
  every(UPDATE_EVERY, async () => void (await registration?.update()));
}

/**
 * To be told the `shell` of GET /api/today: where it is another one than this page was made of, the page gets its new
 * lists, in place, with everything typed untouched. Never throws.
 */
export async function heardOf(shell: string): Promise<void> {
  if (shell === fingerprint) return;
  const fresh = await refreshShell();
  if (!fresh) return;
  const told = dataOf(fresh);
  fingerprint = told.fingerprint;
  if (told.build !== own.build) await lookForNewVersion(told.build);
  else if (told.event !== own.event) isOfOtherEvent = true;
  else if (lookOf(fresh) !== lookOf(document)) isReplaced = true;
  else await takeLists(fresh);
}

/**
 * Gets the page that the device keeps anew: after its language or its look was changed. Gives it, or undefined where
 * the laptop does not answer or does not know this device any more: then the old one stays. Never throws.
 */
export async function refreshShell(): Promise<Document | undefined> {
  try {
    const answer = await fetch(shellAddress, { signal: AbortSignal.timeout(ANSWER_WITHIN) });
    if (!answer.ok || answer.redirected) return undefined;
    const fresh = new DOMParser().parseFromString(await answer.clone().text(), "text/html");
    const { build, shell } = dataOf(fresh);
    // A hall's network can answer in the laptop's place.
    if (shell === undefined || build === undefined) return undefined;
    await keep(build, answer).catch(() => undefined);
    return fresh;
  } catch {
    return undefined;
  }
}

/** The device keeps nothing of the page any more, and starts with the network alone. For unpairing. */
export async function forgetEverything(): Promise<void> {
  for (const timer of timers) clearInterval(timer);
  timers = [];
  if (!isSecureContext || !navigator.serviceWorker || !window.caches) return;
  const known = await navigator.serviceWorker.getRegistration("/capture");
  await known?.unregister();
  for (const name of await caches.keys()) if (name.startsWith(CACHES)) await caches.delete(name);
}

/** Keeps an answer together with the rest of its build, or not at all. */
async function keep(build: string, answer: Response): Promise<void> {
  if (!window.caches || !(await caches.has(cacheOf(build)))) return;
  await (await caches.open(cacheOf(build))).put(shellAddress, answer);
}

/** A page that came from the laptop is newer than the one that is kept, or is of another event. */
async function keepThisPage(): Promise<void> {
  const kept = await caches.match(shellAddress);
  const isOld = own.shell === undefined && !(await kept?.clone().text())?.includes(own.fingerprint ?? "");
  if (!kept || isOld) await refreshShell();
  if (!(await caches.match(shellAddress))) throw new Error("The page could not be kept.");
}

/** The laptop is of another build than this page: its worker comes, waits, and takes over when nobody is busy. */
async function lookForNewVersion(build: string | undefined): Promise<void> {
  if (!registration) return;
  await registration.update().catch(() => undefined);
  const isOnItsWay = registration.installing !== null || registration.waiting !== null;
  // It took over while this page was being opened.
  if (!isOnItsWay && build && (await caches.has(cacheOf(build)))) isReplaced = true;
}

/** What is looked after each second: who is busy says so, and when nobody is, a new version is taken. */
function tending(isIdle: Options["isIdle"], isAtRest: Options["isAtRest"]): () => Promise<void> {
  let letGo: (() => void) | undefined;
  return async () => {
    if (isOfOtherEvent && isAtRest()) return renew();
    if (!(await isIdle())) {
      letGo ??= holdBusy();
      return;
    }
    letGo?.();
    letGo = undefined;
    if (isReplaced) return renew();
    const waiting = registration?.waiting;
    if (!waiting || isJustRenewed()) return;
    await navigator.locks.request(BUSY, { mode: "exclusive", ifAvailable: true }, async (lock) => {
      if (!lock) return;
      waiting.postMessage(TAKE_OVER);
      await stateOf(waiting, ["activated", "redundant"], 5000);
    });
  };
}

function holdBusy(): () => void {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  void navigator.locks.request(BUSY, { mode: "shared" }, () => held);
  return letGo;
}

function renew(): void {
  if (isJustRenewed()) return;
  sessionStorage.setItem(RENEWED_AT, String(Date.now()));
  location.reload();
}

function isJustRenewed(): boolean {
  return Math.abs(Date.now() - Number(sessionStorage.getItem(RENEWED_AT))) < RENEW_AT_MOST_EVERY;
}

/** Waits for the first worker. (`navigator.serviceWorker.ready` never comes on a page that was opened under `/`.) */
async function isActive({ active, waiting, installing }: ServiceWorkerRegistration): Promise<void> {
  if (active) return;
  const worker = waiting ?? installing;
  const state = worker && (await stateOf(worker, ["activated", "redundant"], 60_000));
  if (state !== "activated") throw new Error("The page could not be kept.");
}

function stateOf(
  worker: ServiceWorker,
  states: ServiceWorkerState[],
  within: number,
): Promise<ServiceWorkerState> {
  return new Promise((resolve) => {
    const look = () => {
      if (states.includes(worker.state)) resolve(worker.state);
    };
    worker.addEventListener("statechange", look);
    setTimeout(() => resolve(worker.state), within);
    look();
  });
}

/** Words are in one language all over the page, and a look is the whole page's. */
function lookOf(page: Document): string {
  const { lang, dataset } = page.documentElement;
  return JSON.stringify([lang, dataset.look]);
}

function dataOf(page: Document): DOMStringMap {
  return page.querySelector<HTMLElement>("[data-capture]")?.dataset ?? {};
}

function every(pause: number, work: () => Promise<void>): void {
  let isBusy = false;
  timers.push(
    window.setInterval(async () => {
      if (isBusy) return;
      isBusy = true;
      await work().catch(() => undefined);
      isBusy = false;
    }, pause),
  );
}

function whenThereIsTime(work: () => void): void {
  // Safari has no such thing.
  if ("requestIdleCallback" in window) requestIdleCallback(work);
  else setTimeout(work, 2000);
}
