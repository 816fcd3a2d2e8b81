import {
  atLeast,
  type Hour,
  hoursBefore,
  type Load,
  mostSaid,
  paceInWords,
  paceOf,
  sameHours,
} from "../../src/reports/live/rules";
import fc from "../support/properties";

const HOUR = 3_600_000;
const someHours = (most = 300) =>
  fc.array(fc.record({ visits: fc.nat(most), hands: fc.integer({ min: 1, max: 9 }) }), {
    minLength: 1,
    maxLength: 7,
  });
const loads = fc
  .record({
    visits: fc.nat(300),
    hands: fc.nat(9),
    hours: someHours(),
    of: fc.constantFrom("this hour", "today"),
  })
  .map(({ hours, of, ...now }): Load => ({ ...now, usual: { of: of as "today", hours } }));

/** Hours of which each had so many visits and hands. */
const hours = (count: number, visits: number, hands = 2): Hour[] => Array(count).fill({ visits, hands });
const load = (visits: number, hands: number, usual: Hour[]): Load => ({
  visits,
  hands,
  usual: { of: "this hour", hours: usual },
});

describe("the upper tail of the binomial distribution", () => {
  test.each([
    // R: pbinom(least - 1, all, chance, lower.tail = FALSE)
    [8, 10, 0.5, 0.0546875],
    [1, 1, 0.2, 0.2],
    [0, 12, 0.3, 1],
    [5, 5, 0.5, 0.03125],
    [13, 12, 0.5, 0],
  ])("of %d or more of %d, each with %d, is %d", (least, all, chance, probability) => {
    expect(atLeast(least, all, chance)).toBeCloseTo(probability, 12);
  });

  test("is the sum of its terms, whichever end it is added up from", () => {
    fc.assert(
      fc.property(
        fc.nat(60),
        fc.nat(60),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (all, least, chance) => {
          let sum = 0;
          let ways = 1;
          for (let k = 0; k <= all; k++) {
            if (k > 0) ways = (ways * (all - k + 1)) / k;
            if (k >= least) sum += ways * chance ** k * (1 - chance) ** (all - k);
          }
          expect(atLeast(least, all, chance)).toBeCloseTo(sum, 9);
        },
      ),
    );
  });

  test("does not drown in the visits of a large event", () => {
    expect(atLeast(50_500, 100_000, 0.5)).toBeCloseTo(0.00079, 5);
    expect(atLeast(99_999, 100_000, 0.001)).toBe(0);
  });
});

describe("whether it is busier than usual", () => {
  test("is not said where nothing is known of what is usual", () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(9), (visits, hands) => {
        expect(paceOf(load(visits, hands, []))).toEqual({ isBusier: false });
      }),
    );
  });

  test("is not said below half more than usual, nor of a handful of visits", () => {
    fc.assert(
      fc.property(loads, (each) => {
        const { isBusier, usual = 0 } = paceOf(each);
        if (each.visits < 1.5 * usual || each.visits < 6) expect(isBusier).toBe(false);
      }),
    );
  });

  test("stays said when still more come in", () => {
    fc.assert(
      fc.property(loads, fc.integer({ min: 1, max: 50 }), (each, more) => {
        if (paceOf(each).isBusier)
          expect(paceOf({ ...each, visits: each.visits + more }).isBusier).toBe(true);
      }),
    );
  });

  test("stays said when more days were just as quiet", () => {
    fc.assert(
      fc.property(fc.nat(100), fc.nat(60), fc.integer({ min: 1, max: 6 }), (visits, usual, days) => {
        const few = paceOf(load(visits, 1, hours(days, usual)));
        const more = paceOf(load(visits, 1, hours(days + 1, usual)));
        if (few.isBusier) expect(more.isBusier).toBe(true);
      }),
    );
  });

  // What the rule is for: it may not cry wolf. All that can come in is gone through, with how likely it is.
  test.each([0.5, 2, 5, 10, 25])(
    "is said by chance in fewer than one of twenty half hours, where %d visits are usual in each",
    (rate) => {
      for (const days of [1, 2, 5]) {
        let saidByChance = 0;
        for (const [before, likely] of poisson(rate * 2 * days)) {
          for (const [visits, asLikely] of poisson(rate)) {
            const seen = [{ visits: before, hands: 1 }, ...hours(days - 1, 0)];
            if (paceOf(load(visits, 1, seen)).isBusier) saidByChance += likely * asLikely;
          }
        }
        expect(saidByChance).toBeLessThan(0.05);
      }
    },
  );

  test("is said of twice as many as on two days before, not of a third more", () => {
    expect(paceOf(load(16, 2, hours(2, 16))).isBusier).toBe(true);
    expect(paceOf(load(11, 2, hours(2, 16))).isBusier).toBe(false);
  });
});

