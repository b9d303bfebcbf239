// The child's straight run through the plan: from clone to execve.
#pragma once
#include "execution.h"

namespace ringside {

// Closes every descriptor from `from` on but those of `kept`, which are in ascending order. False with errno.
bool closeAllBut(unsigned from, const int* kept, std::size_t count);

// Runs the child's steps, and hands over to the launcher where a step is its own. `sync` is the child's end of the
// socket pair.
[[noreturn]] void runChild(const Plan& plan, Slots& slots, TracePage* page, int sync);

}  // namespace ringside
