// Measures what the kernel of this machine takes for what the simulator's model is made of: `ringside calibrate` starts it,
// once for each group, and makes medians of what it prints (samples.h).
//
//   ringside-calibrate calls|memory|switches|namespaces SAMPLES
//   ringside-calibrate processes SAMPLES PROBE
//   ringside-calibrate container SAMPLES NAME LOWER LAYERS FILTER v1|v2 GROUPS
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "samples.h"

namespace calibrate {

namespace {

constexpr std::size_t kOthers = 8u << 20;

}  // namespace

void useCaches() {
  void* others = mmap(nullptr, kOthers, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (others == MAP_FAILED) fail("get memory to use");
  memset(others, 1, kOthers);
  munmap(others, kOthers);
}

void fail(const char* what) {
  dprintf(2, "ringside-calibrate: %s: %s\n", what, strerror(errno));
  _exit(125);
}

bool endsWell(int pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace calibrate

namespace {

struct Group {
  const char* name;
  int arguments;
  void (*measure)(unsigned samples, char** arguments);
};

constexpr Group kGroups[] = {
    {"calls", 0, [](unsigned samples, char**) { calibrate::measureCalls(samples); }},
    {"memory", 0, [](unsigned samples, char**) { calibrate::measureMemory(samples); }},
    {"switches", 0, [](unsigned samples, char**) { calibrate::measureSwitches(samples); }},
    {"namespaces", 0, [](unsigned samples, char**) { calibrate::measureNamespaces(samples); }},
    {"processes", 1, calibrate::measureProcesses},
    {"container", 6, calibrate::measureContainer},
};

}  // namespace

int main(int count, char** words) {
  const unsigned samples = count > 2 ? static_cast<unsigned>(strtoul(words[2], nullptr, 10)) : 0;
  for (const Group& group : kGroups) {
    if (samples == 0 || strcmp(words[1], group.name) != 0 || count != 3 + group.arguments) continue;
    group.measure(samples, words + 3);
    return 0;
  }
  dprintf(2, "ringside-calibrate GROUP SAMPLES [ARGUMENT...]\n");
  return 125;
}
