import {
  type Contact,
  detailsIn,
  markPersonal,
  withoutPersonal,
} from "../../../src/questions/personal/rules";
import { NOBODY, ZOE } from "../../support/people";
import fc from "../../support/properties";

const marked = (text: string, known: Contact[] = []) =>
  markPersonal(text, known)
    .filter((segment) => segment.is !== "plain")
    .map((segment) => segment.text);

describe("what looks personal", () => {
  test.each([
    ["a mail address", "Write to jane.doe+x@mail.example.org, please", ["jane.doe+x@mail.example.org"]],
    ["one with other letters", "an jörg@müller.example", ["jörg@müller.example"]],
    ["one in disguise", "jane (at) mail (dot) example", ["jane (at) mail (dot) example"]],
    ["a phone number", "Call +49 (0)30 1234-567 after six", ["+49 (0)30 1234-567"]],
    ["another one", "0470/123456 or 555 123 4567", ["0470/123456", "555 123 4567"]],
    ["one in words", "jane at mail dot example, please", ["jane at mail dot example"]],
    [
      "a number with long dashes",
      "Call +49 – 170 – 1234567 or 0170‑1234567",
      ["+49 – 170 – 1234567", "0170‑1234567"],
    ],
    ["numbers with dots", "555.123.4567, 06.12.34.56.78", ["555.123.4567", "06.12.34.56.78"]],
    ["a name in a chat", "I am @jane on Slack and @jane:matrix.org", ["@jane", "@jane:matrix.org"]],
    ["a name on a social network", "@jane@social.example knows", ["@jane@social.example"]],
    [
      "pages about one person",
      "linkedin.com/in/jane-doe and https://github.com/janedoe.",
      ["linkedin.com/in/jane-doe", "https://github.com/janedoe"],
    ],
  ])("%s is marked", (_what, text, found) => {
    expect(marked(text)).toEqual(found);
  });

  test.each([
    "Does 4.18.0-553 still work with oVirt 4.5.6.1?",
    "On 2014-04-15 10:11 the host 192.168.100.200 died",
    "We have 40 hosts and 1500 VMs with 64 GB each",
    "Port 8080 or 8443, and 1024x768?",
    "See https://github.com/oVirt/ovirt-engine/issues/1234 and https://docs.example.org/in/depth",
    "What does @ mean in crontab, and 5 @ 10?",
    "LUN 3600140512345678 is gone",
    "See linux.com/learn and netflix.com/jobs",
    "I looked at it and dot files are gone",
    "Error 0x80070057 at 12:34:56",
  ])("“%s” tells nobody's name", (text) => {
    expect(marked(text)).toEqual([]);
  });

  test("what is known of the visitor is found however it is written", () => {
    expect(marked("ZOE@Visitor.Example asked. Zoë of acme inc. said: DYK!", [ZOE])).toEqual([
      "ZOE@Visitor.Example",
      "Zoë",
      "acme inc.",
      "DYK",
    ]);
    expect(marked(`${"Zoë".normalize("NFD")} was here`, [ZOE])).toEqual(["Zoë".normalize("NFD")]);
    // Within other words it is another word.
    expect(marked("Dykes and zoo, macmes", [ZOE])).toEqual([]);
  });

  test("a name is found without its accents, by one of two that a hyphen joins, and where nothing parts words", () => {
    const named = (text: string, name: string) => marked(text, [{ ...NOBODY, name }]);
    expect(named("Frau Muller und Zoe", "Zoë Dyk-Müller")).toEqual(["Muller", "Zoe"]);
    expect(named("Zoë Dyk kam", "Zoe Dyk")).toEqual(["Zoë Dyk"]);
    expect(named("Bo and Li asked about an API", "Bo Li-An")).toEqual(["Bo", "Li"]);
    expect(named("王小明问的", "王小明")).toEqual(["王小明"]);
  });

  test("what a visitor left to be reached by is told from the rest, also a number without its country", () => {
    expect(
      detailsIn(
        "0470 12 34 56, zoe@visitor.example, @zoe:matrix.example, zoe.example, Zoë, bob@other.example",
        [ZOE],
      ),
    ).toEqual(["0470 12 34 56", "zoe@visitor.example", "@zoe:matrix.example", "zoe.example"]);
  });

  /** Text as people type it, with what they could leave of themselves in between. */
  const typed = fc
    .array(
      fc.oneof(
        fc.string({ unit: "grapheme" }),
        fc.constantFrom(" ", "\n", "@", "Zoë", "zoe@visitor.example", "+32 470 12 34 56", "(", "."),
      ),
    )
    .map((pieces) => pieces.join(""));

  test("the segments put together are the text, and neighbours differ", () => {
    fc.assert(
      fc.property(typed, (text) => {
        const segments = markPersonal(text, [ZOE]);
        expect(segments.map((segment) => segment.text).join("")).toBe(text);
        segments.forEach((segment, index) => {
          expect(segment.text).not.toBe("");
          expect(segment.is).not.toBe(segments[index + 1]?.is);
        });
      }),
      { numRuns: 500 },
    );
  });

  test("wherever somebody's mail address stands as a word of its own, nothing of it is left", () => {
    const words = fc.array(fc.stringMatching(/^[a-zäöü0-9]{1,8}[.,!?]?$/), { maxLength: 6 });
    fc.assert(
      fc.property(fc.emailAddress(), words, words, (email, before, after) => {
        const text = [...before, email, ...after].join(" ");
        expect(withoutPersonal(text, [{ ...NOBODY, email }])).not.toContain(email);
        expect(withoutPersonal(text, [{ ...NOBODY, email }], "details")).not.toContain(email);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    "1 ".repeat(10_000),
    "a.".repeat(10_000),
    "@a".repeat(10_000),
    `a@${"b.".repeat(10_000)}`,
    "(at".repeat(5000),
  ])("what is typed to keep the program busy does not", (text) => {
    const segments = markPersonal(text, [ZOE]);
    expect(segments.map((segment) => segment.text).join("")).toBe(text);
  });
});

const nobody = { name: null, email: null, phone: null, handle: null };
const zoe = {
  ...nobody,
  name: "Zoë Müller",
  email: "zoe@visitor.example",
  phone: "+49 30 1234",
  handle: "@zoe",
};
const will = { ...nobody, name: "Will Rose" };

describe("an answer that everybody with the code reads", () => {
  test.each([
    ["Dear Zoë Müller, it does.", "Dear …, it does."],
    ["Zoë: it does.", "…: it does."],
    ["Hallo Frau Müller!\nJa.", "Hallo Frau …!\nJa."],
    ["We wrote to zoe@visitor.example and ZOE@VISITOR.EXAMPLE.", "We wrote to … and …."],
    ["Call +49 30 1234 or @zoe.", "Call … or …."],
    ["zoë  müller asked this.", "… asked this."],
  ])("leaves out who asked: %s", (text, shown) => {
    expect(withoutPersonal(text, [nobody, zoe], "known")).toBe(shown);
  });

  test("leaves out everybody who asked the same", () => {
    expect(withoutPersonal("Zoë Müller and Will Rose asked.", [zoe, will], "known")).toBe("… and … asked.");
  });

  test("keeps words that are names too, where nobody is addressed", () => {
    const text = "It will work. A rose is a rose; see https://will.example/rose.";
    expect(withoutPersonal(text, [will], "known")).toBe(text);
    expect(withoutPersonal("Will, it works.", [will], "known")).toBe("…, it works.");
  });

  test("keeps parts of longer words, and brackets in names are no pattern", () => {
    const bob = { ...nobody, name: "Bob (Jr.)", handle: "a+b*" };
    expect(withoutPersonal("Bobbin, Bob (Jr.), a+b*, aab", [bob], "known")).toBe("Bobbin, …, …, aab");
  });
});
