import MarkdownIt from "markdown-it";
import { uuidv7 } from "uuidv7";
import { eventBySlug } from "../../../src/events/store";
import { GROUPS } from "../../../src/reports/write-up/draft/rules";
import {
  keepText,
  keptTexts,
  keptWriteUp,
  publishWriteUp,
  reopenWriteUp,
  replaceText,
  saveWriteUp,
  writeUpOf,
} from "../../../src/reports/write-up/store";
import { aVisit, type Booth, openBooth } from "../../support/booth";
import { ENGINES, NOON } from "../../support/databases";
import fc from "../../support/properties";

const markdown = new MarkdownIt();
const NAUGHTY: string[] = require("big-list-of-naughty-strings");

let booth: Booth;
afterEach(() => booth.close());

const event = () => eventBySlug(booth.db.read, "winter-camp");
const FRONT = { title: "What we heard", author: "", date: "2024-02-04", tags: [], categories: [] };

async function save(seen: number, text: string, now = NOON): Promise<number> {
  const camp = await event();
  return booth.db.write((writer) => saveWriteUp(writer, camp, seen, { front: FRONT, text }, now));
}
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => "none",
    (error) => error.kind,
  );

describe.each(ENGINES)("on %s, the write-up", (engine) => {
  beforeEach(async () => {
    booth = await openBooth({ engine });
  });

  test("is the log's draft until somebody writes on it", async () => {
    await (await booth.tablet()).send(aVisit({ category: "new", platform: "vmware" }));
    const { kept, text, filled, front } = await writeUpOf(booth.db.read, await event());
    expect(kept).toBeUndefined();
    expect(front).toMatchObject({ title: "Winter Camp: what the booth heard", date: "2024-02-04" });
    expect(text.match(/^## .*$/gm)).toEqual(
      [
        "What happened",
        "Who came",
        "What they use",
        "What we heard",
        "What they asked",
        "What nobody could answer",
        "What went wrong",
        "Thanks",
        "Next time",
      ].map((heading) => `## ${heading}`),
    );
    expect(filled.text).toContain(
      "One conversation with one person on one day, at Brussels (2 – 4 Feb 2024).",
    );
    expect(filled.unknown).toEqual([]);
  });

  test("follows the log until it is published, and again when it was taken up", async () => {
    const tablet = await booth.tablet();
    await tablet.send(aVisit(), aVisit());
    const camp = await event();
    const shown = async () => (await writeUpOf(booth.db.read, camp)).filled.text;
    expect(await save(0, "We had [1](figure:visits) talks.")).toBe(1);
    expect(await shown()).toBe("We had 2 talks.\n");

    const { filled } = await writeUpOf(booth.db.read, camp);
    const published = { values: Object.fromEntries(filled.used), pictures: {} };
    await booth.db.write((writer) => publishWriteUp(writer, camp, 1, published, NOON));
    await tablet.send(aVisit());
    expect(await shown()).toBe("We had 2 talks.\n");
    expect((await writeUpOf(booth.db.read, camp)).text).toBe("We had [2](figure:visits) talks.");
    expect(await refusal(save(2, "Changed"))).toBe("conflict");

    await booth.db.write((writer) => reopenWriteUp(writer, camp));
    expect(await shown()).toBe("We had 3 talks.\n");
    expect(await save(3, "Changed")).toBe(4);
  });

  test("is saved by the window that saw the last version, and by no other", async () => {
    expect(await refusal(save(3, "From nowhere"))).toBe("conflict");
    expect(await Promise.all([save(0, "One"), refusal(save(0, "Two"))])).toEqual([1, "conflict"]);
    expect(await save(1, "Three")).toBe(2);
    expect(await refusal(save(1, "Four"))).toBe("conflict");
    // What is there already is no conflict, and no change.
    expect(await save(1, "Three")).toBe(2);
    expect((await keptWriteUp(booth.db.read, await event()))?.text).toBe("Three");
  });

  test("keeps the texts that others took the place of, each once, twenty at most", async () => {
    const camp = await event();
    const replace = (text: string, now: number) =>
      booth.db.write((writer) => replaceText(writer, camp, text, { reason: "replaced", now }));
    await save(0, "Text 0");
    for (let index = 1; index <= 25; index++) await replace(`Text ${index}`, NOON + index);
    await replace("Text 24", NOON + 26);
    await replace("Text 25", NOON + 27);
    const texts = (await keptTexts(booth.db.read, camp)).map(({ text }) => text);
    expect(texts).toHaveLength(20);
    expect(texts.slice(0, 3)).toEqual(["Text 24", "Text 25", "Text 23"]);
    expect((await keptWriteUp(booth.db.read, camp))?.text).toBe("Text 25");
    await booth.db.write((writer) =>
      keepText(writer, camp, "Text 23", { reason: "conflict", now: NOON + 28 }),
    );
    expect((await keptTexts(booth.db.read, camp))[0]).toMatchObject({ text: "Text 23", reason: "conflict" });
  });

  test("quotes questions without what tells who asked; one that is erased is quoted no more", async () => {
    const visit = aVisit({
      note: "Zoë Dyk of Acme wants slides",
      contact: {
        name: "Zoë Dyk",
        organization: "Acme",
        email: "zoe@visitor.example",
        consent: ["follow-up"],
      },
      questions: [{ id: uuidv7(), text: "Zoë here: does Acme need a licence? Mail zoe@visitor.example" }],
    });
    await (await booth.tablet()).send(visit);
    const id = visit.questions?.[0]?.id as string;
    await save(0, `> [x](quote:${id})\n\n> [y](quote:${visit.id})\n\nEnd.`);
    const shown = async () => (await writeUpOf(booth.db.read, await event())).filled.text;
    expect(await shown()).toBe(
      "> “… here: does … need a licence? Mail …”\n\n> “… of … wants slides”\n\nEnd.\n",
    );
    await booth.db.write((writer) =>
      writer.updateTable("visits").set({ deleted_at: NOON }).where("id", "=", visit.id).execute(),
    );
    await booth.db.write((writer) =>
      writer.updateTable("questions").set({ hidden: 1 }).where("id", "=", id).execute(),
    );
    expect(await shown()).toBe("End.\n");
  });
});

describe("the draft", () => {
  beforeEach(async () => {
    booth = await openBooth();
  });

  test("holds no contact detail of anybody, whatever visitors leave and ask", async () => {
    const tablet = await booth.tablet();
    const word = fc.stringMatching(/^[A-Z][a-zäöü]{4,9}q[xz]$/);
    const contact = fc.record({
      name: fc.tuple(word, word).map((parts) => parts.join(" ")),
      organization: word,
      email: fc.tuple(word, word).map(([a, b]) => `${a}@${b}.example`.toLowerCase()),
      phone: fc.stringMatching(/^\+[1-9]\d{9,12}$/),
      handle: word.map((name) => `@${name.toLowerCase()}`),
      website: word.map((name) => `https://${name.toLowerCase()}.example`),
      badge: fc.stringMatching(/^B-[1-9]\d{5}$/),
    });
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom("name", "organization", "email", "phone", "handle", "website", "badge"),
        fc.constantFrom(...NAUGHTY.filter((each) => each.length < 60)).map((text) => ({ text })),
      ),
      { minLength: 1, maxLength: 6 },
    );
    const left: string[] = [];
    await fc.assert(
      fc.asyncProperty(contact, pieces, async (details, parts) => {
        const text = parts
          .map((part) => (typeof part === "string" ? details[part as keyof typeof details] : part.text))
          .join(" ");
        const question = () => ({ id: uuidv7(), text: `Is ${text} right?` });
        // Asked twice, it is among the questions asked most.
        const [first, again] = [question(), question()];
        await tablet.send(
          aVisit({ note: text, contact: { ...details, consent: [] }, questions: [first, again] }),
        );
        left.push(...Object.values(details), ...details.name.split(" "));
        const { filled, offers } = await writeUpOf(booth.db.read, await event());
        const all = [filled.text, ...offers.map(({ value }) => value)].join("\n").toLowerCase();
        expect(left.filter((each) => all.includes(each.toLowerCase()))).toEqual([]);
        // Whatever it is, it is a line of text in quotation marks.
        const quotes = offers.filter(({ target }) => target.startsWith("quote:"));
        expect(quotes.length).toBeGreaterThan(0);
        for (const { value } of quotes) {
          const [open, inline, close, ...more] = markdown.parse(value, {});
          expect([open?.type, close?.type, more]).toEqual(["paragraph_open", "paragraph_close", []]);
          expect(inline?.children?.filter(({ type }) => !/^text/.test(type))).toEqual([]);
          expect(value).toMatch(/^“.*”$/);
        }
      }),
      { numRuns: 40 },
    );
    expect(left.length).toBeGreaterThan(100);
  });

  test("offers all that it links, in groups, each under a target of its own", async () => {
    const { offers, filled } = await writeUpOf(booth.db.read, await event());
    const targets = offers.map(({ target }) => target);
    expect(new Set(targets).size).toBe(targets.length);
    expect([...filled.used.keys()].filter((target) => !targets.includes(target))).toEqual([]);
    expect(offers.filter(({ group, label }) => !GROUPS.includes(group) || label === "")).toEqual([]);
  });
});
