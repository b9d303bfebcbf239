// Reading what a call's arguments point to, out of the traced process (process_vm_readv(2)).
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace ringside::addon {

// What an argument points to. The table comes from runtime/trace/calls.ts.
enum class CaptureKind : std::uint8_t {
  text = 1,     // up to a NUL
  data = 2,     // as long as `length` says: an argument's number, or kLengthOfResult
  texts = 3,    // an array of texts up to a null pointer: each text with its NUL
  count = 4,    // such an array, but only how many: 8 bytes
  fixed = 5,    // `length` bytes
  vectors = 6,  // an array of iovec, `length` names the argument with their number: each 8 bytes of length, then data
};
constexpr std::uint8_t kLengthOfResult = 0xff;

struct Capture {
  std::uint16_t number;  // of the call, on the machine's own architecture
  std::uint8_t argument;
  CaptureKind kind;
  std::uint8_t length;
  std::uint8_t atExit;  // 0: when the call begins; 1: when it has succeeded
};
static_assert(sizeof(Capture) == 6);

class CaptureTable {
 public:
  CaptureTable(const Capture* rows, std::size_t count, std::size_t mostTextBytes, std::size_t mostDataBytes);

  // Appends the captures of one moment of a call to `out`. Returns how many.
  std::uint32_t read(pid_t tid, std::uint64_t number, const std::uint64_t* arguments, std::int64_t result, bool atExit,
                     std::string& out) const;

 private:
  std::unordered_map<std::uint64_t, std::vector<Capture>> rows_;
  std::size_t mostTextBytes_;
  std::size_t mostDataBytes_;
};

}  // namespace ringside::addon
