/** The virtual machine: QEMU with the same root file system, until the program's byte leaves the serial console. */

import { MARKS } from "../../../simulator/trace/timeline.ts";
import type { RunningWorld } from "../../container/running.ts";
import { requireQemu } from "../../vm/host.ts";
import { DEFAULT_MEMORY_BYTES } from "../../vm/options.ts";
import { chooseAccelerator, startVm } from "../../vm/start.ts";
import { measureStart } from "../measure.ts";
import { errorFileOf, type SystemRow } from "../system.ts";

/** Under emulation a boot takes seconds, on a busy machine many. */
const BOOT_LIMIT_MS = 120_000;

export const vmSystem: SystemRow = {
  world: "vm",
  what: "ringside vm, launcher warm: QEMU boots the same root file system",
  async prepare(bench) {
    const { version } = requireQemu();
    const { accelerator, reason } = await chooseAccelerator();
    return {
      version: `QEMU ${version}`,
      accelerator,
      notes: [
        `accelerator ${accelerator}: ${reason}`,
        `boots a kernel of its own with ${DEFAULT_MEMORY_BYTES / 1024 ** 2} MiB; the byte comes over the emulated serial console; the disk image (an initramfs) exists already`,
        "first instruction: the stamp of the guest's init before it executes the program, by the guest's clock tied to the host's",
      ],
      measure: (signal) =>
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
          { signal, errorFile: errorFileOf(bench), firstInstructionNs: stampedNs, timeLimitMs: BOOT_LIMIT_MS },
        ),
    };
  },
};

/** The guest's own stamp, as its timeline has it. */
function stampedNs(world: RunningWorld, requestNs: number): number | undefined {
  const instant = world.timeline().instants.find(({ name }) => name === MARKS.firstInstruction);
  return instant === undefined ? undefined : requestNs + instant.at;
}
