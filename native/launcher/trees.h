// Trees of mounts that are made ready while the host's files can still be named, detached, and attached below the
// container's root later (open_tree(2), mount_setattr(2)).
#pragma once
#include "execution.h"

namespace ringside::trees {

Outcome cloneTree(const Step&, Execution&);
Outcome cloneDevice(const Step&, Execution&);
Outcome changeMount(const Step&, Execution&);
Outcome makeUserNamespace(const Step&, Execution&);
Outcome lockTrees(const Step&, Execution&);

}  // namespace ringside::trees
