#include "mounts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "../descriptor.h"
#include "syscalls.h"
#include "walk.h"

namespace ringside::mounts {

namespace {

// fsconfig(2) takes at most 256 bytes of a string, its NUL included.
constexpr std::size_t kMostConfigBytes = 255;

// The kernel explains a refused mount in words, one message a read, each behind a letter for its weight (fsopen(2)).
void keepKernelWords(int fs, TracePage* page) {
  char message[kDetailBytes];
  const ssize_t count = read(fs, message, sizeof message - 1);
  if (count <= 0) return;
  message[count] = 0;
  strcpy(page->detail, count > 2 && message[1] == ' ' ? message + 2 : message);
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

constexpr char kSlotPrefix[] = "slot:";

// A directory of the overlay is a path, or "slot:7/rest": below what a slot holds, for a tree that is attached nowhere
// (clone_private_mount of Linux 6.15 takes one). Empty where there is no such slot, or no room.
class LayerName {
 public:
  LayerName(const char* text, const Slots& slots) : path_(text) {
    if (strncmp(text, kSlotPrefix, sizeof kSlotPrefix - 1) != 0) return;
    char* rest;
    const int fd = slots[static_cast<unsigned>(strtoul(text + sizeof kSlotPrefix - 1, &rest, 10))];
    const int length = snprintf(text_, sizeof text_, "/proc/self/fd/%d%s", fd, rest);
    if (fd < 0 || length >= static_cast<int>(sizeof text_)) text_[0] = 0;
    path_ = text_;
  }
  LayerName(const LayerName&) = delete;
  const char* path() const { return path_; }

 private:
  const char* path_;
  char text_[kMostConfigBytes + 1];
};

// A directory of the overlay: by its path, or by a short name for a descriptor where the path is too long for
// fsconfig or holds the character that separates layers. It has to be there until the file system has been created.
class LayerPath {
 public:
  explicit LayerPath(const char* path) {
    if (strlen(path) <= kMostConfigBytes && strpbrk(path, ":\\") == nullptr) {
      strcpy(text_, path);
      return;
    }
    directory_ = Descriptor(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
    snprintf(text_, sizeof text_, "/proc/self/fd/%d", directory_.get());
  }
  const char* text() const { return text_; }

 private:
  Descriptor directory_;
  char text_[kMostConfigBytes + 1];
};

// A kernel before 6.5 knows the overlay by mount(2) only: fsconfig takes any option, and all are looked at when the file
// system is created.
bool isOverlayOld() {
  const Descriptor probe(sys::fsopen("overlay", FSOPEN_CLOEXEC));
  return probe && sys::fsconfig(probe.get(), FSCONFIG_SET_FLAG, "no-such-option", nullptr, 0) == 0;
}

// All lower directories in the one string that older kernels want: since fsconfig takes 255 bytes, by the numbers of
// their descriptors, looked up from the directory of those until the file system has been created.
class NumberedLayers {
 public:
  NumberedLayers() = default;
  NumberedLayers(const NumberedLayers&) = delete;
  ~NumberedLayers() {
    if (home_ && fchdir(home_.get()) < 0) return;
  }

  int set(int fs, const Argument& lower, const Slots& slots) {
    char text[kMostConfigBytes + 1];
    std::size_t length = 0;
    for (std::uint32_t i = 0; i < lower.length; i++) {
      if (i == kMostLayers) return refuse(E2BIG);
      layers_[i] = Descriptor(open(LayerName(lower.texts[i], slots).path(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      if (!layers_[i]) return -1;
      const int more = snprintf(text + length, sizeof text - length, i == 0 ? "%d" : ":%d", layers_[i].get());
      length += static_cast<std::size_t>(more);
      if (length > kMostConfigBytes) return refuse(E2BIG);
    }
    Descriptor home(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!home || chdir("/proc/self/fd") < 0) return -1;
    home_ = std::move(home);
    return sys::fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir", text, 0);
  }

 private:
  static constexpr std::uint32_t kMostLayers = 64;
  static int refuse(int error) {
    errno = error;
    return -1;
  }
  Descriptor layers_[kMostLayers];
  Descriptor home_;  // where we were
};

// One layer a call where the kernel knows "lowerdir+" (6.8), else all of them in one string.
int setLowerDirectories(int fs, const Argument& lower, NumberedLayers& numbered, const Slots& slots) {
  if (isOverlayOld()) return numbered.set(fs, lower, slots);
  for (std::uint32_t i = 0; i < lower.length; i++) {
    const LayerName name(lower.texts[i], slots);
    const LayerPath layer(name.path());
    if (sys::fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", layer.text(), 0) == 0) continue;
    return i == 0 && errno == EINVAL ? numbered.set(fs, lower, slots) : -1;
  }
  return 0;
}

int setDirectory(int fs, const char* key, const LayerPath& path) {
  return path.text()[0] == 0 ? 0 : sys::fsconfig(fs, FSCONFIG_SET_STRING, key, path.text(), 0);
}

// Which directory of which mount a descriptor is open on (statx(2), STATX_MNT_ID).
struct Place {
  bool known;
  std::uint64_t mount;
  std::uint64_t inode;
};

Place placeOf(int fd) {
  struct statx status{};
  const bool known = statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID | STATX_INO, &status) == 0 && (status.stx_mask & STATX_MNT_ID) != 0;
  return {known, status.stx_mnt_id, status.stx_ino};
}

// What the path shows now must be the very mount that was just attached there.
Outcome verify(int mount, int root, const char* path) {
  const Descriptor seen(walk::openBelow(root, path, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS));
  if (!seen) return Outcome::failed(errno);
  const Place wanted = placeOf(mount), found = placeOf(seen.get());
  return wanted.known && found.known && found.mount == wanted.mount ? Outcome::done() : Outcome::failed(ESTALE);
}

// Links of an image may lead to its root, and nobody would see what is mounted over that.
bool isRoot(int target, int root) {
  const Place there = placeOf(target), top = placeOf(root);
  return there.known && top.known && there.mount == top.mount && there.inode == top.inode;
}

bool isDirectory(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

// How a step says what its target has to be; native/plan/operations.ts has the same numbers.
enum TargetKind : std::uint64_t { kDirectory = 0, kFile = 1, kLikeSource = 2 };

// A superblock's own settings can only be changed where it is mounted (fspick(2)).
int reconfigure(int target, const Argument& options, TracePage* page) {
  const Descriptor fs(sys::fspick(target, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH));
  if (!fs) return -1;
  if (setOptions(fs.get(), options) == 0 && sys::fsconfig(fs.get(), FSCONFIG_CMD_RECONFIGURE, nullptr, nullptr, 0) == 0)
    return 0;
  const int error = errno;
  keepKernelWords(fs.get(), page);
  errno = error;
  return -1;
}

int change(int target, unsigned flags, std::uint64_t set, std::uint64_t clear, std::uint64_t propagation) {
  if (set == 0 && clear == 0 && propagation == 0) return 0;
  mount_attr attributes{};
  attributes.attr_set = set;
  attributes.attr_clr = clear;
  attributes.propagation = propagation;
  return sys::mount_setattr(target, "", AT_EMPTY_PATH | flags, &attributes);
}

}  // namespace

int attach(int mount, int target) {
  return sys::move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

Outcome newOverlay(const Step& step, Execution& execution) {
  using namespace argument::newOverlay;
  const Descriptor fs(sys::fsopen("overlay", FSOPEN_CLOEXEC));
  if (!fs) return Outcome::failed(errno);
  NumberedLayers numbered;
  const Slots& slots = *execution.slots;
  const LayerName upperName(step.text(k_upper), slots), workName(step.text(k_work), slots);
  const LayerPath upper(upperName.path()), work(workName.path());
  if (setLowerDirectories(fs.get(), step.list(k_lower), numbered, slots) < 0 || setDirectory(fs.get(), "upperdir", upper) < 0 ||
      setDirectory(fs.get(), "workdir", work) < 0 || setOptions(fs.get(), step.list(k_options)) < 0) {
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
  const int mount = (*execution.slots)[step.slot(k_slot)];
  const int root = (*execution.slots)[step.slot(k_root)];
  const std::uint64_t kind = step.number(k_isFile);
  const bool isFile = kind == kFile || (kind == kLikeSource && !isDirectory(mount));
  const bool noSymlinks = step.number(k_noSymlinks) != 0;
  const Descriptor target(walk::openOrMake(root, step.text(k_path), isFile, noSymlinks ? RESOLVE_NO_SYMLINKS : 0));
  if (target && isFile && isDirectory(target.get())) return Outcome::failed(EISDIR);
  if (target && !isFile && !noSymlinks && isRoot(target.get(), root)) return Outcome::failed(EBUSY);
  if (!target || attach(mount, target.get()) < 0) return Outcome::failed(errno);
  return noSymlinks ? verify(mount, root, step.text(k_path)) : Outcome::done();
}

// MS_REMOUNT, but only what is named is changed.
Outcome remountIn(const Step& step, Execution& execution) {
  using namespace argument::remountIn;
  const Descriptor target(walk::openBelow((*execution.slots)[step.slot(k_root)], step.text(k_path), O_PATH));
  if (!target || (step.list(k_options).length > 0 && reconfigure(target.get(), step.list(k_options), execution.page) < 0) ||
      change(target.get(), AT_RECURSIVE, step.number(k_recursiveSet), step.number(k_recursiveClear), 0) < 0 ||
      change(target.get(), 0, step.number(k_set), step.number(k_clear), step.number(k_propagation)) < 0)
    return Outcome::failed(errno);
  return Outcome::done();
}

Outcome setMountAttributes(const Step& step, Execution& execution) {
  using namespace argument::setMountAttributes;
  if (change((*execution.slots)[step.slot(k_slot)], 0, step.number(k_attributes), 0, 0) < 0) return Outcome::failed(errno);
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

// Where the root cannot be pivoted, as on an initramfs: it has been attached over "/" and becomes it, for this process
// and its children. Nothing lies above it, so ".." leads nowhere else (the way of switch_root(8)).
Outcome changeRoot(const Step& step, Execution& execution) {
  using namespace argument::changeRoot;
  if (fchdir((*execution.slots)[step.slot(k_root)]) < 0 || chroot(".") < 0 || chdir("/") < 0) return Outcome::failed(errno);
  return Outcome::done();
}

}  // namespace ringside::mounts
