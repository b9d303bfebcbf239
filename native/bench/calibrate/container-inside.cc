// The part of the process that becomes a container: mounts, devices, guards, a new root, rights given up.
// mount_setattr(2), move_mount(2), pivot_root(2), capabilities(7), seccomp(2).
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <initializer_list>

#include "container.h"

namespace calibrate {

namespace {

constexpr std::uint64_t kKeptCapabilities = 0xa80425fb;

int attach(int mount, int target) {
  return sys::move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

std::uint64_t mountOf(int fd) {
  struct statx status{};
  return statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID | STATX_INO, &status) < 0 ? 0 : status.stx_mnt_id;
}

// At a directory that is there: found, attached, and looked at again.
int attachAt(int root, int mount, const char* path) {
  const int target = openBelow(root, path, O_PATH);
  if (target < 0 || attach(mount, target) < 0) return -1;
  const int seen = openBelow(root, path, O_PATH | O_DIRECTORY);
  const bool same = mountOf(mount) == mountOf(seen);
  close(target);
  close(seen);
  return same ? 0 : -1;
}

// At one that has to be made first.
int attachMaking(int root, int mount, const char* parent, const char* name, const char* path) {
  const int missing = openBelow(root, path, O_PATH);
  if (missing >= 0) return attachAt(root, mount, path);
  const int directory = openBelow(root, parent, O_PATH | O_DIRECTORY);
  if (directory < 0 || mkdirat(directory, name, 0755) < 0) return -1;
  const int made = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  struct stat status;
  if (fstat(made, &status) < 0 || attach(mount, made) < 0) return -1;
  const int seen = openBelow(root, path, O_PATH | O_DIRECTORY);
  const bool same = mountOf(mount) == mountOf(seen);
  close(directory);
  close(made);
  close(seen);
  return same ? 0 : -1;
}

void enterNamespaces(Page& page, const Opened& opened) {
  if (opened.devicesTasks >= 0) {
    for (const int tasks : {opened.devicesTasks, opened.memoryTasks})
      page.timed("cgroup.join", [&] { return write(tasks, "0", 1); });
    page.timed("namespace.cgroup.joined", [] { return unshare(CLONE_NEWCGROUP); });
  }
  page.timed("mount.propagation", [] { return mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr); });
  page.timed("mount.attachRoot", [&] { return sys::move_mount(opened.files, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH); });
}

int timedMount(Page& page, const char* name, const char* type, unsigned attributes) {
  return static_cast<int>(page.timed(name, [&] { return newFilesystem(type, kNone, attributes); }));
}

int newDevpts() {
  constexpr Option options[] = {{"ptmxmode", "0666"}, {"mode", "0620"}, {"gid", "5"}};
  return newFilesystem("devpts", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
}

int newGroupMount(const Workplace& at) {
  constexpr Option devices[] = {{"devices", nullptr}};
  if (at.unified) return newFilesystem("cgroup2", kNone, kHidden | MOUNT_ATTR_RDONLY);
  return newFilesystem("cgroup", devices, kHidden | MOUNT_ATTR_RDONLY);
}

void mountAll(Page& page, const Workplace& at, int root) {
  page.timed("mount.attachRoot", [&] { return sys::move_mount(root, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH); });
  const int proc = timedMount(page, "mount.proc", "proc", kHidden);
  page.timed("mount.attach", [&] { return attachAt(root, proc, "/proc"); });
  const int dev = static_cast<int>(page.timed("mount.tmpfs", newTmpfs));
  page.timed("mount.attach", [&] { return attachAt(root, dev, "/dev"); });
  const int pts = static_cast<int>(page.timed("mount.devpts", newDevpts));
  page.timed("mount.attach.new", [&] { return attachMaking(root, pts, "/dev", "pts", "/dev/pts"); });
  const int shm = static_cast<int>(page.timed("mount.tmpfs", newTmpfs));
  page.timed("mount.attach.new", [&] { return attachMaking(root, shm, "/dev", "shm", "/dev/shm"); });
  const int queue = timedMount(page, "mount.mqueue", "mqueue", kHidden);
  page.timed("mount.attach.new", [&] { return attachMaking(root, queue, "/dev", "mqueue", "/dev/mqueue"); });
  const int sysfs = timedMount(page, "mount.sysfs", "sysfs", kHidden | MOUNT_ATTR_RDONLY);
  page.timed("mount.attach", [&] { return attachAt(root, sysfs, "/sys"); });
  const int groups = static_cast<int>(page.timed("mount.cgroup", [&] { return newGroupMount(at); }));
  page.timed("mount.attach", [&] { return attachAt(root, groups, "/sys/fs/cgroup"); });
  mount_attr readOnly{};
  readOnly.attr_set = MOUNT_ATTR_RDONLY;
  page.timed("mount.attributes", [&] { return sys::mount_setattr(groups, "", AT_EMPTY_PATH, &readOnly); });
}

struct Device {
  const char* name;
  unsigned minor;
};

void makeDevices(Page& page, int root) {
  for (const Device& device : {Device{"null", 3}, Device{"zero", 5}, Device{"full", 7}}) {
    page.timed("node.make", [&] {
      const int parent = openBelow(root, "/dev", O_PATH | O_DIRECTORY);
      const mode_t before = umask(0);
      const int made = mknodat(parent, device.name, S_IFCHR | 0666, makedev(1, device.minor));
      const int there = openat(parent, device.name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
      struct stat status;
      const int known = fstat(there, &status);
      umask(before);
      close(there);
      close(parent);
      return made < 0 ? made : known;
    });
  }
  for (const char* name : {"fd", "stdin", "stdout"}) {
    page.timed("link.make", [&] {
      const int parent = openBelow(root, "/dev", O_PATH | O_DIRECTORY);
      const int made = symlinkat("/proc/self/fd", parent, name);
      close(parent);
      return made;
    });
  }
}

int cover(int source, int target) {
  const int tree = sys::open_tree(source, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
  const int result = tree < 0 ? -1 : attach(tree, target);
  close(tree);
  return result;
}

void bindFiles(Page& page, int root, int files) {
  // The first one finds the way into the directory for the second.
  const char* quantity = "file.bind.first";
  for (const char* name : {"hostname", "hosts"}) {
    page.timed(quantity, [&] {
      const int source = openBelow(files, name, O_PATH | O_NOFOLLOW);
      const int target = openBelow(root, Path("/etc", name).text, O_PATH);
      if (target < 0 && errno == ENOENT) return 0;
      const int result = cover(source, target);
      close(source);
      close(target);
      return result;
    });
    quantity = "file.bind";
  }
}

void guard(Page& page, int root, int empty) {
  page.timed("directory.known", [&] {
    const int there = openBelow(root, "/", O_PATH);
    close(there);
    return there;
  });
  const int null = static_cast<int>(page.timed("file.open", [&] { return openBelow(root, "/dev/null", O_PATH); }));
  for (const char* path : {"/proc/interrupts", "/proc/keys", "/proc/timer_list"}) {
    page.timed("path.mask", [&] {
      const int target = openBelow(root, path, O_PATH);
      if (target < 0) return errno == ENOENT ? 0 : -1;
      struct stat status;
      const int result = fstat(target, &status) < 0 ? -1 : cover(null, target);
      close(target);
      return result;
    });
  }
  page.timed("path.mask.directory", [&] {
    const int target = openBelow(root, "/sys/firmware", O_PATH);
    const int result = cover(empty, target);
    close(target);
    return result;
  });
  for (const char* path : {"/proc/absent", "/sys/absent"})
    page.timed("path.absent", [&] { return openBelow(root, path, O_PATH) < 0 ? 0 : -1; });
  mount_attr readOnly{};
  readOnly.attr_set = MOUNT_ATTR_RDONLY;
  for (const char* path : {"/proc/fs", "/proc/irq", "/proc/sys"}) {
    page.timed("path.readonly", [&] {
      const int target = openBelow(root, path, O_PATH);
      const int tree = sys::open_tree(target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
      const int set = sys::mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &readOnly);
      const int result = set < 0 ? set : attach(tree, target);
      close(tree);
      close(target);
      return result;
    });
  }
}

void becomeSomebody(Page& page) {
  page.timed("hostname.set", [] { return sethostname("ringside", 8); });
  page.timed("loopback.up", [] {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    const int result = ioctl(fd, SIOCSIFFLAGS, &request);
    close(fd);
    return result;
  });
  page.timed("session.new", [] { return setsid(); });
  page.timed("descriptors.place", [] {
    for (int fd = 0; fd < 3; fd++) {
      if (dup3(fd, 100 + fd, O_CLOEXEC) < 0) return -1;
    }
    return 0;
  });
  page.timed("signals.reset", [] {
    sigset_t none;
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, nullptr);
  });
  page.timed("keyring.join", [] {
    const long ring = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "ringside");
    return ring < 0 ? ring : syscall(SYS_keyctl, KEYCTL_SETPERM, ring, 0x3f1b0000);
  });
  page.timed("umask.set", [] { return static_cast<int>(umask(022)); });
}

long dropBounding() {
  for (int each = 0; each < 64; each++) {
    if ((kKeptCapabilities >> each & 1) == 0 && prctl(PR_CAPBSET_DROP, each, 0, 0, 0) < 0) return errno == EINVAL ? 0 : -1;
  }
  return 0;
}

long setUser() {
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || syscall(SYS_setgroups, 0, nullptr) < 0 || syscall(SYS_setresgid, 0, 0, 0) < 0 ||
      syscall(SYS_setresuid, 0, 0, 0) < 0)
    return -1;
  return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

long setCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  data[0].permitted = data[0].effective = static_cast<std::uint32_t>(kKeptCapabilities);
  if (syscall(SYS_capset, &header, data) < 0) return -1;
  return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

long closeAllBut(int kept) {
  const unsigned keep = static_cast<unsigned>(kept);
  if (keep > 3 && sys::close_range(3, keep - 1, 0) < 0) return -1;
  return sys::close_range(keep + 1, ~0u, 0);
}

void giveUpRights(Page& page, const Workplace& at, const Opened& opened) {
  page.timed("privileges.none", [] { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); });
  page.timed("bounding.drop", dropBounding);
  page.timed("user.set", setUser);
  page.timed("capabilities.set", setCapabilities);
  page.timed("directory.enter", [] {
    char path[PATH_MAX];
    return chdir("/") < 0 ? -1 : syscall(SYS_getcwd, path, sizeof path);
  });
  page.timed("parent.watch", [] {
    pollfd none{-1, 0, 0};
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ? -1 : poll(&none, 1, 0);
  });
  page.timed("descriptors.close", [&] { return closeAllBut(opened.executing); });
  page.timed("seccomp.load", [&] { return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &at.filter); });
}

}  // namespace

void becomeContainer(Page& page, const Workplace& at, const Opened& opened, Moment& moment) {
  enterNamespaces(page, opened);
  const int empty = static_cast<int>(page.timed("mount.tmpfs", newTmpfs));
  page.timed("mount.attachRoot", [&] { return sys::move_mount(empty, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH); });
  mountAll(page, at, opened.overlay);
  makeDevices(page, opened.overlay);
  bindFiles(page, opened.overlay, opened.files);
  guard(page, opened.overlay, empty);
  page.timed("root.pivot", [&] {
    if (fchdir(opened.overlay) < 0 || sys::pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0) return -1;
    return chdir("/");
  });
  becomeSomebody(page);
  // The program's byte is nobody's: what is measured goes to standard output.
  const int nothing = openBelow(AT_FDCWD, "/dev/null", O_WRONLY);
  if (nothing < 0 || dup2(nothing, STDOUT_FILENO) < 0) _exit(1);
  giveUpRights(page, at, opened);
  char path[] = "/bin/ringside-probe";
  char* argv[] = {path, nullptr};
  char* env[] = {nullptr};
  moment.execNs = nowNs();
  execve(path, argv, env);
  _exit(1);
}

}  // namespace calibrate
