/** What is started under which condition, and why some of it is not. */
import { describe, expect, it } from "vitest";
import type { Condition } from "../../runtime/bench/protocol.ts";
import type { Outcome } from "../../runtime/bench/rounds.ts";
import { costMs, planCondition, planMain } from "../../runtime/bench/startup-plan.ts";
import type { System } from "../../runtime/bench/system.ts";
import type { Ready } from "../../runtime/bench/trial.ts";

const MEBIBYTE = 1024 * 1024;

function ready(trialMs: number, system: Partial<System> = {}): Ready {
  const measure = () => Promise.reject(new Error("nothing is started here"));
  const prepare = measure;
  return {
    row: { world: "container", what: "", prepare },
    system: { version: "1", accelerator: null, notes: [], workloads: ["byte", "serve"], measure, ...system },
    trialMs,
  };
}

const done: Outcome = {
  samples: [{ requestedNs: 0, firstByte: 1, gone: 2, round: 1 }],
  failure: undefined,
  busyMs: 1,
  missed: 0,
};
const CONDITION: Condition = { workload: "byte", cache: "warm", concurrency: 8, runs: 16 };

function plan(
  systems: Readonly<Record<string, Ready>>,
  condition: Partial<Condition> = {},
  outcomes: Record<string, Outcome> = {},
) {
  const { entrants, objections } = planCondition(
    { ...CONDITION, ...condition },
    {
      ready: new Map(Object.entries(systems)),
      main: new Map(Object.keys(systems).map((name) => [name, outcomes[name] ?? done])),
      bench: { memoryBytes: 64 * MEBIBYTE },
      limits: { timeSeconds: 60, memoryBytes: 1024 * MEBIBYTE, diskBytes: 0 },
      budgetMs: 60_000,
      evictionMs: 100,
    },
  );
  return {
    runs: Object.fromEntries([...entrants].map(([name, one]) => [name, one.runs])),
    objections: Object.fromEntries(objections),
  };
}

describe("the plan for a condition", () => {
  it("leaves out what cannot serve, cannot be so many, would not fit into memory or time, and says which", () => {
    const systems = {
      container: ready(10),
      floor: ready(10, { workloads: ["byte"] }),
      tiny: ready(2, { mostAtOnce: 4 }),
      vm: ready(100, { memoryBytes: 256 * MEBIBYTE }),
      slow: ready(60_000),
    };
    expect(plan(systems, { workload: "serve" })).toEqual({
      runs: { container: 16 },
      objections: {
        floor: "it cannot be asked for that",
        tiny: "no more than 4 at once",
        vm: "more memory than the limit allows",
        slow: "left out, it does not fit into the time",
      },
    });
  });

  it("asks whom the condition names, and nobody who failed before; that goes without saying", () => {
    const systems = { a: ready(1), b: ready(1), c: ready(1) };
    expect(plan(systems, { systems: ["a", "b"] }, { b: { ...done, failure: "no room" } })).toEqual({
      runs: { a: 16 },
      objections: {},
    });
  });

  it("has whole batches: two starts for each that is under way", () => {
    expect(plan({ a: ready(1) }, { concurrency: 8, runs: 40 }).runs).toEqual({ a: 48 });
    expect(plan({ a: ready(1) }, { concurrency: 8, runs: 1 }).runs).toEqual({ a: 16 });
    expect(plan({ a: ready(1) }, { concurrency: 1, runs: 7 }).runs).toEqual({ a: 7 });
  });

  it("keeps the time of the warm-up of servers free", () => {
    // Sixty seconds: one start of each to warm up, and so nine of the slow one are left.
    const { runs } = plan({ slow: ready(5992) }, { workload: "serve", concurrency: 1, runs: 20 });
    expect(runs).toEqual({ slow: 9 });
    expect(plan({ slow: ready(5992) }, { concurrency: 1, runs: 20 }).runs).toEqual({ slow: 10 });
  });

  it("reckons a cold start dearer, and what emptying the caches takes", () => {
    const warm = costMs({ trialMs: 10 }, { ...CONDITION, cache: "warm" }, 100);
    expect(costMs({ trialMs: 10 }, { ...CONDITION, cache: "cold" }, 100)).toBeGreaterThan(warm + 100);
  });
});

describe("the main plan", () => {
  it("warms up once what is slow, and starts it less often where the time is short", () => {
    const systems = new Map([
      ["process", ready(1)],
      ["vm", ready(3000)],
    ]);
    const { entrants, expectedMs, leftOut } = planMain(systems, { runs: 40, warmup: 3 }, 60_000);
    expect(entrants.get("process")).toMatchObject({ runs: 40, warmup: 3 });
    expect(entrants.get("vm")).toMatchObject({ runs: 18, warmup: 1 });
    expect(expectedMs).toBeLessThanOrEqual(60_000);
    expect(leftOut).toEqual([]);
  });

  it("names what does not fit with what would help", () => {
    const { leftOut } = planMain(new Map([["vm", ready(30_000)]]), { runs: 40, warmup: 0 }, 60_000);
    expect(leftOut).toEqual([
      { name: "vm", reason: expect.stringContaining("30.0 s"), fix: expect.stringContaining("--time") },
    ]);
  });
});
