// Resolving and creating below a root, by handle (openat2(2), RESOLVE_IN_ROOT): whatever the links of a hostile image
// say, and whoever swaps them meanwhile, nothing outside of the root is reached or made.
#pragma once
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include <cstdint>

namespace ringside::walk {

// Opens `path` below `root`, never leaving it. -1 and errno on failure.
int openBelow(int root, const char* path, std::uint64_t flags, std::uint64_t resolve = 0);

// Opens what is to be mounted over or filled, O_PATH. What is missing is made: directories on the way, then a directory
// or an empty file. A link whose target is missing is followed inside the root, as the image would.
int openOrMake(int root, const char* path, bool isFile, std::uint64_t resolve = 0, mode_t directoryMode = 0755);

// Opens the directory that holds the last name of `path`, which is put into `name`. Missing directories are made.
int openParent(int root, const char* path, char name[NAME_MAX + 1]);

}  // namespace ringside::walk
