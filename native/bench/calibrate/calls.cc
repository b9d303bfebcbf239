// The least that a visit to the kernel takes (getpid(2)), the clock that needs none (vdso(7)), a byte into a pipe, and the
// calls that programs make most.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "samples.h"

namespace calibrate {

namespace {

constexpr unsigned kLoop = 1000;  // far above the clock's own 20 ns

template <typename Action>
void loop(Page& page, const char* name, unsigned samples, Action action) {
  for (unsigned i = 0; i < samples; i++) {
    const std::uint64_t start = nowNs();
    for (unsigned call = 0; call < kLoop; call++) action();
    page.put(name, (nowNs() - start) / kLoop, 0);
    page.print();
  }
}

constexpr unsigned kShortLoop = 100;
constexpr std::size_t kSome = 100;
constexpr std::size_t kArea = 8 * 4096;

template <typename Action>
void shortLoop(Page& page, const char* name, Action action) {
  const std::uint64_t start = nowNs();
  for (unsigned call = 0; call < kShortLoop; call++) {
    if (action(call) < 0) fail(name);
  }
  page.put(name, (nowNs() - start) / kShortLoop, 0);
}

// A directory with 14 entries, "." and ".." among them, below where the program was started: its caller clears up if it is
// killed.
class Directory {
 public:
  Directory() {
    if (mkdtemp(path) == nullptr || chdir(path) < 0) fail("make a directory");
    for (char name = 'a'; name < 'a' + kFiles; name++) {
      const char file[] = {name, 0};
      const int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
      if (fd < 0 || write(fd, "0123456789", 10) != 10) fail("make a file");
      close(fd);
    }
  }
  Directory(const Directory&) = delete;
  ~Directory() {
    for (char name = 'a'; name < 'a' + kFiles; name++) {
      const char file[] = {name, 0};
      unlink(file);
    }
    if (chdir("..") == 0) rmdir(path);
  }
  char path[32] = "files-XXXXXX";

 private:
  static constexpr char kFiles = 12;
};

void openAndClose(Page& page, const char* path) {
  int opened[kShortLoop];
  shortLoop(page, "call.openat", [&](unsigned i) { return opened[i] = open(path, O_RDONLY | O_CLOEXEC); });
  shortLoop(page, "call.close", [&](unsigned i) { return close(opened[i]); });
  shortLoop(page, "call.openat.missing", [](unsigned) { return open("missing", O_RDONLY | O_CLOEXEC) < 0 ? 0 : -1; });
}

void readAndLook(Page& page, const char* path, int file, int directory) {
  char byte = 'x', entries[4096];
  struct stat status;
  utsname name;
  shortLoop(page, "call.read", [&](unsigned) { return pread(file, &byte, 1, 0); });
  shortLoop(page, "call.write", [&](unsigned) { return pwrite(file, &byte, 1, 0); });
  shortLoop(page, "call.lseek", [&](unsigned) { return lseek(file, 0, SEEK_SET); });
  shortLoop(page, "call.fstat", [&](unsigned) { return fstat(file, &status); });
  shortLoop(page, "call.stat", [&](unsigned) { return stat(path, &status); });
  shortLoop(page, "call.uname", [&](unsigned) { return uname(&name); });
  std::uint64_t ns = 0;
  for (unsigned i = 0; i < kShortLoop; i++) {
    if (lseek(directory, 0, SEEK_SET) < 0) fail("go back in a directory");
    const std::uint64_t start = nowNs();
    if (syscall(SYS_getdents64, directory, entries, sizeof entries) <= 0) fail("read a directory");
    ns += nowNs() - start;
  }
  page.put("call.getdents64", ns / kShortLoop, 0);
}

void mapAndUnmap(Page& page) {
  void* areas[kShortLoop];
  const auto map = [&](unsigned i) {
    areas[i] = mmap(nullptr, kArea, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return areas[i] == MAP_FAILED ? -1 : 0;
  };
  shortLoop(page, "call.mmap", map);
  shortLoop(page, "call.munmap", [&](unsigned i) { return munmap(areas[i], kArea); });
  if (map(0) < 0) fail("map an area");
  *static_cast<volatile char*>(areas[0]) = 1;
  shortLoop(page, "call.mprotect", [&](unsigned i) { return mprotect(areas[0], 4096, i % 2 == 0 ? PROT_READ : PROT_READ | PROT_WRITE); });
  munmap(areas[0], kArea);
}

void descriptors(Page& page, int file) {
  int opened[kShortLoop], more[2 * kShortLoop], pair[2];
  shortLoop(page, "call.dup", [&](unsigned i) { return opened[i] = dup(file); });
  for (const int fd : opened) close(fd);
  shortLoop(page, "call.pipe2", [&](unsigned i) { return pipe2(more + 2 * i, O_CLOEXEC); });
  for (const int fd : more) close(fd);
  shortLoop(page, "call.socket", [&](unsigned i) { return opened[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); });
  for (const int fd : opened) close(fd);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) fail("make a pair of sockets");
  char bytes[kSome] = {1};
  shortLoop(page, "call.sendto", [&](unsigned) { return send(pair[0], bytes, sizeof bytes, 0); });
  shortLoop(page, "call.recvfrom", [&](unsigned) { return recv(pair[1], bytes, sizeof bytes, 0); });
  close(pair[0]);
  close(pair[1]);
}

void commonCalls(Page& page, unsigned samples) {
  const Directory directory;
  const char* path = "a";
  const int file = open(path, O_RDWR | O_CLOEXEC);
  const int listed = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0 || listed < 0) fail("open a file");
  for (unsigned i = 0; i < samples; i++) {
    openAndClose(page, path);
    readAndLook(page, path, file, listed);
    mapAndUnmap(page);
    descriptors(page, file);
    page.print();
  }
  close(file);
  close(listed);
}

}  // namespace

void measureCalls(unsigned samples) {
  Page page;
  int ends[2];
  if (!page || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) fail("make a pipe");
  loop(page, "systemCall", samples, [] { syscall(SYS_getpid); });
  loop(page, "clock", samples, [] { nowNs(); });
  char bytes[kLoop];
  for (unsigned i = 0; i < samples; i++) {
    const std::uint64_t start = nowNs();
    for (unsigned call = 0; call < kLoop; call++) {
      if (write(ends[1], "x", 1) != 1) fail("write to a pipe");
    }
    page.put("pipe.write", (nowNs() - start) / kLoop, 0);
    page.print();
    if (read(ends[0], bytes, sizeof bytes) != sizeof bytes) fail("read from a pipe");
  }
  commonCalls(page, samples);
}

}  // namespace calibrate
