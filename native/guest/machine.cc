#include "machine.h"

#include <algorithm>
#include <climits>
#include <csignal>

#include "console.h"
#include "report.h"

namespace ringside::guest {

void Machine::signal(int number) const { kill(program_, number); }

void Machine::resizeConsole(uint32_t columns, uint32_t rows) const { setSize(console_, columns, rows); }

void Machine::stop(int number, uint32_t graceMs) {
  signal(number);
  killAtNs_ = clockNs() + uint64_t{graceMs} * 1'000'000;
}

int Machine::patienceMs() const {
  if (killAtNs_ == 0) return -1;
  const uint64_t nowNs = clockNs();
  if (nowNs >= killAtNs_) return 0;
  return static_cast<int>(std::min<uint64_t>((killAtNs_ - nowNs) / 1'000'000 + 1, INT_MAX));
}

void Machine::keepTime() {
  if (killAtNs_ == 0 || clockNs() < killAtNs_) return;
  killAtNs_ = 0;
  signal(SIGKILL);
}

}  // namespace ringside::guest
