/** From `low` to `high`, both included. */
export interface Interval {
  low: number;
  high: number;
}

/** So many of so many: 0 ≤ `part` ≤ `whole`. */
export interface Part {
  part: number;
  whole: number;
}

/** Visits of each hour in which there was one. */
export type Hours = number[];

/** How sure an interval is that stands by itself: of a hundred such intervals about five miss. */
export const ALPHA = 0.05;
/** What is a smaller part of a sum than this does not change it. */
const NOTHING_MORE = Number.EPSILON;
const USUAL = zOf(ALPHA);

/**
 * Wilson's score interval for a share (E. B. Wilson, Probable inference, the law of succession, and statistical
 * inference, Journal of the American Statistical Association 22, 1927): of `part` in `whole` and the standard score `z`
 * gives the shares, 0 to 1, that go with what was seen. Of nothing it gives all there are.
 */
export function wilson({ part, whole }: Part, z = USUAL): Interval {
  if (whole === 0) return { low: 0, high: 1 };
  const share = part / whole;
  const middle = share + (z * z) / (2 * whole);
  const half = z * Math.sqrt((share * (1 - share)) / whole + (z * z) / (4 * whole * whole));
  const scale = 1 + (z * z) / whole;
  // Of none and of all the formula gives the end itself, but for what rounding leaves of it.
  return {
    low: part === 0 ? 0 : (middle - half) / scale,
    high: part === whole ? 1 : (middle + half) / scale,
  };
}

/**
 * Newcombe's hybrid score interval for the difference of two shares, `after` less `before` (R. G. Newcombe, Interval
 * estimation for the difference between independent proportions, Statistics in Medicine 17, 1998, method 10): each
 * side of the difference is as far off as the two shares' own intervals make it.
 */
export function differenceOf(before: Part, after: Part, z = USUAL): Interval {
  const [p, q] = [before.part / before.whole, after.part / after.whole];
  const [a, b] = [wilson(before, z), wilson(after, z)];
  return {
    low: q - p - Math.sqrt((q - b.low) ** 2 + (a.high - p) ** 2),
    high: q - p + Math.sqrt((b.high - q) ** 2 + (p - a.low) ** 2),
  };
}

/** The score at which the interval of `differenceOf` ends at zero: how far the difference is from none. */
export function scoreOfDifference(before: Part, after: Part): number {
  const [p, q] = [before.part / before.whole, after.part / after.whole];
  if (p === q) return 0;
  return largest((z) => {
    const { low, high } = differenceOf(before, after, z);
    return low > 0 || high < 0;
  });
}

/** How much more hours differ from one another than they would by chance alone. */
export interface Unrest {
  /** Variance over mean, 1 or more. */
  factor: number;
  /** Hours that it is known from, less those that the means took. */
  freedom: number;
}

/**
 * How unlike the hours of a booth are. Visitors come in waves, after talks and at lunch, so that counts of hours
 * scatter more than Poisson's would: Pearson's chi-square over its degrees of freedom tells how much more (P. McCullagh
 * and J. A. Nelder, Generalized Linear Models, 1989, section 6.2.3). Hours of several events have a mean each.
 */
export function unrestOf(...groups: Hours[]): Unrest {
  const freedom = groups.reduce((sum, hours) => sum + Math.max(0, hours.length - 1), 0);
  const chiSquare = groups.reduce((sum, hours) => {
    const mean = total(hours) / hours.length;
    return sum + hours.reduce((squares, count) => squares + (count - mean) ** 2 / mean, 0);
  }, 0);
  return { factor: freedom > 0 ? Math.max(1, chiSquare / freedom) : 1, freedom };
}

/** Counts of which nothing is known but that they are Poisson's: for values of the literature. */
export const CALM: Unrest = { factor: 1, freedom: Number.POSITIVE_INFINITY };

/**
 * The score interval for the visits of an hour, widened by how unlike the hours are: those means from which what was
 * seen is `z` standard deviations off.
 */
export function rateOf(hours: Hours, alpha = ALPHA, unrest = unrestOf(hours)): Interval {
  const [count, reach] = [total(hours), widened(zOf(alpha), unrest)];
  const half = reach * Math.sqrt(count + (reach * reach) / 4);
  const middle = count + (reach * reach) / 2;
  return { low: Math.max(0, middle - half) / hours.length, high: (middle + half) / hours.length };
}

