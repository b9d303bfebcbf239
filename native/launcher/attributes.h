// What a process has beside its rights: limits, priorities, processors, memory nodes (setrlimit(2), sched_setattr(2),
// ioprio_set(2), set_mempolicy(2), personality(2)).
#pragma once
#include "execution.h"

namespace ringside::attributes {

Outcome setLimit(const Step&, Execution&);
Outcome setOomScore(const Step&, Execution&);
Outcome setScheduler(const Step&, Execution&);
Outcome setIoPriority(const Step&, Execution&);
Outcome setAffinity(const Step&, Execution&);
Outcome setPersonality(const Step&, Execution&);
Outcome setMemoryPolicy(const Step&, Execution&);
Outcome setUmask(const Step&, Execution&);

}  // namespace ringside::attributes
