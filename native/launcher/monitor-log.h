// What a detached container prints, kept in files of bounded size and number.
//
// A directory holds the files log.0, log.1 …; the highest number is being written, and when it is full the next begins
// and the oldest goes. A number is never used again, so a reader always knows whether it has missed something. A file is
// a row of records, nothing between them:
//
//     u32 magic "RLOG"   u32 stream   u32 bytes   u32 zero   u64 nanoseconds since 1970   then the bytes
//
// one record for each read from the container: nothing is escaped, split or re-encoded. Stream 1 is standard output (or
// the terminal), 2 standard error; 3 stands for bytes that could not be written, its eight bytes say how many.
#pragma once
#include <cstddef>
#include <cstdint>

#include "../descriptor.h"

namespace ringside {

struct LogPosition {
  std::uint64_t file;
  std::uint64_t offset;
  bool isBefore(const LogPosition& other) const {
    return file != other.file ? file < other.file : offset < other.offset;
  }
};

enum class LogStream : std::uint32_t { output = 1, error = 2, lost = 3 };

class MonitorLog {
 public:
  // Opens `directory`, which exists, and begins log.`firstFile`. False and errno on failure.
  bool open(const char* directory, std::uint64_t firstFile, std::uint64_t fileBytes, std::uint64_t files);

  // Never waits and never fails: what the disk has no room for is counted, and the count is written when it has.
  void append(LogStream stream, const char* data, std::size_t bytes);

  LogPosition end() const { return {file_, offset_}; }

  // Whether appending so many bytes would let a file go, and which.
  bool wouldDrop(std::size_t bytes, std::uint64_t& file) const;

 private:
  bool isFull(std::size_t bytes) const;
  bool begin(std::uint64_t file);
  void truncateTo(std::uint64_t offset);
  bool write(LogStream stream, const char* data, std::size_t bytes);

  Descriptor directory_;
  Descriptor current_;
  std::uint64_t file_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t fileBytes_ = 0;
  std::uint64_t files_ = 0;
  std::uint64_t lostBytes_ = 0;
};

}  // namespace ringside
