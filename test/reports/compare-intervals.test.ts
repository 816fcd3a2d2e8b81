import {
  CALM,
  chanceOf,
  differenceOf,
  judged,
  rateOf,
  ratioOf,
  scoreOfDifference,
  scoreOfRatio,
  unrestOf,
  wilson,
  zOf,
} from "../../src/reports/compare/intervals/rules";
import fc from "../support/properties";

const part = (most = 2000) =>
  fc
    .tuple(fc.integer({ min: 1, max: most }), fc.nat(most))
    .map(([whole, some]) => ({ whole, part: Math.min(some, whole) }));

const score = fc.double({ min: 0.1, max: 5, noNaN: true });

describe("the interval of a share", () => {
  // The examples of R. G. Newcombe, Statistics in Medicine 17 (1998), 857–872: the score method without continuity correction.
  test.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("of %d in %d is the one that the literature has", (some, whole, low, high) => {
    const interval = wilson({ part: some, whole });
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });

  test("holds the share, lies between none and all, and is the mirror of the rest's", () => {
    fc.assert(
      fc.property(part(), score, ({ part: some, whole }, z) => {
        const { low, high } = wilson({ part: some, whole }, z);
        const rest = wilson({ part: whole - some, whole }, z);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(some / whole);
        expect(high).toBeGreaterThanOrEqual(some / whole);
        expect(rest.low).toBeCloseTo(1 - high, 12);
        expect(rest.high).toBeCloseTo(1 - low, 12);
      }),
    );
  });

  test("gets narrower the more is seen, and wider the surer it has to be", () => {
    const width = ({ low, high }: { low: number; high: number }) => high - low;
    fc.assert(
      fc.property(part(), fc.integer({ min: 2, max: 9 }), score, ({ part: some, whole }, times, z) => {
        const once = width(wilson({ part: some, whole }, z));
        expect(width(wilson({ part: some * times, whole: whole * times }, z))).toBeLessThan(once);
        expect(width(wilson({ part: some, whole }, z * 1.1))).toBeGreaterThan(once);
      }),
    );
  });

  test("of nothing is all that there is", () => {
    expect(wilson({ part: 0, whole: 0 })).toEqual({ low: 0, high: 1 });
  });
});

describe("the interval of a difference of two shares", () => {
  // The examples of the same, 873–890: method 10.
  test.each([
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [6, 7, 2, 7, 0.0582, 0.8062],
    [5, 56, 0, 29, -0.0381, 0.1926],
    [0, 10, 0, 20, -0.1611, 0.2775],
    [0, 10, 0, 10, -0.2775, 0.2775],
    [10, 10, 0, 20, 0.6791, 1],
    [10, 10, 0, 10, 0.6075, 1],
  ])("of %d in %d less %d in %d is the one that the literature has", (a, m, b, n, low, high) => {
    const interval = differenceOf({ part: b, whole: n }, { part: a, whole: m });
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });

  test("holds the difference, and is turned round with the two", () => {
    fc.assert(
      fc.property(part(), part(), score, (a, b, z) => {
        const { low, high } = differenceOf(a, b, z);
        const difference = b.part / b.whole - a.part / a.whole;
        const turned = differenceOf(b, a, z);
        expect(low).toBeLessThanOrEqual(difference + 1e-12);
        expect(high).toBeGreaterThanOrEqual(difference - 1e-12);
        expect(low).toBeGreaterThanOrEqual(-1 - 1e-12);
        expect(high).toBeLessThanOrEqual(1 + 1e-12);
        expect(turned.low).toBeCloseTo(-high, 12);
        expect(turned.high).toBeCloseTo(-low, 12);
      }),
    );
  });

  test("ends at zero just at its score", () => {
    fc.assert(
      fc.property(part(300), part(300), (a, b) => {
        const z = scoreOfDifference(a, b);
        fc.pre(z > 0.01 && z < 7.9);
        const excludesZero = ({ low, high }: { low: number; high: number }) => low > 0 || high < 0;
        expect(excludesZero(differenceOf(a, b, z * 0.999))).toBe(true);
        expect(excludesZero(differenceOf(a, b, z * 1.001))).toBe(false);
      }),
    );
  });
});

