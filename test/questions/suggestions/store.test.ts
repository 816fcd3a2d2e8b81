import { uuidv7 } from "uuidv7";
import { addExpert } from "../../../src/experts/store";
import type { Step, Taker } from "../../../src/questions/rules";
import { takeStep } from "../../../src/questions/steps/store";
import { questionById } from "../../../src/questions/store";
import { loadSubjects, type Suggester, suggester } from "../../../src/questions/suggestions/store";
import { aVisit, type Booth, openBooth, type Tablet } from "../../support/booth";
import { ENGINES, NOON } from "../../support/databases";

const THE_ORGANIZER: Taker = { kind: "organizer", name: "organizer" };

describe.each(ENGINES)("suggestions on %s", (engine) => {
  let booth: Booth;
  let tablet: Tablet;
  let suggestions: Suggester;
  let kai: string;
  let lou: string;
  beforeEach(async () => {
    booth = await openBooth({ engine });
    tablet = await booth.tablet("Ada");
    suggestions = suggester(() => []);
    const expert = (name: string, topics: string[]) =>
      booth.db.write((writer) =>
        addExpert(writer, { name, kind: "person", address: "", topics, hidden: false }, NOON),
      );
    kai = await expert("Kai", ["storage"]);
    lou = await expert("Lou", []);
  });
  afterEach(() => booth.close());

  async function ask(text: string, topic?: string): Promise<string> {
    const id = uuidv7();
    const [result] = await tablet.send(aVisit({ questions: [{ id, text, topic }] }));
    expect(result?.status).toBe("recorded");
    return id;
  }

  async function step(id: string, taken: Step, expertId?: string, note?: string): Promise<void> {
    const { version } = await questionById(booth.db.read, id);
    await booth.db.write((writer) =>
      takeStep(writer, id, { step: taken, shown: version, expertId, note, by: THE_ORGANIZER, now: NOON }),
    );
  }

  async function firstFor(id: string): Promise<string | undefined> {
    const found = await suggestions.suggestFor(booth.db.read, [id], NOON);
    return found.get(id)?.[0]?.expertId;
  }

  test("a topic's expert is suggested, and an unknown question is left out", async () => {
    const id = await ask("How big?", "storage");
    const found = await suggestions.suggestFor(booth.db.read, [id, uuidv7()], NOON);
    expect([...found.keys()]).toEqual([id]);
    expect(found.get(id)?.[0]).toMatchObject({ expertId: kai, reason: "Storage: chosen as its topic" });
  });

  test("what is routed is learnt without anybody telling, and what is given back is forgotten", async () => {
    const [one, two] = [await ask("The lamp flickers at dusk"), await ask("My lamp flickers at dusk")];
    await firstFor(two);
    await step(one, "routed", lou);
    expect(await firstFor(two)).toBe(lou);
    const found = await suggestions.suggestFor(booth.db.read, [two], NOON);
    expect(found.get(two)?.[0]?.reason).toContain("was given 1 like it");
    await step(one, "given back");
    const after = await suggestions.suggestFor(booth.db.read, [two], NOON);
    expect(
      after
        .get(two)
        ?.map((each) => each.reason)
        .join(),
    ).not.toContain("like it");
  });

  test("another process that starts later knows the same", async () => {
    const [one, two] = [await ask("The lamp flickers at dusk"), await ask("My lamp flickers at dusk")];
    await step(one, "routed", lou);
    suggestions = suggester(() => []);
    expect(await firstFor(two)).toBe(lou);
  });

  test("answered questions like the one that is typed are offered", async () => {
    const [one, two] = [await ask("The lamp flickers at dusk"), await ask("Why does it hum?")];
    await step(one, "routed", lou);
    await step(one, "answered", undefined, "Change the wick.");
    await step(two, "routed", lou);
    const like = (text: string) => suggestions.answeredLike(booth.db.read, text);
    expect((await like("lamps flickering at dusk")).map(({ id }) => id)).toEqual([one]);
    expect(await like("why does it hum")).toEqual([]);
    expect(await like("")).toEqual([]);
  });
});

test("the file of what visitors ask everywhere has each question once, and hundreds of each subject", () => {
  const subjects = loadSubjects();
  const questions = subjects.flatMap((subject) => subject.questions);
  expect(new Set(questions.map((text) => text.toLowerCase())).size).toBe(questions.length);
  for (const { name, keywords, questions: own } of subjects) {
    expect(name).not.toBe("");
    expect(keywords.length).toBeGreaterThan(3);
    expect(own.length).toBeGreaterThan(300);
  }
});
