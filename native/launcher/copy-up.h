// The option tmpcopyup: a file system in memory that begins with what the image has in the directory it will cover.
#pragma once
#include "execution.h"

namespace ringside::copy {

Outcome copyUp(const Step&, Execution&);

}  // namespace ringside::copy
