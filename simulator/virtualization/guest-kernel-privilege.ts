/**
 * A privileged instruction in the kernel of a guest (Intel SDM vol. 3, "VMX Non-Root Operation", instructions that cause VM
 * exits): most are carried out by the processor for the guest's own state; those that reach for what the guest does not
 * have are exits. In user mode a guest's program faults into its own kernel, and the hypervisor is not asked.
 */
import type { PathStep } from "../linux/entry/path-step.ts";
import { inKernel } from "../linux/entry/path-step.ts";
import type { PrivilegedInstruction } from "../workload/workload.ts";
import { type ExitReason, findExit } from "./exit-reasons.ts";

const VMX = "Intel SDM vol. 3, VMX non-root operation, and appendix C";

/** The basic exit reason of each, undefined where the guest is not left; loading CR3 is one without nested paging only. */
const EXITS: Readonly<Record<PrivilegedInstruction, (nestedPaging: boolean) => number | undefined>> = {
  halt: () => 12,
  loadPageTable: (nestedPaging) => (nestedPaging ? undefined : 28),
  disableInterrupts: () => undefined,
  startInputOutput: () => 30,
};

/** @returns what leaving the guest is called; undefined where it is not left. */
export function exitOf(instruction: PrivilegedInstruction, nestedPaging: boolean): ExitReason | undefined {
  const number = EXITS[instruction](nestedPaging);
  return number === undefined ? undefined : findExit("vmx", number);
}

/** @returns the steps of the instruction in a guest's kernel. */
export function guestKernelPrivilege(
  instruction: PrivilegedInstruction,
  name: string,
  nestedPaging: boolean,
): PathStep[] {
  const exit = exitOf(instruction, nestedPaging);
  const first = inKernel(`${name}, in the guest's kernel`, VMX);
  const within = inKernel("done: the processor changes the guest's own state", VMX);
  return [
    first,
    ...(exit === undefined ? [within] : exitPath(exit)),
    inKernel("the guest goes on after the instruction", VMX),
  ];
}

function exitPath({ number, reason, handledIn }: ExitReason): PathStep[] {
  const step = (text: string, source = VMX): PathStep => ({ mode: "hypervisor", name: text, source });
  const kvm = "Linux arch/x86/kvm/vmx/vmx.c; Documentation/virt/kvm/api.rst";
  return [
    step(`VM exit ${number} (${reason}): the guest's state into the VMCS, the host's out of it`),
    step("KVM looks up the handler of the exit reason", kvm),
    ...(handledIn === "monitor"
      ? [step("KVM_RUN returns: the monitor, a process, does it for the guest", kvm), step("ioctl KVM_RUN again", kvm)]
      : [step("KVM does it for the guest", kvm)]),
    step("VMRESUME: the guest's state out of the VMCS"),
  ];
}
