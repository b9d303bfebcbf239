// Starts a program for the agent: a terminal or three pipes, the variables, the user, and the fork, see pty(7), pipe(7).
#pragma once
#include <string>

#include <sys/types.h>

#include "../descriptor.h"
#include "agent-protocol.h"
#include "run-file.h"

namespace ringside::guest {

// Our ends. With a terminal all is the master, in `output`. What is not there is not open.
struct StartedProgram {
  pid_t pid = -1;
  Descriptor input;
  Descriptor output;
  Descriptor errors;
};

struct StartFailure {
  int code;  // as a shell would exit
  std::string reason;
};

// Returns once the program has been exec'd, or could not be: false, with the reason. `run` gives what the request leaves
// open: the user, the directory and the variables of the machine's own program.
bool startProgram(const ExecRequest& request, const Run& run, StartedProgram& started, StartFailure& failure);

}  // namespace ringside::guest
