import photoIcon from "lucide-static/icons/camera.svg";
import useIcon from "lucide-static/icons/check.svg";
import lightIcon from "lucide-static/icons/flashlight.svg";
import pictureIcon from "lucide-static/icons/image.svg";
import againIcon from "lucide-static/icons/rotate-ccw.svg";
import closeIcon from "lucide-static/icons/x.svg";
import type { Say } from "../../languages/say";
import { type Camera, type NoCamera, startCamera } from "./camera";
import { parseCode } from "./code";
import { combine, type Field, type KnownContact, mergeContact, type Scanned } from "./contact";
import { Reader, ReadingProblem } from "./reader";
import type { Code } from "./reading";

export interface ScannerOptions {
  /** How the page speaks. */
  say: Say;
  /** Addresses of the worker's script, of the program that it runs, and of the scanner's styles. */
  worker: string;
  wasm: string;
  styles: string;
  /** Where it is explained how this address becomes a trusted one. */
  trust: string;
  /** What the contact has already: it is never overwritten. */
  contact?: KnownContact | null;
}

export interface ScanResult {
  /** The contact as it becomes: what was there, filled up, with its consent. */
  contact: KnownContact;
  /** What found no place in it, to be kept in the visit's note. */
  rest?: string;
  /** What the code itself says. */
  scanned: Scanned;
}

/** A frame of the camera is looked at this often at most, in milliseconds: the tablet has other things to do. */
const FRAME_PAUSE = 80;

/** Lets somebody scan a badge or a card. Gives what was taken over, or nothing where it was closed. */
export async function openScanner(options: ScannerOptions): Promise<ScanResult | undefined> {
  await loadStyles(options.styles);
  return new Promise((resolve) => new Scanner(options, resolve));
}

class Scanner {
  readonly #options: ScannerOptions;
  readonly #say: Say;
  readonly #reader: Reader;
  readonly #dialog = make("dialog", { className: "scanner" });
  readonly #video = make("video", { playsInline: true, muted: true });
  readonly #view: HTMLElement;
  readonly #light: HTMLButtonElement;
  readonly #status = make("p", { className: "scan-status" });
  readonly #trust: HTMLElement;
  readonly #progress = make("progress", { max: 1 });
  readonly #fields = make("dl", { className: "scan-fields" });
  readonly #ways: HTMLElement;
  readonly #photo: HTMLButtonElement;
  readonly #close: HTMLButtonElement;
  readonly #choices: HTMLElement;
  readonly #use: HTMLButtonElement;
  /** Counts what is being done; what was begun under another number is over. */
  #doing = 0;
  #isAiming = false;
  #camera: Camera | undefined;
  #result: ScanResult | undefined;

