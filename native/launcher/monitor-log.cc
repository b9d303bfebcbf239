#include "monitor-log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

namespace ringside {

namespace {

constexpr std::uint32_t kMagic = 0x474f4c52;  // "RLOG"

struct Record {
  std::uint32_t magic;
  LogStream stream;
  std::uint32_t bytes;
  std::uint32_t zero;
  std::uint64_t timeNs;
};
static_assert(sizeof(Record) == 24);

struct FileName {
  char text[32];
  explicit FileName(std::uint64_t number) {
    snprintf(text, sizeof text, "log.%llu", static_cast<unsigned long long>(number));
  }
};

std::uint64_t wallClockNs() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

bool MonitorLog::open(const char* directory, std::uint64_t firstFile, std::uint64_t fileBytes, std::uint64_t files) {
  fileBytes_ = fileBytes;
  files_ = files < 1 ? 1 : files;
  directory_ = Descriptor(::open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  return directory_ && begin(firstFile);
}

bool MonitorLog::begin(std::uint64_t file) {
  // The oldest first, so that not even for a moment there are more than allowed.
  if (file >= files_) unlinkat(directory_.get(), FileName(file - files_).text, 0);
  Descriptor next(openat(directory_.get(), FileName(file).text,
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!next) return false;
  current_ = std::move(next);
  file_ = file;
  offset_ = 0;
  return true;
}

bool MonitorLog::isFull(std::size_t bytes) const { return offset_ > 0 && offset_ + sizeof(Record) + bytes > fileBytes_; }

bool MonitorLog::wouldDrop(std::size_t bytes, std::uint64_t& file) const {
  if (!isFull(bytes) || file_ + 1 < files_) return false;
  file = file_ + 1 - files_;
  return true;
}

void MonitorLog::append(LogStream stream, const char* data, std::size_t bytes) {
  if (!current_) return;
  if (isFull(bytes) && !begin(file_ + 1)) {
    lostBytes_ += bytes;
    return;
  }
  const std::uint64_t before = offset_;
  const std::uint64_t lost = lostBytes_;
  const bool noted = lost == 0 || write(LogStream::lost, reinterpret_cast<const char*>(&lost), sizeof lost);
  if (noted && write(stream, data, bytes)) {
    lostBytes_ = 0;
    return;
  }
  lostBytes_ += bytes;
  // The note alone may have found room: it will say more when something follows it.
  truncateTo(before);
}

// A full disk may have taken a part: no reader may take it for a record.
void MonitorLog::truncateTo(std::uint64_t offset) {
  offset_ = offset;
  if (ftruncate(current_.get(), static_cast<off_t>(offset)) < 0) current_.reset();
}

bool MonitorLog::write(LogStream stream, const char* data, std::size_t bytes) {
  const Record record{kMagic, stream, static_cast<std::uint32_t>(bytes), 0, wallClockNs()};
  const iovec parts[] = {{const_cast<Record*>(&record), sizeof record}, {const_cast<char*>(data), bytes}};
  const ssize_t wanted = static_cast<ssize_t>(sizeof record + bytes);
  ssize_t written;
  do written = pwritev(current_.get(), parts, 2, static_cast<off_t>(offset_));
  while (written < 0 && errno == EINTR);
  if (written != wanted) return false;
  offset_ += static_cast<std::uint64_t>(wanted);
  return true;
}

}  // namespace ringside
