// Who the process is and what it may do: users, capabilities, seccomp, signals, session (credentials(7),
// capabilities(7), seccomp(2)).
#pragma once
#include "execution.h"

namespace ringside::identity {

Outcome joinCgroup(const Step&, Execution&);
Outcome joinNamespaces(const Step&, Execution&);
Outcome forkSibling(const Step&, Execution&);
Outcome unshareNamespaces(const Step&, Execution&);
Outcome setHostname(const Step&, Execution&);
Outcome loopbackUp(const Step&, Execution&);
Outcome joinKeyring(const Step&, Execution&);
Outcome setUmask(const Step&, Execution&);
Outcome setNoNewPrivileges(const Step&, Execution&);
Outcome dropBounding(const Step&, Execution&);
Outcome setUser(const Step&, Execution&);
Outcome setCapabilities(const Step&, Execution&);
Outcome setDirectory(const Step&, Execution&);
Outcome setSeccomp(const Step&, Execution&);
Outcome dieWithParent(const Step&, Execution&);
Outcome closeDescriptors(const Step&, Execution&);
Outcome waitForStart(const Step&, Execution&);
Outcome resetSignals(const Step&, Execution&);
Outcome execute(const Step&, Execution&);

}  // namespace ringside::identity
