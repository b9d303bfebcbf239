// What the launcher itself does on the host, before the child and after it: directories, control files, descriptors.
#pragma once
#include <string>

#include "execution.h"

namespace ringside::files {

Outcome makeDirectory(const Step&, Execution&);
Outcome writeFile(const Step&, Execution&);
Outcome openPath(const Step&, Execution&);
Outcome openPidfd(const Step&, Execution&);

// The first `most` bytes of a file; none where it cannot be read.
std::string readWhole(const char* path, std::size_t most);
// Field `number` of /proc/PID/stat, as proc_pid_stat(5) counts them; 0 when there is no such process.
std::uint64_t statField(pid_t pid, int number);

// Appends `name NUL u32 length value` to `reports`; a file that is not there adds nothing.
void readReport(const Step&, std::string& reports);
// One attempt, which never waits. False: busy for a moment, as a cgroup is whose last process is just going (cgroups(7),
// "Removing"). What can never be done counts as done.
bool removeDirectory(const Step&);
bool removeEmpty(const char* path);
// With a user namespace as its root, where a descriptor of one is given: what lies there may belong to users of it.
void removeTree(const Step&, int users);

}  // namespace ringside::files
