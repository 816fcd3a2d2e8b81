/** What the service worker and the page have to agree on: where the device keeps the capture page. */

/** The capture page without anybody's data; `?event=` where it was opened for one of several. */
export const SHELL = "/capture/shell";

/** Each build has a cache of its own: a page never meets styles or scripts of another one. */
export const CACHES = "boothlight-capture-";
export const cacheOf = (build: string): string => CACHES + build;

/** To the worker that waits: nobody is busy, take over. */
export const TAKE_OVER = "take over";
/** To the worker: the page has all that it needs, the device has time for the rest. */
export const KEEP_THE_REST = "keep the rest";

/** From a worker to every page, once it has taken over. */
export interface TookOver {
  build: string;
}
