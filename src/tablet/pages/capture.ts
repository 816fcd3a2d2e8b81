import { uuidv7 } from "uuidv7";
import { config } from "zod/mini";
import { checkVisit, type SentVisit, withoutProblems } from "../../visits/form";
import { Details, letGoOnSecondTap } from "../details";
import { type Draft, Outbox, type Waiting } from "../outbox";
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
const TODAY_AFTER = 5000;
/** How long edits wait for one another, in milliseconds. */
const SEND_AFTER = 500;

const find = <E extends HTMLElement>(name: string) => document.querySelector(`[data-${name}]`) as E;
const targets = find<HTMLFormElement>("targets");
const said = find("said");
const saidText = find("said-text");
const undoButton = find<HTMLButtonElement>("undo");
const form = find<HTMLFormElement>("details");
const idle = find("idle");
/** Names of platforms that joined the event's list after this page was opened, by their short names. */
const platformNames = new Map<string, string>();
const lastVisits = find<HTMLDialogElement>("last-visits");
const captureData = find("capture").dataset;
const query = captureData.query ?? "";
const eventSlug = captureData.event ?? "";

// The page's policy forbids code made from text, which the checks would use to be a little faster.
config({ jitless: true });
// Without the tablet's storage the page stays what it is: plain forms, which the laptop answers.
void Outbox.open().then(start, () => {
  saidText.textContent = "This browser keeps nothing on the tablet, so each tap goes straight to the laptop.";
});

