/**
 * Who executes the tiny guest's instructions. /dev/kvm does not tell: with kvm_intel or kvm_amd the processor does it
 * itself, with kvm_pvm (KVM without hardware) real-mode code goes to the instruction emulator of the host's kernel, and on
 * a processor of before 2010 kvm_intel does the same. So the kernel's own counters are asked (KVM_GET_STATS_FD,
 * `insn_emulation`), over a stretch of the guest in which it does nothing but arithmetic.
 */
import { existsSync, readFileSync } from "node:fs";
import type { KvmGuestReport } from "../../native/kernel.ts";
import { INSTRUCTIONS_A_TURN, TURNS_OF_COMPUTING } from "./tiny-program.ts";

export interface Executor {
  readonly by: "processor" | "emulator" | "unknown";
  /** As it stands beside every figure. */
  readonly label: string;
  /** How it is known. */
  readonly reason: string;
}

const DRIVERS = ["kvm_intel", "kvm_amd", "kvm_pvm"] as const;
/** What runs, in every label. */
const GUEST = "KVM real-mode guest, no kernel";
const COUNTER = "insn_emulation";
/** Far from both: all of them, or the few that no hypervisor leaves to the processor. */
const HALF = 0.5;

/** Facts of the host that belong to the label. */
export interface HostFacts {
  /** The parts of KVM that are loaded or built in. */
  readonly drivers: readonly string[];
  /** The host is a guest itself, so that an exit is one of its hypervisor's too. */
  readonly isGuest: boolean;
}

/** @returns what this host says of itself (/sys/module, /proc/cpuinfo) */
export function hostFacts(): HostFacts {
  return {
    drivers: DRIVERS.filter((name) => existsSync(`/sys/module/${name}`)),
    isGuest: / hypervisor(?: |$)/m.test(readFileSync("/proc/cpuinfo", "utf8")),
  };
}

/**
 * @param marks of a run of `exitProgram`: the first two lie around its arithmetic
 * @param facts of the host
 */
export function executorOf(marks: KvmGuestReport["marks"], { drivers, isGuest }: HostFacts): Executor {
  const driver = drivers.length === 0 ? "KVM" : drivers.join(", ");
  const [before, after] = marks.map(({ counters }) => counters[COUNTER]);
  if (before === undefined || after === undefined) {
    return {
      by: "unknown",
      label: `${GUEST}; who executes it is not known (${driver})`,
      reason: "this kernel does not count the instructions that it emulates (KVM_CAP_BINARY_STATS_FD)",
    };
  }
  const all = TURNS_OF_COMPUTING * INSTRUCTIONS_A_TURN;
  const emulated = after - before;
  const reason = `of ${all} instructions of arithmetic the host's kernel emulated ${Math.min(emulated, all)}`;
  if (emulated > all * HALF) {
    return { by: "emulator", label: `${GUEST}; emulated by the host's kernel (${driver}), no hardware`, reason };
  }
  const nested = isGuest ? " of a host that is a guest itself (nested)" : "";
  return { by: "processor", label: `${GUEST}; hardware virtualization (${driver})${nested}`, reason };
}
