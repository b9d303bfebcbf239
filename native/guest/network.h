// The guest's network by ioctl, see netdevice(7), rtnetlink's older sibling that needs no library, and rt(8).
#pragma once
#include <string>

namespace ringside::guest {

struct Network {
  unsigned prefixLength;
  const char* address;
  const char* gateway;
  const char* nameServer;
};

// Brings `lo` up. A guest without it still runs, so a failure is not the end.
void raiseLoopback();

// Gives the first network device an address, the gateway, and writes resolv.conf(5).
// Returns what could not be done and why; empty when all is done.
std::string raiseNetwork(const Network& network);

}  // namespace ringside::guest
