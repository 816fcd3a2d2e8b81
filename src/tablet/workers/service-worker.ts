import { CACHES, cacheOf, KEEP_THE_REST, SHELL, TAKE_OVER, type TookOver } from "../shell";

/**
 * Lets the capture page start without network. It keeps the page as it is for everybody (GET /capture/shell) and the
 * files that it needs; never an answer of /api, never another page. The laptop puts `boothlight` in front of this
 * script (src/capture/offline/routes.ts), so each build is a worker of its own, with a cache of its own.
 */
declare const self: ServiceWorkerGlobalScope & {
  boothlight: {
    build: string;
    /** What the page loads on demand. It is kept when there is time, and missing it is no fault. */
    rest: string[];
  };
};

const { build, rest } = self.boothlight;
const CACHE = cacheOf(build);

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("message", (event) => {
  if (event.data === TAKE_OVER) event.waitUntil(self.skipWaiting());
  if (event.data === KEEP_THE_REST) event.waitUntil(keepTheRest());
});
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== self.location.origin) return;
  if (request.mode === "navigate" && address.pathname === "/capture")
    event.respondWith(open(request, address));
  else if (/^(\/capture)?\/assets\//.test(address.pathname)) event.respondWith(file(request));
});

/** All or nothing: where something is missing, the worker before this one stays, with all that it has. */
async function install(): Promise<void> {
  try {
    const cache = await caches.open(CACHE);
    const needed = new Set<string>();
    for (const address of await shellsToKeep()) {
      const shell = await fetch(address, { cache: "no-store" });
      // A page that was opened for another event once: that may be gone, or not this device's any more.
      if (!shell.ok && shell.status !== 401 && address !== SHELL) continue;
      const text = await shell.clone().text();
      if (!shell.ok || shell.redirected || !text.includes(`data-build="${build}"`)) {
        throw new Error(`${address} is not to be had: ${shell.status}`);
      }
      await cache.put(address, shell);
      for (const [, found] of text.matchAll(/ (?:href|src)="(\/assets\/[^"]+)"/g))
        needed.add(found as string);
    }
    await cache.addAll([...needed]);
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

/** The pages that this device has opened: those that an earlier worker keeps. */
async function shellsToKeep(): Promise<Set<string>> {
  const found = new Set([SHELL]);
  for (const name of await ownCaches()) {
    for (const { url } of await (await caches.open(name)).keys()) {
      const { pathname, search } = new URL(url);
      if (pathname === SHELL) found.add(pathname + search);
    }
  }
  return found;
}

async function activate(): Promise<void> {
  for (const name of await ownCaches()) if (name !== CACHE) await caches.delete(name);
  await self.clients.claim();
  const word: TookOver = { build };
  for (const page of await self.clients.matchAll({ includeUncontrolled: true })) page.postMessage(word);
}

async function ownCaches(): Promise<string[]> {
  return (await caches.keys()).filter((name) => name.startsWith(CACHES));
}

async function keepTheRest(): Promise<void> {
  const cache = await caches.open(CACHE);
  for (const address of rest) {
    if (await cache.match(address)) continue;
    await cache.add(address).catch(() => undefined);
  }
}

/** The capture page: the kept one at once, whether the laptop is near or not. */
async function open(request: Request, address: URL): Promise<Response> {
  const event = address.searchParams.get("event");
  const kept = () => match(event ? `${SHELL}?event=${encodeURIComponent(event)}` : SHELL);
  // These are answers to a plain form, which the laptop gives. Without it there is the page to go on with.
  if (address.searchParams.has("visit") || address.searchParams.has("undone")) {
    const answer = await fetch(request).catch(() => undefined);
    return answer ?? (await kept()) ?? Response.error();
  }
  return (await kept()) ?? fetch(request);
}

async function file(request: Request): Promise<Response> {
  return (await match(request)) ?? fetch(request);
}

/** Storage that fails is as good as empty: there is still the network. */
async function match(what: Request | string): Promise<Response | undefined> {
  const find = async () => (await caches.open(CACHE)).match(what, { ignoreVary: true });
  return find().catch(() => undefined);
}
