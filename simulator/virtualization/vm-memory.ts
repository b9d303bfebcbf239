/**
 * What a virtual machine takes of its host's memory (nsdi2020-data): the pages that its guest has touched, whatever the
 * size it believes to have, and what its monitor needs beside. An idle guest touches its kernel and what its programs read,
 * and for every page that it could use a little more: the kernel keeps 64 bytes of book on each.
 */
import type { CostBook } from "../costs/cost-book.ts";

export const MEMORY_VMMS = ["firecracker", "cloud-hypervisor", "qemu", "kata"] as const;
export type MemoryVmm = (typeof MEMORY_VMMS)[number];

/** All in KiB. */
export interface VmMemory {
  readonly guestKib: number;
  /** Of the guest's memory: what has a frame. */
  readonly touchedKib: number;
  /** Of it: what the guest has freed again, which a balloon can have. */
  readonly touchedFreeKib: number;
  /** Of it: the guest's kernel itself. */
  readonly kernelKib: number;
  /** The monitor's data segments, whatever of them is resident. */
  readonly overheadKib: number;
  /** What of the monitor is resident. */
  readonly residentKib: number;
  /** What else one more instance brings along: a shim, a container in the machine. */
  readonly besideKib: number;
}

/** @param guestKib how much memory the guest believes to have; Kata's machines have the size of its configuration */
export function vmMemory(costs: CostBook, vmm: MemoryVmm, guestKib: number): VmMemory {
  if (vmm === "kata") return kata(costs);
  const base = costs.count("memory.guest.touched.kib");
  const touchedKib = Math.min(guestKib, base + growthKib(costs, guestKib));
  return {
    guestKib,
    touchedKib,
    touchedFreeKib: Math.min(touchedKib, costs.count("memory.guest.touchedFree.kib")),
    kernelKib: costs.count("memory.guest.kernel.kib"),
    overheadKib: costs.count(`memory.${vmm}.data.kib`),
    residentKib: costs.count(`memory.${vmm}.resident.kib`),
    besideKib: 0,
  };
}

/** A small guest with an agent for one container, in a machine of Cloud Hypervisor. */
function kata(costs: CostBook): VmMemory {
  const guestKib = costs.count("memory.kata.guestSize.kib");
  return {
    guestKib,
    touchedKib: costs.count("memory.guest.minimal.kib") + growthKib(costs, guestKib),
    touchedFreeKib: 0,
    kernelKib: costs.count("memory.guest.kernel.kib"),
    overheadKib: costs.count("memory.cloud-hypervisor.data.kib"),
    residentKib: costs.count("memory.cloud-hypervisor.resident.kib"),
    besideKib: costs.count("memory.kata.shim.kib") + costs.count("memory.container.least.kib"),
  };
}

function growthKib(costs: CostBook, guestKib: number): number {
  return Math.round((guestKib * costs.permille("memory.guest.growth")) / 1000);
}

/**
 * What one more instance has to be reckoned with: everything of it that is in memory. Of QEMU's data segments most are
 * never touched, so that only what is resident counts; those of the others count whole, as they were measured.
 */
export function reckonedKib(vmm: MemoryVmm, memory: VmMemory): number {
  const monitor = vmm === "qemu" ? memory.residentKib : memory.overheadKib;
  return memory.touchedKib + monitor + memory.besideKib;
}
