// A program that the agent has started, and the bytes on their way to it and from it.
#pragma once
#include <string>

#include <sys/types.h>

#include "agent-protocol.h"
#include "agent-start.h"
#include "loop.h"

namespace ringside::guest {

class AgentProgram {
 public:
  // `owner` is called when any of its descriptors has become ready.
  AgentProgram(StartedProgram started, bool hasTerminal, Loop& loop, Watcher& owner);
  // Kills what is left of its session, unless it has ended by itself.
  ~AgentProgram();
  AgentProgram(const AgentProgram&) = delete;
  AgentProgram& operator=(const AgentProgram&) = delete;

  pid_t pid() const { return pid_; }

  // False when the host sends more than it was told that there is room for.
  bool takeInput(std::string_view data);
  void endInput() { isInputEnding_ = true; }
  void resize(uint16_t columns, uint16_t rows) const;
  void signal(int number) const;
  void ended(int status);

  // Moves what can be moved: input to the program, and its output, of which no more than a frame at a time, to `frames`
  // if there is room. Returns whether anything moved.
  bool move(std::string& frames, bool hasRoom);

  // It has ended, and all that it has printed is in `frames`, the news of its end too.
  bool isDone() const { return isTold_; }

 private:
  bool moveInput(std::string& frames);
  bool moveOutput(Descriptor& from, GuestKind kind, std::string& frames);

  pid_t pid_;
  bool hasTerminal_;
  Descriptor input_;
  Descriptor output_;
  Descriptor errors_;
  std::string pendingInput_;
  bool isInputEnding_ = false;
  bool hasEnded_ = false;
  int status_ = 0;
  bool isTold_ = false;
};

}  // namespace ringside::guest
