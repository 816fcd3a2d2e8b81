import closeIcon from "lucide-static/icons/x.svg";
import { create } from "qrcode/lib/core/qrcode";
import type { Say } from "../../languages/say";
import { ANY_CODE, codeInGroups, readCode } from "../../visits/slips/rules";

export interface ShownSlip {
  say: Say;
  code: string;
  /** Where its QR code leads, with any code in it. */
  link: string;
  /** What the visitor does with it, in a sentence. */
  how: string;
  /** Address of the styles. */
  styles: string;
}

/** Squares of white that a camera needs around a QR code. */
const QUIET = 3;

/**
 * Shows a slip, large enough to be photographed across the table. Gives the code of a printed one, where somebody typed
 * that instead; undefined where the slip is good as it is.
 */
export function showSlip({ say, code, link, how, styles }: ShownSlip): Promise<string | undefined> {
  loadStyles(styles);
  const dialog = make("dialog", { className: "slip" });
  const title = make("h2", { id: "slip-title", textContent: say("slip.title") });
  dialog.setAttribute("aria-labelledby", title.id);
  const close = make("button", { type: "button", className: "quiet", innerHTML: closeIcon });
  close.firstElementChild?.setAttribute("class", "icon");
  close.firstElementChild?.setAttribute("aria-hidden", "true");
  close.setAttribute("aria-label", say("capture.close"));
  close.addEventListener("click", () => dialog.close());
  const picture = make("div", { className: "qr" }, qrCode(link.replaceAll(ANY_CODE, codeInGroups(code))));
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", say("slip.qr"));
  dialog.append(
    make("div", { className: "dialog-head" }, title, close),
    make(
      "div",
      { className: "slip-shown" },
      picture,
      make("p", { className: "slip-code", textContent: codeInGroups(code), translate: false }),
      make("p", { textContent: say("slip.photograph") }),
      make("p", { className: "small", textContent: how }),
      printedForm(say, (typed) => dialog.close(typed)),
    ),
  );
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  // The page's own keys, which log visits, are not meant in here.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue || undefined);
    });
  });
}

/** A field for the code of a slip that was printed in advance. */
function printedForm(say: Say, use: (code: string) => void): HTMLFormElement {
  const field = make("input", {
    id: "slip-printed",
    className: "slip-field",
    autocomplete: "off",
    maxLength: 40,
  });
  field.autocapitalize = "characters";
  field.spellcheck = false;
  field.required = true;
  const label = make("label", { htmlFor: field.id, textContent: say("slip.printed") });
  const problem = make("p", { id: "slip-problem", className: "problem", hidden: true });
  field.setAttribute("aria-describedby", problem.id);
  const form = make("form", {}, label, field, make("button", { textContent: say("slip.use") }), problem);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const read = readCode(field.value);
    if (read.kind === "code") return use(read.code);
    problem.textContent = say("problem.slip");
    problem.hidden = false;
    field.setAttribute("aria-invalid", "true");
    field.focus();
  });
  return form;
}

const SVG = "http://www.w3.org/2000/svg";

/** The squares of a QR code as one path: a step to the right, a row of squares, and so on. */
export function qrCode(text: string): SVGElement {
  const { size, data } = create(text, { errorCorrectionLevel: "M" }).modules;
  let drawn = "";
  for (let place = 0; place < data.length; place++) {
    if (data[place]) drawn += `M${(place % size) + QUIET} ${Math.floor(place / size) + QUIET}h1v1h-1z`;
  }
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${size + 2 * QUIET} ${size + 2 * QUIET}`);
  svg.setAttribute("shape-rendering", "crispEdges");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", drawn);
  svg.append(path);
  return svg;
}

/** Styles that a page needs only once somebody opens this. */
export function loadStyles(address: string): void {
  if (document.querySelector(`link[href="${address}"]`)) return;
  document.head.append(make("link", { rel: "stylesheet", href: address }));
}

/** An element with its properties, and what is inside. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]>,
  ...inside: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...inside);
  return element;
}
