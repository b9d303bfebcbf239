/** The tiny machine as a row of the startup benchmark: its marks in their order, its stages the whole of it. */
import { describe, expect, test } from "vitest";
import { type RunRequest, Unusable } from "../../runtime/bench/system.ts";
import { tinySystem } from "../../runtime/bench/systems/tiny.ts";
import { STARTUP_SYSTEMS } from "../../runtime/bench/systems.ts";
import { tinyProblem } from "../../runtime/vm/tiny.ts";
import { unless } from "../support/needs.ts";

const RUN: RunRequest = { signal: new AbortController().signal, slot: 0, workload: "byte", port: undefined };

const problem = await tinyProblem();
const reason = problem === undefined ? undefined : `${problem.reason}; to fix it: ${problem.fix}`;

describe("the row of the tiny machine", () => {
  test("is in the table of systems", () => {
    expect(STARTUP_SYSTEMS.get("tiny")).toBe(tinySystem);
  });

  test("has its marks in their order, and stages that come to the whole", unless(reason), async () => {
    const system = await tinySystem.prepare();
    expect(system.accelerator).toContain("KVM real-mode guest, no kernel");
    expect(system.workloads).toEqual(["byte"]);
    const samples = [];
    for (let i = 0; i < 5; i++) samples.push(await system.measure(RUN));
    for (const { firstInstruction = Number.NaN, firstByte, gone, stages = [] } of samples) {
      expect([0, firstInstruction, firstByte, gone]).toEqual(
        [0, firstInstruction, firstByte, gone].toSorted((a, b) => a - b),
      );
      expect(stages.map(({ name }) => name)).toEqual(samples[0]?.stages?.map(({ name }) => name));
      for (const { ms } of stages) expect(ms).toBeGreaterThanOrEqual(0);
      expect(stages.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(gone, 6);
    }
  });

  test("runs as many at once as it says", unless(reason), async () => {
    const system = await tinySystem.prepare();
    const slots = Array.from({ length: system.mostAtOnce ?? 1 }, (_, slot) => slot);
    const samples = await Promise.all(slots.map((slot) => system.measure({ ...RUN, slot })));
    expect(samples).toHaveLength(slots.length);
  });

  test(
    "is unusable with a reason and a fix where it does not run",
    unless(reason === undefined ? "it runs here" : undefined),
    async () => {
      await expect(tinySystem.prepare()).rejects.toThrow(Unusable);
    },
  );
});
