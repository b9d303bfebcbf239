// From nothing to a program and to its end: vfork(2), fork(2), clone(2), execve(2), wait(2). The program is the probe, which
// writes one byte and ends.
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "samples.h"

namespace calibrate {

namespace {

struct Moments {
  std::uint64_t childNs;
  std::uint64_t execNs;
};

void startProbe(Page& page, char* probe, Moments* moments) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) fail("make a pipe");
  char* argv[] = {probe, nullptr};
  char* env[] = {nullptr};
  const std::uint64_t start = nowNs();
  const pid_t child = vfork();
  if (child < 0) fail("vfork");
  if (child == 0) {
    moments->childNs = nowNs();
    dup2(ends[1], STDOUT_FILENO);
    moments->execNs = nowNs();
    execve(probe, argv, env);
    _exit(127);
  }
  close(ends[1]);
  char byte;
  if (read(ends[0], &byte, 1) != 1) fail("read the probe's byte");
  const std::uint64_t byteNs = nowNs();
  if (!endsWell(child)) fail("run the probe");
  const std::uint64_t endNs = nowNs();
  close(ends[0]);
  page.put("process.vfork", moments->childNs - start, 0);
  page.put("process.execve", byteNs - moments->execNs, 0);
  page.put("process.exit", endNs - byteNs, 0);
}

// As the launcher makes a container's process: a copy of a small program's address space.
void copyProcess(Page& page, Moments* moments) {
  clone_args args{};
  args.exit_signal = SIGCHLD;
  const std::uint64_t start = nowNs();
  const long child = syscall(SYS_clone3, &args, sizeof args);
  if (child == 0) {
    moments->childNs = nowNs();
    _exit(0);
  }
  const std::uint64_t back = nowNs();
  if (child < 0) fail("clone3");
  if (!endsWell(static_cast<int>(child))) fail("wait for a child");
  page.put("process.clone", back - start, 0);
  page.put("process.fork", moments->childNs - start, 0);
}

void* nothing(void*) { return nullptr; }

}  // namespace

void measureProcesses(unsigned samples, char** arguments) {
  Page page;
  void* shared = mmap(nullptr, sizeof(Moments), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (!page || shared == MAP_FAILED) fail("map a page");
  Moments* moments = static_cast<Moments*>(shared);
  for (unsigned i = 0; i < samples; i++) {
    startProbe(page, arguments[0], moments);
    useCaches();
    copyProcess(page, moments);
    pthread_t thread;
    page.timed("thread.create", [&] { return -pthread_create(&thread, nullptr, nothing, nullptr); });
    pthread_join(thread, nullptr);
    page.print();
  }
}

}  // namespace calibrate
