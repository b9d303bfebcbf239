/**
 * A profile is this machine's figures over published ones, and some belong together: a stage of a boot under KVM has its
 * exits in its time. Where a measured figure and a published one cannot both be, the measured one is left out by name.
 */
import { EXIT_COSTS, stagesTooShort } from "../../simulator/costs/boot-exits.ts";
import type { Cost } from "../../simulator/costs/cost.ts";
import { DEFAULT_PROFILE, findProfile, withMeasured } from "../../simulator/costs/profiles.ts";

export interface Fitting {
  readonly costs: Cost[];
  readonly leftOut: { readonly name: string; readonly why: string }[];
}

const EXIT_IDS: readonly string[] = [...Object.values(EXIT_COSTS), "hypervisor.monitor.own"];

/** @returns the costs that go together with the published ones and each other, and what was left out */
export function withRoomForExits(measured: readonly Cost[]): Fitting {
  // Boots first, with exits as they were published: what is too short even for those was not the boot that was counted.
  const exits = measured.filter(({ id }) => EXIT_IDS.includes(id));
  const rest = measured.filter(({ id }) => !EXIT_IDS.includes(id));
  const short = tooShort(rest);
  const kept = rest.filter(({ id }) => !short.includes(id));
  const leftOut = rest
    .filter(({ id }) => short.includes(id))
    .map(({ id }) => ({
      name: id,
      why: "it is shorter than the exits that were counted in such a boot; as published",
    }));
  if (tooShort([...kept, ...exits]).length === 0) return { costs: [...kept, ...exits], leftOut };
  const why = "an exit is longer here than a published boot has room for; as published";
  return { costs: kept, leftOut: [...leftOut, ...exits.map(({ id }) => ({ name: id, why }))] };
}

function tooShort(measured: readonly Cost[]): string[] {
  const base = findProfile(DEFAULT_PROFILE);
  if (base === undefined) throw new RangeError(`there is no profile ${DEFAULT_PROFILE}`);
  return stagesTooShort(withMeasured(base, base.name, base.title, measured).costs).map(({ cost }) => cost);
}
