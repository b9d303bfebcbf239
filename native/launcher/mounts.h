// Mounting by descriptor (fsopen(2), open_tree(2), move_mount(2)) and resolving below a root (openat2(2)). Once a root
// is open no absolute path is resolved again, so a hostile image has nothing to swap.
#pragma once
#include <cstdint>

#include "execution.h"

namespace ringside::mounts {

Outcome newOverlay(const Step&, Execution&);
Outcome newFilesystem(const Step&, Execution&);
Outcome setPropagation(const Step&, Execution&);
Outcome attachRoot(const Step&, Execution&);
Outcome mountAt(const Step&, Execution&);
Outcome remountIn(const Step&, Execution&);
Outcome setMountAttributes(const Step&, Execution&);
Outcome pivotRoot(const Step&, Execution&);
Outcome changeRoot(const Step&, Execution&);

// Attaches a detached mount at the directory or file that `target` is open on.
int attach(int mount, int target);

}  // namespace ringside::mounts
