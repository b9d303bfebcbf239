/** Exponential draws in integers: how exact the table is, and that what is drawn is what theory says of it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exponentialOf, exponentialTable, MAX_MEAN } from "../../../simulator/engine/exponential.ts";
import { Random } from "../../../simulator/engine/random.ts";

const SEED = Number(process.env.RINGSIDE_SEED ?? 1);
const WORD = 2 ** 32;

/** The value that an exact calculation gives; Math.log is good to 53 bits here, the table to 32. */
const exact = (doublings: number, word: number) => doublings * Math.LN2 - Math.log1p(-word / WORD / 2);

describe("the table", () => {
  it("has -ln(1 - v/2) at each of its points, rounded to 32 bits", () => {
    const table = exponentialTable();
    expect(table).toHaveLength(1025);
    for (const [piece, value] of table.entries()) {
      expect(Number.isSafeInteger(value)).toBe(true);
      expect(Math.abs(value / WORD + Math.log1p(-piece / 2048)) * WORD).toBeLessThan(0.51);
    }
  });

  it("is off by less than 2^-22 of the mean at any quantile", () => {
    fc.assert(
      fc.property(fc.nat(40), fc.integer({ min: 0, max: WORD - 1 }), (doublings, word) => {
        const drawn = exponentialOf(MAX_MEAN, doublings, word) / MAX_MEAN;
        // Each doubling adds what ln 2 in 32 bits lacks.
        expect(Math.abs(drawn - exact(doublings, word))).toBeLessThan(2 ** -22 + doublings * 2 ** -33);
      }),
      { numRuns: 5000 },
    );
  });

  it("never gives a rarer draw less than a commoner one", () => {
    let before = -1;
    for (let doublings = 0; doublings < 3; doublings++) {
      for (let word = 0; word < WORD; word += 999_983) {
        const value = exponentialOf(1_000_000_000, doublings, word);
        expect(value).toBeGreaterThanOrEqual(before);
        before = value;
      }
    }
  });

  it("has the mean of the distribution to a millionth: its own mean, piece by piece, and the doublings'", () => {
    const table = exponentialTable();
    let sum = 0;
    for (let piece = 0; piece < 1024; piece++) sum += ((table[piece] ?? 0) + (table[piece + 1] ?? 0)) / 2;
    // The coin falls tails once on average.
    expect(sum / 1024 / WORD + Math.LN2).toBeCloseTo(1, 6);
  });

  it("is made of integers alone: the same product in arbitrary precision", () => {
    const table = exponentialTable();
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: MAX_MEAN }),
        fc.nat(60),
        fc.integer({ min: 0, max: WORD - 1 }),
        (mean, doublings, word) => {
          const piece = word >>> 22;
          const [low, high] = [BigInt(table[piece] ?? 0), BigInt(table[piece + 1] ?? 0)];
          const fixed =
            BigInt(doublings) * BigInt(Math.round(Math.LN2 * WORD)) +
            low +
            (((high - low) * BigInt(word & 0x3fffff)) >> 22n);
          const upper = fixed >> 16n;
          const lower = (BigInt(mean) * (fixed & 0xffffn)) >> 16n;
          expect(BigInt(exponentialOf(mean, doublings, word))).toBe((BigInt(mean) * upper + lower + 32_768n) >> 16n);
        },
      ),
    );
  });
});

describe(`exponential draws, seed ${SEED}`, () => {
  // The k-th moment of n draws is k! ± sqrt(((2k)! - k!²) / n); 3.29 of those hold 999 of 1000 seeds, each moment by itself.
  it.each([
    { moment: 1, value: 1, variance: 1 },
    { moment: 2, value: 2, variance: 20 },
    { moment: 3, value: 6, variance: 684 },
  ])("have moment $moment within its 99.9 % interval", ({ moment, value, variance }) => {
    const random = new Random(SEED, "moments");
    const draws = 1_000_000;
    let sum = 0;
    for (let draw = 0; draw < draws; draw++) sum += (random.exponential(1_000_000) / 1_000_000) ** moment;
    expect(Math.abs(sum / draws - value)).toBeLessThan(3.29 * Math.sqrt(variance / draws));
  });

  it("spread as the distribution does: chi-squared of 20 equally likely classes, below the 99.9 % bound of 43.8", () => {
    const random = new Random(SEED, "classes");
    const classes = new Array<number>(20).fill(0);
    for (let draw = 0; draw < 200_000; draw++) {
      const probability = -Math.expm1(-random.exponential(MAX_MEAN) / MAX_MEAN);
      const at = Math.min(19, Math.floor(probability * 20));
      classes[at] = (classes[at] ?? 0) + 1;
    }
    expect(classes.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)).toBeLessThan(43.8);
  });

  it("have no memory: what is left after a wait is distributed like the whole", () => {
    const random = new Random(SEED, "memory");
    const left: number[] = [];
    while (left.length < 200_000) {
      const draw = random.exponential(1_000_000);
      if (draw >= 1_500_000) left.push(draw - 1_500_000);
    }
    const mean = left.reduce((sum, value) => sum + value, 0) / left.length / 1_000_000;
    expect(Math.abs(mean - 1)).toBeLessThan(3.29 / Math.sqrt(left.length));
  });

  it("refuse means that are not integers, or too large to be exact", () => {
    for (const mean of [0, -1, 0.5, Number.NaN, MAX_MEAN + 1]) {
      expect(() => new Random(1).exponential(mean)).toThrow("the mean");
    }
  });
});
