// What the two sides of the measured container share: where it is made, and how a file system is (fsopen(2)).
#pragma once
#include <limits.h>
#include <linux/filter.h>

#include "../../launcher/syscalls.h"
#include "samples.h"

namespace calibrate {

namespace sys = ringside::sys;

constexpr unsigned kHidden = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

struct Path {
  char text[PATH_MAX];
  Path(const char* directory, const char* name) {
    if (snprintf(text, sizeof text, "%s/%s", directory, name) >= static_cast<int>(sizeof text)) fail("join a path");
  }
};

struct Workplace {
  const char* name;
  const char* lower;
  const char* layers;
  sock_fprog filter;
  bool unified;
  const char* groups;
};

struct Opened {
  int devicesTasks = -1;
  int memoryTasks = -1;
  int overlay = -1;
  int files = -1;
  int group = -1;
  int executing = -1;  // closes when the program runs
};

inline int openBelow(int root, const char* path, std::uint64_t flags) {
  return sys::openat2(root, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

struct Option {
  const char* key;
  const char* value;  // null: a flag
};

template <std::size_t Count>
int newFilesystem(const char* type, const Option (&options)[Count], unsigned attributes) {
  const int fs = sys::fsopen(type, FSOPEN_CLOEXEC);
  if (fs < 0) return -1;
  for (const Option& option : options) {
    if (option.key == nullptr) continue;
    const unsigned command = option.value == nullptr ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
    if (sys::fsconfig(fs, command, option.key, option.value, 0) < 0) return -1;
  }
  if (sys::fsconfig(fs, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) return -1;
  const int mount = sys::fsmount(fs, FSMOUNT_CLOEXEC, attributes);
  close(fs);
  return mount;
}

constexpr Option kNone[] = {{nullptr, nullptr}};

inline int newTmpfs() {
  constexpr Option options[] = {{"source", "tmpfs"}, {"mode", "755"}, {"size", "65536k"}};
  return newFilesystem("tmpfs", options, MOUNT_ATTR_NOSUID);
}

// When the process asked to become its program, in memory that both sides see.
struct Moment {
  std::uint64_t execNs;
};

// The part of the process that becomes the container and, at its end, its program: the probe.
[[noreturn]] void becomeContainer(Page& page, const Workplace& at, const Opened& opened, Moment& moment);

}  // namespace calibrate
