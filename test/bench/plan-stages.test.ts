/** The stages of a start add up to the whole. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planStages } from "../../runtime/bench/plan-stages.ts";
import type { PlanReportRow } from "../../runtime/container/running.ts";

function row(stage: string, startMs: number, endMs: number): PlanReportRow {
  const rest = { op: "closeDescriptors", why: "", manual: "", calls: "", errno: 0 };
  return { ...rest, stage, startNs: startMs * 1e6, endNs: endMs * 1e6 };
}

const ends = { requestedNs: 1e9, goneNs: 1e9 + 20e6 };

describe("the stages of a start", () => {
  it("begin with the request and end with the removal; what lies between two steps is the later one's", () => {
    const world = {
      startedNs: 1e9 + 8e6,
      planReport: [row("cgroup", 1, 2), row("mounts", 3, 4), row("cgroup", 4, 5), row("exec", 6, 7)],
    };
    // The report counts from a millisecond after the request: execve ended at 7 there and at 8 here.
    expect(planStages(world, { exitedNs: 1e9 + 12e6 }, ends)).toEqual([
      { name: "request", ms: 2 },
      { name: "cgroup", ms: 2 },
      { name: "mounts", ms: 2 },
      { name: "exec", ms: 2 },
      { name: "program", ms: 4 },
      { name: "removal", ms: 8 },
    ]);
  });

  it("add up to the whole, in whatever order steps ended", () => {
    const steps = fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.integer({ min: 0, max: 9 })), { maxLength: 12 });
    fc.assert(
      fc.property(steps, (list) => {
        const planReport = [...list.map(([stage, at]) => row(stage, at, at)), row("exec", 9, 10)];
        const stages = planStages({ startedNs: 1e9 + 10e6, planReport }, { exitedNs: 1e9 + 15e6 }, ends);
        expect(stages.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(20, 6);
        for (const { ms } of stages) expect(ms).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
