/** Which monitors there are. `tiny` boots no image, so it can only be asked whether it works: runtime/vm/tiny.ts. */
import type { Launcher } from "../../../native/kernel.ts";
import type { Verdict } from "../accelerator.ts";
import { requireQemu } from "../host.ts";
import type { MachineType, Vmm } from "../vmm.ts";
import { chooseAccelerator, qemuVmm } from "./qemu.ts";

/** A monitor that is there, and how its accelerator is chosen. */
export interface FoundVmm {
  readonly vmm: Vmm;
  readonly version: string;
  choose(launcher: Launcher): Promise<Verdict>;
}

/** Those that boot an image. */
export type BootingVmm = "qemu";

type Finder = (machine: MachineType) => FoundVmm;

const FINDERS: Readonly<Record<BootingVmm, Finder>> = {
  qemu: (machine) => ({
    vmm: qemuVmm,
    version: requireQemu().version,
    choose: (launcher) => chooseAccelerator(launcher, machine),
  }),
};

/**
 * @throws RingsideError when it is not there
 */
export function requireVmm(name: BootingVmm, machine: MachineType): FoundVmm {
  return FINDERS[name](machine);
}
