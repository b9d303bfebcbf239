/** A run's result as `ringside.simulation/1`: keys in a fixed order, no date, so that equal runs give equal bytes. */
import type { ScenarioResult } from "./run.ts";
import type { AnyScenario } from "./scenario.ts";

export const SIMULATION_SCHEMA = "ringside.simulation/1";

/**
 * @param about what the scenario asks and claims, to be carried along
 * @returns the JSON text, with a newline at its end
 */
export function simulationJson(result: ScenarioResult, about: Pick<AnyScenario, "question" | "claim"> = {}): string {
  const { scenario, seed, profile, knobs, traceHash, metrics } = result;
  const { question, claim } = about;
  const document = { schema: SIMULATION_SCHEMA, scenario, seed, profile, knobs, traceHash, worlds: metrics };
  return `${JSON.stringify({ ...document, question, claim }, null, 2)}\n`;
}
