/** The systems that the density benchmark knows, by the names that `--systems` takes. */

import type { DensityRow } from "./system.ts";
import { containerDensity } from "./systems/container.ts";
import { crunDensity } from "./systems/crun.ts";
import { dockerDensity } from "./systems/docker.ts";
import { podmanDensity } from "./systems/podman.ts";
import { processDensity } from "./systems/process.ts";
import { VM_DENSITIES } from "./systems/vm.ts";

export const DENSITY_SYSTEMS: ReadonlyMap<string, DensityRow> = new Map([
  ["process", processDensity],
  ["container", containerDensity],
  ["crun", crunDensity],
  ["podman", podmanDensity],
  ["docker", dockerDensity],
  ...VM_DENSITIES,
]);
