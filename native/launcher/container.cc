#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <vector>

#include "cgroups.h"
#include "child.h"
#include "files.h"
#include "listener.h"
#include "socket.h"
#include "syscalls.h"

namespace ringside {

namespace {

std::uint64_t microseconds(const timeval& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000u + static_cast<std::uint64_t>(time.tv_usec);
}

// The child cannot call us once its filter is in force, so we look.
constexpr int kListenerPollMs = 1;

bool writesIdMaps(const Step& step) {
  return step.operation() == Operation::writeIdMaps || step.operation() == Operation::runIdMapper;
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
  listens_ = listener::findStep(*plan_);
  if (page_ != nullptr) return advance(controlSocket);
  sendFailure(controlSocket);
  return false;
}

// Runs host steps until a pause, or until the next step is the child's; then the child, which waits, goes on.
bool Container::advance(int controlSocket) {
  const std::vector<Step>& steps = plan_->steps();
  const bool asked = pid_ > 0;
  // Once there is a child, a step of ours is due only when the child has come to it.
  for (; next_ < steps.size() && asked == (pid_ > 0); next_++) {
    const Step& step = steps[next_];
    if (step.operation() == Operation::pause) {
      page_->times[next_].startNs = nowNs();
      paused_ = true;
      sendPaused(controlSocket);
      return true;
    }
    if (step.phase != Phase::host) break;
    if (!runHostStep(next_)) return failHost(controlSocket);
  }
  const auto mine = [](const Step& step) { return step.phase == Phase::host || step.operation() == Operation::pause; };
  if (std::none_of(steps.begin() + next_, steps.end(), mine) && listens_ == nullptr) slots_.closeAll();
  // Where it has died meanwhile, its exit is on its way to us.
  if (asked) sendMessage(sync_.get(), "r", 1, nullptr, 0);
  return true;
}

bool Container::runHostStep(std::uint32_t index) {
  const Step& step = plan_->steps()[index];
  Execution execution{&slots_, page_, -1, pid_};
  const auto monitor = [this]() -> Monitor& {
    if (monitor_ == nullptr) monitor_ = std::make_unique<Monitor>();
    return *monitor_;
  };
  switch (step.operation()) {
    case Operation::clone:
      return runStep([this](const Step& clone, Execution&) { return cloneChild(clone); }, step, index, execution);
    case Operation::keepLog:
      return runStep([&](const Step& keep, Execution&) { return monitor().keepLog(keep, slots_); }, step, index, execution);
    case Operation::serveViewers:
      return runStep([&](const Step& serve, Execution&) { return monitor().serveViewers(serve, slots_); }, step, index,
                     execution);
    case Operation::writeIdMaps:
    case Operation::runIdMapper:
      return runStep(runHostOperation, step, index, execution) && holdUsers();
    default:
      return runStep(runHostOperation, step, index, execution);
  }
}

bool Container::holdUsers() {
  if (geteuid() == 0) return true;
  char path[32];
  snprintf(path, sizeof path, "/proc/%d/ns/user", pid_);
  users_ = Descriptor(open(path, O_RDONLY | O_CLOEXEC));
  return true;
}

Outcome Container::cloneChild(const Step& step) {
  using namespace argument::clone;
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return Outcome::failed(errno);
  sync_ = Descriptor(pair[0]);
  const Descriptor childEnd(pair[1]);
  int pidfd = -1;
  clone_args args{};
  args.flags = step.number(k_flags) | CLONE_PIDFD | CLONE_PARENT_SETTID;
  args.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  args.parent_tid = reinterpret_cast<std::uint64_t>(&page_->pid);  // set before the child runs, which reads it there
  args.exit_signal = SIGCHLD;
  if (const int cgroup = slots_[step.slot(k_cgroup)]; cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(cgroup);
  }
  const bool isMapped = geteuid() != 0 && std::any_of(plan_->steps().begin(), plan_->steps().end(), writesIdMaps);
  const pid_t pid = sys::clone3(args);
  if (pid == 0) {
    // An ordinary user may write the id maps of a dumpable process only; becomeRoot takes it back. One that joins what
    // others are in is never so: they are the same user outside, and would look into it (CVE-2016-9962).
    if (isMapped) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    runChild(*plan_, slots_, page_, childEnd.get());
  }
  if (pid < 0) return Outcome::failed(errno);
  pid_ = pid;
  pidfd_ = Descriptor(pidfd);
  return Outcome::done();
}

bool Container::resume(int controlSocket) {
  if (!paused_) return true;
  paused_ = false;
  page_->times[next_].endNs = nowNs();
  next_++;
  return advance(controlSocket);
}

bool Container::cancel(int controlSocket) {
  if (started_) return true;
  page_->error.store(ECANCELED);
  return failHost(controlSocket);
}

// A child that exists is killed, and its exit will send the failure: then nothing is left by the time it is known.
bool Container::failHost(int controlSocket) {
  paused_ = false;
  next_ = static_cast<std::uint32_t>(plan_->steps().size());
  if (pidfd_ && sys::pidfd_send_signal(pidfd_.get(), SIGKILL) == 0) return true;
  if (pid_ > 0) return true;
  sendFailure(controlSocket);
  return false;
}

void Container::release() {
  // A child that has only made room for another is not for those who adopt to wonder about.
  adoptSibling();
  if (intermediate_ > 0) waitpid(intermediate_, nullptr, 0);
  page_->released.store(1);
  if (paused_ && sync_) sendMessage(sync_.get(), "r", 1, nullptr, 0);
}

void Container::onHandOver(int controlSocket) {
  if (reaped_) return;
  adoptSibling();
  const std::vector<Step>& steps = plan_->steps();
  while (next_ < steps.size() && steps[next_].phase == Phase::child && steps[next_].operation() != Operation::pause) next_++;
  if (next_ < steps.size()) advance(controlSocket);
}

// A process that took the first child's place is the one that matters from now on.
void Container::adoptSibling() {
  const pid_t sibling = page_->siblingPid.load();
  if (sibling <= 0 || sibling == pid_ || reaped_) return;
  intermediate_ = pid_;
  pid_ = sibling;
  pidfd_ = Descriptor(sys::pidfd_open(sibling));
}

void Container::watch(std::vector<pollfd>& sources, int& patienceMs) const {
  if (sync_) sources.push_back({sync_.get(), POLLIN, 0});
  if (sync_ && listens_ != nullptr) patienceMs = kListenerPollMs;
  if (monitor_ == nullptr) return;
  monitor_->watch(sources);
  if (const int ms = monitor_->patienceMs(); ms >= 0) patienceMs = patienceMs < 0 ? ms : std::min(patienceMs, ms);
}

void Container::onTurn() {
  if (listens_ == nullptr || !pidfd_) return;
  adoptSibling();
  if (!listener::hand(*listens_, slots_, page_, pidfd_.get(), pid_)) return;
  listens_ = nullptr;
  slots_.closeAll();
}

void Container::onReady(const pollfd& source, int controlSocket) {
  if (sync_ && source.fd == sync_.get()) onSync(controlSocket);
  else if (monitor_ != nullptr) monitor_->onReady(source);
}

void Container::catchUp(int controlSocket) {
  for (pollfd source{sync_.get(), POLLIN, 0}; sync_ && poll(&source, 1, 0) > 0;) onSync(controlSocket);
}

void Container::onSync(int controlSocket) {
  char kind = 0;
  int fd;
  const Received received = receiveMessage(sync_.get(), &kind, sizeof kind, &fd, 1);
  if (received.bytes > 0) {
    if (received.fdCount == 1 && monitor_ != nullptr) monitor_->takeTerminal(Descriptor(fd));
    else if (received.fdCount == 1) terminal_ = Descriptor(fd);
    else if (kind == static_cast<char>(SyncKind::handOver)) onHandOver(controlSocket);
    return;
  }
  startedNs_ = nowNs();
  sync_.reset();
  adoptSibling();
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
  adoptSibling();
  if (pid == intermediate_) intermediate_ = -1;
  if (pid != pid_) return false;
  const std::uint64_t exitedNs = nowNs();
  reaped_ = true;
  // The end of the sync socket and the exit may arrive in either order.
  while (sync_) onSync(controlSocket);
  if (!started_) {
    // Killed before exec by something outside of the plan, the memory limit above all: no step says so itself.
    if (page_->failed.load() == 0 && page_->error.load() == 0 && WIFSIGNALED(status)) page_->error.store(EINTR);
    sendFailure(controlSocket);
    return true;
  }
  std::string reports;
  ending_ = {status, microseconds(usage.ru_utime), microseconds(usage.ru_stime), static_cast<std::uint64_t>(usage.ru_maxrss),
             {}};
  cleanUp(reports);
  Reply reply{};
  reply.kind = ReplyKind::exited;
  reply.pid = pid;
  reply.waitStatus = status;
  reply.timeNs = exitedNs;
  reply.userUs = ending_.userUs;
  reply.systemUs = ending_.systemUs;
  reply.maxRssKiB = ending_.maxRssKiB;
  send(controlSocket, reply, reports, nullptr, 0);
  pid_ = -1;
  pidfd_.reset();
  return !removes_;
}

void Container::recordExit(const Step& step, const std::string& reports) {
  if (monitor_ == nullptr || !started_ || recorded_) return;
  recorded_ = true;
  removes_ = step.number(argument::recordExit::k_remove) != 0;
  ending_.reports = reports;
  monitor_->recordExit(step, ending_);
}

bool Container::removeIfOver() {
  if (!recorded_ || !removes_ || !monitor_->mayRemove()) return false;
  std::string reports;
  runPhase(Phase::abandon, reports);
  return true;
}

void Container::forgetStart() {
  if (!started_) return;
  listens_ = nullptr;
  plan_->keepFrom(Phase::cleanup);
}

void Container::abandon() {
  // Not reaped yet, so the number is still its own.
  if (pid_ > 0) kill(pid_, SIGKILL);
  // Somebody may have paused it, and then waiting would have no end.
  for (const Step& step : plan_->steps()) {
    if (step.operation() == Operation::killCgroup) cgroups::thawCgroup(step);
  }
  for (const pid_t pid : {pid_, intermediate_}) {
    if (pid > 0) waitpid(pid, nullptr, 0);
  }
  // Known for certain only now: it was written down by one who may have been killed over it.
  if (const pid_t sibling = page_->siblingPid.load(); sibling > 0 && sibling != pid_ && !reaped_) {
    kill(sibling, SIGKILL);
    waitpid(sibling, nullptr, 0);
  }
  std::string reports;
  cleanUp(reports);
  runPhase(Phase::abandon, reports);
}

void Container::cleanUp(std::string& reports) { runPhase(Phase::cleanup, reports); }

void Container::runPhase(Phase phase, std::string& reports) {
  const std::vector<Step>& steps = plan_->steps();
  for (std::uint32_t i = 0; i < steps.size(); i++) {
    if (steps[i].phase != phase) continue;
    StepTime untold{};
    StepTime& time = page_ == nullptr ? untold : page_->times[i];
    time.startNs = nowNs();
    runLastStep(steps[i], reports);
    time.endNs = nowNs();
  }
}

// A step of cleanup or abandon. What it cannot do is left: there is nobody to tell, and the next step may still help.
void Container::runLastStep(const Step& step, std::string& reports) {
  switch (step.operation()) {
    case Operation::readReport:
      files::readReport(step, reports);
      break;
    case Operation::killCgroup:
      cgroups::killCgroup(step);
      break;
    case Operation::removeGroup:
      cgroups::removeGroup(step);
      break;
    case Operation::removeDirectory:
      files::removeDirectory(step);
      break;
    case Operation::removeTree:
      files::removeTree(step, users_.get());
      break;
    case Operation::removeFile:
      unlink(step.text(argument::removeFile::k_path));
      break;
    case Operation::recordExit:
      recordExit(step, reports);
      break;
    case Operation::recordEvent:
      record::appendEvent(step.text(argument::recordEvent::k_events), step.text(argument::recordEvent::k_event), nullptr);
      break;
    default:
      break;
  }
}

void Container::sendPaused(int controlSocket) {
  Reply reply{};
  reply.kind = ReplyKind::paused;
  reply.pid = pid_ > 0 ? pid_ : 0;
  reply.failedStep = next_ + 1;
  const int fds[] = {terminal_.get()};
  send(controlSocket, reply, "", fds, terminal_ ? 1 : 0);
  terminal_.reset();
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
  if (page_ != nullptr) {
    // Those that made it have been told when it started; at its end the others are news.
    const bool isOver = reply.kind == ReplyKind::exited;
    for (std::uint32_t i = 0; i < plan_->steps().size(); i++) {
      const bool isLast = plan_->steps()[i].phase == Phase::cleanup;
      if (page_->times[i].startNs == 0 || (isOver && !isLast)) continue;
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
