#include "guards.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "../descriptor.h"
#include "mounts.h"
#include "syscalls.h"
#include "walk.h"

namespace ringside::guards {

namespace {

// The device 1:3 itself: an image may have something else by that name (CVE-2025-31133).
bool isNullDevice(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

bool isProc(int fd) {
  struct statfs fs;
  return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

}  // namespace

// A file is hidden below the null device, a directory below one shared empty directory: one superblock for all of them,
// since tearing down one for each is what costs.
Outcome maskPath(const Step& step, Execution& execution) {
  using namespace argument::maskPath;
  const Descriptor target(walk::openBelow((*execution.slots)[step.slot(k_root)], step.text(k_path), O_PATH));
  if (!target) return errno == ENOENT || errno == ENOTDIR ? Outcome::noted(errno) : Outcome::failed(errno);
  struct stat status;
  if (fstat(target.get(), &status) < 0) return Outcome::failed(errno);
  const bool isDirectory = S_ISDIR(status.st_mode);
  const int source = (*execution.slots)[step.slot(isDirectory ? k_emptyDirectory : k_nullDevice)];
  if (!isDirectory && !isNullDevice(source)) return Outcome::failed(ENODEV);
  const Descriptor cover(sys::open_tree(source, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
  if (!cover || mounts::attach(cover.get(), target.get()) < 0) return Outcome::failed(errno);
  return Outcome::done();
}

Outcome readonlyPath(const Step& step, Execution& execution) {
  using namespace argument::readonlyPath;
  const Descriptor target(walk::openBelow((*execution.slots)[step.slot(k_root)], step.text(k_path), O_PATH));
  if (!target) return errno == ENOENT || errno == ENOTDIR ? Outcome::noted(errno) : Outcome::failed(errno);
  const Descriptor copy(
      sys::open_tree(target.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE));
  mount_attr change{};
  change.attr_set = MOUNT_ATTR_RDONLY;
  if (!copy || sys::mount_setattr(copy.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &change) < 0 ||
      mounts::attach(copy.get(), target.get()) < 0)
    return Outcome::failed(errno);
  return Outcome::done();
}

// Below a procfs that nobody else has: no link, no mount and no other file system can stand in the way.
Outcome writeProc(const Step& step, Execution& execution) {
  using namespace argument::writeProc;
  const int proc = (*execution.slots)[step.slot(k_proc)];
  if (!isProc(proc)) return Outcome::failed(ENODEV);
  const Descriptor file(sys::openat2(proc, step.text(k_path), O_WRONLY | O_NOCTTY,
                                     RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV));
  const Argument& value = step.list(k_value);
  if (!file || !isProc(file.get())) return Outcome::failed(file ? ENODEV : errno);
  const ssize_t count = write(file.get(), value.text, value.length);
  if (count < 0) return Outcome::failed(errno);
  return static_cast<std::uint32_t>(count) == value.length ? Outcome::done() : Outcome::failed(EIO);
}

}  // namespace ringside::guards
