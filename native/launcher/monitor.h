// What stays with a detached container when the command that started it has ended: keeps its output, serves its viewers,
// and writes down how it ended. One launcher has one monitor at most; see main.cc for when it begins to live alone.
#pragma once
#include <cstdint>
#include <vector>

#include "../descriptor.h"
#include "execution.h"
#include "monitor-log.h"
#include "monitor-record.h"
#include "monitor-viewers.h"
#include "plan.h"

struct pollfd;

namespace ringside {

class Monitor {
 public:
  // The host operations keepLog and serveViewers. Pipes for the container's standard streams go into the slots that the
  // step names, our ends of them are kept.
  Outcome keepLog(const Step& step, Slots& slots);
  Outcome serveViewers(const Step& step, Slots& slots);

  // The container has a terminal instead of pipes: its master.
  void takeTerminal(Descriptor master);

  // What poll(2) is to watch; every source that is ready comes back through onReady.
  void watch(std::vector<pollfd>& sources);
  void onReady(const pollfd& source);

  // The cleanup operation recordExit: takes what is still in the pipes, writes the record and the event, tells the
  // viewers.
  void recordExit(const Step& step, const Ending& ending);

  // After recordExit: whether everything that is left of the container may be removed, since nobody is reading its log
  // any more, or has been for too long.
  bool mayRemove() const;
  // Milliseconds until there is something to do though nothing happens; -1: nothing to wait for.
  int patienceMs() const;

 private:
  struct Source {
    Descriptor fd;
    LogStream stream;
  };
  bool isHeld();
  bool readSome(Source& source);
  void drain(Source& source);

  MonitorLog log_;
  MonitorViewers viewers_;
  Source sources_[2]{{Descriptor(), LogStream::output}, {Descriptor(), LogStream::error}};
  Descriptor input_;
  bool hasTerminal_ = false;
  std::uint64_t endedNs_ = 0;
  std::uint64_t heldNs_ = 0;  // since when the container's output waits for a viewer
};

}  // namespace ringside
