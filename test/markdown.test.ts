import { answerKind, markdownToHtml } from "../src/markdown";
import fc from "./support/properties";

const REL = 'rel="nofollow noreferrer noopener"';

test.each([
  ["emphasis", "Use **two** disks, *not* one", "<p>Use <strong>two</strong> disks, <em>not</em> one</p>\n"],
  ["a line break", "first\nsecond", "<p>first<br>\nsecond</p>\n"],
  ["code", "run `lsblk <x>`", "<p>run <code>lsblk &lt;x&gt;</code></p>\n"],
  ["a list", "- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"],
  [
    "an address in words",
    "See https://example.org/a_b_c.",
    `<p>See <a href="https://example.org/a_b_c" ${REL}>https://example.org/a_b_c</a>.</p>\n`,
  ],
  [
    "a link",
    "[the guide](http://example.org/?a=1&b=2)",
    `<p><a href="http://example.org/?a=1&amp;b=2" ${REL}>the guide</a></p>\n`,
  ],
  [
    "a mail address",
    "Ask kai@example.org",
    `<p>Ask <a href="mailto:kai@example.org" ${REL}>kai@example.org</a></p>\n`,
  ],
  [
    "names with dots",
    "install.sh needs node.js and www.example.org",
    "<p>install.sh needs node.js and www.example.org</p>\n",
  ],
  ["nothing", " \n ", ""],
])("%s is rendered", (_what, text, html) => {
  expect(markdownToHtml(text)).toBe(html);
});

test("an answer that is an address leads there as it was typed, whatever Markdown would make of it", () => {
  const address = "https://lists.example.org/a_b_c/*1*/~~2~~?q=[x](y)&z='#m";
  expect(answerKind(`\n ${address} `)).toBe("thread");
  expect(markdownToHtml(`\n ${address} `)).toBe(
    `<p><a href="https://lists.example.org/a_b_c/*1*/~~2~~?q=%5Bx%5D(y)&amp;z='#m" ${REL}>${address.replace("&", "&amp;")}</a></p>\n`,
  );
});

test.each([
  "See https://example.org/thread",
  "https://example.org/a https://example.org/b",
  "https://",
  "ftp://example.org/file",
  "javascript:alert(1)",
  "mailto:kai@example.org",
  'https://example.org/"onclick=alert(1)',
  "",
])("%j is more or less than the address of a thread", (text) => {
  expect(answerKind(text)).toBe("markdown");
});

test.each([
  ["a script", "<script>alert(1)</script>"],
  ["a picture with code", "<img src=x onerror=alert(1)>"],
  ["half of an element", "<b onclick='alert(1)' bold"],
  ["a comment", "<!-- <script> -->"],
  ["an autolink to code", "<javascript:alert(1)>"],
  ["a link to code", "[x](javascript:alert(1))"],
  [
    "a link to code in disguise",
    "[x](JaVa&#115;cript&colon;alert(1)) [y](java\tscript:alert(1)) [z](\u0001javascript:alert(1))",
  ],
  ["a link to code by reference", "[x]\n\n[x]: javascript:alert(1)"],
  ["a link to data", "[x](data:text/html,<script>alert(1)</script>)"],
  ["a picture as data", "![x](data:image/png;base64,AAAA)"],
  ["a file", "[x](file:///etc/passwd) file:///etc/passwd"],
  ["a page of the booth itself", "[x](/session/end) [y](//example.org) //example.org [z](?a) [w](https:foo)"],
  ["a link to nowhere", "[x]() ![y]() [z]\n\n[z]: <>"],
  ["an end of the attribute", '[x](<"onmouseover=alert(1)>)'],
])("%s does nothing", (_what, text) => {
  const html = markdownToHtml(text);
  expect(html.replace(/<\/?(p|br)>/g, "")).not.toMatch(/<[a-z!/]/i);
});

test("quotes in a link, its title or its words stay in their place", () => {
  const html = markdownToHtml(`[a"b](https://example.org/"onclick="x 'c"onclick="y')`);
  expect(html).toBe(
    `<p><a href="https://example.org/%22onclick=%22x" title="c&quot;onclick=&quot;y" ${REL}>a&quot;b</a></p>\n`,
  );
});

test("a picture is not loaded, but can be opened", () => {
  expect(markdownToHtml('![the "dial"](https://example.org/dial.png)')).toBe(
    `<p><a href="https://example.org/dial.png" ${REL}>the &quot;dial&quot;</a></p>\n`,
  );
  expect(markdownToHtml("[![dial](https://example.org/dial.png) large](https://example.org/)")).toBe(
    `<p><a href="https://example.org/" ${REL}>dial large</a></p>\n`,
  );
  expect(markdownToHtml("![](https://example.org/1x1.gif)")).toContain(">https://example.org/1x1.gif</a>");
});

test("headings stand below those of the page, none left out", () => {
  expect(markdownToHtml("# One\n## Two\n#### Four\n# Again\n\nOther\n-----\n")).toBe(
    "<h3>One</h3>\n<h4>Two</h4>\n<h5>Four</h5>\n<h3>Again</h3>\n<h4>Other</h4>\n",
  );
  expect(markdownToHtml("##### Deep\n# High")).toBe("<h3>Deep</h3>\n<h3>High</h3>\n");
});

test("a table is aligned without styles", () => {
  const html = markdownToHtml("| a | b |\n|:--|--:|\n| 1 | 2 |");
  expect(html).toContain('<td align="left">1</td>\n<td align="right">2</td>');
  expect(html).not.toContain("style");
});

test.each([
  ["quotes", ">".repeat(2500)],
  ["lists", Array.from({ length: 90 }, (_, depth) => `${"  ".repeat(depth)}- x`).join("\n")],
  ["brackets", "[".repeat(2500)],
  ["brackets in pairs", `${"[".repeat(1000)}x${"](https://example.org)".repeat(150)}`],
  ["emphasis", "*a **b ".repeat(700)],
  ["ticks", Array.from({ length: 95 }, (_, count) => "`".repeat(count)).join(" ")],
])("%s without end make a page that ends", (_what, text) => {
  const html = markdownToHtml(text);
  let [depth, deepest] = [0, 0];
  for (const [, slash, name] of html.matchAll(/<(\/?)([a-z0-9]+)/g)) {
    if (name === "br" || name === "hr") continue;
    depth += slash ? -1 : 1;
    deepest = Math.max(deepest, depth);
  }
  expect(depth).toBe(0);
  expect(deepest).toBeLessThan(130);
});

test("whatever is typed, nothing comes out but elements of text, and links that lead out", () => {
  const piece = fc.constantFrom(
    ..."<>\"'`*_[]()!#-|:&\n \t\\",
    "javascript:",
    "https://example.org/",
    "data:",
    "<script>",
    "onclick=",
    "style=",
    "![",
    "](",
    "&colon;",
    "&#58;",
    "| a |\n|--|\n",
    "word",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const html = markdownToHtml(pieces.join(""));
      for (const [element] of html.matchAll(/<[^>]*>?/g)) {
        expect(element).toMatch(
          /^<(\/?(p|strong|em|s|ul|ol|li|blockquote|pre|code|h[3-6]|table|thead|tbody|tr|th|td|a)|br|hr|ol start="\d+"|code class="[^"]*"|t[hd] align="\w+"|a href="(https?:\/\/|mailto:)[^"]*"( title="[^"]*")? rel="nofollow noreferrer noopener")>$/,
        );
      }
    }),
    { numRuns: 2000 },
  );
});