describe("how many more hands would help", () => {
  test("is never fewer than none, and one hand more here is one fewer that is asked for", () => {
    fc.assert(
      fc.property(loads, (each) => {
        const { moreHands } = paceOf(each);
        if (moreHands === undefined) return;
        const withOneMore = paceOf({ ...each, hands: each.hands + 1 });
        expect(moreHands).toBeGreaterThanOrEqual(0);
        expect(withOneMore.moreHands).toBe(Math.max(0, moreHands - 1));
      }),
    );
  });

  test("gives each as many visits as usual", () => {
    // Two logged 16 an hour: 4 in half an hour each.
    expect(paceOf(load(16, 2, hours(3, 16, 2))).moreHands).toBe(2);
    expect(paceOf(load(16, 4, hours(3, 16, 2))).moreHands).toBe(0);
    // Where hardly anybody came, nobody shows how much one person can do: ten minutes for each is no hurry.
    expect(paceOf(load(9, 1, hours(1, 0, 0)))).toEqual({ usual: 0, isBusier: true, moreHands: 2 });
    expect(paceOf(load(9, 12, hours(1, 1, 9))).moreHands).toBe(0);
  });
});

describe("in words", () => {
  const said = (visits: number, hands: number, usual: Hour[], of: "this hour" | "today" = "this hour") =>
    paceInWords({ visits, hands, usual: { of, hours: usual } }).text;

  test.each([
    [said(0, 0, []), "No visit in the last half hour."],
    [said(1, 1, []), "1 visit in the last half hour; one person is logging."],
    [
      said(9, 3, hours(2, 16)),
      "9 visits in the last half hour; three people are logging. Usual at this hour: 8 in half an hour.",
    ],
    [
      said(2, 1, hours(1, 5), "today"),
      "2 visits in the last half hour; one person is logging. Earlier today: 3 in half an hour.",
    ],
    [
      said(16, 2, hours(3, 16)),
      "Busier than usual for this hour: 16 in the last half hour, 8 are usual. Two people are logging; two more hands would help.",
    ],
    [
      said(8, 1, hours(3, 2, 1)),
      "Busier than usual for this hour: 8 in the last half hour, 1 is usual. One person is logging; two more hands would help.",
    ],
    [
      said(16, 4, hours(3, 16)),
      "Busier than usual for this hour: 16 in the last half hour, 8 are usual. Four people are logging, as many as that takes.",
    ],
    [
      said(14, 2, hours(3, 10), "today"),
      "Busier than the hours before: 14 in the last half hour, about 5 in each until then. Two people are logging; three more hands would help.",
    ],
    [
      said(7, 12, hours(3, 1, 9)),
      "Busier than usual for this hour: 7 in the last half hour, less than 1 is usual. 12 people are logging, as many as that takes.",
    ],
  ])("%s", (words, expected) => expect(words).toBe(expected));
});

describe("what there is to compare with", () => {
  const event = { starts_on: "2024-03-29", ends_on: "2024-04-01", time_zone: "Europe/Brussels" };

  test("is the same hour by the clocks of the event, also where they were changed in between", () => {
    // 10:15 on Monday; the clocks went forward on Sunday.
    const now = Date.parse("2024-04-01T10:15:00+02:00");
    expect(
      sameHours(event, now).map(({ hour }) =>
        [hour.from, hour.until].map((at) => new Date(at).toISOString()),
      ),
    ).toEqual([
      ["2024-03-31T07:30:00.000Z", "2024-03-31T08:30:00.000Z"],
      ["2024-03-30T08:30:00.000Z", "2024-03-30T09:30:00.000Z"],
      ["2024-03-29T08:30:00.000Z", "2024-03-29T09:30:00.000Z"],
    ]);
  });

  test("is nothing on the first day and before it, and a week at most", () => {
    expect(sameHours(event, Date.parse("2024-03-29T10:15:00+01:00"))).toEqual([]);
    expect(sameHours(event, Date.parse("2024-03-01T10:15:00+01:00"))).toEqual([]);
    expect(
      sameHours({ ...event, starts_on: "2024-01-01" }, Date.parse("2024-03-29T10:15:00+01:00")),
    ).toHaveLength(7);
  });

  test("is, on a first day, the hours before the last half hour that lie after its first visit", () => {
    const now = Date.parse("2024-03-29T14:00:00Z");
    expect(hoursBefore(now, now - HOUR)).toEqual([]);
    expect(hoursBefore(now, now - 2.6 * HOUR)).toEqual([
      { from: now - 1.5 * HOUR, until: now - 0.5 * HOUR },
      { from: now - 2.5 * HOUR, until: now - 1.5 * HOUR },
    ]);
    expect(hoursBefore(now, now - 9 * HOUR)).toHaveLength(3);
  });
});

test("on the wall each bar is as long as its count beside the first one's, and what hardly anybody said has none", () => {
  const said = mostSaid({ oVirt: 154, "Hyper-V": 23, OpenStack: 14, Xen: 2 }, 4, (slug) => slug);
  expect(said.map(({ name, share }) => [name, share])).toEqual([
    ["oVirt", 100],
    ["Hyper-V", 14.9],
    ["OpenStack", 9.1],
  ]);
});

/** Each number that a Poisson distribution gives with any likelihood worth the name, with that. */
function poisson(mean: number): [number, number][] {
  const all: [number, number][] = [];
  let likely = Math.exp(-mean);
  for (let count = 0; count < mean + 10 * Math.sqrt(mean) + 10; count++) {
    if (likely > 1e-9) all.push([count, likely]);
    likely *= mean / (count + 1);
  }
  return all;
}
