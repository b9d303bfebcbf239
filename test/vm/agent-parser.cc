// The agent's parser of native/guest, for tests: built with sanitizers, and fed with whatever.
//   agent-parser kinds     prints every kind of frame with its number and its greatest length
//   agent-parser feed      reads chunks (a 4-byte length each) from its input, and prints what it finds in them: one
//                          letter a frame, `!` for nonsense, after which it waits for a greeting as the agent does
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "agent-protocol.h"

using namespace ringside::guest;

namespace {

void printKinds(const char* side, const KindRow* rows, size_t count) {
  for (size_t i = 0; i < count; i++) printf("%s %s %u %zu\n", side, rows[i].name, rows[i].kind, rows[i].mostBytes);
}

// Upper case where the payload has the shape that its kind asks for.
char letterOf(const Frame& frame) {
  const char letter = static_cast<char>('a' + static_cast<int>(frame.kind) - 1);
  uint32_t first = 0;
  uint32_t second = 0;
  uint16_t columns = 0;
  uint16_t rows = 0;
  uint64_t session = 0;
  ExecRequest exec;
  NetworkRequest network;
  bool isWhole = true;
  if (frame.kind == HostKind::hello) isWhole = parseHello(frame.payload, first, session);
  if (frame.kind == HostKind::exec) isWhole = parseExec(frame.payload, exec);
  if (frame.kind == HostKind::resize || frame.kind == HostKind::consoleSize) isWhole = parseSize(frame.payload, columns, rows);
  if (frame.kind == HostKind::signal) isWhole = parseNumber(frame.payload, first);
  if (frame.kind == HostKind::stop) isWhole = parseStop(frame.payload, first, second);
  if (frame.kind == HostKind::network) isWhole = parseNetwork(frame.payload, network);
  return isWhole ? static_cast<char>(letter - 'a' + 'A') : letter;
}

void feed() {
  FrameReader reader;
  uint32_t length = 0;
  while (fread(&length, sizeof length, 1, stdin) == 1) {
    // Exactly as large as the chunk: the sanitizer sees whoever reads beyond it.
    std::vector<char> chunk(length);
    if (length > 0 && fread(chunk.data(), 1, length, stdin) != length) break;
    reader.push(chunk.data(), chunk.size());
    Frame frame;
    for (Found found; (found = reader.next(frame)) != Found::nothing;) {
      if (found == Found::frame) {
        putchar(letterOf(frame));
      } else {
        putchar('!');
        reader.seek();
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "kinds") {
    printKinds("host", kHostKinds, std::size(kHostKinds));
    printKinds("guest", kGuestKinds, std::size(kGuestKinds));
  } else if (mode == "feed") {
    feed();
  } else {
    return 2;
  }
  return 0;
}
