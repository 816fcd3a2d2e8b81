import { refreshShell } from "./install";
import { say } from "./words";

const A_YEAR = 365 * 24 * 3600;

/**
 * Language and look as they are chosen in the form, without losing the page: a look at once, since in a bright hall
 * it is wanted now; a language with the page that the laptop makes in it. `before` is waited for before that, and
 * says whether the page can be loaded anew without a loss.
 */
export function chooseSettings(form: HTMLFormElement, before: () => Promise<boolean>): void {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    for (const [name, value] of new FormData(form)) {
      // The cookies that the laptop reads, and that its own page of settings writes.
      if (name === "language" || name === "look")
        // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in Safari, nor under plain HTTP.
        document.cookie = `boothlight_${name}=${value}; path=/; max-age=${A_YEAR}; samesite=lax`;
    }
    showLook();
    if ((await before()) && (await refreshShell())) location.reload();
    else form.querySelector("[data-settings-said]")?.replaceChildren(say("settings.later"));
  });
}

/** Gives the page the look that is chosen on this device: one from the tablet's own disk may be of before. */
export function showLook(): void {
  const look = /(?:^|; )boothlight_look=(\w+)/.exec(document.cookie)?.[1] ?? "auto";
  document.documentElement.dataset.look = look;
  const contrast = document.querySelector<HTMLLinkElement>("link[data-contrast]");
  if (contrast) contrast.media = look === "contrast" ? "all" : "(prefers-contrast: more)";
}
