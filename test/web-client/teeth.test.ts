/** The waterline's shape: teeth that can be counted, and density where they cannot. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stripGeometry } from "../../web/client/timeline/geometry.ts";
import { outlinePath } from "../../web/client/timeline/profile.ts";
import { DENSITY_LEVELS, type Shape, shapeOf } from "../../web/client/timeline/teeth.ts";
import { type SpanWords, trackOf } from "./timelines.ts";

/** One pixel is one nanosecond at `scale` 1. */
function shape(spans: readonly SpanWords[], widthPx: number, scale = 1): Shape {
  return shapeOf(trackOf(spans), { from: 0, to: widthPx / scale, widthPx, project: (time) => time * scale });
}

/** A comb: user mode and kernel in turn, `period` ns each. */
function comb(count: number, period: number): SpanWords[] {
  return Array.from({ length: count }, (_, at) => ({
    mode: at % 2 === 0 ? ("user" as const) : ("kernel" as const),
    start: at * period,
    end: (at + 1) * period,
  }));
}

describe("the shape of a waterline", () => {
  it("draws every dip that is wide enough as a tooth of its own", () => {
    const { teeth, shades } = shape(comb(20, 10), 200);
    expect(teeth).toHaveLength(20);
    expect(teeth.map(({ depth }) => depth)).toEqual(Array.from({ length: 20 }, (_, at) => at % 2));
    expect(shades).toEqual([]);
  });

  it("turns a comb that is too fine into an even shade of half the time at each depth", () => {
    const { teeth, shades } = shape(comb(20_000, 10), 200, 0.001);
    expect(teeth).toEqual([]);
    expect(shades.map(({ depth, x0, x1, level }) => ({ depth, x0, x1, level }))).toEqual([
      { depth: 0, x0: 0, x1: 200, level: DENSITY_LEVELS / 2 },
      { depth: 1, x0: 0, x1: 200, level: DENSITY_LEVELS / 2 },
    ]);
  });

  it("never loses a single short dip", () => {
    const { shades } = shape(
      [
        { mode: "user", start: 0, end: 5000 },
        { mode: "kernel", start: 5000, end: 5001 },
        { mode: "user", start: 5001, end: 10_000 },
      ],
      100,
      0.01,
    );
    expect(shades).toEqual([{ depth: 1, x0: 50, x1: 51, level: 1 }]);
  });

  it("joins spans that follow each other at one depth: where nothing crosses, nothing dips", () => {
    const { teeth } = shape(
      [
        { mode: "kernel", start: 0, end: 30 },
        { mode: "kernel", start: 30, end: 60 },
      ],
      100,
    );
    expect(teeth).toEqual([{ x0: 0, x1: 60, depth: 1, notched: false }]);
  });

  it("keeps two system calls apart even where the return between them is too short to be drawn", () => {
    const { teeth } = shape(
      [
        { mode: "kernel", start: 0, end: 30_000 },
        { mode: "user", start: 30_000, end: 30_020 },
        { mode: "kernel", start: 30_020, end: 60_000 },
      ],
      100,
      0.001,
    );
    expect(teeth.map(({ notched }) => notched)).toEqual([false, true]);
  });

  it("shows at most as much time as there was", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 60 }), (lengths) => {
        let at = 0;
        const spans = lengths.map((length, turn) => {
          const span = { mode: turn % 2 === 0 ? ("user" as const) : ("kernel" as const), start: at, end: at + length };
          at += length;
          return span;
        });
        const { teeth, shades } = shape(spans, Math.ceil(at / 10), 0.1);
        const drawn = teeth.reduce((sum, { x0, x1 }) => sum + x1 - x0, 0);
        const shaded = shades.reduce((sum, { x0, x1, level }) => sum + ((x1 - x0) * (level - 1)) / DENSITY_LEVELS, 0);
        expect(drawn + shaded).toBeLessThanOrEqual(at / 10 + 1e-3);
      }),
    );
  });
});

describe("the outline", () => {
  const geometry = stripGeometry(1, 2);

  it("goes upright at each crossing and back to the waterline at a gap", () => {
    const path = outlinePath(
      [
        { x0: 0, x1: 10, depth: 0, notched: false },
        { x0: 10, x1: 20, depth: 1, notched: false },
        { x0: 40, x1: 50, depth: 2, notched: false },
      ],
      geometry,
    );
    const { waterlineY: line } = geometry;
    expect(path).toBe(
      `M0,${line}V${geometry.levelY(0)}H10V${geometry.levelY(1)}H20V${line}M40,${line}V${geometry.levelY(2)}H50V${line}`,
    );
  });

  it("lies deeper the more borders were crossed", () => {
    const depths = [0, 1, 2].map((depth) => geometry.levelY(depth));
    expect(depths).toEqual([...depths].sort((a, b) => a - b));
    expect(depths[0]).toBeLessThan(geometry.waterlineY);
    expect(depths[1]).toBeGreaterThan(geometry.waterlineY);
  });
});
