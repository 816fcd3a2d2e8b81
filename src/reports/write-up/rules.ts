import { dump } from "js-yaml";
import type { Instant } from "../../database/tables";

/**
 * The organizer's text is Markdown in which what the log says is linked: `[412](figure:visits)`, `[“How?”](quote:ID)`, and a
 * line that is nothing but `[Table: coming from](block:platforms)`. The words inside such a link are the log's, all
 * others are the organizer's and never touched.
 */

/** What the log says now, by the targets of links: `figure:visits` → Markdown. Empty: there is nothing to say at present. */
export type Values = ReadonlyMap<string, string>;

/** What stands before the text, as blogs have it. */
export interface Front {
  title: string;
  author: string;
  /** YYYY-MM-DD */
  date: string;
  tags: string[];
  categories: string[];
}

/** What a write-up went out with. */
export interface Published {
  /** The Markdown of each link, by its target. */
  values: Record<string, string>;
  /** The pictures that stand beside it, by the names of their charts. */
  pictures: Record<string, string>;
}

/** A write-up as it is kept. */
export interface WriteUp {
  version: number;
  front: Front;
  text: string;
  changedAt: Instant;
  publishedAt: Instant | null;
  published: Published | null;
}

/** The words of a link that says nothing at present. */
const NOTHING = "(nothing to say at present)";

/** What asks the organizer for words of their own; left out where the text is published. */
export const PROMPTS = {
  happened: "*What was it like?*",
  came: "*Who came to the booth?*",
  use: "*What do they use today?*",
  heard: "*What did visitors say again and again?*",
  asked: "*What did they want to know?*",
  unanswered: "*Which questions went home with us?*",
  wrong: "*What broke, got lost or came too late?*",
  thanks: "*Who made this possible?*",
  next: "*What will we do differently?*",
} as const;
const ALL_PROMPTS: ReadonlySet<string> = new Set(Object.values(PROMPTS));

/** An escaped character, a span of code, a link to the log. Only the last is ours. */
const INLINE =
  /\\[\s\S]|(`+)(?!`)(?:[\s\S]*?[^`])?\1(?!`)|\[((?:\\[\s\S]|[^\\[\]])*)\]\(((?:figure|quote):[^\s()]+)\)/g;
const BLOCK = /^ {0,3}\[(?:\\.|[^\\[\]])*\]\((block:[^\s()]+)\)[ \t]*$/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]|$)/;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
/** Stands where a link says nothing, until its line was looked at. No text has one: see `tidy`. */
const GAP = "\0";

/** Lines of one kind that stand together. */
type Unit =
  | { kind: "own" | "blank" | "code" | "prompt"; text: string }
  | { kind: "heading"; text: string; level: number }
  | { kind: "block"; text: string; target: string };

function unitsOf(text: string): Unit[] {
  const units: Unit[] = [];
  const add = (kind: "own" | "blank" | "code", line: string) => {
    const last = units.at(-1);
    if (last?.kind === kind) last.text += `\n${line}`;
    else units.push({ kind, text: line });
  };
  let fence: string | undefined;
  for (const line of text.split("\n")) {
    const mark = FENCE.exec(line)?.[1];
    if (fence !== undefined) {
      add("code", line);
      const isClosing = mark?.startsWith(fence) && line.trim() === mark;
      if (isClosing) fence = undefined;
      continue;
    }
    const level = HEADING.exec(line)?.[1]?.length;
    const target = BLOCK.exec(line)?.[1];
    if (mark) {
      fence = mark;
      // Two fences one after the other are two.
      units.push({ kind: "code", text: line });
    } else if (line.trim() === "") add("blank", line);
    else if (level) units.push({ kind: "heading", text: line, level });
    else if (target) units.push({ kind: "block", text: line, target });
    else if (ALL_PROMPTS.has(line.trim())) units.push({ kind: "prompt", text: line });
    else add("own", line);
  }
  return units;
}

/** Puts something in the place of each link to the log. */
function withLinks(text: string, put: (target: string, words: string) => string): string {
  return text.replace(INLINE, (all: string, _code, words: string | undefined, target: string | undefined) =>
    target === undefined ? all : put(target, words ?? ""),
  );
}

