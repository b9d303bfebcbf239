// What the inside may not see or not write, and the few files of /proc that a start writes itself: the defences against
// a container that has prepared its own /proc or /dev (CVE-2019-16884, CVE-2025-31133, CVE-2025-52881).
#pragma once
#include "execution.h"

namespace ringside::guards {

Outcome maskPath(const Step&, Execution&);
Outcome readonlyPath(const Step&, Execution&);
Outcome writeProc(const Step&, Execution&);

}  // namespace ringside::guards
