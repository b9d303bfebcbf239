// The machine's own program: with its end the machine ends. What can be done to it, whoever asks.
#pragma once
#include <cstdint>

#include <sys/types.h>

namespace ringside::guest {

class Machine {
 public:
  Machine(pid_t program, int console) : program_(program), console_(console) {}

  pid_t program() const { return program_; }
  void signal(int number) const;
  void resizeConsole(uint32_t columns, uint32_t rows) const;

  // `number` now, SIGKILL when the time is over.
  void stop(int number, uint32_t graceMs);

  // How long the loop may wait, -1 for ever; and what is to be done once it has waited.
  int patienceMs() const;
  void keepTime();

 private:
  pid_t program_;
  int console_;
  uint64_t killAtNs_ = 0;  // 0: nobody has asked
};

}  // namespace ringside::guest
