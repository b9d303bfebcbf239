/** Rounds: every system once a round, in a seeded order, and an interruption keeps what has been measured. */
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../runtime/bench/random.ts";
import { type Progress, runRounds } from "../../runtime/bench/rounds.ts";
import type { RunRequest, Sample, System } from "../../runtime/bench/system.ts";

/** A system that answers from a list instead of starting anything: the order of the rounds is what is tested. */
function scripted(measure: (run: RunRequest) => Promise<Sample>): System {
  return { version: "scripted 1", accelerator: null, notes: [], workloads: ["byte"], measure };
}

function run(
  systems: Record<string, System>,
  { runs = 3, warmup = 1, seed = 1, signal = new AbortController().signal } = {},
) {
  const steps: Progress[] = [];
  let settled = 0;
  const outcome = runRounds(new Map(Object.entries(systems)), {
    runs,
    warmup,
    signal,
    random: seededRandom(seed),
    settle: async () => {
      settled++;
    },
    progress: (step) => steps.push(step),
  });
  return outcome.then((outcomes) => ({ outcomes, steps, settled }));
}

const quick = () => scripted(async () => ({ requestedNs: 0, firstByte: 1, gone: 2 }));

describe("the rounds of a benchmark", () => {
  it("start every system once in each round, and let the machine settle before each start", async () => {
    const { outcomes, steps, settled } = await run({ a: quick(), b: quick(), c: quick() }, { runs: 4, warmup: 2 });
    expect(steps).toHaveLength(18);
    expect(settled).toBe(18);
    for (const phase of ["warm-up", "run"]) {
      for (let round = 1; round <= (phase === "run" ? 4 : 2); round++) {
        const inRound = steps.filter((step) => step.phase === phase && step.round === round);
        expect(inRound.map(({ system }) => system).sort()).toEqual(["a", "b", "c"]);
      }
    }
    expect([...outcomes.values()].map(({ samples }) => samples.length)).toEqual([4, 4, 4]);
  });

  it("have an order of their own, the same one for the same seed", async () => {
    const orderOf = async (seed: number) =>
      (await run({ a: quick(), b: quick(), c: quick() }, { runs: 20, seed })).steps
        .map(({ system }) => system)
        .join("");
    expect(await orderOf(7)).toBe(await orderOf(7));
    expect(await orderOf(7)).not.toBe(await orderOf(8));
    const rounds = (await orderOf(7)).match(/.{3}/g) ?? [];
    expect(new Set(rounds).size).toBeGreaterThan(1);
  });

  it("do not start a system again after it has failed, and keep what it gave before", async () => {
    let starts = 0;
    const failing = scripted(async () => {
      if (++starts === 3) throw new Error("ended with status 1: no space");
      return { requestedNs: 0, firstByte: 1, gone: 2 };
    });
    const { outcomes } = await run({ failing, sound: quick() }, { runs: 10, warmup: 1 });
    expect(starts).toBe(3);
    expect(outcomes.get("failing")?.samples).toHaveLength(1);
    expect(outcomes.get("failing")?.failure).toBe("run 2 of 10 ended with status 1: no space");
    expect(outcomes.get("sound")?.samples).toHaveLength(10);
  });

  it("end at the signal with the samples that are complete, and do not call the run that was cut short a failure", async () => {
    const interrupt = new AbortController();
    let starts = 0;
    const interrupted = scripted(async ({ signal }) => {
      if (++starts === 4) {
        interrupt.abort(new Error("interrupted"));
        signal.throwIfAborted();
      }
      return { requestedNs: 0, firstByte: starts, gone: starts };
    });
    const { outcomes } = await run({ interrupted }, { runs: 10, warmup: 1, signal: interrupt.signal });
    expect(starts).toBe(4);
    expect(outcomes.get("interrupted")).toEqual({
      samples: [
        { requestedNs: 0, firstByte: 2, gone: 2 },
        { requestedNs: 0, firstByte: 3, gone: 3 },
      ],
      failure: undefined,
    });
  });
});
