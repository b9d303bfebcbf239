#include "agent-program.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "console.h"

namespace ringside::guest {

namespace {

// The session of a process, see proc_pid_stat(5); -1 when it has gone. The name in it may hold anything, the last `)`
// ends it.
pid_t sessionOf(const char* pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/stat", pid);
  const Descriptor file(open(path, O_RDONLY | O_CLOEXEC));
  char text[1024];
  const ssize_t count = file ? read(file.get(), text, sizeof text - 1) : 0;
  if (count <= 0) return -1;
  const std::string line(text, static_cast<size_t>(count));
  const size_t name = line.rfind(')');
  int session = -1;
  if (name == std::string::npos || sscanf(line.c_str() + name + 1, " %*c %*d %*d %d", &session) != 1) return -1;
  return session;
}

// Job control gives each pipeline a group of its own, so that the group of the first process is not all.
void killSession(pid_t session) {
  DIR* directory = opendir("/proc");
  if (directory == nullptr) return;
  while (const dirent* entry = readdir(directory)) {
    const pid_t pid = atoi(entry->d_name);
    if (pid > 1 && sessionOf(entry->d_name) == session) kill(pid, SIGKILL);
  }
  closedir(directory);
}

// What is still on its way from the other side of a terminal is brought over by poll(2), and not by read(2).
bool hasMore(int fd) {
  pollfd wanted{fd, POLLIN, 0};
  return poll(&wanted, 1, 0) > 0 && (wanted.revents & POLLIN) != 0;
}

}  // namespace

AgentProgram::AgentProgram(StartedProgram started, bool hasTerminal, Loop& loop, Watcher& owner)
    : pid_(started.pid),
      hasTerminal_(hasTerminal),
      input_(std::move(started.input)),
      output_(std::move(started.output)),
      errors_(std::move(started.errors)) {
  // On edges: each time all is moved that can be, so a level would only be told of again.
  if (input_) loop.add(input_.get(), EPOLLOUT | EPOLLET, owner);
  if (output_) loop.add(output_.get(), EPOLLIN | EPOLLET | (hasTerminal ? uint32_t{EPOLLOUT} : 0), owner);
  if (errors_) loop.add(errors_.get(), EPOLLIN | EPOLLET, owner);
}

AgentProgram::~AgentProgram() {
  if (hasEnded_) return;
  kill(pid_, SIGKILL);
  killSession(pid_);
}

bool AgentProgram::takeInput(std::string_view data) {
  if (pendingInput_.size() + data.size() > kInputWindowBytes) return false;
  pendingInput_.append(data);
  return true;
}

void AgentProgram::resize(uint16_t columns, uint16_t rows) const {
  if (hasTerminal_ && output_) setSize(output_.get(), columns, rows);
}

void AgentProgram::signal(int number) const {
  if (!hasEnded_) kill(pid_, number);
}

void AgentProgram::ended(int status) {
  hasEnded_ = true;
  status_ = status;
}

bool AgentProgram::move(std::string& frames, bool hasRoom) {
  bool moved = moveInput(frames);
  if (!hasRoom || isTold_) return moved;
  moved |= moveOutput(output_, GuestKind::standardOutput, frames);
  moved |= moveOutput(errors_, GuestKind::standardError, frames);
  if (moved || !hasEnded_) return moved;
  // Whoever else has these open, it is not the program that was asked for.
  const bool isSignal = WIFSIGNALED(status_);
  frames += makeFrame(GuestKind::exited, number32(isSignal ? 0 : static_cast<uint32_t>(WEXITSTATUS(status_))) +
                                             number32(isSignal ? static_cast<uint32_t>(WTERMSIG(status_)) : 0));
  isTold_ = true;
  return true;
}

bool AgentProgram::moveInput(std::string& frames) {
  const int fd = hasTerminal_ ? output_.get() : input_.get();
  bool moved = false;
  if (!pendingInput_.empty()) {
    const ssize_t count = fd < 0 ? -1 : write(fd, pendingInput_.data(), pendingInput_.size());
    if (count < 0 && fd >= 0 && errno == EAGAIN) return false;
    // Nobody reads any more: it is taken all the same, since the host waits for that.
    const size_t taken = count < 0 ? pendingInput_.size() : static_cast<size_t>(count);
    pendingInput_.erase(0, taken);
    frames += makeFrame(GuestKind::taken, number32(static_cast<uint32_t>(taken)));
    moved = true;
  }
  if (isInputEnding_ && pendingInput_.empty() && input_) {
    input_.reset();
    moved = true;
  }
  return moved;
}

bool AgentProgram::moveOutput(Descriptor& from, GuestKind kind, std::string& frames) {
  if (!from) return false;
  char part[kMostDataBytes];
  ssize_t count = read(from.get(), part, sizeof part);
  if (count < 0 && errno == EAGAIN && hasTerminal_ && hasEnded_ && hasMore(from.get())) {
    count = read(from.get(), part, sizeof part);
  }
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (count <= 0) {
    from.reset();  // EIO: nobody has the terminal open any more
    return true;
  }
  frames += makeFrame(kind, std::string_view(part, static_cast<size_t>(count)));
  return true;
}

}  // namespace ringside::guest
