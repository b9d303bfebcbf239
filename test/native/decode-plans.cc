// Decodes plans from standard input, each as `u32 length` and its bytes, and answers one letter each: d for decoded, r for
// refused. Built with sanitizers by decoder.test.ts, so that reading one byte too many ends it.
#include <cstdint>
#include <cstdio>
#include <vector>

#include "../../native/launcher/plan.h"

int main() {
  std::uint32_t length;
  while (fread(&length, sizeof length, 1, stdin) == 1) {
    // A block of exactly this size, so that the address sanitizer knows where it ends.
    std::vector<std::uint8_t> bytes(length);
    if (length > 0 && fread(bytes.data(), 1, length, stdin) != length) return 1;
    const auto plan = ringside::Plan::decode({bytes.data(), bytes.size()});
    // Every string is walked to its NUL and every list to its end, as the kernel would.
    std::size_t walked = 0;
    if (plan != nullptr) {
      for (const ringside::Step& step : plan->steps()) {
        for (int i = 0; i < step.row->argumentCount; i++) {
          const ringside::Argument& argument = step.arguments[i];
          if (argument.texts != nullptr) {
            for (const char** text = argument.texts; *text != nullptr; text++) {
              for (const char* at = *text; *at != 0; at++) walked++;
            }
          } else if (argument.numbers != nullptr) {
            for (std::uint32_t n = 0; n < argument.length; n++) walked += argument.numbers[n] & 1;
          } else if (argument.text != nullptr) {
            for (std::uint32_t n = 0; n < argument.length; n++) walked += argument.text[n] & 1;
          }
        }
      }
    }
    putchar(plan == nullptr ? 'r' : walked == SIZE_MAX ? '?' : 'd');
  }
  return 0;
}
