#include "container.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <vector>

#include "files.h"
#include "socket.h"
#include "syscalls.h"

namespace ringside {

namespace {

std::uint64_t microseconds(const timeval& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000u + static_cast<std::uint64_t>(time.tv_usec);
}

}  // namespace

Container::Container(std::uint32_t id, std::unique_ptr<Plan> plan)
    : id_(id), plan_(std::move(plan)), pageBytes_(sizeof(TracePage) + plan_->steps().size() * sizeof(StepTime)) {
  void* page = mmap(nullptr, pageBytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  page_ = page == MAP_FAILED ? nullptr : static_cast<TracePage*>(page);
}

Container::~Container() {
  slots_.closeAll();
  if (page_ != nullptr) munmap(page_, pageBytes_);
}

bool Container::start(int controlSocket, const int* fds, unsigned fdCount) {
  for (unsigned i = 0; i < fdCount; i++) slots_.put(i, fds[i]);
  if (page_ == nullptr || !cloneChild()) {
    sendFailure(controlSocket);
    return false;
  }
  slots_.closeAll();
  return true;
}

bool Container::cloneChild() {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
    page_->error.store(errno);
    return false;
  }
  sync_ = Descriptor(pair[0]);
  const Descriptor childEnd(pair[1]);
  Execution execution{&slots_, page_, childEnd.get()};
  const std::vector<Step>& steps = plan_->steps();
  for (std::uint32_t i = 0; i < steps.size() && steps[i].phase == Phase::host; i++) {
    const auto clone = [&](const Step& step, Execution&) {
      int pidfd = -1;
      clone_args args{};
      args.flags = step.number(argument::clone::k_flags) | CLONE_PIDFD;
      args.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
      args.exit_signal = SIGCHLD;
      if (const int cgroup = slots_[step.slot(argument::clone::k_cgroup)]; cgroup >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = static_cast<std::uint64_t>(cgroup);
      }
      const pid_t pid = sys::clone3(args);
      if (pid == 0) runChild(childEnd.get());
      if (pid < 0) return Outcome::failed(errno);
      pid_ = pid;
      pidfd_ = Descriptor(pidfd);
      return Outcome::done();
    };
    const bool isClone = steps[i].operation() == Operation::clone;
    if (!(isClone ? runStep(clone, steps[i], i, execution) : runStep(runHostOperation, steps[i], i, execution))) return false;
  }
  return true;
}

// From here to execve nothing is allocated and nothing is locked: system calls and stores into the shared page only.
void Container::runChild(int sync) {
  Execution execution{&slots_, page_, sync};
  const std::vector<Step>& steps = plan_->steps();
  for (std::uint32_t i = 0; i < steps.size(); i++) {
    if (steps[i].phase == Phase::child && !runStep(runChildOperation, steps[i], i, execution)) break;
  }
  _exit(127);
}

void Container::onSync(int controlSocket) {
  char byte;
  int fd;
  const Received received = receiveMessage(sync_.get(), &byte, sizeof byte, &fd, 1);
  if (received.bytes > 0) {
    if (received.fdCount == 1) terminal_ = Descriptor(fd);
    return;
  }
  startedNs_ = nowNs();
  sync_.reset();
  if (const pid_t sibling = page_->siblingPid.load(); sibling > 0) {
    intermediate_ = pid_;
    pid_ = sibling;
    pidfd_ = Descriptor(sys::pidfd_open(sibling));
  }
  // A failure is reported when the process has been reaped, so that nothing is left by the time it is known.
  if (page_->failed.load() != 0 || page_->executing.load() == 0) return;
  started_ = true;
  const std::vector<Step>& steps = plan_->steps();
  for (std::uint32_t i = 0; i < steps.size(); i++) {
    if (steps[i].operation() == Operation::execute) page_->times[i].endNs = startedNs_;
  }
  Reply reply{};
  reply.kind = ReplyKind::started;
  reply.pid = pid_;
  reply.timeNs = startedNs_;
  const int fds[] = {pidfd_.get(), terminal_.get()};
  send(controlSocket, reply, "", fds, terminal_ ? 2 : 1);
  terminal_.reset();
}

bool Container::onExit(int controlSocket, pid_t pid, int status, const rusage& usage) {
  if (pid == intermediate_) intermediate_ = -1;
  if (pid != pid_) return false;
  const std::uint64_t exitedNs = nowNs();
  // The end of the sync socket and the exit may arrive in either order.
  while (sync_) onSync(controlSocket);
  if (pid != pid_) return false;  // only now known to be the intermediate process
  if (!started_) {
    // Killed before exec by something outside of the plan, the memory limit above all: no step says so itself.
    if (page_->failed.load() == 0 && WIFSIGNALED(status)) page_->error.store(EINTR);
    sendFailure(controlSocket);
    return true;
  }
  std::string reports;
  cleanUp(reports);
  Reply reply{};
  reply.kind = ReplyKind::exited;
  reply.pid = pid;
  reply.waitStatus = status;
  reply.timeNs = exitedNs;
  reply.userUs = microseconds(usage.ru_utime);
  reply.systemUs = microseconds(usage.ru_stime);
  reply.maxRssKiB = static_cast<std::uint64_t>(usage.ru_maxrss);
  send(controlSocket, reply, reports, nullptr, 0);
  return true;
}

void Container::abandon() {
  if (pidfd_) sys::pidfd_send_signal(pidfd_.get(), SIGKILL);
  if (const pid_t sibling = page_ == nullptr ? 0 : page_->siblingPid.load(); sibling > 0) kill(sibling, SIGKILL);
  for (const pid_t pid : {pid_, intermediate_, page_ == nullptr ? -1 : page_->siblingPid.load()}) {
    if (pid > 0) waitpid(pid, nullptr, 0);
  }
  std::string reports;
  cleanUp(reports);
  runPhase(Phase::abandon, reports);
}

void Container::cleanUp(std::string& reports) { runPhase(Phase::cleanup, reports); }

void Container::runPhase(Phase phase, std::string& reports) {
  for (const Step& step : plan_->steps()) {
    if (step.phase != phase) continue;
    switch (step.operation()) {
      case Operation::readReport:
        files::readReport(step, reports);
        break;
      case Operation::killCgroup:
        files::killCgroup(step);
        break;
      case Operation::removeDirectory:
        files::removeDirectory(step);
        break;
      case Operation::removeTree:
        files::removeTree(step);
        break;
      default:
        break;
    }
  }
}

void Container::sendFailure(int controlSocket) {
  slots_.closeAll();
  std::string reports;
  cleanUp(reports);
  Reply reply{};
  reply.kind = ReplyKind::failed;
  reply.error = ENOMEM;
  if (page_ != nullptr) {
    reply.error = page_->error.load();
    reply.failedStep = page_->failed.load();
    page_->detail[kDetailBytes - 1] = 0;
    if (page_->detail[0] != 0) {
      const std::string words = page_->detail;
      const std::uint32_t length = static_cast<std::uint32_t>(words.size());
      reports.append("kernel").push_back(0);
      reports.append(reinterpret_cast<const char*>(&length), sizeof length).append(words);
    }
  }
  send(controlSocket, reply, reports, nullptr, 0);
}

void Container::send(int controlSocket, Reply& reply, const std::string& reports, const int* fds, unsigned fdCount) {
  std::vector<StepTime> times;
  if (reply.kind != ReplyKind::exited && page_ != nullptr) {
    for (std::uint32_t i = 0; i < plan_->steps().size(); i++) {
      if (page_->times[i].startNs == 0) continue;
      times.push_back(page_->times[i]);
      times.back().index = i;
    }
  }
  reply.id = id_;
  reply.stepCount = static_cast<std::uint32_t>(times.size());
  reply.reportBytes = static_cast<std::uint32_t>(reports.size());
  std::string message(reinterpret_cast<const char*>(&reply), sizeof reply);
  message.append(reinterpret_cast<const char*>(times.data()), times.size() * sizeof(StepTime)).append(reports);
  sendMessage(controlSocket, message.data(), message.size(), fds, fdCount);
}

}  // namespace ringside
