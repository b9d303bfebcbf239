// One port of virtio-serial and the session on it, see Documentation/admin-guide/devices.rst of the kernel and
// drivers/char/virtio_console.c: poll(2) says POLLHUP while nobody on the host has the port open. The news that somebody
// has opened it comes by another queue than what they say, and may be later: until then, nothing is read.
#pragma once
#include <memory>
#include <string>

#include "../descriptor.h"
#include "agent-program.h"
#include "agent-protocol.h"
#include "loop.h"
#include "machine.h"
#include "run-file.h"

namespace ringside::guest {

class AgentPort : public Watcher {
 public:
  AgentPort(std::string name, Descriptor device, Loop& loop, Machine& machine, const Run& run);

  const std::string& name() const { return name_; }
  void onReady(uint32_t events) override;
  // Returns whether the process was this session's.
  bool reaped(pid_t pid, int status);
  // There is more to do than was done at once: the others had to have their turn.
  bool hasMore() const { return hasMore_; }
  // As far as it goes now.
  void move();

 private:
  bool moveOut();
  bool moveIn();
  void obey(const Frame& frame);
  void greet(std::string_view payload);
  void exec(std::string_view payload);
  void signal(int number);
  void answer(GuestKind kind, std::string_view payload = {});
  void fail(int code, const std::string& reason);
  void refuse(const char* what);
  void endSession();

  std::string name_;
  Descriptor device_;
  Loop& loop_;
  Machine& machine_;
  const Run& run_;
  FrameReader reader_;
  std::string outgoing_;
  std::unique_ptr<AgentProgram> program_;
  bool hasStarted_ = false;  // a program of its own: what comes later is not meant for the machine's
  bool hasMore_ = false;
};

}  // namespace ringside::guest
