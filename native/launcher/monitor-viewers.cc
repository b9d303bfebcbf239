#include "monitor-viewers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace ringside {

namespace {

constexpr std::size_t kMostViewers = 32;
constexpr std::size_t kMostPayload = 4096;
constexpr int kBacklog = 128;

enum ToMonitor : std::uint8_t { kFollow = 1, kWrite = 2, kInput = 3, kResize = 4 };
enum FromMonitor : std::uint8_t { kMore = 1, kWriter = 2, kEnded = 3 };
enum Writing : std::uint8_t { kTaken = 0, kGranted = 1, kNoInput = 2 };

struct Header {
  std::uint8_t kind;
  std::uint8_t zero;
  std::uint16_t bytes;
};
static_assert(sizeof(Header) == 4);

bool isOurs(int socket) {
  ucred peer{};
  socklen_t length = sizeof peer;
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && (peer.uid == 0 || peer.uid == geteuid());
}

}  // namespace

struct MonitorViewers::Viewer {
  Descriptor socket;
  bool follows = false;   // has asked for the log at least once
  bool isSlow = false;    // has been waited for in vain
  LogPosition seen{};     // how far it has read, as it said last
  bool waits = false;     // is to be told when the log goes on
  bool blocked = false;   // its input has to wait until the container reads
  std::size_t have = 0;   // bytes of the message that have arrived
  std::size_t taken = 0;  // bytes of an input message that the container has taken
  union {
    char bytes[sizeof(Header) + kMostPayload];
    Header header;
  };
  explicit Viewer(int fd) : socket(fd), header{} {}
  char* payload() { return bytes + sizeof(Header); }
};

MonitorViewers::MonitorViewers() = default;
MonitorViewers::~MonitorViewers() = default;

