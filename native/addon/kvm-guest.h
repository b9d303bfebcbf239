// The smallest virtual machine there is: one vCPU, some pages, a few bytes of 16-bit code, no firmware and no kernel.
// Documentation/virt/kvm/api.rst of Linux. The code comes from the caller (runtime/vm/tiny-program.ts); here is what runs
// any such code, counts how often it is left and for what, and stamps every step of the machine's life. Knows nothing of
// Node, so that it can be built on its own with sanitizers.
//
// The guest may be hostile or hang: its memory is bounded, its exits are counted, and a timer ends it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace ringside::kvm {

struct GuestOptions {
  std::vector<std::uint8_t> code;
  std::uint32_t loadAddress = 0;  // where the code lies and starts; below memoryBytes
  std::uint32_t memoryBytes = 0;  // from address 0, whole pages; what the guest reaches for above it is an MMIO exit
  std::uint32_t extraSegment = 0;  // ES, so that 16-bit code reaches above its memory
  std::uint16_t endPort = 0;       // an `out` to it ends the machine
  std::uint16_t markPort = 0;      // an `out` to it has the kernel's counters read; 0: nothing has
  std::uint8_t inputByte = 0;      // what every `in` gets
  std::uint32_t mostExits = 0;
  std::uint32_t timeoutMs = 0;
};

inline constexpr std::uint32_t kMostMemoryBytes = 1u << 20;  // what real mode can address
inline constexpr std::uint32_t kMostExits = 1u << 20;
inline constexpr std::uint32_t kMostTimeoutMs = 60'000;
inline constexpr std::size_t kMostMarks = 64;

// One step of the life, CLOCK_MONOTONIC.
struct Step {
  const char* name;  // of the call: `KVM_CREATE_VM`
  std::uint64_t startNs;
  std::uint64_t endNs;
};

// One KVM_RUN: from the call until it has returned. runtime/vm/tiny-exits.ts reads it as it lies in memory.
struct Exit {
  std::uint64_t enteredNs;
  std::uint64_t leftNs;
  std::uint64_t address;  // the port, or the physical address
  std::uint64_t data;     // what the guest wrote
  std::uint32_t reason;   // KVM_EXIT_…
  std::uint32_t isWrite;
};
static_assert(sizeof(Exit) == 40);

struct Counter {
  std::string name;
  std::uint64_t value;
};

// What the host's kernel counted of this vCPU until the exit with that index.
struct Mark {
  std::uint32_t exitIndex;
  std::vector<Counter> counters;
};

enum class Ending { ended, shutdown, timedOut, tooManyExits, unknownExit };

struct GuestReport {
  std::vector<Step> steps;
  std::vector<Exit> exits;
  std::vector<Mark> marks;
  Ending ending = Ending::ended;
};

// A call that failed: `KVM_CREATE_VCPU`, its errno, and the file that it was about.
struct GuestFailure {
  int error;
  const char* call;
};

// Makes the machine, runs it to its end, and takes it away again. The calling thread is busy until then; it must not be
// the one that runs JavaScript.
std::variant<GuestReport, GuestFailure> runGuest(const GuestOptions& options);

}  // namespace ringside::kvm
