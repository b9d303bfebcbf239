// The console of the machine's own program: a serial line or virtio-console, see termios(3) and, for the end,
// ioctl_tty(2). Without a terminal its input is relayed through a pipe, so that it can end.
#pragma once
#include <cstdint>

#include "../descriptor.h"
#include "loop.h"
#include "run-file.h"

namespace ringside::guest {

// Opens it, with the usual settings of a login line where it is a terminal, else so that bytes pass unchanged. Ends the
// machine where it is not there.
Descriptor openConsole(const Run& run);

void setSize(int terminal, uint32_t columns, uint32_t rows);

// Waits until every byte has left the device, else the last words of the program would be lost with the machine.
void drainConsole(int console);

// A line has no end of file. Without a terminal the host therefore escapes its input: DLE DLE is one DLE, DLE 'E' is the
// end. What the program does not take yet waits here, and the line is not read meanwhile.
class InputRelay : public Watcher {
 public:
  // Makes the pipe. Ends the machine where it cannot.
  InputRelay(Loop& loop, int console);

  // The program's end, once.
  int takeReadEnd() { return readEnd_.release(); }
  void start();
  void onReady(uint32_t events) override;

 private:
  void unescape(const unsigned char* in, size_t count);
  void flush();
  void watchPipe(bool wanted);

  Loop& loop_;
  int console_;
  Descriptor readEnd_;
  Descriptor writeEnd_;
  unsigned char pending_[256];
  size_t length_ = 0;
  size_t done_ = 0;
  bool escaped_ = false;
  bool ended_ = false;
};

}  // namespace ringside::guest
