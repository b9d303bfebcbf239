/**
 * What the smallest virtual machine takes: one vCPU, a few bytes of 16-bit code, no firmware and no kernel. Measured by us
 * with our own guest (`ringside vm tiny`); `ringside calibrate` measures the same on another machine.
 */
import type { Cost } from "./cost.ts";

const MACHINE =
  "reference machine: x86-64, 2 cores, 24 GiB, Linux 6.18; KVM without hardware (kvm_pvm), which emulates real-mode code in the host's kernel";
const SOURCE = "ringside calibrate --only exits on the reference machine, the tiny guest";

/** Nanoseconds, medians, and of how many. */
const MEASURED = {
  vmm: { ns: 593_700, n: 120, what: "open(2) of /dev/kvm, KVM_CREATE_VM, memory, KVM_CREATE_VCPU, registers" },
  entry: { ns: 48_700, n: 120, what: "the first KVM_RUN, until the guest's first instruction has left it" },
  "exit.out": { ns: 8_300, n: 120, what: "KVM_RUN until its return with an `out`" },
  "exit.in": { ns: 8_800, n: 120, what: "KVM_RUN until its return with an `in`" },
  "exit.mmioWrite": { ns: 9_000, n: 120, what: "KVM_RUN until its return with a write to where no memory is" },
  "exit.mmioRead": { ns: 8_900, n: 120, what: "KVM_RUN until its return with a read of where no memory is" },
  "exit.halt": { ns: 8_200, n: 120, what: "KVM_RUN until its return with HLT" },
  cpuid: { ns: 2_700, n: 3, what: "CPUID with the loop around it, within one KVM_RUN" },
  teardown: { ns: 482_000, n: 120, what: "from its last exit until nothing of it is left" },
} as const;

export const TINY_MACHINE_COSTS: readonly Cost[] = Object.entries(MEASURED).map(
  ([part, { ns, n, what }]): Cost => ({
    id: `vm.tiny.${part}`,
    value: ns,
    unit: "ns",
    status: "measured",
    source: `${SOURCE}: ${what}, median of ${n}`,
    date: "2026-11-23",
    machine: MACHINE,
  }),
);
