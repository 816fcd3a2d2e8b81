import { uuidv7 } from "uuidv7";
import { config } from "zod/mini";
import { isOrganizersName } from "../../text";
import { consentWords, type SentVisit } from "../../visits/form";
import { codeInGroups, newCode, newOwnCode } from "../../visits/slips/rules";
import { Details, letGoOnSecondTap, setSlip } from "../details";
import { Heard } from "../heard";
import { forgetEverything, heardOf, install, START_WORDS, TRUST } from "../install";
import { forgetLastWords, lastWords, leaveLastWords } from "../last-words";
import { Names } from "../names";
import { type Draft, Outbox, type Waiting } from "../outbox";
import { isRescued, keepDevice, keptClocks, keptDevice, saveRescueFile } from "../rescue";
import { type News, Sender, type Standing } from "../sender";
import { chooseSettings, showLook } from "../settings";
import { offerAnswers } from "../similar";
import { needsMending, standingInWords } from "../standing";
import { Today } from "../today";
import { asTyped, meaningOf, mended, newestFirst } from "../typed";
import { differenceRow, differences } from "../versions";
import { stayAwake } from "../wake";
import { say, timeOf } from "../words";

type Category = SentVisit["category"];

/** How long edits wait for one another, in milliseconds. */
const SEND_AFTER = 500;
/** How long what another page on this tablet put in may wait before this one sends it, in milliseconds. */
const OTHERS_TURN = 5000;
/** A visit that nobody has touched for this long is not worked on any more, in milliseconds. */
const LEFT_ALONE_AFTER = 60_000;
/** A tap that is only now on its way to the disk counts as somebody at work, too. */
const A_MOMENT = 2000;

const find = <E extends HTMLElement>(name: string) => document.querySelector(`[data-${name}]`) as E;
const targets = find<HTMLFormElement>("targets");
const said = find("said");
const saidText = find("said-text");
const undoButton = find<HTMLButtonElement>("undo");
const againButton = find<HTMLButtonElement>("again");
const form = find<HTMLFormElement>("details");
const idle = find("idle");
/** Names of platforms that joined the event's list after this page was opened, by their short names. */
const platformNames = new Map<string, string>();
const lastVisits = find<HTMLDialogElement>("last-visits");
const versions = find<HTMLDialogElement>("versions");
const tablet = find<HTMLDialogElement>("tablet");
const captureData = find("capture").dataset;
const query = captureData.query ?? "";
/** The organizer's page has nothing to unpair. */
const isPaired = document.querySelector("[data-unpair]") !== null;
const eventSlug = captureData.event ?? "";

// The page's policy forbids code made from text, which the checks would use to be a little faster.
config({ jitless: true });
showLook();
void start();

