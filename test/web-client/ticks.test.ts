/** The ticks of the axis on either scale. */

import { describe, expect, it } from "vitest";
import { axisTicks } from "../../web/client/timeline/ticks.ts";
import { createWarp, kneeOf, type ScaleKind } from "../../web/client/timeline/warp.ts";

const END = 1_500_000_000;

function ticksOf(kind: ScaleKind, widthPx: number, range = { from: 0, to: END }) {
  const warp = createWarp(kneeOf(kind, END), END);
  const left = warp.toPlace(range.from);
  const project = (time: number): number => ((warp.toPlace(time) - left) / (warp.toPlace(range.to) - left)) * widthPx;
  return axisTicks(range, project, 60);
}

describe("the ticks of the axis", () => {
  it("names every decade that there is room for on the logarithmic scale", () => {
    const named = ticksOf("log", 1200).flatMap(({ time, labelled }) => (labelled ? [time] : []));
    expect(named).toEqual(expect.arrayContaining([0, 1e6, 1e7, 1e8, 1e9]));
  });

  it("takes round steps on the linear scale", () => {
    const named = ticksOf("linear", 1200).map(({ time }) => time);
    expect(named).toContain(500_000_000);
    expect(named).toContain(1_000_000_000);
  });

  it.each(["log", "linear"] as const)("never lets two labels overlap (%s)", (kind) => {
    for (const widthPx of [320, 640, 1600]) {
      const xs = ticksOf(kind, widthPx).flatMap(({ x, labelled }) => (labelled ? [x] : []));
      for (const [at, x] of xs.slice(1).entries()) expect(x - (xs[at] ?? 0)).toBeGreaterThanOrEqual(59.9);
    }
  });

  it("names whole steps only", () => {
    const named = axisTicks({ from: 0, to: 6 }, (time) => time * 200, 40).map(({ time }) => time);
    expect(named).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it("is even within a decade, even on the logarithmic scale", () => {
    const named = ticksOf("log", 1000, { from: 2e6, to: 4e6 }).map(({ time }) => time);
    const steps = named.slice(1).map((time, at) => time - (named[at] ?? 0));
    expect(new Set(steps.map((step) => Math.round(step))).size).toBe(1);
  });
});
