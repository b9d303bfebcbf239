#include "identity.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>

#include "syscalls.h"

namespace ringside::identity {

namespace {

constexpr int kLastCapability = 63;
constexpr std::uint32_t kMostGroups = 65536;
// keyctl(2): all to its possessor; view, read, search and link to its owner.
constexpr long kKeyringPermissions = 0x3f000000 | 0x00010000 | 0x00020000 | 0x00080000 | 0x00100000;
constexpr std::uint64_t kListenerPatienceNs = 10'000'000'000u;

Outcome check(long result) { return result < 0 ? Outcome::failed(errno) : Outcome::done(); }

}  // namespace

// "0" stands for the writer itself (cgroups(7)); the descriptor was opened by the launcher, so no path is needed here.
Outcome joinCgroup(const Step& step, Execution& execution) {
  return check(write((*execution.slots)[step.slot(argument::joinCgroup::k_slot)], "0", 1));
}

// The owner may search it too, so that a process that changes its user keeps finding its keys (runc does the same).
Outcome joinKeyring(const Step& step, Execution&) {
  const long ring = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, step.text(argument::joinKeyring::k_name));
  // ENOSYS: a kernel without key rings has none to share.
  if (ring < 0) return errno == ENOSYS ? Outcome::noted(errno) : Outcome::failed(errno);
  return check(syscall(SYS_keyctl, KEYCTL_SETPERM, ring, kKeyringPermissions));
}

Outcome setNoNewPrivileges(const Step&, Execution&) { return check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }

Outcome dropBounding(const Step& step, Execution&) {
  const std::uint64_t keep = step.number(argument::dropBounding::k_keep);
  for (int capability = 0; capability <= kLastCapability; capability++) {
    if ((keep >> capability & 1) != 0) continue;
    // EINVAL: this kernel does not know the capability, so there is nothing to drop, nor any after it.
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) return errno == EINVAL ? Outcome::done() : Outcome::failed(errno);
  }
  return Outcome::done();
}

// Keeps the permitted capabilities over the change of user; setCapabilities follows and has the last word.
Outcome setUser(const Step& step, Execution&) {
  using namespace argument::setUser;
  const Argument& groups = step.list(k_groups);
  if (groups.length > kMostGroups) return Outcome::failed(EINVAL);
  // In place: this copy of the plan is the child's own, and there is nowhere to put 65,536 groups without allocating.
  auto* list = reinterpret_cast<char*>(const_cast<std::uint64_t*>(groups.numbers));
  for (std::uint32_t i = 0; i < groups.length; i++) {
    const gid_t group = static_cast<gid_t>(groups.numbers[i]);
    memcpy(list + i * sizeof group, &group, sizeof group);
  }
  const uid_t uid = static_cast<uid_t>(step.number(k_uid));
  const gid_t gid = static_cast<gid_t>(step.number(k_gid));
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) return Outcome::failed(errno);
  // EPERM with none wanted: a user namespace that denies setgroups; what is there cannot be more than outside.
  if (syscall(SYS_setgroups, groups.length, list) < 0 && (errno != EPERM || groups.length > 0))
    return Outcome::failed(errno);
  if (syscall(SYS_setresgid, gid, gid, gid) < 0 || syscall(SYS_setresuid, uid, uid, uid) < 0)
    return Outcome::failed(errno);
  // A change of user resets it to fs.suid_dumpable.
  return check(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
}

Outcome setCapabilities(const Step& step, Execution&) {
  using namespace argument::setCapabilities;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  for (int half = 0; half < 2; half++) {
    data[half].permitted = static_cast<std::uint32_t>(step.number(k_permitted) >> (32 * half));
    data[half].effective = static_cast<std::uint32_t>(step.number(k_effective) >> (32 * half));
    data[half].inheritable = static_cast<std::uint32_t>(step.number(k_inheritable) >> (32 * half));
  }
  if (syscall(SYS_capset, &header, data) < 0) return Outcome::failed(errno);
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) return Outcome::failed(errno);
  for (int capability = 0; capability <= kLastCapability; capability++) {
    if ((step.number(k_ambient) >> capability & 1) != 0 &&
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
      return Outcome::failed(errno);
  }
  return Outcome::done();
}

// Before the rights are given up. Some directories only the user may enter (a network file system's), so that a failure
// is no more than noted: setDirectory follows.
Outcome tryDirectory(const Step& step, Execution&) {
  return chdir(step.text(argument::tryDirectory::k_path)) < 0 ? Outcome::noted(errno) : Outcome::done();
}

// A working directory that getcwd(2) cannot name from "/" lies outside of the root: a descriptor has leaked. Where the
// user may not enter it, tryDirectory may have done so already.
Outcome setDirectory(const Step& step, Execution&) {
  const char* wanted = step.text(argument::setDirectory::k_path);
  const int error = chdir(wanted) < 0 ? errno : 0;
  if (error != 0 && error != EACCES) return Outcome::failed(error);
  char path[4096];
  const long length = syscall(SYS_getcwd, path, sizeof path);
  if (length < 0) return Outcome::failed(errno);
  if (error != 0 && strcmp(path, wanted) != 0) return Outcome::failed(error);
  return path[0] == '/' ? Outcome::done() : Outcome::failed(ENOENT);
}

// The filter is in force, so not one system call may be needed to hand over its listener: the launcher sees the number
// in the shared page, takes the descriptor itself (pidfd_getfd(2)), and says so in the page.
Outcome handListener(int listener, TracePage* page) {
  page->listener.store(listener + 1);
  const std::uint64_t deadline = nowNs() + kListenerPatienceNs;
  while (page->listenerTaken.load() == 0) {
    if (nowNs() > deadline) return Outcome::failed(ETIMEDOUT);
  }
  const std::int32_t error = page->listenerTaken.load();
  return error == 1 ? Outcome::done() : Outcome::failed(-error);
}

Outcome setSeccomp(const Step& step, Execution& execution) {
  using namespace argument::setSeccomp;
  const Argument& filter = step.list(k_filter);
  if (filter.length % sizeof(sock_filter) != 0 || filter.length / sizeof(sock_filter) > BPF_MAXINSNS)
    return Outcome::failed(EINVAL);
  sock_fprog program{};
  program.len = static_cast<unsigned short>(filter.length / sizeof(sock_filter));
  program.filter = reinterpret_cast<sock_filter*>(const_cast<char*>(filter.text));
  const bool listens = step.slot(k_listener) != kNoSlot;
  const std::uint64_t flags = step.number(k_flags) | (listens ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0);
  const long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (result < 0) return Outcome::failed(errno);
  return listens ? handListener(static_cast<int>(result), execution.page) : Outcome::done();
}

// The launcher may have died before prctl took effect: then its end of the socket is already closed.
Outcome dieWithParent(const Step& step, Execution& execution) {
  if (prctl(PR_SET_PDEATHSIG, step.number(argument::dieWithParent::k_signal), 0, 0, 0) < 0) return Outcome::failed(errno);
  pollfd sync{execution.sync, 0, 0};
  if (poll(&sync, 1, 0) < 0) return Outcome::failed(errno);
  return sync.revents & POLLHUP ? Outcome::failed(EOWNERDEAD) : Outcome::done();
}

}  // namespace ringside::identity