async function start(outbox: Outbox): Promise<void> {
  document.documentElement.classList.add("scripted");
  let current: SentVisit | undefined = readJson<SentVisit>("visit");
  let today = readJson<Today>("today") ?? { lastHour: 0, own: none(), booth: none() };
  let standing: Standing = { kind: "done" };
  /** Edits are put in one after another: the outbox must never see them in another order. */
  let writing: Promise<unknown> = Promise.resolve();
  /** The last revision put in of each visit that was worked on since the page was opened. */
  const revisions = new Map<string, number>();
  let soon: number | undefined;
  let sending: number | undefined;

  const sender = new Sender(
    outbox,
    (now) => {
      standing = now;
      void showStanding();
      if (now.kind === "done") refreshSoon();
    },
    (what, { visit }) => {
      if (what === "not undone") {
        say(
          "This visit was logged before this tablet was paired anew. The organizer can delete it.",
          visit,
          true,
        );
      } else void showOtherVersion(visit);
    },
  );
  const details = new Details(form, () => {
    if (!current) return;
    const base = current;
    current = details.read(base);
    // A field that was only touched changes nothing.
    if (meaningOf(current) !== meaningOf(base)) keep(current);
  });
  letGoOnSecondTap(form);

  if (current) {
    const waiting = await outbox.get(current.id);
    if (waiting?.undone) close();
    else turnTo(waiting ? asTyped(waiting) : current);
  }
  await showStanding();
  showToday();
  sender.send();
  setInterval(refreshToday, TODAY_EVERY);

  targets.addEventListener("submit", (submit) => {
    submit.preventDefault();
    const button = (submit as SubmitEvent).submitter as HTMLButtonElement;
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
    await after(() => outbox.undo(eventSlug, { ...visit, revision: knownRevision(visit) }, Date.now()));
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
    const visit: SentVisit = {
      id: uuidv7(),
      revision: 0,
      category,
      happenedAt: new Date().toISOString(),
      // Where the booth shows one project, a visit is about that.
      project: captureData.project || undefined,
    };
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
    turnTo(visit);
    say(`Logged: ${NAMES[category]}`, visit);
    today.own[category] += 1;
    today.booth[category] += 1;
    today.lastHour += 1;
    showToday();
    await showStanding();
    sender.send();
  }

  /** Keeps an edit. What cannot be taken as it is waits in the form until it is mended; the rest goes on. */
  function keep(visit: SentVisit): void {
    const problems = problemsOf(visit);
    details.showProblems(problems);
    const taken = problems.length > 0 ? (withoutProblems(visit, problems) as SentVisit) : visit;
    const isWhole = problemsOf(taken).length === 0;
    const draft = problems.length > 0 ? { visit, problems } : undefined;
    void put(isWhole ? taken : visit, draft)
      .then(showStanding)
      .then(sendSoon)
      .catch(() => {
        say(
          "NOT saved: this tablet's storage does not take it. Tell the organizer, and note it on paper.",
          visit,
          true,
        );
      });
  }

  /** Edits come in small pieces, each kept at once; they travel together. */
  function sendSoon(): void {
    clearTimeout(sending);
    sending = window.setTimeout(() => sender.send(), SEND_AFTER);
  }

  /** Puts a visit into the outbox, after what was put in before. */
  function put(visit: SentVisit, draft?: Draft): Promise<void> {
    return after(async () => {
      const known = { ...visit, revision: knownRevision(visit) };
      revisions.set(visit.id, await outbox.put(eventSlug, known, Date.now(), draft));
    });
  }

  function knownRevision(visit: SentVisit): number {
    return Math.max(revisions.get(visit.id) ?? 0, visit.revision);
  }

  function after<T>(work: () => Promise<T>): Promise<T> {
    const result = writing.then(work);
    writing = result.catch(() => {});
    return result;
  }

  /** Shows a visit in the form, after what was typed of the one before is kept. */
  function turnTo(visit: SentVisit): void {
    details.flush();
    current = visit;
    details.show(visit, platformName(visit.platform));
    form.action = `/capture/visits/${visit.id}${query}`;
    form.hidden = false;
    idle.hidden = true;
    form.scrollTo({ top: 0 });
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
    const toMend = waiting.filter((entry) => entry.refused || entry.draft);
    const { words, tone } = standingInWords(waiting, toMend.length, standing);
    const place = find("standing");
    place.dataset.standing = tone;
    place.textContent = words;
    const mend = find<HTMLButtonElement>("mend");
    mend.hidden = toMend.length === 0;
    mend.onclick = () => {
      // One after the other: the one that is open has had its turn.
      const entry = toMend[(toMend.findIndex(({ id }) => id === current?.id) + 1) % toMend.length];
      if (!entry) return;
      const visit = asTyped(entry);
      turnTo(visit);
      const rest = details.showProblems(entry.draft?.problems ?? entry.refused?.problems ?? []);
      say(["Please mend this visit.", ...rest.map((problem) => problem.message)].join(" "), visit, true);
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

  /** Shows what the laptop has instead of the words of this tablet, which it keeps as the other version. */
  async function showOtherVersion(visit: SentVisit): Promise<void> {
    say(
      "This visit was changed on the laptop too. Both versions are kept; the organizer chooses.",
      visit,
      true,
    );
    const kept = (await lastVisitsOfLaptop())?.find(({ id }) => id === visit.id);
    if (!kept || current?.id !== visit.id) return;
    revisions.set(kept.id, kept.revision);
    current = kept;
    details.show(kept, platformName(kept.platform));
  }

  /** The last visits of this tablet as the laptop has them; undefined where it is out of reach. */
  async function lastVisitsOfLaptop(): Promise<SentVisit[] | undefined> {
    const response = await fetch(`/api/visits${query}`).catch(() => undefined);
    if (!response?.ok) return undefined;
    const { visits, platforms } = (await response.json()) as {
      visits: SentVisit[];
      platforms: Record<string, string>;
    };
    for (const [slug, name] of Object.entries(platforms)) platformNames.set(slug, name);
    return visits;
  }

  /** Ten tablets that each ask after each visit would be most of what the laptop does. */
  function refreshSoon(): void {
    if (soon !== undefined) return;
    soon = window.setTimeout(() => {
      soon = undefined;
      void refreshToday();
    }, TODAY_AFTER);
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
    details.flush();
    await writing;
    const entries = await outbox.all();
    const waiting = entries.filter((entry) => !entry.undone).map(asTyped);
    const list = find("last-list");
    const fill = (visits: SentVisit[], words: string) => {
      list.replaceChildren(
        ...visits.map((visit) =>
          lastVisitButton(visit, () => {
            lastVisits.close();
            turnTo(visit);
            say(`${NAMES[visit.category]}, ${clock(visit.happenedAt)}`, visit);
          }),
        ),
      );
      find("last-words").textContent = words;
    };
    fill(waiting, "Asking the laptop …");
    lastVisits.showModal();
    const visits = await lastVisitsOfLaptop();
    if (!visits) {
      fill(newestFirst(waiting), "The laptop is out of reach: these are the ones that wait for it.");
      return;
    }
    const newer = new Set(entries.map((entry) => entry.id));
    const all = newestFirst([...waiting, ...visits.filter((visit) => !newer.has(visit.id))]);
    fill(all, all.length === 0 ? "No visit was logged on this tablet yet." : "Tap one to correct it.");
  }
}

function standingInWords(
  waiting: Waiting[],
  toMend: number,
  standing: Standing,
): { words: string; tone: string } {
  const toSend = waiting.filter((entry) => !entry.refused).length;
  if (standing.kind === "unpaired") {
    return {
      tone: "bad",
      words: `This tablet is not paired any more. ${waiting.length} kept here until it is.`,
    };
  }
  if (toMend > 0) return { tone: "bad", words: `${toMend} to be mended` };
  if (toSend === 0) return { tone: "good", words: "All on the laptop" };
  const since = clock(Math.min(...waiting.map((entry) => entry.since)));
  if (standing.kind === "away") {
    return { tone: "waiting", words: `${toSend} waiting for the laptop since ${since}: out of reach` };
  }
  return { tone: "waiting", words: `${toSend} on the way` };
}

/** What somebody typed of a visit, also where it cannot be taken as it is. */
function asTyped({ visit, draft }: Waiting): SentVisit {
  return draft ? { ...draft.visit, revision: visit.revision } : visit;
}

function problemsOf(visit: SentVisit): Draft["problems"] {
  const checked = checkVisit({ ...visit, revision: 1 });
  return checked.ok ? [] : checked.problems;
}

/** What a visit says, however it is written down: to tell an edit from a touch. */
function meaningOf(visit: SentVisit): string {
  const checked = checkVisit({ ...visit, revision: 1 });
  return JSON.stringify(checked.ok ? checked.value : visit);
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

/** What people read for a platform: the words of its chip, or what the laptop has told since. */
function platformName(platform: string | null | undefined): string | undefined {
  const chip = [...form.querySelectorAll<HTMLInputElement>("input[name=platform]")].find(
    (each) => each.value === platform,
  );
  return chip?.closest("label")?.textContent ?? platformNames.get(platform ?? "") ?? platform ?? undefined;
}

function newestFirst(visits: SentVisit[]): SentVisit[] {
  return [...visits].sort((a, b) => (a.happenedAt < b.happenedAt ? 1 : -1));
}

/** The time of day where the event is: the tablet may be set to another zone. */
function clock(at: string | number): string {
  const timeZone = captureData.zone;
  return new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", timeZone });
}

function none(): Counts {
  return { existing: 0, curious: 0, new: 0 };
}

function readJson<T>(name: string): T | undefined {
  const text = captureData[name];
  return text ? (JSON.parse(text) as T) : undefined;
}
