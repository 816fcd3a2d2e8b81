import { askedMost, askedRows } from "../../src/reports/compare/asked/rules";
import { intervalDots, signsOf } from "../../src/reports/compare/charts/rules";
import { findingsOf } from "../../src/reports/compare/findings/rules";
import { choiceOf } from "../../src/reports/compare/form";
import { wilson } from "../../src/reports/compare/intervals/rules";
import {
  type Column,
  comparedFrom,
  inTime,
  shareInWords,
  withTheOneBefore,
} from "../../src/reports/compare/rules";
import { type Figures, figuresFrom } from "../../src/reports/rules";

const entry = (slug: string, name: string) => ({
  id: slug,
  event_id: "e",
  slug,
  name,
  position: 1,
  hidden: 0 as const,
});

const event = (year: number) => ({
  id: `camp-${year}`,
  slug: `camp-${year}`,
  name: `Camp ${year}`,
  venue: "Brussels",
  time_zone: "Europe/Brussels",
  starts_on: `${year}-02-02`,
  ends_on: `${year}-02-03`,
  created_at: 0,
  routes_itself: 0 as const,
});

const lists = () => ({
  booths: [],
  projects: [entry("lantern", "Lantern")],
  topics: [{ ...entry("storage", "Storage"), keywords: "[]" }],
  platforms: [entry("vmware", "VMware"), entry("proxmox", "Proxmox VE")],
  remarks: [entry("docs", "Docs are out of date"), entry("easier", "Easier to install")],
  giveaways: [],
});

const NOTHING = { hours: [], details: [], staff: [], experts: [], times: [] };

/** An event of a year with these figures; all visits of one category where none is said, in four hours alike. */
function camp(year: number, given: Partial<Figures> = {}, rest: Partial<Column> = {}): Column {
  const own = lists();
  const visits = given.visits ?? 0;
  const hourByDay =
    visits > 0
      ? {
          [`${year}-02-02`]: {
            "9": visits / 4,
            "10": visits / 4,
            "11": visits / 4,
            "12": visits / 4,
          },
        }
      : {};
  const figures = {
    ...figuresFrom(event(year), NOTHING, { lists: own, experts: [] }),
    people: visits,
    category: visits > 0 ? { existing: visits } : {},
    hourByDay,
    ...given,
  };
  return {
    key: `camp-${year}`,
    name: `Camp ${year}`,
    about: "",
    startsOn: `${year}-02-02`,
    isDay: false,
    phase: "over",
    address: "/",
    figures,
    lists: own,
    ...rest,
  };
}

const found = (...columns: Column[]) => findingsOf(comparedFrom(columns), []);
const texts = (findings: { text: string }[]) => findings.map(({ text }) => text);

