/** The test behind every comparison: against values by another implementation, exactly at its level, and with power. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { holm, permutationTest } from "../../runtime/bench/permutation.ts";
import { type Random, seededRandom } from "../../runtime/bench/random.ts";

const random = () => seededRandom(20140609);

/** Skewed and with two humps, as start times are. */
function startTime(draw: Random): number {
  const hump = draw() < 0.8 ? 5 : 20;
  return hump - Math.log(1 - draw());
}

function draws(count: number, from: () => number): number[] {
  return Array.from({ length: count }, from);
}

describe("the permutation test", () => {
  // scipy.stats.brunnermunzel 1.17.1 over every one of the dealings, counted by itertools.combinations.
  it.each([
    [[1.1, 2.3, 2.9, 4.2, 5.0, 9.1], [3.3, 4.4, 6.1, 7.2, 8.8], 96 / 462],
    [[1, 2, 2, 3, 5], [2, 3, 4, 6, 6, 7], 32 / 462],
  ])("of %j and %j gives what SciPy's statistic gives over all dealings", (first, second, expected) => {
    expect(permutationTest(first, second, { random: random() }).p).toBeCloseTo(expected, 12);
  });

  it("says how often one is larger, ties counting half, as Brunner and Munzel's own example has it", () => {
    const first = [1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 1, 1];
    const second = [3, 3, 4, 3, 1, 2, 3, 1, 1, 5, 4];
    const { largerShare, p } = permutationTest(first, second, { random: random() });
    expect(largerShare).toBeCloseTo(0.788961, 6);
    expect(p).toBeLessThan(0.02);
  });

  it("rejects at any level exactly as often as the level allows: all dealings of the same samples are gone through", () => {
    // Whatever the truth is, under the hypothesis every dealing of these eight is equally likely.
    const pooled = [1, 2, 3, 5, 8, 13, 21, 34];
    const ps: number[] = [];
    for (let bits = 0; bits < 256; bits++) {
      const first = pooled.filter((_, index) => (bits >> index) & 1);
      const second = pooled.filter((_, index) => !((bits >> index) & 1));
      if (first.length === 4) ps.push(permutationTest(first, second, { random: random() }).p);
    }
    expect(ps).toHaveLength(70);
    for (const level of [...new Set(ps)]) {
      expect(ps.filter((p) => p <= level).length / 70).toBeLessThanOrEqual(level + 1e-12);
    }
    expect(Math.min(...ps)).toBeCloseTo(2 / 70, 12);
  });

  it("holds its level where dealings are drawn, also for two humps and for ties", () => {
    // 600 comparisons of the same with the same, at 5 %: more than 55 have a probability under 1e-5.
    const draw = random();
    let rejected = 0;
    for (let round = 0; round < 600; round++) {
      const sample = () => Math.round(startTime(draw) * 2) / 2;
      if (permutationTest(draws(20, sample), draws(15, sample), { random: draw, draws: 999 }).p <= 0.05) rejected++;
    }
    expect(rejected).toBeLessThanOrEqual(55);
    expect(rejected).toBeGreaterThanOrEqual(8);
  });

  it("sees a tenth more in forty starts nearly always, at a level of 1 %", () => {
    // A true power of 95 % gives fewer than 80 of 100 with a probability under 1e-7.
    const draw = random();
    let seen = 0;
    for (let round = 0; round < 100; round++) {
      const first = draws(40, () => 10 - Math.log(1 - draw()));
      const second = draws(40, () => 1.1 * (10 - Math.log(1 - draw())));
      if (permutationTest(first, second, { random: draw, draws: 1999 }).p <= 0.01) seen++;
    }
    expect(seen).toBeGreaterThanOrEqual(80);
  });

  it("does not depend on the scale, nor on which of the two is named first", () => {
    const few = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 7 });
    fc.assert(
      fc.property(few, few, (first, second) => {
        const { p, largerShare } = permutationTest(first, second, { random: random() });
        const logarithms = permutationTest(first.map(Math.log), second.map(Math.log), { random: random() });
        const swapped = permutationTest(second, first, { random: random() });
        expect(logarithms.p).toBeCloseTo(p, 12);
        expect(swapped.p).toBeCloseTo(p, 12);
        expect(swapped.largerShare).toBeCloseTo(1 - largerShare, 12);
      }),
      { numRuns: 50 },
    );
  });

  it("knows the least p value that so few samples can give", () => {
    expect(permutationTest([1, 2, 3], [4, 5, 6], { random: random() })).toEqual({
      p: 0.1,
      leastP: 0.1,
      largerShare: 1,
    });
    expect(permutationTest([7], [7], { random: random() })).toEqual({ p: 1, leastP: 1, largerShare: 0.5 });
  });

  it("finds no difference between samples that are all the same", () => {
    expect(
      permutationTest(
        draws(30, () => 4),
        draws(30, () => 4),
        { random: random() },
      ).p,
    ).toBe(1);
  });
});

describe("Holm's correction", () => {
  it("is that of R's p.adjust", () => {
    const adjusted = holm([0.01, 0.04, 0.03, 0.005]);
    [0.03, 0.06, 0.06, 0.02].forEach((expected, index) => {
      expect(adjusted[index]).toBeCloseTo(expected, 12);
    });
  });

  it("never makes a p value smaller, keeps their order and stays a probability", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 }), (ps) => {
        const adjusted = holm(ps);
        ps.forEach((p, index) => {
          const own = adjusted[index] ?? Number.NaN;
          expect(own).toBeGreaterThanOrEqual(p);
          expect(own).toBeLessThanOrEqual(1);
          ps.forEach((other, position) => {
            if (p < other) expect(own).toBeLessThanOrEqual(adjusted[position] ?? Number.NaN);
          });
        });
      }),
    );
  });
});
