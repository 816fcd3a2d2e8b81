/** Milliseconds that a figure takes to its new value. */
const LASTS = 700;

/** What counts up at the moment, with what it will say in the end. */
const underWay = new Map<Element, string>();
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");

/** Has a figure count to what it says now, or say it at once where nothing should move. */
export function countTo(place: Element, text: string): void {
  if ((underWay.get(place) ?? place.textContent) === text) return;
  const [from, to] = [numberIn(place.textContent ?? ""), numberIn(text)];
  if (isCalm.matches || document.hidden || Number.isNaN(from) || Number.isNaN(to)) {
    underWay.delete(place);
    place.textContent = text;
    return;
  }
  underWay.set(place, text);
  const began = performance.now();
  const step = (now: number) => {
    // It is to say something else by now.
    if (underWay.get(place) !== text) return;
    const done = Math.min(1, Math.max(0, (now - began) / LASTS));
    if (done === 1) {
      underWay.delete(place);
      place.textContent = text;
      return;
    }
    const eased = 1 - (1 - done) ** 3;
    place.textContent = Math.round(from + (to - from) * eased).toLocaleString(document.documentElement.lang);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

/** A whole number however its thousands are set apart. */
function numberIn(text: string): number {
  const digits = text.replace(/[^0-9]/g, "");
  return digits === "" ? Number.NaN : Number(digits);
}
