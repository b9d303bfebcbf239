// Requests from the host on the second serial port, which is there in every machine of ours, with an agent or without:
// one line each, "size COLUMNS ROWS", "signal NUMBER".
#pragma once
#include "../descriptor.h"
#include "loop.h"
#include "machine.h"

namespace ringside::guest {

class Requests : public Watcher {
 public:
  // Where there is no such port, nothing is ever asked.
  Requests(Loop& loop, Machine& machine);
  void onReady(uint32_t events) override;

 private:
  void obey() const;

  Machine& machine_;
  Descriptor line_;
  char pending_[128];
  size_t length_ = 0;
};

}  // namespace ringside::guest
