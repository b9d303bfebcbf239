// Control groups as the launcher handles them: made, given to somebody, emptied and removed (cgroups(7)).
#pragma once
#include "execution.h"

namespace ringside::cgroups {

Outcome makeGroup(const Step&, Execution&);
Outcome changeOwner(const Step&, Execution&);
Outcome attachDeviceFilter(const Step&, Execution&);

void killCgroup(const Step&);
void removeGroup(const Step&);

}  // namespace ringside::cgroups
