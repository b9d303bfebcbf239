// What is measured is told as it is measured: one line a sample, `NAME NANOSECONDS` on standard output; or, once,
// `!NAME ERRNO` where the kernel refuses. clock_gettime(2), CLOCK_MONOTONIC.
#pragma once
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

#include <cstdint>

namespace calibrate {

inline std::uint64_t nowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

struct Sample {
  const char* name;  // a literal: the same address in parent and child
  std::uint64_t ns;
  int error;
};

// Samples that a child leaves to its parent, in memory that both see.
class Page {
 public:
  Page() {
    void* place = mmap(nullptr, sizeof(Content), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    content_ = place == MAP_FAILED ? nullptr : static_cast<Content*>(place);
  }
  Page(const Page&) = delete;
  ~Page() {
    if (content_ != nullptr) munmap(content_, sizeof(Content));
  }
  explicit operator bool() const { return content_ != nullptr; }

  void put(const char* name, std::uint64_t ns, int error) {
    if (content_->count < kMost) content_->samples[content_->count++] = {name, ns, error};
  }

  // Carries one thing out and remembers how long it took. A negative result is a refusal, with errno.
  template <typename Action>
  long timed(const char* name, Action action) {
    const std::uint64_t start = nowNs();
    const long result = static_cast<long>(action());
    const std::uint64_t end = nowNs();
    put(name, end - start, result < 0 ? errno : 0);
    return result;
  }

  void print() {
    for (std::uint32_t i = 0; i < content_->count; i++) {
      const Sample& sample = content_->samples[i];
      if (sample.error == 0) printf("%s %llu\n", sample.name, static_cast<unsigned long long>(sample.ns));
      else printf("!%s %d\n", sample.name, sample.error);
    }
    content_->count = 0;
    fflush(stdout);
  }

 private:
  static constexpr std::uint32_t kMost = 1024;
  struct Content {
    std::uint32_t count;
    Sample samples[kMost];
  };
  Content* content_;
};

// A refusal that leaves nothing to measure.
[[noreturn]] void fail(const char* what);

// Waits for a child. False when it did not end with 0.
bool endsWell(int pid);

// Between two starts others have used the caches. Nothing of it is left when a process is copied.
void useCaches();

// The groups of measurements; each prints `samples` samples of all its quantities.
void measureCalls(unsigned samples);
void measureMemory(unsigned samples);
void measureSwitches(unsigned samples);
void measureProcesses(unsigned samples, char** arguments);
void measureNamespaces(unsigned samples);
void measureContainer(unsigned samples, char** arguments);

}  // namespace calibrate
