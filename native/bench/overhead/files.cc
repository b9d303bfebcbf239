// Files: blocks of 4 KiB written and read through the page cache, and what it takes until one is on the disk (fsync(2)).
#include <linux/fcntl.h>

#include "raw.h"

namespace overhead {

namespace {

constexpr u64 kBlockBytes = 4096;
constexpr u64 kBlocks = 256;
constexpr u64 kSyncs = 4;

// A file of its own in the directory, without a name once it is open.
class File {
 public:
  File() {
    char path[512];
    u64 length = 0;
    for (const char* at = directory; *at != 0 && length < sizeof path - 32; at++) path[length++] = *at;
    for (const char* at = "/ringside-overhead-file"; *at != 0; at++) path[length++] = *at;
    path[length] = 0;
    descriptor = checked("openat", call(__NR_openat, AT_FDCWD, address(path), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    checked("unlinkat", call(__NR_unlinkat, AT_FDCWD, address(path), 0));
  }
  File(const File&) = delete;
  ~File() { call(__NR_close, descriptor); }
  void write(u64 block, const u8* bytes) {
    const long at = static_cast<long>(block * kBlockBytes);
    checked("pwrite64", call(__NR_pwrite64, descriptor, address(bytes), kBlockBytes, at));
  }
  void read(u64 block, u8* bytes) {
    const long at = static_cast<long>(block * kBlockBytes);
    checked("pread64", call(__NR_pread64, descriptor, address(bytes), kBlockBytes, at));
  }
  long descriptor;
};

}  // namespace

void measureFiles() {
  u8 block[kBlockBytes] = {1};
  File file;
  const u64 begun = nowNs();
  for (u64 i = 0; i < kBlocks; i++) file.write(i, block);
  const u64 written = nowNs();
  for (u64 i = 0; i < kBlocks; i++) file.read(i, block);
  const u64 read = nowNs();
  sampleNs("fileWrite", written - begun, kBlocks);
  sampleNs("fileRead", read - written, kBlocks);
}

void measureFsync() {
  u8 block[kBlockBytes] = {1};
  File file;
  const u64 start = nowNs();
  for (u64 i = 0; i < kSyncs; i++) {
    file.write(i, block);
    checked("fsync", call(__NR_fsync, file.descriptor));
  }
  sampleNs("fsync", nowNs() - start, kSyncs);
}

}  // namespace overhead
