/** On an expert's page: topics change their places at once. */
const preferred = document.querySelector<HTMLOListElement>("[data-preferred]");
const others = document.querySelector<HTMLElement>("[data-others]");
const row = document.querySelector<HTMLTemplateElement>("[data-preferred-row]");

preferred?.addEventListener("click", (event) => {
  const button = (event.target as Element).closest<HTMLButtonElement>("button[name=sooner]");
  const item = button?.closest("li");
  if (!button || !item) return;
  event.preventDefault();
  item.previousElementSibling?.before(item);
  // In the first place it has no button.
  const isFirst = item === preferred.firstElementChild;
  (isFirst ? item.querySelector<HTMLElement>("input") : button)?.focus();
});

others?.addEventListener("change", (event) => {
  const box = event.target as HTMLInputElement;
  const chip = box.closest(".chip");
  const item = row?.content.firstElementChild?.cloneNode(true) as HTMLElement | undefined;
  const name = chip?.textContent?.trim() ?? "";
  const input = item?.querySelector("input");
  const words = item?.querySelector("span");
  const button = item?.querySelector("button");
  if (!preferred || !chip || !item || !input || !words || !button) return;
  input.value = box.value;
  words.textContent = name;
  button.value = box.value;
  button.setAttribute("aria-label", `${name}: one place up`);
  preferred.append(item);
  chip.remove();
  input.focus();
});
