#include "strays.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "files.h"

namespace ringside {

namespace {

constexpr int kParent = 4;  // proc_pid_stat(5)
constexpr std::size_t kGroupBytes = 1 << 16;

// All its control groups (cgroups(7), /proc/PID/cgroup).
std::string groupsOf(pid_t pid) {
  return files::readWhole(("/proc/" + std::to_string(pid) + "/cgroup").c_str(), kGroupBytes);
}

bool isStray(pid_t pid) {
  const pid_t us = getpid();
  return pid > 0 && files::statField(pid, kParent) == static_cast<std::uint64_t>(us) && groupsOf(pid) == groupsOf(us);
}

// Returns how many have been sent the signal.
int killStrays() {
  DIR* stream = opendir("/proc");
  if (stream == nullptr) return 0;
  int count = 0;
  while (const dirent* entry = readdir(stream)) {
    const pid_t pid = static_cast<pid_t>(strtol(entry->d_name, nullptr, 10));
    if (isStray(pid) && kill(pid, SIGKILL) == 0) count++;
  }
  closedir(stream);
  return count;
}

}  // namespace

void endStrays() {
  while (true) {
    pid_t reaped;
    do reaped = waitpid(-1, nullptr, WNOHANG);
    while (reaped > 0);
    if (reaped < 0 || killStrays() == 0) return;
    waitpid(-1, nullptr, 0);
  }
}

}  // namespace ringside
