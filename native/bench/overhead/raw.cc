#include "raw.h"

#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/signal.h>
#include <linux/time.h>

// What the compiler may call of itself.
extern "C" {
[[gnu::optimize("no-tree-loop-distribute-patterns")]] void* memset(void* place, int byte, unsigned long count) {
  for (unsigned long i = 0; i < count; i++) static_cast<unsigned char*>(place)[i] = static_cast<unsigned char>(byte);
  return place;
}
[[gnu::optimize("no-tree-loop-distribute-patterns")]] void* memcpy(void* to, const void* from, unsigned long count) {
  for (unsigned long i = 0; i < count; i++) {
    static_cast<unsigned char*>(to)[i] = static_cast<const unsigned char*>(from)[i];
  }
  return to;
}
}

namespace overhead {

namespace {

constexpr u64 kNsPerSecond = 1'000'000'000;
constexpr u64 kThousandths = 1000;

// A line is one write(2), so that no two processes' lines mix.
class Line {
 public:
  Line& text(const char* words) {
    for (; *words != 0; words++) put(*words);
    return *this;
  }
  Line& number(u64 value, u64 leastDigits = 1) {
    char digits[20];
    u64 count = 0;
    for (; value > 0 || count < leastDigits; value /= 10) digits[count++] = static_cast<char>('0' + value % 10);
    while (count > 0) put(digits[--count]);
    return *this;
  }
  void write() {
    put('\n');
    call(__NR_write, 1, address(bytes_), static_cast<long>(count_));
  }

 private:
  void put(char byte) {
    if (count_ < sizeof bytes_) bytes_[count_++] = byte;
  }
  char bytes_[256];
  u64 count_ = 0;
};

void tell(const char* kind, const char* what, long result) {
  Line()
      .text("{\"name\":\"")
      .text(underWay)
      .text("\",\"")
      .text(kind)
      .text("\":\"")
      .text(what)
      .text("\",\"errno\":")
      .number(static_cast<u64>(-result))
      .text("}")
      .write();
}

}  // namespace

u64 nowNs() {
  __kernel_timespec now;
  call(__NR_clock_gettime, CLOCK_MONOTONIC, address(&now));
  return static_cast<u64>(now.tv_sec) * kNsPerSecond + static_cast<u64>(now.tv_nsec);
}

u8* reserve(u64 bytes) {
  const long place = call(__NR_mmap, 0, static_cast<long>(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return place < 0 && place > -4096 ? nullptr : reinterpret_cast<u8*>(place);
}

void release(u8* memory, u64 bytes) { call(__NR_munmap, address(memory), static_cast<long>(bytes)); }

void sampleNs(const char* name, u64 ns, u64 operations) {
  const u64 value = ns * kThousandths / operations;
  Line()
      .text("{\"name\":\"")
      .text(name)
      .text("\",\"unit\":\"ns\",\"value\":")
      .number(value / kThousandths)
      .text(".")
      .number(value % kThousandths, 3)
      .text("}")
      .write();
}

void sampleRate(const char* name, u64 bytes, u64 ns) {
  const u64 rate = bytes * kThousandths / (ns == 0 ? 1 : ns) * (kNsPerSecond / kThousandths);
  Line().text("{\"name\":\"").text(name).text("\",\"unit\":\"bytes/s\",\"value\":").number(rate).text("}").write();
}

void refuse(const char* what, long result) {
  tell("refused", what, result);
  exit(1);
}

void note(const char* what, long result) {
  tell("note", what, result);
}

long checked(const char* what, long result) {
  if (result < 0) refuse(what, result);
  return result;
}

long fork() { return call(__NR_clone, SIGCHLD); }

void exit(int status) {
  for (;;) call(__NR_exit_group, status);
}

void dieWithParent() { call(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL); }

void wait(long pid) {
  while (call(__NR_wait4, pid, 0, 0, 0) == -4) {
  }
}

void kill(long pid) {
  call(__NR_kill, pid, SIGKILL);
  wait(pid);
}

OneProcessor::OneProcessor() {
  bytes_ = call(__NR_sched_getaffinity, 0, kMaskBytes, address(former_));
  if (bytes_ <= 0) {
    note("sched_getaffinity", bytes_);
    return;
  }
  u8 mask[kMaskBytes] = {};
  for (long i = 0; i < bytes_; i++) {
    if (former_[i] == 0) continue;
    mask[i] = static_cast<u8>(former_[i] & -former_[i]);
    break;
  }
  const long result = call(__NR_sched_setaffinity, 0, bytes_, address(mask));
  if (result < 0) note("sched_setaffinity", result);
}

OneProcessor::~OneProcessor() {
  if (bytes_ > 0) call(__NR_sched_setaffinity, 0, bytes_, address(former_));
}

}  // namespace overhead
