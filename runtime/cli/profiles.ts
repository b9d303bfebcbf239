/** The cost profiles that can be chosen here: the simulator's own, and those that `ringside calibrate` has kept. */
import type { CostProfile } from "../../simulator/costs/cost.ts";
import { DEFAULT_PROFILE, findProfile, PROFILES, withMeasured } from "../../simulator/costs/profiles.ts";
import { suggestion } from "../../simulator/scenarios/knob.ts";
import { type CostsDocument, keptProfiles, readCosts } from "../calibrate/document.ts";
import { RingsideError, reasonOf } from "../error.ts";

/** @returns a machine's costs laid over the published ones: what was not measured there is as published. */
export function profileOf({ name, title, costs }: Pick<CostsDocument, "name" | "title" | "costs">): CostProfile {
  const base = findProfile(DEFAULT_PROFILE);
  if (base === undefined) throw new RangeError(`there is no profile ${DEFAULT_PROFILE}`);
  return withMeasured(base, name, title, costs);
}

/**
 * @param name as it was asked for
 * @returns the kept profile of that name, or the name of one of the simulator's
 * @throws RingsideError where there is none of that name, or a kept one cannot be read
 */
export function profileNamed(name: string): string | CostProfile {
  if (findProfile(name) !== undefined) return name;
  const kept = keptProfiles().includes(name) ? readCosts(name) : undefined;
  if (kept !== undefined) return profileOf(kept);
  if (name.startsWith("measured-")) {
    throw new RingsideError(
      `there is no cost profile "${name}": this machine has not been calibrated under that name`,
      {
        fix: `ringside calibrate measures this machine; ringside simulate --list names the profiles: ${knownProfiles()
          .map((known) => known.name)
          .join(", ")}`,
      },
    );
  }
  throw new RingsideError(`there is no cost profile "${name}"`, {
    fix: suggestion(
      name,
      knownProfiles().map((known) => known.name),
      "profiles",
    ),
  });
}

/** @returns every profile that can be chosen; one that cannot be read is named on standard error, and left out */
export function knownProfiles(): Pick<CostProfile, "name" | "title">[] {
  const kept = keptProfiles().flatMap((name) => {
    try {
      return readCosts(name) ?? [];
    } catch (error) {
      process.stderr.write(`ringside: ${reasonOf(error)}\n`);
      return [];
    }
  });
  return [...PROFILES, ...kept].map(({ name, title }) => ({ name, title }));
}
