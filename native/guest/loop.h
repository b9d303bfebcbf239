// The one loop of init: it waits for descriptors and calls whoever has asked for them, see epoll(7).
#pragma once
#include <cstdint>

#include "../descriptor.h"

namespace ringside::guest {

// What is called when a descriptor is ready.
class Watcher {
 public:
  // `events` as in epoll_ctl(2).
  virtual void onReady(uint32_t events) = 0;

 protected:
  ~Watcher() = default;
};

class Loop {
 public:
  // Ends the machine where the kernel has no room for one.
  Loop();

  // The watcher has to live until the descriptor is removed or closed. False where it cannot be watched.
  bool add(int fd, uint32_t events, Watcher& watcher);
  void change(int fd, uint32_t events, Watcher& watcher);
  void remove(int fd);

  // Waits for one event and has it handled, or until the time is over. -1: without end. One at a time: what a watcher
  // closes cannot come up any more.
  void runOnce(int timeoutMs);

 private:
  Descriptor epoll_;
};

}  // namespace ringside::guest
