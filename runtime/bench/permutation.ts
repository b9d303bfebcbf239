/**
 * Whether two sets of samples differ by more than chance: a permutation test with the statistic of Brunner and Munzel
 * (2000), the difference of mean ranks over its own standard error (Neubert & Brunner 2007).
 *
 * Why this one. Start times are skewed, have humps and outliers: ranks do not mind, and do not ask for a scale, linear or
 * logarithmic. Divided by its own error the statistic also holds its level, for large samples, where only the spread
 * differs, which Mann and Whitney's does not. Permuting makes it exact for any size where the two come from the same
 * distribution, which is the statement to refute: all the ways to deal out the labels are gone through where they are few.
 * Else they are drawn, until a hundred were as far out as what was seen or there were 19,999 (Besag & Clifford 1991): the one
 * at hand counts as one of them, which keeps the level exact, too.
 */

import type { Random } from "./random.ts";

/** As reports and documents name it. */
export const TEST_NAME = "permutation test with the Brunner–Munzel statistic, two-sided";

export interface TestResult {
  /** How probable a statistic at least as far out is, where there is no difference. */
  readonly p: number;
  /** The least p value that so many samples can give. */
  readonly leastP: number;
  /** How probable it is that a sample of the second is larger than one of the first; ties count half. */
  readonly largerShare: number;
}

/** Up to so many ways to deal out the labels all are gone through. */
const MOST_ENUMERATED = 20_000;
const DEFAULT_DRAWS = 19_999;
/** So many as far out are enough to know that the p value is no small one. */
const ENOUGH_FAR_OUT = 100;
/** What floating point may make of equal statistics. */
const TOLERANCE = 1e-9;

export interface TestOptions {
  readonly random: Random;
  /** Permutations that are drawn where they are too many to go through; the least p value is 1 / (draws + 1). */
  readonly draws?: number;
}

/**
 * Tests.
 * @param first the samples of the one, in any order
 * @param second those of the other
 * @throws RangeError when one of them is empty
 */
export function permutationTest(
  first: readonly number[],
  second: readonly number[],
  { random, draws = DEFAULT_DRAWS }: TestOptions,
): TestResult {
  if (first.length === 0 || second.length === 0) throw new RangeError("a test needs samples of both");
  const pooled = new Pooled([...first, ...second]);
  const labels = pooled.labelsOf(first.length);
  const { statistic, largerShare } = pooled.compare(labels);
  const least = Math.abs(statistic) - TOLERANCE;
  const isAsFarOut = (labelling: Uint8Array) => Math.abs(pooled.compare(labelling).statistic) >= least;
  const ways = combinations(pooled.size, first.length, MOST_ENUMERATED);
  if (ways <= MOST_ENUMERATED) {
    let farOut = 0;
    for (const labelling of labellings(pooled.size, first.length)) if (isAsFarOut(labelling)) farOut++;
    // Two dealings are farthest out: all of the one below all of the other, and above.
    return { p: farOut / ways, leastP: Math.min(1, 2 / ways), largerShare };
  }
  const leastP = 1 / (draws + 1);
  let farOut = 0;
  for (let draw = 1; draw <= draws; draw++) {
    shuffle(labels, random);
    if (isAsFarOut(labels)) farOut++;
    if (farOut === ENOUGH_FAR_OUT) return { p: farOut / draw, leastP, largerShare };
  }
  return { p: (farOut + 1) / (draws + 1), leastP, largerShare };
}

/** All samples of both sets in ascending order, so that every dealing of labels is ranked in one walk. */
class Pooled {
  readonly size: number;
  /** For each place in the order: where its tie begins and ends. */
  private readonly ties: readonly (readonly [from: number, to: number])[];
  /** Which place each sample has. */
  private readonly placeOf: Uint32Array;

  constructor(samples: readonly number[]) {
    this.size = samples.length;
    const order = samples.map((_, index) => index).sort((a, b) => (samples[a] ?? 0) - (samples[b] ?? 0));
    this.placeOf = new Uint32Array(samples.length);
    order.forEach((index, place) => {
      this.placeOf[index] = place;
    });
    const ties: (readonly [number, number])[] = [];
    for (let from = 0; from < order.length; ) {
      let to = from + 1;
      while (to < order.length && samples[order[to] ?? 0] === samples[order[from] ?? 0]) to++;
      ties.push([from, to]);
      from = to;
    }
    this.ties = ties;
  }

