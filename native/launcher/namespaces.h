// Namespaces: new ones, joined ones, id maps, clock offsets (namespaces(7), user_namespaces(7), time_namespaces(7)).
#pragma once
#include "execution.h"

namespace ringside::namespaces {

// In the launcher.
Outcome openNamespace(const Step&, Execution&);
Outcome writeIdMaps(const Step&, Execution&);
Outcome runIdMapper(const Step&, Execution&);

// In the child.
Outcome joinNamespaces(const Step&, Execution&);
Outcome forkSibling(const Step&, Execution&);
Outcome unshareNamespaces(const Step&, Execution&);
Outcome becomeRoot(const Step&, Execution&);
Outcome setTimeOffsets(const Step&, Execution&);
Outcome setHostname(const Step&, Execution&);
Outcome setDomainname(const Step&, Execution&);

}  // namespace ringside::namespaces
