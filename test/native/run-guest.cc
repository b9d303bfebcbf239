// Runs each guest that comes on standard input (seven numbers of 32 bits: load address, memory, segment, exits, time-out,
// what every `in` gets, length; and the code) and says on a line how it ended: built with sanitizers by kvm-guest.test.ts.
#include <cstdio>
#include <cstring>

#include "../../native/addon/kvm-guest.h"

namespace {

const char* wordsOf(const ringside::kvm::GuestReport& report) {
  using ringside::kvm::Ending;
  switch (report.ending) {
    case Ending::ended: return "ended";
    case Ending::shutdown: return "shutdown";
    case Ending::timedOut: return "timedOut";
    case Ending::tooManyExits: return "tooManyExits";
    case Ending::unknownExit: return "unknownExit";
  }
  return "nothing known";
}

}  // namespace

int main() {
  std::uint32_t header[7];
  while (std::fread(header, sizeof header, 1, stdin) == 1) {
    ringside::kvm::GuestOptions options;
    options.loadAddress = header[0];
    options.memoryBytes = header[1];
    options.extraSegment = header[2];
    options.mostExits = header[3];
    options.timeoutMs = header[4];
    options.inputByte = static_cast<std::uint8_t>(header[5]);
    options.endPort = 0xf4;
    options.markPort = 0x84;
    options.code.resize(header[6]);
    if (header[6] > 0 && std::fread(options.code.data(), header[6], 1, stdin) != 1) return 1;
    const auto result = ringside::kvm::runGuest(options);
    if (const auto* failure = std::get_if<ringside::kvm::GuestFailure>(&result)) {
      std::printf("failed %s\n", failure->call);
    } else {
      const auto& report = std::get<ringside::kvm::GuestReport>(result);
      std::printf("%s %zu\n", wordsOf(report), report.exits.size());
    }
  }
  return 0;
}
