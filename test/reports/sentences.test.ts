import {
  type Bar,
  CATEGORY_SERIES,
  chartsOf,
  draw,
  stackedColumns,
  stackedRows,
  withOthers,
} from "../../src/reports/charts/rules";
import {
  daysOf,
  durationInWords,
  type FigureFilters,
  type Figures,
  headline,
  heatOf,
  nameOfDay,
  OTHER_DAYS,
  partOf,
  percentage,
  type Report,
  ranked,
  sentencesOf,
  stockOf,
  tally,
  whenOf,
  withOtherDays,
} from "../../src/reports/rules";

const event = {
  id: "e",
  slug: "winter-camp",
  name: "Winter Camp",
  venue: "Brussels",
  time_zone: "Europe/Brussels",
  starts_on: "2024-02-02",
  ends_on: "2024-02-03",
  created_at: 0,
  routes_itself: 0 as const,
};

const nothing: Figures = {
  event: {
    slug: "winter-camp",
    name: "Winter Camp",
    venue: "Brussels",
    timeZone: "Europe/Brussels",
    startsOn: "2024-02-02",
    endsOn: "2024-02-03",
  },
  visits: 0,
  people: 0,
  category: {},
  day: {},
  hour: {},
  project: {},
  platform: {},
  remark: {},
  giveaway: {},
  topicOfQuestion: {},
  questions: 0,
  visitsWithContact: 0,
  overviewGiven: 0,
  interest: {},
  booth: {},
  peopleByDay: {},
  dayByCategory: {},
  hourByCategory: {},
  hourByDay: {},
  boothByCategory: {},
  projectByCategory: {},
  platformByCategory: {},
  interestByCategory: {},
  questionsByState: {},
  questionsByTimesAsked: {},
  stateByTopic: {},
  topicOfVisit: {},
  consent: {},
  interestByPlatform: {},
  staff: {},
  shifts: [],
  stateByExpert: {},
  expertByProject: {},
  medianToRoute: { questions: 0, minutes: null },
  medianToAnswer: { questions: 0, minutes: null },
};

const entry = (slug: string, name: string) => ({
  id: slug,
  event_id: "e",
  slug,
  name,
  position: 1,
  hidden: 0 as const,
});

/** A report of these figures, with an event that shows one project. */
const reportOf = (figures: Partial<Figures>, rest: Partial<Report> = {}): Report => ({
  event,
  figures: { ...nothing, ...figures },
  lists: {
    booths: [],
    projects: [entry("lantern", "Lantern")],
    topics: [
      { ...entry("storage", "Storage"), keywords: "[]" },
      { ...entry("upgrade", "Upgrade"), keywords: "[]" },
    ],
    platforms: [entry("vmware", "VMware"), entry("proxmox", "Proxmox VE")],
    remarks: [entry("easier", "Easier to install")],
    giveaways: [],
  },
  journal: [],
  topicsWithExpert: [],
  mostAsked: [],
  ...rest,
});

const lead = (figures: Partial<Figures>) => sentencesOf(reportOf(figures)).lead;

test.each([
  [0, 0, {}, "No conversation has been logged yet"],
  [1, 1, { "2024-02-02": 1 }, "One conversation with one person on one day"],
  [1, 3, { "2024-02-02": 1 }, "One conversation with 3 people on one day"],
  [1200, 1595, { a: 1, b: 1, c: 1 }, "1,200 conversations with 1,595 people in three days"],
])("%d visits with %d people make a headline", (visits, people, day, said) => {
  expect(headline({ ...nothing, visits, people, day })).toBe(said);
});

test("a percentage is all or nothing only where it is", () => {
  expect(percentage(108, 239)).toBe("45%");
  expect(percentage(1, 1000)).toBe("less than 1%");
  expect(percentage(999, 1000)).toBe("more than 99%");
  expect(percentage(0, 10)).toBe("0%");
  expect(percentage(10, 10)).toBe("100%");
});

test("of a few, the numbers are said and no percentage", () => {
  expect(partOf(5, 12)).toBe("5 of the 12");
  expect(partOf(5, 20)).toBe("25% of the 20");
});

