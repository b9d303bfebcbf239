/** The life of a virtual machine: its monitor starts, firmware loads a kernel, the kernel starts one program. */
import type { CostBook } from "../costs/cost-book.ts";
import { type CountedStage, countedDevices } from "../costs/vm-exits.ts";
import { kernel, type LinuxKernel, user } from "../linux/kernel.ts";
import type { Activity, Burst, Trap } from "../machine/activity.ts";
import { evenPieces } from "../machine/pieces.ts";
import { COUNT_ARG, MARKS } from "../trace/timeline.ts";
import type { Workload } from "../workload/workload.ts";
import type { Hypervisor } from "./hypervisor.ts";

/** What one kind of VM goes through: the ids of its costs. What is missing is a stage that it does not have. */
export interface BootConfiguration {
  readonly vmm: string;
  readonly vmmCost: string;
  readonly firmware?: { readonly name: string; readonly cost: string; readonly exits?: CountedStage };
  readonly kernelCost: string;
  readonly kernelExits?: CountedStage;
  /** What a network device adds to the guest's kernel, and to its monitor's setting up and clearing away. */
  readonly networkCost?: string;
  readonly networkMonitorCost?: string;
  readonly teardownCost?: string;
}

export interface MachineOptions {
  readonly costs: CostBook;
  readonly hypervisor: Hypervisor;
  readonly guest: LinuxKernel;
  readonly boot: BootConfiguration;
  /** A virtio network device, of which the guest's kernel finds out on its way up. */
  readonly network: boolean;
  /** The guest's kernel prints every message on the serial console. */
  readonly verbose: boolean;
  /** What stands between the kernel and the program: the cost of an init system; undefined where the program is init. */
  readonly initCost: string | undefined;
}

/** How many teeth the monitor's own system calls are drawn as. */
const MONITOR_TEETH = 24;

/**
 * @param options the kind of VM and what it takes
 * @param workload the guest's program
 * @returns the whole life of the VM, from the request to the moment when its monitor has gone
 */
export function* machineLife(options: MachineOptions, workload: Workload): Generator<Activity> {
  const { boot, costs, hypervisor } = options;
  yield* monitorStart(boot, costs);
  yield* hypervisor.run(guestLife(options, workload));
  if (options.network && boot.networkMonitorCost !== undefined)
    yield user(`${boot.vmm} takes its network device down`, "gone", costs.ns(boot.networkMonitorCost));
  if (boot.teardownCost !== undefined) yield user(`${boot.vmm} ends`, "gone", costs.ns(boot.teardownCost));
  yield { kind: "mark", name: MARKS.gone };
}

/** The monitor is a process of the host: user mode, and system calls of which only QEMU's have been counted. */
function* monitorStart(boot: BootConfiguration, costs: CostBook): Generator<Activity> {
  const duration = costs.ns(boot.vmmCost);
  const name = `${boot.vmm} starts`;
  if (!boot.vmm.startsWith("QEMU")) {
    yield user(name, "VMM", duration);
    return;
  }
  const inKernel = Math.round((duration * costs.permille("vm.qemu.start.kernelShare")) / 1000);
  const kernelPieces = evenPieces(inKernel, MONITOR_TEETH);
  const callPieces = evenPieces(costs.count("vm.qemu.start.calls"), MONITOR_TEETH);
  for (const [index, userNs] of evenPieces(duration - inKernel, MONITOR_TEETH).entries()) {
    yield user(name, "VMM", userNs);
    yield kernel("system calls of the monitor", "VMM", kernelPieces[index] ?? 1, {
      [COUNT_ARG]: callPieces[index] ?? 1,
    });
  }
}

function* guestLife(options: MachineOptions, workload: Workload): Generator<Activity> {
  const { boot, costs, guest, initCost } = options;
  if (boot.firmware !== undefined) yield firmwareBurst(boot.firmware, costs);
  yield kernelBurst(options);
  if (options.network && boot.networkCost !== undefined) {
    yield kernel("the guest's kernel finds its network device", "kernel", costs.ns(boot.networkCost));
  }
  yield kernel("execve(/init)", "init", costs.ns("linux.execve"), { manual: "execve(2)" });
  if (initCost !== undefined) {
    yield user("the init system starts services", "init", costs.ns(initCost));
    yield* guest.start("init");
  }
  yield* guest.run(workload, "program");
  yield { ...kernel("reboot(): power off", "gone", guest.entryNs, { manual: "reboot(2)" }), traps: [powerOff(costs)] };
}

function firmwareBurst(firmware: NonNullable<BootConfiguration["firmware"]>, costs: CostBook): Burst {
  const burst = kernel(firmware.name, "firmware", costs.ns(firmware.cost));
  return firmware.exits === undefined ? burst : { ...burst, traps: trapsOf(costs, firmware.exits) };
}

/**
 * A published boot was quiet, so its exits are in its time. Every message more on the console is an exit more, and
 * these come on top.
 */
function kernelBurst({ boot, costs, verbose }: MachineOptions): Burst {
  const burst = kernel("the guest's kernel starts", "kernel", costs.ns(boot.kernelCost));
  if (boot.kernelExits === undefined) return burst;
  const quiet = trapsOf(costs, boot.kernelExits);
  return { ...burst, traps: verbose ? [...quiet, messages(costs)] : quiet };
}

function trapsOf(costs: CostBook, stage: CountedStage): Trap[] {
  return countedDevices(stage).map(({ device, handledIn, costId }) => ({
    handledIn,
    reason: device,
    count: costs.count(costId),
    included: true,
  }));
}

function messages(costs: CostBook): Trap {
  const all = costs.count("vm.exits.microvm.kernel.verbose.serial-console");
  const quiet = costs.count("vm.exits.microvm.kernel.serial-console");
  return { handledIn: "monitor", reason: "serial console, kernel messages", count: all - quiet, included: false };
}

function powerOff(costs: CostBook): Trap {
  return { handledIn: "monitor", reason: "power off", count: costs.count("vm.exits.powerOff"), included: false };
}
