// The end of a container: from its last sign of life until nothing is left of it and everybody knows. Nothing here waits,
// since others live in the same launcher: what cannot be done yet is tried again in a later turn of its loop.
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroups.h"
#include "container.h"
#include "files.h"

namespace ringside {

namespace {

// A group is busy for some microseconds after its last process has gone, and for longer where somebody had to be killed:
// 50 us, 100 us … about 3 s in all.
constexpr std::uint64_t kFirstWaitNs = 50'000;
constexpr unsigned kMostAttempts = 16;

std::uint64_t microseconds(const timeval& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000u + static_cast<std::uint64_t>(time.tv_usec);
}

void appendReport(std::string& reports, const char* name, const std::string& value) {
  const std::uint32_t length = static_cast<std::uint32_t>(value.size());
  reports.append(name).push_back(0);
  reports.append(reinterpret_cast<const char*>(&length), sizeof length).append(value);
}

}  // namespace

void Container::giveUp(int controlSocket, int error) {
  if (page_->error.load() == 0) page_->error.store(error);
  sync_.reset();
  failHost(controlSocket);
}

// A child that exists is killed, and its exit begins the end: nothing is left by the time that the failure is known.
void Container::failHost(int controlSocket) {
  paused_ = false;
  next_ = static_cast<std::uint32_t>(plan_->steps().size());
  if (pid_ <= 0) return beginEnd(controlSocket);
  if (!reaped_) killAll();
}

// By their numbers, which are theirs until we reap them, and need no descriptor. What they have started goes with their
// pid namespace or their groups (killCgroup), a hook with its parent; what has neither goes with the launcher (strays.h).
void Container::killAll() {
  dying_ = true;
  adoptSibling();
  for (const pid_t pid : {pid_, intermediate_}) {
    if (pid > 0) kill(pid, SIGKILL);
  }
  // Somebody may have paused it, and then waiting would have no end.
  for (const Step& step : plan_->steps()) {
    if (step.operation() == Operation::killCgroup) cgroups::thawCgroup(step);
  }
}

void Container::onExit(int controlSocket, pid_t pid, int status, const rusage& usage) {
  if (pid == intermediate_) intermediate_ = -1;
  if (pid != pid_ || reaped_) return;
  exitedNs_ = nowNs();
  reaped_ = true;
  // The end of the sync socket and the exit may arrive in either order.
  while (sync_) onSync(controlSocket);
  ending_ = {status, microseconds(usage.ru_utime), microseconds(usage.ru_stime), static_cast<std::uint64_t>(usage.ru_maxrss),
             {}};
  // Killed before exec by something outside of the plan, the memory limit above all: no step says so itself.
  if (!started_ && page_->failed.load() == 0 && page_->error.load() == 0 && WIFSIGNALED(status)) page_->error.store(EINTR);
  beginEnd(controlSocket);
}

void Container::abandon(int controlSocket) {
  abandoned_ = true;
  if (end_ == End::waits) end_ = End::abandon;
  if (pid_ > 0 && !reaped_) killAll();
  else if (end_ == End::none) beginEnd(controlSocket);
  goOnEnding(controlSocket);
}

void Container::removeIfOver(int controlSocket) {
  if (end_ != End::waits || !monitor_->mayRemove()) return;
  end_ = End::abandon;
  goOnEnding(controlSocket);
}

void Container::beginEnd(int controlSocket) {
  if (end_ != End::none) return;
  paused_ = false;
  slots_.closeAll();
  end_ = End::cleanup;
  goOnEnding(controlSocket);
}

void Container::goOnEnding(int controlSocket) {
  if (dueNs_ != 0 && nowNs() < dueNs_) return;
  dueNs_ = 0;
  if (end_ == End::cleanup && runPhase(Phase::cleanup)) {
    tellEnd(controlSocket);
    end_ = abandoned_ ? End::abandon : removes_ ? End::waits : End::over;
  }
  if (end_ == End::abandon && runPhase(Phase::abandon)) end_ = End::over;
}

// Goes on with the steps of a phase. False: the one that it has come to is to be tried again when it is due.
bool Container::runPhase(Phase phase) {
  const std::vector<Step>& steps = plan_->steps();
  for (; lastStep_ < steps.size(); lastStep_++) {
    if (steps[lastStep_].phase != phase) continue;
    StepTime untold{};
    StepTime& time = page_ == nullptr ? untold : page_->times[lastStep_];
    if (attempts_ == 0) time.startNs = nowNs();
    const bool isDone = runLastStep(steps[lastStep_]);
    time.endNs = nowNs();
    if (!isDone && ++attempts_ < kMostAttempts) {
      dueNs_ = time.endNs + (kFirstWaitNs << (attempts_ - 1));
      return false;
    }
    attempts_ = 0;
  }
  lastStep_ = 0;
  return true;
}

// A step of cleanup or abandon. What it cannot do at all is left: there is nobody to tell, and the next step may still help.
bool Container::runLastStep(const Step& step) {
  switch (step.operation()) {
    case Operation::readReport:
      files::readReport(step, reports_);
      return true;
    case Operation::killCgroup:
      return cgroups::killCgroup(step);
    case Operation::removeGroup:
      return cgroups::removeGroup(step);
    case Operation::removeDirectory:
      return files::removeDirectory(step);
    case Operation::removeTree:
      files::removeTree(step, users_.get());
      return true;
    case Operation::removeFile:
      unlink(step.text(argument::removeFile::k_path));
      return true;
    case Operation::recordExit:
      recordExit(step);
      return true;
    case Operation::recordEvent:
      record::appendEvent(step.text(argument::recordEvent::k_events), step.text(argument::recordEvent::k_event), nullptr);
      return true;
    default:
      return true;
  }
}

void Container::recordExit(const Step& step) {
  if (monitor_ == nullptr || !started_ || recorded_) return;
  recorded_ = true;
  removes_ = step.number(argument::recordExit::k_remove) != 0;
  ending_.reports = reports_;
  monitor_->recordExit(step, ending_);
}

void Container::tellEnd(int controlSocket) {
  if (!started_) return tellFailure(controlSocket);
  Reply reply{};
  reply.kind = ReplyKind::exited;
  reply.pid = pid_;
  reply.waitStatus = ending_.waitStatus;
  reply.timeNs = exitedNs_;
  reply.userUs = ending_.userUs;
  reply.systemUs = ending_.systemUs;
  reply.maxRssKiB = ending_.maxRssKiB;
  send(controlSocket, reply, reports_, nullptr, 0);
  pidfd_.reset();
}

void Container::tellFailure(int controlSocket) {
  Reply reply{};
  reply.kind = ReplyKind::failed;
  reply.error = ENOMEM;
  if (page_ != nullptr) {
    reply.error = page_->error.load();
    reply.failedStep = page_->failed.load();
    page_->detail[kDetailBytes - 1] = 0;
    if (page_->detail[0] != 0) appendReport(reports_, "kernel", page_->detail);
  }
  send(controlSocket, reply, reports_, nullptr, 0);
}

}  // namespace ringside