test("of newcomers is said how many had never heard of it", () => {
  const start = "conversations with people who did not use Lantern yet,";
  expect(lead({ category: { existing: 4 } })).toEqual([]);
  expect(lead({ category: { new: 1 } })).toEqual([
    "One conversation was with somebody who had never heard of Lantern.",
  ]);
  expect(lead({ category: { curious: 1 } })).toEqual([
    "One conversation was with somebody who knew of Lantern, and did not use it yet.",
  ]);
  expect(lead({ category: { curious: 3, new: 1 } })).toEqual([
    `Of the 4 ${start} one was with somebody who had never heard of it.`,
  ]);
  expect(lead({ category: { curious: 3 } })).toEqual([
    `Of the 3 ${start} none was with somebody who had never heard of it.`,
  ]);
  expect(lead({ category: { new: 3 } })).toEqual([
    `Of the 3 ${start} all were with people who had never heard of it.`,
  ]);
  expect(lead({ category: { curious: 131, new: 108 } })).toEqual([
    `Of the 239 ${start} 45% were with people who had never heard of it.`,
  ]);
});

test("a busiest hour is named only where one or two stand out", () => {
  const busiest = (hourByDay: Figures["hourByDay"], visits = 20) => lead({ visits, hourByDay });
  expect(busiest({ "2024-02-02": { "10": 3, "11": 17 } })).toEqual([
    "The busiest hour was 11:00–12:00 on Fri 2 Feb, with 17 conversations.",
  ]);
  expect(busiest({ "2024-02-02": { "10": 10 }, "2024-02-03": { "11": 10 } })).toEqual([
    "The busiest hours were 10:00–11:00 on Fri 2 Feb and 11:00–12:00 on Sat 3 Feb, with 10 conversations each.",
  ]);
  expect(busiest({ "2024-02-02": { "10": 5, "11": 5, "12": 5 } })).toEqual([]);
  expect(busiest({ "2024-02-02": { "10": 3 } }, 3)).toEqual([]);
});

test("people are told as alone, as one group, or on average", () => {
  const people = (visits: number, people: number) => sentencesOf(reportOf({ visits, people })).people;
  expect(people(0, 0)).toBeUndefined();
  expect(people(1, 1)).toBeUndefined();
  expect(people(1, 4)).toBe("They came as a group of 4.");
  expect(people(3, 3)).toBe("Everybody came alone.");
  expect(people(1000, 1001)).toBe("A few came as a group: 1,001 people in all.");
  expect(people(412, 595)).toBe("Some came as a group: 1.4 people a conversation.");
});

test("what newcomers come from is said where it is clear", () => {
  const platforms = (platformByCategory: Figures["platformByCategory"]) =>
    sentencesOf(reportOf({ platformByCategory })).platforms;
  expect(platforms({ vmware: { new: 2 } })).toBeUndefined();
  expect(platforms({ vmware: { new: 2 }, proxmox: { curious: 2 } })).toBeUndefined();
  expect(platforms({ vmware: { new: 2, curious: 1 }, proxmox: { existing: 9, new: 1 } })).toBe(
    "VMware is what most newcomers come from: 3 of the 4 who told what they use today.",
  );
  expect(platforms({ vmware: { new: 3 }, proxmox: { new: 2 }, kvm: { new: 2 } })).toBe(
    "More newcomers come from VMware than from anything else: 3 of the 7 who told what they use today.",
  );
  expect(platforms({ vmware: { new: 4 } })).toBe("All 4 newcomers who told what they use today use VMware.");
});

test("questions are told by where they stand", () => {
  const questions = (questions: number, questionsByState: Figures["questionsByState"]) =>
    sentencesOf(reportOf({ questions, questionsByState })).questions;
  expect(questions(0, {})).toBeUndefined();
  expect(questions(1, { open: 1 })).toBe("One question was taken home, and it is with nobody yet.");
  expect(questions(3, { open: 3 })).toBe("3 questions were taken home: none is with anybody yet.");
  expect(questions(3, { answered: 3 })).toBe("3 questions were taken home: all are answered.");
  expect(questions(7, { open: 1, routed: 2, answered: 4 })).toBe(
    "7 questions were taken home: 4 are answered, 2 are on their way and 1 is with nobody yet.",
  );
});

test("of a question that was closed nobody says that it was answered", () => {
  const questions = (questions: number, questionsByState: Figures["questionsByState"]) =>
    sentencesOf(reportOf({ questions, questionsByState })).questions;
  expect(questions(1, { closed: 1 })).toBe("One question was taken home, and it is closed.");
  expect(questions(3, { answered: 2, closed: 1 })).toBe(
    "3 questions were taken home: all are answered or closed.",
  );
  expect(questions(3, { open: 2, closed: 1 })).toBe(
    "3 questions were taken home: 1 is closed and 2 are with nobody yet.",
  );
});

