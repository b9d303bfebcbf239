/* PID 1 for programs that were not written to be one (ringside run --init): starts PROGRAM ARGS…, hands signals on to it,
 * takes the exits of orphans (pid_namespaces(7)), and ends as it does: its exit code, or 128 and its signal's number.
 *
 * The program gets a process group of its own, in the foreground of the terminal if there is one, so that Ctrl-C is the
 * program's alone and does not come twice. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127, SIGNAL_BASE = 128, OWN_FAILURE = 125 };

static int fail(const char *what, int code) {
  fprintf(stderr, "ringside: %s: %s\n", what, strerror(errno));
  return code;
}

static int become(char **argv, const sigset_t *before) {
  setpgid(0, 0);
  /* SIGTTOU is blocked: a group in the background may take the terminal. Without one there is nothing to take. */
  if (isatty(STDIN_FILENO)) tcsetpgrp(STDIN_FILENO, getpgrp());
  sigprocmask(SIG_SETMASK, before, NULL);
  execvp(argv[0], argv);
  return fail(argv[0], errno == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}

/* Takes every exit that there is. -1: the program still runs; else what to end with. */
static int reap(pid_t program) {
  int end = -1, status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid == program) end = WIFSIGNALED(status) ? SIGNAL_BASE + WTERMSIG(status) : WEXITSTATUS(status);
  }
  return end;
}

int main(int argc, char **argv) {
  if (argc < 2) return OWN_FAILURE;
  sigset_t all, before;
  sigfillset(&all);
  if (sigprocmask(SIG_SETMASK, &all, &before) < 0) return fail("sigprocmask", OWN_FAILURE);
  const pid_t program = fork();
  if (program < 0) return fail("fork", OWN_FAILURE);
  if (program == 0) return become(argv + 1, &before);
  for (;;) {
    const int signal = sigwaitinfo(&all, NULL);
    if (signal == SIGCHLD) {
      const int end = reap(program);
      if (end >= 0) return end;
    } else if (signal > 0) {
      kill(program, signal);
    }
  }
}
