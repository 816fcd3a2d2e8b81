import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** A program as its files: path below `src`, with slashes → text. */
export type Files = Record<string, string>;

/** The features, each of which may use those before it. */
const LINE = [
  "events",
  "catalog",
  "access",
  "settings",
  "visits",
  "capture",
  "experts",
  "messages",
  "questions",
  "exports",
  "reports",
  "privacy",
  "backups",
  "sync",
  "imports",
];
/** Folders that are no feature: what all features stand on, what carries their messages, and the browser's code. */
const GROUND = ["http", "database", "delivery", "languages", "tablet"];
const NAMES = ["routes.ts", "form.ts", "rules.ts", "store.ts"];
/** What the tablet and the laptop share: the protocol's types and checks. */
const PROTOCOL = ["visits/form.ts", "visits/slips/rules.ts", "errors.ts", "text.ts", "languages/say.ts"];

const DRIVERS = ["better-sqlite3", "pg", "kysely"];
const DATABASE = ["database/door.ts", "database/migrate.ts", "database/open.ts", ...DRIVERS];
const PAGES = ["express", "ejs", "http/pages.ts", "http/route.ts"];
const CLOCK = /\bDate\.now\b|\bnew Date\(\)|\bperformance\.|\bDateTime\.(now|utc\(\)|local\(\))/;
const ENVIRONMENT = /\bprocess\b|\bnode:process\b/;
const QUERIES = /\bsql`|\.(selectFrom|insertInto|updateTable|deleteFrom|replaceInto|mergeInto)\(/;

interface Import {
  /** A path below `src`, or the name of a package. */
  of: string;
  /** Gone when the program runs. */
  isType: boolean;
}

/** Reads the program's own files. */
export function filesOf(folder: string): Files {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  return Object.fromEntries(
    names.map((name) => [name.split(path.sep).join("/"), readFileSync(path.join(folder, name), "utf8")]),
  );
}

/** What a file imports, exports from elsewhere, requires or loads later. */
export function importsOf(file: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (from: string, isType: boolean) => {
    // Messages, which are no code.
    if (from.endsWith(".json")) return;
    const of = from.startsWith(".")
      ? `${path.posix.join(path.posix.dirname(file), from)}.ts`
      : packageOf(from);
    found.push({ of, isType });
  };
  for (const [, words = "", from] of text.matchAll(
    /^(?:import|export)\s+([^;"'`]*?)\s*from\s*["']([^"']+)["']/gm,
  )) {
    const names = /\{([^}]*)\}/
      .exec(words)?.[1]
      ?.split(",")
      .filter((name) => name.trim() !== "");
    const onlyTypes = names?.every((name) => name.trim().startsWith("type ")) && /^\{/.test(words);
    add(from as string, words.startsWith("type ") || onlyTypes === true);
  }
  for (const [, from] of text.matchAll(/^import\s*["']([^"']+)["']/gm)) add(from as string, false);
  for (const [, from] of text.matchAll(/\b(?:import|require)\(\s*["']([^"']+)["']/g))
    add(from as string, false);
  return found;
}

function packageOf(name: string): string {
  return name
    .split("/")
    .slice(0, name.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Every place where the program goes against the directions of the house, in a sentence each. */
export function violationsOf(files: Files): string[] {
  const imports = new Map(Object.entries(files).map(([file, text]) => [file, importsOf(file, text)]));
  const found: string[] = [];

  /** All that is there when a file runs, without the types. */
  const reach = (file: string, seen = new Set<string>()): Set<string> => {
    for (const { of, isType } of imports.get(file) ?? []) {
      if (isType || seen.has(of)) continue;
      seen.add(of);
      reach(of, seen);
    }
    return seen;
  };
  const forbid = (file: string, what: string[], reason: string) => {
    const reached = reach(file);
    for (const each of what) if (reached.has(each)) found.push(`${file} reaches ${each}: ${reason}`);
  };

  for (const [file, text] of Object.entries(files)) {
    const folder = folderOf(file);
    const name = path.posix.basename(file);
    const isFeature = folder !== undefined && !GROUND.includes(folder);
    const own = imports.get(file) ?? [];

    if (isFeature && !LINE.includes(folder))
      found.push(`${file}: ${folder} has no place in the line of features`);
    if (isFeature && !NAMES.includes(name)) found.push(`${file}: a feature has only ${NAMES.join(", ")}`);
    if (isFeature && (name === "rules.ts" || name === "form.ts")) {
      forbid(file, [...PAGES, ...DATABASE, "config.ts"], "rules and forms know no page, database or setting");
      const code = withoutComments(text);
      if (CLOCK.test(code)) found.push(`${file} reads the clock: time is an argument`);
      if (ENVIRONMENT.test(code)) found.push(`${file} looks at the environment`);
    }
    if (isFeature && name === "store.ts") forbid(file, PAGES, "a store knows no page");
    if (isFeature && name === "routes.ts") {
      for (const { of } of own)
        if (DRIVERS.includes(of)) found.push(`${file} imports ${of}: queries are in stores`);
      if (QUERIES.test(withoutComments(text))) found.push(`${file} has a query: queries are in stores`);
    }
    if (
      file !== "config.ts" &&
      /\bprocess\s*\.\s*env\b|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b/.test(withoutComments(text))
    ) {
      found.push(`${file} reads the environment: settings are in config.ts`);
    }

    if (file !== "config.ts" && own.some(({ of }) => of === "node:process")) {
      found.push(`${file} reads the environment: settings are in config.ts`);
    }

    for (const { of } of own) {
      const target = folderOf(of);
      if (!(of in files)) {
        if (of.endsWith(".ts")) found.push(`${file} imports ${of}, which is not there`);
        continue;
      }
      const isOfFeature = target !== undefined && !GROUND.includes(target);
      if ((folder === "http" || folder === "database") && isOfFeature) {
        found.push(`${file} imports ${of}: ${folder}/ knows no feature`);
      }
      if (folder === "delivery" && isOfFeature && target !== "messages") {
        found.push(`${file} imports ${of}: delivery/ knows messages alone`);
      }
      if (path.posix.basename(of) === "routes.ts" && file !== "app.ts") {
        found.push(`${file} imports ${of}: only app.ts mounts routes`);
      }
      if (isFeature && isOfFeature && target !== folder && LINE.indexOf(target) >= LINE.indexOf(folder)) {
        found.push(`${file} imports ${of}: ${folder} stands before ${target}`);
      }
      if (folder === "tablet" && target !== "tablet" && !PROTOCOL.includes(of)) {
        found.push(`${file} imports ${of}: the tablet shares the protocol alone`);
      }
      if (folder !== "tablet" && target === "tablet") {
        found.push(`${file} imports ${of}: the laptop runs no code of the tablet`);
      }
    }
  }
  const shared = reach("visits/form.ts");
  for (const each of shared) {
    if (each in files && !PROTOCOL.includes(each)) {
      found.push(`visits/form.ts reaches ${each}: the tablet would have to carry it`);
    }
  }
  return found;
}

function folderOf(file: string): string | undefined {
  return file.includes("/") ? file.split("/")[0] : undefined;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}
