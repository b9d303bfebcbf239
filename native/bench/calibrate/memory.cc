// First use of pages, and copying: mmap(2). Each page is touched once in an area of its own.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "samples.h"

namespace calibrate {

namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kPages = 256;
constexpr std::size_t kArea = kPages * kPage;
// The kernel maps the 16 pages around one that a file fault is about (fault-around); each fault is on a block of its own.
constexpr std::size_t kFaultAround = 16;
constexpr std::size_t kCopied = 32u << 20;

// Small pages: with large ones a fault would be of two megabytes.
char* map(int flags, int fd) {
  void* area = mmap(nullptr, kArea, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (area == MAP_FAILED) fail("map an area");
  madvise(area, kArea, MADV_NOHUGEPAGE);
  return static_cast<char*>(area);
}

void touch(Page& page, const char* name, char* area, std::size_t stride, bool write) {
  volatile char* bytes = area;
  const std::uint64_t start = nowNs();
  for (std::size_t at = 0; at < kArea; at += stride * kPage) {
    if (write) bytes[at] = 1;
    else static_cast<void>(bytes[at]);
  }
  page.put(name, (nowNs() - start) / (kPages / stride), 0);
}

// Parent and child share the pages until one of them writes: that one copies (fork(2)).
void copyOnWrite(Page& page) {
  char* area = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
  memset(area, 1, kArea);
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    touch(page, "fault.copy", area, 1, true);
    _exit(0);
  }
  if (!endsWell(child)) fail("wait for the child that copies");
  munmap(area, kArea);
}

// A file of zeros that nobody else can see; its pages are in memory once they have been written.
int cachedFile() {
  const int fd = memfd_create("ringside-calibrate", MFD_CLOEXEC);
  char block[kPage] = {1};
  if (fd < 0) fail("make a file in memory");
  for (std::size_t i = 0; i < kPages; i++) {
    if (write(fd, block, sizeof block) != sizeof block) fail("fill a file in memory");
  }
  return fd;
}

void copyBytes(Page& page, unsigned samples) {
  char* from = static_cast<char*>(malloc(kCopied));
  char* to = static_cast<char*>(malloc(kCopied));
  if (from == nullptr || to == nullptr) fail("get memory to copy");
  memset(from, 1, kCopied);
  memset(to, 2, kCopied);
  for (unsigned i = 0; i < samples; i++) {
    page.timed("copy.32MiB", [&] {
      memcpy(to, from, kCopied);
      return to[i % kCopied];
    });
    page.print();
  }
  free(from);
  free(to);
}

}  // namespace

void measureMemory(unsigned samples) {
  Page page;
  if (!page) fail("map a page");
  const int file = cachedFile();
  for (unsigned i = 0; i < samples; i++) {
    char* zero = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
    touch(page, "fault.zero", zero, 1, false);
    munmap(zero, kArea);
    char* anonymous = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
    touch(page, "fault.write", anonymous, 1, true);
    munmap(anonymous, kArea);
    char* mapped = map(MAP_PRIVATE, file);
    touch(page, "fault.read", mapped, kFaultAround, false);
    munmap(mapped, kArea);
    copyOnWrite(page);
    page.print();
  }
  close(file);
  copyBytes(page, samples / 4 + 1);
}

}  // namespace calibrate
