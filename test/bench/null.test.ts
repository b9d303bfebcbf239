/** The null comparison: the same system under two names. */
import { describe, expect, it } from "vitest";
import { benchNull, formatNull, nullReportSchema } from "../../runtime/bench/null.ts";
import { seededRandom } from "../../runtime/bench/random.ts";
import type { SystemRow } from "../../runtime/bench/system.ts";
import { realContainers } from "./real-containers.ts";

/** Starts nothing: its times are drawn, and drift as those of a machine do. */
function drawn(): SystemRow {
  const random = seededRandom(20140609);
  let starts = 0;
  const measure = async () => {
    const drift = 1 + Math.sin(starts++ / 50) / 2;
    const firstByte = drift * (random() < 0.8 ? 5 : 20) * (1 + random());
    return { requestedNs: 0, firstByte, gone: firstByte * 1.1 };
  };
  const system = { version: "drawn", accelerator: null, notes: [], workloads: ["byte"], measure } as const;
  return { world: "process", what: "", prepare: async () => system };
}

describe.skipIf(realContainers.missing)(realContainers.title("the null comparison"), () => {
  it("reports a difference hardly ever, also where the machine drifts", { timeout: 60_000 }, async () => {
    // At 1 % and 60 comparisons, 4 or more have a probability of 0.3 %; the seed makes it the same every time.
    const steps: string[] = [];
    const report = await benchNull({
      systems: new Map([["drawn", drawn()]]),
      ...{ repeats: 60, runs: 12, level: 0.01, seed: 1 },
      signal: new AbortController().signal,
      progress: (step) => void steps.push(step.phase),
    });
    expect(nullReportSchema.parse(report)).toEqual(report);
    const [result] = report.results;
    expect(result?.repeats).toBe(60);
    expect(result?.leastP).toHaveLength(60);
    expect(result?.reported).toBeLessThanOrEqual(3);
    expect(steps.length).toBeGreaterThan(60 * 24);
    expect(formatNull(report)).toMatch(
      /drawn: a difference was reported in \d of 60 \(at most 3 by chance\): holds its level/,
    );
  });

  it("says what failed, and keeps what had been compared when it is interrupted", async () => {
    const interrupt = new AbortController();
    let starts = 0;
    const failing: SystemRow = {
      ...drawn(),
      prepare: async (bench) => ({
        ...(await drawn().prepare(bench)),
        measure: () =>
          ++starts > 20
            ? Promise.reject(new Error("no room"))
            : Promise.resolve({ requestedNs: 0, firstByte: 1, gone: 1 }),
      }),
    };
    const options = { repeats: 9, runs: 4, level: 0.01, seed: 1, signal: interrupt.signal };
    const failed = await benchNull({ ...options, systems: new Map([["failing", failing]]), progress: () => undefined });
    expect(failed.unavailable).toMatchObject([
      { name: "failing", reason: expect.stringMatching(/^repeat \d: .*no room$/) },
    ]);
    const interrupted = await benchNull({
      ...options,
      systems: new Map([["drawn", drawn()]]),
      progress: (step) => {
        if (step.phase === "run" && step.round === 3) interrupt.abort(new Error("interrupted"));
      },
    });
    expect(interrupted.interrupted).toBe(true);
    expect(interrupted.results[0]?.repeats).toBe(2);
  });
});
