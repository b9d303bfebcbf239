// The last steps: is the program there, the wait for `start`, and execve(2) itself.
#pragma once
#include "execution.h"

namespace ringside::execute {

Outcome resolveExecutable(const Step&, Execution&);
Outcome waitForStart(const Step&, Execution&);
Outcome closeDescriptors(const Step&, Execution&);
Outcome resetSignals(const Step&, Execution&);
Outcome execute(const Step&, Execution&);

}  // namespace ringside::execute
