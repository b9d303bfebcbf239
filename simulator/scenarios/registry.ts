/** Every scenario that can be run, by name, and the themes under which they are listed. */
import { ANOTHER_SYSTEM } from "./another-system.ts";
import { BOOT } from "./boot.ts";
import { CAT_FILE } from "./cat-file.ts";
import { DATA_SURVIVES } from "./data-survives.ts";
import { DISPATCHING } from "./dispatching.ts";
import { HUNDRED_SITES } from "./hundred-sites.ts";
import { KERNEL_PANIC } from "./kernel-panic.ts";
import { MEMORY } from "./memory.ts";
import { NOISY_NEIGHBOUR } from "./noisy-neighbour.ts";
import { PRIVILEGED_INSTRUCTION } from "./privileged-instruction.ts";
import type { Scenario } from "./scenario.ts";
import { STARTUP_RACE } from "./startup-race.ts";
import { SYSTEM_CALL } from "./system-call.ts";

export const SCENARIOS: readonly Scenario[] = [
  STARTUP_RACE,
  SYSTEM_CALL,
  PRIVILEGED_INSTRUCTION,
  CAT_FILE,
  BOOT,
  MEMORY,
  DISPATCHING,
  HUNDRED_SITES,
  KERNEL_PANIC,
  NOISY_NEIGHBOUR,
  DATA_SURVIVES,
  ANOTHER_SYSTEM,
];

export interface Theme {
  readonly title: string;
  /** Names of scenarios. */
  readonly names: readonly string[];
}

/** What belongs together, in the order in which one would look at it. A test holds that no scenario is left out. */
export const THEMES: readonly Theme[] = [
  { title: "Crossing the border of privilege", names: ["system-call", "privileged-instruction", "cat-file"] },
  { title: "Starting", names: ["startup-race", "boot", "another-system"] },
  { title: "Sharing one machine", names: ["memory", "noisy-neighbour", "dispatching", "hundred-sites"] },
  { title: "Ending, well or not", names: ["kernel-panic", "data-survives"] },
];

/** Shorter names. */
const ALIASES: ReadonlyMap<string, string> = new Map([["startup", STARTUP_RACE.name]]);

/** @returns the scenario of that name; undefined where there is none. */
export function findScenario(name: string): Scenario | undefined {
  const whole = ALIASES.get(name) ?? name;
  return SCENARIOS.find((scenario) => scenario.name === whole);
}
