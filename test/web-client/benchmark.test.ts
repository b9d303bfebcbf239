/** What the Benchmark page draws and keeps: distributions without a sample lost, lines taken over, choices that make sense. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { acceleratorOf } from "../../runtime/bench/report/words.ts";
import { percentile } from "../../runtime/bench/statistics.ts";
import { BenchmarkState, distributionsOf } from "../../web/client/benchmark/benchmark-state.ts";
import { BenchmarkChoice } from "../../web/client/benchmark/choice.ts";
import {
  acceleratorWords,
  type Distribution,
  ecdfColumns,
  isEmulated,
  quantile,
} from "../../web/client/benchmark/distributions.ts";
import { dashOf } from "../../web/client/benchmark/line-style.ts";
import { leftWords, limitWords } from "../../web/client/benchmark/words.ts";
import { generatedReport } from "../support/bench-report.ts";

const positive = fc.double({ min: 1e-4, max: 1e5, noNaN: true });
const samples = fc.array(positive, { maxLength: 30 });
const of = (samplesMs: readonly number[]): Distribution => ({
  name: "x",
  world: "container",
  accelerator: null,
  samplesMs,
});

describe("a distribution", () => {
  test("rises at every sample of every system, from 0 to all of them", () => {
    fc.assert(
      fc.property(fc.array(samples, { maxLength: 4 }), (systems) => {
        const { momentsMs, shares } = ecdfColumns(systems.map(of));
        expect(momentsMs).toEqual([...momentsMs].sort((one, other) => one - other));
        systems.forEach((own, index) => {
          const column = shares[index] ?? [];
          expect(column).toHaveLength(momentsMs.length);
          momentsMs.forEach((moment, at) => {
            const there = own.filter((sample) => sample <= moment).length;
            expect(column[at]).toBe(own.length === 0 ? 0 : there / own.length);
          });
          if (own.length > 0) expect([column[0], column.at(-1)]).toEqual([0, 1]);
        });
      }),
    );
  });

  test("has the percentiles of the reports", () => {
    fc.assert(
      fc.property(fc.array(positive, { minLength: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (own, share) => {
        expect(quantile(own, share)).toBeCloseTo(percentile(Float64Array.from(own).sort(), share), 9);
      }),
    );
    expect(quantile([], 0.5)).toBeUndefined();
  });

  test("calls accelerators what the reports call them", () => {
    for (const accelerator of [
      null,
      "tcg",
      "tcg (software emulation)",
      "kvm",
      "hardware KVM",
      "a guest; emulated by the host's kernel",
      "KVM real-mode guest; hardware virtualization",
      "systrap",
    ]) {
      expect(acceleratorWords(accelerator)).toBe(acceleratorOf(accelerator)?.words);
      expect(isEmulated(accelerator)).toBe(acceleratorOf(accelerator)?.isEmulated ?? false);
    }
  });
});

describe("lines of one hue", () => {
  test("have patterns of their own, whatever the other worlds have", () => {
    const rows = ["process", "container", "container", "vm", "container"] as const;
    const all = rows.map((world, index) => ({ world, index }));
    const containers = all.filter(({ world }) => world === "container").map((one) => dashOf(all, one).join());
    expect(new Set(containers).size).toBe(3);
    expect(all.filter(({ world }) => world !== "container").map((one) => dashOf(all, one))).toEqual([[], []]);
  });
});

describe("what is told while it is measured", () => {
  test("becomes one distribution a system, in the order in which they were asked for", () => {
    const state = new BenchmarkState();
    const request = { systems: ["a", "b"], runs: 2, timeSeconds: 60 };
    const nothing = { limits: undefined, message: "", fraction: undefined, leftSeconds: undefined };
    state.running.value = { request, ...nothing, isStopping: false };
    for (const [system, firstByteMs] of [
      ["b", 2],
      ["a", 1],
      ["b", 3],
    ] as const) {
      state.take({ kind: "sample", system, world: "process", accelerator: null, firstByteMs });
    }
    expect(state.distributions.value.map(({ name, samplesMs }) => [name, samplesMs])).toEqual([
      ["a", [1]],
      ["b", [2, 3]],
    ]);
    state.take({ kind: "unavailable", system: "c", reason: "not here", fix: "install it" });
    expect(state.missing.value).toEqual([{ name: "c", reason: "not here", fix: "install it" }]);
    expect(state.take({ kind: "done", id: "7", interrupted: false })).toBe("7");
    expect(state.take({ kind: "done", id: null, interrupted: true })).toBeUndefined();
    state.take({ kind: "failed", reason: "no launcher", fix: "build it" });
    expect(state.failure.value?.fix).toBe("build it");
  });

  test("is what a stored report shows later", () => {
    const report = generatedReport(1);
    const shown = distributionsOf(report);
    expect(shown.map(({ name }) => name)).toEqual(report.systems.map(({ name }) => name));
    expect(shown[0]?.samplesMs).toEqual(report.systems[0]?.marks.firstByte?.samplesMs);
  });
});

describe("a choice", () => {
  test("asks for what there is, and for nothing where there is nothing to measure", () => {
    const choice = new BenchmarkChoice();
    expect(choice.request.value).toBeUndefined();
    choice.systems.value = ["process", "vm"].map((name) => ({ name, world: "process", what: "" }));
    expect(choice.request.value).toEqual({ systems: ["process"], runs: 20, timeSeconds: 180 });
    choice.choose("vm", true);
    choice.minutes.value = 10;
    expect(choice.request.value).toEqual({ systems: ["process", "vm"], runs: 20, timeSeconds: 600 });
    for (const runs of [Number.NaN, 0, 1.5, 1001]) {
      choice.runs.value = runs;
      expect(choice.request.value).toBeUndefined();
    }
    choice.runs.value = 1;
    for (const name of ["process", "vm"]) choice.choose(name, false);
    expect(choice.request.value).toBeUndefined();
  });
});

test("what it takes and what is left is said in words", () => {
  expect(limitWords({ timeSeconds: 180, memoryBytes: 2 ** 31, diskBytes: 2 ** 30 })).toMatch(
    /3 minutes, 2\D?GiB.*1\D?GiB/,
  );
  expect([leftWords(0), leftWords(65.4), leftWords(-3)]).toEqual(["0:00", "1:05", "0:00"]);
});
