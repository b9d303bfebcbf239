/** The tiny guest: no kernel and no process, so nothing but its exits can be measured. */
import { runTiny } from "../../../vm/tiny.ts";
import { durationNs, type ExitReason, isOfLoop } from "../../../vm/tiny-exits.ts";
import { tinyVmm } from "../../../vm/vmm/tiny.ts";
import { Unusable } from "../../system.ts";
import { ringsideVersion } from "../../version.ts";
import { CPUID_QUANTITY, EXIT_QUANTITIES } from "../quantities.ts";
import type { OverheadRow } from "../world.ts";

const MEMORY_BYTES = 64 * 1024;
/** Of these many exits in a row a sample is the mean, as of the `in`s of a whole guest. */
const EXITS_A_SAMPLE = 20;

export const tinyWorld: OverheadRow = {
  world: "vm",
  what: "the tiny guest, for exits alone: by reason, out to the monitor and back",
  async prepare() {
    const usable = await tinyVmm.usable();
    if (!usable.ok) throw new Unusable(usable);
    const [accelerator] = usable.accelerators;
    return {
      version: `${ringsideVersion()}, ${usable.version}`,
      accelerator: accelerator?.label ?? null,
      notes: [
        `accelerator ${accelerator?.label ?? "unknown"}: ${accelerator?.reason ?? ""}`,
        "no kernel, no process: nothing but exits; each with the loop's instruction around it",
        "cpuidExit: the monitor sees none of it; where the host's kernel emulates the guest nothing is left either, and it is the emulation of CPUID and three instructions more",
        "an exit is from the monitor's KVM_RUN until its return; the monitor's answer is not in it",
      ],
      memoryBytes: MEMORY_BYTES,
      async measure({ samples: wanted, signal }) {
        signal.throwIfAborted();
        const { exits, cpuid } = await runTiny({ turns: wanted * EXITS_A_SAMPLE });
        const samples = new Map<string, readonly number[]>();
        for (const [reason, alike] of Map.groupBy(exits.filter(isOfLoop), (exit) => exit.reason)) {
          const name = quantityOf(reason);
          if (name !== undefined) samples.set(name, means(alike.map(durationNs)));
        }
        samples.set(CPUID_QUANTITY.name, [cpuid.nsEach]);
        return { samples, remarks: [] };
      },
    };
  },
};

const NAMES: Partial<Record<ExitReason, string>> = Object.fromEntries(
  Object.entries(EXIT_QUANTITIES).map(([reason, { name }]) => [reason, name]),
);

function quantityOf(reason: ExitReason): string | undefined {
  return NAMES[reason];
}

function means(values: readonly number[]): number[] {
  return Array.from({ length: Math.floor(values.length / EXITS_A_SAMPLE) }, (_, index) => {
    const some = values.slice(index * EXITS_A_SAMPLE, (index + 1) * EXITS_A_SAMPLE);
    return some.reduce((sum, value) => sum + value, 0) / EXITS_A_SAMPLE;
  });
}
