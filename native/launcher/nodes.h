// Directories, files, links and device nodes below an open directory of the container. The directory is resolved once;
// what is made there is looked at again by its handle.
#pragma once
#include "execution.h"

namespace ringside::nodes {

Outcome makeDirectoryIn(const Step&, Execution&);
Outcome openIn(const Step&, Execution&);
Outcome makeNode(const Step&, Execution&);
Outcome makeSymlink(const Step&, Execution&);
Outcome makeFile(const Step&, Execution&);
Outcome bindFile(const Step&, Execution&);

}  // namespace ringside::nodes
