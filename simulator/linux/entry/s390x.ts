/**
 * The way into a Linux kernel and back on IBM Z, step by step (arch/s390/kernel/entry.S, arch/s390/kernel/syscall.c): the
 * same interruption as z/OS's, and another kernel behind the new PSW.
 */
import { inKernel, type PathStep } from "./path-step.ts";

const ENTRY = "Linux arch/s390/kernel/entry.S, system_call";
const HARDWARE = "z/Architecture Principles of Operation, SA22-7832: supervisor-call interruption";
const DISPATCH = "Linux arch/s390/kernel/syscall.c, __do_syscall";
const PROGRAM_CHECK = "QEMU linux-user/s390x/cpu_loop.c; z/Architecture Principles of Operation, program interruption";

/** Steps before the service itself begins. */
export function s390Entry(number: number, call: string): PathStep[] {
  return [
    { mode: "user", name: `SVC ${number} (${call})`, source: HARDWARE },
    inKernel("the hardware stores number and old PSW in the lowcore and loads the SVC new PSW", HARDWARE),
    inKernel("stpt: the CPU timer", ENTRY),
    inKernel("stmg: registers 8 to 15 into the lowcore", ENTRY),
    inKernel("lctlg: control register 1, the kernel's address space", ENTRY),
    inKernel("lg: register 15 is the kernel's stack", ENTRY),
    inKernel("build pt_regs", ENTRY),
    inKernel("clear the registers", ENTRY),
    inKernel("__do_syscall: the PSW out of the lowcore", DISPATCH),
    inKernel("the number is the SVC's own, or register 1 where that is 0; the call table", DISPATCH),
  ];
}

/** @returns one system call: into the kernel, the service, and back. */
export function s390SystemCall(number: number, call: string, service: string): PathStep[] {
  return [
    ...s390Entry(number, call),
    inKernel(service, DISPATCH),
    inKernel("lctlg: control register 1, the program's address space", ENTRY),
    inKernel("lmg: the registers come back", ENTRY),
    inKernel("lpswe: the old PSW", ENTRY),
  ];
}

/** @returns a privileged instruction in problem state: program interruption 2, and SIGILL. */
export function s390PrivilegedFault(instruction: string): PathStep[] {
  return [
    { mode: "user", name: instruction, source: PROGRAM_CHECK },
    inKernel("the hardware: program interruption 2, old PSW stored, new one loaded", PROGRAM_CHECK),
    inKernel("SIGILL is sent to the thread: no handler, so the process ends", PROGRAM_CHECK),
  ];
}
