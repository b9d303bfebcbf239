/** Percentiles and bootstrap intervals, against known distributions. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom, shuffled } from "../../runtime/bench/random.ts";
import { median, pairedRatio, percentile, ratioOfMedians, summarize } from "../../runtime/bench/statistics.ts";

const samples = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 60 });

describe("percentiles", () => {
  it("are those of R's type 7", () => {
    const sorted = [1, 2, 3, 4, 8];
    expect([0, 0.25, 0.5, 0.875, 1].map((fraction) => percentile(sorted, fraction))).toEqual([1, 2, 3, 6, 8]);
  });

  it("of nothing are an error and not a number", () => {
    expect(() => percentile([], 0.5)).toThrow(RangeError);
  });

  it("never leave the range of the samples and never fall as the fraction rises", () => {
    fc.assert(
      fc.property(
        samples,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (list, a, b) => {
          const sorted = Float64Array.from(list).sort();
          const low = percentile(sorted, Math.min(a, b));
          const high = percentile(sorted, Math.max(a, b));
          expect(low).toBeGreaterThanOrEqual((sorted[0] ?? 0) - 1e-6);
          expect(high).toBeLessThanOrEqual((sorted.at(-1) ?? 0) + 1e-6);
          expect(high).toBeGreaterThanOrEqual(low - 1e-6);
        },
      ),
    );
  });
});

describe("a summary", () => {
  it("does not depend on the order in which the samples came", () => {
    fc.assert(
      fc.property(samples, fc.integer({ min: 0 }), (list, seed) => {
        const mixed = shuffled(list, seededRandom(seed));
        const { outliers: ofMixed, ...one } = summarize(mixed, seededRandom(1));
        const { outliers, ...other } = summarize(list, seededRandom(1));
        expect(one).toEqual(other);
        expect(ofMixed.map((index) => mixed[index]).sort()).toEqual(outliers.map((index) => list[index]).sort());
      }),
    );
  });

  it("has an interval that holds the median and orders its percentiles", () => {
    fc.assert(
      fc.property(samples, (list) => {
        const { p50, p95, p99, ci95 } = summarize(list, seededRandom(1));
        expect(ci95[0]).toBeLessThanOrEqual(p50);
        expect(ci95[1]).toBeGreaterThanOrEqual(p50);
        expect(p95).toBeGreaterThanOrEqual(p50 - 1e-6);
        expect(p99).toBeGreaterThanOrEqual(p95 - 1e-6);
      }),
      { numRuns: 25 },
    );
  });

  it("repeats its bootstrap for the same seed", () => {
    const list = [5, 1, 4, 9, 2, 2, 7];
    expect(summarize(list, seededRandom(3))).toEqual(summarize(list, seededRandom(3)));
  });

  it("covers the true median of two humps, too, about as often as it says", () => {
    // 300 sets of 40, four of five in the first hump: the median is the first's quantile 0.625, 5 − ln(1 − 0.625). Below
    // 255 of 300 has a probability under 1e-6 even at a true 92 %.
    const random = seededRandom(7);
    const truth = 5 - Math.log(1 - 0.625);
    let covered = 0;
    for (let round = 0; round < 300; round++) {
      const list = Array.from({ length: 40 }, () => (random() < 0.8 ? 5 : 40) - Math.log(1 - random()));
      const { ci95 } = summarize(list, random);
      if (ci95[0] <= truth && truth <= ci95[1]) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(255);
  });

  it("covers the true median about as often as it says", () => {
    // 300 sets of 25 exponential samples; the median of an exponential is ln 2. The percentile bootstrap covers a little
    // less than 95 % at this size; below 255 of 300 has a probability under 1e-6 even at a true 92 %.
    const random = seededRandom(20140609);
    let covered = 0;
    for (let round = 0; round < 300; round++) {
      const list = Array.from({ length: 25 }, () => -Math.log(1 - random()));
      const { ci95 } = summarize(list, random);
      if (ci95[0] <= Math.LN2 && Math.LN2 <= ci95[1]) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(255);
  });
});

describe("what lies far out", () => {
  it("is named by its place, beyond three interquartile ranges from the quartiles", () => {
    // Quartiles 2 and 4: the fences are at −4 and 10.
    expect(summarize([1, 2, 3, 4, 10], seededRandom(1)).outliers).toEqual([]);
    expect(summarize([10.1, 1, 2, 3, 4], seededRandom(1)).outliers).toEqual([0]);
  });

  it("is in every figure all the same", () => {
    const { p50, p99, outliers } = summarize([1, 2, 3, 4, 1000], seededRandom(1));
    expect(outliers).toEqual([4]);
    expect([p50, p99]).toEqual([3, percentile([1, 2, 3, 4, 1000], 0.99)]);
  });
});

describe("the ratio to the baseline", () => {
  it("is exact where every round has the same one, however the rounds differ", () => {
    const { ratio, ci95 } = pairedRatio(
      [3, 80, 5, 41, 7].map((base) => [base * 2.5, base]),
      seededRandom(1),
    );
    expect([ratio, ...ci95]).toEqual([2.5, 2.5, 2.5]);
  });

  it("is narrower than that of unpaired samples where rounds differ", () => {
    const random = seededRandom(20140609);
    const rounds = Array.from({ length: 40 }, () => Math.exp(2 * random()));
    const pairs = rounds.map((round): [number, number] => [2 * round * (1 + 0.02 * random()), round]);
    const width = ([low, high]: readonly [number, number]) => high - low;
    const paired = pairedRatio(pairs, seededRandom(1));
    const [samples, baselines] = [pairs.map(([one]) => one), pairs.map(([, other]) => other)];
    const unpaired = ratioOfMedians(samples, baselines, seededRandom(1));
    expect(width(paired.ci95)).toBeLessThan(width(unpaired?.ci95 ?? [0, 0]) / 2);
  });

  it("has an interval that covers the true one about as often as it says", () => {
    // 300 sets of 30 rounds with a drift that both share; below 258 has a probability under 1e-6 even at a true 92 %.
    const random = seededRandom(20140609);
    const noise = () => Math.exp(0.3 * (random() + random() - 1));
    let covered = 0;
    for (let set = 0; set < 300; set++) {
      const pairs = Array.from({ length: 30 }, (_, round): [number, number] => {
        const drift = 1 + Math.sin(round / 5) / 3;
        return [3 * drift * noise(), drift * noise()];
      });
      const { ci95 } = pairedRatio(pairs, random);
      if (ci95[0] <= 3 && 3 <= ci95[1]) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(258);
  });

  it("of nothing is an error, and of a baseline of zero there is none", () => {
    expect(() => pairedRatio([], seededRandom(1))).toThrow(RangeError);
    expect(ratioOfMedians([1, 2], [0, 0], seededRandom(1))).toBeUndefined();
    expect(median([3, 1, 2])).toBe(2);
  });
});

describe("the seeded generator", () => {
  it("gives the same numbers for the same seed and others for another", () => {
    const draw = (seed: number) => {
      const random = seededRandom(seed);
      return Array.from({ length: 20 }, () => random());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it("stays in [0, 1) and fills it evenly", () => {
    const random = seededRandom(1);
    const buckets = new Array<number>(10).fill(0);
    for (let count = 0; count < 10_000; count++) {
      const value = random();
      expect(value >= 0 && value < 1).toBe(true);
      const bucket = Math.floor(value * 10);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    // Chi-squared with 9 degrees of freedom; 33.7 is exceeded with a probability of 1e-4.
    expect(buckets.reduce((sum, seen) => sum + (seen - 1000) ** 2 / 1000, 0)).toBeLessThan(33.7);
  });

  it("shuffles into a permutation and reaches every order", () => {
    const random = seededRandom(5);
    const seen = new Set(Array.from({ length: 500 }, () => shuffled(["a", "b", "c", "d"], random).join("")));
    expect(seen.size).toBe(24);
    for (const order of seen) expect([...order].sort().join("")).toBe("abcd");
  });
});
