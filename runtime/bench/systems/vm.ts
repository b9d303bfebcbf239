/**
 * Virtual machines with a kernel of their own: one row for every monitor, machine and accelerator. The same root file
 * system boots in each, until the program's byte leaves the serial console.
 */

import type { ExitRecord } from "../../../native/kernel.ts";
import { MARKS } from "../../../simulator/trace/timeline.ts";
import type { RunningWorld } from "../../container/running.ts";
import { DEFAULT_MEMORY_BYTES } from "../../vm/options.ts";
import { startVm } from "../../vm/start.ts";
import { combinationVerdict, VMM_COMBINATIONS, type VmmCombination } from "../../vm/vmm/combinations.ts";
import type { GuestNetwork } from "../../vm/vmm.ts";
import { measureStart } from "../measure.ts";
import { guestProgram } from "../peer.ts";
import {
  errorFileOf,
  type RunRequest,
  type Stage,
  type System,
  type SystemRow,
  Unusable,
  type Workbench,
} from "../system.ts";

/** Under emulation a boot takes seconds, on a busy machine many. */
const BOOT_LIMIT_MS = 120_000;
/** What QEMU itself takes, beside the guest's memory. */
const MONITOR_BYTES = 64 * 1024 ** 2;
const TITLES = { qemu: "QEMU", firecracker: "Firecracker" } as const;

/** The rows, by the combination's name. */
export const VM_SYSTEMS: readonly (readonly [string, SystemRow])[] = VMM_COMBINATIONS.map((combination) => [
  combination.name,
  {
    world: "vm",
    what: `${TITLES[combination.vmm]} ${combination.vmm === "qemu" ? `${combination.machine}, ` : ""}${combination.label}: boots the same root file system`,
    prepare: (bench) => prepare(bench, combination),
  },
]);

async function prepare(bench: Workbench, combination: VmmCombination): Promise<System> {
  const verdict = await combinationVerdict(combination, bench.launcher);
  if (!verdict.ok) throw new Unusable(verdict);
  const { vmm, machine, accelerator, label } = combination;
  // Firecracker has no network of its own making: a tap device of the host would be needed.
  const serves = vmm === "qemu";
  return {
    version: `${TITLES[vmm]} ${verdict.version}`,
    accelerator: label,
    notes: [
      `accelerator ${label}: ${verdict.reason}`,
      "warm: the launcher is up; counted from the request to it",
      `boots a kernel of its own with ${DEFAULT_MEMORY_BYTES / 1024 ** 2} MiB and one processor; the byte comes over the emulated serial console; the disk image (an initramfs) exists already`,
      "first instruction: the stamp of the guest's init before it executes the program, by the guest's clock tied to the host's",
      serves
        ? "serve: through the monitor's own network stack, to which a port of the host leads: a network card and its driver more than byte"
        : "it has no network without a device of the host, so it does not serve",
    ],
    workloads: serves ? ["byte", "serve"] : ["byte"],
    memoryBytes: DEFAULT_MEMORY_BYTES + MONITOR_BYTES,
    measure: (run) =>
      measureStart(
        ({ stdout }) =>
          startVm(bench.launcher, {
            image: bench.image.name,
            command: guestProgram(bench, run),
            env: [],
            memoryBytes: DEFAULT_MEMORY_BYTES,
            vmm,
            machine,
            accelerator,
            ...networkOf(run),
            stdout,
            kernelLog: false,
          }),
        {
          signal: run.signal,
          port: run.port,
          errorFile: errorFileOf(bench, run.slot),
          firstInstructionNs: stampedNs,
          stages: stagesOf,
          explain: (started) => started.failure(),
          timeLimitMs: BOOT_LIMIT_MS,
        },
      ),
  };
}

function networkOf({ port }: Pick<RunRequest, "port">): { network?: GuestNetwork } {
  if (port === undefined) return {};
  return { network: { forwards: [{ address: "127.0.0.1", hostPort: port, guestPort: port, protocol: "tcp" }] } };
}

/** The guest's own stamp. Its timeline counts from a moment of its own; the end is the moment that both clocks know. */
function stampedNs(world: RunningWorld, exit: ExitRecord): number | undefined {
  const { instants } = world.timeline();
  const at = (mark: string) => instants.find(({ name }) => name === mark)?.at;
  const instruction = at(MARKS.firstInstruction);
  const gone = at(MARKS.gone);
  return instruction === undefined || gone === undefined ? undefined : exit.exitedNs - (gone - instruction);
}

/** As the timeline of a boot names them; one that was not seen took no time of its own. */
const STAGES = ["VMM", "firmware", "kernel", "init", "program", "gone"] as const;

function stagesOf(world: RunningWorld): Stage[] {
  const { spans } = world.timeline();
  return STAGES.map((name) => {
    const own = spans.filter(({ stage }) => stage === name);
    return { name, ms: own.reduce((sum, { start, end }) => sum + (end - start), 0) / 1e6 };
  });
}
