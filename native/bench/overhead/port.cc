// In a virtual machine: one exit to its monitor, as an `in` from the debug console's port, which answers and does nothing.
// Only a guest is ever asked for it: on the machine itself the port would be whatever the machine has there (ioperm(2)).
#include "raw.h"

namespace overhead {

#if defined(__x86_64__)

namespace {

constexpr unsigned short kDebugConsole = 0xe9;
constexpr u64 kReads = 200;

}  // namespace

void measurePortExit() {
  checked("ioperm", call(__NR_ioperm, kDebugConsole, 1, 1));
  u8 byte;
  const u64 start = nowNs();
  for (u64 i = 0; i < kReads; i++) __asm__ volatile("inb %1, %0" : "=a"(byte) : "Nd"(kDebugConsole));
  sampleNs("portExit", nowNs() - start, kReads);
}

#else

void measurePortExit() { refuse("in: this processor has no ports", -38); }

#endif

}  // namespace overhead
