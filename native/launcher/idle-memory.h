// Gives back what a process that only waits does not need: freed heap, and its own program's pages, of which the few that
// waiting takes come back by themselves.
#pragma once

namespace ringside {

void giveBackMemory();

}  // namespace ringside
