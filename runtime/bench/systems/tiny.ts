/** The tiny guest: a virtual machine without a kernel, from the request until its byte has left it and until it is gone. */

import { monotonicNs } from "../../../native/kernel.ts";
import { startTiny, type TinyLife } from "../../vm/tiny.ts";
import { tinyVmm } from "../../vm/vmm/tiny.ts";
import { type RunRequest, type Sample, type Stage, type System, type SystemRow, Unusable } from "../system.ts";
import { ringsideVersion } from "../version.ts";

const NS_PER_MS = 1e6;
const MEMORY_BYTES = 64 * 1024;
/** The threads of the pool that Node gives such work. */
const POOL_THREADS = 4;

export const tinySystem = {
  world: "vm" as const,
  what: "our own KVM guest, a few bytes of 16-bit code: the floor of every virtual machine",
  async prepare(): Promise<System> {
    const usable = await tinyVmm.usable();
    if (!usable.ok) throw new Unusable(usable);
    const [accelerator] = usable.accelerators;
    return {
      version: `${ringsideVersion()}, ${usable.version}`,
      accelerator: accelerator?.label ?? null,
      notes: [
        `accelerator ${accelerator?.label ?? "unknown"}: ${accelerator?.reason ?? ""}`,
        "a virtual machine, but not the same work: no kernel, no image, no process; 16-bit code writes one byte to a port of the monitor",
        "its monitor is a thread of the benchmark: no program has to start",
        "first instruction: the guest's first exit has reached the monitor; first byte: its `out` with the byte has",
        "it has no network, so it cannot serve",
      ],
      workloads: ["byte"],
      memoryBytes: MEMORY_BYTES,
      mostAtOnce: POOL_THREADS,
      async measure({ signal }: RunRequest): Promise<Sample> {
        signal.throwIfAborted();
        const life = await startTiny();
        const goneNs = monotonicNs();
        const { requestedNs, firstInstructionNs, firstByteNs } = life;
        const since = (ns: number): number => (ns - requestedNs) / NS_PER_MS;
        return {
          requestedNs,
          firstInstruction: since(firstInstructionNs),
          firstByte: since(firstByteNs),
          gone: since(goneNs),
          stages: stagesOf(life, goneNs),
        };
      },
    };
  },
} satisfies SystemRow;

/** What lies between two steps belongs to the one that follows. */
function stagesOf({ requestedNs, steps, exits, firstByteNs }: TinyLife, goneNs: number): Stage[] {
  const endOf = (name: string): number => steps.find((step) => step.name === name)?.endNs ?? Number.NaN;
  const borders: readonly (readonly [string, number])[] = [
    ["open /dev/kvm", endOf("open")],
    ["VM", endOf("KVM_CREATE_VM")],
    ["memory", endOf("KVM_SET_USER_MEMORY_REGION")],
    ["vCPU", endOf("KVM_CREATE_VCPU")],
    ["registers", endOf("KVM_SET_REGS")],
    ["guest, to its byte", firstByteNs],
    ["guest, to its end", exits.at(-1)?.leftNs ?? Number.NaN],
    ["gone", goneNs],
  ];
  return borders.map(([name, at], index) => ({
    name,
    ms: (at - (borders[index - 1]?.[1] ?? requestedNs)) / NS_PER_MS,
  }));
}