/** The targets of all links of a text, each once. */
export function targetsOf(text: string): string[] {
  const found = new Set<string>();
  for (const unit of unitsOf(text)) {
    if (unit.kind === "block") found.add(unit.target);
    if (unit.kind !== "own" && unit.kind !== "heading") continue;
    withLinks(unit.text, (target) => {
      found.add(target);
      return "";
    });
  }
  return [...found];
}

/** The text for the organizer to go on with: the words of each link are what the log says now. */
export function refreshed(text: string, values: Values): string {
  return unitsOf(text)
    .map((unit) => {
      if (unit.kind !== "own" && unit.kind !== "heading") return unit.text;
      return withLinks(unit.text, (target, words) => {
        const value = sayingOf(target, values);
        return `[${value === undefined ? words : value || NOTHING}](${target})`;
      });
    })
    .join("\n");
}

/** What a link says now; undefined where nobody knows it. A quote that nobody knows any more was erased: it says nothing. */
function sayingOf(target: string, values: Values): string | undefined {
  return values.get(target) ?? (target.startsWith("quote:") ? "" : undefined);
}

export interface Filled {
  /** Markdown to publish, without links to the log. */
  text: string;
  /** What was put in, by target. */
  used: Map<string, string>;
  /** Targets of which the log knows nothing: a slip of the finger. Their words stay. */
  unknown: string[];
}

/**
 * The text to publish: each link gives way to what the log says now. What asks for the organizer's words is left out, and
 * so is a section of which nothing is left.
 */
export function fill(text: string, values: Values): Filled {
  const used = new Map<string, string>();
  const unknown = new Set<string>();
  const look = (target: string) => {
    const value = sayingOf(target, values);
    if (value === undefined) unknown.add(target);
    else used.set(target, value);
    return value;
  };
  const units = unitsOf(text).map((unit): { unit: Unit; text: string | undefined } => {
    if (unit.kind === "prompt") return { unit, text: undefined };
    if (unit.kind === "block") {
      const words = /\[(.*)\]/.exec(unit.text)?.[1];
      return { unit, text: (look(unit.target) ?? words) || undefined };
    }
    if (unit.kind !== "own" && unit.kind !== "heading") return { unit, text: unit.text };
    const put = withLinks(unit.text, (target, words) => (look(target) ?? words) || GAP);
    return { unit, text: withoutGaps(put) };
  });

  // From the end, so that a section whose parts are gone goes too.
  for (const [index, each] of [...units.entries()].reverse()) {
    if (each.unit.kind !== "heading") continue;
    const { level } = each.unit;
    const rest = units.slice(index + 1);
    const end = rest.findIndex(({ unit }) => unit.kind === "heading" && unit.level <= level);
    const body = (end < 0 ? rest : rest.slice(0, end)).filter(({ unit }) => unit.kind !== "blank");
    if (body.length > 0 && body.every((part) => part.text === undefined)) each.text = undefined;
  }

  const lines: string[] = [];
  let isAfterBlock = false;
  let isAfterGap = false;
  for (const { unit, text } of units) {
    if (text === undefined) {
      isAfterGap = true;
      continue;
    }
    if (unit.kind === "blank") {
      // What was left out takes the blank lines after it along.
      if (!isAfterGap) lines.push(text);
      isAfterBlock = false;
      continue;
    }
    // A table or a list begins and ends with a blank line, whatever it was put beside.
    const isApart = isAfterBlock || unit.kind === "block" || isAfterGap;
    if (isApart && lines.length > 0 && lines.at(-1)?.trim() !== "") lines.push("");
    lines.push(text);
    isAfterBlock = unit.kind === "block";
    isAfterGap = false;
  }
  return { text: `${lines.join("\n").trim()}\n`, used, unknown: [...unknown] };
}

/** Lines of which a gap leaves nothing but the mark of a list or quote go; undefined where none is left. */
function withoutGaps(text: string): string | undefined {
  if (!text.includes(GAP)) return text;
  const lines = text.split("\n").flatMap((line) => {
    if (!line.includes(GAP)) return line;
    const [indent = ""] = /^\s*/.exec(line) ?? [];
    const rest = line.replace(new RegExp(`${GAP} |(^| )${GAP}`, "g"), "").trim();
    return /^(?:[-*+>]|\d+[.)]|#{1,6})?$/.test(rest) ? [] : `${indent}${rest}`;
  });
  return lines.length === 0 ? undefined : lines.join("\n");
}

