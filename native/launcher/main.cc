// The launcher: a static, single-threaded program that executes plans and is the parent of what it starts.
//
// Node starts it once, with one end of a SOCK_SEQPACKET pair as descriptor 3, in a session of its own. It lives as long
// as its owner: when the other end closes, for whatever reason, everything that it started is killed, reaped and
// cleaned up; unless it has been told to live on alone (monitor.h), then as long as what it started. Nothing here decides
// anything about containers; the plan has said it all.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "../descriptor.h"
#include "../protocol.h"
#include "container.h"
#include "idle-memory.h"
#include "plan.h"
#include "seal.h"
#include "socket.h"
#include "strays.h"

namespace ringside {

namespace {

constexpr int kIdleAfterMs = 500;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr off_t kMostPlanBytes = 8 << 20;
constexpr int kPlanSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

// A monitor needs next to no memory, and a container dies with it: when the machine runs short, others go first, as with
// containerd's shims. proc_pid_oom_score_adj(5); an ordinary user may not, and lives with that.
void protectFromOom() {
  const Descriptor file(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  constexpr char kNearlyNever[] = "-998";
  if (file && write(file.get(), kNearlyNever, sizeof kNearlyNever - 1) < 0) return;
}

class Launcher {
 public:
  explicit Launcher(int control) : control_(control) {}

  int run() {
    sigset_t chld;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    signals_ = Descriptor(signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return 1;
    while (control_ >= 0 || !containers_.empty()) {
      std::vector<pollfd> sources{{control_, POLLIN, 0}, {signals_.get(), POLLIN, 0}};
      std::int64_t patienceNs = -1;
      for (const auto& container : containers_) container->watch(sources, patienceNs);
      if (waitFor(sources, patienceNs) < 0) {
        if (errno == EINTR) continue;
        break;
      }
      for (const auto& container : containers_) container->onTurn(control_);
      // Starts before exits: a process that was quick has sent both.
      for (std::size_t i = 2; i < sources.size(); i++) {
        if (sources[i].revents != 0) onReady(sources[i]);
      }
      letGoWhenStarted();
      if (sources[1].revents != 0) reap();
      if (sources[0].revents != 0) {
        const Next next = onRequest();
        if (next == Next::letGo) letGo();
        if (next == Next::ownerGone) onOwnerGone();
      }
      for (const auto& container : containers_) {
        if (alone_) container->removeIfOver(control_);
      }
      std::erase_if(containers_, [](const auto& container) { return container->isOver(); });
    }
    for (const auto& container : containers_) container->abandon(control_);  // where poll(2) itself has failed
    endStrays();
    return 0;
  }

 private:
  // What is there ends, unless it has been told to live on; then we end with it.
  void onOwnerGone() {
    close(control_);
    control_ = -1;
    for (const auto& container : containers_) {
      if (!alone_) container->abandon(control_);
    }
  }

  // A monitor on which nothing has happened for a while waits on with as little memory as it can.
  int waitFor(std::vector<pollfd>& sources, std::int64_t patienceNs) const {
    const timespec patience{patienceNs / kNsPerSecond, patienceNs % kNsPerSecond};
    if (!alone_ || patienceNs >= 0) return ppoll(sources.data(), sources.size(), patienceNs < 0 ? nullptr : &patience, nullptr);
    const int ready = poll(sources.data(), sources.size(), kIdleAfterMs);
    if (ready != 0) return ready;
    giveBackMemory();
    return poll(sources.data(), sources.size(), -1);
  }

  void onReady(const pollfd& source) {
    for (const auto& container : containers_) container->onReady(source, control_);
  }

  void reap() {
    signalfd_siginfo info;
    while (read(signals_.get(), &info, sizeof info) > 0) continue;
    int status;
    rusage usage;
    // Strays of our containers end up here too, since we are their subreaper.
    for (pid_t pid; (pid = nextExit()) > 0 && wait4(pid, &status, 0, &usage) > 0;) {
      for (const auto& container : containers_) container->onExit(control_, pid, status, usage);
    }
  }

  // Somebody who has ended and was not reaped yet: what it has said before comes first. One that is to be let go when it
  // has started is not ours to reap: its exit status is for whoever adopts it, however short its life was.
  pid_t nextExit() {
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0) return -1;
    if (info.si_pid > 0) {
      for (const auto& container : containers_) container->catchUp(control_);
      letGoWhenStarted();
    }
    return info.si_pid;
  }

  void letGoWhenStarted() {
    if (releasing_ == 0) return;
    for (const auto& container : containers_) {
      if (container->id() == releasing_ && container->hasStarted()) letGo();
    }
  }

  // What a request means for the launcher itself.
  enum class Next { goOn, ownerGone, letGo };

  Next onRequest() {
    Request request{};
    int fds[kMostDescriptors];
    const Received received = receiveMessage(control_, &request, sizeof request, fds, kMostDescriptors);
    if (received.bytes < 0 && (errno == EMSGSIZE || errno == EMFILE)) {
      refuse(request.id, errno);
      return Next::goOn;
    }
    if (received.bytes <= 0) return Next::ownerGone;
    std::vector<Descriptor> owned;
    for (unsigned i = 0; i < received.fdCount; i++) owned.emplace_back(fds[i]);
    if (received.bytes != sizeof request || received.fdCount != request.descriptorCount) {
      refuse(received.bytes == sizeof request ? request.id : 0, EBADMSG);
      return Next::goOn;
    }
    switch (request.kind) {
      case RequestKind::start:
        start(request.id, owned);
        return Next::goOn;
      case RequestKind::resume:
      case RequestKind::cancel:
        for (const auto& container : containers_) {
          if (container->id() != request.id) continue;
          if (request.kind == RequestKind::resume) container->resume(control_);
          else container->cancel(control_);
        }
        return Next::goOn;
      case RequestKind::release:
        if (request.id == 0) return Next::letGo;
        releasing_ = request.id;
        letGoWhenStarted();
        return Next::goOn;
      case RequestKind::monitor:
        liveAlone();
        return Next::goOn;
    }
    refuse(request.id, EOPNOTSUPP);
    return Next::goOn;
  }

  // Lets go of everything that is the caller's: whoever waits for the end of its standard error must see it.
  void liveAlone() {
    alone_ = true;
    dup2(STDOUT_FILENO, STDERR_FILENO);  // /dev/null
    protectFromOom();
    if (chdir("/") < 0) return;          // then the caller's directory cannot be unmounted; no more than that
    for (const auto& container : containers_) container->forgetStart();
  }

  void refuse(std::uint32_t id, int error) {
    Reply reply{};
    reply.kind = ReplyKind::failed;
    reply.id = id;
    reply.error = error;
    sendMessage(control_, &reply, sizeof reply, nullptr, 0);
  }

  // The first descriptor is the plan; the others fill its slots.
  void start(std::uint32_t id, std::vector<Descriptor>& owned) {
    auto plan = owned.empty() ? nullptr : readPlan(owned[0].get());
    if (plan == nullptr) return refuse(id, EBADMSG);
    auto container = std::make_unique<Container>(id, std::move(plan));
    std::vector<int> fds;
    for (std::size_t i = 1; i < owned.size(); i++) fds.push_back(owned[i].release());
    container->start(control_, fds.data(), static_cast<unsigned>(fds.size()));
    containers_.push_back(std::move(container));
  }

  // Ends without killing or removing anything: what was started is left to whoever reaps for us.
  [[noreturn]] void letGo() {
    for (const auto& container : containers_) container->release();
    Reply reply{};
    reply.kind = ReplyKind::released;
    sendMessage(control_, &reply, sizeof reply, nullptr, 0);
    _exit(0);
  }

  // The sender can no longer change a sealed plan, so what is checked is what is executed.
  static std::unique_ptr<Plan> readPlan(int fd) {
    struct stat status;
    const int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & kPlanSeals) != kPlanSeals || fstat(fd, &status) < 0 || status.st_size <= 0 ||
        status.st_size > kMostPlanBytes)
      return nullptr;
    const std::size_t bytes = static_cast<std::size_t>(status.st_size);
    void* map = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) return nullptr;
    auto plan = Plan::decode({static_cast<const std::uint8_t*>(map), bytes});
    munmap(map, bytes);
    return plan;
  }

