import { sayIn } from "../../../src/http/languages";
import { LANGUAGES, type Language, sayInEnglish } from "../../../src/languages/say";
import {
  excerpt,
  letterToExpert,
  letterToVisitor,
  mailtoOf,
  type Recipient,
  reworded,
  standingInWords,
  type Told,
} from "../../../src/questions/letters/rules";
import { NOON } from "../../support/databases";
import { NOBODY, ZOE } from "../../support/people";
import fc from "../../support/properties";

const KAI: Recipient = {
  name: "Kai",
  kind: "person",
  address: "kai@experts.example",
  webhook: "",
  time_zone: "Europe/Brussels",
  isPublic: false,
  link: undefined,
};
const LIST: Recipient = { ...KAI, name: "The list", kind: "mailing-list", isPublic: true };

function aQuestion(given: Partial<Told> & { asker?: Partial<Told["askers"][number]> } = {}): Told {
  const { asker, ...told } = given;
  return {
    id: "q",
    at: NOON,
    isByProgram: false,
    askers: [
      {
        questionId: "q",
        text: "Which disk? Ask zoe@visitor.example",
        note: "Zoë has forty hosts, call +32 470 12 34 56",
        contact: ZOE,
        mayBeWrittenTo: true,
        people: 1,
        ...asker,
      },
    ],
    category: "curious",
    topic: "Storage",
    project: "Lantern",
    platform: "VMware",
    askedAt: NOON,
    dueAt: Date.UTC(2024, 1, 6, 23),
    answer: null,
    event: { name: "Winter Camp", venue: "Brussels", time_zone: "Europe/Brussels" },
    ...told,
  };
}
const toExpert = (
  expert: Recipient,
  questions: Told[],
  kind: "routing" | "digest" | "time-out" = "routing",
) => letterToExpert(kind, expert, questions, { follows: undefined, now: NOON });
/** Everything of a letter that somebody could read. */
const whole = ({ subject, text, html }: ReturnType<typeof toExpert>) => [subject, text, html].join("\n");