/** Visits, and the hours in which they came: fractions of hours are fine. */
export interface Rate {
  count: number;
  hours: number;
}

/**
 * The score interval for how many times as many visits came in an hour, `after` over `before` (K. Gu, H. K. T. Ng, M. L.
 * Tang and W. R. Schucany, Testing the ratio of two Poisson rates, Biometrical Journal 50, 2008, statistic W2, the other
 * way round): of all visits of both, Wilson's interval for the share that came after. Widened by `unrest`.
 */
export function ratioOf(before: Rate, after: Rate, unrest: Unrest, z = USUAL): Interval {
  const part = { part: after.count, whole: before.count + after.count };
  const share = wilson(part, widened(z, unrest));
  const odds = (portion: number) => (portion / (1 - portion)) * (before.hours / after.hours);
  return { low: odds(share.low), high: odds(share.high) };
}

/** The score at which the interval of `ratioOf` ends at one. */
export function scoreOfRatio(before: Rate, after: Rate, unrest: Unrest): number {
  const equal = after.hours / (before.hours + after.hours);
  const all = before.count + after.count;
  const off = Math.abs(after.count - all * equal) / Math.sqrt(all * equal * (1 - equal));
  return narrowed(off, unrest);
}

/**
 * A normal score as it has to be where the scatter itself was only estimated: Student's, by the approximation of
 * D. L. Wallace (Bounds on normal approximations to Student's and the chi-square distributions, Annals of Mathematical
 * Statistics 30, 1959), and by the scatter's square root larger.
 */
function widened(z: number, { factor, freedom }: Unrest): number {
  if (!Number.isFinite(freedom)) return z * Math.sqrt(factor);
  const corrected = z * ((8 * freedom + 3) / (8 * freedom + 1));
  return Math.sqrt(factor * freedom * Math.expm1((corrected * corrected) / freedom));
}

/** The other way round. */
function narrowed(score: number, { factor, freedom }: Unrest): number {
  if (!Number.isFinite(freedom)) return score / Math.sqrt(factor);
  const student = Math.log1p((score * score) / factor / freedom);
  return Math.sqrt(freedom * student) * ((8 * freedom + 1) / (8 * freedom + 3));
}

/**
 * How likely chance alone brings a standard score at least so far from zero, on either side. By the series of
 * G. Marsaglia (Evaluating the normal distribution, Journal of Statistical Software 11, 2004): good to 15 places after
 * the point, and 0 from there on.
 */
export function chanceOf(z: number): number {
  if (z >= 8) return 0;
  let [sum, term] = [z, z];
  for (let n = 3; term > sum * NOTHING_MORE; n += 2) {
    term *= (z * z) / n;
    sum += term;
  }
  return Math.max(0, 1 - (2 * sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI));
}

/** The standard score that chance alone reaches with this probability, on either side: 1.96 for 0.05. */
export function zOf(alpha: number): number {
  return largest((z) => chanceOf(z) > alpha);
}

/** The largest number from 0 to 8 of which something is true; it is true of all below. */
function largest(isTrue: (z: number) => boolean): number {
  let [low, high] = [0, 8];
  if (isTrue(high)) return high;
  for (let step = 0; step < 48; step += 1) {
    const middle = (low + high) / 2;
    if (isTrue(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** What is to be thought of one comparison among many. */
export interface Verdict {
  /** Whether chance alone is too unlikely to have made the difference. */
  isTold: boolean;
  /** The probability that it was judged by: an interval of this level excludes "no difference" just where `isTold`. */
  alpha: number;
}

/**
 * Judges many differences at once, so that the probability of calling even one of them a difference where there is none
 * stays at `alpha` (S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics
 * 6, 1979). Takes a standard score each and gives a verdict each, in the same order.
 */
export function judged(scores: number[], alpha = ALPHA): Verdict[] {
  const order = scores.map((_score, index) => index).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
  const verdicts: Verdict[] = [];
  let isTold = true;
  let strict = alpha / scores.length;
  for (const [place, index] of order.entries()) {
    // The first that could be chance ends it: those after it are judged no more mildly.
    if (isTold) {
      strict = alpha / (scores.length - place);
      isTold = chanceOf(scores[index] ?? 0) < strict;
    }
    verdicts[index] = { isTold, alpha: strict };
  }
  return verdicts;
}

function total(hours: Hours): number {
  return hours.reduce((sum, count) => sum + count, 0);
}