describe("what changed", () => {
  const newcomers = (year: number, never: number, knew: number) =>
    camp(year, { visits: never + knew, category: { new: never, curious: knew } });

  test("is told in a sentence with both intervals, once", () => {
    const { changed } = found(newcomers(2023, 60, 140), newcomers(2024, 108, 132));
    expect(changed).toEqual([
      {
        told: "more",
        text: "More of those who do not use Lantern yet had never heard of it: 45% (39–51) after 30% (24–37).",
      },
    ]);
  });

  test("is nothing where the same shares were seen of a few", () => {
    expect(found(newcomers(2023, 6, 14), newcomers(2024, 11, 13)).changed).toEqual([]);
  });

  test("is never told of fewer than twenty, however large it looks", () => {
    const { changed, cautions } = found(newcomers(2023, 0, 19), newcomers(2024, 200, 0));
    expect(changed).toEqual([]);
    expect(cautions).toEqual([
      "Camp 2023 has fewer than 20 conversations: the numbers are shown, and nothing is concluded from them.",
    ]);
  });

  test("counts hours, not days: a longer event is not a busier one", () => {
    const hours = (count: number, visits: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, hour) => [String(hour), visits]));
    const long = (year: number, visits: number) =>
      camp(year, {
        visits: visits * 16,
        hourByDay: { a: hours(8, visits), b: hours(8, visits) },
        category: { existing: visits * 16 },
      });
    const short = camp(2023, {
      visits: 160,
      hourByDay: { a: hours(8, 20) },
      category: { existing: 160 },
    });
    expect(found(short, long(2024, 20)).changed).toEqual([]);
    expect(texts(found(short, long(2024, 40)).changed)).toEqual([
      "It was busier: 40.0 (36.8–43.5) conversations an hour after 20.0 (16.6–24.1).",
    ]);
  });

  test("is not that it was busier where hours differ as much among themselves", () => {
    const waves = (year: number, low: number, high: number) =>
      camp(year, {
        visits: 4 * (low + high),
        category: { existing: 4 * (low + high) },
        hourByDay: {
          a: Object.fromEntries([low, high, low, high, low, high, low, high].map((n, i) => [i, n])),
        },
      });
    expect(found(waves(2023, 2, 38), waves(2024, 4, 56)).changed).toEqual([]);
    expect(found(waves(2023, 19, 21), waves(2024, 29, 31)).changed).toHaveLength(1);
  });

  test("is not told of what was on the list of one event alone: nobody could have picked it at the other", () => {
    const all = lists();
    const without = { ...all, platforms: all.platforms.filter(({ slug }) => slug !== "vmware") };
    const then = camp(2023, { visits: 200, platform: { vmware: 90, proxmox: 50, xen: 60 } });
    const next = (on: typeof all) =>
      camp(2024, { visits: 200, platform: { proxmox: 100, xen: 100 } }, { lists: on });

    expect(texts(found(then, next(all)).changed)).toContain(
      "Fewer visitors came from VMware: 0% (0–1.9) after 45% (38–52).",
    );
    expect(texts(found(then, next(without)).changed).join(" ")).not.toContain("VMware");
  });

  test("of two projects is told of the one that grew alone", () => {
    const booth = (year: number, lantern: number, wick: number) =>
      camp(year, { visits: lantern + wick, project: { lantern, wick } });
    expect(texts(found(booth(2023, 150, 50), booth(2024, 80, 120)).changed)).toEqual([
      "More conversations were about wick: 60% (53–67) after 25% (20–31).",
    ]);
  });

  test("names the two that it is about where there are more, and skips what has too little between them", () => {
    const { changed } = found(
      newcomers(2022, 140, 60),
      newcomers(2023, 1, 2),
      newcomers(2024, 60, 140),
      newcomers(2025, 140, 60),
    );
    expect(changed.map(({ told, about }) => [told, about])).toEqual([
      ["less", "Camp 2024, after Camp 2022"],
      ["more", "Camp 2025, after Camp 2024"],
    ]);
  });

  test("is hardly ever told of events that differ by chance alone", () => {
    let seed = 20140415;
    const random = () => {
      // Park and Miller's.
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    const binomial = (whole: number, share: number) => {
      let some = 0;
      for (let each = 0; each < whole; each += 1) if (random() < share) some += 1;
      return some;
    };
    const remarks = Array.from({ length: 30 }, (_, index) => `remark-${index}`);
    const byChance = (year: number) =>
      camp(year, {
        visits: 200,
        remark: Object.fromEntries(remarks.map((slug, index) => [slug, binomial(200, 0.05 + index / 60)])),
      });
    const pages = Array.from({ length: 100 }, () => found(byChance(2023), byChance(2024)).changed.length);
    const wrong = pages.filter((count) => count > 0).length;
    // Five in a hundred are what is promised; more than 12 would come by chance once in a thousand.
    expect(wrong).toBeLessThanOrEqual(12);
  });
});

