// The system calls that glibc of the supported distributions does not wrap, each by its manual page's name.
#pragma once
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace ringside::sys {

inline int openat2(int directory, const char* path, std::uint64_t flags, std::uint64_t resolve) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = resolve;
  return static_cast<int>(syscall(SYS_openat2, directory, path, &how, sizeof how));
}
inline int open_tree(int directory, const char* path, unsigned flags) {
  return static_cast<int>(syscall(SYS_open_tree, directory, path, flags));
}
inline int move_mount(int from, const char* fromPath, int to, const char* toPath, unsigned flags) {
  return static_cast<int>(syscall(SYS_move_mount, from, fromPath, to, toPath, flags));
}
inline int fsopen(const char* type, unsigned flags) { return static_cast<int>(syscall(SYS_fsopen, type, flags)); }
inline int fspick(int directory, const char* path, unsigned flags) {
  return static_cast<int>(syscall(SYS_fspick, directory, path, flags));
}
inline int fsconfig(int fs, unsigned command, const char* key, const void* value, int aux) {
  return static_cast<int>(syscall(SYS_fsconfig, fs, command, key, value, aux));
}
inline int fsmount(int fs, unsigned flags, unsigned attributes) {
  return static_cast<int>(syscall(SYS_fsmount, fs, flags, attributes));
}
inline int mount_setattr(int directory, const char* path, unsigned flags, mount_attr* attributes) {
  return static_cast<int>(syscall(SYS_mount_setattr, directory, path, flags, attributes, sizeof *attributes));
}
inline int pivot_root(const char* newRoot, const char* putOld) {
  return static_cast<int>(syscall(SYS_pivot_root, newRoot, putOld));
}
inline pid_t clone3(const clone_args& args) {
  return static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof args));
}
inline int pidfd_open(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }
inline int pidfd_send_signal(int pidfd, int signal) {
  return static_cast<int>(syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0));
}
inline int close_range(unsigned first, unsigned last, unsigned flags) {
  return static_cast<int>(syscall(SYS_close_range, first, last, flags));
}

}  // namespace ringside::sys
