/** Which monitors there are. `tiny` boots no image, so it can only be asked whether it works: runtime/vm/tiny.ts. */
import type { Launcher } from "../../../native/kernel.ts";
import type { BootVerdict, Verdict } from "../accelerator.ts";
import { requireQemu } from "../host.ts";
import type { AcceleratorName, MachineType, Vmm, VmmName } from "../vmm.ts";
import { firecrackerBoots, firecrackerVmm, requireFirecracker } from "./firecracker.ts";
import { chooseAccelerator, qemuBoots, qemuVmm } from "./qemu.ts";

/** A monitor that is there, and how its accelerator is chosen. */
export interface FoundVmm {
  readonly vmm: Vmm;
  readonly version: string;
  choose(launcher?: Launcher): Promise<Verdict>;
  /** Whether guests boot with an accelerator: found by a boot, and kept. */
  boots(accelerator: AcceleratorName, launcher?: Launcher): Promise<BootVerdict>;
}

/** Those that boot an image. */
export type BootingVmm = Exclude<VmmName, "tiny">;

type Finder = (machine: MachineType) => FoundVmm;

const FINDERS: Readonly<Record<BootingVmm, Finder>> = {
  qemu: (machine) => ({
    vmm: qemuVmm,
    version: requireQemu().version,
    choose: (launcher) => chooseAccelerator(launcher, machine),
    boots: (accelerator, launcher) => qemuBoots(machine, accelerator, launcher),
  }),
  firecracker: () => ({
    vmm: firecrackerVmm,
    version: requireFirecracker().version,
    // It has but one; where that does not boot, the start says why.
    choose: async (launcher) => ({ accelerator: "kvm", reason: (await firecrackerBoots("kvm", launcher)).reason }),
    boots: firecrackerBoots,
  }),
};

/**
 * @throws RingsideError when it is not there
 */
export function requireVmm(name: BootingVmm, machine: MachineType): FoundVmm {
  return FINDERS[name](machine);
}
