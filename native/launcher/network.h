// The network namespace's interfaces: its loopback, and devices of the host that move in (netdevice(7), rtnetlink(7)).
#pragma once
#include "execution.h"

namespace ringside::network {

// In the child.
Outcome loopbackUp(const Step&, Execution&);

// In the launcher, once the child is in its network namespace.
Outcome moveNetDevice(const Step&, Execution&);

}  // namespace ringside::network