describe("the interval of how many times as many came in an hour", () => {
  // Gu, Ng, Tang and Schucany, Biometrical Journal 50 (2008), example 1: p = 0.000316 on one side.
  const [before, after] = [
    { count: 30, hours: 54308.7 },
    { count: 60, hours: 51477.5 },
  ];

  test("is the one that the literature and statsmodels have, where counts are Poisson's", () => {
    const { low, high } = ratioOf(before, after, CALM);
    expect(low).toBeCloseTo(1.365962, 5);
    expect(high).toBeCloseTo(3.259306, 5);
    expect(scoreOfRatio(before, after, CALM)).toBeCloseTo(3.417402, 5);
    expect(chanceOf(scoreOfRatio(before, after, CALM)) / 2).toBeCloseTo(0.000316, 6);
  });

  test("is wider where hours are unlike, and where these are few", () => {
    const width = (factor: number, freedom: number) => {
      const { low, high } = ratioOf(before, after, { factor, freedom });
      return Math.log(high / low);
    };
    expect(width(3, 1e6)).toBeGreaterThan(width(1, 1e6));
    expect(width(1, 5)).toBeGreaterThan(width(1, 50));
    expect(width(1, 1e6)).toBeCloseTo(width(1, Number.POSITIVE_INFINITY), 4);
  });

  test("ends at one just at its score", () => {
    const visits = fc.record({
      count: fc.integer({ min: 20, max: 3000 }),
      hours: fc.integer({ min: 3, max: 80 }),
    });
    const unrest = fc.record({
      factor: fc.double({ min: 1, max: 12, noNaN: true }),
      freedom: fc.integer({ min: 4, max: 60 }),
    });
    fc.assert(
      fc.property(visits, visits, unrest, (a, b, between) => {
        const z = scoreOfRatio(a, b, between);
        fc.pre(z > 0.01 && z < 7);
        const excludesOne = ({ low, high }: { low: number; high: number }) => low > 1 || high < 1;
        expect(excludesOne(ratioOf(a, b, between, z * 0.999))).toBe(true);
        expect(excludesOne(ratioOf(a, b, between, z * 1.001))).toBe(false);
      }),
    );
  });
});

test("hours that are all alike are as calm as they can be, and waves are not", () => {
  expect(unrestOf([10, 10, 10], [5, 5])).toEqual({ factor: 1, freedom: 3 });
  // Means 10 and 20; squares over the means 20 and 10; three degrees of freedom.
  expect(unrestOf([0, 20], [10, 30, 20])).toEqual({ factor: 10, freedom: 3 });
});

test("visits of an hour lie in their interval, which is narrower the more hours there are", () => {
  const few = rateOf([8, 12, 10]);
  const many = rateOf(Array.from({ length: 30 }, (_, hour) => 8 + 2 * (hour % 3)));
  for (const { low, high } of [few, many]) {
    expect(low).toBeLessThan(10);
    expect(high).toBeGreaterThan(10);
  }
  expect(many.high - many.low).toBeLessThan(few.high - few.low);
});

test("chance and score are those of the normal distribution", () => {
  expect(zOf(0.05)).toBeCloseTo(1.959964, 6);
  expect(zOf(0.01)).toBeCloseTo(2.575829, 6);
  expect(chanceOf(1)).toBeCloseTo(0.3173105, 7);
  expect(chanceOf(0)).toBe(1);
  expect(chanceOf(9)).toBe(0);
});

describe("many differences at once", () => {
  const told = (chances: number[]) => judged(chances.map(zOf)).map(({ isTold }) => isTold);

  test("are judged by Holm's method", () => {
    // Holm's own thresholds for four: 0.0125, 0.0167, 0.025, 0.05.
    expect(told([0.01, 0.04, 0.03, 0.005])).toEqual([true, false, false, true]);
    expect(told([0.012, 0.016, 0.024, 0.049])).toEqual([true, true, true, true]);
    expect(told([0.013, 0.001, 0.5])).toEqual([true, true, false]);
    expect(told([0.013, 0.013, 0.013, 0.013])).toEqual([false, false, false, false]);
    expect(told([])).toEqual([]);
  });

  test("are each told just where the interval of its level excludes none", () => {
    const pairs = fc.array(fc.tuple(part(400), part(400)), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(pairs, (all) => {
        const verdicts = judged(all.map(([a, b]) => scoreOfDifference(a, b)));
        for (const [index, [a, b]] of all.entries()) {
          const { isTold, alpha } = verdicts[index]!;
          const { low, high } = differenceOf(a, b, zOf(alpha));
          expect(low > 0 || high < 0).toBe(isTold);
        }
      }),
      { numRuns: 40 },
    );
  });
});
