import { language, say } from "./words";

const A_YEAR = 365 * 24 * 3600;
const ANSWER_WITHIN = 5000;

/**
 * The form of language and look: what is chosen holds on this device, also while the laptop is out of reach. Then the
 * look changes at once, and the language with the next page that the laptop gives.
 * `refresh`: gets the page anew in the new language and look; gives nothing where the laptop does not answer.
 */
export function listenToSettings(refresh: () => Promise<unknown>): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-settings]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void set(form, refresh);
    });
  }
}

async function set(form: HTMLFormElement, refresh: () => Promise<unknown>): Promise<void> {
  const chosen = new FormData(form);
  const [wanted, look] = [String(chosen.get("language")), String(chosen.get("look"))];
  for (const [name, value] of Object.entries({ language: wanted, look })) {
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every tablet's browser.
    document.cookie = `boothlight_${name}=${value}; Path=/; Max-Age=${A_YEAR}; SameSite=Lax`;
  }
  showLook(look);
  // Some browsers forget within a week what a script has set, but not what the laptop has.
  await fetch(form.action, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: JSON.stringify({ language: wanted, look }),
    signal: AbortSignal.timeout(ANSWER_WITHIN),
  }).catch(() => undefined);
  const isFresh = await refresh();
  if (isFresh) return location.reload();
  const said = form.querySelector("[data-settings-said]") as HTMLElement;
  said.textContent = wanted === language ? "" : say("settings.later");
}

/** As the laptop would write it into the page: see views/shared/layout.ejs. */
function showLook(look: string): void {
  document.documentElement.dataset.look = look;
  const contrast = document.querySelector<HTMLLinkElement>("link[data-contrast]");
  if (contrast) contrast.media = look === "contrast" ? "all" : "(prefers-contrast: more)";
}
