// The sealed copy: made once, before anything else, and executed in place of the file (see seal.h).
#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../descriptor.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

extern char** environ;

namespace ringside {

namespace {

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

int newMemfd() {
  const int fd = memfd_create("ringside-launcher", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
  // EINVAL: a kernel before 6.3, which has no MFD_EXEC and makes every memfd executable.
  return fd < 0 && errno == EINVAL ? memfd_create("ringside-launcher", MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

bool seal(int fd) {
  return fcntl(fd, F_ADD_SEALS, kSeals | F_SEAL_EXEC) == 0 || (errno == EINVAL && fcntl(fd, F_ADD_SEALS, kSeals) == 0);
}

}  // namespace

bool runSealed(char** argv) {
  const Descriptor self(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!self) return false;
  const int seals = fcntl(self.get(), F_GET_SEALS);
  if (seals >= 0 && (seals & kSeals) == kSeals) return true;
  struct stat status;
  const Descriptor copy(newMemfd());
  if (!copy || fstat(self.get(), &status) < 0) return false;
  for (off_t left = status.st_size; left > 0;) {
    const ssize_t sent = sendfile(copy.get(), self.get(), nullptr, static_cast<std::size_t>(left));
    if (sent <= 0) return false;
    left -= sent;
  }
  if (!seal(copy.get())) return false;
  syscall(SYS_execveat, copy.get(), "", argv, environ, AT_EMPTY_PATH);
  return false;
}

}  // namespace ringside
