import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { Booth } from "../support/booth";
import { LAPTOP, openBrowser, TABLET } from "../support/browser";
import type { Cast, Who } from "./cast";
import { PAYLOADS } from "./payloads";

const REPORTS = "/hostile-report";
/** Marks the address of a page that is given in place of the application's, with its number. */
const INSTEAD = "hostile-instead";
const INSTEAD_NUMBER = new RegExp(`[?&]${INSTEAD}=(\\d+)$`);
/** Pages that are open at once. */
const AT_ONCE = 4;
/** Milliseconds that a page gets for what it does once it is there. */
const SETTLES = 150;
/** More than a page of them says nothing more. */
const MOST_TOLD = 25;

/** The header of a policy that only reports, as Node has it. */
export const REPORTED_POLICY = "content-security-policy-report-only";

/** What should not have happened, and to what. */
interface Sight {
  what: string;
  of: string;
}

/** Each once, and no more of them than somebody reads. */
export const few = (faults: string[]) => [...new Set(faults)].slice(0, MOST_TOLD);

/** What is shown in place of a page of the application. */
interface Instead {
  html: string;
  policy: string;
}

/** Whether a text has something in it of what people type who mean no good. */
export const isTyped = (text: string) => /__ran|data-hostile|elsewhere\.example/.test(text);

/** What a browser shows as a page, and runs scripts of. */
export const IS_PAGE = /^(text\/html|text\/xml|application\/xml|[\w-]+\/[\w.-]+\+xml)/;

/** What a page must not have of what people typed, as a function in the page: it gives what it finds. */
const FIND = `(root) => {
  const found = [];
  const say = (what, element) => found.push(what + " " + element.outerHTML.slice(0, 200));
  for (const element of root.querySelectorAll("*")) {
    const tag = element.localName;
    if (element.hasAttribute("data-hostile")) say("an element that was typed:", element);
    if (["iframe", "object", "embed", "base", "math", "frame", "applet", "animate", "foreignobject"].includes(tag)) say("a strange element:", element);
    if (tag === "script" && !element.src && element.type !== "application/json") say("a script without an address:", element);
    if (tag === "style" && !root.documentElement?.hasAttribute("data-printed")) say("styles:", element);
    if (tag === "meta" && element.httpEquiv && !element.closest("noscript")) say("an order for the browser:", element);
    for (const { name, value } of element.attributes) {
      if (name.startsWith("on") || name === "srcdoc") say("code in an attribute:", element);
      const isAddress = ["href", "src", "action", "formaction", "xlink:href", "data", "poster", "srcset", "background", "ping"].includes(name);
      const scheme = /^[\\s\\u0000-\\u001f]*([a-z][a-z0-9+.\\-\\s]*):/i.exec(value)?.[1]?.replace(/\\s/g, "").toLowerCase();
      if (isAddress && scheme && !["http", "https", "mailto", "tel"].includes(scheme) && !value.startsWith("data:image/svg+xml,%3Csvg")) say("an address that is code:", element);
      if (["src", "srcset", "action", "formaction", "poster"].includes(name) && /^(https?:)?\\/\\//i.test(value) && URL.canParse(value, location.href) && new URL(value, location.href).origin !== location.origin) say("a foreign address that is fetched:", element);
    }
  }
  return found;
}`;

/** A browser that is watched: what runs in it, what the policy would have blocked, whom it asks. */
export class Lookout {
  readonly #seen: Sight[] = [];
  readonly #contexts = new Map<Who, Promise<BrowserContext>>();
  /** Pages that nobody looks at just now: to open another one for each address costs more than all else. */
  readonly #pages = new Map<Who, Page[]>();
  readonly #instead: Instead[] = [];
  #browser?: Browser;
  #inert?: Promise<Page>;
  #cast?: Cast;

  /**
   * The policy of each answer in report mode: it blocks nothing, so that whatever is not stopped before would run, and each
   * thing that it would have blocked is reported. To stand around the application.
   */
  readonly inReportMode =
    (app: RequestListener): RequestListener =>
    (req: IncomingMessage, res: ServerResponse) => {
      if (req.url?.startsWith(REPORTS)) return this.#takeReport(req, res);
      const instead = this.#instead[Number(INSTEAD_NUMBER.exec(req.url ?? "")?.[1] ?? -1)];
      if (instead) {
        res.setHeader("Content-Type", "text/html; charset=utf-8");
        res.setHeader(REPORTED_POLICY, instead.policy);
        return res.end(instead.html);
      }
      const [setHeader, getHeader] = [res.setHeader.bind(res), res.getHeader.bind(res)];
      const isPolicy = (name: string) => name.toLowerCase() === "content-security-policy";
      res.setHeader = (name, value) =>
        isPolicy(name)
          ? setHeader(REPORTED_POLICY, `${value}; report-uri ${REPORTS}`)
          : setHeader(name, value);
      res.getHeader = (name) => getHeader(isPolicy(name) ? REPORTED_POLICY : name);
      app(req, res);
    };

