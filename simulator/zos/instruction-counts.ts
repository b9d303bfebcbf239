/**
 * How many instructions there are from the handler's entry to the SVC routine's: counted by hand in IEAVESVC of MVS 3.8
 * (tracing off, no ESR, APF or screening), give or take two, without what SETLOCK expands to. Instructions, not time.
 */
import type { SvcType } from "./svc-table.ts";

export const INSTRUCTIONS_TO_ROUTINE: Readonly<Record<SvcType, number>> = { 1: 59, 2: 77, 3: 78, 4: 78, 6: 48 };

/** From `system_call` of Linux on IBM Z to `__do_syscall`, counted by hand in arch/s390/kernel/entry.S. */
export const INSTRUCTIONS_TO_DO_SYSCALL = 24;
