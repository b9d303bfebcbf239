// The processor's time-stamp counter, whose frequency an emulated guest inherits: clock_gettime(2), RDTSC.
#include <errno.h>
#include <time.h>

#include <cstdint>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "errors.h"
#include "exports.h"

namespace ringside::addon {

namespace {

#if defined(__x86_64__)

constexpr int kAttempts = 16;
constexpr long kBetweenNs = 20'000'000;

struct Pair {
  int64_t nanoseconds;
  uint64_t ticks;
};

// Not slewed by NTP, as the guest's own clock would not be.
int64_t rawNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_RAW, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

// Both clocks at one moment: of several attempts, the one that was interrupted least.
Pair readBoth() {
  Pair best{};
  int64_t shortest = INT64_MAX;
  for (int attempt = 0; attempt < kAttempts; attempt++) {
    const int64_t before = rawNs();
    const uint64_t ticks = __rdtsc();
    const int64_t after = rawNs();
    if (after - before >= shortest) continue;
    shortest = after - before;
    best = {before + shortest / 2, ticks};
  }
  return best;
}

Napi::Value measureTscKhz(const Napi::CallbackInfo& info) {
  const Pair first = readBoth();
  const timespec between{0, kBetweenNs};
  nanosleep(&between, nullptr);
  const Pair second = readBoth();
  const double ticks = static_cast<double>(second.ticks - first.ticks);
  const double milliseconds = static_cast<double>(second.nanoseconds - first.nanoseconds) / 1e6;
  return Napi::Number::New(info.Env(), static_cast<double>(static_cast<int64_t>(ticks / milliseconds + 0.5)));
}

#else

Napi::Value measureTscKhz(const Napi::CallbackInfo& info) { return throwSystemError(info.Env(), ENOSYS, "rdtsc"); }

#endif

}  // namespace

void exportClock(Napi::Env env, Napi::Object exports) {
  exports.Set("measureTscKhz", Napi::Function::New(env, measureTscKhz));
}

}  // namespace ringside::addon
