/** Every monitor with every machine and accelerator that it has, and whether a guest boots so here. */
import type { Launcher } from "../../../native/kernel.ts";
import { RingsideError } from "../../error.ts";
import {
  ACCELERATOR_LABELS,
  ACCELERATOR_NAMES,
  type AcceleratorName,
  MACHINE_TYPES,
  type MachineType,
} from "../vmm.ts";
import { type BootingVmm, requireVmm } from "./registry.ts";

export interface VmmCombination {
  /** Such as `qemu-microvm-tcg`. */
  readonly name: string;
  readonly vmm: BootingVmm;
  readonly machine: MachineType;
  readonly accelerator: AcceleratorName;
  /** How people read the accelerator. */
  readonly label: string;
}

/** In the order in which they are shown: emulation, which every machine has, first. */
export const VMM_COMBINATIONS: readonly VmmCombination[] = [
  ...ACCELERATOR_NAMES.toReversed().flatMap((accelerator) =>
    MACHINE_TYPES.map((machine) => ({
      name: `qemu-${machine}-${accelerator}`,
      vmm: "qemu" as const,
      machine,
      accelerator,
      label: ACCELERATOR_LABELS[accelerator],
    })),
  ),
  {
    name: "firecracker-kvm",
    vmm: "firecracker",
    machine: "microvm",
    accelerator: "kvm",
    label: ACCELERATOR_LABELS.kvm,
  },
];

/** What is known of a combination on this machine. */
export type CombinationVerdict =
  | { readonly ok: true; readonly version: string; readonly reason: string }
  | { readonly ok: false; readonly reason: string; readonly fix: string };

const KVM_FIX = "use a machine whose /dev/kvm boots guests; ringside doctor says what is in the way here";
const TCG_FIX = "ringside doctor shows what is there for virtual machines";

/**
 * Finds out by a boot with a time-out, whose verdict is kept.
 *
 * @param launcher used for the probe; one is opened for it where none is given
 */
export async function combinationVerdict(
  { vmm, machine, accelerator }: Pick<VmmCombination, "vmm" | "machine" | "accelerator">,
  launcher?: Launcher,
): Promise<CombinationVerdict> {
  try {
    const { version, boots } = requireVmm(vmm, machine);
    const verdict = await boots(accelerator, launcher);
    if (verdict.boots) return { ok: true, version, reason: verdict.reason };
    return { ok: false, reason: verdict.reason, fix: accelerator === "kvm" ? KVM_FIX : TCG_FIX };
  } catch (error) {
    if (!(error instanceof RingsideError)) throw error;
    return { ok: false, reason: error.message, fix: error.fix ?? TCG_FIX };
  }
}