  #takeReport(req: IncomingMessage, res: ServerResponse): void {
    let text = "";
    req.on("data", (chunk) => {
      text += chunk;
    });
    req.on("end", () => {
      this.#say("a violation was reported to the laptop", text.slice(0, 600));
      res.writeHead(204).end();
    });
  }

  #say(what: string, of: string): void {
    this.#seen.push({ what, of });
  }

  /** Starts the browser, to look at this booth. */
  async open(cast: Cast): Promise<void> {
    this.#cast = cast;
    this.#browser = await openBrowser();
  }

  async close(): Promise<void> {
    await this.#browser?.close();
  }

  get #booth(): Booth {
    if (!this.#cast) throw new Error("Nobody said what to look at.");
    return this.#cast.booth;
  }

  /** The browser of somebody. */
  contextOf(who: Who): Promise<BrowserContext> {
    const known = this.#contexts.get(who) ?? this.#newContext(who);
    this.#contexts.set(who, known);
    return known;
  }

  async #newContext(who: Who): Promise<BrowserContext> {
    const { address } = this.#booth;
    const context = (await this.#browser?.newContext(who === "bob" ? TABLET : LAPTOP)) as BrowserContext;
    const { Cookie } = (await this.#cast?.identityOf(who)) ?? {};
    const [name, value] = Cookie?.split("=") ?? [];
    if (name && value) await context.addCookies([{ name, value, url: address }]);
    await context.exposeBinding("__ran", ({ page }, number) =>
      this.#say(`a script ran, of ${PAYLOADS[number as number] ?? number}`, page.url()),
    );
    await context.exposeBinding("__violated", ({ page }, what) =>
      this.#say(`the policy would have blocked ${what}`, page.url()),
    );
    await context.addInitScript(`document.addEventListener("securitypolicyviolation", (event) => {
      __violated(event.effectiveDirective + " " + event.blockedURI + " " + event.sample + " " + event.sourceFile);
    })`);
    context.on("dialog", (dialog) => {
      this.#say("a dialog opened", dialog.message());
      void dialog.dismiss();
    });
    context.on("request", (request) => {
      const url = request.url();
      if ([address, "data:", "blob:", "about:"].some((start) => url.startsWith(start))) return;
      this.#say(`a request went to ${url.slice(0, 100)}`, request.frame().url());
    });
    return context;
  }

  /** Everything that should not have happened, since it was last asked. */
  whatHappened(): string[] {
    return this.#seen.splice(0).map(({ what, of }) => `${what}: ${of}`);
  }

  /** Opens a page, or what is given in its place, and says what of it is wrong. */
  async look(who: Who, address: string, instead?: Instead): Promise<string[]> {
    const page = this.#pages.get(who)?.pop() ?? (await (await this.contextOf(who)).newPage());
    const mark = instead
      ? `${address.includes("?") ? "&" : "?"}${INSTEAD}=${this.#instead.push(instead) - 1}`
      : "";
    await page.goto(this.#booth.address + address + mark, { waitUntil: "load" });
    await page.waitForTimeout(SETTLES);
    const faults = [...(await this.found(page)), ...this.whatHappened()];
    this.#pages.set(who, [...(this.#pages.get(who) ?? []), page]);
    return faults.map((what) => `${address} for ${who}: ${what}`);
  }

  /** What an open page has that it must not have. */
  found(page: Page): Promise<string[]> {
    return page.evaluate<string[]>(`(${FIND})(document)`);
  }

  /** The same of markup, without opening it: nothing runs, and what would is found all the same. */
  async lookInto(html: string): Promise<string[]> {
    // Without a policy: where there is one, what would run is reported even of markup that nobody opens.
    this.#inert ??= (this.#browser as Browser).newContext().then((context) => context.newPage());
    return (await this.#inert).evaluate<string[]>(
      `(${FIND})(new DOMParser().parseFromString(${JSON.stringify(html)}, "text/html"))`,
    );
  }
}

/** Does something with each, a few at once. */
export async function each<T>(all: T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = [...all];
  const take = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, take));
}
