#include "identity.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "../descriptor.h"
#include "syscalls.h"

namespace ringside::identity {

namespace {

constexpr int kLastCapability = 63;
constexpr std::uint32_t kMostGroups = 65536;

Outcome check(long result) { return result < 0 ? Outcome::failed(errno) : Outcome::done(); }

}  // namespace

// "0" stands for the writer itself (cgroups(7)); the descriptor was opened by the launcher, so no path is needed here.
Outcome joinCgroup(const Step& step, Execution& execution) {
  return check(write((*execution.slots)[step.slot(argument::joinCgroup::k_slot)], "0", 1));
}

// One call with every flag: each call alone would build a set of namespaces and drop the one before.
Outcome joinNamespaces(const Step& step, Execution& execution) {
  using namespace argument::joinNamespaces;
  return check(setns((*execution.slots)[step.slot(k_slot)], static_cast<int>(step.number(k_flags))));
}

// setns(2) into a pid namespace moves only later children: a second process, with the launcher as its parent, takes
// over from this one.
Outcome forkSibling(const Step&, Execution& execution) {
  clone_args args{};
  args.flags = CLONE_PARENT | CLONE_PARENT_SETTID;
  args.parent_tid = reinterpret_cast<std::uint64_t>(&execution.page->siblingPid);
  const pid_t pid = sys::clone3(args);
  if (pid < 0) return Outcome::failed(errno);
  if (pid > 0) _exit(0);
  return Outcome::done();
}

Outcome unshareNamespaces(const Step& step, Execution&) {
  return check(unshare(static_cast<int>(step.number(argument::unshare::k_flags))));
}

Outcome setHostname(const Step& step, Execution&) {
  const Argument& name = step.list(argument::setHostname::k_name);
  return check(sethostname(name.text, name.length));
}

Outcome loopbackUp(const Step&, Execution&) {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return Outcome::failed(errno);
  ifreq request{};
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  return check(ioctl(socket.get(), SIOCSIFFLAGS, &request));
}

Outcome joinKeyring(const Step& step, Execution&) {
  return check(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, step.text(argument::joinKeyring::k_name)));
}

Outcome setUmask(const Step& step, Execution&) {
  umask(static_cast<mode_t>(step.number(argument::setUmask::k_mask)));
  return Outcome::done();
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
  gid_t list[64];
  if (groups.length > sizeof list / sizeof *list) return Outcome::failed(E2BIG);
  for (std::uint32_t i = 0; i < groups.length; i++) list[i] = static_cast<gid_t>(groups.numbers[i]);
  const uid_t uid = static_cast<uid_t>(step.number(k_uid));
  const gid_t gid = static_cast<gid_t>(step.number(k_gid));
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || syscall(SYS_setgroups, groups.length, list) < 0 ||
      syscall(SYS_setresgid, gid, gid, gid) < 0 || syscall(SYS_setresuid, uid, uid, uid) < 0)
    return Outcome::failed(errno);
  return Outcome::done();
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

// A working directory that getcwd(2) cannot name from "/" lies outside of the root: a descriptor has leaked.
Outcome setDirectory(const Step& step, Execution&) {
  if (chdir(step.text(argument::setDirectory::k_path)) < 0) return Outcome::failed(errno);
  char path[4096];
  const long length = syscall(SYS_getcwd, path, sizeof path);
  if (length < 0) return Outcome::failed(errno);
  return path[0] == '/' ? Outcome::done() : Outcome::failed(ENOENT);
}

Outcome setSeccomp(const Step& step, Execution&) {
  const Argument& filter = step.list(argument::setSeccomp::k_filter);
  if (filter.length % sizeof(sock_filter) != 0 || filter.length / sizeof(sock_filter) > BPF_MAXINSNS)
    return Outcome::failed(EINVAL);
  sock_fprog program{};
  program.len = static_cast<unsigned short>(filter.length / sizeof(sock_filter));
  program.filter = reinterpret_cast<sock_filter*>(const_cast<char*>(filter.text));
  return check(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

// The launcher may have died before prctl took effect: then its end of the socket is already closed.
Outcome dieWithParent(const Step& step, Execution& execution) {
  if (prctl(PR_SET_PDEATHSIG, step.number(argument::dieWithParent::k_signal), 0, 0, 0) < 0) return Outcome::failed(errno);
  pollfd sync{execution.sync, 0, 0};
  if (poll(&sync, 1, 0) < 0) return Outcome::failed(errno);
  return sync.revents & POLLHUP ? Outcome::failed(EOWNERDEAD) : Outcome::done();
}

// Really closed, not only marked: until exec, a path such as /proc/self/fd/7 could still name them. The sync socket
// stays; it cannot be executed, and exec closes it.
Outcome closeDescriptors(const Step& step, Execution& execution) {
  const unsigned from = static_cast<unsigned>(step.number(argument::closeDescriptors::k_from));
  const unsigned sync = static_cast<unsigned>(execution.sync);
  if (sync > from && sys::close_range(from, sync - 1, 0) < 0) return Outcome::failed(errno);
  return check(sys::close_range(sync + 1 > from ? sync + 1 : from, ~0u, 0));
}

// `start` writes one byte into the FIFO. It was opened for both directions, so that its end is never seen by chance.
Outcome waitForStart(const Step& step, Execution& execution) {
  char byte;
  ssize_t count;
  do count = read((*execution.slots)[step.slot(argument::waitForStart::k_slot)], &byte, 1);
  while (count < 0 && errno == EINTR);
  return count == 1 ? Outcome::done() : Outcome::failed(count < 0 ? errno : EPIPE);
}

Outcome resetSignals(const Step&, Execution&) {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; signal++) {
    if (signal != SIGKILL && signal != SIGSTOP) sigaction(signal, &standard, nullptr);
  }
  sigset_t none;
  sigemptyset(&none);
  return check(sigprocmask(SIG_SETMASK, &none, nullptr));
}

// Tries the candidates in order, as execvp(3) walks PATH: a file that is there but may not be executed is remembered,
// since that is the better answer than "not found".
Outcome execute(const Step& step, Execution& execution) {
  using namespace argument::execute;
  execution.page->executing.store(1);
  const Argument& candidates = step.list(k_candidates);
  char* const* argv = const_cast<char* const*>(step.list(k_argv).texts);
  char* const* env = const_cast<char* const*>(step.list(k_env).texts);
  int error = ENOENT;
  for (std::uint32_t i = 0; i < candidates.length; i++) {
    execve(candidates.texts[i], argv, env);
    if (errno == EACCES) error = EACCES;
    else if (errno == ENOENT && faccessat(AT_FDCWD, candidates.texts[i], F_OK, 0) == 0) return Outcome::failed(ELIBACC);
    else if (errno != ENOENT && errno != ENOTDIR) return Outcome::failed(errno);
  }
  return Outcome::failed(error);
}

}  // namespace ringside::identity
