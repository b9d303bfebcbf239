/* A program that cannot be fooled about time and memory: `ringside-counter INTERVAL_US [WORKING_SET_KIB WRITES_PER_SECOND]`
   prints a line at a steady pace,
       COUNT CLOCK_NS WRONG
   the count from 0, its own CLOCK_MONOTONIC when it prints, and how many pages of its memory did not hold what it had
   written there last. Between two lines it writes pages of its working set, one after the other and round again, so
   many a second. Whoever moves, pauses or stops the world that it lives in finds out here whether it has noticed: a
   missed or doubled count, a gap in its clock, a page that was lost on the way (runtime/vm/migrate-counter.ts).

   Deadlines are absolute (clock_nanosleep(2)), so the pace does not drift. Without a C library, so that it is small in
   every image and runs in every world. */
#include "raw-call.h"

enum { kClockMonotonic = 1, kTimerAbsolute = 1, kPageBytes = 4096, kKib = 1024 };
enum { kNsPerUs = 1000, kUsPerSecond = 1000000 };
static const long kNsPerSecond = 1000000000L;

struct Time {
  long seconds;
  long nanoseconds;
};

static long parse(const char* text) {
  long value = 0;
  for (; *text >= '0' && *text <= '9'; text++) value = value * 10 + (*text - '0');
  return *text == '\0' ? value : -1;
}

static char* format(char* at, unsigned long value, char behind) {
  char digits[20];
  int count = 0;
  do {
    digits[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count > 0) *at++ = digits[--count];
  *at++ = behind;
  return at;
}

static void end(const char* words, long length, int code) {
  if (length > 0) call3(kWrite, 2, (long)words, length);
  for (;;) call3(kExitGroup, code, 0, 0);
}

static void print(const char* from, const char* to) {
  while (from < to) {
    const long written = call3(kWrite, 1, (long)from, to - from);
    if (written <= 0) end("", 0, 1);
    from += written;
  }
}

/* The working set: whole pages behind the end of the program (brk(2)), each with a number in its first word. */
struct Pages {
  volatile unsigned long* first;
  long count;
  long at;             /* the next to be written */
  unsigned long turn;  /* what the pages from `at` on hold; those before it hold one more */
  unsigned long wrong;
};

static struct Pages take(long bytes) {
  struct Pages pages = {0, bytes / kPageBytes, 0, 1, 0};
  if (pages.count == 0) return pages;
  const long start = (call3(kBrk, 0, 0, 0) + kPageBytes - 1) / kPageBytes * kPageBytes;
  const long wanted = start + pages.count * kPageBytes;
  static const char kNoMemory[] = "ringside-counter: not enough memory for the working set\n";
  if (call3(kBrk, wanted, 0, 0) < wanted) end(kNoMemory, sizeof kNoMemory - 1, 1);
  pages.first = (volatile unsigned long*)start;
  for (long i = 0; i < pages.count; i++) pages.first[i * (kPageBytes / (long)sizeof(long))] = pages.turn;
  return pages;
}

static void writeOne(struct Pages* pages) {
  volatile unsigned long* page = pages->first + pages->at * (kPageBytes / (long)sizeof(long));
  if (*page != pages->turn) pages->wrong++;
  *page = pages->turn + 1;
  if (++pages->at < pages->count) return;
  pages->at = 0;
  pages->turn++;
}

static void run(long intervalUs, struct Pages pages, long writesPerSecond) {
  struct Time next;
  call3(kClockGettime, kClockMonotonic, (long)&next, 0);
  long owed = 0; /* writes, in millionths */
  for (unsigned long count = 0;; count++) {
    next.nanoseconds += intervalUs * kNsPerUs;
    next.seconds += next.nanoseconds / kNsPerSecond;
    next.nanoseconds %= kNsPerSecond;
    while (call4(kClockNanosleep, kClockMonotonic, kTimerAbsolute, (long)&next, 0) != 0) {}
    for (owed += writesPerSecond * intervalUs; pages.count > 0 && owed >= kUsPerSecond; owed -= kUsPerSecond) {
      writeOne(&pages);
    }
    struct Time now;
    call3(kClockGettime, kClockMonotonic, (long)&now, 0);
    char line[80];
    char* to = format(line, count, ' ');
    to = format(to, (unsigned long)(now.seconds * kNsPerSecond + now.nanoseconds), ' ');
    to = format(to, pages.wrong, '\n');
    print(line, to);
  }
}

/* The kernel puts the number of arguments and then their addresses on the stack: execve(2), "Initial process stack". */
__attribute__((used, noreturn)) static void begin(long* stack) {
  static const char kUsage[] = "usage: ringside-counter INTERVAL_US [WORKING_SET_KIB WRITES_PER_SECOND]\n";
  const long given = stack[0] - 1;
  char** arguments = (char**)(stack + 2);
  long values[3] = {0, 0, 0};
  for (long i = 0; i < given && i < 3; i++) values[i] = parse(arguments[i]);
  if (given < 1 || given > 3 || values[0] <= 0 || values[1] < 0 || values[2] < 0) end(kUsage, sizeof kUsage - 1, 2);
  run(values[0], take(values[1] * kKib), values[2]);
  __builtin_unreachable();
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call begin\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n  mov x29, 0\n  mov x0, sp\n  bl begin\n");
#endif
