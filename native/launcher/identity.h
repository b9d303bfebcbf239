// Who the process is and what it may do: users, capabilities, seccomp, signals, session (credentials(7),
// capabilities(7), seccomp(2)).
#pragma once
#include "execution.h"

namespace ringside::identity {

Outcome joinCgroup(const Step&, Execution&);
Outcome joinKeyring(const Step&, Execution&);
Outcome setNoNewPrivileges(const Step&, Execution&);
Outcome dropBounding(const Step&, Execution&);
Outcome setUser(const Step&, Execution&);
Outcome setCapabilities(const Step&, Execution&);
Outcome setDirectory(const Step&, Execution&);
Outcome tryDirectory(const Step&, Execution&);
Outcome setSeccomp(const Step&, Execution&);
Outcome dieWithParent(const Step&, Execution&);

}  // namespace ringside::identity