/** A figure that is another one than the text went out with. */
export interface Change {
  target: string;
  was: string;
  /** Undefined where the log knows nothing of it any more. */
  is: string | undefined;
}

/** What the log says otherwise than the text that was published. */
export function changesSince({ values: then }: Published, values: Values): Change[] {
  return Object.entries(then).flatMap(([target, was]) => {
    const is = sayingOf(target, values);
    return is === was ? [] : { target, was, is };
  });
}

/** Markdown in one line as people read it: for lists of figures, and notices. */
export function inWords(markdown: string): string {
  return markdown
    .replace(/\\([!-/:-@[-`{-~])/g, "$1")
    .replaceAll("&#126;", "~")
    .replaceAll("&amp;", "&");
}

/* To be published. */

/** The programs that make sites of such texts, each with its own idea of where files lie. */
export const GENERATORS = ["hugo", "jekyll", "middleman"] as const;
export type Generator = (typeof GENERATORS)[number];

/** The name under which the text and its pictures are filed: blogs take the day of a post from it. */
export function fileNameOf(front: Front, slug: string): string {
  return `${front.date}-${slug}`;
}

/**
 * The whole Markdown file. Strings are quoted, so that no reader of YAML, of 1.1 or 1.2, takes one for a number, a day or a
 * yes. The day has no time of day: each of the three would compute it in a zone of its own.
 */
export function markdownFile(front: Front, text: string, more: Record<string, string> = {}): string {
  const { title, author, date, tags, categories } = front;
  const fields = {
    ...more,
    title,
    ...(author && { author }),
    date,
    ...(tags.length > 0 && { tags }),
    ...(categories.length > 0 && { categories }),
  };
  return `---\n${dump(fields, { forceQuotes: true, lineWidth: -1 })}---\n\n${text}`;
}

/** A picture of a chart, as the filled text has it. */
export const picture = (alt: string, name: string) => `![${alt}](charts/${name}.svg)`;
const PICTURE = /\]\(charts\/([a-z-]+)\.svg\)/g;

/** The charts whose pictures a filled text shows, each once. */
export function picturesIn(text: string): string[] {
  return [...new Set([...text.matchAll(PICTURE)].map(([, name]) => name as string))];
}

export interface Packed {
  /** The Markdown file, and the folder of its pictures. */
  page: string;
  charts: string;
  text: string;
}

/**
 * Where a generator looks for the files, and the text with addresses that lead to the pictures there.
 * - Hugo: a page bundle, which keeps what belongs together in a folder. As it stands anybody else can read it too.
 * - Jekyll: posts are in _posts and nothing else is; Liquid runs over them first, so what looks like it is kept from it.
 * - Middleman: its Markdown looks for pictures in `images`; the day in the file's name has to be that of the front matter.
 */
export function packedFor(generator: Generator, front: Front, text: string, slug: string): Packed {
  const name = fileNameOf(front, slug);
  switch (generator) {
    case "hugo":
      return {
        page: `${name}/index.md`,
        charts: `${name}/charts`,
        // As a shortcode it would be looked up and not found.
        text: markdownFile(front, text.replace(/\{\{(?=[<%])/g, "{&#123;")),
      };
    case "jekyll":
      return {
        page: `_posts/${name}.md`,
        charts: `assets/${name}`,
        text: markdownFile(
          front,
          text
            .replace(/\{\{|\{%/g, "{% raw %}$&{% endraw %}")
            .replace(PICTURE, `]({{ '/assets/${name}/$1.svg' | relative_url }})`),
          // Without it a post is shown without the site's frame.
          { layout: "post" },
        ),
      };
    case "middleman":
      return {
        page: `source/${name}.html.md`,
        charts: `source/images/${name}`,
        text: markdownFile(front, text.replace(PICTURE, `](/images/${name}/$1.svg)`)),
      };
  }
}
