/**
 * What system calls take beyond entering and leaving the kernel, measured by us on the reference machine: nobody has
 * published such a list for one machine. Calls that take no longer than getpid(2) are not in it.
 */
import type { Cost } from "./cost.ts";

const SOURCE =
  "a C program, each call between two readings of the clock, in the page cache and without contention; median less getpid(2)";

/** Name, nanoseconds, and what was asked for. */
const MEASURED: readonly (readonly [name: string, ns: number, what: string])[] = [
  ["openat", 901, "open an existing file for reading"],
  ["openat.missing", 852, "open a file that is not there"],
  ["close", 312, "close it"],
  ["read", 214, "pread of one byte"],
  ["write", 421, "pwrite of one byte"],
  ["read.eof", 109, "read at the end of a file"],
  ["lseek", 3, "lseek to the beginning"],
  ["fstat", 186, "fstat of an open file"],
  ["stat", 560, "stat by a relative name"],
  ["access", 275, "access of a file that is not there"],
  ["getdents64", 3_611, "a directory of 14 entries"],
  ["dup", 37, "dup"],
  ["unlink", 5_560, "unlink a new file"],
  ["rename", 6_623, "rename within a directory"],
  ["link", 3_331, "link within a directory"],
  ["readlink", 510, "readlink by a relative name"],
  ["chmod", 1_324, "chmod to the mode that it has"],
  ["chown", 1_608, "chown to the owner that it has"],
  ["ftruncate", 2_514, "ftruncate to the size that it has"],
  ["chdir", 471, "chdir to the same directory"],
  ["getcwd", 211, "getcwd, three levels deep"],
  ["statfs", 693, "statfs"],
  ["copy_file_range", 1_180, "4096 bytes between two files"],
  ["fadvise64", 40, "POSIX_FADV_SEQUENTIAL"],
  ["ioctl", 50, "TCGETS on a file: ENOTTY"],
  ["fcntl", 48, "F_GETFD"],
  ["poll", 45, "one file, no time-out"],
  ["pipe2", 1_653, "pipe"],
  ["mmap", 1_126, "8 anonymous pages"],
  ["munmap", 3_048, "8 pages, one of them used"],
  ["mprotect", 1_801, "a used page to read-only"],
  ["mremap", 4_200, "8 unused pages to 16"],
  ["madvise", 1_034, "MADV_DONTNEED of 8 pages, one of them used"],
  ["msync", 43, "MS_ASYNC of a clean page"],
  ["memfd_create", 2_006, "memfd_create"],
  ["wait4", 108, "WNOHANG without children"],
  ["kill", 377, "signal 0 to itself"],
  ["rt_sigaction", 48, "SIG_DFL for SIGUSR1"],
  ["futex", 50, "FUTEX_WAKE with nobody waiting"],
  ["sched_yield", 313, "alone on the processor"],
  ["clock_gettime", 59, "the system call itself, not the vDSO's answer"],
  ["uname", 42, "uname"],
  ["getrusage", 390, "RUSAGE_SELF"],
  ["prlimit64", 182, "reading RLIMIT_STACK"],
  ["getrandom", 149, "8 bytes"],
  ["prctl", 67, "PR_GET_DUMPABLE"],
  ["setpgid", 98, "itself to its own group"],
  ["setuid", 1_012, "root to root"],
  ["socket", 2_244, "an IPv4 stream socket"],
  ["bind", 136, "127.0.0.1, any port"],
  ["listen", 555, "listen"],
  ["sendto", 561, "100 bytes into a UNIX stream socket"],
  ["recvfrom", 670, "100 bytes that are there"],
  ["setsockopt", 141, "TCP_NODELAY"],
  ["socketpair", 4_029, "a pair of UNIX stream sockets"],
  ["epoll_create1", 799, "epoll_create1"],
  ["epoll_ctl", 544, "EPOLL_CTL_ADD"],
  ["eventfd2", 927, "eventfd"],
  ["pidfd_open", 1_903, "of itself"],
];

const REFERENCE = {
  unit: "ns",
  status: "derived",
  date: "2026-11-23",
  machine: "reference machine: x86-64, 2 cores, 24 GiB, Linux 6.18",
} as const;

export const LINUX_CALL_COSTS: readonly Cost[] = [
  ...MEASURED.map(
    ([name, value, what]): Cost => ({ id: `linux.call.${name}`, value, source: `${SOURCE}: ${what}`, ...REFERENCE }),
  ),
  {
    id: "linux.copy.page",
    value: 51,
    source: `${SOURCE}: (pread of 65536 bytes, 973 ns, less pread of 1, 214 ns) / 15 further pages`,
    ...REFERENCE,
  },
  {
    id: "linux.copy.page.write",
    value: 57,
    source: `${SOURCE}: (pwrite of 65536 bytes, 1274 ns, less pwrite of 1, 421 ns) / 15 further pages`,
    ...REFERENCE,
  },
];
