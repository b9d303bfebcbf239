/** System calls on files, directories, pipes and descriptors. */
import { call, none, type SystemCallRow, svc, unix } from "./row.ts";

const DESCRIPTOR_POLL = none("BPX1POL does it by poll; there is no epoll");

export const FILE_CALLS: readonly SystemCallRow[] = [
  call(0, "read", "fd, buf, count", "vfs_read, filemap_read, copy to user", unix("BPX1RED"), {
    service: "read",
    cost: "linux.call.read",
    guest: "disk",
    gvisor: "files",
  }),
  call(1, "write", "fd, buf, count", "vfs_write, generic_perform_write, page made dirty", unix("BPX1WRT"), {
    service: "write",
    cost: "linux.call.write",
    guest: "disk",
    gvisor: "files",
  }),
  call(3, "close", "fd", "file_close_fd, fput, release", unix("BPX1CLO"), {
    service: "close",
    cost: "linux.call.close",
    gvisor: "files",
  }),
  call(4, "stat", "pathname, statbuf", "user_path_at, vfs_getattr", unix("BPX1STA"), {
    cost: "linux.call.stat",
    guest: "disk",
    gvisor: "files",
  }),
  call(7, "poll", "fds, nfds, timeout", "do_sys_poll, each file's poll, schedule", unix("BPX1POL"), {
    service: "poll",
    cost: "linux.call.poll",
    guest: "sleep",
  }),
  call(8, "lseek", "fd, offset, whence", "vfs_llseek", unix("BPX1LSK"), { service: "lseek", cost: "linux.call.lseek" }),
  call(16, "ioctl", "fd, op, argp", "vfs_ioctl, the driver's own", unix("BPX1IOC"), {
    service: "ioctl",
    cost: "linux.call.ioctl",
  }),
  call(17, "pread64", "fd, buf, count, offset", "vfs_read, filemap_read, copy to user", unix("BPX1RW"), {
    service: "pread",
    cost: "linux.call.read",
    guest: "disk",
    gvisor: "files",
  }),
  call(18, "pwrite64", "fd, buf, count, offset", "vfs_write, page made dirty", unix("BPX1RW"), {
    cost: "linux.call.write",
    guest: "disk",
    gvisor: "files",
  }),
  call(19, "readv", "fd, iov, iovcnt", "import_iovec, vfs_readv", unix("BPX1RDV"), {
    cost: "linux.call.read",
    guest: "disk",
    gvisor: "files",
  }),
  call(20, "writev", "fd, iov, iovcnt", "import_iovec, vfs_writev", unix("BPX1WRV"), {
    cost: "linux.call.write",
    guest: "disk",
    gvisor: "files",
  }),
  call(21, "access", "pathname, mode", "do_faccessat, user_path_at, inode_permission", unix("BPX1ACC"), {
    service: "access",
    cost: "linux.call.access",
    guest: "disk",
    gvisor: "files",
  }),
  call(32, "dup", "oldfd", "get_unused_fd, fd_install", unix("BPX1FCT"), {
    service: "dup",
    cost: "linux.call.dup",
  }),
  call(33, "dup2", "oldfd, newfd", "do_dup2", unix("BPX1FCT"), { cost: "linux.call.dup" }),
  call(40, "sendfile", "out_fd, in_fd, offset, count", "do_splice_direct", unix("BPX1SF"), {
    service: "sendfile",
    guest: "disk",
    gvisor: "files",
  }),
  call(72, "fcntl", "fd, op, arg", "do_fcntl", unix("BPX1FCT"), { service: "fcntl", cost: "linux.call.fcntl" }),
  call(74, "fsync", "fd", "vfs_fsync, write dirty pages, flush the disk's cache", unix("BPX1FSY"), {
    service: "fsync",
    cost: "device.disk.write",
    guest: "disk",
    gvisor: "files",
  }),
  call(77, "ftruncate", "fd, length", "do_truncate, truncate_pagecache", unix("BPX1FTR"), {
    cost: "linux.call.ftruncate",
    gvisor: "files",
  }),
  call(79, "getcwd", "buf, size", "d_path", unix("BPX1GCW"), { service: "getcwd", cost: "linux.call.getcwd" }),
  call(80, "chdir", "path", "user_path_at, set_fs_pwd", unix("BPX1CHD"), {
    service: "chdir",
    cost: "linux.call.chdir",
    gvisor: "files",
  }),
  call(82, "rename", "oldpath, newpath", "do_renameat2, vfs_rename", unix("BPX1REN"), {
    service: "rename",
    cost: "linux.call.rename",
    gvisor: "files",
  }),
  call(83, "mkdir", "pathname, mode", "do_mkdirat, vfs_mkdir", unix("BPX1MKD"), {
    service: "mkdir",
    gvisor: "files",
    cost: "linux.call.rename",
  }),
  call(84, "rmdir", "pathname", "do_rmdir, vfs_rmdir", unix("BPX1RMD"), { gvisor: "files", cost: "linux.call.unlink" }),
  call(86, "link", "oldpath, newpath", "do_linkat, vfs_link", unix("BPX1LNK"), {
    gvisor: "files",
    cost: "linux.call.link",
  }),
  call(87, "unlink", "pathname", "do_unlinkat, vfs_unlink", unix("BPX1UNL"), {
    service: "unlink",
    cost: "linux.call.unlink",
    gvisor: "files",
  }),
  call(89, "readlink", "pathname, buf, bufsiz", "do_readlinkat, vfs_readlink", unix("BPX1RDL"), {
    service: "readlink",
    cost: "linux.call.readlink",
    guest: "disk",
    gvisor: "files",
  }),
  call(90, "chmod", "pathname, mode", "do_fchmodat, notify_change", unix("BPX1CHM"), {
    cost: "linux.call.chmod",
    gvisor: "files",
  }),
  call(92, "chown", "pathname, owner, group", "do_fchownat, notify_change", unix("BPX1CHO"), {
    cost: "linux.call.chown",
    gvisor: "files",
  }),
  call(95, "umask", "mask", "xchg of the process's mask", unix("BPX1UMK")),
  call(133, "mknod", "pathname, mode, dev", "do_mknodat, vfs_mknod", unix("BPX1MKN"), {
    gvisor: "files",
    cost: "linux.call.link",
  }),
  call(137, "statfs", "path, buf", "user_path_at, vfs_statfs", unix("BPX1STV"), {
    cost: "linux.call.statfs",
    gvisor: "files",
  }),
  call(162, "sync", "", "sync_filesystems, write every dirty page", unix("BPX1SYN"), {
    guest: "disk",
    gvisor: "files",
    cost: "device.disk.write",
  }),
  call(217, "getdents64", "fd, dirp, count", "iterate_dir, filldir64", unix("BPX1RDD"), {
    service: "getdents",
    cost: "linux.call.getdents64",
    guest: "disk",
    gvisor: "files",
  }),
  call(
    221,
    "fadvise64",
    "fd, offset, len, advice",
    "vfs_fadvise",
    none("access methods read ahead by the DCB's buffers"),
    {
      service: "fadvise",
      cost: "linux.call.fadvise64",
      gvisor: "ignored",
    },
  ),
  call(232, "epoll_wait", "epfd, events, maxevents, timeout", "ep_poll, schedule", DESCRIPTOR_POLL, {
    cost: "linux.call.poll",
    guest: "sleep",
  }),
  call(233, "epoll_ctl", "epfd, op, fd, event", "do_epoll_ctl, ep_insert", DESCRIPTOR_POLL, {
    cost: "linux.call.epoll_ctl",
  }),
  call(257, "openat", "dirfd, pathname, flags", "do_sys_openat2, path_openat, do_dentry_open", unix("BPX1OPN"), {
    service: "open",
    cost: "linux.call.openat",
    guest: "disk",
    gvisor: "files",
  }),
  call(262, "newfstatat", "dirfd, pathname, statbuf, flags", "vfs_fstatat, vfs_getattr", unix("BPX1FST"), {
    service: "stat",
    cost: "linux.call.fstat",
    gvisor: "files",
  }),
  call(275, "splice", "fd_in, off_in, fd_out, off_out, len, flags", "do_splice", none("data go through the program")),
  call(
    285,
    "fallocate",
    "fd, mode, offset, size",
    "vfs_fallocate",
    none("space is given when a data set is allocated"),
    {
      gvisor: "partly",
    },
  ),
  call(290, "eventfd2", "initval, flags", "eventfd_file_create", svc(2, "POST"), { cost: "linux.call.eventfd2" }),
  call(291, "epoll_create1", "flags", "do_epoll_create", DESCRIPTOR_POLL, { cost: "linux.call.epoll_create1" }),
  call(293, "pipe2", "pipefd, flags", "create_pipe_files", unix("BPX1PIP"), {
    service: "pipe",
    cost: "linux.call.pipe2",
  }),
  call(319, "memfd_create", "name, flags", "shmem_file_setup", none("a data space, or shared memory by key"), {
    cost: "linux.call.memfd_create",
  }),
  call(
    326,
    "copy_file_range",
    "fd_in, off_in, fd_out, off_out, len",
    "vfs_copy_file_range",
    none("data go through the program"),
    {
      service: "copy_file_range",
      cost: "linux.call.copy_file_range",
      guest: "disk",
      gvisor: "refused",
    },
  ),
  call(332, "statx", "dirfd, pathname, flags, mask, statxbuf", "vfs_statx, vfs_getattr", unix("BPX1STA"), {
    cost: "linux.call.stat",
    guest: "disk",
    gvisor: "files",
  }),
];
