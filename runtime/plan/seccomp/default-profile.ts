/**
 * The default seccomp profile: the same verdicts as Docker's (moby/profiles, seccomp/default_linux.go, as of Linux
 * 7.2), arranged by what calls are for and why they are allowed. All that is not named here fails with EPERM: keyrings
 * (not namespaced), io_uring and userfaultfd (steady sources of kernel bugs), kexec, swap, the mount calls, and so on.
 *
 * Names are of all architectures together; each takes those that it has.
 */
import { constants } from "node:os";
import type { SeccompArgument, SeccompProfile, SeccompRule } from "../../oci/seccomp.ts";
import { type Capability, parseCapability } from "../capabilities.ts";

/** Calls that are let through together, and why. */
interface AllowedGroup {
  readonly why: string;
  readonly names: string;
}

const ALWAYS: readonly AllowedGroup[] = [
  {
    why: "Files: open, read, write, move and remove what permissions allow.",
    names: `
      access chdir chmod close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64
      fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fcntl fcntl64 fdatasync flock fsync ftruncate
      ftruncate64 getcwd getdents getdents64 ioctl link linkat _llseek lseek mkdir mkdirat mknod mknodat open openat
      openat2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv rename
      renameat renameat2 rmdir sendfile sendfile64 splice symlink symlinkat sync sync_file_range syncfs tee truncate
      truncate64 umask unlink unlinkat vmsplice write writev`,
  },
  {
    why: "What a file, a file system or a mount is. Handles can be asked for, but not opened: that takes a capability.",
    names: `
      cachestat fstat fstat64 fstatat64 fstatfs fstatfs64 futimesat listmount lstat lstat64 name_to_handle_at
      newfstatat stat stat64 statfs statfs64 statmount statx utime utimensat utimensat_time64 utimes`,
  },
  {
    why: "Owners and extended attributes; the kernel asks for capabilities where they matter.",
    names: `
      chown chown32 fchown fchown32 fchownat fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lchown
      lchown32 lgetxattr listxattr listxattrat llistxattr lremovexattr lsetxattr removexattr removexattrat setxattr
      setxattrat`,
  },
  {
    why: "Waiting for many descriptors and for changes of files, and pipes between processes.",
    names: `
      epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd
      eventfd2 fanotify_mark inotify_add_watch inotify_init inotify_init1 inotify_rm_watch _newselect pipe pipe2 poll
      ppoll ppoll_time64 pselect6 pselect6_time64 select`,
  },
  {
    why: "Asynchronous I/O of the old kind; io_uring is left out.",
    names: `io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit`,
  },
  {
    why: "Memory: mapping, protection keys, locking within the limits, secret and sealed memory.",
    names: `
      brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mmap2
      mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect process_mrelease
      remap_file_pages`,
  },
  {
    why: "Processes and threads; new namespaces are caught at clone, clone3 and unshare.",
    names: `
      execve execveat exit exit_group fork getpgid getpgrp getpid getppid getsid gettid get_robust_list
      get_thread_area pidfd_open prctl restart_syscall rseq set_robust_list set_thread_area set_tid_address setpgid
      setsid vfork wait4 waitid waitpid`,
  },
  {
    why: "Locks and conditions between threads.",
    names: `futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake`,
  },
  {
    why: "Signals, to processes of the container's own pid namespace.",
    names: `
      kill pause pidfd_send_signal rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
      rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack signalfd signalfd4
      sigprocmask sigreturn tgkill tkill`,
  },
  {
    why: "Users, groups and capabilities: only what the process has, it can give up or switch to.",
    names: `
      capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32
      getresuid getresuid32 getuid getuid32 setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups
      setgroups32 setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32`,
  },
  {
    why: "Scheduling and resource limits of its own processes; raising them takes a capability.",
    names: `
      getcpu getpriority getrlimit getrusage ioprio_get ioprio_set prlimit64 sched_get_priority_max
      sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval
      sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield
      setpriority setrlimit times ugetrlimit`,
  },
  {
    why: "Time: reading clocks, sleeping, timers. The adjtime calls only read without CAP_SYS_TIME.",
    names: `
      adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64
      clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer time timer_create timer_delete
      timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime
      timerfd_gettime64 timerfd_settime timerfd_settime64`,
  },
  {
    why: "Sockets, once made; making them is looked at below. socketcall hides its arguments from filters.",
    names: `
      accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64
      recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socketcall socketpair`,
  },
  {
    why: "System V and POSIX communication, all in the container's own IPC namespace.",
    names: `
      ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64
      mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget`,
  },
  {
    why: "Giving up rights: a process may filter and confine itself further.",
    names: `landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp`,
  },
  {
    why: "About the machine, and random bytes.",
    names: `getrandom riscv_hwprobe sysinfo uname`,
  },
  {
    why: "The kernel's own return probe: it only works from the page that the kernel maps for it.",
    names: `uretprobe`,
  },
  {
    why: "Debuggers work on one's own processes; since Linux 4.8 they cannot step around the filter any more.",
    names: `process_vm_readv process_vm_writev ptrace`,
  },
];

