/** Every scenario that can be run, by name. */
import type { Scenario } from "./scenario.ts";
import { STARTUP_RACE } from "./startup-race.ts";

export const SCENARIOS: readonly Scenario[] = [STARTUP_RACE];

/** @returns the scenario of that name; undefined where there is none. */
export function findScenario(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name);
}
