// Hooks that run inside of the container's namespaces: createContainer and startContainer (runtime-spec, config.md,
// "POSIX-platform Hooks").
#pragma once
#include "execution.h"

namespace ringside::hook {

Outcome runHook(const Step&, Execution&);

}  // namespace ringside::hook
