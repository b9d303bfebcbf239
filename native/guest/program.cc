#include "program.h"

#include <cerrno>
#include <csignal>
#include <cstdio>

#include <grp.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

namespace ringside::guest {

namespace {

constexpr gid_t kTtyGroup = 5;  // as login(1) gives a terminal
constexpr int kNotFound = 127;
constexpr int kNotExecutable = 126;

// The first that may be executed, else the first that is there, so that execve can say why not: as execvp(3) walks PATH.
const char* findProgram(char* const* candidates) {
  const char* there = nullptr;
  for (char* const* candidate = candidates; *candidate != nullptr; candidate++) {
    struct stat info{};
    if (stat(*candidate, &info) != 0) continue;
    if (S_ISREG(info.st_mode) && access(*candidate, X_OK) == 0) return *candidate;
    if (there == nullptr) there = *candidate;
  }
  return there;
}

int takeIdentity(const Identity& identity) {
  if (setgroups(identity.groupCount, identity.groups) != 0) return errno;
  if (setgid(identity.group) != 0 || setuid(identity.user) != 0) return errno;
  return 0;
}

int execute(const Launch& launch) {
  setsid();
  if (launch.terminal >= 0 && ioctl(launch.terminal, TIOCSCTTY, 0) != 0) return errno;
  // Copies above all that have a meaning first: one of the three may lie where another one goes.
  const int streams[] = {dup(launch.input), dup(launch.output), dup(launch.errors)};
  for (int i = 0; i < 3; i++) {
    if (streams[i] < 0 || dup2(streams[i], i) < 0) return errno;
  }
  for (int stream : streams) {
    if (stream > STDERR_FILENO) close(stream);
  }
  if (launch.terminal >= 0 && fchown(launch.terminal, launch.identity.user, kTtyGroup) != 0) return errno;
  if (int error = takeIdentity(launch.identity); error != 0) return error;
  if (chdir(launch.directory) != 0) return errno;
  const char* path = findProgram(launch.candidates);
  if (path == nullptr) return ENOENT;
  if (launch.isMain) report(clockNs(), "exec", "%s", path);
  closeMilestones();
  execve(path, launch.arguments, launch.environment);
  return errno;
}

}  // namespace

void becomeProgram(const Launch& launch, int failure) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  const int error = execute(launch);
  if (write(failure, &error, sizeof error) < 0) _exit(kNotExecutable);
  _exit(kNotFound);
}

int execFailure(int fd) {
  int error = 0;
  ssize_t count;
  do {
    count = read(fd, &error, sizeof error);
  } while (count < 0 && errno == EINTR);
  close(fd);
  return count == sizeof error ? error : 0;
}

int exitCodeOf(int error) { return error == ENOENT || error == ENOTDIR ? kNotFound : kNotExecutable; }

}  // namespace ringside::guest
