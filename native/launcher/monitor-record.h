// What a monitor writes down when its container has ended: the exit record and a line of the events' log, both JSON.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace ringside {

struct Ending {
  int waitStatus;  // as wait4(2) gives it
  std::uint64_t userUs;
  std::uint64_t systemUs;
  std::uint64_t maxRssKiB;
  std::string_view reports;  // as in a reply: `name NUL u32 length value`, one after the other
};

namespace record {

// Writes the file at once: a reader sees all of it or nothing. False and errno on failure.
bool writeExit(const char* path, const Ending& ending);

// Appends `event` to the log of events with the time, and with an ending its exit code and whether memory ran out, put
// in: `event` is the beginning of a JSON object, up to and with the comma behind its last member.
void appendEvent(const char* path, const char* event, const Ending* ending);

}  // namespace record

}  // namespace ringside
