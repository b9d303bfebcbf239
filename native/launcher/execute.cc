#include "execute.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>

#include "child.h"
#include "syscalls.h"

namespace ringside::execute {

namespace {

// Whether execve(2) would find a file there that this user may execute; 0, or the errno that it would answer.
int executableError(const char* path) {
  struct stat status;
  if (fstatat(AT_FDCWD, path, &status, 0) < 0) return errno;
  if (!S_ISREG(status.st_mode)) return EACCES;
  return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? errno : 0;
}

}  // namespace

// So that `create` fails where the program is missing, and not only `start`.
Outcome resolveExecutable(const Step& step, Execution&) {
  const Argument& candidates = step.list(argument::resolveExecutable::k_candidates);
  int error = ENOENT;
  for (std::uint32_t i = 0; i < candidates.length; i++) {
    const int refused = executableError(candidates.texts[i]);
    if (refused == 0) return Outcome::done();
    if (refused != ENOENT && refused != ENOTDIR) error = refused;
  }
  return Outcome::failed(error);
}

// `start` writes one byte into the FIFO. It was opened for both directions, so that its end is never seen by chance.
Outcome waitForStart(const Step& step, Execution& execution) {
  const unsigned slot = step.slot(argument::waitForStart::k_slot);
  char byte;
  ssize_t count;
  do count = read((*execution.slots)[slot], &byte, 1);
  while (count < 0 && errno == EINTR);
  if (count != 1) return Outcome::failed(count < 0 ? errno : EPIPE);
  close((*execution.slots)[slot]);
  execution.slots->fds[slot] = -1;
  return Outcome::done();
}

// Really closed, not only marked: until exec, a path such as /proc/self/fd/7 could still name them. The sync socket
// stays, and what `keep` names; neither can be executed, and exec closes both.
Outcome closeDescriptors(const Step& step, Execution& execution) {
  using namespace argument::closeDescriptors;
  const unsigned from = static_cast<unsigned>(step.number(k_from));
  int kept[] = {execution.sync, (*execution.slots)[step.slot(k_keep)]};
  if (kept[1] >= 0 && kept[1] < kept[0]) {
    kept[0] = kept[1];
    kept[1] = execution.sync;
  }
  return closeAllBut(from, kept, 2) ? Outcome::done() : Outcome::failed(errno);
}

// What signals do is the default already: the launcher saw to that for all its children.
Outcome resetSignals(const Step&, Execution&) {
  sigset_t none;
  sigemptyset(&none);
  return sigprocmask(SIG_SETMASK, &none, nullptr) < 0 ? Outcome::failed(errno) : Outcome::done();
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

}  // namespace ringside::execute
