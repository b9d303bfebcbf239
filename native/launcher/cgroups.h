// Control groups as the launcher handles them: made, given to somebody, emptied and removed (cgroups(7)).
#pragma once
#include "execution.h"

namespace ringside::cgroups {

Outcome makeGroup(const Step&, Execution&);
Outcome changeOwner(const Step&, Execution&);
Outcome attachDeviceFilter(const Step&, Execution&);

// So that who is frozen there can die of what it has been sent. The step is a killCgroup.
void thawCgroup(const Step&);

// One attempt each, which never waits. False: not done yet, and worth another attempt a moment later.
bool killCgroup(const Step&);
bool removeGroup(const Step&);

}  // namespace ringside::cgroups
