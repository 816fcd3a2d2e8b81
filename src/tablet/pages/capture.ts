import { uuidv7 } from "uuidv7";
import { config } from "zod";
import { checkVisit, type SentVisit } from "../../visits/form";
import { Details, letGoOnSecondTap } from "../details";
import { Outbox, type Waiting } from "../outbox";
import { Sender, type Standing } from "../sender";

type Category = SentVisit["category"];
type Counts = Record<Category, number>;
/** What `GET /api/today` tells. */
interface Today {
  lastHour: number;
  own: Counts;
  booth: Counts;
}

const NAMES: Record<Category, string> = { existing: "Existing user", curious: "Curious", new: "New" };
/** The sphere is fully lit at this many visits an hour: one every three minutes. */
const FULL_LIGHT = 20;
const TODAY_EVERY = 30_000;

const find = <E extends HTMLElement>(name: string) => document.querySelector(`[data-${name}]`) as E;
const targets = find<HTMLFormElement>("targets");
const said = find("said");
const saidText = find("said-text");
const undoButton = find<HTMLButtonElement>("undo");
const form = find<HTMLFormElement>("details");
const idle = find("idle");
const lastVisits = find<HTMLDialogElement>("last-visits");
const captureData = find("capture").dataset;
const query = captureData.query ?? "";

// The page's policy forbids code made from text, which the checks would use to be a little faster.
config({ jitless: true });
document.documentElement.classList.add("scripted");
void start();

