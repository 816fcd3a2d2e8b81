import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseSync } from "@swc/core";

/** Files as they are looked at here: path below the project's folder → text. */
export type Texts = Record<string, string>;

const ROOT = path.resolve(__dirname, "../..");

/** Reads what is below a folder of the project. */
export function textsOf(folder: string, ending: string): Texts {
  const names = readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" });
  return Object.fromEntries(
    names
      .filter((name) => name.endsWith(ending))
      .map((name) => {
        const file = path.posix.join(folder, name.split(path.sep).join("/"));
        return [file, readFileSync(path.join(ROOT, file), "utf8")];
      }),
  );
}

/** Attributes of HTML that people read or hear. */
const READ_ALOUD = /\b(?:aria-label|aria-description|title|placeholder|alt|label)="([^"]*)"/g;
const WORD = /\p{L}{2,}/u;

/** Words that a view writes by itself instead of taking them from the messages. */
export function wordsInView(view: string): string[] {
  const code = [...view.matchAll(/<%([\s\S]*?)%>/g)].map(([, inside = ""]) => inside);
  const markup = view.replace(/<%[\s\S]*?%>/g, " ").replace(/<(script|style)\b[\s\S]*?<\/\1>/g, " ");
  const found = [
    ...[...markup.matchAll(READ_ALOUD)].map(([, words = ""]) => words),
    ...markup.replace(/<!--[\s\S]*?-->|<[^>]*>/g, "\n").split("\n"),
    // `'Not said'`, but no class, name or part of an address.
    ...code
      .filter((inside) => !inside.startsWith("#"))
      .flatMap((inside) => [...inside.matchAll(/'([^'\n]*)'|"([^"\n]*)"/g)])
      .map(([, one, other]) => one ?? other ?? "")
      .filter((text) => !/^[^\p{Lu}]*$/u.test(text) || / \p{L}/u.test(text)),
  ];
  return found.map((words) => words.trim()).filter((words) => WORD.test(words));
}

/** Where code puts words before people: what is assigned to these, or given to these, is read. */
const READ_PROPERTIES = new Set([
  "textContent",
  "innerText",
  "ariaLabel",
  "title",
  "placeholder",
  "alt",
  "label",
]);
const READ_CALLS = new Set(["append", "prepend", "replaceChildren", "alert", "confirm", "createTextNode"]);

/** What takes selectors. */
const FINDS = new Set(["querySelector", "querySelectorAll", "closest", "matches"]);

/** Text that reads as words, and not as a name, a selector or a header. */
const readsAsWords = (text: string) =>
  /\p{L}{2,}[.,:!?…]? \p{L}/u.test(text) ||
  /^\p{Lu}\p{Ll}+[.!?…]?$/u.test(text) ||
  (/^\s|\s$/.test(text) && WORD.test(text));

interface Node {
  type?: string;
  [part: string]: unknown;
}

/** Words that the tablet's code writes by itself instead of taking them from the messages. */
export function wordsInCode(code: string): string[] {
  const found: string[] = [];
  /** `isRead`: what stands here is put before people, whatever it looks like. */
  const look = (node: unknown, isRead: boolean): void => {
    if (Array.isArray(node)) for (const each of node) look(each, isRead);
    if (!node || typeof node !== "object" || Array.isArray(node)) return;
    const { type = "", ...parts } = node as Node;
    const text = textOf(node as Node);
    if (text !== undefined) {
      if (isRead ? WORD.test(text) : readsAsWords(text)) found.push(text.trim());
      return;
    }
    if (/^(Import|Export(All|Named)|Ts)/.test(type) && !/^Ts(As|Satisfies|NonNull)/.test(type)) return;
    // What goes wrong inside is said to nobody: the page has words of its own for it.
    if (type === "NewExpression" && /(Error|Exception|Problem)$/.test(nameOf(parts.callee))) return;
    if (type === "CallExpression") {
      const name = nameOf(parts.callee);
      const isLabel = name === "setAttribute" && /label|title|placeholder|description/.test(firstText(parts));
      const isSaying = name === "say" || name === "#say";
      look(parts.callee, false);
      const given = parts.arguments as unknown[];
      if (FINDS.has(name)) return;
      look(isLabel ? given.slice(1) : given, !isSaying && (isLabel || READ_CALLS.has(name)));
      return;
    }
    if (type === "AssignmentExpression") {
      look(parts.left, false);
      look(parts.right, READ_PROPERTIES.has(nameOf(parts.left)));
      return;
    }
    if (type === "KeyValueProperty") {
      look(parts.value, isRead || READ_PROPERTIES.has(nameOf(parts.key)));
      return;
    }
    // Only the outcomes of a choice are read, not what it is made by.
    if (type === "ConditionalExpression") {
      look(parts.test, false);
      look([parts.consequent, parts.alternate], isRead);
      return;
    }
    const isTransparent = /^(BinaryExpression|ParenthesisExpression|TemplateLiteral|ArrayExpression)$/.test(
      type,
    );
    for (const part of Object.values(parts)) look(part, isRead && (isTransparent || type === ""));
  };
  look(parseSync(code, { syntax: "typescript", target: "es2022" }).body, false);
  return found;
}

function textOf(node: Node): string | undefined {
  if (node.type === "StringLiteral") return String(node.value);
  if (node.type === "TemplateElement") return String(node.cooked ?? node.raw);
  return undefined;
}

function nameOf(node: unknown): string {
  const { type, value, property, id } = (node ?? {}) as Node;
  if (type === "Identifier") return String(value);
  if (type === "MemberExpression") return nameOf(property);
  if (type === "PrivateName") return `#${String(value ?? (id as Node)?.value)}`;
  return "";
}

function firstText(call: Node): string {
  const [first] = call.arguments as { expression: Node }[];
  return first ? (textOf(first.expression) ?? "") : "";
}

/** Where a text names messages: by their whole key, and by a pattern with `*` for what is filled in. */
export function keysIn(text: string, prefixes: string[]): { keys: string[]; patterns: string[] } {
  const some = `(?:${prefixes.join("|")})`;
  const keys = [...text.matchAll(new RegExp(`["'](${some}\\.[a-z0-9-]+)["']`, "g"))];
  const patterns = [...text.matchAll(new RegExp(`\`(${some}\\.[^\`]*\\$\\{[^\`]*)\``, "g"))];
  return {
    keys: keys.map(([, key]) => key as string),
    patterns: patterns.map(([, pattern = ""]) => pattern.replace(/\$\{[^}]*\}/g, "*")),
  };
}
