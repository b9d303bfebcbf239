#include "loop.h"

#include <cerrno>

#include <sys/epoll.h>

#include "report.h"

namespace ringside::guest {

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) giveUp("epoll_create1");
}

bool Loop::add(int fd, uint32_t events, Watcher& watcher) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watcher;
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void Loop::change(int fd, uint32_t events, Watcher& watcher) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watcher;
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void Loop::remove(int fd) { epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

void Loop::runOnce(int timeoutMs) {
  epoll_event event{};
  const int count = epoll_wait(epoll_.get(), &event, 1, timeoutMs);
  if (count < 0 && errno != EINTR) giveUp("waiting");
  if (count > 0) static_cast<Watcher*>(event.data.ptr)->onReady(event.events);
}

}  // namespace ringside::guest
