import { uuidv7 } from "uuidv7";
import { listsOf } from "../../src/catalog/store";
import { eventBySlug } from "../../src/events/store";
import { type FigureFilters, narrowFigures } from "../../src/reports/rules";
import { gapsOf, type Note, notesByRemark } from "../../src/reports/voices/rules";
import { quotesOf, unansweredOf, wordsOfQuestions } from "../../src/reports/voices/store";
import { deleteVisit } from "../../src/visits/store";
import { addAnswerer, step } from "../support/asking";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { ENGINES, NOON } from "../support/databases";

const note = (text: string, ...remarks: string[]): Note => ({
  visitId: text,
  text,
  category: "new",
  day: "2024-02-03",
  remarks,
});

describe("notes that speak for remarks", () => {
  const texts = (notes: Note[], ...remarks: string[]) =>
    [...notesByRemark(notes, remarks)].map(([remark, own]) => [remark, ...own.map(({ text }) => text)]);

  test("stand under one remark, two at most, and not twice in the same words", () => {
    const notes = [
      note("Tried it last night at home", "easier"),
      note("TRIED  it last night\nat home", "easier"),
      note("Has it at the school lab", "easier", "free"),
      note("Had it running in minutes", "easier"),
      note("Wants to show it around", "easier"),
    ];
    expect(texts(notes, "easier", "free")).toEqual([
      ["easier", "Tried it last night at home", "Had it running in minutes"],
      ["free", "Has it at the school lab"],
    ]);
  });

  test("read like words that somebody said", () => {
    const notes = ["=HYPERLINK(1) of a joker", "ok", "Two words", "«Enfin, sans greffon» a-t-il dit"];
    expect(
      texts(
        notes.map((text) => note(text, "easier")),
        "easier",
      ),
    ).toEqual([["easier", "«Enfin, sans greffon» a-t-il dit"]]);
  });
});

test("topics that nobody answers on come first, then those with most questions left, what has none last", () => {
  const asked = { "(none)": 9, storage: 5, upgrade: 4, networking: 2, backup: 1 };
  const open = { "(none)": 9, storage: 1, upgrade: 4, networking: 0, backup: 0 };
  const waiting = { id: "q", text: "How?", topic: "upgrade", cameBack: true };
  const gaps = gapsOf({ asked, open, covered: ["storage", "upgrade", "backup"] }, [waiting]);
  expect(gaps.map(({ topic, isCovered, questions }) => [topic, isCovered, questions.length])).toEqual([
    ["networking", false, 0],
    ["upgrade", true, 1],
    ["storage", true, 0],
    ["(none)", true, 0],
  ]);
});

describe.each(ENGINES)("what visitors said on %s", (engine) => {
  let booth: Booth;
  beforeEach(async () => {
    booth = await openBooth({ engine });
  });
  afterEach(() => booth.close());

  async function look(filters: FigureFilters = {}) {
    const { read } = booth.db;
    const event = await eventBySlug(read, "winter-camp");
    const lists = await listsOf(read, event.id);
    const narrowed = narrowFigures(filters, lists);
    const quotes = await quotesOf(read, event, { narrowed, lists, remarks: ["easier-install"] });
    return {
      quotes: quotes.get("easier-install")?.map(({ text }) => text),
      open: (await unansweredOf(read, event, narrowed)).map(({ text, topic, cameBack }) =>
        [topic, text, cameBack ? "came back" : ""].join(" ").trim(),
      ),
    };
  }

  test("is quoted without who said it, narrowed down as the report is, and never out of the bin", async () => {
    const remarks = ["easier-install"];
    const binned = aVisit({ remarks, note: "Said in the bin, twice" });
    await (await booth.tablet()).send(
      aVisit({
        remarks,
        project: "lantern",
        booth: "hall",
        happenedAt: "2024-02-03T10:00:00Z",
        note: "Grace Private will call +32 2 555 01 99 again",
        contact: { name: "Grace Private", consent: [] },
        questions: [{ text: "Can grace@visitor.example be told?", topic: "storage" }],
      }),
      aVisit({
        remarks,
        category: "existing",
        happenedAt: "2024-02-02T12:00:00Z",
        note: "Uses it at the school",
        questions: [{ text: "How long does it take?" }],
      }),
      aVisit({ note: "Nothing was heard again here", questions: [{ text: "Why not?", topic: "storage" }] }),
      binned,
    );
    await booth.db.write((writer) => deleteVisit(writer, binned.id, "organizer", NOON));

    expect(await look()).toEqual({
      quotes: ["… will call … again", "Uses it at the school"],
      open: ["(none) How long does it take?", "storage Can … be told?", "storage Why not?"],
    });
    const school = {
      quotes: ["Uses it at the school"],
      open: ["(none) How long does it take?"],
    };
    expect(await look({ day: "2024-02-02" })).toEqual(school);
    expect(await look({ category: "existing" })).toEqual(school);
    expect(await look({ project: "(none)", booth: "(none)" })).toEqual({
      ...school,
      open: [...school.open, "storage Why not?"],
    });
    expect(await look({ booth: "hall" })).toEqual({
      quotes: ["… will call … again"],
      open: ["storage Can … be told?"],
    });
    expect(await look({ project: "wick" })).toEqual({ quotes: [], open: [] });
  });

  test("and asked: what came back stands before what waits longer, and the same stands once", async () => {
    const [id, ...same] = [uuidv7(), uuidv7(), uuidv7()];
    await (await booth.tablet()).send(
      ...same.map((each) =>
        aVisit({
          happenedAt: "2024-02-02T12:00:00Z",
          questions: [{ id: each, text: "How many disks does a pool take?" }],
        }),
      ),
      aVisit({ questions: [{ id, text: "Does it run on a laptop?" }] }),
    );
    await booth.db.write((writer) =>
      writer.updateTable("questions").set({ likeness: "disks" }).where("id", "in", same).execute(),
    );
    const expertId = await addAnswerer(booth);
    await step(booth, id, "routed", { expertId });
    await step(booth, id, "given back", {});
    expect((await look()).open).toEqual([
      "(none) Does it run on a laptop? came back",
      "(none) How many disks does a pool take?",
    ]);
    const event = await eventBySlug(booth.db.read, "winter-camp");
    expect([...(await wordsOfQuestions(booth.db.read, event, [id])).values()]).toEqual([
      "Does it run on a laptop?",
    ]);
    expect((await wordsOfQuestions(booth.db.read, event, [])).size).toBe(0);
  });
});