async function start(): Promise<void> {
  const outbox = await Outbox.open();
  let current: SentVisit | undefined = readJson<SentVisit>("visit");
  let today = readJson<Today>("today") ?? { lastHour: 0, own: none(), booth: none() };
  let standing: Standing = { kind: "done" };
  /** Edits are put in one after another: the outbox must never see them in another order. */
  let writing: Promise<unknown> = Promise.resolve();
  /** The last revision put in of each visit that was worked on since the page was opened. */
  const revisions = new Map<string, number>();

  const sender = new Sender(outbox, (now) => {
    standing = now;
    void showStanding();
    if (now.kind === "done") void refreshToday();
  });
  const details = new Details(form, () => {
    if (!current) return;
    const base = current;
    current = details.read(base);
    // A field that was only touched changes nothing.
    if (JSON.stringify(current) !== JSON.stringify(base)) keep(current);
  });
  letGoOnSecondTap(form);

  if (current) {
    current = (await outbox.get(current.id))?.visit ?? current;
    open(current);
  }
  await showStanding();
  showToday();
  sender.send();
  setInterval(refreshToday, TODAY_EVERY);

  targets.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = (event as SubmitEvent).submitter as HTMLButtonElement;
    void log(button.value as Category, button);
  });

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.repeat || lastVisits.open) return;
    if ((event.target as HTMLElement).closest("input:not([type=checkbox], [type=radio]), textarea, select"))
      return;
    targets.querySelectorAll("button")[["1", "2", "3"].indexOf(event.key)]?.click();
  });

  undoButton.addEventListener("click", async (event) => {
    event.preventDefault();
    if (!current) return;
    const visit = current;
    close();
    await after(() =>
      outbox.undo({ ...visit, revision: revisions.get(visit.id) ?? visit.revision }, Date.now()),
    );
    say(`Undone: ${NAMES[visit.category]}, ${clock(visit.happenedAt)} is not counted.`, undefined);
    await showStanding();
    sender.send();
  });

  // A tablet that is put away, or a page that is closed, must not take the last words with it.
  document.addEventListener("visibilitychange", () => details.flush());
  addEventListener("pagehide", () => details.flush());

  document.querySelector("[data-show-last]")?.addEventListener("click", (event) => {
    event.preventDefault();
    void showLastVisits();
  });
  lastVisits.addEventListener("click", (event) => {
    if (event.target === lastVisits || (event.target as HTMLElement).closest("[data-close]"))
      lastVisits.close();
  });

  /** One tap: on the tablet's disk first, then on the screen, then on its way. */
  async function log(category: Category, button: HTMLElement): Promise<void> {
    details.flush();
    const visit: SentVisit = { id: uuidv7(), revision: 0, category, happenedAt: new Date().toISOString() };
    button.classList.add("pressed");
    try {
      await put(visit);
    } catch {
      say(
        "NOT logged: this tablet's storage does not take it. Tell the organizer, and note it on paper.",
        undefined,
        true,
      );
      return;
    } finally {
      button.classList.remove("pressed");
    }
    current = visit;
    open(visit);
    say(`Logged: ${NAMES[category]}`, visit);
    today.own[category] += 1;
    today.booth[category] += 1;
    today.lastHour += 1;
    showToday();
    await showStanding();
    sender.send();
  }

  /** Keeps an edit. What is plainly wrong stays in the form and waits there until it is mended. */
  function keep(visit: SentVisit): void {
    const checked = checkVisit({ ...visit, revision: 1 });
    details.showProblems(checked.ok ? [] : checked.problems);
    void put(visit, checked.ok ? undefined : { status: "invalid", problems: checked.problems })
      .then(showStanding)
      .then(() => sender.send());
  }

  /** Puts a visit into the outbox; with `refused`, it waits there for somebody to mend it. */
  function put(visit: SentVisit, refused?: Waiting["refused"]): Promise<void> {
    return after(async () => {
      const known = { ...visit, revision: revisions.get(visit.id) ?? visit.revision };
      const { id, revision } = await outbox.put(known, Date.now());
      revisions.set(id, revision);
      if (refused) await outbox.keepRefused(id, revision, refused);
    });
  }

  function after<T>(work: () => Promise<T>): Promise<T> {
    const result = writing.then(work);
    writing = result.catch(() => {});
    return result;
  }

  function open(visit: SentVisit): void {
    details.show(visit);
    form.action = `/capture/visits/${visit.id}${query}`;
    form.hidden = false;
    idle.hidden = true;
    form.scrollTo?.({ top: 0 });
    undoButton.hidden = false;
    if (said.dataset.empty !== undefined) say(`${NAMES[visit.category]}, ${clock(visit.happenedAt)}`, visit);
  }

  function close(): void {
    current = undefined;
    form.hidden = true;
    idle.hidden = false;
    undoButton.hidden = true;
  }

  function say(text: string, visit: SentVisit | undefined, bad = false): void {
    delete said.dataset.empty;
    said.classList.toggle("bad", bad);
    if (visit) said.dataset.category = visit.category;
    else delete said.dataset.category;
    saidText.textContent = text;
    // Said again for the eye even where the words are the same.
    said.classList.remove("fresh");
    void said.offsetWidth;
    said.classList.add("fresh");
  }

  async function showStanding(): Promise<void> {
    const waiting = await outbox.all();
    const refused = waiting.filter((entry) => entry.refused);
    const { words, tone } = standingInWords(waiting, refused, standing);
    const place = find("standing");
    place.dataset.standing = tone;
    place.textContent = words;
    const mend = find<HTMLButtonElement>("mend");
    mend.hidden = refused.length === 0;
    mend.onclick = () => {
      const entry = refused[0];
      if (!entry) return;
      current = entry.visit;
      open(current);
      const rest = details.showProblems(entry.refused?.problems ?? []);
      say(reasonInWords(entry, rest), current, true);
    };
  }

  function showToday(): void {
    for (const category of ["existing", "curious", "new"] as const) {
      find(`count-${category}`).textContent = String(today.own[category]);
    }
    const light = Math.min(10, Math.ceil((today.lastHour / FULL_LIGHT) * 10));
    for (const sphere of document.querySelectorAll<HTMLElement>("[data-light]"))
      sphere.dataset.light = String(light);
    const all = today.booth.existing + today.booth.curious + today.booth.new;
    find("booth-today").textContent =
      all === 0 ? "The first visit of the day is yours" : `${all} at the booth today`;
  }

  async function refreshToday(): Promise<void> {
    const response = await fetch(`/api/today${query}`).catch(() => undefined);
    if (!response?.ok) return;
    today = (await response.json()) as Today;
    // What the laptop has not heard of yet counts all the same.
    for (const { visit, sentRevision, undone } of await outbox.all()) {
      if (undone || sentRevision > 0) continue;
      today.own[visit.category] += 1;
      today.booth[visit.category] += 1;
    }
    showToday();
  }

  async function showLastVisits(): Promise<void> {
    const waiting = (await outbox.all()).filter((entry) => !entry.undone).map((entry) => entry.visit);
    const list = find("last-list");
    const fill = (visits: SentVisit[], words: string) => {
      list.replaceChildren(
        ...visits.map((visit) =>
          lastVisitButton(visit, () => {
            current = visit;
            lastVisits.close();
            open(visit);
            say(`${NAMES[visit.category]}, ${clock(visit.happenedAt)}`, visit);
          }),
        ),
      );
      find("last-words").textContent = words;
    };
    fill(waiting, "Asking the laptop …");
    lastVisits.showModal();
    const response = await fetch(`/api/visits${query}`).catch(() => undefined);
    if (!response?.ok) {
      fill(newestFirst(waiting), "The laptop is out of reach: these are the ones that wait for it.");
      return;
    }
    const { visits } = (await response.json()) as { visits: SentVisit[] };
    const newer = new Set(waiting.map((visit) => visit.id));
    const all = newestFirst([...waiting, ...visits.filter((visit) => !newer.has(visit.id))]);
    fill(all, all.length === 0 ? "No visit was logged on this tablet yet." : "Tap one to correct it.");
  }
}

