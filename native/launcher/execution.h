// What a running plan shares between the launcher and the child: the slots, the page with the times, the sync socket.
#pragma once
#include <sys/mman.h>
#include <time.h>

#include <atomic>
#include <cstdint>

#include "../protocol.h"
#include "plan.h"

namespace ringside {

inline std::uint64_t nowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

constexpr std::size_t kDetailBytes = 256;

// Lives in memory that parent and child share (MAP_SHARED), so that reporting costs the child no system call.
struct TracePage {
  std::atomic<std::uint32_t> failed;     // 1 + index of the step that failed
  std::atomic<std::int32_t> error;       // its errno
  std::atomic<std::uint32_t> executing;  // 1 once execve is about to be called
  std::atomic<std::int32_t> siblingPid;  // the process that takes the first child's place (forkSibling)
  std::atomic<std::int32_t> pid;         // the first child, as the launcher numbers it
  std::atomic<std::int32_t> listener;       // 1 + the child's descriptor of a seccomp listener, to be taken
  std::atomic<std::int32_t> listenerTaken;  // 1, or a negative errno
  std::atomic<std::uint32_t> released;   // 1 once the launcher has let go: nobody reads this page any more
  char detail[kDetailBytes];             // the kernel's own words, where it has any
  StepTime times[];
};

// Descriptors by slot; -1 is empty. Plain, because fork copies it and exec or exit closes everything.
struct Slots {
  int fds[kSlotCount];
  Slots() {
    for (int& fd : fds) fd = -1;
  }
  int operator[](unsigned index) const { return index < kSlotCount ? fds[index] : -1; }
  void put(unsigned index, int fd);
  void closeAll();
};

// What a child sends over its sync socket, one byte each.
enum class SyncKind : char {
  terminal = 't',  // with the master's descriptor
  handOver = 'h',  // the next steps are the launcher's; the child waits for one byte
};

struct Execution {
  Slots* slots;
  TracePage* page;
  int sync;   // the child's end of the socket pair to the launcher; -1 in the launcher itself
  pid_t pid;  // in the launcher: the child, once it exists, else -1
};

// What an operation answers: done, noted (the errno is recorded and the plan goes on), or failed.
struct Outcome {
  enum Kind { kDone, kNoted, kFailed } kind;
  int error;
  static Outcome done() { return {kDone, 0}; }
  static Outcome noted(int error) { return {kNoted, error}; }
  static Outcome failed(int error) { return {kFailed, error}; }
};

Outcome runHostOperation(const Step& step, Execution& execution);
Outcome runChildOperation(const Step& step, Execution& execution);

// Runs one step and stamps it. `index` is the step's position in the plan.
template <typename Run>
bool runStep(Run run, const Step& step, std::uint32_t index, Execution& execution) {
  StepTime& time = execution.page->times[index];
  time.startNs = nowNs();
  const Outcome outcome = run(step, execution);
  time.endNs = nowNs();
  time.error = outcome.error;
  if (outcome.kind != Outcome::kFailed) return true;
  execution.page->error.store(outcome.error);
  execution.page->failed.store(index + 1);
  return false;
}

}  // namespace ringside