describe("a letter to a person", () => {
  test("has the question with all that helps to answer it, and the contact of who agreed", () => {
    expect(toExpert({ ...KAI, link: "https://booth.example/x/abc" }, [aQuestion()]).text).toBe(`Hello Kai,

a visitor of the booth at Winter Camp asked what you know best:

Which disk? Ask zoe@visitor.example

  Topic: Storage
  Project: Lantern
  Coming from: VMware
  The visitor: knew of it
  Note: Zoë has forty hosts, call +32 470 12 34 56
  Asked: 3 Feb, 12:00, Winter Camp, Brussels
  May be written to: Zoë van Dyk, Engineer, ACME Inc., zoe@visitor.example, +32 470 12 34 56, @zoe:matrix.example, https://zoe.example/
  Please answer by: Tue 6 Feb 2024

Answer, pass on or give back, on your own page:
https://booth.example/x/abc

The link is for you alone: please do not forward it. You can also just reply to this message.

Thank you for helping out.

The booth team of Winter Camp
`);
  });

  test("has nothing of who did not agree, neither beside the question nor in what was said", () => {
    const letter = whole(toExpert(KAI, [aQuestion({ asker: { mayBeWrittenTo: false } })]));
    for (const value of ["Zoë", "Dyk", "zoe@", "470", "matrix.example", "ACME", "May be written to"]) {
      expect(letter).not.toContain(value);
    }
    expect(letter).toContain("has forty hosts, call …");
  });

  test("of several who asked the same, only those who agreed are named", () => {
    const [zoe] = aQuestion().askers;
    const bob = {
      ...NOBODY,
      name: "Bob Stone",
      email: "bob@other.example",
    };
    const told = aQuestion({
      askers: [
        zoe as Told["askers"][number],
        {
          questionId: "r",
          text: "Which disks? bob@other.example",
          note: null,
          contact: bob,
          mayBeWrittenTo: false,
          people: 1,
        },
      ],
    });
    const letter = whole(toExpert(KAI, [told]));
    expect(letter).toContain("Asked by: 2 visitors");
    expect(letter).toContain("In other words: Which disks? …");
    expect(letter).toContain("zoe@visitor.example");
    expect(letter).not.toContain("bob@other.example");
    expect(letter).not.toContain("Bob");
  });

  test("its subject, which more people see than the letter, names nobody", () => {
    expect(toExpert(KAI, [aQuestion()]).subject).toBe(
      "[Winter Camp] Question about Storage: Which disk? Ask …",
    );
  });

  test("without a link asks for a reply; by time-out asks for nothing", () => {
    expect(toExpert(KAI, [aQuestion()]).text).toContain("Just reply to this message");
    const late = toExpert({ ...KAI, link: "https://booth.example/x/abc" }, [aQuestion()], "time-out");
    expect(late.text).toContain("You need not do anything.");
    expect(late.text).toContain("you can still answer on your own page:\nhttps://booth.example/x/abc");
    expect(late.text).not.toContain("Please answer by");
    expect(late).toMatchObject({
      subject: "[Winter Camp] A question about Storage went back to the organizers",
      isAutomatic: true,
    });
  });

  test("says that the program writes where it decided by itself, and only there", () => {
    expect(toExpert(KAI, [aQuestion()]).isAutomatic).toBe(false);
    expect(toExpert(KAI, [aQuestion({ isByProgram: true })]).isAutomatic).toBe(true);
    expect(toExpert(LIST, [aQuestion({ isByProgram: true })]).isAutomatic).toBe(false);
  });

  test("several questions are counted, those of two events come from no single one", () => {
    const other = { name: "Summer Camp", venue: "", time_zone: "UTC" };
    const letter = toExpert(KAI, [aQuestion(), aQuestion({ id: "r", event: other })], "digest");
    expect(letter).toMatchObject({ subject: "2 questions are with you", from: "Booth" });
    expect(letter.text).toMatch(/1\. Which disk[\s\S]+2\. Which disk/);
  });
});

describe("a letter to a public place", () => {
  test("has neither contact nor note nor link, whatever the visitor agreed to", () => {
    const letter = whole(toExpert({ ...LIST, link: undefined }, [aQuestion()]));
    for (const value of ["Zoë", "zoe@", "470", "ACME", "forty hosts", "Please answer by", "/x/"]) {
      expect(letter).not.toContain(value);
    }
    expect(letter).toContain("Which disk? Ask …");
    expect(letter).toContain("Topic: Storage");
  });
});

