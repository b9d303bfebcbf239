// What the launcher itself does on the host, before the child and after it: directories, control files, descriptors.
#pragma once
#include <string>

#include "execution.h"

namespace ringside::files {

Outcome makeDirectory(const Step&, Execution&);
Outcome writeFile(const Step&, Execution&);
Outcome openPath(const Step&, Execution&);
Outcome openPidfd(const Step&, Execution&);

// Appends `name NUL u32 length value` to `reports`; a file that is not there adds nothing.
void readReport(const Step&, std::string& reports);
void removeDirectory(const Step&);
// With a user namespace as its root, where a descriptor of one is given: what lies there may belong to users of it.
void removeTree(const Step&, int users);

}  // namespace ringside::files
