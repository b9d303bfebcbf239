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
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "../descriptor.h"
#include "syscalls.h"

namespace ringside::files {

namespace {

constexpr std::size_t kReportBytes = 4096;
constexpr std::size_t kReadBytes = 4096;
constexpr int kStartTime = 22;  // proc_pid_stat(5)

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

std::string readWhole(const char* path, std::size_t most) {
  const Descriptor file(open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  std::string text;
  char buffer[kReadBytes];
  while (file && text.size() < most) {
    const ssize_t count = read(file.get(), buffer, std::min(sizeof buffer, most - text.size()));
    if (count <= 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return text;
}

// Counted from behind the name, which is the second field and may hold anything.
std::uint64_t statField(pid_t pid, int number) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  const std::string stat = readWhole(path, kReadBytes);
  const std::size_t name = stat.rfind(')');
  const char* field = name == std::string::npos ? nullptr : stat.c_str() + name + 1;
  for (int at = 3; at <= number && field != nullptr; at++) {
    field = strchr(field, ' ');
    if (field != nullptr) field++;
  }
  return field == nullptr ? 0 : strtoull(field, nullptr, 10);
}

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
  return statField(pid, kStartTime) == step.number(k_startTicks) ? Outcome::done() : Outcome::failed(ESRCH);
}

void readReport(const Step& step, std::string& reports) {
  using namespace argument::readReport;
  const std::string value = readWhole(step.text(k_path), kReportBytes);
  if (value.empty()) return;
  const std::uint32_t length = static_cast<std::uint32_t>(value.size());
  reports.append(step.text(k_name)).push_back(0);
  reports.append(reinterpret_cast<const char*>(&length), sizeof length).append(value);
}

bool removeEmpty(const char* path) {
  if (rmdir(path) == 0 || errno != EBUSY) return true;
  // A cgroup that still holds others' cgroups is busy for good, and theirs to remove.
  struct stat status;
  return stat(path, &status) < 0 || status.st_nlink > 2;
}

bool removeDirectory(const Step& step) { return removeEmpty(step.text(argument::removeDirectory::k_path)); }

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
