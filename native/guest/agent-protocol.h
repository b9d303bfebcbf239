// What is said between the host and the agent, over one port of virtio-serial: frames of a 4-byte little-endian length of
// the payload, a byte that says the kind, and the payload. runtime/vm/agent-protocol.ts is the same for the host's side
// and explains it; a test compares the two. No system call in here: a test feeds it with anything.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringside::guest {

constexpr uint32_t kProtocolVersion = 1;
constexpr size_t kHeaderBytes = 5;
constexpr size_t kInputWindowBytes = 64 * 1024;
constexpr size_t kMostDataBytes = 16 * 1024;
constexpr size_t kMostRequestBytes = 256 * 1024;

enum class HostKind : uint8_t {
  hello = 1,
  exec = 2,
  standardInput = 3,
  standardInputEnd = 4,
  resize = 5,
  signal = 6,
  stats = 7,
  ping = 8,
  stop = 9,
  crash = 10,
  network = 11,
  consoleSize = 12,
};

enum class GuestKind : uint8_t {
  hello = 65,
  started = 66,
  standardOutput = 67,
  standardError = 68,
  exited = 69,
  failed = 70,
  stats = 71,
  pong = 72,
  done = 73,
  taken = 74,
};

struct KindRow {
  const char* name;  // as in agent-protocol.ts
  uint8_t kind;
  size_t mostBytes;
};

inline constexpr KindRow kHostKinds[] = {
    {"hello", 1, 12},  {"exec", 2, kMostRequestBytes}, {"stdin", 3, kMostDataBytes}, {"stdinEnd", 4, 0},
    {"resize", 5, 4},  {"signal", 6, 4},               {"stats", 7, 0},              {"ping", 8, 64},
    {"stop", 9, 8},    {"crash", 10, 0},               {"network", 11, 512},         {"consoleSize", 12, 4},
};

inline constexpr KindRow kGuestKinds[] = {
    {"hello", 65, 12},  {"started", 66, 4},   {"stdout", 67, kMostDataBytes}, {"stderr", 68, kMostDataBytes},
    {"exited", 69, 8},  {"failed", 70, 1024}, {"stats", 71, 256},             {"pong", 72, 64},
    {"done", 73, 0},    {"taken", 74, 4},
};

// One frame of the host. The payload lies in the reader, until more is pushed.
struct Frame {
  HostKind kind;
  std::string_view payload;
};

enum class Found { nothing, frame, nonsense };

// Cuts the host's stream into frames. It begins with a greeting: what comes before the next one is passed over, be it the
// rest of what a host that has gone had still under way, half a frame or whatever. After `nonsense` only `seek` helps.
class FrameReader {
 public:
  void push(const char* bytes, size_t count);
  Found next(Frame& frame);
  // Forgets what is here, and waits for a greeting.
  void seek();

 private:
  bool findGreeting();

  std::string pending_;
  size_t at_ = 0;
  bool isSeeking_ = true;
};

struct ExecRequest {
  bool hasTerminal;
  bool hasInput;
  uint16_t columns;
  uint16_t rows;
  std::string directory;
  std::string user;
  std::vector<std::string> command;
  std::vector<std::string> environment;
};

struct NetworkRequest {
  uint32_t prefixLength;
  std::string address;
  std::string gateway;
  std::string nameServer;
};

// Each is false where the payload has another shape.
bool parseHello(std::string_view payload, uint32_t& version, uint64_t& session);
bool parseExec(std::string_view payload, ExecRequest& request);
bool parseSize(std::string_view payload, uint16_t& columns, uint16_t& rows);
bool parseNumber(std::string_view payload, uint32_t& number);
bool parseStop(std::string_view payload, uint32_t& signal, uint32_t& graceMs);
bool parseNetwork(std::string_view payload, NetworkRequest& request);

// Little-endian, as everything here.
std::string number32(uint32_t value);
std::string number64(uint64_t value);

// One frame for the host. A payload that is longer than its kind may be is cut off.
std::string makeFrame(GuestKind kind, std::string_view payload);

}  // namespace ringside::guest
