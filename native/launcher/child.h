// The child's straight run through the plan: from clone to execve.
#pragma once
#include "execution.h"

namespace ringside {

// Runs the child's steps, and hands over to the launcher where a step is its own. `sync` is the child's end of the
// socket pair.
[[noreturn]] void runChild(const Plan& plan, Slots& slots, TracePage* page, int sync);

}  // namespace ringside