function standingInWords(
  waiting: Waiting[],
  refused: Waiting[],
  standing: Standing,
): { words: string; tone: string } {
  const toSend = waiting.length - refused.length;
  if (standing.kind === "unpaired") {
    return {
      tone: "bad",
      words: `This tablet is not paired any more. ${waiting.length} kept here until it is.`,
    };
  }
  if (refused.length > 0) return { tone: "bad", words: `${refused.length} to be mended` };
  if (toSend === 0) return { tone: "good", words: "All on the laptop" };
  const since = clock(Math.min(...waiting.map((entry) => entry.since)));
  if (standing.kind === "away") {
    return { tone: "waiting", words: `${toSend} waiting for the laptop since ${since}: out of reach` };
  }
  return { tone: "waiting", words: `${toSend} on the way` };
}

function reasonInWords(entry: Waiting, problems: { message: string }[]): string {
  if (entry.refused?.status === "conflict") {
    return "This visit was changed on the laptop too. Both versions are kept; the organizer chooses.";
  }
  return ["Please mend this visit.", ...problems.map((problem) => problem.message)].join(" ");
}

function lastVisitButton(visit: SentVisit, choose: () => void): HTMLElement {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "last-visit";
  button.dataset.category = visit.category;
  const mark = targets.querySelector(`[value=${visit.category}] .mark`)?.cloneNode(true);
  if (mark) button.append(mark);
  const words = document.createElement("span");
  const about = [
    visit.contact?.name,
    platformName(visit.platform),
    visit.questions?.[0]?.text,
    visit.note,
  ].filter(Boolean);
  words.textContent = [`${clock(visit.happenedAt)}  ${NAMES[visit.category]}`, ...about].join(" · ");
  button.append(words);
  button.addEventListener("click", choose);
  item.append(button);
  return item;
}

/** The words of the chip, which is where the page has the list. */
function platformName(platform: string | null | undefined): string | undefined {
  const chip = [...form.querySelectorAll<HTMLInputElement>("input[name=platform]")].find(
    (each) => each.value === platform,
  );
  return chip?.closest("label")?.textContent ?? platform ?? undefined;
}

function newestFirst(visits: SentVisit[]): SentVisit[] {
  return [...visits].sort((a, b) => (a.happenedAt < b.happenedAt ? 1 : -1));
}

function clock(at: string | number): string {
  return new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

function none(): Counts {
  return { existing: 0, curious: 0, new: 0 };
}

function readJson<T>(name: string): T | undefined {
  const text = captureData[name];
  return text ? (JSON.parse(text) as T) : undefined;
}
