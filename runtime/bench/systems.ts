/** The systems that the startup benchmark knows, by the names that `--systems` takes. A new one is one row and one file. */

import type { SystemRow } from "./system.ts";
import { bwrapSystem } from "./systems/bwrap.ts";
import { containerSystem } from "./systems/container.ts";
import { containerCommandSystem } from "./systems/container-command.ts";
import { containerdSystem } from "./systems/containerd.ts";
import { dockerRingsideSystem, dockerRuncSystem } from "./systems/docker.ts";
import { floorSystem } from "./systems/floor.ts";
import { gvisorSystem } from "./systems/gvisor.ts";
import { lxcSystem } from "./systems/lxc.ts";
import { nspawnSystem } from "./systems/nspawn.ts";
import { crunBareSystem, crunSystem, crunWithoutFilterSystem, runcSystem, youkiSystem } from "./systems/oci.ts";
import { podmanSystem } from "./systems/podman.ts";
import { processSystem } from "./systems/process.ts";
import { tinySystem } from "./systems/tiny.ts";
import { unshareSystem } from "./systems/unshare.ts";
import { VM_SYSTEMS } from "./systems/vm.ts";

export const STARTUP_SYSTEMS: ReadonlyMap<string, SystemRow> = new Map([
  ["process", processSystem],
  ["unshare", unshareSystem],
  ["floor", floorSystem],
  ["container", containerSystem],
  ["container-command", containerCommandSystem],
  ["crun", crunSystem],
  ["crun-no-seccomp", crunWithoutFilterSystem],
  ["crun-bare", crunBareSystem],
  ["runc", runcSystem],
  ["youki", youkiSystem],
  ["bwrap", bwrapSystem],
  ["nspawn", nspawnSystem],
  ["lxc", lxcSystem],
  ["podman", podmanSystem],
  ["docker-runc", dockerRuncSystem],
  ["docker-ringside", dockerRingsideSystem],
  ["containerd", containerdSystem],
  ["gvisor", gvisorSystem],
  ["tiny", tinySystem],
  ...VM_SYSTEMS,
]);
