#include "mounts.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../descriptor.h"
#include "syscalls.h"

namespace ringside::mounts {

namespace {

constexpr std::size_t kPathBytes = 4096;
// fsconfig(2) takes at most 256 bytes of a string, its NUL included.
constexpr std::size_t kMostConfigBytes = 255;

// The kernel explains a refused mount in words, one message a read (fsopen(2)).
void keepKernelWords(int fs, TracePage* page) {
  const ssize_t count = read(fs, page->detail, kDetailBytes - 1);
  if (count > 0) page->detail[count] = 0;
}

int setOption(int fs, const char* option) {
  const char* equals = strchr(option, '=');
  if (equals == nullptr) return sys::fsconfig(fs, FSCONFIG_SET_FLAG, option, nullptr, 0);
  char key[64];
  const std::size_t length = static_cast<std::size_t>(equals - option);
  if (length >= sizeof key) {
    errno = EINVAL;
    return -1;
  }
  memcpy(key, option, length);
  key[length] = 0;
  return sys::fsconfig(fs, FSCONFIG_SET_STRING, key, equals + 1, 0);
}

int setOptions(int fs, const Argument& options) {
  for (std::uint32_t i = 0; i < options.length; i++) {
    if (setOption(fs, options.texts[i]) < 0) return -1;
  }
  return 0;
}

// Creates the file system and its mount; the mount's descriptor goes into the slot.
Outcome finish(int fs, std::uint64_t attributes, unsigned slot, Execution& execution) {
  if (sys::fsconfig(fs, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) {
    const int error = errno;
    keepKernelWords(fs, execution.page);
    return Outcome::failed(error);
  }
  const int mount = sys::fsmount(fs, FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes));
  if (mount < 0) return Outcome::failed(errno);
  execution.slots->put(slot, mount);
  return Outcome::done();
}

// A directory of the overlay: by its path, or by a short name for a descriptor where the path is too long for
// fsconfig or holds the character that separates layers.
class LayerPath {
 public:
  explicit LayerPath(const char* path) {
    if (strlen(path) <= kMostConfigBytes && strpbrk(path, ":\\") == nullptr) {
      strcpy(text_, path);
      return;
    }
    directory_ = Descriptor(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
    char* end = stpcpy(text_, "/proc/self/fd/");
    int fd = directory_.get();
    char digits[12];
    int count = 0;
    do {
      digits[count++] = static_cast<char>('0' + fd % 10);
      fd /= 10;
    } while (fd > 0);
    while (count > 0) *end++ = digits[--count];
    *end = 0;
  }
  const char* text() const { return text_; }

 private:
  Descriptor directory_;
  char text_[kMostConfigBytes + 1];
};

// One layer a call where the kernel knows "lowerdir+" (6.8), else all of them in one string.
int setLowerDirectories(int fs, const Argument& lower) {
  char joined[kMostConfigBytes + 1] = "";
  for (std::uint32_t i = 0; i < lower.length; i++) {
    const LayerPath layer(lower.texts[i]);
    if (sys::fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", layer.text(), 0) == 0) continue;
    if (errno != EINVAL) return -1;
    if (i > 0) strncat(joined, ":", kMostConfigBytes - strlen(joined));
    if (strlen(joined) + strlen(layer.text()) > kMostConfigBytes) {
      errno = E2BIG;
      return -1;
    }
    strcat(joined, layer.text());
  }
  return joined[0] == 0 ? 0 : sys::fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir", joined, 0);
}

int setDirectory(int fs, const char* key, const char* path) {
  if (path[0] == 0) return 0;
  const LayerPath layer(path);
  return sys::fsconfig(fs, FSCONFIG_SET_STRING, key, layer.text(), 0);
}

// Splits `path` into the directory that holds it, opened below `root`, and its last name. Missing directories are made.
int openParent(int root, const char* path, char name[NAME_MAX + 1], mode_t mode) {
  char copy[kPathBytes];
  if (strlen(path) >= sizeof copy) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(copy, path);
  char* last = strrchr(copy, '/');
  const char* leaf = last == nullptr ? copy : last + 1;
  if (leaf[0] == 0 || strcmp(leaf, ".") == 0 || strcmp(leaf, "..") == 0 || strlen(leaf) > NAME_MAX) {
    errno = EINVAL;
    return -1;
  }
  strcpy(name, leaf);
  if (last == nullptr || last == copy) return openBelow(root, ".", O_PATH | O_DIRECTORY);
  *last = 0;
  int parent = openBelow(root, copy, O_PATH | O_DIRECTORY);
  if (parent >= 0 || errno != ENOENT) return parent;
  char above[NAME_MAX + 1];
  const Descriptor grandparent(openParent(root, copy, above, mode));
  if (!grandparent) return -1;
  if (mkdirat(grandparent.get(), above, mode) < 0 && errno != EEXIST) return -1;
  return openat(grandparent.get(), above, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int createDirectory(int root, const char* path, mode_t mode) {
  char name[NAME_MAX + 1];
  const Descriptor parent(openParent(root, path, name, mode));
  if (!parent) return -1;
  return mkdirat(parent.get(), name, mode) < 0 && errno != EEXIST ? -1 : 0;
}

int createFile(int root, const char* path) {
  char name[NAME_MAX + 1];
  const Descriptor parent(openParent(root, path, name, 0755));
  if (!parent) return -1;
  const Descriptor file(openat(parent.get(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  return file ? 0 : -1;
}

int setAttributes(int mount, unsigned flags, std::uint64_t attributes) {
  mount_attr change{};
  change.attr_set = attributes;
  return sys::mount_setattr(mount, "", AT_EMPTY_PATH | flags, &change);
}

int attach(int mount, int target) {
  return sys::move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

}  // namespace

int openBelow(int root, const char* path, std::uint64_t flags, std::uint64_t resolve) {
  return sys::openat2(root, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve);
}

Outcome newOverlay(const Step& step, Execution& execution) {
  using namespace argument::newOverlay;
  const Descriptor fs(sys::fsopen("overlay", FSOPEN_CLOEXEC));
  if (!fs) return Outcome::failed(errno);
  if (setLowerDirectories(fs.get(), step.list(k_lower)) < 0 || setDirectory(fs.get(), "upperdir", step.text(k_upper)) < 0 ||
      setDirectory(fs.get(), "workdir", step.text(k_work)) < 0 || setOptions(fs.get(), step.list(k_options)) < 0) {
    const int error = errno;
    keepKernelWords(fs.get(), execution.page);
    return Outcome::failed(error);
  }
  return finish(fs.get(), step.number(k_attributes), step.slot(k_slot), execution);
}

Outcome newFilesystem(const Step& step, Execution& execution) {
  using namespace argument::newFilesystem;
  const Descriptor fs(sys::fsopen(step.text(k_type), FSOPEN_CLOEXEC));
  if (!fs) return Outcome::failed(errno);
  if (setOptions(fs.get(), step.list(k_options)) < 0) {
    const int error = errno;
    keepKernelWords(fs.get(), execution.page);
    return Outcome::failed(error);
  }
  return finish(fs.get(), step.number(k_attributes), step.slot(k_slot), execution);
}

Outcome setPropagation(const Step& step, Execution&) {
  using namespace argument::setPropagation;
  // NULL, not "", as the data: an empty string makes the kernel copy a page (mount(2)).
  if (mount(nullptr, "/", nullptr, step.number(k_flags), nullptr) < 0) return Outcome::failed(errno);
  return Outcome::done();
}

Outcome attachRoot(const Step& step, Execution& execution) {
  using namespace argument::attachRoot;
  if (sys::move_mount((*execution.slots)[step.slot(k_slot)], "", AT_FDCWD, step.text(k_path), MOVE_MOUNT_F_EMPTY_PATH) < 0)
    return Outcome::failed(errno);
  return Outcome::done();
}

Outcome mountAt(const Step& step, Execution& execution) {
  using namespace argument::mountAt;
  const int root = (*execution.slots)[step.slot(k_root)];
  const char* path = step.text(k_path);
  const bool isFile = step.number(k_isFile) != 0;
  const std::uint64_t flags = isFile ? O_PATH : O_PATH | O_DIRECTORY;
  const std::uint64_t resolve = step.number(k_noSymlinks) ? RESOLVE_NO_SYMLINKS : 0;
  Descriptor target(openBelow(root, path, flags, resolve));
  if (!target && errno == ENOENT) {
    if ((isFile ? createFile(root, path) : createDirectory(root, path, 0755)) < 0) return Outcome::failed(errno);
    target = Descriptor(openBelow(root, path, flags, resolve));
  }
  if (!target || attach((*execution.slots)[step.slot(k_slot)], target.get()) < 0) return Outcome::failed(errno);
  return Outcome::done();
}

Outcome makeDirectoryIn(const Step& step, Execution& execution) {
  using namespace argument::makeDirectoryIn;
  const int root = (*execution.slots)[step.slot(k_root)];
  const Descriptor there(openBelow(root, step.text(k_path), O_PATH | O_DIRECTORY));
  if (there) return Outcome::done();
  if (errno != ENOENT) return Outcome::failed(errno);
  if (createDirectory(root, step.text(k_path), static_cast<mode_t>(step.number(k_mode))) < 0) return Outcome::failed(errno);
  return Outcome::done();
}

Outcome openIn(const Step& step, Execution& execution) {
  using namespace argument::openIn;
  const int fd = openBelow((*execution.slots)[step.slot(k_root)], step.text(k_path), step.number(k_flags));
  if (fd < 0) return Outcome::failed(errno);
  execution.slots->put(step.slot(k_slot), fd);
  return Outcome::done();
}

Outcome makeNode(const Step& step, Execution& execution) {
  using namespace argument::makeNode;
  char name[NAME_MAX + 1];
  const Descriptor parent(openParent((*execution.slots)[step.slot(k_root)], step.text(k_path), name, 0755));
  if (!parent) return Outcome::failed(errno);
  const mode_t mode = static_cast<mode_t>(step.number(k_mode));
  const dev_t device = makedev(static_cast<unsigned>(step.number(k_major)), static_cast<unsigned>(step.number(k_minor)));
  // fchmodat, because the umask took bits from mknod's mode.
  if (mknodat(parent.get(), name, mode, device) < 0 || fchmodat(parent.get(), name, mode & 07777, 0) < 0)
    return Outcome::failed(errno);
  return Outcome::done();
}

Outcome makeSymlink(const Step& step, Execution& execution) {
  using namespace argument::makeSymlink;
  char name[NAME_MAX + 1];
  const Descriptor parent(openParent((*execution.slots)[step.slot(k_root)], step.text(k_path), name, 0755));
  if (!parent || symlinkat(step.text(k_target), parent.get(), name) < 0) return Outcome::failed(errno);
  return Outcome::done();
}

Outcome makeFile(const Step& step, Execution& execution) {
  using namespace argument::makeFile;
  char name[NAME_MAX + 1];
  const Descriptor parent(openParent((*execution.slots)[step.slot(k_root)], step.text(k_path), name, 0755));
  if (!parent) return Outcome::failed(errno);
  const mode_t mode = static_cast<mode_t>(step.number(k_mode));
  const Descriptor file(openat(parent.get(), name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode));
  const Argument& value = step.list(k_value);
  if (!file || write(file.get(), value.text, value.length) != static_cast<ssize_t>(value.length)) return Outcome::failed(errno);
  return Outcome::done();
}

// Shows the file `name` of one mount at `path` of the root.
Outcome bindFile(const Step& step, Execution& execution) {
  using namespace argument::bindFile;
  const int root = (*execution.slots)[step.slot(k_root)];
  const Descriptor source(openBelow((*execution.slots)[step.slot(k_source)], step.text(k_name), O_PATH | O_NOFOLLOW));
  if (!source) return Outcome::failed(errno);
  const Descriptor tree(sys::open_tree(source.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
  if (!tree) return Outcome::failed(errno);
  Descriptor target(openBelow(root, step.text(k_path), O_PATH));
  if (!target && errno == ENOENT) {
    if (createFile(root, step.text(k_path)) < 0) return Outcome::failed(errno);
    target = Descriptor(openBelow(root, step.text(k_path), O_PATH));
  }
  if (!target || attach(tree.get(), target.get()) < 0) return Outcome::failed(errno);
  return Outcome::done();
}

// A file is hidden below the null device, a directory below one shared empty directory: one superblock for all of them,
// since tearing down one for each is what costs.
Outcome maskPath(const Step& step, Execution& execution) {
  using namespace argument::maskPath;
  const Descriptor target(openBelow((*execution.slots)[step.slot(k_root)], step.text(k_path), O_PATH));
  if (!target) return errno == ENOENT || errno == ENOTDIR ? Outcome::noted(errno) : Outcome::failed(errno);
  struct stat status;
  if (fstat(target.get(), &status) < 0) return Outcome::failed(errno);
  const int source = (*execution.slots)[step.slot(S_ISDIR(status.st_mode) ? k_emptyDirectory : k_nullDevice)];
  const Descriptor cover(sys::open_tree(source, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
  if (!cover || attach(cover.get(), target.get()) < 0) return Outcome::failed(errno);
  return Outcome::done();
}

Outcome readonlyPath(const Step& step, Execution& execution) {
  using namespace argument::readonlyPath;
  const Descriptor target(openBelow((*execution.slots)[step.slot(k_root)], step.text(k_path), O_PATH));
  if (!target) return errno == ENOENT || errno == ENOTDIR ? Outcome::noted(errno) : Outcome::failed(errno);
  const Descriptor copy(
      sys::open_tree(target.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE));
  if (!copy || setAttributes(copy.get(), AT_RECURSIVE, MOUNT_ATTR_RDONLY) < 0 || attach(copy.get(), target.get()) < 0)
    return Outcome::failed(errno);
  return Outcome::done();
}

Outcome setMountAttributes(const Step& step, Execution& execution) {
  using namespace argument::setMountAttributes;
  if (setAttributes((*execution.slots)[step.slot(k_slot)], 0, step.number(k_attributes)) < 0) return Outcome::failed(errno);
  return Outcome::done();
}

// Both arguments the same: the old root ends up on top of the new one and is detached at once (pivot_root(2), NOTES).
Outcome pivotRoot(const Step& step, Execution& execution) {
  using namespace argument::pivotRoot;
  if (fchdir((*execution.slots)[step.slot(k_root)]) < 0 || sys::pivot_root(".", ".") < 0 ||
      umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
    return Outcome::failed(errno);
  return Outcome::done();
}

}  // namespace ringside::mounts