  int control_;
  bool alone_ = false;
  std::uint32_t releasing_ = 0;  // the start after which everything is let go
  Descriptor signals_;
  std::vector<std::unique_ptr<Container>> containers_;
};

constexpr std::size_t kKernelSignalSetBytes = 8;

// Once for all children, which inherit it: whoever started us may have ignored some. The C library keeps two signals to
// itself, and posix_spawn leaves those ignored: only the kernel can be asked about them. What it is given is all zeros:
// the default, no flags, an empty mask.
void resetDispositions() {
  constexpr unsigned long standard[4] = {};
  for (int signal = 1; signal < NSIG; signal++) {
    if (signal != SIGKILL && signal != SIGSTOP) syscall(SYS_rt_sigaction, signal, standard, nullptr, kKernelSignalSetBytes);
  }
}

// Nothing but SIGKILL may stop the cleanup, least of all a Ctrl-C meant for somebody else.
void blockSignals() {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
}

// Node marks its own 0 to 2 close-on-exec. What is opened from now on must not come to lie there: a container's standard
// streams are put there, and what is put cannot be in the way of itself.
bool openStandardStreams() {
  int fd;
  do fd = open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO);
  return fd >= 0 && close(fd) == 0;
}

}  // namespace

}  // namespace ringside

// Its exit status is 0, or the errno of what kept it from starting: there is nobody yet to whom it could be told else.
int main(int, char** argv) {
  using namespace ringside;
  blockSignals();
  if (!openStandardStreams()) return errno;
  // exec resets it, so here and not before; without it a process that joins our container could trace us.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) return errno;
  if (!runSealed(argv)) return errno;
  resetDispositions();
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 || fcntl(kLauncherSocket, F_SETFD, FD_CLOEXEC) < 0) return errno;
  umask(022);
  return Launcher(kLauncherSocket).run();
}
