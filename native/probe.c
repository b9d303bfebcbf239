/* The smallest program with a sign of life: one byte, then the end. Without a C library, so that what is measured is
   the world around it and not the start of a run-time library. */
#if defined(__x86_64__)
static long call3(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}
enum { kWrite = 1, kExitGroup = 231 };
#elif defined(__aarch64__)
static long call3(long number, long a, long b, long c) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}
enum { kWrite = 64, kExitGroup = 94 };
#endif

void _start(void) {
  static const char byte = '.';
  call3(kWrite, 1, (long)&byte, 1);
  call3(kExitGroup, 0, 0, 0);
  __builtin_unreachable();
}
