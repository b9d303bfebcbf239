#include "trees.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "../descriptor.h"
#include "syscalls.h"

namespace ringside::trees {

namespace {

// A process that is in a user namespace of its own and does nothing: what it is good for is its link below /proc.
class Holder {
 public:
  Holder() {
    clone_args args{};
    args.flags = CLONE_NEWUSER;
    args.exit_signal = SIGCHLD;
    pid_ = sys::clone3(args);
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    while (true) pause();
  }
  ~Holder() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  }
  Holder(const Holder&) = delete;

  explicit operator bool() const { return pid_ > 0; }
  int open(const char* name, int flags) const {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid_, name);
    return ::open(path, flags | O_CLOEXEC);
  }
  bool write(const char* name, const Argument& value) const {
    const Descriptor file(open(name, O_WRONLY));
    return file && ::write(file.get(), value.text, value.length) == static_cast<ssize_t>(value.length);
  }

 private:
  pid_t pid_;
};

}  // namespace

Outcome cloneTree(const Step& step, Execution& execution) {
  using namespace argument::cloneTree;
  const unsigned recursive = step.number(k_recursive) ? AT_RECURSIVE : 0;
  const int tree = sys::open_tree(AT_FDCWD, step.text(k_path), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive);
  if (tree < 0) return Outcome::failed(errno);
  execution.slots->put(step.slot(k_slot), tree);
  return Outcome::done();
}

// A device of the host, and really that device: its name alone proves nothing (CVE-2025-31133).
Outcome cloneDevice(const Step& step, Execution& execution) {
  using namespace argument::cloneDevice;
  const Descriptor device(open(step.text(k_path), O_PATH | O_CLOEXEC));
  struct stat status;
  if (!device || fstat(device.get(), &status) < 0) return Outcome::failed(errno);
  const dev_t wanted = makedev(static_cast<unsigned>(step.number(k_major)), static_cast<unsigned>(step.number(k_minor)));
  if ((status.st_mode & S_IFMT) != (step.number(k_mode) & S_IFMT) || status.st_rdev != wanted) return Outcome::failed(ENODEV);
  const int tree = sys::open_tree(device.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
  if (tree < 0) return Outcome::failed(errno);
  execution.slots->put(step.slot(k_slot), tree);
  return Outcome::done();
}

Outcome changeMount(const Step& step, Execution& execution) {
  using namespace argument::changeMount;
  mount_attr change{};
  change.attr_set = step.number(k_set);
  change.attr_clr = step.number(k_clear);
  change.propagation = step.number(k_propagation);
  if (const int user = (*execution.slots)[step.slot(k_userNamespace)]; user >= 0) {
    change.attr_set |= MOUNT_ATTR_IDMAP;
    change.userns_fd = static_cast<std::uint64_t>(user);
  }
  const unsigned flags = AT_EMPTY_PATH | (step.number(k_recursive) ? AT_RECURSIVE : 0);
  if (sys::mount_setattr((*execution.slots)[step.slot(k_slot)], "", flags, &change) < 0) return Outcome::failed(errno);
  return Outcome::done();
}

Outcome makeUserNamespace(const Step& step, Execution& execution) {
  using namespace argument::makeUserNamespace;
  const Holder holder;
  if (!holder || !holder.write("uid_map", step.list(k_uidMap)) || !holder.write("gid_map", step.list(k_gidMap)))
    return Outcome::failed(errno);
  const int fd = holder.open("ns/user", O_RDONLY);
  if (fd < 0) return Outcome::failed(errno);
  execution.slots->put(step.slot(k_slot), fd);
  return Outcome::done();
}

}  // namespace ringside::trees
