/**
 * The order of a benchmark. Every round starts every system once, in an order of its own: a drift of the machine (heat, a
 * neighbour, a cache that fills) then meets all systems alike, and no system always follows the same one.
 */

import { type Random, shuffled } from "./random.ts";
import type { Sample, System } from "./system.ts";

export interface Plan {
  readonly runs: number;
  readonly warmup: number;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** Called before every start: waits for the machine to be quiet. */
  settle(): Promise<void>;
  progress(step: Progress): void;
}

export interface Progress {
  readonly phase: "warm-up" | "run";
  readonly round: number;
  readonly rounds: number;
  readonly system: string;
  /** Of the whole benchmark: `startup`, `cold, byte` …; without for what has one part. */
  readonly part?: string;
  /** How much of the benchmark is done, 0 … 1, and how long the rest will take, once that can be told. */
  readonly fraction?: number;
  readonly leftSeconds?: number;
}

/** What a benchmark tells while it works. */
export type Step = Progress | { readonly phase: "preparing"; readonly system: string };

export interface Outcome {
  readonly samples: readonly Sample[];
  /** Why the system stopped before the last round. */
  readonly failure: string | undefined;
}

/**
 * Runs all rounds; a system that fails once is not started again. Ends early, with what there is, when the signal comes.
 * @param systems ready to be timed, by name
 */
export async function runRounds(systems: ReadonlyMap<string, System>, plan: Plan): Promise<Map<string, Outcome>> {
  const samples = new Map<string, Sample[]>([...systems.keys()].map((name) => [name, []]));
  const failures = new Map<string, string>();
  for (const { phase, round, rounds } of steps(plan)) {
    for (const name of shuffled([...systems.keys()], plan.random)) {
      if (plan.signal.aborted) return outcomes(samples, failures);
      const system = systems.get(name);
      if (system === undefined || failures.has(name)) continue;
      plan.progress({ phase, round, rounds, system: name });
      await plan.settle();
      try {
        const sample = await system.measure({ signal: plan.signal, slot: 0, workload: "byte", port: undefined });
        if (phase === "run") samples.get(name)?.push(sample);
      } catch (error) {
        if (plan.signal.aborted) return outcomes(samples, failures);
        const message = error instanceof Error ? error.message : String(error);
        failures.set(name, `${phase} ${round} of ${rounds} ${message}`);
      }
    }
  }
  return outcomes(samples, failures);
}

function* steps({ warmup, runs }: Plan): Generator<Omit<Progress, "system">> {
  for (let round = 1; round <= warmup; round++) yield { phase: "warm-up", round, rounds: warmup };
  for (let round = 1; round <= runs; round++) yield { phase: "run", round, rounds: runs };
}

function outcomes(samples: ReadonlyMap<string, Sample[]>, failures: ReadonlyMap<string, string>): Map<string, Outcome> {
  return new Map([...samples].map(([name, list]) => [name, { samples: list, failure: failures.get(name) }]));
}