describe("what is new", () => {
  test("was not once before, and is more than an anecdote", () => {
    const before = camp(2023, { visits: 100, platform: { vmware: 50 } });
    before.lists.platforms = [entry("vmware", "VMware")];
    const now = camp(2024, {
      visits: 100,
      platform: { vmware: 30, proxmox: 9, xen: 2 },
      remark: { docs: 4 },
    });
    expect(texts(found(before, now).isNew)).toEqual([
      "Proxmox VE was named in 9 conversations, and in none of 50 before: it was not on the list then.",
      "“Docs are out of date” was heard in 4 conversations, and in none of 100 before.",
    ]);
    expect(texts(found(before, now).changed).join()).not.toMatch(/Proxmox|Docs/);
  });

  test("is nothing where hardly anything was noted before", () => {
    expect(
      found(
        camp(2023, { visits: 100, platform: { vmware: 5 } }),
        camp(2024, { visits: 100, platform: { proxmox: 9 } }),
      ).isNew,
    ).toEqual([]);
  });
});

describe("what came back", () => {
  const heard = (year: number, docs: number, easier: number) =>
    camp(year, { visits: 100, remark: { docs, easier } });

  test("was heard then and is heard now, with how many conversations there were", () => {
    expect(texts(found(heard(2023, 12, 2), heard(2024, 15, 9)).cameBack)).toEqual([
      "“Docs are out of date” was heard in 15 of 100 conversations, and in 12 of 100 the year before.",
    ]);
  });

  test("tells first what had been away", () => {
    const columns = [heard(2021, 5, 9), heard(2023, 0, 30), heard(2024, 6, 31)];
    expect(texts(found(...columns).cameBack)).toEqual([
      "“Docs are out of date” was heard in 6 of 100 conversations, in none the year before, and in 5 at Camp 2021.",
      "“Easier to install” was heard in 31 of 100 conversations, and in 30 of 100 the year before.",
    ]);
  });

  test("has the name of the latest list that has it", () => {
    const now = heard(2024, 15, 0);
    now.lists.remarks = [entry("docs", "The docs are old")];
    expect(found(heard(2023, 12, 0), now).cameBack[0]?.text).toMatch(/^“The docs are old” was heard/);
  });
});

describe("questions", () => {
  const two = [camp(2023, { visits: 100, questions: 40 }), camp(2024, { visits: 100, questions: 90 })];
  const asked = [
    { text: "What is the smallest setup?", times: [0, 12] },
    { text: "What is the smallest setup that works?", times: [8, 7] },
    { text: "Is there an installer for Windows?", times: [3, 0] },
    { text: "Who pays for this?", times: [1, 2] },
  ];

  test("that say nearly the same are one, and those of the time before are looked for", () => {
    const rows = askedRows(asked);
    expect(rows[0]).toEqual({ text: "What is the smallest setup?", times: [8, 19] });
    expect(findingsOf(comparedFrom(two), rows).asked).toEqual([
      {
        isStill: true,
        text: "“What is the smallest setup?” was asked 19 times in 90 questions, and 8 times in 40 the year before.",
      },
      {
        isStill: false,
        text: "“Is there an installer for Windows?” was not asked again; it came 3 times in 40 the year before.",
      },
    ]);
  });

  test("in the table are those that the last asked most and those that were asked most before", () => {
    const now = Array.from({ length: 20 }, (_, index) => ({ text: `now ${index}`, times: [0, 40 - index] }));
    const before = Array.from({ length: 20 }, (_, index) => ({
      text: `then ${index}`,
      times: [40 - index, 0],
    }));
    const shown = askedMost([...now, ...before], 6).map(({ text }) => text);
    expect(shown).toEqual(["now 0", "now 1", "now 2", "then 0", "then 1", "then 2"]);
  });
});

describe("cautions", () => {
  test("are said of what has not begun, is running, was not logged, and counts by other clocks", () => {
    const elsewhere = camp(2024, { visits: 40 }, { phase: "running" });
    elsewhere.figures.event.timeZone = "America/New_York";
    const { cautions, latest, changed } = found(
      camp(2022),
      camp(2023, { visits: 40 }),
      elsewhere,
      camp(2030, {}, { phase: "ahead" }),
    );
    expect(cautions).toEqual([
      "Camp 2030 has not begun yet.",
      "No conversation was logged at Camp 2022.",
      "Camp 2024 is still running.",
      "Days and hours are those of each event's own time zone.",
    ]);
    expect(latest).toBe("Camp 2024");
    expect(changed).toEqual([]);
  });

  test("are all that there is of two events without visits", () => {
    const compared = comparedFrom([camp(2023), camp(2024)]);
    expect(compared.sections).toEqual([]);
    expect(compared.comparisons).toBe(0);
    expect(findingsOf(compared, [])).toMatchObject({
      latest: null,
      changed: [],
      isNew: [],
      cameBack: [],
      asked: [],
    });
  });
});

