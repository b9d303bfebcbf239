#include "walk.h"

#include <errno.h>
#include <string.h>

#include "../descriptor.h"
#include "syscalls.h"

namespace ringside::walk {

namespace {

constexpr std::size_t kPathBytes = PATH_MAX;
// As the kernel counts them (path_resolution(7)).
constexpr int kMostLinks = 40;
// openat2 answers EAGAIN when somebody renames while it looks at a "..": asked often enough, it finds a quiet moment.
constexpr int kMostAttempts = 10'000;
constexpr mode_t kFileMode = 0644;

int failWith(int error) {
  errno = error;
  return -1;
}

// A path that is still to be made: `text` up to `existing` is there, behind it are names that are not.
struct Missing {
  char text[kPathBytes];
  std::size_t existing;
};

// Opens the longest part of the path that is a directory already.
int openExisting(int root, Missing& path) {
  std::size_t end = strlen(path.text);
  while (true) {
    while (end > 0 && path.text[end - 1] == '/') end--;
    const char saved = path.text[end];
    path.text[end] = 0;
    const int fd = openBelow(root, end == 0 ? "." : path.text, O_PATH | O_DIRECTORY);
    path.text[end] = saved;
    path.existing = end;
    if (fd >= 0 || errno != ENOENT || end == 0) return fd;
    while (end > 0 && path.text[end - 1] != '/') end--;
  }
}

// The link `name`, which stands behind the first `before` bytes of the path, is replaced by its target.
int replaceLink(int directory, const char* name, Missing& path, std::size_t before, const char* rest) {
  char target[kPathBytes], text[kPathBytes];
  const ssize_t length = readlinkat(directory, name, target, sizeof target - 1);
  if (length <= 0) return failWith(ENOTDIR);
  target[length] = 0;
  const bool absolute = target[0] == '/';
  if ((absolute ? 0 : before + 1) + static_cast<std::size_t>(length) + 1 + strlen(rest) + 1 > sizeof text)
    return failWith(ENAMETOOLONG);
  char* end = text;
  if (!absolute) {
    memcpy(end, path.text, before);
    end += before;
    *end++ = '/';
  }
  end = stpcpy(end, target);
  *end++ = '/';
  strcpy(end, rest);
  strcpy(path.text, text);
  return 0;
}

struct Made {
  int fd;         // -1: failed, or the path has been changed and is to be walked again
  bool followed;  // a link has been replaced by its target
};

Made madeOrFailed(int fd) { return {fd, false}; }

// Makes what is missing below `here`, name by name, each opened by its handle.
Made makeMissing(Descriptor here, Missing& path, bool isFile, bool mayFollow, mode_t directoryMode) {
  std::size_t at = path.existing;
  while (true) {
    while (path.text[at] == '/') at++;
    const std::size_t length = strcspn(path.text + at, "/");
    if (length == 0) return isFile ? madeOrFailed(failWith(EISDIR)) : madeOrFailed(here.release());
    if (length > NAME_MAX) return madeOrFailed(failWith(ENAMETOOLONG));
    char name[NAME_MAX + 1];
    memcpy(name, path.text + at, length);
    name[length] = 0;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return madeOrFailed(failWith(ENOENT));
    const char* rest = path.text + at + length;
    const bool isLast = rest[strspn(rest, "/")] == 0;
    int next;
    if (isLast && isFile) {
      const Descriptor file(openat(here.get(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
      if (!file && errno != EEXIST) return madeOrFailed(-1);
      next = openat(here.get(), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    } else {
      if (mkdirat(here.get(), name, directoryMode) < 0 && errno != EEXIST) return madeOrFailed(-1);
      next = openat(here.get(), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    }
    if (next < 0) return madeOrFailed(-1);
    Descriptor opened(next);
    struct stat status;
    if (fstat(next, &status) < 0) return madeOrFailed(-1);
    if (S_ISLNK(status.st_mode)) {
      if (!mayFollow) return madeOrFailed(failWith(ELOOP));
      if (replaceLink(here.get(), name, path, at, rest) < 0) return madeOrFailed(-1);
      return {-1, true};
    }
    if (isLast && isFile) return S_ISDIR(status.st_mode) ? madeOrFailed(failWith(EISDIR)) : madeOrFailed(opened.release());
    if (!S_ISDIR(status.st_mode)) return madeOrFailed(failWith(ENOTDIR));
    here = std::move(opened);
    at += length;
  }
}

}  // namespace

int openBelow(int root, const char* path, std::uint64_t flags, std::uint64_t resolve) {
  for (int attempt = 0; attempt < kMostAttempts; attempt++) {
    const int fd = sys::openat2(root, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve);
    if (fd >= 0 || errno != EAGAIN) return fd;
  }
  return failWith(EAGAIN);
}

int openOrMake(int root, const char* path, bool isFile, std::uint64_t resolve, mode_t directoryMode) {
  const int fd = openBelow(root, path, isFile ? O_PATH : O_PATH | O_DIRECTORY, resolve);
  if (fd >= 0 || errno != ENOENT) return fd;
  Missing missing;
  if (strlen(path) >= sizeof missing.text) return failWith(ENAMETOOLONG);
  strcpy(missing.text, path);
  for (int links = 0; links < kMostLinks; links++) {
    Descriptor existing(openExisting(root, missing));
    if (!existing) return -1;
    const bool mayFollow = (resolve & RESOLVE_NO_SYMLINKS) == 0;
    const Made made = makeMissing(std::move(existing), missing, isFile, mayFollow, directoryMode);
    if (!made.followed) return made.fd;
    // The target may be there by now, and be something else than a directory.
    const int there = openBelow(root, missing.text, isFile ? O_PATH : O_PATH | O_DIRECTORY, resolve);
    if (there >= 0 || errno != ENOENT) return there;
  }
  return failWith(ELOOP);
}

int openParent(int root, const char* path, char name[NAME_MAX + 1]) {
  const char* last = strrchr(path, '/');
  const char* leaf = last == nullptr ? path : last + 1;
  if (leaf[0] == 0 || strcmp(leaf, ".") == 0 || strcmp(leaf, "..") == 0 || strlen(leaf) > NAME_MAX) return failWith(EINVAL);
  strcpy(name, leaf);
  if (last == nullptr || last == path) return openBelow(root, ".", O_PATH | O_DIRECTORY);
  char above[kPathBytes];
  const std::size_t length = static_cast<std::size_t>(last - path);
  if (length >= sizeof above) return failWith(ENAMETOOLONG);
  memcpy(above, path, length);
  above[length] = 0;
  return openOrMake(root, above, false);
}

}  // namespace ringside::walk
