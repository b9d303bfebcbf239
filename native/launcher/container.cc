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
#include <time.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "child.h"
#include "listener.h"
#include "socket.h"
#include "syscalls.h"

namespace ringside {

namespace {

// The child cannot call us once its filter is in force, so we look.
constexpr std::int64_t kListenerPollNs = 1'000'000;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

constexpr unsigned kAfterStandardStreams = 3;

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

void Container::start(int controlSocket, const int* fds, unsigned fdCount) {
  for (unsigned i = 0; i < fdCount; i++) slots_.put(i, fds[i]);
  listens_ = listener::findStep(*plan_);
  if (page_ != nullptr) advance(controlSocket);
  else beginEnd(controlSocket);
}

// Runs host steps until a pause, or until the next step is the child's; then the child, which waits, goes on.
void Container::advance(int controlSocket) {
  const std::vector<Step>& steps = plan_->steps();
  const bool asked = pid_ > 0;
  // Once there is a child, a step of ours is due only when the child has come to it.
  for (; next_ < steps.size() && asked == (pid_ > 0); next_++) {
    const Step& step = steps[next_];
    if (step.operation() == Operation::pause) {
      page_->times[next_].startNs = nowNs();
      paused_ = true;
      sendPaused(controlSocket);
      return;
    }
    if (step.phase != Phase::host) break;
    if (!runHostStep(next_)) return failHost(controlSocket);
  }
  const auto mine = [](const Step& step) { return step.phase == Phase::host || step.operation() == Operation::pause; };
  if (std::none_of(steps.begin() + next_, steps.end(), mine) && listens_ == nullptr) slots_.closeAll();
  // Where it has died meanwhile, its exit is on its way to us.
  if (asked) sendMessage(sync_.get(), "r", 1, nullptr, 0);
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
  std::vector<int> kept{childEnd.get()};
  std::copy_if(std::begin(slots_.fds), std::end(slots_.fds), std::back_inserter(kept), [](int fd) { return fd >= 0; });
  std::sort(kept.begin(), kept.end());
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
    // All else of ours: the other ends of sockets, its own and those of other starts, which must not outlive us.
    closeAllBut(kAfterStandardStreams, kept.data(), kept.size());
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

void Container::resume(int controlSocket) {
  if (!paused_) return;
  paused_ = false;
  page_->times[next_].endNs = nowNs();
  next_++;
  advance(controlSocket);
}

void Container::cancel(int controlSocket) {
  if (!started_ && !dying_ && end_ == End::none) giveUp(controlSocket, ECANCELED);
}

void Container::release() {
  // A child that has only made room for another is not for those who adopt to wonder about.
  adoptSibling();
  if (intermediate_ > 0) waitpid(intermediate_, nullptr, 0);
  page_->released.store(1);
  if (paused_ && sync_) sendMessage(sync_.get(), "r", 1, nullptr, 0);
  while (end_ == End::cleanup || end_ == End::abandon) {
    const timespec due{static_cast<time_t>(dueNs_ / kNsPerSecond), static_cast<long>(dueNs_ % kNsPerSecond)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr);
    goOnEnding(-1);
  }
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
  if (dying_) kill(pid_, SIGKILL);
}

void Container::watch(std::vector<pollfd>& sources, std::int64_t& patienceNs) const {
  const auto wakeIn = [&patienceNs](std::int64_t ns) { patienceNs = patienceNs < 0 ? ns : std::min(patienceNs, ns); };
  if (sync_) sources.push_back({sync_.get(), POLLIN, 0});
  if (sync_ && listens_ != nullptr) wakeIn(kListenerPollNs);
  if (dueNs_ != 0) wakeIn(std::max<std::int64_t>(0, static_cast<std::int64_t>(dueNs_ - nowNs())));
  if (monitor_ == nullptr) return;
  monitor_->watch(sources);
  if (const int ms = monitor_->patienceMs(); ms >= 0) wakeIn(ms * kNsPerMs);
}

void Container::onTurn(int controlSocket) {
  goOnEnding(controlSocket);
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
  if (!sync_) return;
  // Before somebody is reaped: the number of one who takes over is its own until then.
  adoptSibling();
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
  // It has gone, too, where it left something of ours unread (unix(7), ECONNRESET). All else is our own lack, such as of a
  // descriptor for its terminal: it lives, and waits for us or runs on without what we have lost.
  if (received.bytes < 0 && errno != ECONNRESET) return giveUp(controlSocket, errno);
  startedNs_ = nowNs();
  sync_.reset();
  adoptSibling();
  // A failure is reported when the process has been reaped, so that nothing is left by the time it is known.
  if (dying_ || page_->failed.load() != 0 || page_->executing.load() == 0) return;
  if (!pidfd_) return giveUp(controlSocket, EMFILE);
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

void Container::forgetStart() {
  // Once its end has begun, a place in the plan is remembered.
  if (!started_ || end_ != End::none) return;
  listens_ = nullptr;
  plan_->keepFrom(Phase::cleanup);
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
