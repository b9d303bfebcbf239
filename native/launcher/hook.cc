#include "hook.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../descriptor.h"
#include "syscalls.h"

namespace ringside::hook {

namespace {

constexpr int kNotExecuted = 127;

// Writes `number` in decimal; returns its end. No stdio between clone and exec.
char* decimal(char* at, std::uint64_t number) {
  char digits[20];
  int count = 0;
  do {
    digits[count++] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number > 0);
  while (count > 0) *at++ = digits[--count];
  return at;
}

bool writeAll(int fd, const char* text, std::size_t length) {
  while (length > 0) {
    const ssize_t count = write(fd, text, length);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text += count;
    length -= static_cast<std::size_t>(count);
  }
  return true;
}

// The state with the pid as the launcher numbers it, which is the runtime's own view.
bool writeState(int fd, const Step& step, const TracePage& page) {
  using namespace argument::runHook;
  const pid_t sibling = page.siblingPid.load();
  const pid_t pid = sibling > 0 ? sibling : page.pid.load();
  char number[24];
  const char* end = decimal(number, static_cast<std::uint64_t>(pid));
  const Argument& before = step.list(k_stateBefore);
  const Argument& after = step.list(k_stateAfter);
  return writeAll(fd, before.text, before.length) && writeAll(fd, number, static_cast<std::size_t>(end - number)) &&
         writeAll(fd, after.text, after.length);
}

void sayDetail(TracePage* page, const char* words, std::uint64_t number) {
  char* at = stpncpy(page->detail, words, kDetailBytes - 24);
  *decimal(at, number) = 0;
}

// Ends the hook and whatever shares its process group.
void endHook(pid_t pid) {
  kill(-pid, SIGKILL);
  kill(pid, SIGKILL);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
}

// True when it has ended within the time; 0 is for ever.
bool waitForEnd(int pidfd, std::uint64_t timeoutMs) {
  const std::uint64_t deadline = nowNs() + timeoutMs * 1'000'000u;
  while (true) {
    const std::uint64_t now = nowNs();
    if (timeoutMs != 0 && now >= deadline) return false;
    pollfd source{pidfd, POLLIN, 0};
    const int patience = timeoutMs == 0 ? -1 : static_cast<int>((deadline - now) / 1'000'000u + 1);
    if (poll(&source, 1, patience) > 0) return true;
  }
}

// Where the start is given up, it goes with its parent, which waits for it.
[[noreturn]] void becomeHook(const Step& step, int input, pid_t parent) {
  using namespace argument::runHook;
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kNotExecuted);
  dup2(input, STDIN_FILENO);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  sys::close_range(3, ~0u, 0);
  execve(step.text(k_path), const_cast<char* const*>(step.list(k_args).texts),
         const_cast<char* const*>(step.list(k_env).texts));
  _exit(kNotExecuted);
}

}  // namespace

// The state is a file in memory and not a pipe: it has no size that could be too small, and a hook need not read it.
Outcome runHook(const Step& step, Execution& execution) {
  using namespace argument::runHook;
  // A hook that cannot be executed is told apart from one that fails: after a fork, status 127 could be either.
  if (faccessat(AT_FDCWD, step.text(k_path), X_OK, AT_EACCESS) < 0) return Outcome::failed(errno);
  const Descriptor input(static_cast<int>(syscall(SYS_memfd_create, "state", 1 /* MFD_CLOEXEC */)));
  if (!input || !writeState(input.get(), step, *execution.page) || lseek(input.get(), 0, SEEK_SET) < 0)
    return Outcome::failed(errno);
  int pidfd = -1;
  const pid_t parent = getpid();
  // Not clone3: filters cannot look at its arguments, and so refuse it as a whole.
  const auto pid = static_cast<pid_t>(syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, nullptr, &pidfd, nullptr, nullptr));
  if (pid < 0) return Outcome::failed(errno);
  if (pid == 0) becomeHook(step, input.get(), parent);
  const Descriptor process(pidfd);
  if (!waitForEnd(process.get(), step.number(k_timeoutMs))) {
    endHook(pid);
    sayDetail(execution.page, "the hook had not ended after ms: ", step.number(k_timeoutMs));
    return Outcome::failed(ETIMEDOUT);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return Outcome::done();
  if (WIFEXITED(status)) sayDetail(execution.page, "the hook ended with exit status ", WEXITSTATUS(status));
  else sayDetail(execution.page, "the hook was ended by signal ", WTERMSIG(status));
  return Outcome::failed(ECANCELED);
}

}  // namespace ringside::hook
