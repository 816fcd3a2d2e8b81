import MarkdownIt, { type Token } from "markdown-it";

/** Where a link may lead. Everything else stays as it was typed. */
const LEADS_OUT = /^(https?:\/\/|mailto:)/i;
/** So many elements inside one another, and no more, whatever was typed. */
const MOST_NESTED = 60;
/** Pages have their title and the heading of the answer's part above what is rendered. */
const HEADING_ABOVE = 2;

const markdown = new MarkdownIt({
  html: false,
  linkify: true,
  maxNesting: MOST_NESTED,
});
markdown.validateLink = (address) => LEADS_OUT.test(address.trim());
// "install.sh" is a file and "node.js" is no page: what is to be a link is typed as one.
markdown.linkify.set({ fuzzyLink: false, fuzzyIP: false, fuzzyEmail: true });
markdown.core.ruler.push("for-our-pages", ({ tokens }) => {
  let level = HEADING_ABOVE;
  const levels = [
    ...new Set(tokens.filter(({ type }) => type === "heading_open").map(({ tag }) => tag)),
  ].sort();
  for (const token of tokens) {
    if (token.type === "heading_open") {
      // No level is left out on the way down: a screen reader's list of headings stays whole.
      level = Math.min(HEADING_ABOVE + 1 + levels.indexOf(token.tag), level + 1, 6);
      token.tag = `h${level}`;
    }
    if (token.type === "heading_close") token.tag = `h${level}`;
    // The pages' policy lets no style stand in an attribute.
    const style = token.attrGet("style");
    if (style) token.attrs = [["align", String(style).replace("text-align:", "")]];
    for (const part of token.children ?? []) if (part.type === "link_open") part.attrSet("rel", REL);
    if (token.children) token.children = withoutEmptyLinks(token.children);
  }
});
// A picture tells its server who reads the page, and when: it becomes a link to it.
markdown.renderer.rules.image = (tokens, index) => {
  const image = tokens[index];
  const address = String(image?.attrGet("src") ?? "");
  const words = markdown.utils.escapeHtml(image?.content || address);
  const before = tokens.slice(0, index);
  const isInLink = before.reduce((depth, { type }) => depth + nesting(type), 0) > 0;
  return isInLink || address === "" ? words : link(address, words);
};

// People press Return where they want a new line. An article's lines are filled up, as every program that makes sites of it does.
markdown.renderer.rules.softbreak = (_tokens, _index, _options, env) => (env?.isArticle ? "\n" : "<br>\n");

const REL = "nofollow noreferrer noopener";

/** Links that lead nowhere, such as `[words]()`, are just their words. No link stands in another one. */
function withoutEmptyLinks(tokens: Token[]): Token[] {
  let isEmpty = false;
  return tokens.filter((token) => {
    if (token.type === "link_open") isEmpty = !token.attrGet("href");
    return !isEmpty || nesting(token.type) === 0;
  });
}

const nesting = (type: string) => (type === "link_open" ? 1 : type === "link_close" ? -1 : 0);

const link = (address: string, words: string) =>
  `<a href="${markdown.utils.escapeHtml(address)}" rel="${REL}">${words}</a>`;

/**
 * What people typed as Markdown → HTML that can stand in any page or mail: no markup but its own, no scripts, styles or
 * pictures, links to the web and to mail addresses alone, headings from level 3 on.
 */
export function markdownToHtml(text: string): string {
  if (answerKind(text) === "markdown") return markdown.render(text);
  // An address as a whole: nothing in it is meant as Markdown.
  const address = text.trim();
  return `<p>${link(markdown.normalizeLink(address), markdown.utils.escapeHtml(address))}</p>\n`;
}

/** The same of an article that is written to be published elsewhere: it looks as it will there. */
export function articleToHtml(text: string): string {
  return markdown.render(text, { isArticle: true });
}

/** Whether an answer is nothing but the address of a page where it is, such as a public thread. */
export function answerKind(text: string): "thread" | "markdown" {
  const address = text.trim();
  return /^https?:\/\/[^\s<>"]+$/i.test(address) && URL.canParse(address) ? "thread" : "markdown";
}
