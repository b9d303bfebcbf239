// The first process of a Ringside guest: PID 1 of the virtual machine, from an initramfs, see init(1) and
// Documentation/filesystems/ramfs-rootfs-initramfs.rst of the kernel.
//
// It loads the drivers that this boot needs, enters the root file system, mounts what programs expect, runs one program
// on the console, serves the host's requests, reaps, and ends the machine with the program. What to run stands in
// /ringside/run (run-file.h); what it tells the host of the machine is in report.h, what others may ask in agent.h.
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"
#include "console.h"
#include "log.h"
#include "loop.h"
#include "machine.h"
#include "modules.h"
#include "network.h"
#include "program.h"
#include "report.h"
#include "requests.h"
#include "root.h"
#include "run-file.h"
#include "world.h"

namespace ringside::guest {

namespace {

// A kernel that has no console yet starts us without standard streams: nothing else may get their numbers.
void fillStandardStreams() {
  int fd;
  do {
    fd = open("/", O_PATH);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) close(fd);
}

Descriptor watchChildren() {
  sigset_t childSignal;
  sigemptyset(&childSignal);
  sigaddset(&childSignal, SIGCHLD);
  sigprocmask(SIG_BLOCK, &childSignal, nullptr);
  signal(SIGPIPE, SIG_IGN);
  Descriptor signals(signalfd(-1, &childSignal, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) giveUp("signalfd");
  return signals;
}

void raiseNetworks(const Run& run) {
  raiseLoopback();
  if (run.hasNetwork == 0) return;
  const std::string why = raiseNetwork({run.prefixLength, run.address, run.gateway, run.nameServer});
  if (!why.empty()) giveUp(("setting up the network: " + why).c_str());
}

// The machine's own program: its identity and its console, as the run file says.
Launch launchOf(const Run& run, int console, int input) {
  Launch launch{};
  launch.identity = Identity{run.user, run.group, run.groups, run.groupCount};
  launch.directory = run.directory;
  launch.candidates = run.candidates;
  launch.arguments = run.arguments;
  launch.environment = run.environment;
  launch.input = input >= 0 ? input : console;
  launch.output = console;
  launch.errors = console;
  launch.terminal = console;
  launch.isMain = true;
  return launch;
}

// Takes every child that has ended; `status` is that of the machine's own program.
class Reaper : public Watcher {
 public:
  Reaper(Loop& loop, const Descriptor& signals, pid_t program) : signals_(signals.get()), program_(program) {
    loop.add(signals_, EPOLLIN, *this);
  }

  void serve(Agent* agent) { agent_ = agent; }
  bool isOver() const { return isOver_; }
  int status() const { return status_; }

  void onReady(uint32_t) override {
    signalfd_siginfo info{};
    while (read(signals_, &info, sizeof info) > 0) {
    }
    int status = 0;
    for (pid_t gone; (gone = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (gone == program_) {
        isOver_ = true;
        status_ = status;
      } else if (agent_ != nullptr) {
        agent_->reaped(gone, status);
      }
    }
  }

 private:
  int signals_;
  pid_t program_;
  Agent* agent_ = nullptr;
  bool isOver_ = false;
  int status_ = 0;
};

void reportEnd(int status, int error) {
  const uint64_t atNs = clockNs();
  if (error != 0) {
    report(atNs, "failed", "%d %s", exitCodeOf(error), strerror(error));
  } else if (WIFSIGNALED(status)) {
    report(atNs, "signaled", "%d", WTERMSIG(status));
  } else {
    report(atNs, "exited", "%d", WEXITSTATUS(status));
  }
}

// Serves the program and the host until the program is gone, and returns its wait status.
int serve(const Run& run, Loop& loop, Machine& machine, const Descriptor& signals) {
  Reaper reaper(loop, signals, machine.program());
  const Requests requests(loop, machine);
  const std::unique_ptr<Agent> agent = run.hasAgent != 0 ? std::make_unique<Agent>(loop, machine, run) : nullptr;
  reaper.serve(agent.get());
  while (!reaper.isOver()) {
    const bool hasMore = agent != nullptr && agent->hasMore();
    loop.runOnce(hasMore ? 0 : machine.patienceMs());
    machine.keepTime();
    if (hasMore) agent->moveOn();
  }
  return reaper.status();
}

[[noreturn]] void runMachine(const Run& run) {
  const Descriptor console = openConsole(run);
  milestonesOn(console.get());
  const Descriptor signals = watchChildren();
  Loop loop;
  std::unique_ptr<InputRelay> relay;
  Descriptor input;
  if (run.relaysInput != 0) {
    relay = std::make_unique<InputRelay>(loop, console.get());
    input = Descriptor(relay->takeReadEnd());
  } else if (run.hasTerminal == 0) {
    input = Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  int failure[2];
  if (pipe2(failure, O_CLOEXEC) != 0) giveUp("preparing the program");
  report(clockNs(), "ready", "mounts, names and the console are there");

  const pid_t program = fork();
  if (program < 0) giveUp("fork");
  if (program == 0) becomeProgram(launchOf(run, console.get(), input.get()), failure[1]);
  close(failure[1]);
  input.reset();
  Machine machine(program, console.get());
  const int error = execFailure(failure[0]);
  if (relay != nullptr) relay->start();
  const int status = serve(run, loop, machine, signals);
  reportEnd(status, error);
  drainConsole(console.get());
  if (run.reportsLog != 0) reportLog();
  report(clockNs(), "bye", "%d", WEXITSTATUS(status));
  powerOff();
}

}  // namespace

}  // namespace ringside::guest

int main() {
  using namespace ringside::guest;
  const uint64_t startedNs = clockNs();
  if (!openMilestones()) return 125;
  fillStandardStreams();
  const Run run = readRun();
  nameMilestones(run.nonce, run.reportsOnConsole != 0);
  report(startedNs, "init", "%d", getpid());
  loadModules(run.modules);
  switchRoot(run);
  makeWorld(run.hostname);
  raiseNetworks(run);
  runMachine(run);
}