/** Calls that one architecture has and needs. */
const OF_MACHINE: Readonly<Record<string, AllowedGroup>> = {
  x64: { why: "Thread-local storage of x86-64, and segments for old 16-bit programs.", names: `arch_prctl modify_ldt` },
  arm64: {
    why: "Older and 32-bit ARM's own calls: cache control and thread-local storage.",
    names: `arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2`,
  },
};

/** A capability brings its calls along: without them it would be of no use. */
const WITH_CAPABILITY: readonly { readonly capability: Capability; readonly names: string }[] = [
  { capability: "CAP_DAC_READ_SEARCH", names: `open_by_handle_at` },
  {
    capability: "CAP_SYS_ADMIN",
    names: `
      bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules
      lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname
      sethostname setns syslog umount umount2 unshare`,
  },
  { capability: "CAP_SYS_BOOT", names: `reboot` },
  { capability: "CAP_SYS_CHROOT", names: `chroot` },
  { capability: "CAP_SYS_MODULE", names: `delete_module finit_module init_module` },
  { capability: "CAP_SYS_PACCT", names: `acct` },
  {
    capability: "CAP_SYS_PTRACE",
    names: `kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace`,
  },
  { capability: "CAP_SYS_RAWIO", names: `ioperm iopl` },
  { capability: "CAP_SYS_TIME", names: `clock_settime clock_settime64 settimeofday stime` },
  { capability: "CAP_SYS_TTY_CONFIG", names: `vhangup` },
  { capability: "CAP_SYS_NICE", names: `get_mempolicy mbind set_mempolicy set_mempolicy_home_node` },
  { capability: "CAP_SYSLOG", names: `syslog` },
  { capability: "CAP_BPF", names: `bpf` },
  { capability: "CAP_PERFMON", names: `perf_event_open` },
];

/** Every CLONE_NEW* flag of clone(2) but time's, which clone cannot make: without CAP_SYS_ADMIN none may be set. */
const NAMESPACE_FLAGS = 0x7e02_0000;

/**
 * Socket families (address_families(7)) that may be made. Left out: those that the kernel has dropped (DECnet, Econet,
 * ATM SVC, IrDA, WANPIPE, ISDN, CAIF), AF_ALG (38, kernel cryptography: attack surface that nobody needs), and AF_VSOCK
 * (40: one name space for all, a container could talk to any VM of the host).
 */
const FAMILIES_BELOW = 12;
const FAMILIES = [13, 14, 15, 16, 17, 18, 21, 22, 24, 26, 27, 28, 29, 30, 31, 32, 33, 35, 36, 39, 41, 42, 43, 44, 45];

/** Execution domains (personality(2)): Linux, 32-bit Linux, both with old uname, and the question which it is. */
const PERSONALITIES = [0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];

const ARCHITECTURES: Readonly<Record<string, readonly string[]>> = {
  x64: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
  arm64: ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
};

/**
 * The default profile of a container with the given capabilities.
 *
 * @param capabilities names as capabilities(7) writes them: the bounding set
 * @param arch the machine it is for, a value of `process.arch`
 * @throws RingsideError for an unknown capability
 */
export function defaultSeccomp(capabilities: readonly string[], arch: string = process.arch): SeccompProfile {
  const key = `${arch} ${capabilities.join(" ")}`;
  const profile = known.get(key) ?? makeDefault(capabilities, arch);
  known.set(key, profile);
  return profile;
}

/** Each profile is made once and is the same object from then on, by which its filter is known too. */
const known = new Map<string, SeccompProfile>();

function makeDefault(capabilities: readonly string[], arch: string): SeccompProfile {
  const held = new Set(capabilities.map(parseCapability));
  const machine = OF_MACHINE[arch];
  const always = [...ALWAYS, ...(machine ? [machine] : [])].map(({ names }) => names);
  const gated = WITH_CAPABILITY.filter(({ capability }) => held.has(capability)).map(({ names }) => names);
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: constants.errno.EPERM,
    architectures: ARCHITECTURES[arch] ?? [],
    syscalls: [
      ...[...always, ...gated].map((names) => allow(words(names))),
      ...argumentRules("socket", [
        { index: 0, value: FAMILIES_BELOW, op: "SCMP_CMP_LT" },
        ...FAMILIES.map((value): SeccompArgument => ({ index: 0, value, op: "SCMP_CMP_EQ" })),
      ]),
      ...argumentRules(
        "personality",
        PERSONALITIES.map((value): SeccompArgument => ({ index: 0, value, op: "SCMP_CMP_EQ" })),
      ),
      ...(held.has("CAP_SYS_ADMIN") ? [] : NO_NEW_NAMESPACES),
    ],
  };
}

/**
 * clone takes its flags in a register, where a filter sees them. clone3 takes them in memory, where it does not: it is
 * said to be missing, and C libraries fall back to clone.
 */
const NO_NEW_NAMESPACES: readonly SeccompRule[] = [
  ...argumentRules("clone", [{ index: 0, value: NAMESPACE_FLAGS, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }]),
  { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: constants.errno.ENOSYS },
];

function allow(names: readonly string[]): SeccompRule {
  return { names, action: "SCMP_ACT_ALLOW" };
}

/** One rule for each alternative: a rule's own conditions must all hold. */
function argumentRules(name: string, alternatives: readonly SeccompArgument[]): SeccompRule[] {
  return alternatives.map((argument) => ({ ...allow([name]), args: [argument] }));
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