test("of remarks that were heard alike none was heard most often", () => {
  const remarks = (remark: Figures["remark"]) => sentencesOf(reportOf({ remark })).remarks;
  expect(remarks({ easier: 2, a: 1 })).toBe("Heard most often: “Easier to install” (twice) and “a” (once).");
  expect(remarks({ easier: 2, a: 1, b: 1 })).toBe("Heard most often: “Easier to install” (twice).");
  expect(remarks({ easier: 1, a: 1, b: 1 })).toBeUndefined();
});

test("an entry is counted as often as it was given, whatever it is called", () => {
  const giveaway = { ...entry("constructor", "Constructor"), shipped: 1, arrived: 1, ran_out_at: null };
  const lists = { ...reportOf({}).lists, giveaways: [giveaway] };
  const counted = tally(
    [{ key: "flier" }],
    ({ key }) => key,
    () => 1,
  );
  expect(stockOf(reportOf({ giveaway: counted }, { lists })).map(({ given }) => given)).toEqual([0]);
});

test("what was asked again and again is told by how often", () => {
  const again = (
    questions: number,
    questionsByTimesAsked: Figures["questionsByTimesAsked"],
    mostAsked: Report["mostAsked"] = [],
  ) => sentencesOf(reportOf({ questions, questionsByTimesAsked }, { mostAsked })).askedAgain;
  expect(again(0, {})).toBeUndefined();
  expect(again(3, { "1": 3 })).toBeUndefined();
  expect(again(2, { "2": 1 })).toBe("The 2 questions ask one thing.");
  expect(again(12, { "1": 3, "2": 2, "5": 1 })).toBe(
    "The 12 questions ask 6 different things; the one that came most often came 5 times.",
  );
  expect(again(3, { "1": 1, "2": 1 })).toContain("came twice.");
  expect(again(5, { "1": 1, "2": 2 })).toBe(
    "The 5 questions ask 3 different things; those that came most often came twice each.",
  );
  // One of them is not indexed yet.
  expect(again(4, { "1": 1, "2": 1 })).toBeUndefined();
  // The list beside it takes two that are nearly the same as one.
  const together = {
    text: "?",
    times: 4,
    questionId: "q",
    topic: null,
    state: "open",
    likeness: "l",
  } as const;
  expect(again(5, { "1": 1, "2": 2 }, [together])).toBe("The 5 questions ask 3 different things.");
});

test("giveaways that did not arrive are told", () => {
  const giveaway = (name: string, shipped: number | null, arrived: number | null) => ({
    ...entry(name, name),
    shipped,
    arrived,
    ran_out_at: null,
  });
  const report = reportOf({ giveaway: { Flier: 1 } });
  report.lists.giveaways = [
    giveaway("T-shirt", 200, 0),
    giveaway("Sticker", 800, 750),
    giveaway("Flier", null, null),
  ];
  expect(sentencesOf(report).giveaways).toEqual([
    "T-shirt: none of the 200 shipped arrived.",
    "Sticker: 50 of the 800 shipped did not arrive.",
    "Flier: given in 1 conversation.",
  ]);
});

test("topics that nobody answers on are named, the most asked first", () => {
  const topicOfQuestion = { "(none)": 9, storage: 1, upgrade: 4 };
  expect(sentencesOf(reportOf({ topicOfQuestion })).nobody).toBe(
    "Nobody in the directory answers on Upgrade and Storage.",
  );
  expect(
    sentencesOf(reportOf({ topicOfQuestion }, { topicsWithExpert: ["upgrade", "storage"] })).nobody,
  ).toBeUndefined();
});

test("the largest comes first, equal ones by name, and what has no topic last", () => {
  expect(ranked({ "(none)": 9, b: 2, a: 2, c: 5 }).map(([key]) => key)).toEqual(["c", "a", "b", "(none)"]);
});

