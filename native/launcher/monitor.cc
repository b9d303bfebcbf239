#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace ringside {

namespace {

// One read; static, so that an idle monitor does not touch it.
constexpr std::size_t kChunkBytes = 16384;
char chunk[kChunkBytes];

// What is taken at the end: whoever has been handed the pipe from inside could go on writing for ever.
constexpr std::size_t kMostDrainedBytes = 8u << 20;
// How long what is removed with its container waits for those who still read the log of it.
constexpr std::uint64_t kRemovalPatienceNs = 5'000'000'000;
// How long the container's output waits for a viewer who has not read what is to be let go of next. Once in vain, and
// that viewer is not waited for again: it will see that something is missing.
constexpr std::uint64_t kViewerPatienceNs = 2'000'000'000;

int remainingMs(std::uint64_t sinceNs, std::uint64_t patienceNs) {
  const std::uint64_t waited = nowNs() - sinceNs;
  return waited >= patienceNs ? -1 : static_cast<int>((patienceNs - waited) / 1'000'000) + 1;
}

// A pipe of which the container gets one end, blocking, and we keep the other, which never blocks.
bool openPipe(Descriptor& ours, int& theirs, bool weWrite) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return false;
  ours = Descriptor(ends[weWrite ? 1 : 0]);
  theirs = ends[weWrite ? 0 : 1];
  return fcntl(ours.get(), F_SETFL, O_NONBLOCK | (weWrite ? O_WRONLY : O_RDONLY)) == 0;
}

}  // namespace

Outcome Monitor::keepLog(const Step& step, Slots& slots) {
  using namespace argument::keepLog;
  if (!log_.open(step.text(k_directory), step.number(k_firstFile), step.number(k_fileBytes), step.number(k_files)))
    return Outcome::failed(errno);
  const int places[2] = {k_stdout, k_stderr};
  for (int i = 0; i < 2; i++) {
    if (step.slot(places[i]) == kNoSlot) continue;
    int theirs;
    if (!openPipe(sources_[i].fd, theirs, false)) return Outcome::failed(errno);
    slots.put(step.slot(places[i]), theirs);
  }
  return Outcome::done();
}

Outcome Monitor::serveViewers(const Step& step, Slots& slots) {
  using namespace argument::serveViewers;
  if (step.slot(k_stdin) != kNoSlot) {
    int theirs;
    if (!openPipe(input_, theirs, true)) return Outcome::failed(errno);
    slots.put(step.slot(k_stdin), theirs);
    viewers_.setInput(input_.get(), false);
  }
  return viewers_.listen(step.text(k_directory)) ? Outcome::done() : Outcome::failed(errno);
}

void Monitor::takeTerminal(Descriptor master) {
  hasTerminal_ = true;
  sources_[0].fd = std::move(master);
  viewers_.setInput(sources_[0].fd.get(), true);
}

void Monitor::watch(std::vector<pollfd>& sources) {
  if (!isHeld()) {
    for (const Source& source : sources_) {
      if (source.fd) sources.push_back({source.fd.get(), POLLIN, 0});
    }
  }
  viewers_.watch(sources);
}

bool Monitor::isHeld() {
  std::uint64_t file;
  if (!log_.wouldDrop(kChunkBytes, file) || !viewers_.needs(file)) {
    heldNs_ = 0;
    return false;
  }
  if (heldNs_ == 0) heldNs_ = nowNs();
  if (remainingMs(heldNs_, kViewerPatienceNs) >= 0) return true;
  viewers_.leaveBehind(file);
  heldNs_ = 0;
  return false;
}

void Monitor::onReady(const pollfd& ready) {
  // A terminal's master is both: its output is read here, its input is the viewers' affair.
  if ((ready.events & POLLOUT) == 0) {
    for (Source& source : sources_) {
      if (source.fd.get() != ready.fd) continue;
      if (readSome(source)) viewers_.onOutput();
      return;
    }
  }
  viewers_.onReady(ready, log_.end());
}

// False when there is nothing now. At the end of the stream the descriptor is let go.
bool Monitor::readSome(Source& source) {
  const ssize_t count = read(source.fd.get(), chunk, sizeof chunk);
  if (count > 0) {
    log_.append(source.stream, chunk, static_cast<std::size_t>(count));
    return true;
  }
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  // EIO: nobody has the terminal open (pty(7)); a program inside may open it again, but PID 1 has let go of it.
  if (hasTerminal_) viewers_.setInput(-1, false);
  source.fd.reset();
  return false;
}

void Monitor::drain(Source& source) {
  const LogPosition before = log_.end();
  for (std::size_t taken = 0; source.fd && taken < kMostDrainedBytes; taken += kChunkBytes) {
    if (!readSome(source)) break;
  }
  if (before.isBefore(log_.end())) viewers_.onOutput();
}

void Monitor::recordExit(const Step& step, const Ending& ending) {
  using namespace argument::recordExit;
  for (Source& source : sources_) drain(source);
  record::writeExit(step.text(k_path), ending);
  record::appendEvent(step.text(k_events), step.text(k_event), &ending);
  unlink(step.text(k_socket));
  viewers_.onEnd(ending.waitStatus);
  for (Source& source : sources_) source.fd.reset();
  input_.reset();
  endedNs_ = nowNs();
}

bool Monitor::mayRemove() const { return patienceMs() < 0; }

int Monitor::patienceMs() const {
  if (endedNs_ != 0) return viewers_.hasFollowers() ? remainingMs(endedNs_, kRemovalPatienceNs) : -1;
  return heldNs_ == 0 ? -1 : remainingMs(heldNs_, kViewerPatienceNs) + 1;
}

}  // namespace ringside