async function start(): Promise<void> {
  let current: SentVisit | undefined = readJson<SentVisit>("visit");
  let standing: Standing = { kind: "done" };
  /** Edits are put in one after another: the outbox must never see them in another order. */
  let writing: Promise<unknown> = Promise.resolve();
  /** The last revision of each visit that was seen here: put in, or told by the laptop. */
  const revisions = new Map<string, number>();
  /** The last revision that the laptop is known to have. */
  const onLaptop = new Map<string, number>();
  /** The laptop's revision that the words in the form were made from, for each visit that was worked on. */
  const basis = new Map<string, number>();
  /** The stamp of what the form was filled from, for each visit that was worked on. */
  const seen = new Map<string, string>();
  let sending: number | undefined;
  let othersTurn: number | undefined;
  /** The visit that was undone last, as long as that can be taken back in a tap. */
  let undone: SentVisit | undefined;
  /** The visit of which the screen said last that the disk has not taken it. */
  let unsaved: SentVisit | undefined;
  /** The visit that the screen asks to mend. */
  let toMend: string | undefined;
  /** Visits whose undo was taken back before the laptop had said that it knew of it. */
  const countedAgain = new Set<string>();
  /** Edits that are on their way to the disk. */
  const underWay = new Map<string, SentVisit>();

  let isReady = false;
  let begin = () => {};
  const ready = new Promise<void>((resolve) => {
    begin = resolve;
  });
  targets.addEventListener("click", (click) => {
    const button = (click.target as HTMLElement).closest("button");
    if (!button) return;
    click.preventDefault();
    const at = new Date();
    // A tap that comes before the page is ready is logged as soon as it is.
    void ready.then(() => log(button.value as Category, button, at));
  });
  const outbox = await Outbox.open((id) => {
    if (isReady) hear(id);
  });
  const sender = new Sender(
    outbox,
    (now) => {
      standing = now;
      showStanding();
      if (now.kind === "done") today.refreshSoon();
    },
    (news) => void tell(news),
    () => today.clocks(),
  );
  const today = new Today({
    outbox,
    sphere: document.querySelectorAll<HTMLElement>("[data-light]"),
    address: `/api/today${query}`,
    first: readJson("today"),
    near: (answer, clocks) => {
      void keepDevice(outbox, answer.device, clocks);
      if (answer.device) names.setOwn(answer.device.staffName);
      void heardOf(answer.shell);
      // Somebody answers: what waits need not wait for its pause to end.
      if (standing.kind === "away") sender.send();
    },
    // What waits goes on from there. Not under anybody's hands.
    over: () => {
      if (isAtRest()) location.replace("/");
    },
  });
  const names = new Names(
    outbox,
    find("names").dataset.names || keptDevice(outbox)?.staffName || "",
    find("names"),
    find("name-list"),
  );
  const heard = new Heard(
    document.getElementById("heard-platforms") as HTMLDataListElement,
    document.getElementById("heard-organizations") as HTMLDataListElement,
  );
  const details = new Details(form, () => {
    if (!current) return;
    const base = current;
    current = details.read(base);
    // A field that was only touched changes nothing.
    if (meaningOf(current) !== meaningOf(base)) keep(current);
  });
  letGoOnSecondTap(form);
  form.addEventListener("focusin", ({ target }) => {
    const field = target as HTMLElement;
    if (field.matches("[name=questionText], [name^='contact.']")) void loadSlips();
    if (field.matches("[name^='contact.']")) void loadVisitorWords();
  });
  if (current) learn(current);

  for (const { event, visit, seen: stamp } of lastWords()) {
    const entry = outbox.get(visit.id);
    if (!entry || meaningOf(asTyped(entry)) !== meaningOf(visit)) {
      const { taken, draft } = mended(visit);
      await outbox.put(event, taken, { now: Date.now(), seen: stamp, draft, clocks: keptClocks(outbox) });
    }
    if (outbox.isOnDisk(visit.id)) forgetLastWords(visit.id);
  }
  if (current) {
    const waiting = outbox.get(current.id);
    if (waiting?.undone) close();
    else turnTo(waiting ? asTyped(waiting) : current, waiting);
  }
  document.documentElement.classList.add("scripted");
  isReady = true;
  begin();
  showStanding();
  sender.send();
  today.start();
  stayAwake();
  // A browser that is short of room clears other sites first. Under plain HTTP there is no such wish.
  void navigator.storage?.persist?.();
  let touched = performance.now();
  for (const type of ["pointerdown", "keydown", "input"]) {
    addEventListener(type, () => {
      touched = performance.now();
    });
  }
  void install({
    isIdle: () => outbox.all().length === 0 && isAtRest(),
    isAtRest,
    changed: (start) => {
      find("tablet-offline").textContent = say(START_WORDS[start]);
      find("tablet-trust").hidden = start !== "needs-trust";
    },
  });
  chooseSettings(find<HTMLFormElement>("settings"), async () => {
    details.flush();
    await writing;
    // The visit that is open is opened again.
    if (current) history.replaceState(null, "", visitAddress(current.id));
    return !isInPageAlone();
  });

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.repeat || openDialog()) return;
    if ((event.target as HTMLElement).closest("input:not([type=checkbox], [type=radio]), textarea, select"))
      return;
    const target = targets.querySelectorAll("button")[["1", "2", "3"].indexOf(event.key)];
    // From here the next steps are undo and the details, as after a tap.
    target?.focus({ preventScroll: true });
    target?.click();
  });

  undoButton.addEventListener("click", async (event) => {
    event.preventDefault();
    // Not every browser leaves the field that was typed in for a tap on a button.
    details.flush();
    if (!current) return;
    const visit = current;
    const hadFocus = document.activeElement === undoButton;
    close();
    await after(() => outbox.undo(eventSlug, { ...visit, revision: knownRevision(visit) }, Date.now()));
    seen.delete(visit.id);
    announce(say("capture.undone-at", words(visit)), undefined);
    undone = visit;
    againButton.hidden = false;
    if (hadFocus) againButton.focus();
    today.count(visit.category, -1);
    showStanding();
    sender.send();
  });
  againButton.addEventListener("click", () => void countAgain());

  // A tablet that is put away, or a page that is closed, must not take the last words with it.
  document.addEventListener("visibilitychange", leave);
  addEventListener("pagehide", leave);

  document.querySelector("[data-show-last]")?.addEventListener("click", (event) => {
    event.preventDefault();
    void showLastVisits();
  });
  find("show-tablet").addEventListener("click", () => {
    showTablet();
    tablet.showModal();
  });
  for (const dialog of [lastVisits, versions, tablet]) {
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog || (event.target as HTMLElement).closest("[data-close]")) dialog.close();
    });
  }
  find("mend").addEventListener("click", () => void mendNext());
  find("compare").addEventListener("click", () => void compareNext());
  for (const button of document.querySelectorAll("[data-rescue]")) {
    button.addEventListener("click", async () => {
      details.flush();
      await writing;
      await saveRescueFile(outbox, eventSlug, Date.now());
      announce(say("rescue.saved"), current);
      if (tablet.open) find("tablet-waiting").textContent = say("rescue.saved");
      today.tell(isRescued(outbox));
    });
  }
  find<HTMLFormElement>("add-name").addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = (event.target as HTMLFormElement).elements.namedItem("name") as HTMLInputElement;
    if (isOrganizersName(field.value)) {
      field.setCustomValidity(say("problem.organizer-name"));
      field.reportValidity();
      field.addEventListener("input", () => field.setCustomValidity(""), { once: true });
      return;
    }
    await names.add(field.value);
    field.value = "";
  });
  document.querySelector("[data-unpair]")?.addEventListener("click", () => void unpair());
  find("scan").addEventListener("click", () => void scan());
  find("turn").addEventListener("click", () => void turnRound());
  form.addEventListener("click", ({ target }) => {
    const row = (target as HTMLElement).closest("[data-give-slip]")?.closest("[data-question]");
    if (row) void showSlip(row);
  });
  offerAnswers(
    form,
    find<HTMLDialogElement>("answered"),
    () => details.flush(),
    (words) => current && announce(words, current),
  );

  /** One tap: on the tablet's disk first, then on the screen, then on its way. */
  async function log(category: Category, button: HTMLElement, at: Date): Promise<void> {
    const visit: SentVisit = {
      id: uuidv7(),
      revision: 0,
      category,
      happenedAt: at.toISOString(),
      // Where the booth shows one project, a visit is about that.
      project: captureData.project || undefined,
      // Also where it is whom the tablet is paired for: it may be paired for somebody else before this is sent.
      staff: isPaired || !names.isOwn ? names.current || undefined : undefined,
    };
    button.classList.add("pressed");
    await put(visit);
    button.classList.remove("pressed");
    turnTo(visit, outbox.get(visit.id));
    if (outbox.isOnDisk(visit.id)) {
      announce(say("capture.logged", { category: say(`category.${category}`) }), visit);
    } else announceUnsaved(visit);
    today.count(category, 1);
    showStanding();
    sender.send();
  }

  /** Takes an undo back. What the laptop has put into its bin, the laptop has to take out again. */
  async function countAgain(): Promise<void> {
    if (!undone) return;
    const visit = undone;
    const isWithLaptop = knownRevision(visit) > 0 && outbox.get(visit.id) === undefined;
    const wasSent = isWithLaptop && (sender.acknowledged(visit.id) ?? onLaptop.get(visit.id)) !== undefined;
    if (wasSent) {
      if (!(await restore(visit.id))) return announce(say("capture.not-again"), visit, true);
      turnTo(visit, undefined);
    } else {
      countedAgain.add(visit.id);
      await put(visit);
      turnTo(visit, outbox.get(visit.id));
      sender.send();
    }
    undoButton.focus();
    announce(say("capture.back-at", words(visit)), visit);
    today.count(visit.category, 1);
    showStanding();
  }

  /** Asks the laptop to take a visit out of its bin; gives whether it did. */
  async function restore(id: string): Promise<boolean> {
    const answer = await fetch(`/capture/visits/${id}/restoration${query}`, {
      method: "POST",
      headers: { Accept: "application/json" },
    }).catch(() => undefined);
    return answer?.ok ?? false;
  }

  /** Keeps an edit. What cannot be taken as it is waits in the form until it is mended; the rest goes on. */
  async function keep(visit: SentVisit): Promise<void> {
    const { taken, draft } = mended(visit);
    details.showProblems(draft?.problems ?? []);
    underWay.set(visit.id, visit);
    await put(taken, draft);
    if (underWay.get(visit.id) === visit) {
      underWay.delete(visit.id);
      forgetLastWords(visit.id);
    }
    heard.listen(visit, platformName(visit.platform));
    if (!outbox.isOnDisk(visit.id)) announceUnsaved(visit);
    else if (visit.id === toMend && visit.id === current?.id && !draft) {
      toMend = undefined;
      announce(say("capture.saved-at", words(visit)), visit);
    }
    showStanding();
    sendSoon();
  }

  /** The page is left, or only put aside: what the disk has not taken yet is kept where that takes no time. */
  function leave(): void {
    details.flush();
    for (const visit of underWay.values()) {
      const known = { ...visit, revision: knownRevision(visit), base: baseOf(visit.id) };
      leaveLastWords({ event: eventSlug, visit: known, seen: seen.get(visit.id) });
    }
  }

  /** Edits come in small pieces, each kept at once; they travel together. */
  function sendSoon(): void {
    clearTimeout(sending);
    sending = window.setTimeout(() => sender.send(), SEND_AFTER);
  }

  /** Puts a visit into the outbox, after what was put in before. */
  function put(visit: SentVisit, draft?: Draft): Promise<void> {
    return after(async () => {
      const { id } = visit;
      const known = { ...visit, revision: knownRevision(visit), base: baseOf(id) };
      const edit = { now: Date.now(), seen: seen.get(id), draft, clocks: keptClocks(outbox) };
      const entry = await outbox.put(eventSlug, known, edit);
      seen.set(id, entry.stamp);
      revisions.set(id, entry.visit.revision);
    });
  }

  function knownRevision({ id, revision }: SentVisit): number {
    return Math.max(revisions.get(id) ?? 0, onLaptop.get(id) ?? 0, revision);
  }

  /** The laptop's revision that an edit of a visit is made from; undefined where it has none. */
  function baseOf(id: string): number | undefined {
    const before = outbox.get(id)?.visit.base ?? 0;
    return Math.max(before, sender.acknowledged(id) ?? 0, basis.get(id) ?? 0) || undefined;
  }

  /** What the laptop has of a visit. */
  function learn(visit: SentVisit): void {
    onLaptop.set(visit.id, Math.max(onLaptop.get(visit.id) ?? 0, visit.revision));
    heard.listen(visit, platformName(visit.platform));
  }

  function after<T>(work: () => Promise<T>): Promise<T> {
    const result = writing.then(work);
    writing = result.catch(() => {});
    return result;
  }

  /** Another page on this tablet changed a visit, or the disk began or ceased to fail. */
  function hear(id: string | undefined): void {
    const entry = id === undefined ? undefined : outbox.get(id);
    // What is being typed here goes first: then both are kept.
    if (entry && current?.id === entry.id && entry.stamp !== seen.get(entry.id) && !details.isTyping) {
      if (entry.undone) close();
      else turnTo(asTyped(entry), entry);
    }
    showStanding();
    // The page that put it in sends it, unless that was closed meanwhile.
    clearTimeout(othersTurn);
    othersTurn = window.setTimeout(() => {
      if (outbox.all().some((waiting) => !waiting.refused)) sender.send();
    }, OTHERS_TURN);
  }

  /** Shows a visit in the form, after what was typed of the one before is kept. `entry`: what waits of it. */
  function turnTo(visit: SentVisit, entry: Waiting | undefined): void {
    details.flush();
    current = visit;
    if (entry) seen.set(visit.id, entry.stamp);
    else {
      // What waits nowhere is as the laptop has it.
      seen.delete(visit.id);
      basis.set(visit.id, visit.revision);
    }
    details.show(visit, platformName(visit.platform));
    form.action = `/capture/visits/${visit.id}${query}`;
    form.hidden = false;
    idle.hidden = true;
    form.scrollTo({ top: 0 });
    undoButton.hidden = false;
    undone = undefined;
    againButton.hidden = true;
    if (said.dataset.empty !== undefined) announce(say("capture.visit-at", words(visit)), visit);
  }

  function close(): void {
    current = undefined;
    if (form.contains(document.activeElement)) targets.querySelector("button")?.focus();
    form.hidden = true;
    idle.hidden = false;
    undoButton.hidden = true;
  }

  function announceUnsaved(visit: SentVisit): void {
    unsaved = visit;
    announce(say("capture.not-on-disk", { category: say(`category.${visit.category}`) }), visit, true);
  }

  function announce(text: string, visit: SentVisit | undefined, bad = false): void {
    delete said.dataset.empty;
    said.classList.toggle("bad", bad);
    if (visit) said.dataset.category = visit.category;
    else delete said.dataset.category;
    saidText.textContent = text;
    // Said again for the eye even where the words are the same.
    said.classList.remove("fresh");
    requestAnimationFrame(() => said.classList.add("fresh"));
  }

  function showStanding(): void {
    if (unsaved && (!outbox.get(unsaved.id) || outbox.isOnDisk(unsaved.id))) {
      announce(say("capture.logged", { category: say(`category.${unsaved.category}`) }), unsaved);
      unsaved = undefined;
    }
    const waiting = outbox.all();
    const twoVersions = outbox.twoVersions().length;
    const notOnDisk = waiting.filter((entry) => !outbox.isOnDisk(entry.id)).length;
    // The browser asks whether to leave, in words of its own.
    window.onbeforeunload = notOnDisk > 0 ? (event) => event.preventDefault() : null;
    const { trouble } = outbox;
    const shown = standingInWords({ waiting, twoVersions, notOnDisk, trouble, standing }, clock);
    const place = find("standing");
    place.dataset.standing = shown.tone;
    if (place.textContent !== shown.words) place.textContent = shown.words;
    const isUnpaired = standing.kind === "unpaired";
    find("mend").hidden = isUnpaired || !waiting.some(needsMending);
    find("compare").hidden = isUnpaired || twoVersions === 0;
    // In the bar only when something is wrong; at any other time it is under "This tablet".
    find("rescue").hidden = waiting.length === 0 || (!trouble && !isUnpaired);
    today.tell(isRescued(outbox));
  }

  /** Whether nobody is in the middle of something, and nothing is lost by a reload. */
  function isAtRest(): boolean {
    const isLeftAlone = performance.now() - touched > (current ? LEFT_ALONE_AFTER : A_MOMENT);
    return isLeftAlone && !details.isTyping && !openDialog() && !isInPageAlone();
  }

  /** Whether something waits that a reload would take away. */
  function isInPageAlone(): boolean {
    return outbox.all().some((entry) => !outbox.isOnDisk(entry.id));
  }

  /** Opens what has to be mended, one after the other: the one that is open has had its turn. */
  async function mendNext(): Promise<void> {
    details.flush();
    await writing;
    const all = outbox.all().filter(needsMending);
    const entry = all[(all.findIndex(({ id }) => id === current?.id) + 1) % all.length];
    if (!entry) return;
    const visit = asTyped(entry);
    turnTo(visit, entry);
    const rest = details.showProblems(entry.draft?.problems ?? entry.refused?.problems ?? []);
    details.focus();
    toMend = visit.id;
    announce([say("capture.please-mend"), ...rest.map((problem) => problem.message)].join(" "), visit, true);
  }

  /** Says what came back from the laptop, and goes on with what it has. */
  async function tell({ kind, entry, ...news }: News): Promise<void> {
    const { visit } = entry;
    if (kind === "not undone") return announce(say("capture.not-undone"), visit, true);
    // Word of the undo had arrived, though the tablet had not heard so when the undo was taken back.
    if (kind === "gone" && countedAgain.delete(visit.id) && (await restore(visit.id))) {
      if (!outbox.get(visit.id)) await put(visit);
      sender.send();
      return;
    }
    if (kind === "gone") {
      announce(say("capture.gone"), visit, true);
      if (current?.id === visit.id) close();
      return;
    }
    if ("slips" in news) return changeSlips(entry, news.slips);
    announce(say("capture.two-versions"), visit, true);
    showStanding();
    const theirs = ("theirs" in news && news.theirs) || (await versionOfLaptop(visit.id));
    if (!theirs) return;
    learn(theirs);
    await outbox.keepTwoVersions({ id: visit.id, event: entry.event, mine: visit, theirs });
    // What is being typed meanwhile is put in next, as an edit of the laptop's version.
    if (current?.id === visit.id && !details.isTyping && !outbox.get(visit.id)) turnTo(theirs, undefined);
    // Beside these words it would be taken for "undo my change", and takes the whole visit away.
    undoButton.hidden = true;
  }

  /** Reads a badge or a card into the contact. What does that is large, and comes when it is wanted. */
  async function scan(): Promise<void> {
    details.flush();
    const visit = current;
    if (!visit) return;
    const scanner = (await import(captureData.scanner as string).catch(() => undefined)) as
      | typeof import("./scanner")
      | undefined;
    if (!scanner) return announce(say("scan.broken"), visit, true);
    const result = await scanner.openScanner({
      say,
      worker: captureData.scannerWorker as string,
      wasm: captureData.scannerWasm as string,
      styles: captureData.scannerStyles as string,
      trust: TRUST,
      contact: visit.contact,
    });
    if (!result || current?.id !== visit.id) return;
    const note = [current.note, result.rest].filter(Boolean).join("\n");
    current = { ...current, contact: result.contact, note: note || undefined };
    details.show(current, platformName(current.platform));
    await keep(current);
  }

  /** Shows the slip of a question; one that has none gets it first, and keeps it whatever becomes of the words. */
  async function showSlip(row: Element): Promise<void> {
    const text = row.querySelector("textarea") as HTMLTextAreaElement;
    if (!text.value.trim()) {
      announce(say("slip.question-first"), current, true);
      return text.focus();
    }
    const field = row.querySelector("[name=questionSlip]") as HTMLInputElement;
    const give = (code: string) => {
      setSlip(row, code);
      field.dispatchEvent(new Event("input", { bubbles: true }));
      details.flush();
    };
    if (!field.value) give(newCode());
    const id = current?.id;
    const slips = (await loadSlips()) as typeof import("./slip") | undefined;
    if (!slips) {
      return announce(`${codeInGroups(field.value)} – ${say("slip.no-picture")}`, current);
    }
    const printed = await slips.showSlip({
      say,
      code: field.value,
      link: captureData.slipLink as string,
      how: captureData.slipHow as string,
      styles: captureData.slipStyles as string,
    });
    if (printed && current?.id === id) give(printed);
  }

  /** Lets the visitor read what was typed of them and tick by their own hand, and gives them the code of their own page. */
  async function turnRound(): Promise<void> {
    details.flush();
    const visit = current;
    if (!visit?.contact) return announce(say("visit.turn-first"), visit, true);
    const [slips, words] = await Promise.all([loadSlips(), loadVisitorWords()]);
    if (!slips || !words) return announce(say("visit.turn-away"), visit, true);
    const code = visit.contact.ownCode ?? newOwnCode();
    const shown = {
      words,
      language: captureData.language as string,
      contact: visit.contact,
      code,
      link: captureData.ownLink as string,
      place: captureData.ownPlace as string,
      styles: captureData.slipStyles as string,
      now: () => new Date(),
      wordsOf: consentWords,
    };
    await (slips as typeof import("./slip")).showToVisitor(shown, (ticked) => {
      if (current?.id !== visit.id || !current.contact) return;
      current = { ...current, contact: { ...current.contact, ...ticked, ownCode: code } };
      details.show(current, platformName(current.platform));
      void keep(current);
    });
  }

  /** Other questions had the codes of these slips: what the laptop gave instead is what counts. */
  async function changeSlips({ visit }: Waiting, slips: { question: string; slip: string }[]): Promise<void> {
    const code = slips.map(({ slip }) => codeInGroups(slip)).join(", ");
    announce(say("slip.taken", { code }), visit, true);
    if (current?.id !== visit.id) return;
    details.flush();
    const questions = current.questions?.map((question) => ({
      ...question,
      slip: slips.find(({ question: id }) => id === question.id)?.slip ?? question.slip,
    }));
    turnTo({ ...current, questions }, outbox.get(visit.id));
    await keep(current);
  }

  /** Shows both versions of a visit side by side. */
  async function compareNext(): Promise<void> {
    details.flush();
    await writing;
    const [pair] = outbox.twoVersions();
    if (!pair) return;
    const { mine } = pair;
    const theirs = (await versionOfLaptop(pair.id)) ?? pair.theirs;
    if (!theirs) return announce(say("versions.ask-again"), current, true);
    learn(theirs);
    find("versions-visit").textContent = say("capture.visit-at", words(mine));
    find("versions-rows").replaceChildren(...differences(mine, theirs, nameOf).map(differenceRow));
    find("keep-theirs").onclick = async () => {
      await outbox.forgetTwoVersions(pair.id);
      versions.close();
      turnTo(theirs, undefined);
      details.focus();
      announce(say("capture.visit-at", words(theirs)), theirs);
      showStanding();
    };
    find("use-mine").onclick = async () => {
      const chosen = { ...mine, revision: theirs.revision };
      await outbox.forgetTwoVersions(pair.id);
      versions.close();
      // It is made from the laptop's words: what was typed since, and waits, goes along as another version.
      turnTo(chosen, undefined);
      details.focus();
      await keep(chosen);
      announce(say("capture.visit-at", words(chosen)), chosen);
    };
    versions.showModal();
  }

  async function versionOfLaptop(id: string): Promise<SentVisit | undefined> {
    return (await lastVisitsOfLaptop())?.find((visit) => visit.id === id);
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
    for (const visit of visits) learn(visit);
    return visits;
  }

  async function showLastVisits(): Promise<void> {
    details.flush();
    await writing;
    const entries = outbox.all();
    const waiting = entries.filter((entry) => !entry.undone).map(asTyped);
    const list = find("last-list");
    const fill = (visits: SentVisit[], note: string) => {
      const chosen = [...list.children].findIndex((item) => item.contains(document.activeElement));
      list.replaceChildren(
        ...visits.map((visit) =>
          lastVisitButton(visit, () => {
            lastVisits.close();
            const entry = outbox.get(visit.id);
            // It has left, or was changed, while the list was open: what there is now is shown first.
            const isTaken = !entry && sender.acknowledged(visit.id) === visit.revision;
            const isOld = entries.some(
              ({ id, stamp }) => id === visit.id && stamp !== entry?.stamp && !isTaken,
            );
            if (isOld) return void showLastVisits();
            turnTo(visit, entry);
            details.focus();
            announce(say("capture.visit-at", words(visit)), visit);
          }),
        ),
      );
      list.children[chosen]?.querySelector("button")?.focus();
      find("last-words").textContent = note;
    };
    fill(newestFirst(waiting), say("capture.asking"));
    lastVisits.showModal();
    const visits = await lastVisitsOfLaptop();
    if (!visits) return fill(newestFirst(waiting), say("capture.only-waiting"));
    const newer = new Set(entries.map((entry) => entry.id));
    const all = newestFirst([...waiting, ...visits.filter((visit) => !newer.has(visit.id))]);
    fill(all, say(all.length === 0 ? "capture.no-visits" : "capture.tap-to-correct"));
  }

  function showTablet(): void {
    const rescue = tablet.querySelector<HTMLButtonElement>("[data-rescue]");
    if (rescue) rescue.disabled = outbox.all().length === 0;
    find("tablet-waiting").textContent = find("standing").textContent;
    const refused = document.querySelector<HTMLElement>("[data-unpair-refused]");
    if (refused) refused.hidden = true;
  }

  /** Ends the pairing and takes everything off the tablet, unless something here would be lost by that. */
  async function unpair(): Promise<void> {
    details.flush();
    await writing;
    const refused = find("unpair-refused");
    const refuse = (text: string) => {
      refused.textContent = text;
      refused.hidden = false;
    };
    const count = outbox.all().length;
    if (count > 0 && !isRescued(outbox)) return refuse(say("tablet.unpair-refused", { count }));
    await today.tellNow(isRescued(outbox));
    const answer = await fetch("/pairing/end", {
      method: "POST",
      headers: { Accept: "application/json" },
    }).catch(() => undefined);
    // A tablet that the laptop does not know any more has nothing to end there. A hall's Wi-Fi may answer in its place.
    const isUnknown =
      answer?.status === 401 && (answer.headers.get("content-type")?.includes("json") ?? false);
    if (answer?.status !== 204 && !isUnknown) {
      const body = (await answer?.json().catch(() => undefined)) as { message?: string } | undefined;
      return refuse(body?.message ?? say("tablet.unpair-away"));
    }
    await outbox.forgetEverything();
    for (const left of lastWords()) forgetLastWords(left.visit.id);
    await forgetEverything();
    // Not to be gone back to: the page shows what was said last.
    location.replace("/");
  }
}

