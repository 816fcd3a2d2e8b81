import { readFileSync } from "node:fs";
import path from "node:path";
import { MESSAGES, SAID_BY_LAPTOP, sayIn } from "../../src/http/languages";
import { LOOKS } from "../../src/http/looks";
import { LANGUAGES, type Language } from "../../src/languages/say";
import { STATIONS } from "../../src/questions/slips/rules";
import { CATEGORIES, PURPOSES } from "../../src/visits/form";
import { keysIn, textsOf } from "../support/words";

const CODES = Object.keys(LANGUAGES) as Language[];
const OTHERS = CODES.filter((code) => code !== "en");
const { en } = MESSAGES;

const PLURAL = /_(zero|one|two|few|many|other)$/;
/** Keys as the program says them: without the endings of plurals. */
const ROOTS = [...new Set(Object.keys(en).map((key) => key.replace(PLURAL, "")))];
const PLURALS = ROOTS.filter((root) => `${root}_other` in en);
const PREFIXES = [...new Set(ROOTS.map((root) => root.split(".")[0] as string))];

const TEXTS = { ...textsOf("src", ".ts"), ...textsOf("views", ".ejs") };
const USED = Object.values(TEXTS).map((text) => keysIn(text, PREFIXES));

const LISTS = ["booths", "projects", "platforms", "topics", "remarks", "giveaways"];
const CONTACT = ["name", "organization", "role", "email", "phone", "handle", "website", "badge", "note"];
const KINDS = [
  "malformed",
  "sign-in",
  "ended",
  "forbidden",
  "missing",
  "conflict",
  "gone",
  "too-large",
  "unreadable",
  "invalid",
  "too-many",
  "unavailable",
];
/** What is filled into a key where it is put together: each pattern of the program, with all that it can become. */
const FILLED_IN: Record<string, readonly (string | number)[]> = {
  "category.*": CATEGORIES,
  "capture.about-*": CATEGORIES,
  "capture.*-at": ["logged", "saved", "back", "visit"],
  "problem.not-in-*": LISTS,
  "refused.title-*": KINDS,
  "settings.look-*": LOOKS,
  "standing.*": ["blocked", "full", "lost", "no-network", "out-of-reach", "laptop-trouble"],
  "trouble.*": ["full", "read-only", "damaged", "gone", "busy", "failing", "away"],
  "visitor.station-*": STATIONS,
  "visit.contact-*": CONTACT,
  "visit.consent-*": PURPOSES,
  "visit.interest-*": [1, 2, 3],
};
const FILLED = Object.entries(FILLED_IN).flatMap(([pattern, all]) =>
  all.map((each) => pattern.replace("*", String(each))),
);

/** Words that are the same as in English, because the language writes them so. */
const SAME: Partial<Record<Language, string[]>> = {
  de: [
    "ask.name",
    "sign-in.passphrase",
    "trust.android",
    "trust.laptop",
    "visit.contact-name",
    "visit.contact-website",
  ],
  fr: [
    "ask.email",
    "trust.android",
    "visit.contact-email",
    "visit.conversation",
    "visit.note",
    "visitor.mail-subject",
  ],
  es: ["trust.android"],
  pt: ["ask.email", "trust.android", "trust.laptop", "visit.contact-email"],
  ja: ["trust.android"],
};

const placeholders = (text: string) =>
  [...text.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, name]) => name).sort();

describe("the program and the English messages", () => {
  test("every message that the program says is there", () => {
    const said = [...USED.flatMap(({ keys }) => keys), ...FILLED];
    expect([...new Set(said)].filter((key) => !ROOTS.includes(key))).toEqual([]);
  });

  test("a key that is put together is one of those that this test fills in, and each of those is put together somewhere", () => {
    const patterns = [...new Set(USED.flatMap((used) => used.patterns))].sort();
    expect(patterns).toEqual(Object.keys(FILLED_IN).sort());
  });

  test("every message is said somewhere", () => {
    const said = new Set([...USED.flatMap(({ keys }) => keys), ...FILLED]);
    expect(ROOTS.filter((root) => !said.has(root))).toEqual([]);
  });

  test("the tablet's code is given every message that it says", () => {
    const tablet = Object.entries(TEXTS)
      .filter(([file]) => file.startsWith("src/tablet/"))
      .map(([, text]) => keysIn(text, PREFIXES));
    const said = tablet.flatMap(({ keys, patterns }) => [...keys, ...patterns]);
    expect(said.length).toBeGreaterThan(50);
    expect(said.filter((key) => SAID_BY_LAPTOP.test(key))).toEqual([]);
  });
});

describe.each(CODES)("messages: %s", (code) => {
  const messages = MESSAGES[code];
  const forms = new Intl.PluralRules(code).resolvedOptions().pluralCategories;

  test("has exactly the keys that it needs, with every plural form of the language", () => {
    const needed = ROOTS.flatMap((root) =>
      PLURALS.includes(root) ? forms.map((form) => `${root}_${form}`) : [root],
    );
    expect(Object.keys(messages).sort()).toEqual(needed.sort());
  });

  test("says something for each, and fills in what English fills in", () => {
    const wrong = Object.entries(messages).filter(([key, text]) => {
      const form = key.endsWith("_one") ? "_one" : "_other";
      const english = en[key] ?? en[key.replace(PLURAL, form)] ?? "";
      return text.trim() === "" || placeholders(text).join() !== placeholders(english).join();
    });
    expect(wrong).toEqual([]);
  });

  test("is sorted, so that two files can be read side by side", () => {
    const file = path.join(__dirname, `../../src/languages/${code}.json`);
    expect(readFileSync(file, "utf8")).toBe(
      `${JSON.stringify(Object.fromEntries(Object.entries(messages).sort(([a], [b]) => (a < b ? -1 : 1))), null, 2)}\n`,
    );
  });

  test("chooses the plural by the rules of the language", () => {
    const words = [0, 1, 2, 5, 1_000_000].map((count) => sayIn(code)("standing.on-the-way", { count }));
    for (const [index, count] of [0, 1, 2, 5, 1_000_000].entries()) {
      expect(words[index]).toContain(String(count));
      expect(words[index]).toBe(
        messages[`standing.on-the-way_${new Intl.PluralRules(code).select(count)}`]?.replace(
          "{{count}}",
          String(count),
        ),
      );
    }
  });
});

test.each(OTHERS)("%s is no copy of English, but for words that are the same in both", (code) => {
  const same = Object.entries(MESSAGES[code])
    .filter(([key, text]) => text === en[key] && /\p{L}{2,}/u.test(text.replace(/\{\{\w+\}\}/g, "")))
    .map(([key]) => key);
  expect(same.sort()).toEqual([...(SAME[code] ?? [])].sort());
});

describe("say", () => {
  test("leaves a sentence that is no key alone, whatever brackets it has", () => {
    const sentence = "Somebody typed {{count}} and $t(category.new): is that right?";
    expect(sayIn("de")(sentence as never, { count: 3 })).toBe(sentence);
  });

  test("does not say what somebody typed as if it were a message", () => {
    expect(sayIn("de")("pairing.again", { name: "$t(category.new) {{name}}" })).toContain(
      "$t(category.new) {{name}}",
    );
  });
});
