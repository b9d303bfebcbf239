/**
 * The way into a Linux kernel and back on x86-64, step by step: a system call (arch/x86/entry/entry_64.S), and a general
 * protection fault (Intel SDM vol. 3, "Interrupt and Exception Handling"; arch/x86/kernel/traps.c). In a container it is
 * the same code; in a guest as well, on the guest's own kernel.
 */
import { inKernel, type PathStep } from "./path-step.ts";

const ENTRY = "Linux arch/x86/entry/entry_64.S, entry_SYSCALL_64";
const HARDWARE = "Linux arch/x86/entry/entry_64.S, comment on SYSCALL; AMD64 Architecture Programmer's Manual vol. 3";
const DISPATCH = "Linux arch/x86/entry/syscall_64.c, do_syscall_64";
const SECCOMP = "Linux kernel/seccomp.c, __secure_computing; seccomp(2)";
const FAULT = "Intel SDM vol. 3, interrupt 13; Linux arch/x86/kernel/traps.c, exc_general_protection";

export interface EntryOptions {
  /** Page tables of the kernel's own (PTI), changed on the way in and out. */
  readonly pageTableIsolation: boolean;
  /** A filter is installed, as a container's default profile is. */
  readonly seccomp: boolean;
}

/** Steps before the service itself begins: the service is the step after them. */
export function x86Entry(call: string, { pageTableIsolation, seccomp }: EntryOptions): PathStep[] {
  return [
    { mode: "user", name: `SYSCALL (${call})`, source: HARDWARE },
    inKernel(
      "the hardware: RCX is RIP, R11 is RFLAGS; CS, SS and RIP from two MSRs, RFLAGS masked; no stack",
      HARDWARE,
    ),
    inKernel("swapgs: the kernel's per-processor data", ENTRY),
    inKernel("the user's stack pointer into scratch storage", ENTRY),
    ...(pageTableIsolation ? [inKernel("CR3: the kernel's page tables", ENTRY)] : []),
    inKernel("load the kernel's stack pointer", ENTRY),
    inKernel("push ss, sp, flags, cs, ip and the number: pt_regs begins", ENTRY),
    inKernel("push the other registers and clear them", ENTRY),
    inKernel("do_syscall_64", DISPATCH),
    ...(seccomp ? [inKernel("seccomp: the filter's program says whether the call is allowed", SECCOMP)] : []),
    inKernel("x64_sys_call: a switch by the number", DISPATCH),
  ];
}

/** @returns one system call: into the kernel, the service, and back. */
export function x86SystemCall(call: string, service: string, options: EntryOptions): PathStep[] {
  return [
    ...x86Entry(call, options),
    inKernel(service, "Linux kernel/sys.c and the call's manual page"),
    inKernel("RCX equals RIP, the flags are clean: SYSRET will do, no IRET", ENTRY),
    inKernel("pop the registers", ENTRY),
    ...(options.pageTableIsolation ? [inKernel("CR3: the user's page tables", ENTRY)] : []),
    inKernel("swapgs, SYSRET", ENTRY),
  ];
}

/** @returns a privileged instruction in user mode: a fault, a signal, and the end. */
export function x86PrivilegedFault(instruction: string, { pageTableIsolation }: EntryOptions): PathStep[] {
  return [
    { mode: "user", name: instruction, source: FAULT },
    inKernel("the hardware: #GP, vector 13; SS, RSP, RFLAGS, CS, RIP and an error code on the kernel's stack", FAULT),
    ...(pageTableIsolation ? [inKernel("CR3: the kernel's page tables", ENTRY)] : []),
    inKernel("push the registers: pt_regs", ENTRY),
    inKernel("exc_general_protection: it came from user mode", FAULT),
    inKernel("SIGSEGV is sent to the thread", FAULT),
    inKernel("on the way back the signal is taken: no handler, so the process ends", "signal(7)"),
  ];
}
