// Decodes plans, under sanitizers, so that reading one byte too many ends it. Every string of a decoded plan is walked to
// its NUL and every list to its end, as the kernel would.
//
// Alone: plans from standard input, each as `u32 length` and its bytes; answers one letter each: d for decoded, r for
// refused. With RINGSIDE_LIBFUZZER: a target for libFuzzer (clang, -fsanitize=fuzzer).
#include <cstdint>
#include <cstdio>
#include <vector>

#include "../../native/launcher/plan.h"

namespace {

std::size_t walk(const ringside::Argument& argument) {
  std::size_t walked = 0;
  if (argument.texts != nullptr) {
    for (const char** text = argument.texts; *text != nullptr; text++) {
      for (const char* at = *text; *at != 0; at++) walked++;
    }
  } else if (argument.numbers != nullptr) {
    for (std::uint32_t n = 0; n < argument.length; n++) walked += argument.numbers[n] & 1;
  } else if (argument.text != nullptr) {
    for (std::uint32_t n = 0; n < argument.length; n++) walked += argument.text[n] & 1;
  }
  return walked;
}

// Whether the bytes are a plan.
bool decode(const std::uint8_t* data, std::size_t bytes) {
  const auto plan = ringside::Plan::decode({data, bytes});
  if (plan == nullptr) return false;
  volatile std::size_t walked = 0;
  const auto walkAll = [&] {
    for (const ringside::Step& step : plan->steps()) {
      for (int i = 0; i < step.row->argumentCount; i++) walked = walked + walk(step.arguments[i]);
    }
  };
  walkAll();
  // What a monitor keeps of it has to be as whole.
  plan->keepFrom(ringside::Phase::cleanup);
  walkAll();
  return true;
}

}  // namespace

#ifdef RINGSIDE_LIBFUZZER

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  decode(data, bytes);
  return 0;
}

#else

int main() {
  std::uint32_t length;
  while (fread(&length, sizeof length, 1, stdin) == 1) {
    // A block of exactly this size, so that the address sanitizer knows where it ends.
    std::vector<std::uint8_t> bytes(length);
    if (length > 0 && fread(bytes.data(), 1, length, stdin) != length) return 1;
    putchar(decode(bytes.data(), bytes.size()) ? 'd' : 'r');
  }
  return 0;
}

#endif
