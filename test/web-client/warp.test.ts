/** The two scales of the axis, and the way from one to the other. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createWarp, kneeBetween, kneeOf } from "../../web/client/timeline/warp.ts";

const END = 1_500_000_000;

describe("the warp of the axis", () => {
  it("starts at 0 and ends at 1 on either scale", () => {
    for (const kind of ["log", "linear"] as const) {
      const warp = createWarp(kneeOf(kind, END), END);
      expect(warp.toPlace(0)).toBe(0);
      expect(warp.toPlace(END)).toBeCloseTo(1, 12);
    }
  });

  it("keeps the order of moments, and finds its way back", () => {
    fc.assert(
      fc.property(fc.nat(END), fc.nat(END), fc.constantFrom("log", "linear"), (a, b, kind) => {
        const warp = createWarp(kneeOf(kind as "log" | "linear", END), END);
        expect(Math.sign(warp.toPlace(a) - warp.toPlace(b))).toBe(Math.sign(a - b));
        expect(Math.abs(warp.toTime(warp.toPlace(a)) - a)).toBeLessThan(1);
      }),
    );
  });

  it("shows the true proportions on the linear scale, to a thousandth", () => {
    const warp = createWarp(kneeOf("linear", END), END);
    expect(warp.toPlace(END / 4)).toBeCloseTo(0.25, 3);
    expect(warp.toPlace(END / 2)).toBeCloseTo(0.5, 3);
  });

  it("gives a millisecond room beside a boot of a second and a half on the logarithmic scale", () => {
    const warp = createWarp(kneeOf("log", END), END);
    expect(warp.toPlace(1_000_000)).toBeGreaterThan(0.2);
    expect(createWarp(kneeOf("linear", END), END).toPlace(1_000_000)).toBeLessThan(0.001);
  });

  it("passes from one scale to the other without leaving the range between them", () => {
    const from = kneeOf("log", END);
    const to = kneeOf("linear", END);
    expect(kneeBetween(from, to, 0)).toBeCloseTo(from, 3);
    expect(kneeBetween(from, to, 1) / to).toBeCloseTo(1, 9);
    const places = [0, 0.25, 0.5, 0.75, 1].map((share) =>
      createWarp(kneeBetween(from, to, share), END).toPlace(1_000_000),
    );
    expect(places).toEqual([...places].sort((a, b) => b - a));
  });
});
