/** The table of the runtime's speed: goals, verdicts, what is missing, and the searches behind two of its rows. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GOALS, type GoalRow } from "../../runtime/bench/speed/goals.ts";
import { judgeAll, type Measured } from "../../runtime/bench/speed/judge.ts";
import { leastMemory } from "../../runtime/bench/speed/least-memory.ts";
import { quantity } from "../../runtime/bench/speed/quantity.ts";
import { formatSpeed } from "../../runtime/bench/speed/report.ts";
import { type SpeedReport, speedReportSchema } from "../../runtime/bench/speed/schema.ts";
import { benchSpeed, speedSystems } from "../../runtime/bench/speed/speed.ts";
import { AT_A_TIME, STARTS, throughputOf } from "../../runtime/bench/speed/throughput.ts";
import { Unusable } from "../../runtime/bench/system.ts";
import { realContainers } from "./real-containers.ts";

const mark = (p50: number) => ({ samplesMs: [p50], p50, p95: p50, p99: p50, ci95: [p50, p50] as [number, number] });

const system = (name: string, p50: number): Measured["starts"]["systems"][number] => ({
  name,
  world: "container",
  version: name,
  accelerator: null,
  notes: [],
  marks: { firstByte: mark(p50), gone: mark(p50 * 2) },
});

const row = (value: number, bound: "at most" | "at least" = "at most"): GoalRow => ({
  measure: "one against the other",
  ours: { system: "ours", mark: "firstByte" },
  other: { system: "theirs", mark: "firstByte" },
  goal: { bound, value },
});

const measured = (ours: number, theirs: number): Measured => ({
  starts: { systems: [system("ours", ours), system("theirs", theirs)], unavailable: [] },
  quantities: new Map(),
});

describe("a verdict", () => {
  test("is a pass exactly when the ratio of the medians is within the goal", () => {
    const figure = fc.double({ min: 0.01, max: 1000, noNaN: true });
    fc.assert(
      fc.property(figure, figure, figure, (ours, theirs, goal) => {
        const [most] = judgeAll(measured(ours, theirs), [row(goal)]);
        const [least] = judgeAll(measured(ours, theirs), [row(goal, "at least")]);
        expect(most?.verdict).toBe(ours / theirs <= goal ? "pass" : "short");
        expect(least?.verdict).toBe(ours / theirs >= goal ? "pass" : "short");
      }),
    );
  });

  test("is unavailable, with the reason and what to do, where a figure is missing: never a pass", () => {
    const without: Measured = {
      starts: {
        systems: [system("ours", 1)],
        unavailable: [{ name: "theirs", reason: "not installed", fix: "apt-get install theirs" }],
      },
      quantities: new Map(),
    };
    expect(judgeAll(without, [row(1.5)])).toEqual([
      {
        measure: "one against the other",
        goal: { bound: "at most", value: 1.5 },
        verdict: "unavailable",
        reason: "theirs: not installed",
        fix: "apt-get install theirs",
      },
    ]);
    const nothing: Measured = { starts: { systems: [], unavailable: [] }, quantities: new Map() };
    expect(judgeAll(nothing).map(({ verdict }) => verdict)).toEqual(GOALS.map(() => "unavailable"));
  });

  test("of an absolute goal needs no other", () => {
    const figure = { system: "monitor", value: 200 * 1024, unit: "bytes" as const, n: 10 };
    const [judged] = judgeAll({ ...measured(1, 1), quantities: new Map([["memory", { kind: "figure", figure }]]) }, [
      { measure: "memory", ours: { quantity: "memory" }, goal: { bound: "at most", value: 300 * 1024 } },
    ]);
    expect(judged).toMatchObject({ verdict: "pass", ratio: null, other: null });
  });

  test("has a source that is measured, for every goal", () => {
    const systems = speedSystems();
    const sources = GOALS.flatMap(({ ours, other }) => (other === undefined ? [ours] : [ours, other]));
    const unknown = sources.flatMap((source) => ("system" in source && !systems.has(source.system) ? [source] : []));
    expect(unknown).toEqual([]);
  });
});

describe("a quantity", () => {
  test("that cannot be measured keeps its reason and its fix", async () => {
    const failed = quantity(async () => {
      throw new Unusable({ reason: "there is none", fix: "make one" });
    });
    expect(await failed).toEqual({ kind: "none", reason: "there is none", fix: "make one" });
  });

  test("the least memory is found wherever it lies, to a step", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4096 * 4 }), async (kibibytes) => {
        const { value } = await leastMemory("x", async (bytes) => bytes >= kibibytes * 1024);
        expect(value).toBe(Math.ceil(kibibytes / 4) * 4 * 1024);
      }),
    );
  });

  test("a batch starts all, never more than so many at a time", async () => {
    const seen = { started: new Set<number>(), now: 0, most: 0 };
    await throughputOf(async (number) => {
      seen.started.add(number);
      seen.most = Math.max(seen.most, ++seen.now);
      await new Promise((resolve) => setImmediate(resolve));
      seen.now--;
      return { kind: "exited", code: 0 };
    });
    expect([seen.started.size, seen.most]).toEqual([STARTS, AT_A_TIME]);
  });

  test("a batch in which one start fails has no figure", async () => {
    const failing = throughputOf(async (number) => ({ kind: "exited", code: number === 77 ? 1 : 0 }));
    await expect(failing).rejects.toThrow("start 77");
  });
});

test.skipIf(realContainers.missing)(
  realContainers.title("an interrupted run reports every goal, none of them as reached"),
  async () => {
    const interrupt = new AbortController();
    interrupt.abort(new Error("interrupted"));
    const report: SpeedReport = await benchSpeed({
      runs: 1,
      warmup: 0,
      seed: 1,
      signal: interrupt.signal,
      progress: () => {},
    });
    expect(speedReportSchema.parse(report)).toEqual(report);
    expect(report.rows.map(({ verdict }) => verdict)).toEqual(GOALS.map(() => "unavailable"));
    const text = formatSpeed(report);
    for (const { measure } of GOALS) expect(text).toContain(measure);
    expect(text).toContain("Interrupted");
  },
);
