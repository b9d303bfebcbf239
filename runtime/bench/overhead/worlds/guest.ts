/** A guest with a kernel of its own, on each machine with each accelerator that boots here. */
import { startVm } from "../../../vm/start.ts";
import { combinationVerdict, type VmmCombination } from "../../../vm/vmm/combinations.ts";
import { Unusable } from "../../system.ts";
import { GUEST_MEASUREMENTS } from "../quantities.ts";
import { outputOf } from "../start.ts";
import { argumentsOf, GUEST_PROGRAM, type OverheadRow } from "../world.ts";

/** Under emulation a boot takes seconds, and what is measured some more. */
const TIME_LIMIT_MS = 120_000;
const GUEST_BYTES = 256 * 1024 ** 2;
const MONITOR_BYTES = 128 * 1024 ** 2;
const FILES = "/tmp";

const TITLES: Readonly<Record<VmmCombination["vmm"], string>> = { qemu: "QEMU", firecracker: "Firecracker" };

const EMULATION = [
  "compute, memoryCopy: the guest's instructions are translated by a program, so a ratio says what the translation costs",
  "portExit: there is no exit under emulation, but a call in the emulator",
  "the guest's clock is read through the emulator; where it stands still, so do the figures",
];

/** @returns the row of a monitor, a machine and an accelerator */
export function guestWorld(combination: VmmCombination): OverheadRow {
  const { vmm, machine, accelerator, label } = combination;
  const monitor = TITLES[vmm];
  return {
    world: "vm",
    what: `a guest on ${monitor}${vmm === "qemu" ? `'s ${machine}` : ""}, ${label}`,
    async prepare({ bench }) {
      const verdict = await combinationVerdict(combination, bench.launcher);
      if (!verdict.ok) throw new Unusable(verdict);
      return {
        version: `${monitor} ${verdict.version}`,
        accelerator: label,
        notes: [
          `accelerator ${label}: ${verdict.reason}`,
          "files: the guest's root is in memory, so fsync writes nothing to a disk; the host's own file system is not there",
          "one processor; the loopback is the guest's own; the program measures by the guest's own clock",
          ...(accelerator === "tcg" ? EMULATION : []),
        ],
        memoryBytes: GUEST_BYTES + MONITOR_BYTES,
        measure: ({ samples, signal }) =>
          outputOf(bench, {
            start: ({ stdout }) =>
              startVm(bench.launcher, {
                image: bench.image.name,
                command: [GUEST_PROGRAM, ...argumentsOf(samples, FILES, GUEST_MEASUREMENTS)],
                env: [],
                memoryBytes: GUEST_BYTES,
                vmm,
                machine,
                accelerator,
                root: "initramfs",
                stdout,
                kernelLog: false,
              }),
            signal,
            timeLimitMs: TIME_LIMIT_MS,
            explain: (vm) => vm.failure(),
          }),
      };
    },
  };
}