test("a day is seen from the one after it", () => {
  const day = (startsOn: string, name: string, docs: number) =>
    camp(2024, { visits: 100, remark: { docs } }, { startsOn, name, isDay: true });
  const days = [day("2024-02-01", "Thu 1 Feb", 9), day("2024-02-02", "Fri 2 Feb", 8)];
  expect(found(...days).cameBack[0]?.text).toMatch(
    /8 of 100 conversations, and in 9 of 100 the day before\.$/,
  );
  const apart = [days[0]!, day("2024-02-04", "Sun 4 Feb", 8)];
  expect(found(...apart).cameBack[0]?.text).toMatch(/on Thu 1 Feb\.$/);
});

test.each([
  [0, 0, "–"],
  [3, 12, "3 of 12"],
  [45, 100, "45% (36–55)"],
  [0, 100, "0% (0–4)"],
  [1, 1000, "0.1% (0.0–0.6)"],
  [45_000, 100_000, "45.0% (44.7–45.3)"],
])("%d of %d is said as %s", (part, whole, said) => {
  const interval = whole > 0 ? wilson({ part, whole }) : null;
  expect(shareInWords({ part, whole, interval, comparison: null })).toBe(said);
});

describe("pictures", () => {
  const section = comparedFrom([
    camp(2023, { visits: 231, category: { existing: 118, new: 113 } }),
    camp(2024, { visits: 12, category: { existing: 4, new: 8 } }),
  ]).sections[0]!;

  test.each([720, 326])(
    "%d pixels wide have numbers, and nothing that the pages' rules of security refuse",
    (width) => {
      const svg = intervalDots(section, signsOf(2, 1), width);
      expect(svg).toContain(">51%<");
      expect(svg).toContain(">4 of 12<");
      expect(svg).toContain('fill="var(--accent)"');
      expect(svg).not.toMatch(/style=|<style|<script|NaN|undefined/);
    },
  );

  test("tell up to six columns apart by shape; the latest with visits is the filled one", () => {
    const marks = signsOf(6, 4).map(({ mark }) => mark);
    expect(new Set(marks).size).toBe(6);
    expect(signsOf(6, 4).map(({ isFilled }) => isFilled)).toEqual([false, false, false, false, true, false]);
  });
});

test("of one event the one before it that shows one of its projects is found", () => {
  const events = [2021, 2022, 2023, 2024].map(event);
  const projects = new Map([
    ["camp-2021", new Set(["lantern"])],
    ["camp-2022", new Set(["lantern", "wick"])],
    ["camp-2023", new Set(["candle"])],
    ["camp-2024", new Set(["wick"])],
  ]);
  const pair = (index: number) =>
    withTheOneBefore(events[index]!, [...events].reverse(), projects).map(({ slug }) => slug);
  expect(pair(3)).toEqual(["camp-2022", "camp-2024"]);
  expect(pair(1)).toEqual(["camp-2021", "camp-2022"]);
  expect(pair(2)).toEqual(["camp-2023"]);
  expect(pair(0)).toEqual(["camp-2021"]);
  expect(inTime([...events].reverse())).toEqual(events);
});

test("an address can name each once, and no more than fit side by side", () => {
  expect(choiceOf("event", undefined)).toEqual({ values: [], problems: [] });
  expect(choiceOf("event", ["b", " a", "b", ""])).toEqual({ values: ["b", "a"], problems: [] });
  expect(choiceOf("event", { nested: "x" }).values).toEqual([]);
  expect(choiceOf("day", ["1", "2", "3", "4", "5", "6", "7"]).problems).toEqual([
    { field: "day", message: "These are 7: choose 6 at most." },
  ]);
});
