// The viewers of a detached container: a stream socket in its state directory (unix(7)).
//
// A viewer reads the container's output from the log, not from here, so that no viewer can hold the container up for
// longer than its monitor is patient (monitor.cc). Here it asks to be told when the log goes on or the container ends, types, and resizes the terminal.
// A message is u8 kind, u8 zero, u16 bytes, then the bytes, little-endian, in both directions:
//
//     to the monitor     1 follow: u64 file, u64 offset       how far the log has been read; answered by `more` as soon as
//                                                             the log is beyond it
//                        2 write                              answered by `writer`; one viewer at a time may write
//                        3 input: bytes                       for the standard input or the terminal; from the writer only
//                        4 resize: u16 columns, u16 rows      the terminal; from the writer only
//     from the monitor   1 more
//                        2 writer: u8 (0: another one is, 1: you are, 2: nothing can be written)
//                        3 ended: i32 status as wait4(2) gives it; the log is complete
//
// The end of the socket means that all of the container has gone.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "../descriptor.h"
#include "monitor-log.h"

struct pollfd;

namespace ringside {

class MonitorViewers {
 public:
  // Listens at `directory`/attach. False and errno on failure.
  bool listen(const char* directory);

  // What the writer's input goes to: a pipe, or a terminal's master; -1: nothing any more. The caller keeps owning it.
  void setInput(int fd, bool isTerminal);

  // What poll(2) is to watch; the sources that it finds ready come back through onReady.
  void watch(std::vector<pollfd>& sources) const;
  void onReady(const pollfd& source, LogPosition end);

  // The log has grown.
  void onOutput();

  // Tells all that the container has ended. From now on nobody writes, and nobody waits for more.
  void onEnd(int waitStatus);

  // Whether anybody is still reading the log.
  bool hasFollowers() const;

  // Whether somebody has not read beyond that file of the log yet and is worth waiting for.
  bool needs(std::uint64_t file) const;
  // Those are waited for no more, until they say how far they are.
  void leaveBehind(std::uint64_t file);

 private:
  struct Viewer;

  void acceptViewers();
  bool receive(Viewer& viewer, LogPosition end);
  bool handle(Viewer& viewer, LogPosition end);
  void writeInput(Viewer& viewer);
  static void forgetMessage(Viewer& viewer);
  void send(Viewer& viewer, std::uint8_t kind, const void* data, std::uint16_t bytes);
  void remove(const Viewer& viewer);

  Descriptor listener_;
  std::vector<std::unique_ptr<Viewer>> viewers_;
  const Viewer* writer_ = nullptr;
  int input_ = -1;
  bool inputIsTerminal_ = false;
  bool ended_ = false;

 public:
  MonitorViewers();
  ~MonitorViewers();
};

}  // namespace ringside
