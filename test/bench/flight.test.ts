/** How many starts were really under way. */
import { describe, expect, it } from "vitest";
import { inFlight } from "../../runtime/bench/flight.ts";

const at = (fromMs: number, goneMs: number) => ({ requestedNs: fromMs * 1e6, gone: goneMs });

describe("the number in flight", () => {
  it("is one for starts that follow one another, also where one begins the moment that another is gone", () => {
    expect(inFlight([at(0, 5), at(5, 5), at(20, 1)])).toEqual({ mean: 1, max: 1 });
  });

  it("counts at each request what was requested and not gone, itself included", () => {
    // Requests at 0, 1, 2 and 12: the first two are seen by the third, only the second by the last.
    expect(inFlight([at(0, 10), at(1, 100), at(2, 3), at(12, 1)])).toEqual({ mean: (1 + 2 + 3 + 2) / 4, max: 3 });
  });

  it("tells a launcher that serialises what was asked for at once", () => {
    const oneByOne = Array.from({ length: 16 }, (_, index) => at(index * 10, 10));
    expect(inFlight(oneByOne).max).toBe(1);
    const together = Array.from({ length: 16 }, () => at(0, 10));
    expect(inFlight(together)).toEqual({ mean: 16, max: 16 });
  });
});
