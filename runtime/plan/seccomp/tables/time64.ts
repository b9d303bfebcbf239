/**
 * System calls of 32-bit architectures with times of 64 bits, for the years after 2038; the same numbers on all of them.
 * Facts from the kernel's arch/x86/entry/syscalls/syscall_32.tbl and arch/arm/tools/syscall.tbl.
 */
import { numbered } from "./numbered.ts";

/** Calls and their numbers. */
export const time64Calls = () =>
  numbered(`
403 clock_gettime64 clock_settime64 clock_adjtime64 clock_getres_time64 clock_nanosleep_time64 timer_gettime64
409 timer_settime64 timerfd_gettime64 timerfd_settime64 utimensat_time64 pselect6_time64 ppoll_time64
416 io_pgetevents_time64 recvmmsg_time64 mq_timedsend_time64 mq_timedreceive_time64 semtimedop_time64
421 rt_sigtimedwait_time64 futex_time64 sched_rr_get_interval_time64
`);
