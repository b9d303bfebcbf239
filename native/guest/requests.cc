#include "requests.h"

#include <cstdio>

#include <fcntl.h>
#include <sys/epoll.h>
#include <termios.h>
#include <unistd.h>

namespace ringside::guest {

namespace {

constexpr const char* kPort = "/dev/ttyS1";

}  // namespace

Requests::Requests(Loop& loop, Machine& machine)
    : machine_(machine), line_(open(kPort, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) {
  termios settings{};
  if (!line_ || tcgetattr(line_.get(), &settings) != 0) return;
  cfmakeraw(&settings);
  settings.c_cflag |= CREAD | CLOCAL;
  tcsetattr(line_.get(), TCSANOW, &settings);
  loop.add(line_.get(), EPOLLIN, *this);
}

// They come in pieces: what has no end of line yet is kept.
void Requests::onReady(uint32_t) {
  char in[64];
  const ssize_t count = read(line_.get(), in, sizeof in);
  for (ssize_t i = 0; i < count; i++) {
    if (in[i] == '\n') {
      pending_[length_] = '\0';
      obey();
      length_ = 0;
    } else if (length_ < sizeof pending_ - 1) {
      pending_[length_++] = in[i];
    }
  }
}

void Requests::obey() const {
  unsigned first = 0;
  unsigned second = 0;
  if (sscanf(pending_, "size %u %u", &first, &second) == 2) machine_.resizeConsole(first, second);
  if (sscanf(pending_, "signal %u", &first) == 1) machine_.signal(static_cast<int>(first));
}

}  // namespace ringside::guest
