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
Outcome makeDirectoryIn(const Step&, Execution&);
Outcome openIn(const Step&, Execution&);
Outcome makeNode(const Step&, Execution&);
Outcome makeSymlink(const Step&, Execution&);
Outcome makeFile(const Step&, Execution&);
Outcome bindFile(const Step&, Execution&);
Outcome maskPath(const Step&, Execution&);
Outcome readonlyPath(const Step&, Execution&);
Outcome setMountAttributes(const Step&, Execution&);
Outcome pivotRoot(const Step&, Execution&);

// Opens `path` below `root`, never leaving it. -1 and errno on failure.
int openBelow(int root, const char* path, std::uint64_t flags, std::uint64_t resolve = 0);

}  // namespace ringside::mounts
