#include "kvm-guest.h"

#include <errno.h>

#if defined(__x86_64__)
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "../descriptor.h"

namespace ringside::kvm {

namespace {

constexpr const char* kDevice = "/dev/kvm";
// Three pages that the guest cannot use, below the firmware's place at 4 GiB; Intel's real mode needs them.
constexpr std::uint64_t kTaskStateAddress = 0xfffbd000;
// KVM_SET_SIGNAL_MASK has the size of a structure in it, a length with any number of bytes behind it, which is 4 in C and 8
// in C++ (the header's flexible array).
constexpr unsigned long kSetSignalMask = _IOW(KVMIO, 0x8b, std::uint32_t);
constexpr std::uint64_t kFlagsAlwaysSet = 2;
constexpr std::size_t kNsPerMs = 1'000'000;

// kvm_stats_desc without its name, whose flexible array counts in C++: the name lies right behind.
struct CounterDescription {
  std::uint32_t flags;
  std::int16_t exponent;
  std::uint16_t size;
  std::uint32_t offset;
  std::uint32_t bucketSize;
};
static_assert(sizeof(CounterDescription) == 16);

std::uint64_t nowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

// Memory from mmap(2), given back exactly once.
class Mapping {
 public:
  Mapping() = default;
  Mapping(std::size_t bytes, int flags, int fd) : bytes_(bytes) {
    void* place = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
    place_ = place == MAP_FAILED ? nullptr : static_cast<std::uint8_t*>(place);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(place_, other.place_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Mapping() { reset(); }
  void reset() {
    if (place_ != nullptr) munmap(place_, bytes_);
    place_ = nullptr;
  }
  explicit operator bool() const { return place_ != nullptr; }
  std::uint8_t* get() const { return place_; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::uint8_t* place_ = nullptr;
  std::size_t bytes_ = 0;
};

// Ends KVM_RUN after a while. The signal is blocked in this thread but for the time within KVM_RUN (KVM_SET_SIGNAL_MASK),
// so that it needs no handler, reaches nobody else, and is not lost where it comes between two runs.
class Alarm {
 public:
  Alarm() {
    sigemptyset(&alone_);
    sigaddset(&alone_, signal());
    pthread_sigmask(SIG_BLOCK, &alone_, &former_);
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = signal();
    event._sigev_un._tid = static_cast<int>(syscall(SYS_gettid));
    isSet_ = timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
  }
  Alarm(const Alarm&) = delete;
  ~Alarm() {
    if (isSet_) timer_delete(timer_);
    hasRung();
    pthread_sigmask(SIG_SETMASK, &former_, nullptr);
  }
  explicit operator bool() const { return isSet_; }

  bool ringAfter(std::uint32_t ms) {
    const itimerspec when{{0, 0}, {static_cast<time_t>(ms / 1000), static_cast<long>((ms % 1000) * kNsPerMs)}};
    return timer_settime(timer_, 0, &when, nullptr) == 0;
  }
  // Whether it has, and takes it back.
  bool hasRung() {
    const timespec none{};
    return sigtimedwait(&alone_, nullptr, &none) == signal();
  }
  // The thread's signals while the guest runs: all of them blocked, but this one not.
  std::uint64_t maskWithin() const {
    std::uint64_t mask = ~std::uint64_t{0};
    return mask & ~(std::uint64_t{1} << (signal() - 1));
  }

 private:
  static int signal() { return SIGRTMAX; }
  sigset_t alone_{}, former_{};
  timer_t timer_{};
  bool isSet_ = false;
};

class Machine {
 public:
  Machine(const GuestOptions& options, GuestReport& report) : options_(options), report_(report) {}

  // Every step in its order. @returns the call that failed, or null; errno says why
  const char* run();

 private:
  const char* make();
  const char* makeProcessor();
  const char* setRegisters();
  const char* live();
  void answer(Exit& exit);
  void answerPort(Exit& exit);
  bool isOver(const Exit& exit);
  void readCounters(std::uint32_t exitIndex);
  void takeAway();

  template <typename Action>
  bool step(const char* name, Action action) {
    const std::uint64_t start = nowNs();
    const bool succeeded = action();
    report_.steps.push_back({name, start, nowNs()});
    return succeeded;
  }

  const GuestOptions& options_;
  GuestReport& report_;
  Alarm alarm_;
  Descriptor device_, machine_, processor_;
  Mapping memory_, shared_;
};

const char* Machine::run() {
  if (!alarm_) return "timer_create";
  if (const char* failed = make()) return failed;
  if (const char* failed = makeProcessor()) return failed;
  if (const char* failed = live()) return failed;
  takeAway();
  return nullptr;
}

const char* Machine::make() {
  if (!step("open", [&] {
        device_ = Descriptor(open(kDevice, O_RDWR | O_CLOEXEC));
        return static_cast<bool>(device_);
      }))
    return "open";
  if (ioctl(device_.get(), KVM_GET_API_VERSION, 0) != KVM_API_VERSION) {
    errno = ENOTSUP;
    return "KVM_GET_API_VERSION";
  }
  if (!step("KVM_CREATE_VM", [&] {
        machine_ = Descriptor(ioctl(device_.get(), KVM_CREATE_VM, 0));
        return static_cast<bool>(machine_);
      }))
    return "KVM_CREATE_VM";
  if (ioctl(device_.get(), KVM_CHECK_EXTENSION, KVM_CAP_SET_TSS_ADDR) > 0 &&
      ioctl(machine_.get(), KVM_SET_TSS_ADDR, kTaskStateAddress) < 0)
    return "KVM_SET_TSS_ADDR";
  const bool hasMemory = step("KVM_SET_USER_MEMORY_REGION", [&] {
    memory_ = Mapping(options_.memoryBytes, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1);
    if (!memory_) return false;
    std::memcpy(memory_.get() + options_.loadAddress, options_.code.data(), options_.code.size());
    kvm_userspace_memory_region region{};
    region.memory_size = options_.memoryBytes;
    region.userspace_addr = reinterpret_cast<std::uint64_t>(memory_.get());
    return ioctl(machine_.get(), KVM_SET_USER_MEMORY_REGION, &region) == 0;
  });
  return hasMemory ? nullptr : memory_ ? "KVM_SET_USER_MEMORY_REGION" : "mmap";
}

const char* Machine::makeProcessor() {
  const bool isMade = step("KVM_CREATE_VCPU", [&] {
    processor_ = Descriptor(ioctl(machine_.get(), KVM_CREATE_VCPU, 0));
    if (!processor_) return false;
    const int bytes = ioctl(device_.get(), KVM_GET_VCPU_MMAP_SIZE, 0);
    if (bytes < static_cast<int>(sizeof(kvm_run))) {
      errno = ENOTSUP;
      return false;
    }
    shared_ = Mapping(static_cast<std::size_t>(bytes), MAP_SHARED, processor_.get());
    return static_cast<bool>(shared_);
  });
  if (!isMade) return processor_ ? "KVM_GET_VCPU_MMAP_SIZE" : "KVM_CREATE_VCPU";
  const char* failed = nullptr;
  step("KVM_SET_REGS", [&] { return (failed = setRegisters()) == nullptr; });
  return failed;
}

const char* Machine::setRegisters() {
  kvm_sregs special{};
  if (ioctl(processor_.get(), KVM_GET_SREGS, &special) < 0) return "KVM_GET_SREGS";
  special.cs.base = 0;
  special.cs.selector = 0;
  special.es.base = options_.extraSegment * 16;
  special.es.selector = static_cast<std::uint16_t>(options_.extraSegment);
  if (ioctl(processor_.get(), KVM_SET_SREGS, &special) < 0) return "KVM_SET_SREGS";
  kvm_regs general{};
  general.rip = options_.loadAddress;
  general.rsp = options_.loadAddress;
  general.rflags = kFlagsAlwaysSet;
  if (ioctl(processor_.get(), KVM_SET_REGS, &general) < 0) return "KVM_SET_REGS";
  const std::uint64_t signals = alarm_.maskWithin();
  constexpr std::uint32_t length = sizeof signals;
  char mask[sizeof length + sizeof signals];
  std::memcpy(mask, &length, sizeof length);
  std::memcpy(mask + sizeof length, &signals, sizeof signals);
  return ioctl(processor_.get(), kSetSignalMask, mask) < 0 ? "KVM_SET_SIGNAL_MASK" : nullptr;
}

const char* Machine::live() {
  std::vector<Exit>& exits = report_.exits;
  exits.resize(options_.mostExits);  // its pages are there before the guest runs
  std::uint32_t count = 0;
  if (!alarm_.ringAfter(options_.timeoutMs)) return "timer_settime";
  const kvm_run& shared = *reinterpret_cast<const kvm_run*>(shared_.get());
  report_.ending = Ending::tooManyExits;
  while (count < options_.mostExits) {
    Exit& exit = exits[count];
    exit.enteredNs = nowNs();
    const int result = ioctl(processor_.get(), KVM_RUN, 0);
    exit.leftNs = nowNs();
    if (result < 0) {
      if (errno != EINTR) return "KVM_RUN";
      if (!alarm_.hasRung()) continue;
      report_.ending = Ending::timedOut;
      break;
    }
    exit.reason = shared.exit_reason;
    answer(exit);
    count++;
    const bool isMark = exit.reason == KVM_EXIT_IO && exit.isWrite != 0 && exit.address == options_.markPort;
    if (isMark && report_.marks.size() < kMostMarks) readCounters(count - 1);
    if (isOver(exit)) break;
  }
  readCounters(count == 0 ? 0 : count - 1);
  exits.resize(count);
  return nullptr;
}

// Notes what the guest reached for, and gives it what it asked.
void Machine::answer(Exit& exit) {
  kvm_run& shared = *reinterpret_cast<kvm_run*>(shared_.get());
  if (exit.reason == KVM_EXIT_IO) answerPort(exit);
  if (exit.reason == KVM_EXIT_INTERNAL_ERROR) exit.data = shared.internal.suberror;
  if (exit.reason == KVM_EXIT_FAIL_ENTRY) exit.data = shared.fail_entry.hardware_entry_failure_reason;
  if (exit.reason != KVM_EXIT_MMIO) return;
  exit.address = shared.mmio.phys_addr;
  exit.isWrite = shared.mmio.is_write;
  const std::size_t bytes = std::min<std::size_t>(shared.mmio.len, sizeof exit.data);
  if (exit.isWrite != 0) std::memcpy(&exit.data, shared.mmio.data, bytes);
  else std::memset(shared.mmio.data, options_.inputByte, bytes);
}

void Machine::answerPort(Exit& exit) {
  kvm_run& shared = *reinterpret_cast<kvm_run*>(shared_.get());
  exit.address = shared.io.port;
  exit.isWrite = shared.io.direction == KVM_EXIT_IO_OUT ? 1 : 0;
  const std::uint64_t bytes = std::uint64_t{shared.io.size} * shared.io.count;  // a string instruction has a count
  if (shared.io.data_offset > shared_.bytes() || bytes > shared_.bytes() - shared.io.data_offset) return;
  std::uint8_t* data = shared_.get() + shared.io.data_offset;
  if (exit.isWrite != 0) std::memcpy(&exit.data, data, std::min<std::uint64_t>(bytes, sizeof exit.data));
  else std::memset(data, options_.inputByte, bytes);
}

bool Machine::isOver(const Exit& exit) {
  switch (exit.reason) {
    case KVM_EXIT_IO:
      if (exit.isWrite == 0 || exit.address != options_.endPort) return false;
      report_.ending = Ending::ended;
      return true;
    case KVM_EXIT_MMIO:
    case KVM_EXIT_HLT: return false;
    case KVM_EXIT_SHUTDOWN: report_.ending = Ending::shutdown; return true;
    default: report_.ending = Ending::unknownExit; return true;
  }
}

// KVM_GET_STATS_FD: the kernel names and describes its counters itself. Where it has none, there are none. Reading them
// takes longer than the rest of the life, so a guest whose start is timed asks for none.
void Machine::readCounters(std::uint32_t exitIndex) {
  if (options_.markPort == 0) return;
  Mark& mark = report_.marks.emplace_back(Mark{exitIndex, {}});
  const Descriptor counters(ioctl(processor_.get(), KVM_GET_STATS_FD, 0));
  kvm_stats_header header{};
  if (!counters || pread(counters.get(), &header, sizeof header, 0) != sizeof header) return;
  constexpr std::uint32_t kMostCounters = 512, kMostName = 128;
  if (header.name_size == 0 || header.name_size > kMostName || header.num_desc > kMostCounters) return;
  const std::size_t bytes = sizeof(CounterDescription) + header.name_size;
  char room[sizeof(CounterDescription) + kMostName];
  for (std::uint32_t i = 0; i < header.num_desc; i++) {
    const off_t at = static_cast<off_t>(header.desc_offset + i * bytes);
    if (pread(counters.get(), room, bytes, at) != static_cast<ssize_t>(bytes)) return;
    CounterDescription description;
    std::memcpy(&description, room, sizeof description);
    if (description.size != 1 || (description.flags & KVM_STATS_TYPE_MASK) != KVM_STATS_TYPE_CUMULATIVE) continue;
    std::uint64_t value = 0;
    const off_t place = static_cast<off_t>(header.data_offset + description.offset);
    if (pread(counters.get(), &value, sizeof value, place) != sizeof value) return;
    const char* name = room + sizeof description;
    mark.counters.push_back({std::string(name, strnlen(name, header.name_size)), value});
  }
}

// In the order in which a monitor's end does it, each by itself.
void Machine::takeAway() {
  step("close the vCPU", [&] {
    shared_.reset();
    processor_.reset();
    return true;
  });
  step("close the VM", [&] {
    machine_.reset();
    return true;
  });
  step("unmap the memory", [&] {
    memory_.reset();
    return true;
  });
  step("close", [&] {
    device_.reset();
    return true;
  });
}

bool isSound(const GuestOptions& options) {
  const auto pageBytes = static_cast<std::uint32_t>(sysconf(_SC_PAGESIZE));
  return options.memoryBytes > 0 && options.memoryBytes <= kMostMemoryBytes && options.memoryBytes % pageBytes == 0 &&
         options.loadAddress < options.memoryBytes && !options.code.empty() &&
         options.code.size() <= options.memoryBytes - options.loadAddress &&
         options.extraSegment <= 0xffff && options.mostExits > 0 && options.mostExits <= kMostExits &&
         options.timeoutMs > 0 && options.timeoutMs <= kMostTimeoutMs;
}

}  // namespace

std::variant<GuestReport, GuestFailure> runGuest(const GuestOptions& options) {
  if (!isSound(options)) return GuestFailure{EINVAL, "bounds"};
  GuestReport report;
  Machine machine(options, report);
  if (const char* failed = machine.run()) return GuestFailure{errno, failed};
  return report;
}

}  // namespace ringside::kvm

#else

namespace ringside::kvm {

// Real mode is x86's.
std::variant<GuestReport, GuestFailure> runGuest(const GuestOptions&) { return GuestFailure{ENOTSUP, "x86-64"}; }

}  // namespace ringside::kvm

#endif
