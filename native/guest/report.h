// Milestones: what init tells the host about the machine itself, apart from the program's console.
//
// They go over QEMU's debug console (one byte per `out` to port 0xE9), never over the serial console: that one belongs to
// the program, and nothing that a program prints can be taken for a milestone. Each line is
//     NONCE NAME GUEST_CLOCK_NS [DETAIL]
// GUEST_CLOCK_NS is the guest's CLOCK_MONOTONIC, so that the host can take the delay of its own reading out of the
// stamps. The nonce is new for each start and is deleted with the run file before the program starts.
#pragma once
#include <cstdint>

namespace ringside::guest {

// Asks the kernel for the ports, see ioperm(2). False where it does not give them.
bool openMilestones();

// In the child, before execve, which would hand the ports on.
void closeMilestones();

// What stands at the head of each line from now on; and whether lines go over the console instead, since this machine has
// no debug console: they wait until there is one, and are told while no program of ours writes. The host tells them from
// the rest by the nonce (runtime/vm/vmm/serial-milestones.ts).
void nameMilestones(const char* nonce, bool onConsole);

// The console is there.
void milestonesOn(int console);

uint64_t clockNs();

// One milestone. `atNs` is when it happened, which may be before it could be told.
[[gnu::format(printf, 3, 4)]] void report(uint64_t atNs, const char* name, const char* format, ...);

// Ends the machine at once. The host knows everything from the milestones; the value only tells "init ended it".
[[noreturn]] void powerOff();

// Reports that the guest could not be set up, with errno's words, and ends the machine.
[[noreturn]] void giveUp(const char* what);

}  // namespace ringside::guest
