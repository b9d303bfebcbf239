/* What tracing costs: the cheapest system call, many times in a row, timed by the program itself. Run once as it is and
   once under ptrace(2), the difference by call is the cost of a traced call (runtime/trace/calibration.ts). It writes
   two numbers of 64 bits in the machine's byte order: how many calls, and how many nanoseconds they took together.
   Without a C library, so that nothing else is called. */
#include "raw-call.h"

#if defined(__x86_64__)
/* The kernel aligns the stack as for a jump; the compiler expects it as behind a call. */
#define ENTRY __attribute__((force_align_arg_pointer))
#else
#define ENTRY
#endif

enum { kCalls = 4000, kClockMonotonic = 1 };

static long nowNs(void) {
  long time[2]; /* seconds, nanoseconds */
  call3(kClockGettime, kClockMonotonic, (long)time, 0);
  return time[0] * 1000000000L + time[1];
}

ENTRY void _start(void) {
  long result[2] = {kCalls, 0};
  const long startNs = nowNs();
  for (int i = 0; i < kCalls; i++) call3(kGetppid, 0, 0, 0);
  result[1] = nowNs() - startNs;
  call3(kWrite, 1, (long)result, sizeof result);
  call3(kExitGroup, 0, 0, 0);
  __builtin_unreachable();
}
