import type { ConsentShown, SentVisit } from "../../visits/form";
import { ANY_OWN_CODE, codeInGroups } from "../../visits/slips/rules";
import { loadStyles, make, qrCode } from "../slips/dialog";

/** What a visitor reads on a tablet that is turned round, in one language. */
export interface VisitorWords {
  /** The language's own name. */
  name: string;
  title: string;
  check: string;
  agree: string;
  "follow-up": string;
  news: string;
  hint: string;
  done: string;
  page: string;
  keep: string;
  /** With a place for the address, as {{address}}. */
  "how-page": string;
  "how-code": string;
  qr: string;
  back: string;
  /** What the details are called, by their fields. */
  fields: Record<string, string>;
}

export interface ShownToVisitor {
  /** By the codes of the languages. */
  words: Record<string, VisitorWords>;
  /** The language to begin with: that of the tablet. */
  language: string;
  contact: NonNullable<SentVisit["contact"]>;
  /** The code of the visitor's own page. */
  code: string;
  /** Where its QR code leads, with any code in it; empty: nowhere, it says the code alone. */
  link: string;
  /** Where the code can be typed; empty: nowhere. */
  place: string;
  /** Address of the styles. */
  styles: string;
  now: () => Date;
  /** The words of a consent as they are kept. */
  wordsOf: (agree: string, purpose: string) => string;
}

/** What the visitor ticked, and the words that they read beside it. */
export interface Ticked {
  consent: Purpose[];
  consentShown: ConsentShown;
}

type Purpose = "follow-up" | "news";
const PURPOSES: Purpose[] = ["follow-up", "news"];

/**
 * Shows visitors what was typed of them and what they may agree to, in their language; then the code of their own page.
 * `ticked` is called when they have read and ticked; what was ticked before they looked keeps how it was agreed to. Resolves
 * when the tablet is given back.
 */
export function showToVisitor(shown: ShownToVisitor, ticked: (ticked: Ticked) => void): Promise<void> {
  loadStyles(shown.styles);
  const { contact } = shown;
  let language = shown.language in shown.words ? shown.language : "en";
  const before = new Set(contact.consent ?? []);
  const chosen = new Set(before);
  const kept: ConsentShown = { ...contact.consentShown };
  let isDone = false;
  const dialog = make("dialog", { className: "slip to-visitor" });

  const show = () => {
    const words = shown.words[language] as VisitorWords;
    dialog.lang = language;
    const title = make("h2", { id: "to-visitor-title", textContent: isDone ? words.page : words.title });
    dialog.setAttribute("aria-labelledby", title.id);
    dialog.replaceChildren(languages(), title, ...(isDone ? codeShown(words) : asked(words)));
  };

  const languages = () => {
    const row = make("div", { className: "visitor-languages" });
    for (const [code, { name }] of Object.entries(shown.words)) {
      const button = make("button", { type: "button", className: "quiet", textContent: name, lang: code });
      if (code === language) button.setAttribute("aria-current", "true");
      button.addEventListener("click", () => {
        language = code;
        show();
        dialog.querySelector<HTMLElement>("[aria-current]")?.focus();
      });
      row.append(button);
    }
    return row;
  };

  const asked = (words: VisitorWords) => {
    const details = make("dl", { className: "visitor-details" });
    for (const [field, name] of Object.entries(words.fields)) {
      const value = (contact as Record<string, unknown>)[field];
      if (typeof value === "string" && value !== "") {
        details.append(
          make("dt", { textContent: name }),
          make("dd", { textContent: value, translate: false }),
        );
      }
    }
    const ticks = make("fieldset", {}, make("legend", { textContent: words.agree }));
    for (const purpose of PURPOSES) {
      const box = make("input", {
        type: "checkbox",
        name: "agreed",
        value: purpose,
        checked: chosen.has(purpose),
      });
      box.addEventListener("change", () => {
        if (box.checked) chosen.add(purpose);
        else chosen.delete(purpose);
        // The words beside it are those of the moment in which it was ticked, whatever language is chosen after that.
        if (box.checked)
          kept[purpose] = {
            words: shown.wordsOf(words.agree, words[purpose]),
            language,
            by: "visitor",
            at: shown.now().toISOString(),
          };
        else delete kept[purpose];
      });
      ticks.append(make("label", { className: "tick" }, box, make("span", { textContent: words[purpose] })));
    }
    const done = make("button", { type: "button", className: "primary", textContent: words.done });
    done.addEventListener("click", () => {
      isDone = true;
      ticked({ consent: PURPOSES.filter((purpose) => chosen.has(purpose)), consentShown: kept });
      show();
      dialog.querySelector<HTMLElement>(".visitor-back")?.focus();
    });
    return [
      make("p", { textContent: words.check }),
      details,
      ticks,
      make("p", { className: "small", textContent: words.hint }),
      make("p", { className: "actions" }, done),
    ];
  };

  const codeShown = (words: VisitorWords) => {
    const code = codeInGroups(shown.code);
    const how = shown.place ? words["how-page"].replace("{{address}}", shown.place) : words["how-code"];
    const picture = make("div", { className: "qr" });
    picture.append(qrCode(shown.link.replaceAll(ANY_OWN_CODE, code) || code));
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", words.qr);
    const back = make("button", { type: "button", className: "visitor-back", textContent: words.back });
    back.addEventListener("click", () => dialog.close());
    return [
      make(
        "div",
        { className: "slip-shown" },
        picture,
        make("p", { className: "slip-code own-code", textContent: code, translate: false }),
        make("p", { textContent: words.keep }),
        make("p", { className: "small", textContent: how }),
      ),
      make("p", { className: "actions" }, back),
    ];
  };

  // The page's own keys, which log visits, are not meant in here.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  show();
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve();
    });
  });
}
