/**
 * Whether this page over HTTPS is there only because somebody went on in spite of the browser's warning. A service
 * worker is what such a browser refuses: without it, nothing starts without network. `script` is the address of a
 * worker that does nothing; where it is taken, it is gone again afterwards.
 */
export async function isTalkedInto(script: string): Promise<boolean> {
  if (!navigator.serviceWorker) return false;
  try {
    const registration = await navigator.serviceWorker.register(script);
    await registration.unregister();
    return false;
  } catch {
    return true;
  }
}
