/** The life of a virtual machine: its monitor starts, firmware loads a kernel, the kernel starts one program. */
import type { CostBook } from "../costs/cost-book.ts";
import { kernel, type LinuxKernel, user } from "../linux/kernel.ts";
import type { Activity } from "../machine/activity.ts";
import { MARKS } from "../trace/timeline.ts";
import type { Workload } from "../workload/workload.ts";
import { virtualize } from "./hypervisor.ts";

/** What one kind of VM goes through before its first program. A cost of undefined means that there is no such stage. */
export interface BootConfiguration {
  readonly vmm: string;
  readonly vmmCost: string;
  readonly firmware: { readonly name: string; readonly cost: string } | undefined;
  readonly kernelCost: string;
  readonly teardownCost: string;
}

/**
 * @param guest the guest's kernel
 * @param costs what the stages take
 * @param boot the kind of VM
 * @param workload the program, which is the guest's only one
 * @returns the whole life of the VM, from the request to the moment when its monitor has gone
 */
export function* machineLife(
  guest: LinuxKernel,
  costs: CostBook,
  boot: BootConfiguration,
  workload: Workload,
): Generator<Activity> {
  yield user(`${boot.vmm} starts`, "VMM", costs.ns(boot.vmmCost));
  yield* virtualize(costs, guestLife(guest, costs, boot, workload));
  yield user(`${boot.vmm} ends`, "gone", costs.ns(boot.teardownCost));
  yield { kind: "mark", name: MARKS.gone };
}

function* guestLife(
  guest: LinuxKernel,
  costs: CostBook,
  boot: BootConfiguration,
  workload: Workload,
): Generator<Activity> {
  if (boot.firmware !== undefined) yield kernel(boot.firmware.name, "firmware", costs.ns(boot.firmware.cost));
  yield kernel("the guest's kernel starts", "kernel", costs.ns(boot.kernelCost));
  yield kernel("execve(/init)", "init", costs.ns("linux.execve"), { manual: "execve(2)" });
  yield* guest.run(workload, "program");
}