/** What draws codes. It is fetched once somebody types a question or details, so that it is there when the laptop is away. */
function loadSlips(): Promise<unknown> {
  return import(captureData.slip as string).catch(() => undefined);
}

type VisitorWords = Record<string, import("./slip").VisitorWords>;
let visitorWords: VisitorWords | undefined;

/** What visitors read on a tablet that is turned round. It is fetched once somebody types details, as what draws codes is. */
async function loadVisitorWords(): Promise<VisitorWords | undefined> {
  const fetched = visitorWords
    ? undefined
    : await fetch(captureData.slipWords as string).catch(() => undefined);
  if (fetched?.ok) visitorWords = (await fetched.json()) as VisitorWords;
  return visitorWords;
}

function visitAddress(id: string): string {
  return `/capture${query ? `${query}&` : "?"}visit=${id}`;
}

function openDialog(): boolean {
  return document.querySelector("dialog[open]") !== null;
}

/** A visit in the words of a message: its category, and when it was. */
function words(visit: SentVisit): { category: string; at: string } {
  return { category: say(`category.${visit.category}`), at: clock(visit.happenedAt) };
}

function lastVisitButton(visit: SentVisit, choose: () => void): HTMLElement {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "last-visit";
  button.dataset.category = visit.category;
  const mark = targets.querySelector(`[value=${visit.category}] .mark`)?.cloneNode(true);
  if (mark) button.append(mark);
  const line = document.createElement("span");
  const about = [
    visit.contact?.name,
    platformName(visit.platform),
    visit.questions?.[0]?.text,
    visit.note,
  ].filter(Boolean);
  line.textContent = [say("capture.visit-in-list", words(visit)), ...about].join(" · ");
  button.append(line);
  button.addEventListener("click", choose);
  item.append(button);
  return item;
}

/** What people read for an entry of one of the event's lists: the words of its chip. */
function nameOf(list: string, slug: string): string {
  const chip = [...form.querySelectorAll<HTMLInputElement>(`input[name=${list}]`)].find(
    (each) => each.value === slug,
  );
  return chip?.closest("label")?.textContent ?? platformNames.get(slug) ?? slug;
}

function platformName(platform: string | null | undefined): string | undefined {
  return platform ? nameOf("platform", platform) : undefined;
}

function clock(at: string | number): string {
  return timeOf(at, captureData.zone);
}

function readJson<T>(name: string): T | undefined {
  const text = captureData[name];
  return text ? (JSON.parse(text) as T) : undefined;
}
