/**
 * The order of the overhead benchmark: every round starts the program once in every world, in an order of its own, so that
 * a drift of the machine meets all of them, and a ratio can be made of what belongs to one round.
 */

import { Pacer } from "../pace.ts";
import { type Random, shuffled } from "../random.ts";
import type { Step } from "../rounds.ts";
import type { Output } from "./output.ts";
import type { OverheadWorld } from "./world.ts";

export interface OverheadPlan {
  readonly runs: number;
  /** Of each quantity, in each start. */
  readonly samples: number;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** No start begins after this moment (performance.now()). */
  readonly deadlineMs: number;
  /** How long a first start took, by world. */
  readonly trialMs: ReadonlyMap<string, number>;
  settle(): Promise<void>;
  progress(step: Step): void;
}

/** What a world said, round by round; where it was interrupted or has failed, the later ones are missing. */
export interface WorldOutcome {
  readonly rounds: ReadonlyMap<number, Output>;
  readonly failure: string | undefined;
}

/**
 * Measures in all rounds; a world that fails once is not started again. Ends early, with what there is, when the signal comes or
 * the time is over.
 */
export async function measureRounds(
  worlds: ReadonlyMap<string, OverheadWorld>,
  plan: OverheadPlan,
): Promise<Map<string, WorldOutcome>> {
  const said = new Map<string, Map<number, Output>>([...worlds.keys()].map((name) => [name, new Map()]));
  const failures = new Map<string, string>();
  const outcomes = (): Map<string, WorldOutcome> =>
    new Map([...said].map(([name, rounds]) => [name, { rounds, failure: failures.get(name) }]));
  const trialMs = (name: string): number => plan.trialMs.get(name) ?? 0;
  const pacer = new Pacer(plan.runs * [...worlds.keys()].reduce((sum, name) => sum + trialMs(name), 0));
  for (let round = 1; round <= plan.runs; round++) {
    for (const name of shuffled([...worlds.keys()], plan.random)) {
      const world = worlds.get(name);
      if (world === undefined || failures.has(name)) continue;
      if (plan.signal.aborted || performance.now() >= plan.deadlineMs) return outcomes();
      plan.progress({ phase: "run", round, rounds: plan.runs, system: name, part: "overhead", ...pacer.at() });
      await plan.settle();
      try {
        said.get(name)?.set(round, await world.measure({ samples: plan.samples, signal: plan.signal }));
      } catch (error) {
        if (plan.signal.aborted) return outcomes();
        failures.set(name, `run ${round} of ${plan.runs} ${error instanceof Error ? error.message : String(error)}`);
      }
      pacer.worked(trialMs(name));
    }
  }
  return outcomes();
}