bool MonitorViewers::listen(const char* directory) {
  const Descriptor place(open(directory, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!place || !socket) return false;
  // By the descriptor, since a socket's path may have 107 bytes only and a directory's any number.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/attach", place.get());
  const mode_t before = umask(0177);
  const bool bound = bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int error = errno;
  umask(before);
  errno = error;
  if (!bound || ::listen(socket.get(), kBacklog) < 0) return false;
  listener_ = std::move(socket);
  return true;
}

void MonitorViewers::setInput(int fd, bool isTerminal) {
  input_ = fd;
  inputIsTerminal_ = isTerminal;
  if (fd >= 0) return;
  for (const auto& viewer : viewers_) {
    if (viewer->blocked) forgetMessage(*viewer);
  }
}

void MonitorViewers::watch(std::vector<pollfd>& sources) const {
  if (listener_ && viewers_.size() < kMostViewers) sources.push_back({listener_.get(), POLLIN, 0});
  for (const auto& viewer : viewers_) {
    if (viewer->blocked) sources.push_back({input_, POLLOUT, 0});
    // Even one whose input has to wait is seen to go: POLLHUP needs no asking.
    sources.push_back({viewer->socket.get(), static_cast<short>(viewer->blocked ? 0 : POLLIN), 0});
  }
}

void MonitorViewers::onReady(const pollfd& source, LogPosition end) {
  if (source.fd == listener_.get()) return acceptViewers();
  for (const auto& viewer : viewers_) {
    if (viewer->blocked && source.fd == input_) {
      writeInput(*viewer);
    } else if (source.fd == viewer->socket.get() && (viewer->blocked || !receive(*viewer, end))) {
      remove(*viewer);
      return;
    }
  }
}

void MonitorViewers::acceptViewers() {
  while (viewers_.size() < kMostViewers) {
    const int fd = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    if (isOurs(fd)) viewers_.push_back(std::make_unique<Viewer>(fd));
    else close(fd);
  }
}

// False when the viewer is to be let go.
bool MonitorViewers::receive(Viewer& viewer, LogPosition end) {
  const std::size_t wanted =
      viewer.have < sizeof(Header) ? sizeof(Header) : sizeof(Header) + std::size_t{viewer.header.bytes};
  const ssize_t count = recv(viewer.socket.get(), viewer.bytes + viewer.have, wanted - viewer.have, MSG_DONTWAIT);
  if (count == 0) return false;
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  viewer.have += static_cast<std::size_t>(count);
  if (viewer.have < sizeof(Header)) return true;
  if (viewer.header.bytes > kMostPayload) return false;
  if (viewer.have < sizeof(Header) + std::size_t{viewer.header.bytes}) return true;
  return handle(viewer, end);
}

bool MonitorViewers::handle(Viewer& viewer, LogPosition end) {
  const std::size_t bytes = viewer.header.bytes;
  const std::uint8_t kind = viewer.header.kind;
  if (kind == kInput && &viewer == writer_) {
    writeInput(viewer);
    return true;
  }
  viewer.have = 0;
  if (kind == kFollow && bytes == 16) {
    LogPosition seen;
    memcpy(&seen.file, viewer.payload(), 8);
    memcpy(&seen.offset, viewer.payload() + 8, 8);
    viewer.follows = true;
    viewer.isSlow = false;
    viewer.seen = seen;
    viewer.waits = !ended_ && !seen.isBefore(end);
    if (!viewer.waits && !ended_) send(viewer, kMore, nullptr, 0);
    return true;
  }
  if (kind == kWrite && bytes == 0) {
    if (writer_ == nullptr && input_ >= 0 && !ended_) writer_ = &viewer;
    const std::uint8_t answer = writer_ == &viewer ? kGranted : input_ < 0 ? kNoInput : kTaken;
    send(viewer, kWriter, &answer, sizeof answer);
    return true;
  }
  if (kind == kResize && bytes == 4) {
    if (&viewer != writer_ || !inputIsTerminal_) return true;
    std::uint16_t size[2];
    memcpy(size, viewer.payload(), sizeof size);
    winsize window{};
    window.ws_col = size[0];
    window.ws_row = size[1];
    ioctl(input_, TIOCSWINSZ, &window);
    return true;
  }
  return kind == kInput;  // of one who may not write: ignored; anything else is no message of ours
}

// Writes what the container takes now; the rest when poll(2) says so.
void MonitorViewers::writeInput(Viewer& viewer) {
  viewer.blocked = false;
  while (input_ >= 0 && viewer.taken < viewer.header.bytes) {
    const ssize_t count = ::write(input_, viewer.payload() + viewer.taken, viewer.header.bytes - viewer.taken);
    if (count > 0) {
      viewer.taken += static_cast<std::size_t>(count);
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    viewer.blocked = count < 0 && errno == EAGAIN;
    if (viewer.blocked) return;
    break;  // nobody will read it any more
  }
  forgetMessage(viewer);
}

void MonitorViewers::forgetMessage(Viewer& viewer) {
  viewer.blocked = false;
  viewer.have = 0;
  viewer.taken = 0;
}

void MonitorViewers::onOutput() {
  for (const auto& viewer : viewers_) {
    if (!viewer->waits) continue;
    viewer->waits = false;
    send(*viewer, kMore, nullptr, 0);
  }
}

void MonitorViewers::onEnd(int waitStatus) {
  ended_ = true;
  listener_.reset();
  setInput(-1, false);
  writer_ = nullptr;
  for (const auto& viewer : viewers_) {
    viewer->waits = false;
    send(*viewer, kEnded, &waitStatus, sizeof waitStatus);
  }
}

bool MonitorViewers::hasFollowers() const {
  for (const auto& viewer : viewers_) {
    if (viewer->follows) return true;
  }
  return false;
}

bool MonitorViewers::needs(std::uint64_t file) const {
  for (const auto& viewer : viewers_) {
    if (viewer->follows && !viewer->isSlow && viewer->seen.file <= file) return true;
  }
  return false;
}

void MonitorViewers::leaveBehind(std::uint64_t file) {
  for (const auto& viewer : viewers_) {
    if (viewer->follows && viewer->seen.file <= file) viewer->isSlow = true;
  }
}

// Each but `ended` answers a question; who asks without reading the answers need not be told.
void MonitorViewers::send(Viewer& viewer, std::uint8_t kind, const void* data, std::uint16_t bytes) {
  char message[sizeof(Header) + 8];
  const Header header{kind, 0, bytes};
  memcpy(message, &header, sizeof header);
  if (bytes > 0) memcpy(message + sizeof header, data, bytes);
  ::send(viewer.socket.get(), message, sizeof header + bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void MonitorViewers::remove(const Viewer& viewer) {
  if (writer_ == &viewer) writer_ = nullptr;
  std::erase_if(viewers_, [&](const auto& one) { return one.get() == &viewer; });
}

}  // namespace ringside
