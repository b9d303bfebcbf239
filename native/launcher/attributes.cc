#include "attributes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "../descriptor.h"
#include "syscalls.h"

namespace ringside::attributes {

namespace {

constexpr int kIoPriorityProcess = 1;  // IOPRIO_WHO_PROCESS
constexpr int kIoPriorityShift = 13;   // IOPRIO_CLASS_SHIFT

Outcome check(long result) { return result < 0 ? Outcome::failed(errno) : Outcome::done(); }

// In the launcher the child is meant, which has no right to this any more; in the child, itself.
pid_t subject(const Execution& execution) { return execution.pid > 0 ? execution.pid : 0; }

// sched_setattr(2), as of Linux 3.14: SCHED_ATTR_SIZE_VER0.
struct SchedulingAttributes {
  std::uint32_t size;
  std::uint32_t policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime;
  std::uint64_t deadline;
  std::uint64_t period;
};
static_assert(sizeof(SchedulingAttributes) == 48);

}  // namespace

Outcome setLimit(const Step& step, Execution& execution) {
  using namespace argument::setLimit;
  const rlimit limit{step.number(k_soft), step.number(k_hard)};
  return check(prlimit(subject(execution), static_cast<__rlimit_resource>(step.number(k_resource)), &limit, nullptr));
}

// While /proc is still the host's, which nobody hostile has touched.
Outcome setOomScore(const Step& step, Execution& execution) {
  const Argument& value = step.list(argument::setOomScore::k_value);
  char path[64] = "/proc/self/oom_score_adj";
  if (const pid_t pid = subject(execution); pid > 0) snprintf(path, sizeof path, "/proc/%d/oom_score_adj", pid);
  const Descriptor file(open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  return check(file ? write(file.get(), value.text, value.length) : -1);
}

Outcome setScheduler(const Step& step, Execution& execution) {
  using namespace argument::setScheduler;
  const SchedulingAttributes attributes{
      sizeof attributes,
      static_cast<std::uint32_t>(step.number(k_policy)),
      step.number(k_flags),
      static_cast<std::int32_t>(step.number(k_nice)),
      static_cast<std::uint32_t>(step.number(k_priority)),
      step.number(k_runtime),
      step.number(k_deadline),
      step.number(k_period),
  };
  return check(syscall(SYS_sched_setattr, subject(execution), &attributes, 0));
}

Outcome setIoPriority(const Step& step, Execution& execution) {
  using namespace argument::setIoPriority;
  const std::uint64_t value = step.number(k_class) << kIoPriorityShift | step.number(k_priority);
  return check(syscall(SYS_ioprio_set, kIoPriorityProcess, subject(execution), value));
}

Outcome setAffinity(const Step& step, Execution&) {
  const Argument& mask = step.list(argument::setAffinity::k_mask);
  return check(syscall(SYS_sched_setaffinity, 0, mask.length, mask.text));
}

Outcome setPersonality(const Step& step, Execution&) {
  return check(personality(step.number(argument::setPersonality::k_persona)));
}

// The kernel reads one bit less than it is told (get_nodes in mm/mempolicy.c).
Outcome setMemoryPolicy(const Step& step, Execution&) {
  using namespace argument::setMemoryPolicy;
  const Argument& nodes = step.list(k_nodes);
  const unsigned long bits = nodes.length == 0 ? 0 : nodes.length * 8ul + 1;
  return check(syscall(SYS_set_mempolicy, static_cast<int>(step.number(k_mode)), bits == 0 ? nullptr : nodes.text, bits));
}

Outcome setUmask(const Step& step, Execution&) {
  umask(static_cast<mode_t>(step.number(argument::setUmask::k_mask)));
  return Outcome::done();
}

}  // namespace ringside::attributes
