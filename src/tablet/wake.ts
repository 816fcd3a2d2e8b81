/** Keeps the screen on while the page is looked at, where the browser has a way: only on a trusted address. */
export function stayAwake(): void {
  if (!("wakeLock" in navigator)) return;
  // Refused when the battery is low, and taken away when the page is hidden: asked for again when it shows.
  const ask = () => {
    if (document.visibilityState === "visible") navigator.wakeLock.request("screen").catch(() => {});
  };
  document.addEventListener("visibilitychange", ask);
  ask();
}
