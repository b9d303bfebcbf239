#include "copy-up.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "../descriptor.h"
#include "syscalls.h"
#include "walk.h"

namespace ringside::copy {

namespace {

// What getdents64(2) fills in.
struct Entry {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t bytes;
  std::uint8_t type;
  char name[];
};

// Each level of directories holds two descriptors and this much of the stack; an image is no deeper.
constexpr int kMostLevels = 128;
constexpr std::size_t kEntryBytes = 8192;
constexpr std::size_t kCopyBytes = 1 << 20;
// xattr(7), "limits": of the list of names (XATTR_LIST_MAX) and of one value (XATTR_SIZE_MAX).
constexpr std::size_t kAttributeBytes = 65536;
// The child's own copies, of which memory is only what is written to; the stack may be limited to less.
char attributeNames[kAttributeBytes], attributeValue[kAttributeBytes];

int failWith(int error) {
  errno = error;
  return -1;
}

bool copyBytes(int from, int to) {
  while (true) {
    const ssize_t count = copy_file_range(from, nullptr, to, nullptr, kCopyBytes, 0);
    if (count == 0) return true;
    if (count > 0) continue;
    // Not between these two file systems: through a buffer.
    if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS) return false;
    char buffer[kEntryBytes];
    ssize_t part;
    while ((part = read(from, buffer, sizeof buffer)) > 0) {
      if (write(to, buffer, static_cast<std::size_t>(part)) != part) return false;
    }
    return part == 0;
  }
}

// Capabilities of files and access lists; what this file system does not keep (EOPNOTSUPP) it never had.
bool copyAttributes(int from, int to) {
  const ssize_t length = flistxattr(from, attributeNames, kAttributeBytes);
  if (length < 0) return errno == EOPNOTSUPP;
  for (const char* name = attributeNames; name < attributeNames + length; name += strlen(name) + 1) {
    const ssize_t bytes = fgetxattr(from, name, attributeValue, kAttributeBytes);
    if (bytes < 0 && errno == ENODATA) continue;
    if (bytes < 0) return false;
    if (fsetxattr(to, name, attributeValue, static_cast<std::size_t>(bytes), 0) < 0 && errno != EOPNOTSUPP) return false;
  }
  return true;
}

// The owner first: a change of owner takes set-user-ID and file capabilities away.
bool finish(int from, int to, const struct stat& status) {
  const timespec times[2] = {status.st_atim, status.st_mtim};
  return fchown(to, status.st_uid, status.st_gid) == 0 && fchmod(to, status.st_mode & 07777) == 0 && copyAttributes(from, to) &&
         futimens(to, times) == 0;
}

int copyTree(int from, int to, int level);

int copyDirectory(int from, int to, const char* name, const struct stat& status, int level) {
  const Descriptor source(openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!source || mkdirat(to, name, 0700) < 0) return -1;
  const Descriptor target(openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!target || copyTree(source.get(), target.get(), level + 1) < 0) return -1;
  return finish(source.get(), target.get(), status) ? 0 : -1;
}

int copyFile(int from, int to, const char* name) {
  const Descriptor source(openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status;
  if (!source || fstat(source.get(), &status) < 0) return -1;
  if (!S_ISREG(status.st_mode)) return failWith(ESTALE);
  const Descriptor target(openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  return target && copyBytes(source.get(), target.get()) && finish(source.get(), target.get(), status) ? 0 : -1;
}

int copyLink(int from, int to, const char* name, const struct stat& status) {
  char target[PATH_MAX];
  const ssize_t length = readlinkat(from, name, target, sizeof target - 1);
  if (length < 0) return -1;
  target[length] = 0;
  if (symlinkat(target, to, name) < 0) return -1;
  return fchownat(to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW);
}

// `to` is a file system that nobody else has yet, so a name there is safe.
int copyNode(int to, const char* name, const struct stat& status) {
  if (mknodat(to, name, status.st_mode, status.st_rdev) < 0) return -1;
  if (fchownat(to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) < 0) return -1;
  return fchmodat(to, name, status.st_mode & 07777, 0);
}

int copyEntry(int from, int to, const char* name, int level) {
  struct stat status;
  if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0) return -1;
  switch (status.st_mode & S_IFMT) {
    case S_IFDIR:
      return copyDirectory(from, to, name, status, level);
    case S_IFREG:
      return copyFile(from, to, name);
    case S_IFLNK:
      return copyLink(from, to, name, status);
    default:
      return copyNode(to, name, status);
  }
}

int copyTree(int from, int to, int level) {
  if (level > kMostLevels) return failWith(ELOOP);
  alignas(Entry) char buffer[kEntryBytes];
  while (true) {
    const long bytes = syscall(SYS_getdents64, from, buffer, sizeof buffer);
    if (bytes <= 0) return static_cast<int>(bytes);
    for (long at = 0; at < bytes;) {
      const Entry* entry = reinterpret_cast<const Entry*>(buffer + at);
      at += entry->bytes;
      if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0) continue;
      if (copyEntry(from, to, entry->name, level) < 0) return -1;
    }
  }
}

}  // namespace

// A directory that the image has not is one with nothing in it.
Outcome copyUp(const Step& step, Execution& execution) {
  using namespace argument::copyUp;
  const Descriptor source(
      walk::openBelow((*execution.slots)[step.slot(k_root)], step.text(k_path), O_RDONLY | O_DIRECTORY));
  if (!source) return errno == ENOENT ? Outcome::noted(errno) : Outcome::failed(errno);
  const Descriptor target(openat((*execution.slots)[step.slot(k_slot)], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat status;
  if (!target || fstat(source.get(), &status) < 0 || copyTree(source.get(), target.get(), 0) < 0 ||
      !finish(source.get(), target.get(), status))
    return Outcome::failed(errno);
  return Outcome::done();
}

}  // namespace ringside::copy
