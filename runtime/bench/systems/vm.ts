/** The virtual machine: QEMU with the same root file system, until the program's byte leaves the serial console. */

import type { ExitRecord } from "../../../native/kernel.ts";
import { MARKS } from "../../../simulator/trace/timeline.ts";
import type { RunningWorld } from "../../container/running.ts";
import { requireQemu } from "../../vm/host.ts";
import { DEFAULT_MEMORY_BYTES } from "../../vm/options.ts";
import { startVm } from "../../vm/start.ts";
import { chooseAccelerator } from "../../vm/vmm/qemu.ts";
import { ACCELERATOR_LABELS } from "../../vm/vmm.ts";
import { measureStart } from "../measure.ts";
import { errorFileOf, type SystemRow } from "../system.ts";

/** Under emulation a boot takes seconds, on a busy machine many. */
const BOOT_LIMIT_MS = 120_000;

export const vmSystem: SystemRow = {
  world: "vm",
  what: "ringside vm, launcher warm: QEMU boots the same root file system",
  async prepare(bench) {
    const { version } = requireQemu();
    const { accelerator, reason } = await chooseAccelerator(bench.launcher);
    return {
      version: `QEMU ${version}`,
      accelerator: ACCELERATOR_LABELS[accelerator],
      notes: [
        `accelerator ${ACCELERATOR_LABELS[accelerator]}: ${reason}`,
        `boots a kernel of its own with ${DEFAULT_MEMORY_BYTES / 1024 ** 2} MiB; the byte comes over the emulated serial console; the disk image (an initramfs) exists already`,
        "first instruction: the stamp of the guest's init before it executes the program, by the guest's clock tied to the host's",
      ],
      workloads: ["byte"],
      memoryBytes: DEFAULT_MEMORY_BYTES,
      measure: ({ signal, slot }) =>
        measureStart(
          ({ stdout }) =>
            startVm(bench.launcher, {
              image: bench.image.name,
              command: [bench.guestProbe],
              env: [],
              memoryBytes: DEFAULT_MEMORY_BYTES,
              accelerator,
              stdout,
              kernelLog: false,
            }),
          {
            signal,
            errorFile: errorFileOf(bench, slot),
            firstInstructionNs: stampedNs,
            explain: (machine) => machine.failure(),
            timeLimitMs: BOOT_LIMIT_MS,
          },
        ),
    };
  },
};

/** The guest's own stamp. Its timeline counts from a moment of its own; the end is the moment that both clocks know. */
function stampedNs(world: RunningWorld, exit: ExitRecord): number | undefined {
  const { instants } = world.timeline();
  const at = (mark: string) => instants.find(({ name }) => name === mark)?.at;
  const instruction = at(MARKS.firstInstruction);
  const gone = at(MARKS.gone);
  return instruction === undefined || gone === undefined ? undefined : exit.exitedNs - (gone - instruction);
}
