/**
 * What a program can ask its kernel for, by the classic UNIX names (POSIX.1-2017, System Interfaces; the Linux ones that
 * POSIX does not know by their names in syscalls(2)). A name says what is wanted; each world says what it becomes there:
 * Linux a row of its system-call table, z/OS an SVC, a PC service or nothing at all.
 */

/** Files, directories, pipes and terminals. */
export const FILE_SERVICES = [
  "open",
  "close",
  "read",
  "write",
  "pread",
  "lseek",
  "stat",
  "access",
  "getdents",
  "dup",
  "unlink",
  "rename",
  "mkdir",
  "fsync",
  "copy_file_range",
  "sendfile",
  "readlink",
  "getcwd",
  "chdir",
  "fadvise",
  "ioctl",
  "fcntl",
  "poll",
  "pipe",
] as const;

/** The address space: what is mapped, where, with which rights. */
export const MEMORY_SERVICES = ["mmap", "munmap", "mprotect", "madvise", "brk"] as const;

/** Processes, threads, signals, time. */
export const PROCESS_SERVICES = [
  "fork",
  "execve",
  "exit",
  "wait",
  "getpid",
  "getppid",
  "getuid",
  "kill",
  "sigaction",
  "sigprocmask",
  "sigreturn",
  "alarm",
  "futex",
  "sched_yield",
  "clock_gettime",
  "nanosleep",
  "uname",
] as const;

export const NETWORK_SERVICES = [
  "socket",
  "bind",
  "listen",
  "accept",
  "connect",
  "send",
  "receive",
  "shutdown",
  "getpeername",
] as const;

/** What a C library asks for before main begins, beside opening its libraries. */
export const RUNTIME_SERVICES = [
  "arch_prctl",
  "prctl",
  "set_tid_address",
  "set_robust_list",
  "rseq",
  "prlimit",
  "getrandom",
] as const;

/** What containers are made with. */
export const ISOLATION_SERVICES = [
  "mount",
  "unshare",
  "setns",
  "pivot_root",
  "chroot",
  "sethostname",
  "reboot",
] as const;

export const SERVICES = [
  ...FILE_SERVICES,
  ...MEMORY_SERVICES,
  ...PROCESS_SERVICES,
  ...NETWORK_SERVICES,
  ...RUNTIME_SERVICES,
  ...ISOLATION_SERVICES,
] as const;

export type Service = (typeof SERVICES)[number];
