/** Rounds: every system once a round, in a seeded order, and an interruption keeps what has been measured. */
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../runtime/bench/random.ts";
import { type Circumstances, type Entrant, type Progress, runRounds } from "../../runtime/bench/rounds.ts";
import type { RunRequest, Sample, System } from "../../runtime/bench/system.ts";

/** A system that answers from a list instead of starting anything: the order of the rounds is what is tested. */
function scripted(measure: (run: RunRequest) => Promise<Sample>): System {
  return { version: "scripted 1", accelerator: null, notes: [], workloads: ["byte"], measure };
}

interface RunOptions extends Partial<Circumstances> {
  readonly runs?: number;
  readonly runsOf?: Readonly<Record<string, number>>;
  readonly warmup?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
  readonly evict?: () => Promise<void>;
}

function run(
  systems: Record<string, System>,
  { runs = 3, runsOf = {}, warmup = 1, seed = 1, signal = new AbortController().signal, ...rest }: RunOptions = {},
) {
  const steps: Progress[] = [];
  let settled = 0;
  const entrants = Object.entries(systems).map(([name, system]): [string, Entrant] => [
    name,
    { system, runs: runsOf[name] ?? runs, warmup },
  ]);
  const outcome = runRounds(new Map(entrants), {
    workload: "byte",
    cache: "warm",
    concurrency: 1,
    portOf: (slot) => 40_000 + slot,
    ...rest,
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
    expect(outcomes.get("interrupted")).toMatchObject({
      samples: [
        { requestedNs: 0, firstByte: 2, gone: 2, round: 1 },
        { requestedNs: 0, firstByte: 3, gone: 3, round: 2 },
      ],
      failure: undefined,
      missed: 0,
    });
  });

  it("spread the runs of a system that has fewer evenly over all of them", async () => {
    const { outcomes } = await run({ often: quick(), seldom: quick() }, { runs: 12, runsOf: { seldom: 4 } });
    expect(outcomes.get("often")?.samples.map(({ round }) => round)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(outcomes.get("seldom")?.samples.map(({ round }) => round)).toEqual([3, 6, 9, 12]);
  });

  it("begin nothing after the deadline, and count what was not made", async () => {
    const { outcomes, steps } = await run({ late: quick() }, { runs: 5, deadlineMs: performance.now() - 1 });
    expect(steps).toEqual([]);
    expect(outcomes.get("late")).toMatchObject({ samples: [], missed: 5, failure: undefined });
  });
});

describe("several at once", () => {
  /** Each ends only when as many as are asked for have been under way together: no clock decides. */
  function crowd(size: number) {
    const seen: RunRequest[] = [];
    let underWay = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    const system = scripted(async (request) => {
      seen.push(request);
      most = Math.max(most, ++underWay);
      if (most < size) await new Promise<void>((resolve) => waiting.push(resolve));
      for (const go of waiting.splice(0)) go();
      underWay--;
      return { requestedNs: 0, firstByte: 1, gone: 2 };
    });
    return { system, seen, most: () => most };
  }

  it("are as many as are asked for and never more, each in a slot and on a port of its own", async () => {
    const { system, seen, most } = crowd(4);
    const { outcomes } = await run({ system }, { concurrency: 4, runs: 8, warmup: 0, workload: "serve" });
    expect(outcomes.get("system")?.samples).toHaveLength(8);
    expect(most()).toBe(4);
    expect(new Set(seen.map(({ slot }) => slot))).toEqual(new Set([0, 1, 2, 3]));
    for (const { slot, port, workload } of seen) expect([workload, port]).toEqual(["serve", 40_000 + slot]);
  });

  it("end together when one of them fails, with its reason", async () => {
    let starts = 0;
    const failing = scripted(async () => {
      if (++starts > 2) throw new Error("no room");
      return { requestedNs: 0, firstByte: 1, gone: 2 };
    });
    const { outcomes } = await run({ failing }, { concurrency: 8, runs: 64, warmup: 0 });
    expect(outcomes.get("failing")?.failure).toBe("run 1 of 4 no room");
    expect(starts).toBeLessThanOrEqual(16);
  });
});

describe("a cold cache", () => {
  it("is emptied before every single start", async () => {
    const order: string[] = [];
    const system = scripted(async () => {
      order.push("start");
      return { requestedNs: 0, firstByte: 1, gone: 2 };
    });
    await run({ system }, { cache: "cold", runs: 3, warmup: 0, evict: async () => void order.push("evict") });
    expect(order).toEqual(["evict", "start", "evict", "start", "evict", "start"]);
  });
});