describe("markup", () => {
  const hostile = `<script>alert(1)</script><img src=x onerror=y> "quoted" & https://ok.example/?a=1&b=2`;

  test("of what people typed is text, and only web addresses are links", () => {
    const told = aQuestion({ topic: hostile, asker: { text: hostile, note: hostile, contact: undefined } });
    const { html } = toExpert({ ...KAI, name: hostile, link: "https://booth.example/x/abc" }, [told]);
    expect(html).not.toMatch(/<script|<img/);
    expect(html).toContain('<a href="https://ok.example/?a=1&amp;b=2">');
    expect(
      [...html.matchAll(/href="([^"]+)"/g)].every(([, address]) => /^https:/.test(address as string)),
    ).toBe(true);
  });

  test("of an answer is Markdown without markup of its own, scripts or pictures", () => {
    const told = aQuestion({
      answer:
        "Yes, **since 4.1**: [here](https://docs.example/a) [not](javascript:alert) ![p](https://spy.example/p.png) <b>x</b>",
    });
    const letter = letterToVisitor(
      told as Told & { answer: string },
      told.askers[0] as Told["askers"][number],
      {
        say: sayInEnglish,
        language: "en",
        slip: undefined,
        follows: undefined,
      },
    );
    expect(letter.html).toContain("<strong>since 4.1</strong>");
    expect(letter.html).toContain('href="https://docs.example/a"');
    expect(letter.html).not.toMatch(/<img|javascript:alert"|<b>x/);
    expect(letter.text).toContain("Yes, **since 4.1**");
  });

  test("of the organizer's own words is text as well", () => {
    const letter = reworded(toExpert(LIST, [aQuestion()]), "Hello <b>all</b>,\n\nsee https://ok.example/.");
    expect(letter.text).toBe("Hello <b>all</b>,\n\nsee https://ok.example/.\n");
    expect(letter.html).toContain("<p>Hello &lt;b&gt;all&lt;/b&gt;,</p>");
    expect(letter.html).toContain('<a href="https://ok.example/">https://ok.example/</a>.</p>');
  });
});

test.each(Object.keys(LANGUAGES) as Language[])("an answer goes to the visitor in %s", (language) => {
  const told = aQuestion({ answer: "Any." });
  const letter = letterToVisitor(
    told as Told & { answer: string },
    told.askers[0] as Told["askers"][number],
    {
      say: sayIn(language),
      language,
      slip: "https://booth.example/s/ABCD",
      follows: undefined,
    },
  );
  expect(letter).toMatchObject({
    language,
    to: { name: "Zoë van Dyk", address: "zoe@visitor.example" },
    isAutomatic: false,
  });
  for (const words of ["Winter Camp", "> Which disk?", "Any.", "https://booth.example/s/ABCD"]) {
    expect(letter.text).toContain(words);
  }
  expect(whole(letter)).not.toMatch(/letter\.|\{\{/);
  expect(letter.html).toContain(`<html lang="${language}">`);
});

test("an excerpt ends at a word, in one line, and tears no character apart", () => {
  expect(excerpt("One\ntwo   three", 40)).toBe("One two three");
  expect(excerpt("The quick brown fox jumps", 20)).toBe("The quick brown…");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 100 }), (text) => {
      const short = excerpt(text, 20);
      expect(short.length).toBeLessThanOrEqual(20);
      expect(() => encodeURIComponent(short)).not.toThrow();
      expect(short).not.toMatch(/[\r\n]/);
    }),
  );
});

test("a mailto address that mail programs would cut off is none", () => {
  const letter = toExpert(KAI, [aQuestion()]);
  expect(mailtoOf(letter)).toMatch(/^mailto:kai@experts\.example\?subject=/);
  expect(mailtoOf({ ...letter, text: "x".repeat(3000) })).toBeUndefined();
  expect(mailtoOf({ ...letter, to: { ...letter.to, address: "" } })).toBeUndefined();
  expect(mailtoOf({ ...letter, to: { ...letter.to, address: "a?bcc=eve@evil.example" } })).toContain(
    "mailto:a%3Fbcc%3Deve@",
  );
});

test("how a message stands is said in a sentence", () => {
  const message = {
    state: "waiting" as const,
    via: "mail" as const,
    created_at: NOON,
    due_at: NOON + 60_000,
    attempts: 0,
    tried_at: null,
    delivered_at: null,
    problem: null,
  };
  const say = (given: Partial<Parameters<typeof standingInWords>[0]>, canGo = true) =>
    standingInWords({ ...message, ...given }, { zone: "Europe/Brussels", now: NOON, canGo, isPublic: false });
  expect(say({})).toBe("It goes at 12:01, so that the step can still be taken back until then.");
  expect(say({ due_at: NOON })).toBe("It goes within seconds.");
  expect(say({}, false)).toBe("It waits until its way is open, or for your hand.");
  expect(say({ attempts: 2, tried_at: NOON, problem: "Away." })).toBe(
    "Tried 2 times, last at 12:00. Away. Next try at 12:01.",
  );
  expect(say({ state: "failed", problem: "No such mailbox." })).toBe("It did not arrive. No such mailbox.");
});
