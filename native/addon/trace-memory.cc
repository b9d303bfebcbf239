#include "trace-memory.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "trace-records.h"

namespace ringside::addon {

namespace {

constexpr std::size_t kMostTexts = 64;
constexpr std::size_t kMostCounted = 4096;
constexpr std::size_t kMostVectors = 16;
constexpr std::uint64_t kPageBytes = 4096;

// What was read of an argument, and whether that was all.
struct Piece {
  std::string bytes;
  bool isCut = false;
  bool isUnreadable = false;
};

// One transfer never crosses a page: where one page is missing, what lies before it still counts.
std::size_t readMemory(pid_t tid, std::uint64_t address, char* out, std::size_t length) {
  std::size_t done = 0;
  while (done < length) {
    const std::uint64_t at = address + done;
    const std::size_t part = std::min<std::size_t>(length - done, kPageBytes - at % kPageBytes);
    iovec local{out + done, part};
    iovec remote{reinterpret_cast<void*>(at), part};
    const ssize_t count = process_vm_readv(tid, &local, 1, &remote, 1, 0);
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

Piece readData(pid_t tid, std::uint64_t address, std::uint64_t length, std::size_t most) {
  Piece piece;
  piece.bytes.resize(std::min<std::uint64_t>(length, most));
  const std::size_t count = readMemory(tid, address, piece.bytes.data(), piece.bytes.size());
  piece.isUnreadable = count < piece.bytes.size() && count == 0;
  piece.bytes.resize(count);
  piece.isCut = count < length;
  return piece;
}

Piece readText(pid_t tid, std::uint64_t address, std::size_t most) {
  Piece piece;
  char part[kPageBytes];
  while (piece.bytes.size() < most) {
    const std::uint64_t at = address + piece.bytes.size();
    std::size_t want = std::min<std::size_t>(most - piece.bytes.size(), kPageBytes - at % kPageBytes);
    want = std::min<std::size_t>(want, 256);  // most texts are short
    const std::size_t count = readMemory(tid, at, part, want);
    if (count == 0) {
      piece.isUnreadable = true;
      return piece;
    }
    if (const void* end = memchr(part, 0, count)) {
      piece.bytes.append(part, static_cast<std::size_t>(static_cast<const char*>(end) - part));
      return piece;
    }
    piece.bytes.append(part, count);
  }
  piece.isCut = true;
  return piece;
}

Piece readTexts(pid_t tid, std::uint64_t address, std::size_t most) {
  Piece piece;
  for (std::size_t i = 0; i < kMostTexts; i++) {
    std::uint64_t pointer = 0;
    if (readMemory(tid, address + i * sizeof pointer, reinterpret_cast<char*>(&pointer), sizeof pointer) < sizeof pointer) {
      piece.isUnreadable = true;
      return piece;
    }
    if (pointer == 0) return piece;
    piece.bytes.append(readText(tid, pointer, most).bytes).push_back(0);
  }
  piece.isCut = true;
  return piece;
}

Piece countPointers(pid_t tid, std::uint64_t address) {
  Piece piece;
  std::uint64_t count = 0;
  for (; count < kMostCounted; count++) {
    std::uint64_t pointer = 0;
    if (readMemory(tid, address + count * sizeof pointer, reinterpret_cast<char*>(&pointer), sizeof pointer) < sizeof pointer) {
      piece.isUnreadable = true;
      return piece;
    }
    if (pointer == 0) break;
  }
  piece.bytes.assign(reinterpret_cast<const char*>(&count), sizeof count);
  return piece;
}

Piece readVectors(pid_t tid, std::uint64_t address, std::uint64_t count, std::size_t most) {
  Piece piece;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(count, kMostVectors); i++) {
    std::uint64_t vector[2] = {};  // base, length
    if (readMemory(tid, address + i * sizeof vector, reinterpret_cast<char*>(vector), sizeof vector) < sizeof vector) {
      piece.isUnreadable = true;
      return piece;
    }
    const std::string data = readData(tid, vector[0], vector[1], most).bytes;
    const std::uint64_t shown = data.size();
    piece.bytes.append(reinterpret_cast<const char*>(&vector[1]), sizeof vector[1]);
    piece.bytes.append(reinterpret_cast<const char*>(&shown), sizeof shown).append(data);
  }
  piece.isCut = count > kMostVectors;
  return piece;
}

}  // namespace

CaptureTable::CaptureTable(const Capture* rows, std::size_t count, std::size_t mostTextBytes, std::size_t mostDataBytes)
    : mostTextBytes_(mostTextBytes), mostDataBytes_(mostDataBytes) {
  for (std::size_t i = 0; i < count; i++) rows_[rows[i].number].push_back(rows[i]);
}

std::uint32_t CaptureTable::read(pid_t tid, std::uint64_t number, const std::uint64_t* arguments, std::int64_t result,
                                 bool atExit, std::string& out) const {
  const auto rows = rows_.find(number);
  if (rows == rows_.end()) return 0;
  std::uint32_t count = 0;
  for (const Capture& row : rows->second) {
    const std::uint64_t address = arguments[row.argument];
    if ((row.atExit != 0) != atExit || address == 0) continue;
    const bool ofResult = row.length == kLengthOfResult;
    const std::uint64_t length = ofResult ? static_cast<std::uint64_t>(std::max<std::int64_t>(result, 0))
                                          : row.length < 6 ? arguments[row.length] : 0;
    Piece piece;
    switch (row.kind) {
      case CaptureKind::text: piece = readText(tid, address, mostTextBytes_); break;
      case CaptureKind::data: piece = readData(tid, address, length, mostDataBytes_); break;
      case CaptureKind::texts: piece = readTexts(tid, address, mostTextBytes_); break;
      case CaptureKind::count: piece = countPointers(tid, address); break;
      case CaptureKind::fixed: piece = readData(tid, address, row.length, row.length); break;
      case CaptureKind::vectors: piece = readVectors(tid, address, length, mostDataBytes_); break;
    }
    const CaptureHeader header{row.argument, static_cast<std::uint32_t>(piece.bytes.size()), piece.isCut ? 1u : 0u,
                               piece.isUnreadable ? 1u : 0u};
    out.append(reinterpret_cast<const char*>(&header), sizeof header).append(piece.bytes);
    count++;
  }
  return count;
}

}  // namespace ringside::addon
