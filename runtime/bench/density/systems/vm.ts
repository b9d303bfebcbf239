/** Virtual machines as `ringside vm run -d` leaves them: QEMU with a guest, and a monitor of ours, each. */

import { join } from "node:path";
import { places } from "../../../container/directories.ts";
import { startDetachedVm } from "../../../vm/detached.ts";
import { DEFAULT_MEMORY_BYTES } from "../../../vm/options.ts";
import { findVm } from "../../../vm/state.ts";
import { removeVm } from "../../../vm/stop.ts";
import { combinationVerdict, VMM_COMBINATIONS, type VmmCombination } from "../../../vm/vmm/combinations.ts";
import { peerId } from "../../peer.ts";
import { Unusable, type Workbench } from "../../system.ts";
import type { DensityRow, DensitySystem, Idle } from "../system.ts";

/** Until the guest's kernel has done what it puts off after a boot. */
const IDLE_AFTER_MS = 1000;
/** What QEMU itself takes, beside the guest's memory. */
const MONITOR_BYTES = 64 * 1024 ** 2;

/** A row for every combination with QEMU; Firecracker's guests cannot be detached. */
export const VM_DENSITIES: readonly (readonly [string, DensityRow])[] = VMM_COMBINATIONS.filter(
  ({ vmm }) => vmm === "qemu",
).map((combination) => [
  combination.name,
  {
    world: "vm",
    what: `ringside vm run -d: QEMU ${combination.machine}, ${combination.label}`,
    prepare: (bench, idle) => prepare(bench, idle, combination),
  },
]);

async function prepare(bench: Workbench, idle: Idle, combination: VmmCombination): Promise<DensitySystem> {
  const verdict = await combinationVerdict(combination, bench.launcher);
  if (!verdict.ok) throw new Unusable(verdict);
  const { vmm, machine, accelerator, label } = combination;
  if (vmm !== "qemu") throw new Unusable({ reason: `${vmm} cannot be left running`, fix: "use QEMU" });
  const running = new Map<string, number>();
  return {
    version: `QEMU ${verdict.version}`,
    accelerator: label,
    notes: [
      `accelerator ${label}: ${verdict.reason}`,
      `counted: QEMU with what its guest has touched of its ${DEFAULT_MEMORY_BYTES / 1024 ** 2} MiB, and the monitor that each has; no control group`,
      "the start is until the guest's init has executed the program",
    ],
    memoryBytes: DEFAULT_MEMORY_BYTES + MONITOR_BYTES,
    idleAfterMs: IDLE_AFTER_MS,
    async start(number) {
      const name = peerId(`density-${combination.name}`, number);
      const entry = bench.journal.will({ kind: "vm", name });
      const { image, command } = idle;
      const { id } = await startDetachedVm({
        ...{ image, command, env: [], name, memoryBytes: DEFAULT_MEMORY_BYTES },
        ...{ vmm, machine, accelerator, remove: false, kernelLog: false },
      });
      running.set(id, findVm(id).owner.pid);
      return {
        async stop() {
          running.delete(id);
          await removeVm(id, { force: true });
          entry.done();
        },
      };
    },
    processes: () => [...running.values()],
    memoryGroups: () => undefined,
    directories() {
      const { run, vmLogs } = places();
      return [...running.keys()].flatMap((id) => [join(run, "vm", id), join(vmLogs, id)]);
    },
  };
}
