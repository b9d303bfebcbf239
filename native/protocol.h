// The messages between Node and the launcher, over one SOCK_SEQPACKET pair (unix(7)). native/kernel.ts reads and writes
// the same layout; every field is little-endian and naturally aligned.
#pragma once
#include <cstdint>

namespace ringside {

constexpr int kLauncherSocket = 3;         // the launcher's end, as spawned
constexpr unsigned kMostDescriptors = 64;  // travelling beside one request

enum class RequestKind : std::uint32_t {
  start = 1,    // execute a plan; beside it travel the plan's memfd and then the descriptors that fill slots 0, 1, 2 …
  resume = 2,   // go on after a pause
  release = 3,  // let go of everything and end, killing and removing nothing (ownership "engine")
  monitor = 4,  // live on without the owner (ownership "monitor")
  cancel = 5,   // end a start that has not come to exec: kill, clean up, answer `failed` with ECANCELED
};

// Node to launcher. `id` is the start's own number. A release without one is carried out at once; with one, as soon as
// that start has come to exec.
struct Request {
  RequestKind kind;
  std::uint32_t id;
  std::uint32_t descriptorCount;
  std::uint32_t zero;
};
static_assert(sizeof(Request) == 16);

// paused: `pid` is 0 before the clone, and `failedStep` is 1 + the index of the pause.
enum class ReplyKind : std::uint32_t { started = 1, failed = 2, exited = 3, paused = 4, released = 5 };

// Launcher to Node. After it: StepTime[stepCount], then reportBytes bytes of reports, each `name NUL u32 length value`;
// a failed start carries the kernel's own words (fsopen(2), "Message retrieval") as the report "kernel".
struct Reply {
  ReplyKind kind;
  std::uint32_t id;
  std::int32_t pid;
  std::int32_t waitStatus;  // as wait4(2) gives it
  std::int32_t error;       // errno of a failed start
  std::uint32_t failedStep;
  std::uint64_t timeNs;  // started: execve succeeded; exited: reaped
  std::uint64_t userUs;
  std::uint64_t systemUs;
  std::uint64_t maxRssKiB;
  std::uint32_t stepCount;
  std::uint32_t reportBytes;
};
static_assert(sizeof(Reply) == 64);

struct StepTime {
  std::uint64_t startNs;  // 0: the step was not reached
  std::uint64_t endNs;
  std::int32_t error;
  std::uint32_t index;
};
static_assert(sizeof(StepTime) == 24);

}  // namespace ringside
