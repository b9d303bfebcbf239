// Measures what common operations take in the world that it runs in, by itself, and tells every sample as a line of JSON on
// standard output (raw.h): `ringside bench overhead` starts it in every world, and compares. It needs no library and no
// file, so that the same bytes run everywhere; its own memory is small, so that what fork(2) copies is little.
//
//   ringside-overhead SAMPLES DIRECTORY QUANTITY...
//   ringside-overhead nothing
#include "raw.h"

namespace overhead {

const char* directory = nullptr;
const char* ownPath = nullptr;
const char* underWay = "";

namespace {

struct Measurement {
  const char* name;
  void (*measure)();
};

constexpr Measurement kMeasurements[] = {
    {"getpid", measureGetpid},       {"pageFault", measurePageFault}, {"switches", measureSwitches},
    {"forkExec", measureForkExec},   {"files", measureFiles},         {"fsync", measureFsync},
    {"tcpRoundTrip", measureTcp},    {"memoryCopy", measureMemoryCopy}, {"compute", measureCompute},
    {"portExit", measurePortExit},
};
constexpr int kMostMeasurements = sizeof kMeasurements / sizeof *kMeasurements;
constexpr u64 kMostSamples = 10'000;
constexpr int kUsage = 125;

bool same(const char* a, const char* b) {
  while (*a != 0 && *a == *b) a++, b++;
  return *a == *b;
}

u64 number(const char* digits) {
  u64 value = 0;
  for (; *digits >= '0' && *digits <= '9' && value <= kMostSamples; digits++) {
    value = value * 10 + static_cast<u64>(*digits - '0');
  }
  return *digits == 0 ? value : 0;
}

// Each sample in a child of its own: what one leaves behind (memory, files, a half-done connection) is not the next one's.
// A child that refuses ends with 1: its quantity is not asked for again.
bool takeSample(const Measurement& measurement) {
  underWay = measurement.name;
  const long pid = fork();
  if (pid == 0) {
    measurement.measure();
    exit(0);
  }
  if (pid < 0) return false;
  int status = 0;
  while (call(__NR_wait4, pid, address(&status), 0, 0) == -4) {
  }
  return status == 0;
}

int run(u64 samples, int count, char** names) {
  bool isRefused[kMostMeasurements] = {};
  for (u64 sample = 0; sample < samples; sample++) {
    for (int i = 0; i < kMostMeasurements; i++) {
      bool isAsked = false;
      for (int asked = 0; asked < count; asked++) isAsked = isAsked || same(names[asked], kMeasurements[i].name);
      if (isAsked && !isRefused[i]) isRefused[i] = !takeSample(kMeasurements[i]);
    }
  }
  return 0;
}

}  // namespace

extern "C" [[noreturn, gnu::used]] void overheadEntry(long* stack) {
  const long count = stack[0];
  char** words = reinterpret_cast<char**>(stack + 1);
  if (count == 2 && same(words[1], "nothing")) exit(0);
  const u64 samples = count > 3 ? number(words[1]) : 0;
  if (samples == 0) exit(kUsage);
  ownPath = words[0];
  directory = words[2];
  exit(run(samples, static_cast<int>(count) - 3, words + 3));
}

}  // namespace overhead

// The kernel leaves the arguments on the stack; the compiler expects them in a register, and the stack aligned.
#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call overheadEntry\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n mov x29, #0\n mov x0, sp\n bl overheadEntry\n");
#endif
