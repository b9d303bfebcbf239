#include "child.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "syscalls.h"

namespace ringside {

namespace {

// As a shell has it; the program never ran.
constexpr int kNotExecuted = 127;

// The next steps are the launcher's. False when it has gone.
bool handOver(int sync) {
  const char kind = static_cast<char>(SyncKind::handOver);
  char answer;
  ssize_t count = write(sync, &kind, 1);
  if (count == 1) {
    do count = read(sync, &answer, 1);
    while (count < 0 && errno == EINTR);
  }
  return count == 1;
}

// When nobody reads the page any more, what went wrong is said where the program's own errors would go.
void sayFailure(const Plan& plan, const TracePage& page) {
  const std::uint32_t failed = page.failed.load();
  if (failed == 0 || failed > plan.steps().size()) return;
  const char* words[] = {"ringside: ", plan.steps()[failed - 1].row->name, ": ", strerrordesc_np(page.error.load()), "\n"};
  for (const char* word : words) {
    if (word != nullptr && write(STDERR_FILENO, word, strlen(word)) < 0) return;
  }
}

}  // namespace

bool closeAllBut(unsigned from, const int* kept, std::size_t count) {
  for (std::size_t i = 0; i < count; i++) {
    if (kept[i] < static_cast<int>(from)) continue;
    const unsigned keep = static_cast<unsigned>(kept[i]);
    if (keep > from && sys::close_range(from, keep - 1, 0) < 0) return false;
    from = keep + 1;
  }
  return sys::close_range(from, ~0u, 0) == 0;
}

// From here to execve nothing is allocated and nothing is locked: system calls and stores into the shared page only.
void runChild(const Plan& plan, Slots& slots, TracePage* page, int sync) {
  Execution execution{&slots, page, sync, -1};
  const std::vector<Step>& steps = plan.steps();
  bool cloned = false, asked = false;
  for (std::uint32_t i = 0; i < steps.size(); i++) {
    const Step& step = steps[i];
    const bool launchers = step.phase == Phase::host || step.operation() == Operation::pause;
    if (launchers && cloned && !asked && !handOver(execution.sync)) break;
    asked = launchers && cloned;
    cloned = cloned || step.operation() == Operation::clone;
    if (!launchers && step.phase == Phase::child && !runStep(runChildOperation, step, i, execution)) break;
  }
  if (page->released.load() != 0) sayFailure(plan, *page);
  _exit(kNotExecuted);
}

}  // namespace ringside
