#include "listener.h"

#include <errno.h>

#include <string>

#include "../descriptor.h"
#include "socket.h"
#include "syscalls.h"

namespace ringside::listener {

namespace {

// The state's pieces, with the pid as we number it between them.
std::string stateText(const Argument& pieces, pid_t pid) {
  std::string text;
  for (std::uint32_t i = 0; i < pieces.length; i++) {
    if (i > 0) text += std::to_string(pid);
    text += pieces.texts[i];
  }
  return text;
}

int handOne(const Step& step, const Slots& slots, const TracePage& page, int pidfd, pid_t pid) {
  using namespace argument::setSeccomp;
  const Descriptor fd(static_cast<int>(syscall(SYS_pidfd_getfd, pidfd, page.listener.load() - 1, 0)));
  if (!fd) return errno;
  const std::string state = stateText(step.list(k_state), pid);
  const int sent = fd.get();
  return sendMessage(slots[step.slot(k_listener)], state.data(), state.size(), &sent, 1) ? 0 : errno;
}

}  // namespace

const Step* findStep(const Plan& plan) {
  for (const Step& step : plan.steps()) {
    if (step.operation() == Operation::setSeccomp && step.slot(argument::setSeccomp::k_listener) != kNoSlot) return &step;
  }
  return nullptr;
}

bool hand(const Step& step, const Slots& slots, TracePage* page, int pidfd, pid_t pid) {
  if (page->listener.load() == 0) return false;
  const int error = handOne(step, slots, *page, pidfd, pid);
  page->listenerTaken.store(error == 0 ? 1 : -error);
  return true;
}

}  // namespace ringside::listener
