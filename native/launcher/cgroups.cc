#include "cgroups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "../descriptor.h"
#include "../device-filter.h"
#include "files.h"

namespace ringside::cgroups {

namespace {

constexpr std::size_t kMostMemberBytes = 1 << 20;
// Of a directory with no directory in it: its name, and the dot.
constexpr nlink_t kLinksOfLeaf = 2;
// Parents can be removed by the end of another container between our two calls.
constexpr int kMostRaces = 16;
// The sticky bit means nothing on a group: here it says that Ringside made it, and may remove it when it is empty. So the
// last container to go takes a parent with it, whichever was the first to need it (runtime/cgroup/remove.ts).
constexpr mode_t kMade = S_ISVTX | 0755;

bool writeTo(const std::string& path, const char* value) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  return file && write(file.get(), value, strlen(value)) >= 0;
}

// The group and all below it, those deepest down first. The inside may have made any number of them.
std::vector<std::string> groupsFrom(const std::string& path) {
  std::vector<std::string> found{path};
  for (std::size_t at = 0; at < found.size(); at++) {
    DIR* stream = opendir(found[at].c_str());
    if (stream == nullptr) continue;
    const std::string here = found[at];
    while (const dirent* entry = readdir(stream)) {
      if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
      found.push_back(here + "/" + entry->d_name);
    }
    closedir(stream);
  }
  return {found.rbegin(), found.rend()};
}

// On v1 a frozen process dies when it is thawed: by the first file on v1, by the other on v2 before cgroup.kill.
void thaw(const std::string& group) {
  writeTo(group + "/freezer.state", "THAWED");
  writeTo(group + "/cgroup.freeze", "0");
}

std::string membersOf(const std::string& group) { return files::readWhole((group + "/cgroup.procs").c_str(), kMostMemberBytes); }

// Nobody in it, and no group below it: so it is with nearly all at their end, and then there is nothing to look for.
bool isEmptyLeaf(const std::string& group) {
  struct stat status;
  return stat(group.c_str(), &status) == 0 && status.st_nlink <= kLinksOfLeaf && membersOf(group).empty();
}

// Returns how many there were.
int signalMembers(const std::string& group) {
  const std::string members = membersOf(group);
  int count = 0;
  for (const char* at = members.c_str(); *at != 0;) {
    char* end;
    const long pid = strtol(at, &end, 10);
    if (end == at) break;
    if (pid > 1 && ::kill(static_cast<pid_t>(pid), SIGKILL) == 0) count++;
    at = *end == '\n' ? end + 1 : end;
  }
  thaw(group);
  return count;
}

}  // namespace

// Once the group is there, its parents cannot go any more; until then the end of another container may remove them.
Outcome makeGroup(const Step& step, Execution&) {
  using namespace argument::makeGroup;
  const char* path = step.text(k_path);
  for (int attempt = 0; attempt < kMostRaces; attempt++) {
    if (mkdir(path, 0755) == 0 || errno == EEXIST) return Outcome::done();
    if (errno != ENOENT) break;
    const Argument& parents = step.list(k_parents);
    for (std::uint32_t i = 0; i < parents.length; i++) {
      if (mkdir(parents.texts[i], kMade) < 0 && errno != EEXIST && errno != ENOENT) return Outcome::failed(errno);
    }
    errno = ENOENT;
  }
  return Outcome::failed(errno);
}

// Only what the kernel says may be given away (/sys/kernel/cgroup/delegate); a file that a group has not is passed over.
Outcome changeOwner(const Step& step, Execution&) {
  using namespace argument::changeOwner;
  const std::string path = step.text(k_path);
  const uid_t uid = static_cast<uid_t>(step.number(k_uid));
  if (lchown(path.c_str(), uid, static_cast<gid_t>(-1)) < 0) return Outcome::failed(errno);
  const Argument& files = step.list(k_files);
  for (std::uint32_t i = 0; i < files.length; i++) {
    const std::string file = path + "/" + files.texts[i];
    if (lchown(file.c_str(), uid, static_cast<gid_t>(-1)) < 0 && errno != ENOENT) return Outcome::failed(errno);
  }
  return Outcome::done();
}

Outcome attachDeviceFilter(const Step& step, Execution&) {
  using namespace argument::attachDeviceFilter;
  const Argument& program = step.list(k_program);
  const int error = ringside::attachDeviceFilter(step.text(k_path), program.text, program.length);
  return error == 0 ? Outcome::done() : Outcome::failed(error);
}

void thawCgroup(const Step& step) {
  for (const std::string& group : groupsFrom(step.text(argument::killCgroup::k_path))) thaw(group);
}

// v2's cgroup.kill ends all at once. v1 has none: signal whoever is there until nobody is; a fork between reading and
// killing is caught by the next attempt.
bool killCgroup(const Step& step) {
  const std::string path = step.text(argument::killCgroup::k_path);
  if (isEmptyLeaf(path)) return true;
  writeTo(path + "/cgroup.kill", "1");
  int members = 0;
  for (const std::string& group : groupsFrom(path)) members += signalMembers(group);
  return members == 0;
}

// With what the inside has made in it; then the parents that Ringside has made, if nobody else is in them by now.
bool removeGroup(const Step& step) {
  using namespace argument::removeGroup;
  bool isRemoved = true;
  for (const std::string& group : groupsFrom(step.text(k_path))) isRemoved = files::removeEmpty(group.c_str()) && isRemoved;
  if (!isRemoved) return false;
  const Argument& parents = step.list(k_parents);
  for (std::uint32_t i = 0; i < parents.length; i++) {
    struct stat status;
    if (lstat(parents.texts[i], &status) == 0 && (status.st_mode & S_ISVTX) != 0) rmdir(parents.texts[i]);
  }
  return true;
}

}  // namespace ringside::cgroups
