/** On the pairing page: says when a tablet was paired, so that nobody has to look at the tablet. */
const news = document.querySelector<HTMLElement>("[data-news]");
const count = document.querySelector<HTMLElement>("[data-paired]");
/** The code holds for ten minutes; a page that stays open shows a new one before. */
const NEW_CODE_AFTER = 9 * 60_000;
const ASK_EVERY = 2000;

let known: string[] | undefined;
setTimeout(() => location.reload(), NEW_CODE_AFTER);
setInterval(ask, ASK_EVERY);
void ask();

async function ask(): Promise<void> {
  if (!news || document.visibilityState !== "visible") return;
  const response = await fetch(`/devices?event=${encodeURIComponent(news.dataset.news ?? "")}`, {
    headers: { Accept: "application/json" },
  }).catch(() => undefined);
  if (!response?.ok) return;
  const { devices } = (await response.json()) as { devices: { id: string; staffName: string }[] };
  const fresh = devices.filter((device) => known && !known.includes(device.id));
  known = devices.map((device) => device.id);
  if (count) count.textContent = String(devices.length);
  if (fresh.length > 0) {
    const names = fresh.map((device) => device.staffName).join(", ");
    news.textContent = `Paired: ${names}. For the next tablet, show a new code.`;
    news.classList.add("notice");
  }
}
