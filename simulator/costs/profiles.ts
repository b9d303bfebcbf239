/** The cost profiles that can be chosen by name. A calibrated machine's own profile is one more row. */

import { CONTAINER_RUNTIME_COSTS } from "./container-runtimes.ts";
import type { Cost, CostProfile } from "./cost.ts";
import { DEVICE_COSTS } from "./devices.ts";
import { LINUX_CALL_COSTS } from "./linux-calls.ts";
import { MIGRATION_COSTS } from "./migration.ts";
import { PUBLISHED_COSTS } from "./published.ts";
import { REFERENCE_CONTAINER_COSTS } from "./reference-container.ts";
import { REFERENCE_COSTS } from "./reference-machine.ts";
import { SANDBOX_COSTS } from "./sandboxes.ts";
import { TINY_MACHINE_COSTS } from "./tiny-machine.ts";
import { VIRTUALIZATION_COSTS } from "./virtualization.ts";
import { VM_BOOT_COSTS } from "./vm-boot.ts";
import { VM_EXIT_COSTS } from "./vm-exits.ts";
import { VM_MEMORY_COSTS } from "./vm-memory.ts";

export const DEFAULT_PROFILE = "published-2022";

export const PROFILES: readonly CostProfile[] = [
  {
    name: "published-2022",
    title: "published figures up to 2022 and after; what nobody published, measured on the reference machine",
    costs: [
      ...PUBLISHED_COSTS,
      ...DEVICE_COSTS,
      ...LINUX_CALL_COSTS,
      ...CONTAINER_RUNTIME_COSTS,
      ...VM_BOOT_COSTS,
      ...VM_EXIT_COSTS,
      ...TINY_MACHINE_COSTS,
      ...VIRTUALIZATION_COSTS,
      ...VM_MEMORY_COSTS,
      ...MIGRATION_COSTS,
      ...SANDBOX_COSTS,
      ...REFERENCE_COSTS,
      ...REFERENCE_CONTAINER_COSTS,
    ],
  },
];

/** @returns the profile of that name; undefined where there is none. */
export function findProfile(name: string): CostProfile | undefined {
  return PROFILES.find((profile) => profile.name === name);
}

/**
 * Lays measured costs over a profile: where both have a cost, the measured one counts.
 * @returns a profile of its own name
 */
export function withMeasured(base: CostProfile, name: string, title: string, measured: readonly Cost[]): CostProfile {
  const ids = new Set(measured.map((cost) => cost.id));
  return { name, title, costs: [...base.costs.filter((cost) => !ids.has(cost.id)), ...measured] };
}
