// The processor and its memory: the least visit to the kernel, a page that is not there yet, bytes moved, a loop.
#include <linux/mman.h>

#include "raw.h"

namespace overhead {

namespace {

constexpr u64 kCalls = 2000;
constexpr u64 kPageBytes = 4096;
constexpr u64 kPages = 512;
constexpr u64 kCopiedBytes = 16ul << 20;
constexpr u64 kTurns = 1'000'000;

// Sixteen bytes at once, which every processor of these architectures can.
using Chunk = unsigned long __attribute__((vector_size(16)));

[[gnu::noinline, gnu::optimize("no-tree-loop-distribute-patterns")]] void copy(Chunk* to, const Chunk* from, u64 chunks) {
  for (u64 i = 0; i < chunks; i += 4) {
    to[i] = from[i];
    to[i + 1] = from[i + 1];
    to[i + 2] = from[i + 2];
    to[i + 3] = from[i + 3];
  }
}

}  // namespace

void measureGetpid() {
  const u64 start = nowNs();
  for (u64 i = 0; i < kCalls; i++) call(__NR_getpid);
  sampleNs("getpid", nowNs() - start, kCalls);
}

// The first write to each page of a fresh area; pages of 2 MiB would make it one fault.
void measurePageFault() {
  constexpr u64 kBytes = kPages * kPageBytes;
  u8* area = reserve(kBytes);
  if (area == nullptr) refuse("mmap", -12);
  call(__NR_madvise, address(area), kBytes, MADV_NOHUGEPAGE);  // where they are unknown, there are none
  const u64 start = nowNs();
  for (u64 page = 0; page < kPages; page++) static_cast<volatile u8*>(area)[page * kPageBytes] = 1;
  sampleNs("pageFault", nowNs() - start, kPages);
}

void measureMemoryCopy() {
  u8* from = reserve(kCopiedBytes);
  u8* to = reserve(kCopiedBytes);
  if (from == nullptr || to == nullptr) refuse("mmap", -12);
  const auto once = [&] {
    copy(reinterpret_cast<Chunk*>(to), reinterpret_cast<const Chunk*>(from), kCopiedBytes / sizeof(Chunk));
  };
  for (u64 at = 0; at < kCopiedBytes; at += kPageBytes) from[at] = 1;
  once();  // every page is there now
  const u64 start = nowNs();
  once();
  sampleRate("memoryCopy", kCopiedBytes, nowNs() - start);
}

// Each turn needs the one before it: a multiplication and an addition (Knuth's MMIX generator), no memory, no kernel.
void measureCompute() {
  u64 value = 1;
  const u64 start = nowNs();
  for (u64 turn = 0; turn < kTurns; turn++) {
    value = value * 6364136223846793005ul + 1442695040888963407ul;
    __asm__ volatile("" : "+r"(value));
  }
  sampleNs("compute", nowNs() - start, kTurns);
}

}  // namespace overhead
