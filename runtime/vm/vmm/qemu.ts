/** QEMU behind the interface of all monitors. */
import type { Launcher } from "../../../native/kernel.ts";
import { RingsideError } from "../../error.ts";
import { type BootVerdict, bootVerdict, decideAccelerator, type Verdict } from "../accelerator.ts";
import { bootGuest } from "../boot.ts";
import { requireQemu } from "../host.ts";
import { probeBoot } from "../probe.ts";
import {
  ACCELERATOR_LABELS,
  ACCELERATOR_NAMES,
  type AcceleratorName,
  type Guest,
  type GuestRequest,
  MACHINE_TYPES,
  type MachineType,
  type Usability,
  type UsabilityQuestion,
  type Vmm,
} from "../vmm.ts";

export const qemuVmm: Vmm = { name: "qemu", title: "QEMU", machines: MACHINE_TYPES, usable, start };

function start(launcher: Launcher, request: GuestRequest): Promise<Guest> {
  return bootGuest(launcher, requireQemu(), request);
}

/**
 * Decides which accelerator a machine of QEMU's gets: by a booted probe with a time-out, whose verdict is kept.
 *
 * @throws RingsideError when there is no QEMU
 */
export function chooseAccelerator(launcher?: Launcher, machine: MachineType = "microvm"): Promise<Verdict> {
  return decideAccelerator(circumstancesOf(machine, launcher));
}

/**
 * Whether guests boot on a machine of QEMU's with an accelerator; the verdict is kept.
 *
 * @throws RingsideError when there is no QEMU
 */
export function qemuBoots(
  machine: MachineType,
  accelerator: AcceleratorName,
  launcher?: Launcher,
): Promise<BootVerdict> {
  return bootVerdict(circumstancesOf(machine, launcher), accelerator);
}

function circumstancesOf(machine: MachineType, launcher: Launcher | undefined) {
  return {
    vmm: "qemu" as const,
    machine,
    version: requireQemu().version,
    probe: (used: Launcher, accelerator: AcceleratorName, timeoutMs: number) =>
      probeBoot(start, used, { machine, accelerator }, timeoutMs),
    ...(launcher !== undefined && { launcher }),
  };
}

async function usable({ launcher, machine = "microvm" }: UsabilityQuestion = {}): Promise<Usability> {
  try {
    const { version } = requireQemu();
    const verdicts = [];
    for (const name of ACCELERATOR_NAMES) verdicts.push({ name, ...(await qemuBoots(machine, name, launcher)) });
    const accelerators = verdicts
      .filter(({ boots }) => boots)
      .map(({ name, reason }) => ({ name, label: ACCELERATOR_LABELS[name], reason }));
    if (accelerators.length > 0) return { ok: true, version, accelerators };
    return {
      ok: false,
      reason: verdicts.map(({ reason }) => reason).join("; "),
      fix: "ringside doctor says what is missing",
    };
  } catch (error) {
    if (!(error instanceof RingsideError)) throw error;
    return { ok: false, reason: error.message, fix: error.fix ?? "ringside doctor says what is missing" };
  }
}
