import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ejs from "ejs";
import type { Application, Express, Response } from "express";
import type { FieldProblem } from "../errors";
import { LANGUAGES, type Language } from "../languages/say";
import { MESSAGES, sayIn } from "./languages";
import { LOOKS, type Look, lookOf } from "./looks";

const ROOT = path.resolve(__dirname, "../..");
const ICONS = path.dirname(require.resolve("lucide-static/package.json"));

/** What every page gives its frame. */
export interface Page {
  /** What the page is, first in the browser's tab. */
  title: string;
  /** The event that the page belongs to: its name is in the frame, and the frame's links lead to its pages. */
  event?: { slug: string; name: string };
  /** The entry of the organizer's navigation that is marked. */
  section?:
    | "today"
    | "visits"
    | "questions"
    | "messages"
    | "experts"
    | "report"
    | "devices"
    | "events"
    | "laptop";
  /** Feature styles besides tokens and base: `visits` → `public/styles/visits.css`. */
  styles?: string[];
  /** Browser code of the page: `capture` → `public/built/capture.js`. */
  scripts?: string[];
  /** How wide the content may grow: a form to read, a table to scan, or the whole window. */
  width?: "narrow" | "wide" | "full";
  /** How the page looks, whatever was chosen on the device. */
  look?: Look;
  /** Seconds after which a browser without script loads it again. */
  refresh?: number;
  /** The language that the page is written in; left out: English, as all of the organizer's desk. */
  language?: Language;
  /** Where the page's settings lead back to; left out: its own address, or the first page for an answer to a form. */
  here?: string;
  /** Without the frame's head: the capture page is an instrument and brings its own. */
  bare?: boolean;
  /** What everybody in the hall sees anyway: it does not lock with the organizer's session. */
  openToAll?: boolean;
  /** Can be put on a device's home screen: names the manifest, the icons and the colours for it. */
  installable?: boolean;
}

/** Sends a page: `views/<view>.ejs` inside the frame that all pages share. The view reads everything from `page`. */
export function show<P extends Page>(res: Response, view: string, page: P): void {
  const { req } = res;
  const language = page.language ?? "en";
  const here = req.method === "GET" ? req.originalUrl : "/";
  const look = page.look ?? lookOf(req);
  res.render("shared/layout", { here, ...page, language, look, say: sayIn(language), view });
}

/** The markup of a part of a page, as it stands in it. */
export function partOf(
  app: Application,
  view: string,
  page: { language?: Language; [value: string]: unknown },
): Promise<string> {
  const language = page.language ?? "en";
  return new Promise((resolve, reject) => {
    app.render(view, { ...page, language, say: sayIn(language) }, (error, markup) =>
      error ? reject(error) : resolve(markup),
    );
  });
}

/**
 * Sets up EJS and what views may call. Values that views read are named `page.…`, so that a missing one
 * shows as an empty place and not as an error in front of a visitor.
 */
export function setUpViews(app: Express): void {
  app.set("views", path.join(ROOT, "views"));
  app.set("view engine", "ejs");
  app.engine("ejs", (file, data, done) => {
    ejs.renderFile(file, data, RENDERING, done);
  });
  Object.assign(app.locals, viewHelpers());
}

/**
 * A view as a document of its own, which needs no other file: it finds the text of the styles in `page.css`. For what is no
 * answer to a request.
 */
export function documentOf<P extends Page>(view: string, page: P): Promise<string> {
  const css = ["tokens", "base", ...(page.styles ?? [])]
    .map((style) => textOfAsset(`styles/${style}.css`))
    .join("\n");
  const data = { ...viewHelpers(), ...page, language: "en", look: "light", say: sayIn("en"), css };
  return ejs.renderFile(path.join(ROOT, "views", `${view}.ejs`), data, RENDERING);
}

/** The address of a file in `public/`, as views have it from `page.asset`. */
export function assetOf(res: Response, file: string): string {
  return res.app.locals.asset(file);
}

/** The files in `public/`, such as `built/capture.js`. */
export function assetsOf(res: Response): string[] {
  return res.app.locals.assets;
}

/** The text of a file in `public/`, for what has to have an address of its own. */
export function textOfAsset(file: string): string {
  return readFileSync(path.join(ROOT, "public", file), "utf8");
}

// Without `with`, rendering takes less than half the time.
const RENDERING = { _with: false, localsName: "page", cache: true, escape: escaped };

/** A form comes back with what was sent for it, and JSON can send what no text can be made of: that is left out. */
function escaped(value: unknown): string {
  try {
    return ejs.escapeXML(value as string);
  } catch {
    return "";
  }
}

let helpers: ReturnType<typeof makeHelpers> | undefined;

/** What views can call, as `page.icon("check")`. It follows from files that stay as they are while the program runs. */
function viewHelpers() {
  helpers ??= makeHelpers();
  return helpers;
}

function makeHelpers() {
  const versions = contentVersions();
  const icons = new Map<string, string>();
  return {
    build: buildOf(versions),
    assets: [...versions.keys()],
    /** The address of a file in `public/`, different for each content, so that it can be cached for good. */
    asset: (file: string) => `/assets/${file}?v=${versions.get(file) ?? "0"}`,
    /** A Lucide icon, hidden from screen readers: the words beside it say the same. */
    icon: (name: string) => {
      let svg = icons.get(name);
      if (!svg) {
        svg = readFileSync(path.join(ICONS, "icons", `${name}.svg`), "utf8")
          .replace(/<!--[\s\S]*?-->\s*/, "")
          .replace("<svg", '<svg aria-hidden="true" focusable="false"')
          .replace(/class="[^"]*"/, 'class="icon"')
          .replace(/\s*\n\s*/g, " ");
        icons.set(name, svg);
      }
      return svg;
    },
    languages: LANGUAGES,
    looks: LOOKS,
    /** For the few places where a view builds markup by itself. */
    escape: (text: unknown) => ejs.escapeXML(String(text ?? "")),
    number: (value: number) => value.toLocaleString("en"),
    /** The message for one field, or nothing. */
    problemOf: (problems: FieldProblem[] | undefined, field: string) =>
      problems?.find((problem) => problem.field === field)?.message,
  };
}

/**
 * What is another one with each change of what pages are made of: styles, scripts, views, words. A device that keeps
 * a page keeps it together with everything of the same build.
 */
function buildOf(versions: Map<string, string>): string {
  const hash = createHash("sha256").update(JSON.stringify([[...versions].sort(), MESSAGES]));
  const folder = path.join(ROOT, "views");
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
    if (name.endsWith(".ejs")) hash.update(name).update(readFileSync(path.join(folder, name)));
  }
  return hash.digest("hex").slice(0, 10);
}

function contentVersions(): Map<string, string> {
  const folder = path.join(ROOT, "public");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  return new Map(
    files.map((each) => {
      const file = path.join(each.parentPath, each.name);
      const version = createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 10);
      return [path.relative(folder, file).split(path.sep).join("/"), version];
    }),
  );
}
