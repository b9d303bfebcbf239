/** A run's result as `ringside.simulation/1`: keys in a fixed order, no date, so that equal runs give equal bytes. */
import type { ScenarioResult } from "./run.ts";

export const SIMULATION_SCHEMA = "ringside.simulation/1";

/** @returns the JSON text, with a newline at its end. */
export function simulationJson(result: ScenarioResult): string {
  const { scenario, seed, profile, knobs, traceHash, metrics } = result;
  const document = { schema: SIMULATION_SCHEMA, scenario, seed, profile, knobs, traceHash, worlds: metrics };
  return `${JSON.stringify(document, null, 2)}\n`;
}
