// The agent: serves the host's sessions on the ports `ringside.0` … of virtio-serial.
#pragma once
#include <memory>
#include <vector>

#include <sys/types.h>

#include "agent-port.h"
#include "loop.h"
#include "machine.h"
#include "run-file.h"

namespace ringside::guest {

class Agent : public Watcher {
 public:
  // Takes the ports that are there, and each that comes.
  Agent(Loop& loop, Machine& machine, const Run& run);

  // The kernel has a new device, or a new name for one.
  void onReady(uint32_t events) override;
  void reaped(pid_t pid, int status);
  // Whether a port has more to do at once, and that.
  bool hasMore() const;
  void moveOn();

 private:
  void findPorts();
  void openPort(const std::string& device, const std::string& name);

  Loop& loop_;
  Machine& machine_;
  const Run& run_;
  Descriptor news_;
  std::vector<std::unique_ptr<AgentPort>> ports_;
};

}  // namespace ringside::guest
