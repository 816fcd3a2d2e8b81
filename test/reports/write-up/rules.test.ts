import { load } from "js-yaml";
import MarkdownIt from "markdown-it";
import { asText } from "../../../src/exports/rules";
import {
  changesSince,
  type Front,
  fill,
  inWords,
  markdownFile,
  PROMPTS,
  packedFor,
  picture,
  picturesIn,
  refreshed,
  targetsOf,
} from "../../../src/reports/write-up/rules";
import fc from "../../support/properties";

const NAUGHTY: string[] = require("big-list-of-naughty-strings");

const values = new Map([
  ["figure:visits", "412"],
  ["figure:say-people", "Some came as a group \\[3\\]."],
  ["figure:quiet", ""],
  ["quote:0145", "“How many disks?”"],
  ["block:platforms", "| Platform |\n| --- |\n| VMware |"],
  ["block:nothing", ""],
]);
const filled = (text: string) => fill(text, values).text;

describe("a text with links to the log", () => {
  test("is published with what the log says, and without the links", () => {
    expect(filled("We had [411](figure:visits) talks. [x](figure:say-people) Good!")).toBe(
      "We had 412 talks. Some came as a group \\[3\\]. Good!\n",
    );
    expect(filled("## [4](figure:visits) talks\n\n> [y](quote:0145)")).toBe(
      "## 412 talks\n\n> “How many disks?”\n",
    );
  });

  test("keeps its own words to the letter, other links, code and what is escaped", () => {
    const own = [
      "[412](https://example.org) and \\[412](figure:visits)",
      "`[412](figure:visits)` and ``[1](figure:visits)``",
      "",
      "```",
      "[412](figure:visits)",
      "",
      "[Table](block:platforms)",
      "*Who made this possible?*",
      "```",
      "",
      "- a\n    - b",
      "See [Table: coming from](block:platforms) for more.",
      "*Who made it?*",
    ].join("\n");
    expect(filled(own)).toBe(`${own}\n`);
    expect(refreshed(own, values)).toBe(own);
  });

  test("goes on with fresh words, and no others", () => {
    const text = "# A\n\n\n  [1](figure:visits)  \n[Table](block:platforms)\n\n*x* [ ](figure:quiet)\n";
    const fresh =
      "# A\n\n\n  [412](figure:visits)  \n[Table](block:platforms)\n\n*x* [(nothing to say at present)](figure:quiet)\n";
    expect(refreshed(text, values)).toBe(fresh);
    expect(refreshed(fresh, values)).toBe(fresh);
  });

  test("has a block as a paragraph of its own, whatever it stands beside", () => {
    expect(filled("Look:\n[Table](block:platforms)\nAnd so on.")).toBe(
      "Look:\n\n| Platform |\n| --- |\n| VMware |\n\nAnd so on.\n",
    );
  });

  test("leaves out what says nothing, with the line and the section that it was alone in", () => {
    const text = [
      "## Kept",
      "",
      "- [x](figure:quiet)",
      "- [x](figure:visits)",
      "",
      "## Gone",
      "",
      PROMPTS.thanks,
      "",
      "### Gone too",
      "",
      "[T](block:nothing)",
      "",
      "> [gone](quote:0146)",
      "",
      "## Own, and empty",
      "",
      "## End",
      "[x](figure:quiet) It was [x](figure:quiet) good.",
    ].join("\n");
    expect(filled(text)).toBe("## Kept\n\n- 412\n\n## Own, and empty\n\n## End\nIt was good.\n");
  });

  test("says which links the log knows nothing of, and keeps their words", () => {
    const result = fill("[about 400](figure:vists) and [412](figure:visits)", values);
    expect(result.text).toBe("about 400 and 412\n");
    expect(result.unknown).toEqual(["figure:vists"]);
    expect([...result.used]).toEqual([["figure:visits", "412"]]);
  });

  test("tells what it links", () => {
    const text =
      "[1](figure:visits) `[1](figure:code)`\n\n[T](block:platforms)\n\n> [q](quote:0145) [2](figure:visits)";
    expect(targetsOf(text)).toEqual(["figure:visits", "block:platforms", "quote:0145"]);
  });
});

/** Text as people type it, links and all. */
const typed = fc
  .array(
    fc.oneof(
      fc.constantFrom(...NAUGHTY),
      fc.constantFrom(
        "\n",
        "\n\n",
        "[412](figure:visits)",
        "[T](block:platforms)",
        "[",
        "](figure:visits)",
        "`",
        "```\n",
        "\\",
        "## ",
        "- ",
        "> ",
        PROMPTS.next,
      ),
    ),
    { maxLength: 14 },
  )
  .map((parts) => parts.join("").replaceAll("\0", ""));

test("whatever is typed, refreshing twice is refreshing once, and changes nothing where figures did not", () => {
  fc.assert(
    fc.property(typed, (text) => {
      const fresh = refreshed(text, values);
      expect(refreshed(fresh, values)).toBe(fresh);
      expect(targetsOf(fresh)).toEqual(targetsOf(text));
      expect(fill(fresh, values).text).toBe(fill(text, values).text);
    }),
    { numRuns: 400 },
  );
});

