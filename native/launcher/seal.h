// The launcher runs from a sealed copy of itself (memfd_create(2), F_ADD_SEALS in fcntl(2)).
#pragma once
namespace ringside {

// Makes sure that this program runs from a sealed copy of itself in memory (memfd_create(2), F_ADD_SEALS), re-executing
// once. A container that gets hold of /proc/PID/exe can then overwrite nothing: not the file on disk, which it never
// sees, and not the copy, which nobody can write (CVE-2019-5736). Returns false, with errno, when it cannot.
bool runSealed(char** argv);

}  // namespace ringside
