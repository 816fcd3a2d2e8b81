import {
  inJson,
  inQuery,
  isMentioned,
  keysOf,
  keysOfPerson,
  type Person,
  patternsOf,
  piecesOf,
  withoutPeople,
} from "../../src/privacy/mentions/rules";
import { fold } from "../../src/visits/rules";
import fc from "../support/properties";

const ZOE: Person = {
  name: "Zoë van den Berg-Li",
  organization: "Town Library",
  email: "zoe.berg@visitor.example",
  phone: "+32 (0)555 0100 22",
  handle: "@zoe@social.example",
  website: "https://library.visitor.example/zoe/",
  badge: "A-0417",
};

describe("somebody is found in a text", () => {
  test.each([
    ["by their whole name", "Ask Zoë van den Berg-Li about it.", "Ask … about it."],
    ["without accents, in capitals", "ASK ZOE VAN DEN BERG-LI!", "ASK …!"],
    ["with accents as characters of their own", "Ask Zoe\u0308 van den Berg-Li.", "Ask …."],
    ["as lists have it", "Berg-Li, Zoë van den: asked twice", "…: asked twice"],
    ["by their mail address", "mail ZOE.BERG@visitor.example, please", "mail …, please"],
    ["by their number, however it is grouped", "call 0555/0100-22 at noon", "call … at noon"],
    ["by their name in a chat", "is @zoe@social.example there", "is … there"],
    [
      "by their page, with or without its beginning",
      "see library.visitor.example/zoe for more",
      "see … for more",
    ],
    ["by their badge", "badge A-0417 again", "badge … again"],
  ])("%s", (_, text, without) => {
    expect(withoutPeople(text, [ZOE], "sure")).toBe(without);
  });

  test("in scripts without blanks", () => {
    const taro = { name: "山田太郎" };
    expect(withoutPeople("昨日山田太郎さんが来ました。", [taro], "sure")).toBe("昨日…さんが来ました。");
    expect(withoutPeople("田太郎", [taro], "sure")).toBe("田太郎");
  });

  test("a part of a name is only maybe theirs, and a word that is a name too is neither", () => {
    const will = { name: "Will Rose" };
    const text = "I will send it. Will knows. A rose for Will Rose.";
    expect(withoutPeople(text, [will], "sure")).toBe("I will send it. Will knows. A rose for ….");
    expect(withoutPeople(text, [will], "maybe")).toBe("I will send it. … knows. A rose for ….");
    expect(isMentioned("I will, of course.", [will], "maybe")).toBe(false);
    expect(isMentioned("Willow and Rosemary", [will], "own")).toBe(false);
  });

  test("a name of one word is never certainly theirs", () => {
    expect(isMentioned("Ask Max", [{ name: "Max", handle: "max" }], "sure")).toBe(false);
    expect(isMentioned("Ask Max", [{ name: "Max" }], "maybe")).toBe(true);
    expect(withoutPeople("max asked", [{ name: "Max" }], "own")).toBe("… asked");
  });

  test("versions, dates and addresses of machines are no phone numbers", () => {
    const person = { phone: "2024" };
    const text = "Version 10.0.2024, on 2024-02-03, at 10.0.20.24";
    expect(withoutPeople(text, [person], "own")).toBe(text);
  });
});

const word = fc.stringMatching(/^[a-zäöüéñçøł]{2,9}$/);
const name = fc
  .tuple(word, word)
  .map((words) => words.map((each) => each.charAt(0).toUpperCase() + each.slice(1)).join(" "));
const person = fc.record({
  name,
  email: fc.tuple(word, word).map(([one, other]) => `${fold(one)}@${fold(other)}.example`),
  phone: fc.integer({ min: 10_000_000, max: 999_999_999 }).map((number) => `+49 ${number}`),
});
const prose = fc.array(fc.oneof(word, fc.constantFrom(",", ".", "—", "\n", "7.3", "🌱", "it’s")), {
  maxLength: 12,
});

const textWith = (before: string[], said: string, after: string[]) => [...before, said, ...after].join(" ");

test("whatever stands around it, what is certainly theirs goes, and nothing else changes", () => {
  fc.assert(
    fc.property(
      person,
      prose,
      prose,
      fc.constantFrom("name", "email", "phone"),
      (who, before, after, field) => {
        const text = textWith(before, who[field as "name"], after);
        const rest = withoutPeople(text, [who], "sure");
        expect(rest.includes(who[field as "name"])).toBe(false);
        expect(isMentioned(rest, [who], "sure")).toBe(false);
        // Twice is as once.
        expect(withoutPeople(rest, [who], "sure")).toBe(rest);
        const pieces = piecesOf(text, [who], "sure");
        expect(pieces.map((piece) => piece.text).join("")).toBe(text);
      },
    ),
    { numRuns: 60 },
  );
});

test("a text that has nothing of somebody stays as it is, to the letter", () => {
  fc.assert(
    fc.property(person, fc.string({ unit: "grapheme" }), (who, text) => {
      fc.pre(!isMentioned(text, [who], "own"));
      expect(withoutPeople(text, [who], "own")).toBe(text);
    }),
    { numRuns: 60 },
  );
});

/** As SQL's LIKE does. */
const isLike = (text: string, pattern: string) =>
  new RegExp(`^${pattern.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("%", ".*")}$`, "isu").test(text);

test("every text that mentions somebody is among those that are looked at for them", () => {
  fc.assert(
    fc.property(
      person,
      prose,
      prose,
      fc.constantFrom("name", "email", "phone"),
      fc.constantFrom("NFC", "NFD"),
      fc.boolean(),
      (who, before, after, field, form, isLoud) => {
        const said = (isLoud ? who[field as "name"].toUpperCase() : who[field as "name"]).normalize(form);
        const text = textWith(before, said, after);
        fc.pre(isMentioned(text, [who], "maybe"));
        expect(patternsOf([who]).some((pattern) => isLike(text, pattern))).toBe(true);
        expect(patternsOf([who], { folded: true }).some((pattern) => isLike(fold(text), pattern))).toBe(true);
        const keys = keysOf(text);
        expect([...keysOfPerson(who)].some((key) => keys.has(key))).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test("of JSON and of an address only the texts are changed, and it stays one", () => {
  const json = JSON.stringify({
    at: 1706958000000,
    answer: 'Ask "Zoë van den Berg-Li"',
    more: [{ n: null }],
  });
  const change = (text: string) => withoutPeople(text, [ZOE], "sure");
  expect(JSON.parse(inJson(json, change))).toEqual({
    at: 1706958000000,
    answer: 'Ask "…"',
    more: [{ n: null }],
  });
  expect(inJson("no JSON, Zoë van den Berg-Li", change)).toBe("no JSON, …");
  expect(inQuery("search=Zo%C3%AB+van+den+Berg-Li&state=open", change)).toBe("search=%E2%80%A6&state=open");
  expect(inQuery("search=a+b&state=open%20", change)).toBe("search=a+b&state=open%20");
});
