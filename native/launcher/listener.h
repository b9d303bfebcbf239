// Handing a seccomp listener to whoever answers for it (runtime-spec, config-linux.md, "The Container Process State").
#pragma once
#include "execution.h"

namespace ringside::listener {

// The step of a plan that makes a listener; null when none does.
const Step* findStep(const Plan& plan);

// Takes the listener out of the child, which has put its number into the page, and sends it with the state to the socket
// in the step's slot. Tells the child how that went. False while the child has not come so far.
bool hand(const Step& step, const Slots& slots, TracePage* page, int pidfd, pid_t pid);

}  // namespace ringside::listener
