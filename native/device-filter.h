// The list of allowed devices of a cgroup v2, as a BPF program of the type CGROUP_DEVICE (bpf(2)). Used by the launcher for
// a new group and by the addon for a running one.
#pragma once
#include <cstddef>

namespace ringside {

// Loads the instructions and hangs them on the group in place of those that were hung there before; programs of others,
// such as systemd's, stay, and all have to agree. Returns 0 or the errno.
int attachDeviceFilter(const char* group, const void* instructions, std::size_t bytes);

}  // namespace ringside