test("whatever is typed without a link stays as it is, but for the blank around it", () => {
  fc.assert(
    fc.property(typed, (text) => {
      fc.pre(targetsOf(text).length === 0 && !text.includes(PROMPTS.next));
      expect(fill(text, values).text.trim()).toBe(text.trim());
    }),
    { numRuns: 400 },
  );
});

test.each([
  "[".repeat(20_000),
  "`".repeat(20_000),
  "[a](figure:".repeat(5000),
  "`a``".repeat(8000),
  "\\[".repeat(9000),
])("what is typed to keep the program busy does not", (text) => {
  expect(fill(text, values).text.trim()).toBe(text);
});

test("after it was published, what changed is pointed out, and what is gone", () => {
  const published = {
    values: {
      "figure:visits": "400",
      "block:platforms": values.get("block:platforms") as string,
      "quote:9": "“Why?”",
      "figure:old": "1",
    },
    pictures: {},
  };
  expect(changesSince(published, values)).toEqual([
    { target: "figure:visits", was: "400", is: "412" },
    { target: "quote:9", was: "“Why?”", is: "" },
    { target: "figure:old", was: "1", is: undefined },
  ]);
});

describe("the file", () => {
  const front: Front = {
    title: "Camp: what the booth heard",
    author: "Zoë",
    date: "2024-02-04",
    tags: ["booth"],
    categories: ["events"],
  };
  const parts = (file: string) => {
    const [, yaml = "", text = ""] = /^---\n([\s\S]*?)\n---\n\n([\s\S]*)$/.exec(file) ?? [];
    return { front: load(yaml) as Record<string, unknown>, yaml, text };
  };

  test("begins with front matter that an independent reader reads back, naughty strings and all", () => {
    for (const naughty of [...NAUGHTY, "yes", "12:30", "2024-02-04", "- a", "# b", "---", "null", "0x1F"]) {
      const text = naughty.replaceAll("\0", "");
      const all = {
        ...front,
        title: text || "-",
        author: text,
        tags: [text || "-"],
        categories: [text || "-"],
      };
      const read = parts(markdownFile(all, "Text\n"));
      expect(read.front).toEqual({ ...all, ...(text === "" && { author: undefined }) });
      expect(read.text).toBe("Text\n");
    }
  });

  test("quotes every string, so that older readers of YAML take none for something else", () => {
    const { yaml } = parts(
      markdownFile({ ...front, title: "12:30", author: "no", tags: ["0o7", "1_000"] }, ""),
    );
    for (const line of yaml.split("\n").filter((each) => !each.endsWith(":"))) expect(line).toMatch(/['"]$/);
  });

  test("leaves out what is empty", () => {
    const { front: read } = parts(markdownFile({ ...front, author: "", tags: [], categories: [] }, ""));
    expect(Object.keys(read)).toEqual(["title", "date"]);
  });

  test("and its pictures are where each program looks for them", () => {
    const text = `${picture("Days", "days")}\n\nAnsible: {{ host }} {% raw %}, {{< youtube >}}\n`;
    expect(picturesIn(text)).toEqual(["days"]);
    const name = "2024-02-04-winter-camp";

    const hugo = packedFor("hugo", front, text, "winter-camp");
    expect(hugo).toMatchObject({ page: `${name}/index.md`, charts: `${name}/charts` });
    expect(parts(hugo.text).text).toBe(
      "![Days](charts/days.svg)\n\nAnsible: {{ host }} {% raw %}, {&#123;< youtube >}}\n",
    );

    const jekyll = packedFor("jekyll", front, text, "winter-camp");
    expect(jekyll).toMatchObject({ page: `_posts/${name}.md`, charts: `assets/${name}` });
    expect(parts(jekyll.text).front.layout).toBe("post");
    expect(parts(jekyll.text).text).toBe(
      `![Days]({{ '/assets/${name}/days.svg' | relative_url }})\n\nAnsible: {% raw %}{{{% endraw %} host }} {% raw %}{%{% endraw %} raw %}, {% raw %}{{{% endraw %}< youtube >}}\n`,
    );

    const middleman = packedFor("middleman", front, text, "winter-camp");
    expect(middleman).toMatchObject({ page: `source/${name}.html.md`, charts: `source/images/${name}` });
    expect(parts(middleman.text).text).toContain(`![Days](/images/${name}/days.svg)`);
  });
});

test("Markdown of what was typed reads as it was typed", () => {
  const markdown = new MarkdownIt();
  for (const naughty of NAUGHTY) {
    const line = naughty.replaceAll("\0", "").replace(/\s+/g, " ").trim();
    const tokens = markdown.parse(asText(naughty.replaceAll("\0", "")), {});
    const text = tokens
      .flatMap(({ children }) => children ?? [])
      .map(({ content }) => content)
      .join("");
    expect(tokens.every(({ type }) => ["paragraph_open", "inline", "paragraph_close"].includes(type))).toBe(
      true,
    );
    expect(text).toBe(line);
    expect(inWords(asText(line))).toBe(line);
  }
});
