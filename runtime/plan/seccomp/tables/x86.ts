/**
 * System calls of 32-bit x86, which a 64-bit kernel serves too (`int 0x80`).
 * Facts from the kernel's arch/x86/entry/syscalls/syscall_32.tbl.
 */
import { commonCalls } from "./common.ts";
import { numbered } from "./numbered.ts";
import { time64Calls } from "./time64.ts";

/** Calls and their numbers. */
export const x86Calls = (): ReadonlyMap<string, number> =>
  new Map([
    ...numbered(`
  0 restart_syscall exit fork read write open close waitpid creat link unlink execve chdir time mknod chmod
 16 lchown break oldstat lseek getpid mount umount setuid getuid stime ptrace alarm oldfstat pause utime stty
 32 gtty access nice ftime sync kill rename mkdir rmdir dup pipe times prof brk setgid getgid
 48 signal geteuid getegid acct umount2 lock ioctl fcntl mpx setpgid ulimit oldolduname umask chroot ustat dup2
 64 getppid getpgrp setsid sigaction sgetmask ssetmask setreuid setregid sigsuspend sigpending sethostname
 75 setrlimit getrlimit getrusage gettimeofday settimeofday getgroups setgroups select symlink oldlstat readlink
 86 uselib swapon reboot readdir mmap munmap truncate ftruncate fchmod fchown getpriority setpriority profil statfs
100 fstatfs ioperm socketcall syslog setitimer getitimer stat lstat fstat olduname iopl vhangup idle vm86old wait4
115 swapoff sysinfo ipc fsync sigreturn clone setdomainname uname modify_ldt adjtimex mprotect sigprocmask
127 create_module init_module delete_module get_kernel_syms quotactl getpgid fchdir bdflush sysfs personality
137 afs_syscall setfsuid setfsgid _llseek getdents _newselect flock msync readv writev getsid fdatasync _sysctl
150 mlock munlock mlockall munlockall sched_setparam sched_getparam sched_setscheduler sched_getscheduler
158 sched_yield sched_get_priority_max sched_get_priority_min sched_rr_get_interval nanosleep mremap setresuid
165 getresuid vm86 query_module poll nfsservctl setresgid getresgid prctl rt_sigreturn rt_sigaction rt_sigprocmask
176 rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_sigsuspend pread64 pwrite64 chown getcwd capget capset
186 sigaltstack sendfile getpmsg putpmsg vfork ugetrlimit mmap2 truncate64 ftruncate64 stat64 lstat64 fstat64
198 lchown32 getuid32 getgid32 geteuid32 getegid32 setreuid32 setregid32 getgroups32 setgroups32 fchown32
208 setresuid32 getresuid32 setresgid32 getresgid32 chown32 setuid32 setgid32 setfsuid32 setfsgid32 pivot_root
218 mincore madvise getdents64 fcntl64
224 gettid readahead setxattr lsetxattr fsetxattr getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr
235 removexattr lremovexattr fremovexattr tkill sendfile64 futex sched_setaffinity sched_getaffinity
243 set_thread_area get_thread_area io_setup io_destroy io_getevents io_submit io_cancel fadvise64
252 exit_group lookup_dcookie epoll_create epoll_ctl epoll_wait remap_file_pages set_tid_address timer_create
260 timer_settime timer_gettime timer_getoverrun timer_delete clock_settime clock_gettime clock_getres
267 clock_nanosleep statfs64 fstatfs64 tgkill utimes fadvise64_64 vserver mbind get_mempolicy set_mempolicy
277 mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr kexec_load waitid
286 add_key request_key keyctl ioprio_set ioprio_get inotify_init inotify_add_watch inotify_rm_watch migrate_pages
295 openat mkdirat mknodat fchownat futimesat fstatat64 unlinkat renameat linkat symlinkat readlinkat fchmodat
307 faccessat pselect6 ppoll unshare set_robust_list get_robust_list splice sync_file_range tee vmsplice
317 move_pages getcpu epoll_pwait utimensat signalfd timerfd_create eventfd fallocate timerfd_settime
326 timerfd_gettime signalfd4 eventfd2 epoll_create1 dup3 pipe2 inotify_init1 preadv pwritev rt_tgsigqueueinfo
336 perf_event_open recvmmsg fanotify_init fanotify_mark prlimit64 name_to_handle_at open_by_handle_at
343 clock_adjtime syncfs sendmmsg setns process_vm_readv process_vm_writev kcmp finit_module sched_setattr
352 sched_getattr renameat2 seccomp getrandom memfd_create bpf execveat socket socketpair bind connect listen
364 accept4 getsockopt setsockopt getsockname getpeername sendto sendmsg recvfrom recvmsg shutdown userfaultfd
375 membarrier mlock2 copy_file_range preadv2 pwritev2 pkey_mprotect pkey_alloc pkey_free statx arch_prctl
385 io_pgetevents rseq
393 semget semctl shmget shmctl shmat shmdt msgget msgsnd msgrcv msgctl
`),
    ...time64Calls(),
    ...commonCalls(),
  ]);

/** socketcall(2) and ipc(2): one number for many calls, which one the first argument says (linux/net.h, linux/ipc.h). */
const SOCKETCALL = 102;
const IPC = 117;

/** A call within another: the other's number, and what its first argument then is. */
export interface Multiplexed {
  readonly number: number;
  readonly first: number;
}

const within = (number: number, table: string) =>
  [...numbered(table)].map(([name, first]): [string, Multiplexed] => [name, { number, first }]);

/** Calls that 32-bit programs make through another one, as C libraries did before Linux 4.3 gave most a number. */
export const x86Multiplexed = (): ReadonlyMap<string, Multiplexed> =>
  new Map([
    ...within(
      SOCKETCALL,
      `
 1 socket bind connect listen accept getsockname getpeername socketpair send recv sendto recvfrom shutdown
14 setsockopt getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg
`,
    ),
    ...within(
      IPC,
      `
 1 semop semget semctl semtimedop
11 msgsnd msgrcv msgget msgctl
21 shmat shmdt shmget shmctl
`,
    ),
  ]);
