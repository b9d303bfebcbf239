// What the guest's kernel says of itself: proc_meminfo(5), proc_stat(5), proc_uptime(5).
#pragma once
#include <string>

namespace ringside::guest {

// The fields of `STATS_FIELDS` (runtime/vm/agent-protocol.ts) in their order, 64 bits each.
std::string readStats();

}  // namespace ringside::guest
