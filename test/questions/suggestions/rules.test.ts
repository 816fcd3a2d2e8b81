import {
  alikeTo,
  type Candidate,
  forget,
  type Learnt,
  learn,
  type Subject,
  subjectsOf,
  suggest,
  type Topic,
  train,
} from "../../../src/questions/suggestions/rules";
import fc from "../../support/properties";

const TOPICS: Topic[] = [
  { slug: "storage", name: "Storage", keywords: ["lun", "iscsi", "disk"] },
  { slug: "networking", name: "Networking", keywords: ["vlan", "bridge"] },
  { slug: "licence", name: "Licence", keywords: ["cost", "free"] },
];
const KAI = expert("kai", ["storage"]);
const LOU = expert("lou", ["networking"]);
const MIA = expert("mia", ["licence"]);
const EVERYBODY = [KAI, LOU, MIA];
const COLD = train([], TOPICS);

function expert(id: string, topics: string[], more: Partial<Candidate> = {}): Candidate {
  return { id, name: id, topics, ...more, hidden: more.hidden ?? false };
}

function learnt(id: string, text: string, expertId: string, topic?: string): Learnt {
  return { id, text, expertId, topic };
}

const firstOf = (text: string, experts = EVERYBODY, model = COLD) => suggest(model, { text }, experts)[0];

function scoreOf(id: string, asked: Parameters<typeof suggest>[1], model: typeof COLD): number {
  return suggest(model, asked, EVERYBODY).find((each) => each.expertId === id)?.score ?? 0;
}

test("where nothing is learnt yet, keywords lead to the expert, and the reason quotes them as they were typed", () => {
  const first = firstOf("Which LUN size for iSCSI?");
  expect(first).toMatchObject({ expertId: "kai" });
  expect(first?.reason).toMatch(/^Storage: /);
  expect(first?.reason).toContain("“LUN”");
  expect(first?.reason).toContain("“iSCSI”");
});

test("a keyword is part of a word", () => {
  expect(firstOf("are VLANs ok")?.expertId).toBe("lou");
  expect(firstOf("new harddisks")?.expertId).toBe("kai");
});

test("what similar questions were given to says who gets the next one, and why", () => {
  const model = train(
    [
      learnt("1", "the box went dark over night", "lou", "networking"),
      learnt("2", "a box went dark", "lou", "networking"),
    ],
    TOPICS,
  );
  const first = firstOf("box went dark at night", EVERYBODY, model);
  expect(first?.expertId).toBe("lou");
  expect(first?.reason).toContain("answered 2 like it");
});

test("an expert gets better known with each question, without going over all of them", () => {
  const model = train([], TOPICS);
  const asked = { text: "who signs the contract" };
  const before = scoreOf("mia", asked, model);
  learn(model, learnt("1", "who will sign a contract", "mia", "licence"));
  expect(scoreOf("mia", asked, model)).toBeGreaterThan(before);
});

test("one who names no topic is found by what was given to them", () => {
  const model = train(
    [learnt("1", "printing on Linux", "zoe"), learnt("2", "my printer jams", "zoe")],
    TOPICS,
  );
  expect(firstOf("printers jam", [...EVERYBODY, expert("zoe", [])], model)?.expertId).toBe("zoe");
});

test("of two who name a topic, the one whose questions were like it comes first", () => {
  const two = [expert("nia", ["storage"]), expert("abe", ["storage"])];
  const model = train(
    [
      learnt("1", "iscsi target drops", "nia", "storage"),
      learnt("2", "iscsi login fails", "nia", "storage"),
      learnt("3", "gluster brick is full", "abe", "storage"),
      learnt("4", "gluster heals for days", "abe", "storage"),
    ],
    TOPICS,
  );
  expect(firstOf("iscsi target fails", two, model)?.expertId).toBe("nia");
  expect(firstOf("gluster brick heals", two, model)?.expertId).toBe("abe");
});

test("a topic that staff chose outweighs what the words say", () => {
  const [first] = suggest(COLD, { text: "which LUN size?", topic: "licence" }, EVERYBODY);
  expect(first).toMatchObject({ expertId: "mia", isCertain: true, reason: "Licence: chosen as its topic" });
});

test("absence and a full week move an expert down, not out, and the reason says so", () => {
  const two = (more: Partial<Candidate>) => [expert("abe", ["storage"], more), expert("nia", ["storage"])];
  const asked = { text: "which LUN size?", topic: "storage" };
  const away = suggest(COLD, asked, two({ away: "away until 3 May" }));
  expect(away.map((each) => each.expertId)).toEqual(["nia", "abe"]);
  expect(away[1]?.reason).toContain("away until 3 May");
  const full = suggest(COLD, asked, two({ weekly: 5, held: 6 }));
  expect(full[1]).toMatchObject({ expertId: "abe", isCertain: false });
  expect(full[1]?.reason).toContain("has 6 of 5 a week");
});

