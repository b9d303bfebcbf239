// What a program without a C library has: system calls (syscall(2)), memory, a clock, and words on standard output.
#pragma once
#include <asm/unistd.h>

namespace overhead {

using u8 = unsigned char;
using u64 = unsigned long;
static_assert(sizeof(u64) == 8);

#if defined(__x86_64__)
inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#endif

template <typename Thing>
long address(Thing* thing) {
  return reinterpret_cast<long>(thing);
}

// A call whose failure ends the measurement of the quantity that is under way: see refuse().
long checked(const char* what, long result);

// CLOCK_MONOTONIC by the system call: the vDSO would need a C library, and what is timed is far longer than this.
u64 nowNs();

// Bytes of zeros (mmap(2)); nothing of it is there before it is used. The result is 0 where there is none.
u8* reserve(u64 bytes);
void release(u8* memory, u64 bytes);

// The directory for files, ending in no slash; the program's own path; the measurement that is under way.
extern const char* directory;
extern const char* ownPath;
extern const char* underWay;

// One sample, `{"name":"getpid","unit":"ns","value":62.125}`: so many nanoseconds for so many operations.
void sampleNs(const char* name, u64 ns, u64 operations);
// The same in bytes a second.
void sampleRate(const char* name, u64 bytes, u64 ns);
// `{"name":"tcpRoundTrip","refused":"connect","errno":101}`, and the end of this measurement: it is not tried again.
[[noreturn]] void refuse(const char* what, long result);
// `{"name":"tcpRoundTrip","note":"sched_setaffinity","errno":1}`: the measurement goes on, otherwise than meant.
void note(const char* what, long result);

// A child that shares nothing, or its end.
long fork();
[[noreturn]] void exit(int status);
// For a child that answers: it has nothing to live for without its parent.
void dieWithParent();
void wait(long pid);
void kill(long pid);

// Keeps this process, and the children that it starts, on one processor while it lives (sched_setaffinity(2)).
class OneProcessor {
 public:
  OneProcessor();
  ~OneProcessor();
  OneProcessor(const OneProcessor&) = delete;

 private:
  static constexpr long kMaskBytes = 128;
  u8 former_[kMaskBytes] = {};
  long bytes_ = 0;
};

// The measurements: each takes one sample, which may be of several quantities.
void measureGetpid();
void measurePageFault();
void measureMemoryCopy();
void measureCompute();
void measureSwitches();
void measureForkExec();
void measureFiles();
void measureFsync();
void measureTcp();
void measurePortExit();

}  // namespace overhead
