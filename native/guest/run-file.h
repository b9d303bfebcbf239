// The run file: what to run, and how. runtime/vm/run-file.ts writes it; the fields and their order are the same there.
// Length-prefixed, since a kernel command line is too short and knows no quoting for arbitrary arguments.
#pragma once
#include <cstddef>
#include <cstdint>

#include <sys/types.h>

namespace ringside::guest {

struct Run {
  char* nonce;
  char* hostname;
  char* directory;
  uint32_t user;
  uint32_t group;
  size_t groupCount;
  gid_t* groups;         // supplementary
  uint32_t hasTerminal;  // the console is a terminal: echo, line editing, Ctrl-C
  uint32_t relaysInput;  // no terminal, but input: through a pipe, so that it can end
  uint32_t reportsLog;   // send the kernel's own log with its times at the end
  uint32_t columns;
  uint32_t rows;
  char* console;         // the device: /dev/ttyS0, /dev/hvc0
  uint32_t reportsOnConsole;  // milestones too: there is no debug console
  char** modules;        // files of the initramfs, each after what it needs
  char* rootDevice;      // empty: the initramfs is the root
  char* rootType;        // erofs, squashfs
  uint32_t hasAgent;     // serve the ports ringside.0 … of virtio-serial
  uint32_t hasNetwork;
  uint32_t prefixLength;
  char* address;
  char* gateway;
  char* nameServer;
  char** candidates;     // full paths to try in order, as execvp(3) would
  char** arguments;
  char** environment;
};

// Reads and deletes it. Ends the machine where it is not what it should be.
Run readRun();

}  // namespace ringside::guest