  constructor(options: ScannerOptions, resolve: (result: ScanResult | undefined) => void) {
    this.#options = options;
    const say = options.say;
    this.#say = say;
    this.#reader = new Reader(options.worker, options.wasm);

    const title = make("h2", { id: "scanner-title", textContent: say("scan.title") });
    this.#close = button(closeIcon, "", () => this.#dialog.close());
    this.#close.className = "quiet";
    this.#close.setAttribute("aria-label", say("scan.close"));
    this.#light = button(lightIcon, say("scan.light"), () => this.#turnLight());
    this.#light.setAttribute("aria-pressed", "false");
    this.#view = make("div", { className: "scan-view" }, this.#video, finder(), this.#light);
    this.#status.setAttribute("role", "status");
    const link = make("a", { href: options.trust, textContent: say("scan.trust") });
    this.#trust = make("p", {}, link);
    this.#progress.setAttribute("aria-label", say("scan.reading"));

    const taken = this.#fileInput(true);
    const chosen = this.#fileInput(false);
    this.#photo = button(photoIcon, say("scan.photo"), () => taken.click());
    this.#photo.className = "primary";
    const picture = button(pictureIcon, say("scan.picture"), () => chosen.click());
    this.#ways = make("div", { className: "scan-ways" }, this.#photo, picture, taken, chosen);

    this.#use = button(useIcon, say("scan.use"), () => this.#dialog.close("use"));
    this.#use.className = "primary";
    const again = button(againIcon, say("scan.again"), () => void this.#aim());
    this.#choices = make("div", { className: "scan-ways" }, this.#use, again);

    this.#dialog.setAttribute("aria-labelledby", title.id);
    this.#dialog.append(
      make("div", { className: "scan-head" }, title, this.#close),
      ...[this.#view, this.#status, this.#trust, this.#progress, this.#fields, this.#ways, this.#choices],
    );
    // The page's own keys, which log visits, are not meant in here.
    this.#dialog.addEventListener("keydown", (event) => event.stopPropagation());
    const whenShown = () => {
      if (document.hidden) this.#pause();
      else if (this.#isAiming) void this.#aim();
    };
    const whenLeft = () => this.#pause();
    document.addEventListener("visibilitychange", whenShown);
    addEventListener("pagehide", whenLeft);
    this.#dialog.addEventListener("close", () => {
      document.removeEventListener("visibilitychange", whenShown);
      removeEventListener("pagehide", whenLeft);
      this.#doing++;
      this.#stopCamera();
      this.#reader.close();
      this.#dialog.remove();
      resolve(this.#dialog.returnValue === "use" ? this.#result : undefined);
    });
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    void this.#aim();
  }

  /** A file of the tablet's: one that its camera takes for it, or one that is there. */
  #fileInput(takes: boolean): HTMLInputElement {
    const input = make("input", { type: "file", accept: "image/*", hidden: true });
    if (takes) input.setAttribute("capture", "environment");
    input.addEventListener("change", () => {
      const [file] = input.files ?? [];
      // The same picture can be chosen once more.
      input.value = "";
      if (file) void this.#readPicture(file);
    });
    return input;
  }

  /** The beginning, and after "Again": the live camera where there may be one, else why there is none. */
  async #aim(): Promise<void> {
    const doing = this.#begin();
    this.#isAiming = true;
    this.#show({ ways: true }, this.#say("scan.starting"));
    const camera = await startCamera(this.#video);
    if (typeof camera === "string") {
      if (doing === this.#doing) this.#showWithout(camera);
      return;
    }
    if (doing !== this.#doing || document.hidden) return camera.stop();
    this.#camera = camera;
    this.#light.hidden = !camera.light;
    this.#light.setAttribute("aria-pressed", "false");
    this.#show({ view: true, ways: true }, this.#say("scan.aim"));
    await this.#watch(doing);
  }

  #showWithout(reason: NoCamera): void {
    this.#isAiming = false;
    const words = {
      untrusted: this.#say("scan.untrusted"),
      refused: this.#say("scan.refused"),
      missing: this.#say("scan.missing"),
      busy: this.#say("scan.busy"),
    };
    this.#show({ ways: true, trust: reason === "untrusted" }, words[reason]);
  }

  /** Looks at the camera's pictures, one after the other, until one has a code. */
  async #watch(doing: number): Promise<void> {
    let barsBefore = "";
    for (let turn = 0; doing === this.#doing; turn++) {
      try {
        const codes = await this.#reader.frame(this.#video, turn);
        if (doing !== this.#doing) return;
        // Bars are believed once they say the same twice.
        const bars = codes.filter((code) => code.isLinear).map((code) => code.text)[0] ?? "";
        const sure = codes.filter((code) => !code.isLinear || code.text === barsBefore);
        if (bars) barsBefore = bars;
        if (this.#take(sure)) return;
      } catch (problem) {
        if (doing !== this.#doing) return;
        if (problem instanceof ReadingProblem && problem.what === "reader") return this.#giveUp("reader");
        // A camera that has just started has no picture yet.
      }
      await new Promise((resolve) => setTimeout(resolve, FRAME_PAUSE));
    }
  }

  async #readPicture(photo: Blob): Promise<void> {
    const doing = this.#begin();
    this.#progress.value = 0;
    this.#show({ progress: true }, this.#say("scan.reading"));
    try {
      const codes = await this.#reader.picture(photo, (done) => {
        if (doing === this.#doing) this.#progress.value = done;
      });
      if (doing !== this.#doing || this.#take(codes)) return;
      this.#show({ ways: true }, this.#say("scan.none"));
    } catch (problem) {
      if (doing === this.#doing) this.#giveUp((problem as ReadingProblem).what);
    }
  }

  #giveUp(what: "picture" | "reader"): void {
    this.#begin();
    this.#show(
      { ways: what === "picture" },
      this.#say(what === "picture" ? "scan.unreadable" : "scan.broken"),
    );
  }

  /** Shows what codes say, to be taken over; gives whether they say anything. */
  #take(codes: Code[]): boolean {
    const said = codes.map((code) => parseCode(code.text));
    const likeliest = said.sort((a, b) => size(b) - size(a)).filter((scanned) => size(scanned) > 0);
    if (likeliest.length === 0) return false;
    this.#begin();
    const scanned = combine(likeliest);
    const merged = mergeContact(this.#options.contact, scanned.contact);
    const rest = [merged.rest, scanned.rest].filter(Boolean).join("\n");
    this.#result = { contact: merged.contact, ...(rest && { rest }), scanned };
    navigator.vibrate?.(80);
    this.#fields.replaceChildren(...this.#preview(scanned));
    this.#show({ fields: true, choices: true }, this.#say("scan.understood"));
    // A long list scrolls, with the keys too.
    this.#fields.tabIndex = this.#fields.scrollHeight > this.#fields.clientHeight ? 0 : -1;
    return true;
  }

  #preview({ contact, rest }: Scanned): Node[] {
    const labels: Record<Field, string> = {
      name: this.#say("visit.contact-name"),
      organization: this.#say("visit.contact-organization"),
      role: this.#say("visit.contact-role"),
      email: this.#say("visit.contact-email"),
      phone: this.#say("visit.contact-phone"),
      handle: this.#say("visit.contact-handle"),
      website: this.#say("visit.contact-website"),
      badge: this.#say("visit.contact-badge"),
      note: this.#say("visit.contact-note"),
    };
    const rows = (Object.keys(labels) as Field[]).flatMap((field) => {
      const value = contact[field];
      if (!value) return [];
      const before = this.#options.contact?.[field];
      const isOther = field !== "note" && before && this.#result?.contact[field] !== value;
      const words = make("dd", {}, make("span", { textContent: value }));
      if (isOther) {
        words.append(make("small", { textContent: this.#say("scan.stays", { value: before }) }));
      }
      return [make("dt", { textContent: labels[field] }), words];
    });
    if (rest) {
      rows.push(make("dt", { textContent: this.#say("visit.note") }), make("dd", { textContent: rest }));
    }
    return rows;
  }

  /** Ends what was going on. */
  #begin(): number {
    this.#isAiming = false;
    this.#stopCamera();
    return ++this.#doing;
  }

  /** Nobody looks: the camera is off until somebody does. */
  #pause(): void {
    if (!this.#camera) return;
    this.#doing++;
    this.#stopCamera();
  }

  #stopCamera(): void {
    this.#camera?.stop();
    this.#camera = undefined;
  }

  async #turnLight(): Promise<void> {
    const on = this.#light.getAttribute("aria-pressed") !== "true";
    await this.#camera?.light?.(on).catch(() => {});
    this.#light.setAttribute("aria-pressed", String(on));
  }

  #show(
    what: Partial<Record<"view" | "trust" | "progress" | "fields" | "ways" | "choices", boolean>>,
    words: string,
  ): void {
    this.#view.hidden = !what.view;
    this.#trust.hidden = !what.trust;
    this.#progress.hidden = !what.progress;
    this.#fields.hidden = !what.fields;
    this.#ways.hidden = !what.ways;
    this.#choices.hidden = !what.choices;
    this.#status.textContent = words;
    // What had the focus may be gone, and without it keys would reach the page behind.
    if (what.ways && this.#ways.contains(document.activeElement)) return;
    (what.choices ? this.#use : what.ways ? this.#photo : this.#close).focus();
  }
}

/** How much a code says of a contact: a card says more than a number. */
const size = ({ contact, rest }: Scanned) => Object.keys(contact).length + (rest ? 0.5 : 0);

function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: Node[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function button(icon: string, words: string, press: () => void): HTMLButtonElement {
  const element = make("button", { type: "button" });
  element.innerHTML = icon
    .replace(/<!--[\s\S]*?-->/, "")
    .replace(/\s*\n\s*/g, " ")
    .trim()
    .replace(/<svg class="[^"]*"/, '<svg class="icon" aria-hidden="true" focusable="false"');
  element.append(words);
  element.addEventListener("click", press);
  return element;
}

function finder(): HTMLElement {
  const frame = make("div", { className: "scan-finder" });
  frame.setAttribute("aria-hidden", "true");
  return frame;
}

/** Loads the scanner's styles once. Without them it still works. */
function loadStyles(address: string): Promise<void> {
  const there = document.querySelector(`link[href="${CSS.escape(address)}"]`);
  if (there || !address) return Promise.resolve();
  const link = make("link", { rel: "stylesheet", href: address });
  return new Promise((resolve) => {
    link.addEventListener("load", () => resolve());
    link.addEventListener("error", () => {
      link.remove();
      resolve();
    });
    document.head.append(link);
  });
}