test("the busiest hour is the brightest, one visit is not dark, and gaps are", () => {
  const heat = heatOf({
    ...nothing,
    day: { "2024-02-01": 31, "2024-02-03": 1 },
    hour: { "9": 1, "11": 31 },
    hourByDay: { "2024-02-01": { "9": 1, "11": 30 }, "2024-02-03": { "11": 1 } },
  });
  expect(heat.map(({ day }) => day)).toEqual(["2024-02-01", "2024-02-02", "2024-02-03"]);
  expect(heat[0]?.cells).toEqual([
    { hour: 9, visits: 1, level: 1 },
    { hour: 10, visits: 0, level: 0 },
    { hour: 11, visits: 30, level: 10 },
  ]);
});

describe("days", () => {
  const logged = (...days: string[]) => ({
    ...nothing,
    day: Object.fromEntries(days.map((day) => [day, 2])),
  });

  test("are the event's own, and of the others those alone on which something was logged", () => {
    const figures = logged("2014-02-02", "2024-02-03", "2099-12-31");
    expect(daysOf(figures)).toEqual(["2014-02-02", "2024-02-02", "2024-02-03", "2099-12-31"]);
    expect(daysOf(figures).map((day) => nameOfDay(figures, day))).toEqual([
      "Sun 2 Feb 2014",
      "Fri 2 Feb",
      "Sat 3 Feb",
      "Thu 31 Dec 2099",
    ]);
    expect(sentencesOf(reportOf(figures)).outside).toBe("4 visits were logged outside the event's days.");
    expect(sentencesOf(reportOf(logged("2024-02-03"))).outside).toBeUndefined();
    expect(daysOf(nothing)).toEqual([]);
  });

  test("outside the event's are one row where they are many, and nothing of them is lost", () => {
    const others = Array.from({ length: 15 }, (_, index) => `20${30 + index}-01-01`);
    const figures = logged("2024-02-03", ...others);
    expect(daysOf(figures)).toEqual(["2024-02-02", "2024-02-03", OTHER_DAYS]);
    const table = Object.fromEntries(others.map((day) => [day, { new: 1, curious: 1 }]));
    expect(withOtherDays(figures, table)[OTHER_DAYS]).toEqual({ curious: 15, new: 15 });
    expect(nameOfDay(figures, OTHER_DAYS)).toBe("Other days");
  });
});

describe("narrowed down", () => {
  const some = { visits: 3, people: 4, category: { new: 3 }, day: { "2024-02-02": 3 } };
  const said = (narrowed: FigureFilters, figures: Partial<Figures> = some) =>
    sentencesOf(reportOf(figures), narrowed);

  test.each<[FigureFilters, Partial<Figures>, string]>([
    [{ day: "2024-02-02" }, some, "3 conversations with 4 people on Fri 2 Feb"],
    [{ project: "lantern" }, some, "3 conversations with 4 people about Lantern"],
    [
      { project: "(none)", booth: "(none)" },
      some,
      "3 conversations with 4 people about no project by name, at no booth by name",
    ],
    [{ category: "new" }, some, "3 conversations with 4 people who had never heard of Lantern"],
    [
      { category: "new" },
      { ...some, day: { "2024-02-02": 2, "2024-02-03": 1 } },
      "3 conversations in two days with 4 people who had never heard of Lantern",
    ],
    [
      { category: "existing", day: "2024-02-02" },
      { ...some, visits: 1, people: 1 },
      "One conversation with one person who uses Lantern already, on Fri 2 Feb",
    ],
    [{ category: "curious" }, {}, "No conversation was logged with people who knew of Lantern"],
  ])("to %j the headline says so", (narrowed, figures, headline) => {
    expect(said(narrowed, figures).headline).toBe(headline);
  });

  test("to newcomers nothing is said of their share", () => {
    expect(said({}).lead[0]).toContain("all were with people who had never heard of it");
    expect(said({ category: "new" }).lead).toEqual([]);
  });
});

test.each([
  [0, "a minute"],
  [1, "a minute"],
  [14, "14 minutes"],
  [48, "about 48 minutes"],
  [119, "about 119 minutes"],
  [120, "about 2 hours"],
  [47 * 60, "about 47 hours"],
  [5 * 1440 + 300, "about 5 days"],
])("%d minutes are %s", (minutes, words) => {
  expect(durationInWords(minutes)).toBe(words);
});

test("how soon is said of half of the questions, and of none where there is one", () => {
  const soon = (questions: number, minutes: number | null) =>
    sentencesOf(reportOf({ medianToRoute: { questions, minutes }, medianToAnswer: { questions, minutes } }))
      .soon;
  expect(soon(1200, 90)).toEqual([
    "Half of the 1,200 questions that were routed were with somebody within about 90 minutes.",
    "Half of the 1,200 answers came within about 90 minutes.",
  ]);
  expect(soon(1, 90)).toEqual([]);
  expect(soon(0, null)).toEqual([]);
});

