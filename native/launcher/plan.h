// A decoded plan: every length checked against the bytes that are there, every string ended by its NUL, every list
// turned into the array that the kernel wants. After decoding, executing needs no allocation.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "../plan/operations.h"

namespace ringside {

struct Argument {
  std::uint64_t number = 0;               // u64, i64, slot
  const char* text = nullptr;             // string: NUL-terminated; bytes: not
  std::uint32_t length = 0;               // string: without its NUL; bytes: their count; lists: their length
  const char** texts = nullptr;           // strings: ends with a null pointer, as execve(2) wants it
  const std::uint64_t* numbers = nullptr;  // numbers
};

struct Step {
  const OperationRow* row;
  Phase phase;
  Argument arguments[kMostArguments];

  Operation operation() const { return row->operation; }
  std::uint64_t number(int index) const { return arguments[index].number; }
  unsigned slot(int index) const { return static_cast<unsigned>(arguments[index].number); }
  const char* text(int index) const { return arguments[index].text; }
  const Argument& list(int index) const { return arguments[index]; }
};

class Plan {
 public:
  // Copies and decodes. Returns null when the bytes are not a plan of this build.
  static std::unique_ptr<Plan> decode(std::span<const std::uint8_t> bytes);

  const std::vector<Step>& steps() const { return steps_; }

  // Forgets every step before `first`, and gives back their memory. With lists of numbers among the others all is kept.
  void keepFrom(Phase first);

 private:
  std::vector<std::uint64_t> storage_;  // the bytes, 8-byte aligned
  std::vector<Step> steps_;
  std::vector<std::unique_ptr<const char*[]>> lists_;

  friend class Decoder;
};

}  // namespace ringside
