/** The systems that the startup benchmark knows, by the names that `--systems` takes. A new one is one row and one file. */

import type { SystemRow } from "./system.ts";
import { bwrapSystem } from "./systems/bwrap.ts";
import { containerSystem } from "./systems/container.ts";
import { containerCommandSystem } from "./systems/container-command.ts";
import { floorSystem } from "./systems/floor.ts";
import { crunBareSystem, crunSystem, crunWithoutFilterSystem, runcSystem } from "./systems/oci.ts";
import { podmanSystem } from "./systems/podman.ts";
import { processSystem } from "./systems/process.ts";
import { vmSystem } from "./systems/vm.ts";

export const STARTUP_SYSTEMS: ReadonlyMap<string, SystemRow> = new Map([
  ["process", processSystem],
  ["floor", floorSystem],
  ["container", containerSystem],
  ["container-command", containerCommandSystem],
  ["crun", crunSystem],
  ["crun-no-seccomp", crunWithoutFilterSystem],
  ["crun-bare", crunBareSystem],
  ["runc", runcSystem],
  ["bwrap", bwrapSystem],
  ["podman", podmanSystem],
  ["vm", vmSystem],
]);
