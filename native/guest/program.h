// Becoming a program: what the child does between fork(2) and execve(2), for the machine's own program and for those
// that the agent starts. Nothing here takes memory.
#pragma once
#include <cstddef>
#include <cstdint>

#include <sys/types.h>

namespace ringside::guest {

struct Identity {
  uid_t user;
  gid_t group;
  const gid_t* groups;  // supplementary
  size_t groupCount;
};

struct Launch {
  Identity identity;
  const char* directory;
  char* const* candidates;  // full paths to try in order, as execvp(3) would
  char* const* arguments;
  char* const* environment;
  int input;
  int output;
  int errors;
  int terminal;             // becomes the controlling terminal; -1: none
  bool isMain;              // tells the milestone
};

// Becomes the program, in a session of its own, or tells `failure` by an errno why it could not, and exits.
[[noreturn]] void becomeProgram(const Launch& launch, int failure);

// What the child has written to its end of `failure`; 0 when it is its program. Closes `fd`.
int execFailure(int fd);

// What a shell would exit with, see execve(2) and sh(1).
int exitCodeOf(int error);

}  // namespace ringside::guest