test("with whom the light went on is said where enough were noted, and one stands out", () => {
  const lights = (interestByPlatform: Figures["interestByPlatform"]) =>
    sentencesOf(reportOf({ interestByPlatform })).lights;
  expect(lights({ vmware: { "3": 40, "1": 30 }, proxmox: { "3": 5, "2": 20 } })).toBe(
    "It went on fully most often with those who use VMware today: 57% of the 70.",
  );
  // A handful that was all delighted says nothing, and neither do two alike.
  expect(lights({ vmware: { "3": 40, "1": 30 }, proxmox: { "3": 5 } })).toBeUndefined();
  expect(lights({ vmware: { "3": 20, "1": 20 }, proxmox: { "3": 10, "2": 10 } })).toBeUndefined();
});

test("staff, consent and what was talked about are said where there is something to say", () => {
  const shift = { day: "2024-02-02", from: 9, to: 12, visits: 1 };
  const shifts = ["Ada", "Bob", "Ada"].map((staff) => ({ ...shift, staff }));
  const of = (figures: Partial<Figures>) => {
    const { staff, consent, talked } = sentencesOf(reportOf(figures));
    return [staff, consent, talked];
  };
  expect(
    of({
      staff: { Ada: 2, Bob: 1 },
      shifts,
      consent: { "follow-up": 1200, news: 3 },
      topicOfVisit: { storage: 4, upgrade: 9, other: 1 },
    }),
  ).toEqual([
    "Two people logged the conversations, in 3 shifts.",
    "Agreed: 1,200 to be followed up and 3 to get news.",
    "Talked about most: Upgrade (9) and Storage (4).",
  ]);
  expect(of({ staff: { Ada: 2 }, shifts: shifts.slice(0, 1), topicOfVisit: { storage: 1 } })).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test("a giveaway that ran out is told after what did not arrive", () => {
  const report = reportOf({ giveaway: { sticker: 5 } });
  report.lists.giveaways = [
    { ...entry("sticker", "Sticker"), shipped: 100, arrived: 90, ran_out_at: Date.UTC(2024, 1, 3, 12, 5) },
  ];
  expect(sentencesOf(report).giveaways).toEqual([
    "Sticker: 10 of the 100 shipped did not arrive.",
    "Sticker: the last went on 3 Feb, 13:05.",
  ]);
});

test("today's picture shows today while the event runs, else its last day, else its first", () => {
  expect(whenOf(event, "2024-02-03", undefined)).toEqual({ day: "2024-02-03", isNow: true, isBefore: false });
  expect(whenOf(event, "2024-03-01", "2024-02-03")).toEqual({
    day: "2024-02-03",
    isNow: false,
    isBefore: false,
  });
  expect(whenOf(event, "2024-01-01", undefined)).toEqual({ day: "2024-02-02", isNow: false, isBefore: true });
  expect(whenOf(event, "2024-01-01", "2024-01-01")).toEqual({
    day: "2024-01-01",
    isNow: true,
    isBefore: false,
  });
});

describe("charts", () => {
  const bars: Bar[] = [
    { name: "Tue <15>", values: { existing: 70, new: 30 } },
    { name: "Wed", values: {} },
  ];

  test.each([
    ["rows", stackedRows(bars, CATEGORY_SERIES, 720)],
    ["rows on a phone", stackedRows(bars, CATEGORY_SERIES, 326)],
    ["columns", stackedColumns(bars, CATEGORY_SERIES, 640, 300)],
  ])("as %s have numbers and shapes, and nothing that the pages' rules of security refuse", (_name, svg) => {
    expect(svg).toContain("● 70");
    expect(svg).toContain(">100<");
    expect(svg).toContain("Tue &lt;15&gt;");
    expect(svg).toContain('fill="var(--existing)"');
    expect(svg).not.toMatch(/style=|<style|<script|NaN|undefined/);
  });

  test.each(["KVM", "Hedgerow", "Thunderbird", "Moving from another platform"])(
    "of %s alone have its whole name",
    (name) => {
      const svg = stackedRows([{ name, values: { new: 1 } }], CATEGORY_SERIES, 720);
      expect(svg).toContain(`>${name}<`);
    },
  );

  test("have a pattern for each kind but one, drawn inside its part", () => {
    const svg = stackedRows(
      [{ name: "All", values: { existing: 40, curious: 30, new: 30 } }],
      CATEGORY_SERIES,
      720,
    );
    expect(svg).not.toMatch(/"(lines|dots|grid) |<pattern|url\(/);
    // Each pattern stands behind its part.
    const patterns = [
      ...svg.matchAll(
        /fill="var\((--\w+)\)"[^>]*><\/path><path d="([^"]+)" fill="none" stroke="var\(--surface\)"/g,
      ),
    ];
    expect(patterns.map((found) => found[1])).toEqual(["--curious", "--new"]);
    const parts = [...svg.matchAll(/<path d="M(\S+) \S+l(\S+) 0l0 \S+ 0Z" fill="var/g)];
    for (const [index, [, , lines = ""]] of patterns.entries()) {
      const [, from, width] = parts[index + 1] as unknown as [string, string, string];
      const places = [...lines.matchAll(/[ML]([\d.]+) /g)].map((found) => Number(found[1]));
      expect(places.length).toBeGreaterThan(20);
      expect(Math.min(...places)).toBeGreaterThanOrEqual(Number(from));
      expect(Math.max(...places)).toBeLessThanOrEqual(Number(from) + Number(width));
    }
  });

  test("of shares are all equally long, with the numbers in them and what they are shares of behind them", () => {
    const shares = [
      { name: "A", values: { existing: 90, new: 10 } },
      { name: "B", values: { existing: 1, new: 4 } },
    ];
    const svg = stackedRows(shares, CATEGORY_SERIES, 720, { areShares: true });
    for (const text of ["● 90", "✸ 10", "✸ 4", ">100<", ">5<"]) expect(svg).toContain(text);
    const ends = [...svg.matchAll(/<path d="M(\S+) \S+l(\S+) 0l0 \S+ 0Z" fill="var\(--new\)/g)].map((found) =>
      Math.round(Number(found[1]) + Number(found[2])),
    );
    expect(ends).toHaveLength(2);
    expect(ends[0]).toBe(ends[1]);
  });

  test("that show the same are the same, and others are others: also where only what a function writes differs", () => {
    const option = (name: string) => ({
      xAxis: { type: "category", data: [""] },
      yAxis: { type: "value" },
      series: [{ type: "bar", data: [{ value: 1, label: { show: true, formatter: () => name } }] }],
    });
    expect(draw(200, 100, option("Lantern"))).toBe(draw(200, 100, option("Lantern")));
    expect(draw(200, 100, option("Lantern"))).toContain("Lantern");
    expect(draw(200, 100, option("Wick"))).toContain("Wick");
  });

  test("of a report are those that have something to show; platforms of a handful are together", () => {
    const charts = chartsOf(
      reportOf({
        visits: 12,
        platform: { a: 8, b: 2, c: 2 },
        platformByCategory: { a: { new: 8 }, b: { new: 2 }, c: { new: 2 } },
        interestByPlatform: { a: { "3": 6, "1": 2 }, b: { "2": 2 }, c: { "2": 2 } },
        stateByExpert: { kai: { routed: 2 } },
      }),
      (slug) => slug.toUpperCase(),
    );
    const shown = Object.entries(charts).flatMap(([name, chart]) => (chart ? [name] : []));
    expect(shown).toEqual(["platforms", "interest", "experts"]);
    expect(charts.interest?.wide).toContain("2 others");
    // The table has each of them.
    expect(charts.interest?.rows.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(charts.experts?.wide).toContain("KAI");
  });

  test("put the many last ones together, and lose none", () => {
    const many = Array.from({ length: 40 }, (_, index) => ({ name: `P${index}`, values: { new: 1 } }));
    const shown = withOthers(many);
    expect(shown).toHaveLength(14);
    expect(shown.at(-1)).toEqual({ name: "27 others", values: { new: 27 } });
    expect(withOthers(bars)).toBe(bars);
    const none = { name: "No topic yet", values: { new: 5 }, isApart: true };
    const besideNone = withOthers([...many, none]);
    expect(besideNone).toHaveLength(14);
    expect(besideNone.slice(-2)).toEqual([{ name: "28 others", values: { new: 28 } }, none]);
  });
});