test("the project and the language of a question count", () => {
  const atomic = { slug: "atomic", name: "Project Atomic" };
  const named = [
    expert("abe", ["storage"], { projects: ["ovirt"] }),
    expert("nia", ["storage"], { projects: ["atomic"] }),
  ];
  const [first] = suggest(COLD, { text: "which LUN?", project: atomic }, named);
  expect(first?.expertId).toBe("nia");
  expect(first?.reason).toContain("named for Project Atomic");
  const german = "Wie kann ich die LUN auf iSCSI größer machen?";
  const spoken = [
    expert("abe", ["storage"], { languages: ["en"] }),
    expert("nia", ["storage"], { languages: ["de"] }),
  ];
  const [speaker, other] = suggest(COLD, { text: german }, spoken);
  expect(speaker?.reason).toContain("speaks German");
  expect(other?.reason).toContain("does not speak German");
});

test("the same question goes to the same expert for certain, until that is taken back", () => {
  const text = "Can the blue lamp be dimmed?";
  const model = train(
    [learnt("1", text, "kai"), learnt("2", "Can the blue lamp be dimmed today?", "kai")],
    TOPICS,
  );
  expect(firstOf(text, EVERYBODY, model)).toMatchObject({ expertId: "kai", isCertain: true });
  forget(model, "1");
  expect(firstOf(text, EVERYBODY, model)?.isCertain).toBe(false);
});

test("questions like a text are found", () => {
  const model = train(
    [learnt("1", "The backup is slow", "kai"), learnt("2", "A question on roads", "lou")],
    TOPICS,
  );
  expect(alikeTo(model, "slow backups").map(({ id }) => id)).toEqual(["1"]);
});

describe("what visitors ask everywhere", () => {
  const SUBJECTS: Subject[] = [
    {
      name: "Disks and storage",
      keywords: ["storage", "disk", "volume"],
      questions: Array.from({ length: 60 }, (_, index) => `where do I put my ${index} platters`),
    },
    { name: "Licence", keywords: ["cost", "price"], questions: ["what do we owe you", "is there a catch"] },
    { name: "Gardening", keywords: ["roses", "lawn"], questions: ["when do I cut them"] },
  ];

  test("belongs to the topic that has its name or most of its keywords", () => {
    const found = subjectsOf(TOPICS, SUBJECTS);
    expect([...found].map(([slug, { name }]) => [slug, name])).toEqual([
      ["storage", "Disks and storage"],
      ["licence", "Licence"],
    ]);
    expect(subjectsOf([], SUBJECTS).size).toBe(0);
  });

  test("finds the expert for words that no keyword has, and nobody has asked here", () => {
    const model = train([], TOPICS, SUBJECTS);
    expect(firstOf("my platters are full", EVERYBODY, model)?.expertId).toBe("kai");
    expect(firstOf("so where is the catch?", EVERYBODY, model)?.expertId).toBe("mia");
  });

  test("makes certain only what it speaks of often", () => {
    const model = train([], TOPICS, SUBJECTS);
    expect(firstOf("where do I put my platters", EVERYBODY, model)).toMatchObject({
      expertId: "kai",
      isCertain: true,
    });
    expect(firstOf("what do we owe you", EVERYBODY, model)).toMatchObject({
      expertId: "mia",
      isCertain: false,
    });
  });
});

const anyWords = fc.array(fc.constantFrom("lun", "vlan", "cost", "slow", "night", "the", "box", "führt"), {
  maxLength: 8,
});
const anyExperts = fc
  .array(
    fc.record({
      topics: fc.uniqueArray(fc.constantFrom("storage", "networking", "licence")),
      hidden: fc.boolean(),
      weekly: fc.option(fc.nat(5)),
      held: fc.nat(9),
    }),
    { maxLength: 5 },
  )
  .map((all) => all.map((each, index) => expert(`e${index}`, each.topics, each)));

test("nobody hidden is suggested, everybody else is once, and their scores are 1 together", () => {
  fc.assert(
    fc.property(anyWords, anyExperts, (words, experts) => {
      const found = suggest(COLD, { text: words.join(" ") }, experts);
      const offered = experts.filter((each) => !each.hidden).map((each) => each.id);
      expect(found.map((each) => each.expertId).sort()).toEqual(offered.sort());
      const total = found.reduce((sum, each) => sum + each.score, 0);
      if (found.length > 0) expect(total).toBeCloseTo(1);
    }),
  );
});

test("a suggestion does not depend on the order of the experts", () => {
  fc.assert(
    fc.property(anyWords, anyExperts, (words, experts) => {
      const text = words.join(" ");
      const ids = (list: Candidate[]) => suggest(COLD, { text }, list).map((each) => each.expertId);
      expect(ids([...experts].reverse())).toEqual(ids(experts));
    }),
  );
});

test("a question that is learnt makes its expert likelier for the same words", () => {
  fc.assert(
    fc.property(
      anyWords.filter((words) => words.some((word) => word !== "the")),
      fc.constantFrom(...EVERYBODY),
      (words, who) => {
        const model = train([], TOPICS);
        const asked = { text: words.join(" ") };
        const before = scoreOf(who.id, asked, model);
        learn(model, learnt("1", asked.text, who.id, who.topics[0]));
        expect(scoreOf(who.id, asked, model)).toBeGreaterThan(before);
      },
    ),
    { numRuns: 30 },
  );
});
