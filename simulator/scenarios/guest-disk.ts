/**
 * A guest on a processor of its own, and its disk as its kernel sees it: a request is put into the queue, the device's doorbell is an exit, and the answer
 * takes as long as the way through the hypervisor does (virtualization/disk-path.ts).
 */
import type { CostBook } from "../costs/cost-book.ts";
import { kernel } from "../linux/kernel.ts";
import type { Activities, Activity } from "../machine/activity.ts";
import { deviceMachine } from "../virtualization/device-machine.ts";
import { type DiskVmm, diskPathOf, runDisk } from "../virtualization/disk-path.ts";
import type { Hypervisor } from "../virtualization/hypervisor.ts";

/**
 * @param entryNs what entering the guest's kernel takes
 * @returns how a guest's kernel gets pages from its disk, one request at a time (LinuxSystemOptions.disk)
 */
export function guestDisk(
  costs: CostBook,
  vmm: DiskVmm,
  entryNs: number,
): (access: "read" | "write", bytes: number, stage: string) => Generator<Activity> {
  const machine = deviceMachine(costs, "m5d");
  const one = runDisk(diskPathOf(costs, vmm, machine), 1, 1);
  const doorbells = one.kicks + one.registerAccesses;
  const handledIn = one.registerAccesses > 0 ? "monitor" : "host kernel";
  const reason = one.registerAccesses > 0 ? "IDE controller" : "virtio-blk: the queue's doorbell";
  return function* (access, bytes, stage) {
    const name = `disk: ${access} ${bytes} bytes`;
    const traps = [{ handledIn, reason, count: doorbells, included: false } as const];
    yield { ...kernel(name, stage, entryNs, { manual: `${access}(2)` }), traps };
    const transferNs = Math.ceil((bytes * 1000) / costs.count("device.disk.bytesPerMicrosecond"));
    yield { kind: "pause", duration: one.meanLatencyNs + transferNs };
  };
}

/**
 * Puts a hypervisor under a guest whose own scheduler cuts time into slices: while the hypervisor acts the guest stands
 * still, so an exit is one, however long it takes.
 * @returns what LinuxSystemOptions.below asks for
 */
export function under(hypervisor: Hypervisor): (activities: Activities) => Activities {
  return function* (activities) {
    for (const activity of hypervisor.run(activities)) {
      const isExit = activity.kind === "burst" && activity.mode === "hypervisor";
      yield isExit ? { ...activity, preemptible: false } : activity;
    }
  };
}