  /** 0 for the places of the first `count` samples, 1 for the others'. */
  labelsOf(count: number): Uint8Array {
    const labels = new Uint8Array(this.size);
    for (let index = count; index < this.size; index++) labels[this.placeOf[index] ?? 0] = 1;
    return labels;
  }

  /**
   * The statistic for one dealing. A sample's *placement* is how many of the other set are smaller, ties counting half: the
   * difference of its ranks in both sets together and in its own (Brunner & Munzel 2000, eq. 3).
   */
  compare(labels: Uint8Array): { statistic: number; largerShare: number } {
    let [n, m] = [0, 0];
    let [sumN, sumM, squaresN, squaresM] = [0, 0, 0, 0];
    for (const [from, to] of this.ties) {
      const ones = countOnes(labels, from, to);
      const zeros = to - from - ones;
      const ofZero = m + ones / 2;
      const ofOne = n + zeros / 2;
      sumN += zeros * ofZero;
      squaresN += zeros * ofZero * ofZero;
      sumM += ones * ofOne;
      squaresM += ones * ofOne * ofOne;
      n += zeros;
      m += ones;
    }
    const largerShare = sumM / (n * m);
    const variance =
      placementVariance(n, sumN, squaresN) / (n * m * m) + placementVariance(m, sumM, squaresM) / (m * n * n);
    return { statistic: studentized(largerShare - 0.5, variance), largerShare };
  }
}

/** The variance of the placements of one set; of a single one none is known, and the other set's has to do. */
function placementVariance(count: number, sum: number, squares: number): number {
  return count < 2 ? 0 : Math.max(0, (squares - (sum * sum) / count) / (count - 1));
}

/** Sets that do not overlap have no spread: they are as far out as can be. */
function studentized(difference: number, variance: number): number {
  if (variance > TOLERANCE * TOLERANCE) return difference / Math.sqrt(variance);
  return Math.abs(difference) < TOLERANCE ? 0 : Math.sign(difference) * Number.MAX_VALUE;
}

function countOnes(labels: Uint8Array, from: number, to: number): number {
  let ones = 0;
  for (let place = from; place < to; place++) ones += labels[place] ?? 0;
  return ones;
}

/** In place: Fisher and Yates's walk. */
function shuffle(labels: Uint8Array, random: Random): void {
  for (let last = labels.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    const kept = labels[last] ?? 0;
    labels[last] = labels[other] ?? 0;
    labels[other] = kept;
  }
}

/** How many ways there are to choose `taken` of `size`; stops counting beyond `most`. */
function combinations(size: number, taken: number, most: number): number {
  let ways = 1;
  for (let step = 1; step <= Math.min(taken, size - taken); step++) {
    ways = (ways * (size - step + 1)) / step;
    if (ways > most) return ways;
  }
  return Math.round(ways);
}

/** Every dealing of `zeros` zeros and ones for the rest; the same array each time. */
function* labellings(size: number, zeros: number): Generator<Uint8Array> {
  const labels = new Uint8Array(size).fill(1);
  const chosen = Array.from({ length: zeros }, (_, index) => index);
  for (;;) {
    labels.fill(1);
    for (const place of chosen) labels[place] = 0;
    yield labels;
    let moving = zeros - 1;
    while (moving >= 0 && chosen[moving] === size - zeros + moving) moving--;
    if (moving < 0) return;
    const start = (chosen[moving] ?? 0) + 1;
    for (let next = moving; next < zeros; next++) chosen[next] = start + next - moving;
  }
}

/**
 * Holm's correction (1979) for many questions asked at once: the chance that any difference is reported where there is none
 * stays below the level, whatever depends on what.
 *
 * @param ps p values
 * @returns adjusted p values in the same order: one is significant where it is at most the level
 */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, index) => index).sort((a, b) => (ps[a] ?? 0) - (ps[b] ?? 0));
  const adjusted = new Array<number>(ps.length).fill(1);
  let largest = 0;
  order.forEach((index, place) => {
    largest = Math.max(largest, Math.min(1, (ps[index] ?? 1) * (ps.length - place)));
    adjusted[index] = largest;
  });
  return adjusted;
}
