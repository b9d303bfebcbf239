#include "namespaces.h"

#include <errno.h>
#include <linux/nsfs.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <vector>

#include "../descriptor.h"
#include "syscalls.h"

namespace ringside::namespaces {

namespace {

constexpr long kNsfsMagic = 0x6e736673;  // linux/magic.h has it only since 6.12

Outcome check(long result) { return result < 0 ? Outcome::failed(errno) : Outcome::done(); }

// The directory of a process; without a number, our own.
Descriptor openProcess(pid_t pid) {
  char path[32] = "/proc/self";
  if (pid > 0) snprintf(path, sizeof path, "/proc/%d", pid);
  return Descriptor(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

// One write is the whole map: the kernel takes no second one.
int writeOnce(int directory, const char* name, const char* text, std::size_t length) {
  const Descriptor file(openat(directory, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return -1;
  const ssize_t written = write(file.get(), text, length);
  if (written >= 0 && written != static_cast<ssize_t>(length)) errno = EIO;
  return written == static_cast<ssize_t>(length) ? 0 : -1;
}

}  // namespace

// A path that names something else than a namespace of the wanted kind is refused before anything is joined; a FIFO must
// not keep the launcher waiting.
Outcome openNamespace(const Step& step, Execution& execution) {
  using namespace argument::openNamespace;
  Descriptor ns(open(step.text(k_path), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!ns) return Outcome::failed(errno);
  struct statfs fs;
  if (fstatfs(ns.get(), &fs) < 0) return Outcome::failed(errno);
  if (fs.f_type != kNsfsMagic) return Outcome::failed(ENOTTY);
  const int type = ioctl(ns.get(), NS_GET_NSTYPE);
  if (type < 0) return Outcome::failed(errno);
  if (static_cast<std::uint64_t>(type) != step.number(k_flag)) return Outcome::failed(EINVAL);
  execution.slots->put(step.slot(k_slot), ns.release());
  return Outcome::done();
}

// By the directory of the process, opened once: its number could come to mean another between two files.
Outcome writeIdMaps(const Step& step, Execution& execution) {
  using namespace argument::writeIdMaps;
  const Descriptor process = openProcess(execution.pid);
  if (!process) return Outcome::failed(errno);
  if (step.number(k_denySetgroups) != 0 && writeOnce(process.get(), "setgroups", "deny", 4) < 0)
    return Outcome::failed(errno);
  const Argument& uids = step.list(k_uidMap);
  const Argument& gids = step.list(k_gidMap);
  if (writeOnce(process.get(), "gid_map", gids.text, gids.length) < 0) return Outcome::failed(errno);
  return check(writeOnce(process.get(), "uid_map", uids.text, uids.length));
}

// What only root may map, a set-user-ID helper maps for those to whom /etc/subuid and /etc/subgid give it. What it says
// on standard error is what it does not like.
Outcome runIdMapper(const Step& step, Execution& execution) {
  using namespace argument::runIdMapper;
  const Argument& map = step.list(k_map);
  char number[16];
  snprintf(number, sizeof number, "%d", execution.pid);
  std::vector<const char*> argv{step.text(k_program), number};
  argv.insert(argv.end(), map.texts, map.texts + map.length + 1);  // with its null pointer
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return Outcome::failed(errno);
  const Descriptor words(ends[0]), mouth(ends[1]);
  clone_args args{};
  args.exit_signal = SIGCHLD;
  const pid_t pid = sys::clone3(args);
  if (pid < 0) return Outcome::failed(errno);
  if (pid == 0) {
    dup2(mouth.get(), STDERR_FILENO);
    const char* const environment[] = {nullptr};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    sys::close_range(3, ~0u, 0);
    execve(step.text(k_program), const_cast<char* const*>(argv.data()), const_cast<char* const*>(environment));
    _exit(errno);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return Outcome::done();
  const ssize_t said = read(words.get(), execution.page->detail, kDetailBytes - 1);
  if (said > 0) execution.page->detail[said] = 0;
  return Outcome::failed(EPERM);
}

// One call with every flag: each call alone would build a set of namespaces and drop the one before.
Outcome joinNamespaces(const Step& step, Execution& execution) {
  using namespace argument::joinNamespaces;
  return check(setns((*execution.slots)[step.slot(k_slot)], static_cast<int>(step.number(k_flags))));
}

// setns(2) into a pid namespace moves only later children, and so does unshare(2): a second process, with the launcher
// as its parent, takes over from this one. Its number is written down before it runs.
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

// In a user namespace whose maps are written: what is made from now on belongs to its root, not to nobody.
Outcome becomeRoot(const Step& step, Execution&) {
  using namespace argument::becomeRoot;
  const auto uid = static_cast<uid_t>(step.number(k_uid));
  const auto gid = static_cast<gid_t>(step.number(k_gid));
  // EPERM: the namespace denies setgroups, so the groups of outside stay, as they must.
  if (syscall(SYS_setgroups, 0, nullptr) < 0 && errno != EPERM) return Outcome::failed(errno);
  if (syscall(SYS_setresgid, gid, gid, gid) < 0 || syscall(SYS_setresuid, uid, uid, uid) < 0)
    return Outcome::failed(errno);
  // A change of user resets it to fs.suid_dumpable.
  return check(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
}

// By the launcher where the child has users of its own: its files in /proc belong to the root of outside.
Outcome setTimeOffsets(const Step& step, Execution& execution) {
  const Argument& text = step.list(argument::setTimeOffsets::k_text);
  const Descriptor process = openProcess(execution.pid);
  return check(process ? writeOnce(process.get(), "timens_offsets", text.text, text.length) : -1);
}

Outcome setHostname(const Step& step, Execution&) {
  const Argument& name = step.list(argument::setHostname::k_name);
  return check(sethostname(name.text, name.length));
}

Outcome setDomainname(const Step& step, Execution&) {
  const Argument& name = step.list(argument::setDomainname::k_name);
  return check(setdomainname(name.text, name.length));
}

}  // namespace ringside::namespaces
