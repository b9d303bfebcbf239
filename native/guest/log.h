// The kernel's own log as milestones, see Documentation/ABI/testing/dev-kmsg of the kernel.
#pragma once

namespace ringside::guest {

// Sends the marks of the kernel's log with the kernel's own times, after the program, where it disturbs no start. A line
// of our own ties the log's clock to CLOCK_MONOTONIC.
void reportLog();

}  // namespace ringside::guest
