// What a tracer writes down: records one after the other, each with its length, little-endian; runtime/trace/records.ts
// reads the same layout. Times are CLOCK_MONOTONIC in nanoseconds.
#pragma once
#include <cstdint>
#include <string>

namespace ringside::addon {

enum class RecordKind : std::uint32_t { call = 1, signal = 2, exit = 3, spawn = 4, exec = 5, stop = 6 };

struct RecordHeader {
  std::uint32_t bytes;  // of the whole record
  RecordKind kind;
  std::int32_t thread;
  std::int32_t process;
  std::uint64_t atNs;  // when it was seen; of a call, its entry
};
static_assert(sizeof(RecordHeader) == 24);

constexpr std::uint32_t kNoExit = 1;  // the call never returned, or not before the tracer left

// After it: captureCount captures, each a CaptureHeader and its bytes.
struct CallRecord {
  std::uint64_t number;
  std::uint64_t arguments[6];
  std::int64_t returnValue;
  std::uint64_t enterNs;    // the process runs on into the kernel
  std::uint64_t exitNs;     // the kernel is done
  std::uint64_t resumedNs;  // the process runs on in its own code
  std::uint32_t architecture;  // AUDIT_ARCH_*
  std::uint32_t isError;
  std::uint32_t flags;
  std::uint32_t captureCount;
};
static_assert(sizeof(CallRecord) == 104);

struct CaptureHeader {
  std::uint32_t argument;
  std::uint32_t bytes;
  std::uint32_t isCut;  // there was more
  std::uint32_t isUnreadable;
};
static_assert(sizeof(CaptureHeader) == 16);

struct SignalRecord {
  std::int32_t signal;
  std::int32_t code;    // si_code
  std::int32_t sender;  // si_pid, for signals that a process sent
  std::uint32_t reserved;
  std::uint64_t address;  // si_addr, for faults
};
static_assert(sizeof(SignalRecord) == 24);

// exit: the wait status; spawn: the new thread's id; exec: the id that the thread had before; stop: the signal.
struct NumberRecord {
  std::int32_t number;
  std::uint32_t reserved;
};

template <typename Body>
std::string makeRecord(RecordKind kind, std::int32_t thread, std::int32_t process, std::uint64_t atNs, const Body& body,
                       const std::string& tail = "") {
  RecordHeader header{};
  header.bytes = static_cast<std::uint32_t>(sizeof header + sizeof body + tail.size());
  header.kind = kind;
  header.thread = thread;
  header.process = process;
  header.atNs = atNs;
  std::string record(reinterpret_cast<const char*>(&header), sizeof header);
  return record.append(reinterpret_cast<const char*>(&body), sizeof body).append(tail);
}

}  // namespace ringside::addon
