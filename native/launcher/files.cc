#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <vector>

#include "../descriptor.h"
#include "syscalls.h"

namespace ringside::files {

namespace {

constexpr std::size_t kReportBytes = 4096;
// A cgroup is busy for a moment after its last process has gone (cgroups(7), "Removing"); 1 ms, 2 ms … about 0.5 s.
constexpr int kMostAttempts = 9;

void waitMs(long ms) {
  const timespec time{ms / 1000, ms % 1000 * 1'000'000};
  nanosleep(&time, nullptr);
}

std::string readWhole(const char* path, std::size_t most) {
  const Descriptor file(open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  std::string text(file ? most : 0, 0);
  const ssize_t count = file ? read(file.get(), text.data(), most) : 0;
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return text;
}

// Field 22 of /proc/PID/stat, counted from behind the name, which may hold anything (proc_pid_stat(5)).
std::uint64_t startTicksOf(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  const std::string stat = readWhole(path, 2048);
  const std::size_t name = stat.rfind(')');
  if (name == std::string::npos) return 0;
  const char* field = stat.c_str() + name + 1;
  for (int number = 3; number <= 22 && field != nullptr; number++) {
    field = strchr(field, ' ');
    if (field != nullptr) field++;
  }
  return field == nullptr ? 0 : strtoull(field, nullptr, 10);
}

// Empties the directory that `fd` names: files are unlinked, a subdirectory is returned by name, "" when empty.
std::string nextSubdirectory(int fd) {
  const int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* stream = copy < 0 ? nullptr : fdopendir(copy);
  if (stream == nullptr) {
    if (copy >= 0) close(copy);
    return "";
  }
  std::string found;
  while (const dirent* entry = readdir(stream)) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (unlinkat(fd, entry->d_name, 0) == 0) continue;
    if (errno == EISDIR || errno == EPERM) {
      found = entry->d_name;
      break;
    }
  }
  closedir(stream);
  return found;
}

}  // namespace

Outcome makeDirectory(const Step& step, Execution&) {
  using namespace argument::makeDirectory;
  if (mkdir(step.text(k_path), static_cast<mode_t>(step.number(k_mode))) == 0) return Outcome::done();
  return errno == EEXIST && step.number(k_mayExist) ? Outcome::done() : Outcome::failed(errno);
}

Outcome writeFile(const Step& step, Execution&) {
  using namespace argument::writeFile;
  const Descriptor file(open(step.text(k_path), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  const Argument& value = step.list(k_value);
  if (!file || write(file.get(), value.text, value.length) < 0) return Outcome::failed(errno);
  return Outcome::done();
}

Outcome openPath(const Step& step, Execution& execution) {
  using namespace argument::openPath;
  const int fd = open(step.text(k_path), static_cast<int>(step.number(k_flags)) | O_CLOEXEC);
  if (fd < 0) return Outcome::failed(errno);
  execution.slots->put(step.slot(k_slot), fd);
  return Outcome::done();
}

// A pid may have been used again since it was written down; its start time tells.
Outcome openPidfd(const Step& step, Execution& execution) {
  using namespace argument::openPidfd;
  const pid_t pid = static_cast<pid_t>(step.number(k_pid));
  const int fd = sys::pidfd_open(pid);
  if (fd < 0) return Outcome::failed(errno);
  execution.slots->put(step.slot(k_slot), fd);
  return startTicksOf(pid) == step.number(k_startTicks) ? Outcome::done() : Outcome::failed(ESRCH);
}

void readReport(const Step& step, std::string& reports) {
  using namespace argument::readReport;
  const std::string value = readWhole(step.text(k_path), kReportBytes);
  if (value.empty()) return;
  const std::uint32_t length = static_cast<std::uint32_t>(value.size());
  reports.append(step.text(k_name)).push_back(0);
  reports.append(reinterpret_cast<const char*>(&length), sizeof length).append(value);
}

void removeDirectory(const Step& step) {
  const char* path = step.text(argument::removeDirectory::k_path);
  for (int attempt = 0; rmdir(path) < 0 && errno == EBUSY && attempt < kMostAttempts; attempt++) {
    // A cgroup that still holds others' cgroups is busy for good, and theirs to remove.
    struct stat status;
    if (stat(path, &status) < 0 || status.st_nlink > 2) return;
    waitMs(1L << attempt);
  }
}

// Walks with one descriptor and a list of names, so that no depth of directories exhausts either; ".." is safe, since
// whoever could move directories here is gone.
static void removeTreeHere(const char* path) {
  Descriptor here(open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!here) return;
  std::vector<std::string> names;
  while (true) {
    const std::string below = nextSubdirectory(here.get());
    if (!below.empty()) {
      Descriptor next(openat(here.get(), below.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!next) return;
      here = std::move(next);
      names.push_back(below);
      continue;
    }
    if (names.empty()) break;
    Descriptor parent(openat(here.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!parent || unlinkat(parent.get(), names.back().c_str(), AT_REMOVEDIR) < 0) return;
    here = std::move(parent);
    names.pop_back();
  }
  rmdir(path);
}

void removeTree(const Step& step, int users) {
  const char* path = step.text(argument::removeTree::k_path);
  if (users < 0) return removeTreeHere(path);
  clone_args args{};
  args.exit_signal = SIGCHLD;
  const pid_t pid = sys::clone3(args);
  if (pid == 0) {
    // Whoever has made the namespace has all rights in it (user_namespaces(7)).
    if (setns(users, CLONE_NEWUSER) == 0) removeTreeHere(path);
    _exit(0);
  }
  while (pid > 0 && waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
}

}  // namespace ringside::files
