#include "trees.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "../descriptor.h"
#include "mounts.h"
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

// Where the trees are attached while they are locked, in a mount namespace that ends with it.
constexpr char kHolder[] = "/proc";

bool isDirectory(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

// A tmpfs over kHolder, with a place for each tree.
int attachHolder() {
  const Descriptor fs(sys::fsopen("tmpfs", FSOPEN_CLOEXEC));
  if (!fs || sys::fsconfig(fs.get(), FSCONFIG_SET_STRING, "mode", "755", 0) < 0 ||
      sys::fsconfig(fs.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0)
    return -1;
  Descriptor holder(sys::fsmount(fs.get(), FSMOUNT_CLOEXEC, 0));
  if (!holder || sys::move_mount(holder.get(), "", AT_FDCWD, kHolder, MOVE_MOUNT_F_EMPTY_PATH) < 0) return -1;
  return holder.release();
}

bool attachIn(int holder, const char* name, int tree) {
  if (isDirectory(tree)) {
    if (mkdirat(holder, name, 0755) < 0) return false;
  } else {
    const Descriptor file(openat(holder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!file) return false;
  }
  const Descriptor target(openat(holder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  return target && mounts::attach(tree, target.get()) == 0;
}

// In a process of its own that shares the launcher's descriptors: each tree is replaced by its locked copy.
bool replaceByLocked(const Argument& trees, const Slots& slots) {
  if (unshare(CLONE_NEWNS) < 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) return false;
  const Descriptor holder(attachHolder());
  if (!holder) return false;
  char path[sizeof kHolder + 24];
  const auto nameOf = [&](std::uint32_t index) {
    snprintf(path, sizeof path, "%s/%u", kHolder, index);
    return path + sizeof kHolder;
  };
  for (std::uint32_t i = 0; i < trees.length; i++) {
    if (!attachIn(holder.get(), nameOf(i), slots[static_cast<unsigned>(trees.numbers[i])])) return false;
  }
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) return false;
  for (std::uint32_t i = 0; i < trees.length; i++) {
    nameOf(i);
    const Descriptor copy(sys::open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
    if (!copy || dup3(copy.get(), slots[static_cast<unsigned>(trees.numbers[i])], O_CLOEXEC) < 0) return false;
  }
  return true;
}

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

// The kernel keeps a user namespace from undoing what its mounts may not do, and from looking below them, where they come
// to it by a copy of a mount namespace; mounts that are moved into it would be its own to change. So the trees take that
// way, in a process that ends with it.
Outcome lockTrees(const Step& step, Execution& execution) {
  clone_args args{};
  args.flags = CLONE_FILES;
  args.exit_signal = SIGCHLD;
  const pid_t pid = sys::clone3(args);
  if (pid < 0) return Outcome::failed(errno);
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    _exit(replaceByLocked(step.list(argument::lockTrees::k_trees), *execution.slots) ? 0 : errno);
  }
  int status;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return Outcome::failed(errno);
  }
  if (!WIFEXITED(status)) return Outcome::failed(EINTR);
  return WEXITSTATUS(status) == 0 ? Outcome::done() : Outcome::failed(WEXITSTATUS(status));
}

}  // namespace ringside::trees
