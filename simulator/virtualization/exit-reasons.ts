/**
 * Why a guest is left: the basic exit reasons of Intel's VMX (SDM vol. 3, appendix C) and the interception codes of
 * s390's SIE (SIE_C_* in Hercules' esa390.h), each with what the guest did and who answers. What is not in a table does
 * not make a guest leave: a system call (SYSCALL, SVC) and any computation stay inside.
 */

export const ARCHITECTURES = ["vmx", "sie"] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** `host kernel` where KVM answers by itself, `monitor` where a process of the host has to (KVM_RUN returns). */
export type HandledIn = "host kernel" | "monitor";

export interface ExitReason {
  readonly architecture: Architecture;
  /** The basic exit reason, or the interception code: decimal, as the manuals have them. */
  readonly number: number;
  readonly reason: string;
  /** What the guest did, or what happened to it. */
  readonly guestDid: string;
  readonly handledIn: HandledIn;
  /** The cost of one such exit and the way back. */
  readonly cost: string;
}

const KERNEL = "hypervisor.exit.kernel";
const MONITOR = "hypervisor.exit.monitor";

export const VMX_EXIT_REASONS: readonly ExitReason[] = [
  vmx(0, "exception or NMI", "an exception that the host asked to see, or a non-maskable interrupt", "host kernel"),
  vmx(1, "external interrupt", "nothing: a device of the host interrupts the processor", "host kernel"),
  vmx(2, "triple fault", "a fault in the handling of a double fault: the guest is to be reset", "monitor"),
  vmx(7, "interrupt window", "it can take interrupts again, and the host has one for it", "host kernel"),
  vmx(10, "CPUID", "CPUID: asked what the processor is, which the host answers", "host kernel"),
  vmx(12, "HLT", "HLT: it has nothing to do", "host kernel"),
  vmx(14, "INVLPG", "INVLPG, where the host keeps shadow page tables", "host kernel"),
  vmx(18, "VMCALL", "VMCALL: a call of its hypervisor, on purpose", "host kernel"),
  vmx(23, "VMREAD", "VMREAD: it is a hypervisor itself, and reads its guest's control structure", "host kernel"),
  vmx(24, "VMRESUME", "VMRESUME: it is a hypervisor itself, and enters its guest", "host kernel"),
  vmx(25, "VMWRITE", "VMWRITE: it is a hypervisor itself, and writes its guest's control structure", "host kernel"),
  vmx(28, "control-register access", "a load of CR0 or CR4 that changes what the host owns", "host kernel"),
  vmx(30, "I/O instruction", "IN or OUT: a port of a device that is not there", "monitor"),
  vmx(31, "RDMSR", "RDMSR of a register that the host keeps for it", "host kernel"),
  vmx(32, "WRMSR", "WRMSR: sets its timer (IA32_TSC_DEADLINE), ends an interrupt (x2APIC EOI)", "host kernel"),
  vmx(40, "PAUSE", "PAUSE in a loop: it spins on a lock whose holder may not be running", "host kernel"),
  vmx(44, "APIC access", "touched the page of its local interrupt controller", "host kernel"),
  vmx(48, "EPT violation", "touched memory that the host has not given it yet, or has write-protected", "host kernel"),
  vmx(49, "EPT misconfiguration", "touched a device's registers in memory, which KVM marks so", "monitor"),
  vmx(
    52,
    "VMX-preemption timer expired",
    "nothing: the time that it was given, or its own timer, has run out",
    "host kernel",
  ),
  vmx(55, "XSETBV", "XSETBV: chose which register states are saved", "host kernel"),
];

/** SIE's codes have no published time each; one figure for all is all there is. */
export const SIE_INTERCEPTION_CODES: readonly ExitReason[] = [
  sie(
    4,
    "instruction",
    "an instruction that the host carries out for it: a privileged one that is not assisted, DIAGNOSE",
    "host kernel",
  ),
  sie(8, "program interruption", "a program interruption that the host asked to see", "host kernel"),
  sie(12, "instruction and program interruption", "both at once", "host kernel"),
  sie(16, "external request", "nothing: an external interruption is to be delivered to it", "host kernel"),
  sie(20, "external interruption", "nothing: the host's processor was interrupted", "host kernel"),
  sie(24, "I/O request", "nothing: an I/O interruption is to be delivered to it", "host kernel"),
  sie(28, "wait state", "loaded a wait PSW: it has nothing to do", "host kernel"),
  sie(32, "validity", "nothing: its state description is not valid", "host kernel"),
  sie(40, "stop request", "nothing: it is to be stopped", "host kernel"),
  sie(44, "operation exception", "an instruction that there is not", "host kernel"),
  sie(60, "I/O interruption", "nothing: an I/O interruption of the host", "host kernel"),
  sie(64, "I/O interruption, by instruction", "an instruction about I/O interruptions", "host kernel"),
];

function vmx(number: number, reason: string, guestDid: string, handledIn: HandledIn): ExitReason {
  const cost = handledIn === "monitor" ? MONITOR : KERNEL;
  return { architecture: "vmx", number, reason, guestDid, handledIn, cost };
}

function sie(number: number, reason: string, guestDid: string, handledIn: HandledIn): ExitReason {
  return { architecture: "sie", number, reason, guestDid, handledIn, cost: "sie.interception" };
}

/** Devices whose registers lie in memory; all others of a PC are reached by IN and OUT. */
const MEMORY_MAPPED: readonly string[] = ["I/O APIC", "virtio-mmio"];
const BY_NAME = new Map(VMX_EXIT_REASONS.map((row) => [row.reason, row]));

/**
 * @param device what was reached for: `serial console`, `I/O APIC`; or an exit reason by its own name
 * @returns the exit that reaching for it is
 */
export function exitReasonOf(device: string): ExitReason {
  const named = BY_NAME.get(device);
  if (named !== undefined) return named;
  const found = BY_NAME.get(MEMORY_MAPPED.includes(device) ? "EPT misconfiguration" : "I/O instruction");
  if (found === undefined) throw new RangeError("the table of exit reasons has no I/O instruction");
  return found;
}

/**
 * @param architecture whose table
 * @param number the basic exit reason or interception code
 * @returns the row; undefined where the table has none: then the guest is not left
 */
export function findExit(architecture: Architecture, number: number): ExitReason | undefined {
  const table = architecture === "vmx" ? VMX_EXIT_REASONS : SIE_INTERCEPTION_CODES;
  return table.find((row) => row.number === number);
}
