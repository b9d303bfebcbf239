#include "agent-port.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "network.h"
#include "stats.h"

namespace ringside::guest {

namespace {

constexpr size_t kMostOutgoingBytes = 64 * 1024;
constexpr size_t kReadBytes = 32 * 1024;
constexpr int kTurns = 16;
constexpr int kOwnFailure = 125;
constexpr uint32_t kMostSignal = 64;

// Documentation/admin-guide/sysrq.rst: it panics, whatever else is allowed.
std::string crash() {
  const Descriptor trigger(open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC));
  if (trigger && write(trigger.get(), "c", 1) == 1) return "the kernel has been told to crash, and goes on";
  return std::string("cannot write to /proc/sysrq-trigger: ") + strerror(errno);
}

bool hasHungUp(int fd) {
  pollfd wanted{fd, 0, 0};
  return poll(&wanted, 1, 0) > 0 && (wanted.revents & POLLHUP) != 0;
}

}  // namespace

AgentPort::AgentPort(std::string name, Descriptor device, Loop& loop, Machine& machine, const Run& run)
    : name_(std::move(name)), device_(std::move(device)), loop_(loop), machine_(machine), run_(run) {
  loop_.add(device_.get(), EPOLLIN | EPOLLOUT | EPOLLET, *this);
}

void AgentPort::onReady(uint32_t) { move(); }

bool AgentPort::reaped(pid_t pid, int status) {
  if (program_ == nullptr || program_->pid() != pid) return false;
  program_->ended(status);
  move();
  return true;
}

void AgentPort::move() {
  hasMore_ = true;
  for (int turn = 0; turn < kTurns; turn++) {
    bool moved = moveOut();
    moved |= moveIn();
    if (program_ != nullptr) {
      moved |= program_->move(outgoing_, outgoing_.size() < kMostOutgoingBytes);
      if (program_->isDone()) program_.reset();
    }
    if (!moved) {
      hasMore_ = false;
      return;
    }
  }
}

bool AgentPort::moveOut() {
  if (outgoing_.empty()) return false;
  const ssize_t count = write(device_.get(), outgoing_.data(), outgoing_.size());
  if (count <= 0) return false;
  outgoing_.erase(0, static_cast<size_t>(count));
  return true;
}

bool AgentPort::moveIn() {
  if (hasHungUp(device_.get())) {
    endSession();
    return false;
  }
  // Answers that the host does not take would fill memory.
  if (outgoing_.size() >= kMostOutgoingBytes) return false;
  char bytes[kReadBytes];
  const ssize_t count = read(device_.get(), bytes, sizeof bytes);
  if (count <= 0) return false;
  reader_.push(bytes, static_cast<size_t>(count));
  for (Frame frame;;) {
    const Found found = reader_.next(frame);
    if (found == Found::nothing) return true;
    if (found == Found::frame) obey(frame);
    else refuse("a frame that is not in the protocol");
  }
}

void AgentPort::obey(const Frame& frame) {
  uint16_t columns = 0;
  uint16_t rows = 0;
  uint32_t number = 0;
  uint32_t graceMs = 0;
  if (frame.kind == HostKind::hello) return greet(frame.payload);
  switch (frame.kind) {
    case HostKind::hello:
      return;
    case HostKind::exec:
      return exec(frame.payload);
    case HostKind::standardInput:
      if (program_ != nullptr && !program_->takeInput(frame.payload)) refuse("more input than there is room for");
      return;
    case HostKind::standardInputEnd:
      if (program_ != nullptr) program_->endInput();
      return;
    case HostKind::resize:
      if (!parseSize(frame.payload, columns, rows)) return refuse("a size of another shape");
      if (program_ != nullptr) program_->resize(columns, rows);
      return;
    case HostKind::signal:
      if (!parseNumber(frame.payload, number) || number > kMostSignal) return refuse("a signal that is none");
      return signal(static_cast<int>(number));
    case HostKind::stats:
      return answer(GuestKind::stats, readStats());
    case HostKind::ping:
      return answer(GuestKind::pong, frame.payload);
    case HostKind::stop:
      if (!parseStop(frame.payload, number, graceMs) || number > kMostSignal) return refuse("a stop of another shape");
      machine_.stop(static_cast<int>(number), graceMs);
      return answer(GuestKind::done);
    case HostKind::crash:
      return fail(kOwnFailure, crash());
    case HostKind::network: {
      NetworkRequest request;
      if (!parseNetwork(frame.payload, request)) return refuse("a network of another shape");
      const std::string why = raiseNetwork({request.prefixLength, request.address.c_str(), request.gateway.c_str(), request.nameServer.c_str()});
      return why.empty() ? answer(GuestKind::done) : fail(kOwnFailure, why);
    }
    case HostKind::consoleSize:
      if (!parseSize(frame.payload, columns, rows)) return refuse("a size of another shape");
      machine_.resizeConsole(columns, rows);
      return answer(GuestKind::done);
  }
}

// Whoever was here before has gone, even if nobody has seen it go.
void AgentPort::greet(std::string_view payload) {
  uint32_t version = 0;
  uint64_t session = 0;
  program_.reset();
  hasStarted_ = false;
  if (!parseHello(payload, version, session)) return refuse("a greeting of another shape");
  answer(GuestKind::hello, number32(kProtocolVersion) + number64(session));
}

// To this session's program; in a session that has started none, to the machine's own.
void AgentPort::signal(int number) {
  if (program_ != nullptr) program_->signal(number);
  if (hasStarted_) return;
  machine_.signal(number);
  answer(GuestKind::done);
}

void AgentPort::exec(std::string_view payload) {
  ExecRequest request;
  if (!parseExec(payload, request)) return refuse("a command of another shape");
  if (hasStarted_) return refuse("a second command in one session");
  hasStarted_ = true;
  StartedProgram started;
  StartFailure failure;
  if (!startProgram(request, run_, started, failure)) return fail(failure.code, failure.reason);
  answer(GuestKind::started, number32(static_cast<uint32_t>(started.pid)));
  program_ = std::make_unique<AgentProgram>(std::move(started), request.hasTerminal, loop_, *this);
}

void AgentPort::answer(GuestKind kind, std::string_view payload) { outgoing_ += makeFrame(kind, payload); }

void AgentPort::fail(int code, const std::string& reason) {
  answer(GuestKind::failed, number32(static_cast<uint32_t>(code)) + reason);
}

// What follows cannot be understood: the host has to connect anew.
void AgentPort::refuse(const char* what) {
  fail(kOwnFailure, std::string("the guest's agent was sent ") + what);
  program_.reset();
  reader_.seek();
}

void AgentPort::endSession() {
  program_.reset();
  reader_.seek();
  outgoing_.clear();
}

}  // namespace ringside::guest
