/**
 * A scenario that is being simulated: its name, what can be turned, and what came out.
 */

import type { ReadonlySignal, Signal } from "@preact/signals-core";
import { type KnobValues, ScenarioError } from "../../../simulator/scenarios/knob.ts";
import { runScenario, type ScenarioResult } from "../../../simulator/scenarios/run.ts";

export type Simulated =
  | { readonly kind: "ran"; readonly result: ScenarioResult }
  | { readonly kind: "refused"; readonly reason: string };

export interface Simulation {
  readonly scenario: string;
  readonly seed: Signal<number>;
  /** Those that are not as they are by default. */
  readonly knobs: Signal<KnobValues>;
  readonly simulated: ReadonlySignal<Simulated>;
}

/**
 * Runs a scenario, or says why it cannot be run so.
 */
export function simulate(scenario: string, seed: number, knobs: KnobValues): Simulated {
  try {
    return { kind: "ran", result: runScenario(scenario, { seed, knobs }) };
  } catch (error) {
    if (error instanceof ScenarioError) return { kind: "refused", reason: `${error.message}: ${error.fix}` };
    return { kind: "refused", reason: error instanceof Error ? error.message : String(error) };
  }
}
