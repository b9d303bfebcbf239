/**
 * The Linux of a guest, one lane of it: as on a machine, but that a request to its disk rings a bell of the hypervisor, and
 * takes as long as the way through it does (guest-disk.ts).
 */
import { LinuxKernel, type LinuxOptions } from "../linux/kernel.ts";
import type { Activity } from "../machine/activity.ts";
import type { DiskVmm } from "../virtualization/disk-path.ts";
import type { Operation } from "../workload/workload.ts";
import { guestDisk } from "./guest-disk.ts";

export class GuestKernel extends LinuxKernel {
  readonly #options: LinuxOptions;
  readonly #vmm: DiskVmm;

  /** @param vmm whose virtio or emulated disk it is */
  constructor(options: LinuxOptions, vmm: DiskVmm) {
    super(options);
    this.#options = options;
    this.#vmm = vmm;
  }

  override *carryOut(operation: Operation, stage: string): Generator<Activity> {
    if (operation.kind !== "disk") yield* super.carryOut(operation, stage);
    else yield* guestDisk(this.#options.costs, this.#vmm, this.entryNs)(operation.access, operation.bytes, stage);
  }
}
