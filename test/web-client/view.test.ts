/** The window onto the axis: zooming and panning never leave it. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clampView, panView, revealPlace, WHOLE, zoomView } from "../../web/client/timeline/view.ts";

const place = fc.double({ min: 0, max: 1, noNaN: true });

describe("the window onto the axis", () => {
  it("never leaves the axis, whatever is done to it", () => {
    fc.assert(
      fc.property(
        place,
        place,
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        fc.double({ min: -3, max: 3, noNaN: true }),
        (a, b, factor, share) => {
          const view = panView(zoomView(clampView({ from: Math.min(a, b), to: Math.max(a, b) }), factor, a), share);
          expect(view.from).toBeGreaterThanOrEqual(0);
          expect(view.to).toBeLessThanOrEqual(1 + 1e-9);
          expect(view.to - view.from).toBeGreaterThan(0);
        },
      ),
    );
  });

  it("keeps the place under the pointer where it is while zooming in", () => {
    const view = zoomView({ from: 0.2, to: 0.8 }, 2, 0.5);
    expect(view).toEqual({ from: 0.35, to: 0.65 });
  });

  it("is whole again after zooming out far enough", () => {
    expect(zoomView({ from: 0.4, to: 0.5 }, 1e-3, 0.45)).toEqual(WHOLE);
  });

  it("keeps its width at the edge while panning", () => {
    expect(panView({ from: 0, to: 0.25 }, -1)).toEqual({ from: 0, to: 0.25 });
    expect(panView({ from: 0.5, to: 1 }, 1)).toEqual({ from: 0.5, to: 1 });
  });

  it("does not move for a place that can be seen, and centres on one that cannot", () => {
    expect(revealPlace({ from: 0.1, to: 0.3 }, 0.2)).toEqual({ from: 0.1, to: 0.3 });
    const moved = revealPlace({ from: 0, to: 0.2 }, 0.6);
    expect((moved.from + moved.to) / 2).toBeCloseTo(0.6);
  });
});
