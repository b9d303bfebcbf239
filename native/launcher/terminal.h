// The container's own terminal: a pty of its own devpts (devpts(5), ioctl_tty(2)), its master sent to the launcher.
#pragma once
#include "execution.h"

namespace ringside::terminal {

Outcome connectSocket(const Step&, Execution&);
Outcome openTerminal(const Step&, Execution&);
Outcome takeTerminal(const Step&, Execution&);
Outcome newSession(const Step&, Execution&);
Outcome setStdio(const Step&, Execution&);
Outcome placeDescriptor(const Step&, Execution&);

}  // namespace ringside::terminal
