/**
 * The five capability sets of a configuration as masks. capabilities(7); runtime-spec, config.md, capabilities: what
 * cannot be granted is a warning, not a failure.
 */
import { readFileSync } from "node:fs";
import type { OciCapabilities } from "../oci/config.ts";
import { ALL_CAPABILITIES, CAPABILITIES, capabilityNames } from "./capabilities.ts";

export interface CapabilitySets {
  readonly bounding: bigint;
  readonly permitted: bigint;
  readonly effective: bigint;
  readonly inheritable: bigint;
  readonly ambient: bigint;
  /** How many the bounding set keeps. */
  readonly kept: number;
  readonly notes: string[];
}

/** What this process, and so its launcher, could hand on (proc_pid_status(5), CapBnd). */
export function grantableCapabilities(status = "/proc/self/status"): bigint {
  const digits = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync(status, "utf8"))?.[1];
  return digits === undefined ? ALL_CAPABILITIES : BigInt(`0x${digits}`);
}

function known(names: readonly string[], notes: Set<string>): bigint {
  return names.reduce((mask, name) => {
    const bit = Object.entries(CAPABILITIES).find(([one]) => one === name)?.[1];
    if (bit !== undefined) return mask | (1n << BigInt(bit));
    notes.add(`there is no capability ${JSON.stringify(name)}: it is left out`);
    return mask;
  }, 0n);
}

/** A set within another, as the kernel demands; what does not fit is left out and said. */
function within(mask: bigint, limit: bigint, what: string, notes: Set<string>): bigint {
  for (const name of capabilityNames(mask & ~limit)) notes.add(`${name} ${what}: it is left out`);
  return mask & limit;
}

/**
 * @param grantable what can be had here; all unless given
 * @returns masks that capset(2) accepts, and what had to be left out, in words
 */
export function capabilitySets(sets: OciCapabilities = {}, grantable = ALL_CAPABILITIES): CapabilitySets {
  const notes = new Set<string>();
  const take = (names: readonly string[] = []): bigint =>
    within(known(names, notes), grantable, "cannot be granted here", notes);
  const bounding = take(sets.bounding);
  const permitted = take(sets.permitted);
  const effective = within(take(sets.effective), permitted, "is effective but not permitted", notes);
  const inheritable = take(sets.inheritable);
  const ambient = within(
    take(sets.ambient),
    permitted & inheritable,
    "is ambient but not both permitted and inheritable",
    notes,
  );
  return {
    bounding,
    permitted,
    effective,
    inheritable,
    ambient,
    kept: capabilityNames(bounding).length,
    notes: [...notes],
  };
}
