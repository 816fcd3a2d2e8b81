/** The page of backups: while one is under way it shows how far, and what came of it. */
const EVERY = 1000;

if (document.querySelector("[data-under-way]")) void follow();

async function follow(): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, EVERY));
    const answer = await fetch("/backups", { headers: { Accept: "text/html" } }).catch(() => undefined);
    if (!answer?.ok) continue;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    // What is typed in the forms beside it stays.
    for (const part of ["[data-standing]", "[data-lying]"]) {
      const now = fresh.querySelector(part);
      if (now) document.querySelector(part)?.replaceWith(now);
    }
    if (!document.querySelector("[data-under-way]")) return;
  }
}
