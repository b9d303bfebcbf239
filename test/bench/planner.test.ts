/** How many starts fit into the time. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allot, type Candidate, takesPart } from "../../runtime/bench/planner.ts";

function candidate(name: string, startMs: number, rest: Partial<Candidate> = {}): Candidate {
  return { name, startMs, wanted: 20, least: 5, step: 1, ...rest };
}

describe("the planner", () => {
  it("gives everyone what is wanted where there is no limit", () => {
    const { runs, leftOut, expectedMs } = allot(
      [candidate("fast", 1), candidate("slow", 5000)],
      Number.POSITIVE_INFINITY,
    );
    expect([...runs]).toEqual(
      expect.arrayContaining([
        ["fast", 20],
        ["slow", 20],
      ]),
    );
    expect(leftOut).toEqual([]);
    expect(expectedMs).toBe(20 * 5001);
  });

  it("lets what is fast have all of its runs, and what is slow those that fit", () => {
    const { runs } = allot([candidate("slow", 4000), candidate("fast", 10)], 60_000);
    expect(runs.get("fast")).toBe(20);
    // What the fast one leaves of its half goes to the slow one.
    expect(runs.get("slow")).toBe(14);
  });

  it("gives everyone the least number before anybody has more, also what takes more than its share", () => {
    const { runs, leftOut } = allot([candidate("vm", 8000), candidate("a", 500), candidate("b", 500)], 50_000);
    expect(leftOut).toEqual([]);
    expect(runs.get("vm")).toBe(5);
    // Five seconds are left, too little for another guest: five more starts of each of the others.
    expect([runs.get("a"), runs.get("b")]).toEqual([10, 10]);
  });

  it("leaves out what cannot have its least number, and says so", () => {
    const { runs, leftOut } = allot([candidate("vm", 30_000), candidate("process", 1)], 60_000);
    expect(leftOut).toEqual(["vm"]);
    expect(runs.has("vm")).toBe(false);
    expect(runs.get("process")).toBe(20);
  });

  it("divides no batch", () => {
    const { runs } = allot([candidate("crowd", 100, { wanted: 96, least: 32, step: 32 })], 7000);
    expect(runs.get("crowd")).toBe(64);
  });

  it("never plans more than the time, nor more than is wanted, nor fewer than the least", () => {
    const any = fc.record({
      startMs: fc.double({ min: 0.1, max: 10_000, noNaN: true }),
      wanted: fc.integer({ min: 1, max: 200 }),
      step: fc.constantFrom(1, 4, 32),
    });
    fc.assert(
      fc.property(
        fc.array(any, { minLength: 1, maxLength: 12 }),
        fc.double({ min: 1, max: 1e6, noNaN: true }),
        (list, ms) => {
          const candidates = list.map(({ startMs, wanted, step }, index) => ({
            name: String(index),
            startMs,
            wanted: wanted * step,
            least: step,
            step,
          }));
          const { runs, leftOut, expectedMs } = allot(candidates, ms);
          expect(expectedMs).toBeLessThanOrEqual(ms * (1 + 1e-9));
          for (const { name, wanted, least, step } of candidates) {
            const count = runs.get(name);
            if (count === undefined) {
              expect(leftOut).toContain(name);
            } else {
              expect(count).toBeGreaterThanOrEqual(least);
              expect(count).toBeLessThanOrEqual(wanted);
              expect(count % step).toBe(0);
            }
          }
        },
      ),
    );
  });
});

describe("fewer runs than rounds", () => {
  it("lie evenly, and are exactly so many", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 100 }), (rounds, wanted) => {
        const runs = Math.min(rounds, wanted);
        const taken = Array.from({ length: rounds }, (_, index) => index + 1).filter((round) =>
          takesPart(round, rounds, runs),
        );
        expect(taken).toHaveLength(runs);
        const gaps = taken.slice(1).map((round, index) => round - (taken[index] ?? 0));
        if (gaps.length > 0) expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
